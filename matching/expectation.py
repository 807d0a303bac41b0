"""Expectation maximisation over agreement patterns: how often true matches agree, where nobody says which they are.

The stated defaults take part as so many imagined matches (a Dirichlet prior), so the estimate is sane for few pairs,
exists for levels never seen, and never runs into zero or one. Patterns are integer counts in a fixed order: the result
does not depend on the machine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Levels = dict[str, list[float]]  # comparison -> probability of each level, by Splink's code (0 is the last level)
_ROUNDS = 100
_ENOUGH = 1e-5


@dataclass(frozen=True)
class Pattern:
    """How many pairs reached these levels (-1: nothing to compare), in the order of the comparisons.

    `matches` and `others`: how many of these pairs are known to be matches and non-matches, weighted by how certain
    that is; together at most `pairs`.
    """

    levels: tuple[int, ...]
    pairs: int
    matches: float = 0.0
    others: float = 0.0


@dataclass(frozen=True)
class Estimate:
    """Expected counts among matches: comparison -> per level, the imagined ones not included."""

    matched: Levels
    share: float  # of all pairs that are matches


def shares(patterns: Sequence[Pattern], comparisons: Sequence[str], sizes: Mapping[str, int]) -> Levels:
    """Plain counts per comparison and level, weighted by pairs."""
    counts: Levels = {name: [0.0] * sizes[name] for name in comparisons}
    for pattern in patterns:
        for name, level in zip(comparisons, pattern.levels, strict=True):
            if level >= 0:
                counts[name][level] += pattern.pairs
    return counts


def maximise(
    patterns: Sequence[Pattern], comparisons: Sequence[str], stated: Levels, chance: Levels, imagined: float
) -> Estimate:
    """Estimate what matches look like among pairs of one block.

    Args:
        patterns: what the pairs look like.
        comparisons: names, in the order of the patterns' levels.
        stated: m of every level, where the search starts and what the imagined matches say.
        chance: u of every level, held fixed.
        imagined: number of imagined matches.
    """
    m, share = stated, 0.5
    for _ in range(_ROUNDS):
        matched, found, total = _expect(patterns, comparisons, m, chance, share)
        new = {name: smoothed(matched[name], stated[name], imagined) for name in comparisons}
        moved = max((abs(a - b) for name in comparisons for a, b in zip(m[name], new[name], strict=True)), default=0.0)
        m, share = new, (found + 1) / (total + 2)
        if moved < _ENOUGH:
            break
    return Estimate(matched, share)


@dataclass(frozen=True)
class JointStart:
    """Where the joint estimate starts, and what it is told.

    Attributes:
        matched: m of every level.
        chance: u of every level.
        prior: chance that two random records match.
        pairs: all pairs of records there are, whether compared or not.
        imagined: matches that the stated m is worth.
        imagined_random: random pairs that the stated u is worth.
    """

    matched: Levels
    chance: Levels
    prior: float
    pairs: float
    imagined: float
    imagined_random: float


@dataclass(frozen=True)
class Joint:
    """The joint estimate: m and u of every level, and the prior."""

    matched: Levels
    chance: Levels
    prior: float


def maximise_jointly(
    candidates: Sequence[Pattern], random: Sequence[Pattern], comparisons: Sequence[str], start: JointStart
) -> Joint:
    """Estimate matches, chance and prior together.

    A pair that no blocking rule finds counts as no match. Random pairs speak of chance as far as they do not look like
    matches themselves. So the prior is calibrated on the table at hand, and one threshold fits tables of any size.

    Args:
        candidates: patterns of the compared pairs.
        random: patterns of random pairs.
        comparisons: names, in the order of the patterns' levels.
        start: the stated numbers.
    """
    m, u, prior = start.matched, start.chance, start.prior
    sizes = {name: len(m[name]) for name in comparisons}
    for _ in range(_ROUNDS):
        matched, found, _total = _expect(candidates, comparisons, m, u, prior)
        by_luck, _found, _all = _expect(random, comparisons, m, u, prior)
        everything = shares(random, comparisons, sizes)
        strangers = {
            name: [max(a - b, 0.0) for a, b in zip(everything[name], by_luck[name], strict=True)]
            for name in comparisons
        }
        new = {name: smoothed(matched[name], start.matched[name], start.imagined) for name in comparisons}
        u = {name: smoothed(strangers[name], start.chance[name], start.imagined_random) for name in comparisons}
        moved = max((abs(a - b) for name in comparisons for a, b in zip(m[name], new[name], strict=True)), default=0.0)
        m, prior = new, min(max((found + 1) / (start.pairs + 2), 1e-12), 0.5)
        if moved < _ENOUGH:
            break
    return Joint(m, u, prior)


def smoothed(counts: Sequence[float], stated: Sequence[float], imagined: float) -> list[float]:
    """Shares of counts together with `imagined` cases that look as stated."""
    total = sum(counts) + imagined
    return [(count + imagined * share) / total for count, share in zip(counts, stated, strict=True)]


def _expect(
    patterns: Sequence[Pattern], comparisons: Sequence[str], m: Levels, chance: Levels, share: float
) -> tuple[Levels, float, int]:
    """Expected number of matches per level, in all, and the number of pairs."""
    weights = [[math.log2(a / b) for a, b in zip(m[name], chance[name], strict=True)] for name in comparisons]
    odds = math.log2(share / (1 - share))
    matched: Levels = {name: [0.0] * len(m[name]) for name in comparisons}
    found, total = 0.0, 0
    for pattern in patterns:
        bits = odds + sum(weight[level] for weight, level in zip(weights, pattern.levels, strict=True) if level >= 0)
        unknown = pattern.pairs - pattern.matches - pattern.others
        expected = pattern.matches + unknown / (1 + 2.0 ** -max(min(bits, 500.0), -500.0))
        found += expected
        total += pattern.pairs
        for name, level in zip(comparisons, pattern.levels, strict=True):
            if level >= 0:
                matched[name][level] += expected
    return matched, found, total
