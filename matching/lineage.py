"""Every golden id that was ever given resolves: to a customer or to none, today and as of any past day.

Read from `identity_event` alone: an id begins with `mint`, ends with `merge` or `retire`, and begins again with `undo`.
What a later day adds never changes the answer for an earlier one.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from warehouse.store import CATALOG

Event = tuple[dt.date, str, str, str | None]  # as_of, kind, golden_id, other_golden_id
ACTIVE, MERGED, RETIRED = "active", "merged", "retired"

_EVENT_TABLE = f"{CATALOG}.main.identity_event"
_EVENTS = f"""
with turning as (
    select as_of, kind, golden_id, other_golden_id from {_EVENT_TABLE} where kind in ('merge', 'retire', 'undo')
),
concerned as (
    select golden_id from turning
    union select other_golden_id from turning where kind = 'merge'
    union select unnest($ids::varchar[])
)
select as_of, kind, golden_id, other_golden_id from turning
union all
select as_of, kind, golden_id, other_golden_id from {_EVENT_TABLE}
where kind = 'mint' and golden_id in (select golden_id from concerned)
order by all
"""


@dataclass(frozen=True)
class Span:
    """What an id stood for during [valid_from, valid_to): itself (`active`), another (`merged`) or none (`retired`)."""

    golden_id: str
    valid_from: dt.date
    valid_to: dt.date | None
    status: str
    stands_for: str | None


class Lineage:
    """The life of golden ids, from their events; an id without events here is taken as always active."""

    def __init__(self, events: Iterable[Event]) -> None:
        turns: dict[str, dict[dt.date, str | None]] = defaultdict(dict)  # id -> day -> itself, its heir, or none
        for day, kind, identifier, other in sorted(events, key=lambda event: event[:3]):
            if kind == "merge" and other is not None:
                turns[other][day] = identifier
            elif kind == "retire":
                turns[identifier][day] = None
            elif kind in ("mint", "undo"):
                # an id that an earlier attempt of the day gave and a later one took back ended on that day
                turns[identifier].setdefault(day, identifier)
        self._turns = {identifier: sorted(days.items(), key=lambda turn: turn[0]) for identifier, days in turns.items()}

    @property
    def ids(self) -> list[str]:
        """The ids whose events are known, sorted."""
        return sorted(self._turns)

    def at(self, golden_id: str, day: dt.date) -> tuple[str, str | None] | None:
        """Status and the id in force on a day; None when the id had not been given yet."""
        seen: set[str] = set()
        current: str | None = golden_id
        while current is not None and current not in seen:
            seen.add(current)
            heir = self._heir(current, day)
            if heir == current:
                return (ACTIVE if current == golden_id else MERGED), current
            if heir == "":
                return None
            current = heir
        return RETIRED, None

    def _heir(self, golden_id: str, day: dt.date) -> str | None:
        """Itself while active, the id it was merged into, None when retired, "" when not given yet."""
        if golden_id not in self._turns:
            return golden_id
        past = [heir for when, heir in self._turns[golden_id] if when <= day]
        return past[-1] if past else ""

    def spans(self, golden_id: str) -> list[Span]:
        """The whole story of an id: intervals without gaps from its first day on."""
        spans: list[Span] = []
        for day in sorted(self._days(golden_id)):
            found = self.at(golden_id, day)
            if found is None or (spans and (spans[-1].status, spans[-1].stands_for) == found):
                continue
            if spans:
                last = spans.pop()
                spans.append(Span(golden_id, last.valid_from, day, last.status, last.stands_for))
            spans.append(Span(golden_id, day, None, *found))
        return spans

    def _days(self, golden_id: str) -> set[dt.date]:
        """Every day on which the answer for an id may change: its own turns and those of its heirs."""
        days: set[dt.date] = set()
        waiting, seen = [golden_id], set()
        while waiting:
            current = waiting.pop()
            if current in seen:
                continue
            seen.add(current)
            for day, heir in self._turns.get(current, []):
                days.add(day)
                if heir is not None:
                    waiting.append(heir)
        return days


def read_lineage(con: duckdb.DuckDBPyConnection, *ids: str) -> Lineage:
    """The life of every id that ever ended, and of the given ones; grain of what is read: event."""
    return Lineage(con.execute(_EVENTS, {"ids": list(ids)}).fetchall())
