"""Expectation maximisation finds the shares a mixture was made with, and stays sane where there is nothing to see."""

from __future__ import annotations

import itertools

import pytest

from matching.expectation import Pattern, maximise, shares, smoothed

NAMES = ["name", "mobile", "sex"]
TRUE_M = {"name": [0.1, 0.9], "mobile": [0.3, 0.7], "sex": [0.02, 0.98]}
CHANCE = {"name": [0.999, 0.001], "mobile": [0.9999, 0.0001], "sex": [0.5, 0.5]}
STATED = {name: [0.2, 0.8] for name in NAMES}


def mixture(matches: int, others: int) -> list[Pattern]:
    """Patterns as often as two independent groups of pairs would show them."""
    patterns = []
    for levels in itertools.product((0, 1), repeat=3):
        expected = 0.0
        for size, shares_ in ((matches, TRUE_M), (others, CHANCE)):
            probability = 1.0
            for name, level in zip(NAMES, levels, strict=True):
                probability *= shares_[name][level]
            expected += size * probability
        patterns.append(Pattern(levels, round(expected)))
    return patterns


def test_finds_what_the_mixture_was_made_with():
    estimate = maximise(mixture(100_000, 300_000), NAMES, STATED, CHANCE, imagined=100)
    assert estimate.share == pytest.approx(0.25, abs=0.01)
    for name in NAMES:
        total = sum(estimate.matched[name])
        assert estimate.matched[name][1] / total == pytest.approx(TRUE_M[name][1], abs=0.01)


def test_without_pairs_the_stated_shares_stand():
    estimate = maximise([], NAMES, STATED, CHANCE, imagined=100)
    assert all(smoothed(estimate.matched[name], STATED[name], 100) == STATED[name] for name in NAMES)


def test_all_pairs_alike_is_no_trouble():
    estimate = maximise([Pattern((1, 1, 1), 10**7)], NAMES, STATED, CHANCE, imagined=100)
    assert 0.99 < estimate.share < 1
    assert 0.99 < smoothed(estimate.matched["name"], STATED["name"], 100)[1] < 1


def test_what_is_missing_counts_for_nothing():
    with_missing = [Pattern((1, -1, 1), 50), Pattern((-1, -1, -1), 1000)]
    estimate = maximise(with_missing, NAMES, STATED, CHANCE, imagined=100)
    assert estimate.matched["mobile"] == [0.0, 0.0]
    assert sum(estimate.matched["name"]) <= 50


def test_plain_counts():
    patterns = [Pattern((1, 0, -1), 3), Pattern((0, 0, 1), 2)]
    assert shares(patterns, NAMES, dict.fromkeys(NAMES, 2)) == {"name": [2, 3], "mobile": [5, 0], "sex": [0, 2]}
