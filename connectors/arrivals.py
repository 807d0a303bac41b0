"""How each source's days arrived: what was late, missing, refused, restated, delivered again or out of order.

Everything follows from what the landing holds; `mdm status` shows the days that were not simply on time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connectors.registry import load_sources
from warehouse import landing
from warehouse.landing import Commit, Manifest
from warehouse.settings import Settings


@dataclass(frozen=True)
class Arrival:
    """One source's business day: its state in a word, and the story, without any value."""

    source: str
    as_of: dt.date
    state: str
    detail: str


def arrivals(settings: Settings, until: dt.date, days: int = 7) -> list[Arrival]:
    """One line for each source and day, oldest first, beginning with the source's first day.

    The states are missing, refused, stopped (by the gate), restated, out_of_order, late, repeated (rows of another
    day), redelivered (the same once more), new_columns, on_time; the first that holds names the day, the detail tells
    all of them.
    """
    found: list[Arrival] = []
    for source in load_sources(settings):
        commits = landing.commits(settings, source, until)
        first = max(until - dt.timedelta(days=days - 1), min((one.as_of for one in commits), default=until))
        wanted = [first + dt.timedelta(days=n) for n in range((until - first).days + 1)]
        found += [_arrival(settings, source, day, commits) for day in wanted]
    return found


def _arrival(settings: Settings, source: str, day: dt.date, commits: Sequence[Commit]) -> Arrival:
    own = [one for one in commits if one.as_of == day]
    problems = landing.problems(settings, source, day)
    if problems or not own:
        return Arrival(source, day, *(("refused", "; ".join(problems)) if problems else ("missing", "no delivery")))
    stories = [(state, tell(settings, source, own, commits)) for state, tell in _STORIES.items()]
    told = [(state, detail) for state, detail in stories if detail]
    state = told[0][0] if told else "on_time"
    return Arrival(source, day, state, "; ".join(detail for _, detail in told))


def _manifests(commit: Commit) -> list[Manifest]:
    return [delivery.manifest for delivery in commit.deliveries.values()]


def _stopped(_settings: Settings, _source: str, own: Sequence[Commit], _all: Sequence[Commit]) -> str:
    gates = [delivery.gate for delivery in own[-1].deliveries.values()]
    return "; ".join(reason for gate in gates if gate is not None for reason in gate.reasons)


def _restated(_settings: Settings, _source: str, own: Sequence[Commit], _all: Sequence[Commit]) -> str:
    return f"delivered {len(own)} times with other content" if len(own) > 1 else ""


def _out_of_order(_settings: Settings, _source: str, own: Sequence[Commit], commits: Sequence[Commit]) -> str:
    """Read at the same time as a later day, or after it."""
    begun = min((manifest.started_at for manifest in _manifests(own[0])), default="")
    later = [one for one in commits if one.as_of > own[0].as_of and one.number == 1]
    before = [one.as_of for one in later if min(m.started_at for m in _manifests(one)) < begun]
    return f"landed after {before[-1]}" if before else ""


def _late(settings: Settings, source: str, own: Sequence[Commit], _all: Sequence[Commit]) -> str:
    tries = landing.failed_tries(settings, source, own[0].as_of)
    return f"landed after {tries} failed {'try' if tries == 1 else 'tries'}" if tries else ""


def _repeated(_settings: Settings, _source: str, own: Sequence[Commit], commits: Sequence[Commit]) -> str:
    """Tables that should hold only new rows and hold exactly those of an earlier day."""
    known: dict[tuple[str, str], dt.date] = {}
    for one in commits:
        for manifest in _manifests(one):
            if one.as_of < own[0].as_of and manifest.rows and manifest.mode != "full":
                known[manifest.table, manifest.content_hash] = one.as_of
    same = [(one.table, known.get((one.table, one.content_hash))) for one in _manifests(own[-1])]
    return "; ".join(f"{table} holds the rows of {day} again" for table, day in same if day is not None)


def _redelivered(settings: Settings, source: str, own: Sequence[Commit], _all: Sequence[Commit]) -> str:
    noted = landing.received(settings, source, own[0].as_of)
    return f"the same content came {noted.times_again + 1} times" if noted and noted.times_again else ""


def _new_columns(_settings: Settings, _source: str, own: Sequence[Commit], _all: Sequence[Commit]) -> str:
    tables = [(one.table, one.new_columns) for one in _manifests(own[-1]) if one.new_columns]
    return "; ".join(f"{table} has undeclared columns: {', '.join(columns)}" for table, columns in tables)


_STORIES: dict[str, Callable[[Settings, str, Sequence[Commit], Sequence[Commit]], str]] = {
    "stopped": _stopped,
    "restated": _restated,
    "out_of_order": _out_of_order,
    "late": _late,
    "repeated": _repeated,
    "redelivered": _redelivered,
    "new_columns": _new_columns,
}
