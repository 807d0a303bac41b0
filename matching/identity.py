"""Which golden id each customer bears: by overlap with the state before, older ids surviving, undo reviving.

Pure functions over plain dictionaries; `matching.history` reads the state and writes the result.

- An id goes to the customer that holds most of its records. After it took over records of another id, by a merge or
  because they moved, the records that had it before count first, of several such days before the first, then before the
  last one, so that undoing it gives each customer its own id back.
- A customer that several ids claim keeps the oldest; the others are merged into it.
- A customer that no id claims gets back a dead id its records once bore (the undo of a merge, or a customer that
  returns), and only otherwise a new one. Numbers count up in the order of the customers' smallest records, customers
  of records seen before first.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from matching.golden_id import golden_id, number_of

Records = tuple[str, ...]


@dataclass(frozen=True)
class Past:
    """What is known of the ids before this assignment.

    Attributes:
        current: record -> id in force (of this day's own earlier run, or of the day before).
        since: record -> first day of that.
        former: record -> ids it bore earlier.
        grown: id -> last day on which it took over records of another id.
        last_members: dead id -> records it held last.
        ended: dead id -> day it ended.
        elsewhere: ids in force of customers that nothing is asked about.
        highest: greatest running number ever given.
    """

    current: Mapping[str, str] = field(default_factory=dict)
    since: Mapping[str, dt.date] = field(default_factory=dict)
    former: Mapping[str, frozenset[str]] = field(default_factory=dict)
    grown: Mapping[str, dt.date] = field(default_factory=dict)
    last_members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    ended: Mapping[str, dt.date] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()
    highest: int = 0


def assign(clusters: Sequence[Records], past: Past) -> dict[str, str]:
    """Give every customer its golden id.

    Args:
        clusters: sorted, disjoint, each with sorted records.
        past: ids so far.

    Returns:
        record -> golden id.
    """
    chosen = _surviving(clusters, past)
    chosen |= _revived(clusters, chosen, past)
    without = [place for place in range(len(clusters)) if place not in chosen]
    without.sort(key=lambda place: _is_new(clusters[place], past))
    chosen |= {place: golden_id(number) for number, place in enumerate(without, past.highest + 1)}
    return {record: chosen[place] for place, records in enumerate(clusters) for record in records}


def _is_new(records: Records, past: Past) -> bool:
    """Whether nothing is known of any record."""
    return not any(record in past.current or record in past.former for record in records)


def _surviving(clusters: Sequence[Records], past: Past) -> dict[int, str]:
    """Customers that keep an id in force: each id claims one customer, the oldest claim wins."""
    held: dict[str, Counter[int]] = defaultdict(Counter)
    natives: dict[str, Counter[int]] = defaultdict(Counter)
    elders: dict[str, Counter[int]] = defaultdict(Counter)
    for place, records in enumerate(clusters):
        for record in records:
            identifier = past.current.get(record)
            if identifier is not None:
                held[identifier][place] += 1
                natives[identifier][place] += _is_native(record, identifier, past)
                elders[identifier][place] += _is_elder(record, identifier, past)
    claims: dict[int, str] = {}
    for identifier in sorted(held, key=number_of, reverse=True):  # the oldest writes last
        own, elder, all_held = natives[identifier], elders[identifier], held[identifier]
        ranked = sorted((-own[place], -elder[place], -count, place) for place, count in all_held.items())
        claims[ranked[0][-1]] = identifier
    return claims


def _is_native(record: str, identifier: str, past: Past) -> bool:
    """Whether the record bore this id before it took over records of another."""
    if any(once in past.last_members for once in past.former.get(record, ())):
        return False  # it came with an id that was merged away
    return identifier not in past.grown or past.since[record] < past.grown[identifier]


def _is_elder(record: str, identifier: str, past: Past) -> bool:
    """Whether the record bore this id before it last took over others, however it had come: that may be undone."""
    return identifier in past.grown and past.since[record] < past.grown[identifier]


def _revived(clusters: Sequence[Records], taken: Mapping[int, str], past: Past) -> dict[int, str]:
    """Dead ids for customers without one: the id whose last records are most like the customer's, the latest of them.

    Of several ids that once held the same records, the one that ended last is what an undo restores.
    """
    alive = past.elsewhere.union(taken.values())
    offers = []
    for place, records in enumerate(clusters):
        if place in taken:
            continue
        once = {i for record in records for i in (*past.former.get(record, ()), past.current.get(record)) if i}
        for identifier in once - alive:
            members = past.last_members.get(identifier, frozenset(records))
            common = len(members.intersection(records))
            likeness = common / len(members.union(records))
            age = -past.ended.get(identifier, dt.date.max).toordinal()
            offers.append((-likeness, age, number_of(identifier), place, identifier))
    revived: dict[int, str] = {}
    given: set[str] = set()
    for *_, place, identifier in sorted(offers):
        if place not in revived and identifier not in given:
            revived[place] = identifier
            given.add(identifier)
    return revived


@dataclass(frozen=True, order=True)
class Change:
    """Something that happened to an id: mint, merge (`other` into `identifier`), split, undo, retire."""

    kind: str
    identifier: str
    other: str | None = None


def changes(before: Mapping[str, str], after: Mapping[str, str], known: frozenset[str]) -> list[Change]:
    """What happened between two states.

    Args:
        before: record -> id of the state before the day.
        after: record -> id of the day.
        known: every id that existed before the day.
    """
    old, new = set(before.values()), set(after.values())
    moved = Counter((before[record], after[record]) for record in before if record in after)
    found = [Change("mint", identifier) for identifier in new - known]
    for identifier in old - new:
        heirs = {to: n for (origin, to), n in moved.items() if origin == identifier}
        if heirs:
            survivor = min(heirs, key=lambda to: (-heirs[to], number_of(to)))
            found.append(Change("merge", survivor, identifier))
        else:
            found.append(Change("retire", identifier))
    for identifier in (new & known) - old:
        origins = sorted(origin for origin, to in moved if to == identifier)
        found.append(Change("undo", identifier, origins[0] if origins else None))
    for origin, to in moved:
        if origin != to and origin in new and not (to in known and to not in old):
            found.append(Change("split", origin, to))
    return sorted(found, key=lambda c: (c.kind, c.identifier, c.other or ""))
