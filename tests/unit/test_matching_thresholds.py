"""Lines from decided pairs, on literals worked out by hand."""

from __future__ import annotations

import pytest

from matching.interval import wilson
from matching.thresholds import Weighed, by_line, needed, propose


def judged(weight: float, number: int, right: int, stratum: str = "s") -> list[Weighed]:
    return [Weighed(weight, stratum, place < right) for place in range(number)]


def test_fully_judged_pairs_are_counted_without_error():
    pairs = [*judged(3.2, 10, 2), *judged(6.1, 10, 9), *judged(9.4, 20, 20)]
    lines = {line["line"]: line for line in by_line(pairs)}
    assert lines[3.0]["precision"] == {"point": 0.775, "low": 0.775, "high": 0.775}
    assert lines[6.5]["precision"]["low"] == 1.0 and lines[6.0]["precision"]["low"] == pytest.approx(29 / 30, abs=1e-5)
    assert lines[6.0]["recall"] == {"point": 0.93548, "low": 0.93548, "high": 0.93548}  # 29 of 31
    assert propose(list(lines.values()), 0.99, 0.93) == {"link": 6.5, "review": 6.0}


def test_a_sample_gives_wilsons_interval():
    unjudged = [Weighed(8.0, "s", None)] * 900
    line = by_line([*judged(8.0, 100, 98), *unjudged])[0]
    low, high = wilson(98, 100, 1.959964)
    assert line["precision"]["point"] == 0.98
    assert line["precision"]["low"] == pytest.approx(low, abs=1e-4)
    assert line["precision"]["high"] == pytest.approx(high, abs=1e-4)
    assert line["pairs"] == 1000 and line["judged"] == 100


def test_nothing_judged_supports_no_line():
    lines = by_line([Weighed(8.0, "s", None)] * 10)
    assert propose(lines, 0.999, 0.999)["link"] is None
    assert by_line([]) == [] and propose([], 0.999, 0.999) == {"link": None, "review": None}


def test_how_many_right_decisions_a_precision_takes():
    assert needed(0.999) == 3838
    low, _ = wilson(3838, 3838, 1.959964)
    assert low >= 0.999 > wilson(3830, 3830, 1.959964)[0]
