"""Intervals: literals from the literature, and a count of how often they hold."""

import random

import pytest

from matching.interval import Estimate, Stratum, ratio, stratified, wilson
from matching.sample import share_out


@pytest.mark.parametrize(
    ("right", "judged", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_intervals(right, judged, low, high):
    found = wilson(right, judged, 1.959964)
    assert found == pytest.approx((low, high), abs=1e-4)


def test_nothing_judged_says_nothing():
    assert wilson(0, 0, 1.96) == (0.0, 1.0)
    found = stratified([Stratum(90, 20, 20), Stratum(10, 0, 0)])
    assert found.point is None and found.high == 1.0 and found.low < 0.9


def test_one_stratum_is_plain_wilson():
    found = stratified([Stratum(10**9, 148, 15)])
    assert (found.low, found.high) == pytest.approx((0.0624, 0.1605), abs=1e-4)


def test_what_was_judged_completely_is_known():
    found = stratified([Stratum(10, 10, 9), Stratum(30, 30, 30)])
    assert (found.point, found.low, found.high) == (0.975, 0.975, 0.975)


def test_a_sample_without_an_error_is_not_taken_for_certainty():
    found = stratified([Stratum(50_000, 100, 100), Stratum(5_000, 50, 50)])
    assert found.point == 1.0 and 0.93 < found.low < 0.99


@pytest.mark.parametrize("truth", [(0.99, 0.9, 0.6), (0.9, 0.5, 0.3), (0.999, 0.98, 0.9)])
def test_the_interval_holds_as_often_as_it_promises(truth):
    rng, sizes, drawn, tries = random.Random(7), (20_000, 4_000, 500), (60, 40, 30), 1500
    share = sum(n * p for n, p in zip(sizes, truth, strict=True)) / sum(sizes)
    held = 0
    for _ in range(tries):
        strata = [
            Stratum(size, judged, sum(rng.random() < p for _ in range(judged)))
            for size, judged, p in zip(sizes, drawn, truth, strict=True)
        ]
        found = stratified(strata)
        held += found.low <= share <= found.high
    assert held / tries >= 0.935


def test_recall_takes_the_worst_corner():
    joined, apart = Estimate(0.9, 0.8, 1.0, 10, 100), Estimate(0.1, 0.0, 0.2, 10, 50)
    assert ratio(joined, apart) == pytest.approx((90 / 95, 80 / 90, 1.0))
    assert ratio(Estimate(None, 0.0, 1.0, 0, 100), apart) == (None, 0.0, 1.0)


def test_seats_grow_with_the_root_of_the_size_and_none_is_lost():
    given = share_out({"a": 10_000, "b": 100, "c": 3}, 60)
    assert sum(given.values()) == 60 and given["a"] > given["b"] > given["c"] >= 1
    assert share_out({"a": 2, "b": 1}, 60) == {"a": 2, "b": 1}
