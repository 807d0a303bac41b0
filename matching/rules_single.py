"""The rules of `matching.rules` as Python predicates over two records, for one lookup at a time.

Each predicate answers what DuckDB answers to the SQL of the same name: true, false, or None where the condition is null
(`tests/property/test_matching_rules_single.py` asks both). Lists hold no nulls, numbers are never NaN: preparation
makes them so.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

from matching.rules import Argument
from matching.text_distance import damerau_levenshtein, is_one_slip, jaro_winkler_similarity

Record = Mapping[str, Any]
Predicate = Callable[[Record, Record], bool | None]


def _equal(left: Any, right: Any) -> bool | None:  # noqa: ANN401  # any column's value
    return None if left is None or right is None else left == right


def _both(*answers: bool | None) -> bool | None:
    """AND of three-valued logic."""
    if False in answers:
        return False
    return None if None in answers else True


def _either(*answers: bool | None) -> bool | None:
    """OR of three-valued logic."""
    if True in answers:
        return True
    return None if None in answers else False


def _lengths(left: Sequence[Any] | None, right: Sequence[Any] | None) -> list[int]:
    """Lengths of what is there; `least` of SQL looks past a null."""
    return [len(value) for value in (left, right) if value is not None]


def same(column: str) -> Predicate:
    """Equal values."""

    def ask(left: Record, right: Record) -> bool | None:
        one, other = left[column], right[column]
        return None if one is None or other is None else one == other

    return ask


def differ(column: str) -> Predicate:
    """Both known and unequal."""

    def ask(left: Record, right: Record) -> bool | None:
        one, other = left[column], right[column]
        return None if one is None or other is None else one != other

    return ask


def crossed(column: str, other: str) -> Predicate:
    """One side's value equals the other side's value of another column."""

    def ask(left: Record, right: Record) -> bool | None:
        return _either(_equal(left[column], right[other]), _equal(left[other], right[column]))

    return ask


def _share(one: Sequence[Any] | None, other: Sequence[Any] | None) -> bool | None:
    return None if one is None or other is None else not set(one).isdisjoint(other)


def overlap(column: str) -> Predicate:
    """Two lists share an entry."""
    return lambda left, right: _share(left[column], right[column])


def listed(column: str, others: str) -> Predicate:
    """One side's value stands in the other side's list."""

    def stands(value: Any, entries: Sequence[Any] | None) -> bool | None:  # noqa: ANN401
        return None if value is None or entries is None else value in entries

    return lambda left, right: _either(stands(left[column], right[others]), stands(right[column], left[others]))


def crossed_overlap(column: str, other: str) -> Predicate:
    """One side's list shares an entry with the other side's list of another column."""
    return lambda left, right: _either(_share(left[column], right[other]), _share(left[other], right[column]))


def _related(column: str, at_least: int, related: Callable[[str, str], bool]) -> Predicate:
    """A relation between the shorter and the longer of two texts that are both long enough."""

    def ask(left: Record, right: Record) -> bool | None:
        one, other = left[column], right[column]
        lengths = _lengths(one, other)
        if lengths and min(lengths) < at_least:
            return False
        if len(lengths) < 2:
            return None
        return related(one, other) or related(other, one)

    return ask


def prefix(column: str, at_least: int) -> Predicate:
    """One value is the beginning of the other and at least this long."""
    return _related(column, at_least, str.startswith)


def contained(column: str, at_least: int) -> Predicate:
    """One value is part of the other and at least this long."""
    return _related(column, at_least, str.__contains__)


@lru_cache(maxsize=10_000)
def _like(pattern: str) -> re.Pattern[str]:
    signs = {"%": ".*", "_": "."}
    return re.compile("".join(signs.get(sign) or re.escape(sign) for sign in pattern), re.DOTALL)


def lost_character(column: str, pattern: str) -> Predicate:
    """A value with lost characters fits the other value; what fits must be nearly as long."""

    def fits(value: str | None, form: str | None) -> bool | None:
        if value is None or form is None:
            return None
        return abs(len(value) - len(form)) <= 1 and _like(form).fullmatch(value) is not None

    return lambda left, right: _either(fits(left[column], right[pattern]), fits(right[column], left[pattern]))


def near_number(column: str) -> Predicate:
    """One digit wrong, missing or swapped with its neighbour, the first or the last third unharmed."""

    def ask(left: Record, right: Record) -> bool | None:
        one, other = left[column], right[column]
        if one is not None and len(one) < 6:
            return False
        if one is None or other is None:
            return None
        if one == other or abs(len(one) - len(other)) > 1:
            return False
        third = max(len(one) // 3, 2)
        return (one[:third] == other[:third] or one[-third:] == other[-third:]) and is_one_slip(one, other)

    return ask


def day_month_swapped(column: str) -> Predicate:
    """Same year, day and month exchanged."""

    def ask(left: Record, right: Record) -> bool | None:
        one, other = left[column], right[column]
        if one is None or other is None:
            return None
        return one != other and (one.year, one.month, one.day) == (other.year, other.day, other.month)

    return ask


def near_date(column: str) -> Predicate:
    """Two of year, month and day agree."""

    def ask(left: Record, right: Record) -> bool | None:
        one, other = left[column], right[column]
        if one is None or other is None:
            return None
        return (one.year == other.year) + (one.month == other.month) + (one.day == other.day) == 2

    return ask


def similar(column: str, at_least: float) -> Predicate:
    """Jaro-Winkler similarity of two Latin texts."""

    def ask(left: Record, right: Record) -> bool | None:
        one, other = left[column], right[column]
        return None if one is None or other is None else jaro_winkler_similarity(one, other) >= at_least

    return ask


def edits(column: str, at_most: int) -> Predicate:
    """So many typing slips between texts of at least four characters."""

    def ask(left: Record, right: Record) -> bool | None:
        one, other = left[column], right[column]
        lengths = _lengths(one, other)
        if lengths and min(lengths) < 4:
            return False
        if len(lengths) < 2:
            return None
        return abs(len(one) - len(other)) <= at_most and damerau_levenshtein(one, other) <= at_most

    return ask


def exchanged(column: str, other: str) -> Predicate:
    """Two values stand in each other's place, one of them with slips at most."""

    def nearly(one: str | None, two: str | None) -> bool | None:
        return None if one is None or two is None else jaro_winkler_similarity(one, two) >= 0.85

    def ask(left: Record, right: Record) -> bool | None:
        ours, theirs = (left[column], right[other]), (right[column], left[other])
        equal_ours, equal_theirs = _equal(*ours), _equal(*theirs)
        if equal_ours is False and equal_theirs is False:
            return False
        return _either(_both(equal_ours, nearly(*theirs)), _both(equal_theirs, nearly(*ours)))

    return ask


def initial(column: str) -> Predicate:
    """One value is a single letter and the other begins with it."""

    def ask(left: Record, right: Record) -> bool | None:
        one, other = left[column], right[column]
        lengths = _lengths(one, other)
        if lengths and min(lengths) != 1:
            return False
        return one[:1] == other[:1] if len(lengths) == 2 else None

    return ask


def agree(at_least: int, *columns: str) -> Predicate:
    """So many of these columns are equal."""
    return lambda left, right: sum(_equal(left[c], right[c]) is True for c in columns) >= at_least


def shared(column: str, at_least: int) -> Predicate:
    """Two lists share so many entries; SQL intersects with a null on the right to an empty list."""

    def ask(left: Record, right: Record) -> bool | None:
        one = left[column]
        return None if one is None else _shared_number(one, right[column]) >= at_least

    return ask


def _shared_number(one: Sequence[Any], other: Sequence[Any] | None) -> int:
    return len(set(one).intersection(other or ()))


def shared_part(column: str, at_least: float) -> Predicate:
    """Two lists share so great a part of all their entries (Jaccard); SQL reckons with the decimal as written."""
    part = Fraction(str(at_least))

    def ask(left: Record, right: Record) -> bool | None:
        one, other = left[column], right[column]
        if one is None or other is None:
            return None
        both = _shared_number(one, other)
        return both * part.denominator >= part.numerator * (len(one) + len(other) - both)

    return ask


def inside(column: str, at_least: int) -> Predicate:
    """Every entry of the shorter list stands in the longer one, and it has so many."""

    def ask(left: Record, right: Record) -> bool | None:
        one, other = left[column], right[column]
        lengths = _lengths(one, other)
        if lengths and min(lengths) < at_least:
            return False
        return None if one is None else _shared_number(one, other) == min(lengths)

    return ask


def words_alike(column: str, at_least: float) -> Predicate:
    """Every word of the shorter list (of at least two) is like some word of the longer one."""

    def alike(a: str, b: str) -> float:
        longest = max(len(a), len(b))
        # SQL's nought by nought is NaN, which stands above every number
        return 1 - damerau_levenshtein(a, b) / longest if longest else float("inf")

    def covered(one: Sequence[str], other: Sequence[str]) -> bool:
        if not 2 <= len(one) <= len(other):
            return False
        return all(any(alike(a, b) >= at_least for b in other) for a in one)

    def ask(left: Record, right: Record) -> bool | None:
        one, other = left[column], right[column]
        if one is None or other is None:
            return None
        return covered(one, other) or covered(other, one)

    return ask


def within(column: str, at_most: float) -> Predicate:
    """Numbers that differ by at most so much; dates by so many days."""

    def ask(left: Record, right: Record) -> bool | None:
        one, other = left[column], right[column]
        if one is None or other is None:
            return None
        apart = one - other
        return abs(apart.days if isinstance(apart, dt.timedelta) else apart) <= at_most

    return ask


def within_part(column: str, at_most: float) -> Predicate:
    """Numbers that differ by at most such a part of the greater one."""

    def ask(left: Record, right: Record) -> bool | None:
        one, other = left[column], right[column]
        if one is None or other is None:
            return None
        return abs(one - other) <= at_most * max(abs(one), abs(other))

    return ask


SINGLE_RULES: dict[str, Callable[..., Predicate]] = {
    rule.__name__: rule
    for rule in (
        same, differ, crossed, overlap, listed, crossed_overlap, prefix, contained, lost_character, near_number,
        day_month_swapped, near_date, similar, edits, exchanged, initial, agree, shared, shared_part, inside,
        words_alike, within, within_part,
    )
}  # fmt: skip


def single_condition(rules: Mapping[str, Argument | Sequence[Argument]]) -> Predicate:
    """The predicate that all these rules hold, each with its arguments."""
    parts = []
    for name, arguments in rules.items():
        given = (arguments,) if isinstance(arguments, str | int | float) else tuple(arguments)
        parts.append(SINGLE_RULES[name](*given))
    if len(parts) == 1:
        return parts[0]

    def ask(left: Record, right: Record) -> bool | None:
        answer: bool | None = True
        for part in parts:
            found = part(left, right)
            if found is False:
                return False
            answer = answer and found
        return answer

    return ask
