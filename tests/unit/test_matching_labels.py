"""Labels in training: known pairs replace estimates, never add to what was counted; files of labels."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.decisions import PairDecision
from matching.expectation import Pattern, maximise, shares
from matching.labels import Label, labels_of, read_labels
from warehouse.errors import SourceError

NAMES = ["name", "mobile", "sex"]
TRUE_M = {"name": [0.4, 0.6], "mobile": [0.5, 0.5], "sex": [0.1, 0.9]}
CHANCE = {"name": [0.9, 0.1], "mobile": [0.8, 0.2], "sex": [0.5, 0.5]}
STATED = {name: [0.2, 0.8] for name in NAMES}
LEVELS = st.tuples(*[st.sampled_from((-1, 0, 1))] * 3)
Pair = tuple[tuple[int, ...], bool]


def drawn(seed: int, matches: int = 1500, others: int = 3000) -> list[Pair]:
    """Pairs of a mixture whose parts overlap, with their truth."""
    rng = random.Random(seed)
    sizes = ((True, TRUE_M, matches), (False, CHANCE, others))
    return [
        (tuple(int(rng.random() < of[name][1]) for name in NAMES), truth)
        for truth, of, size in sizes
        for _ in range(size)
    ]


def patterns_of(pairs: list[Pair], labelled: list[Pair]) -> list[Pattern]:
    counts, said = Counter(levels for levels, _ in pairs), Counter(labelled)
    return [
        Pattern(levels, number, float(said[levels, True]), float(said[levels, False]))
        for levels, number in sorted(counts.items())
    ]


def error(patterns: list[Pattern]) -> float:
    """How far the estimated m is from what the pairs were made with, in all."""
    found = maximise(patterns, NAMES, STATED, CHANCE, imagined=1).matched
    return sum(abs(found[name][1] / sum(found[name]) - TRUE_M[name][1]) for name in NAMES)


def mean_errors(matches: int, others: int) -> tuple[float, float]:
    """Mean over 40 samples, without labels and with up to 300 of the doubtful pairs labelled.

    A steward sees only the pairs of some patterns: a biased choice, but by how the pairs look.
    """
    without = with_labels = 0.0
    for seed in range(40):
        pairs = drawn(seed, matches, others)
        doubtful = [pair for pair in pairs if sum(pair[0]) == 2]
        labelled = random.Random(seed).sample(doubtful, min(300, len(doubtful)))
        without += error(patterns_of(pairs, [])) / 40
        with_labels += error(patterns_of(pairs, labelled)) / 40
    return without, with_labels


def test_labels_bring_the_estimate_nearer_to_the_truth_where_matches_are_few():
    without, with_labels = mean_errors(150, 3000)
    assert with_labels < 0.75 * without


def test_labels_do_no_harm_where_the_pairs_alone_suffice():
    # a single sample may fall either way; over many the labels must not pull the estimate off
    without, with_labels = mean_errors(1500, 3000)
    assert with_labels < 1.05 * without


def test_all_pairs_labelled_is_plain_counting():
    pairs = drawn(7)
    found = maximise(patterns_of(pairs, pairs), NAMES, STATED, CHANCE, imagined=100)
    matches = patterns_of([pair for pair in pairs if pair[1]], [])
    assert found.matched == shares(matches, NAMES, dict.fromkeys(NAMES, 2))
    assert found.share == (1500 + 1) / (4500 + 2)


@given(st.dictionaries(LEVELS, st.tuples(st.integers(1, 500), st.integers(0, 500), st.integers(0, 500))))
def test_labels_of_no_weight_change_nothing(content):
    plain = [Pattern(levels, number) for levels, (number, _, _) in content.items()]
    weightless = [Pattern(levels, number, 0.0 * a, 0.0 * b) for levels, (number, a, b) in content.items()]
    assert maximise(plain, NAMES, STATED, CHANCE, 100) == maximise(weightless, NAMES, STATED, CHANCE, 100)


def test_verdicts_that_say_nothing_are_no_labels():
    verdicts = ("same", "same_apart", "different", "related", "unsure")
    decisions = [PairDecision(n, "a", f"b{n}", verdict) for n, verdict in enumerate(verdicts)]
    assert [(label.right, label.is_match) for label in labels_of(decisions)] == [
        ("b0", True), ("b1", True), ("b2", False), ("b3", False),
    ]  # fmt: skip


def test_a_file_of_labels_is_read_in_either_form(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("record_id_l,record_id_r,verdict\nb,a,same\na,b,same\nc,d,unsure\nc,a,related\n", encoding="utf-8")
    assert read_labels(path) == [Label("a", "b", True), Label("a", "c", False)]
    path.write_text("match,record_id_r,record_id_l\n1,a,b\n0,c,d\n", encoding="utf-8-sig")
    assert read_labels(path) == [Label("a", "b", True), Label("c", "d", False)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("record_id_l,match\na,1\n", "no column record_id_r"),
        ("record_id_l,record_id_r\na,b\n", "no column verdict or match"),
        ("record_id_l,record_id_r,match\na,b,yes\n", "line 2: unknown match"),
        ("record_id_l,record_id_r,match\na,a,1\n", "line 2: needs two different record ids"),
        ("record_id_l,record_id_r,match\na,b,1\nb,a,0\n", "line 3: says the opposite of line 2"),
    ],
)
def test_a_wrong_file_of_labels_says_where(text, told, tmp_path):
    (tmp_path / "labels.csv").write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=told):
        read_labels(tmp_path / "labels.csv")
