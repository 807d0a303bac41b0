"""Two records weighed and judged in Python: the levels, the weight and the verdict that a run gives to the pair.

The second way to the answers of `matching.score` and `matching.verdict`, for one lookup at a time;
`tests/integration/test_matching_lookup.py` holds both to the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matching.model import Comparison, Exclusive, Guard, Level, MatchModel
from matching.parameters import Parameters, prior_shift
from matching.rules_single import Record, single_condition

Share = Callable[[str, Any], float | None]  # column, value -> share of records with it; None for a null
Levels = Callable[[Record, Record], int]
NOTHING = -1  # the code of a comparison that had nothing to compare


@dataclass(frozen=True)
class Judged:
    """A weighed and judged pair, as the columns of a run's table of judged pairs.

    Attributes:
        levels: code per comparison in the model's order (`NOTHING`: nothing to compare).
        weights: bits per comparison in the same order.
        rest: the weight without the conflicting comparison.
    """

    match_weight: float
    levels: tuple[int, ...]
    weights: tuple[float, ...]
    conflict: str | None
    strong: str | None
    guard: str | None
    rest: float
    rule: str
    verdict: str

    @property
    def probability(self) -> float:
        """The match weight as a probability."""
        odds = 2.0 ** -abs(self.match_weight)
        return 1 / (1 + odds) if self.match_weight >= 0 else odds / (1 + odds)


def single_levels(item: Comparison) -> Levels:
    """A function of two records: the code of the level the comparison reaches, `NOTHING` when nothing is compared."""
    conditions = [
        (item.code(level.level), single_condition(level.when)) for level in item.levels if level.when != "otherwise"
    ]
    incomparable = single_condition(item.incomparable) if item.incomparable else None

    def ask(left: Record, right: Record) -> int:
        for column in item.absent:
            if left[column] is None or right[column] is None:
                return NOTHING
        if incomparable and incomparable(left, right):
            return NOTHING
        return next((code for code, holds in conditions if holds(left, right)), 0)

    return ask


@dataclass(frozen=True)
class _Weight:
    """Bits of a level; where counts weigh, also the column and log2 of the u of the level at which it is equal."""

    bits: float
    frequency: str | None = None
    chance: float = 0.0


def _weights(item: Comparison, parameters: Parameters) -> dict[int, _Weight]:
    found = {NOTHING: _Weight(0.0)}
    for level in item.levels:
        m, u = parameters.of(item.comparison, level.level)
        bits = math.log2(m / u)
        if level.term_frequency and level.when != "otherwise":
            chance = math.log2(parameters.of(item.comparison, _equal_level(item, level).level)[1])
            found[item.code(level.level)] = _Weight(bits, level.term_frequency, chance)
        else:
            found[item.code(level.level)] = _Weight(bits)
    return found


def _equal_level(item: Comparison, level: Level) -> Level:
    """The level that asks for the equal value and nothing else; the model check sees to it that there is one."""
    return next(other for other in item.levels if other.when == {"same": level.term_frequency})


_Codes = list[tuple[int, frozenset[int]]]  # place of a comparison, codes of its levels


@dataclass(frozen=True)
class _Guard:
    name: str
    unless: _Codes
    at: _Codes
    outside: list[int]

    def forbids(self, levels: Sequence[int], weights: Sequence[float]) -> bool:
        if any(levels[place] in codes for place, codes in self.unless):
            return False
        if self.at:
            return all(levels[place] in codes for place, codes in self.at)
        return not any(levels[place] > 0 and weights[place] > 0 for place in self.outside)


class PairJudge:
    """Weighs and judges pairs under a trained model.

    Args:
        model: what is compared, and when it is a match.
        parameters: its numbers.
        records: number of records, the new one counted.
    """

    def __init__(self, model: MatchModel, parameters: Parameters, records: int) -> None:
        self._model = model
        self._levels = [single_levels(item) for item in model.comparisons]
        self._weights = [_weights(item, parameters) for item in model.comparisons]
        self._prior = math.log2(parameters.prior / (1 - parameters.prior)) - prior_shift(parameters, records)
        self._place = {item.comparison: place for place, item in enumerate(model.comparisons)}
        self._strong = [
            (item.key, item.rule, [self._needed(n) for n in item.needs]) for item in model.strong_identifiers
        ]
        self._guards = [self._guard(guard) for guard in model.guards]

    def _codes(self, name: str, levels: Sequence[str]) -> tuple[int, frozenset[int]]:
        item = self._model.comparison(name)
        return self._place[name], frozenset(item.code(level) for level in levels)

    def _needed(self, levels: Mapping[str, Sequence[str]]) -> _Codes:
        return [self._codes(name, listed) for name, listed in levels.items()]

    def _guard(self, guard: Guard) -> _Guard:
        named = {guard.comparison: guard.levels or []} if guard.comparison else {}
        outside = [place for name, place in self._place.items() if name not in (guard.only or [])]
        return _Guard(guard.guard, self._needed(guard.unless), self._needed(named), outside)

    def judge(self, left: Record, right: Record, share: Share, found_by: str) -> Judged:
        """Weigh and judge one pair.

        Args:
            left: the prepared record with the smaller id.
            right: the other one.
            share: see `Share`.
            found_by: the rule that brought the two together.
        """
        levels = tuple(ask(left, right) for ask in self._levels)
        weights = tuple(
            _bits(known[code], left, right, share) for known, code in zip(self._weights, levels, strict=True)
        )
        total = self._prior + math.fsum(weights)
        conflict = next((c.conflict for c in self._model.exclusive if _conflicts(c, left, right)), None)
        keys = [(rule, needs) for key, rule, needs in self._strong if _same(left[key], right[key])]
        strong = next((rule for rule, needs in keys if _holds(needs, levels)), None)
        shared = keys[0][0] if keys else None
        guard = next((guard.name for guard in self._guards if guard.forbids(levels, weights)), None)
        rest = total - weights[self._place[conflict]] if conflict in self._place else total
        verdict = self._verdict(total, rest, conflict, strong, shared, guard)
        stops = guard if total >= self._model.thresholds.link else None
        rule = _rule(found_by, conflict, strong, shared, stops)
        return Judged(total, levels, weights, conflict, strong, guard, rest, rule, verdict)

    def _verdict(
        self, total: float, rest: float, conflict: str | None, strong: str | None, shared: str | None, guard: str | None
    ) -> str:
        thresholds = self._model.thresholds
        if conflict:
            return "review" if rest >= thresholds.conflict_review else "reject"
        if strong:
            return "link"
        if shared:
            return "review"
        if total >= thresholds.link and guard is None:
            return "link"
        return "review" if total >= thresholds.review else "reject"


def _rule(found_by: str, conflict: str | None, strong: str | None, shared: str | None, guard: str | None) -> str:
    if strong:
        return strong
    if shared:
        return f"{shared}_other_name"
    return f"conflict_{conflict}" if conflict else guard or found_by


def _bits(weight: _Weight, left: Record, right: Record, share: Share) -> float:
    """The level's bits; where counts weigh, the commoner of the two values says how likely chance agreement is."""
    if weight.frequency is None:
        return weight.bits
    shares = [share(weight.frequency, side[weight.frequency]) for side in (left, right)]
    known = [value for value in shares if value is not None]
    return weight.bits + (weight.chance - math.log2(max(known)) if known else 0.0)


def _same(one: object, other: object) -> bool:
    return one is not None and one == other


def _holds(alternatives: Sequence[_Codes], levels: Sequence[int]) -> bool:
    return any(all(levels[place] in codes for place, codes in needed) for needed in alternatives)


def exclusive_value(item: Exclusive, record: Record) -> tuple[str, Any] | None:
    """The constraint (named with its class) and the value a record holds under it, as `matching.cluster` wants them."""
    value = record[item.value]
    name = record[item.within] if item.within else ""
    if value is None or name is None or (item.classes is not None and name not in item.classes):
        return None
    return f"{item.conflict}:{name}", value


def _conflicts(item: Exclusive, left: Record, right: Record) -> bool:
    one = exclusive_value(item, left)
    if one is None:
        return False
    other = exclusive_value(item, right)
    return other is not None and one[0] == other[0] and one[1] != other[1]
