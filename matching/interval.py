"""Confidence intervals for proportions, from simple and from stratified samples.

Wilson's score interval (E. B. Wilson, JASA 22, 1927) is right for few cases and for none wrong. Its stratified form is
that of X. Yan and X. G. Su (Statistics in Biopharmaceutical Research 2(3), 2010): the strata's Wilson intervals at a
common, narrower normal quantile, added up by weight.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True)
class Stratum:
    """Part of a population: its size, how many of it were judged, how many of these are right."""

    size: int
    judged: int
    right: int


@dataclass(frozen=True)
class Estimate:
    """A proportion with its interval; `point` is None when a part of the population was never judged."""

    point: float | None
    low: float
    high: float
    judged: int
    size: int


def wilson(right: int, judged: int, z: float) -> tuple[float, float]:
    """Wilson's interval at the normal quantile z; nothing judged says nothing: (0, 1)."""
    if judged == 0:
        return 0.0, 1.0
    share, square = right / judged, z * z
    middle = (share + square / (2 * judged)) / (1 + square / judged)
    half = z / (1 + square / judged) * math.sqrt(share * (1 - share) / judged + square / (4 * judged * judged))
    return max(0.0, middle - half), min(1.0, middle + half)


def stratified(strata: Sequence[Stratum], level: float = 0.95) -> Estimate:
    """Estimate a proportion of the whole population.

    A stratum judged completely is known without error. The variances behind the common quantile are taken at the middle
    of Wilson's interval, not at the observed share, so that a stratum without one wrong case is not taken as certain.

    Args:
        strata: the parts; empty ones are left out.
        level: of the two-sided interval.
    """
    parts = [part for part in strata if part.size > 0]
    size, judged = sum(part.size for part in parts), sum(part.judged for part in parts)
    z = NormalDist().inv_cdf((1 + level) / 2)
    common = _common_quantile(parts, size, z)
    low = high = 0.0
    for part in parts:
        is_known = part.judged >= part.size
        bounds = (part.right / part.judged,) * 2 if is_known else wilson(part.right, part.judged, common)
        low, high = low + part.size / size * bounds[0], high + part.size / size * bounds[1]
    seen = bool(parts) and all(part.judged for part in parts)
    point = sum(part.size / size * part.right / part.judged for part in parts) if seen else None
    return Estimate(point, low if parts else 0.0, high if parts else 1.0, judged, size)


def _common_quantile(parts: Sequence[Stratum], size: int, z: float) -> float:
    """The quantile at which the strata's intervals add up to one of the wanted level: between z / √strata and z."""
    spreads = []
    for part in parts:
        if 0 < part.judged < part.size:
            middle = (part.right + z * z / 2) / (part.judged + z * z)
            spreads.append(part.size / size * math.sqrt(middle * (1 - middle) / part.judged))
    return z * math.sqrt(sum(s * s for s in spreads)) / sum(spreads) if spreads else z


def ratio(found: Estimate, missed: Estimate) -> tuple[float | None, float, float]:
    """Recall from the right pairs among the joined and among the others: point, low, high.

    The interval takes the worst corner of both, so it holds at least at twice their error. Nothing judged among the
    joined says nothing: (None, 0, 1).
    """
    if found.judged == 0:
        return None, 0.0, 1.0
    points = None if found.point is None or missed.point is None else (found.point, missed.point)
    return (
        _share(points[0] * found.size, points[1] * missed.size) if points else None,
        _share(found.low * found.size, missed.high * missed.size),
        _share(found.high * found.size, missed.low * missed.size),
    )


def _share(part: float, rest: float) -> float:
    return part / (part + rest) if part + rest else 1.0
