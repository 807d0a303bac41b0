"""How the match weight of a pair adds up: bars from the prior to the total, against the two thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_WIDTH = 200.0  # units of the drawing


@dataclass(frozen=True)
class Bar:
    """One step: where it starts and ends on the drawing, and what it adds (log2 units of evidence)."""

    label: str
    weight: float
    x: float
    width: float
    kind: str  # prior | plus | minus | total


@dataclass(frozen=True)
class Waterfall:
    """The whole drawing."""

    bars: list[Bar]
    zero: float
    review: float | None
    link: float | None


def waterfall(
    evidence: Sequence[tuple[str, float]], total: float, labels: tuple[str, str], thresholds: tuple[float, float] | None
) -> Waterfall:
    """Lay out the bars.

    Args:
        evidence: label and weight of each comparison.
        total: the match weight of the pair; what the evidence does not explain is the prior.
        labels: names of the first and the last bar.
        thresholds: weights from which a pair is reviewed, and linked by itself.
    """
    prior = total - sum(weight for _, weight in evidence)
    steps, at = [(labels[0], prior, 0.0, prior, "prior")], prior
    for label, weight in evidence:
        steps.append((label, weight, at, at + weight, "plus" if weight >= 0 else "minus"))
        at += weight
    steps.append((labels[1], total, 0.0, total, "total"))
    edges: list[float] = [0.0, *(e for step in steps for e in step[2:4]), *(thresholds or ())]
    low, span = min(edges), (max(edges) - min(edges)) or 1.0

    def place(value: float) -> float:
        return round((value - low) / span * _WIDTH, 1)

    bars = [
        Bar(label, weight, min(place(a), place(b)), round(max(abs(place(b) - place(a)), 1.0), 1), kind)
        for label, weight, a, b, kind in steps
    ]
    review, link = (place(t) for t in thresholds) if thresholds else (None, None)
    return Waterfall(bars=bars, zero=place(0.0), review=review, link=link)


def labelled(evidence: Sequence[dict[str, Any]], language: str) -> list[tuple[str, float]]:
    """Label and weight of each piece of evidence; those without weight (a missing value) are left out."""
    key = "label_en" if language == "en" else "label_zh"
    return [(str(item[key]), float(item["weight"])) for item in evidence if abs(float(item["weight"])) >= 0.005]
