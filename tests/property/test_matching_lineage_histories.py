"""Random lives of a small bank through the real clusters, ids and tables: inserts, changes, deletes, decisions, models.

Only the weights are made up: everything from weighed pairs on is what a run does.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise

import duckdb
import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from matching.cluster import MODEL
from matching.decisions import PairDecision
from matching.golden_id import number_of
from matching.grouping import Edges, Rules, group
from matching.history import create_tables, read_history, write_day
from matching.identity import Past, assign, changes
from matching.lineage import read_lineage
from matching.regroup import with_decisions
from matching.settle import settle
from matching.work import NumberedDecision

RECORDS = "abcdefgh"
PAIRS = [(one, two) for one in RECORDS for two in RECORDS if one < two]
FIRST = dt.date(2026, 3, 2)
UNTIL_EVER = dt.date(2030, 1, 1)


@dataclass(frozen=True)
class Day:
    """What a run meets: records delivered, pairs with weights, decisions in force, the model's link line.

    `looks_at_changes`: customers that are the same as before are not looked at.
    """

    records: frozenset[str]
    weights: dict[tuple[str, str], int]
    decisions: dict[tuple[str, str], str]
    line: int
    looks_at_changes: bool


DAYS = st.lists(
    st.builds(
        Day,
        records=st.frozensets(st.sampled_from(RECORDS), min_size=3),
        weights=st.dictionaries(st.sampled_from(PAIRS), st.integers(1, 9), max_size=7),
        decisions=st.dictionaries(st.sampled_from(PAIRS), st.sampled_from(["same", "different"]), max_size=2),
        line=st.sampled_from([3, 5]),
        looks_at_changes=st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


def _groups(known: list[str], day: Day) -> list[tuple[str, ...]]:
    """The day's customers, by the real clusters."""
    number = {record: place for place, record in enumerate(known)}
    pairs = [(float(w), *pair) for pair, w in sorted(day.weights.items()) if w >= day.line and set(pair) <= day.records]
    decided = [(n, pair, verdict) for n, (pair, verdict) in enumerate(sorted(day.decisions.items()))]
    decisions = [
        NumberedDecision(n, number[left], number[right], PairDecision(n, left, right, verdict).effect)
        for n, (left, right), verdict in decided
        if {left, right} <= day.records
    ]
    edges = Edges(
        np.full(len(pairs), MODEL, np.int32), np.array([weight for weight, _, _ in pairs]),
        np.array([number[left] for _, left, _ in pairs], np.int32),
        np.array([number[right] for _, _, right in pairs], np.int32),
    )  # fmt: skip
    apart = frozenset((d.left, d.right) for d in decisions if d.effect == "different")
    home = group(len(known), with_decisions(edges, decisions), Rules(apart=apart)).home
    return [tuple(known[place] for place in np.flatnonzero(home == first)) for first in np.unique(home)]


def _past(
    rows: list[tuple[str, str, dt.date, dt.date | None]],
    events: list[tuple[str, str, dt.date]],
    states: list[dict[str, str]],
) -> Past:
    """All that is known of ids, read the slow way."""
    current = {record: identifier for record, identifier, _, end in rows if end is None}
    ended = [(r, i, end) for r, i, _, end in rows if end is not None and i != current.get(r)]
    last = {i: max(end for _, other, end in ended if other == i) for _, i, _ in ended if i not in current.values()}
    return Past(
        current=current,
        since={record: start for record, _, start, end in rows if end is None},
        former={r: frozenset(i for other, i, _ in ended if other == r) for r, _, _ in ended},
        grown={
            identifier: FIRST + dt.timedelta(number)
            for number, (before, after) in enumerate(pairwise(states), 1)
            for record, identifier in after.items()
            if before.get(record, identifier) != identifier and identifier in before.values()
        },
        last_members={
            i: frozenset(r for r, other, end in ended if (other, end) == (i, day)) for i, day in last.items()
        },
        ended=last,
        highest=max((number_of(i) for kind, i, _ in events if kind == "mint"), default=0),
    )


class Bank:
    """Its warehouse, and a plain record of who was who on every day."""

    def __init__(self) -> None:
        self.con = duckdb.connect()
        self.con.execute("attach ':memory:' as warehouse; use warehouse")
        create_tables(self.con)
        self.states: list[dict[str, str]] = []
        self.clusters: list[list[tuple[str, ...]]] = []

    def live(self, day: Day) -> dict[str, str]:
        """Run a day; record -> golden id."""
        as_of = FIRST + dt.timedelta(len(self.states))
        known = [r for r in RECORDS if r in day.records]
        groups = _groups(known, day)
        before = self.states[-1] if self.states else {}
        after, told = self.expected(as_of, groups, before)
        self.settle_day(as_of, self.looked_at(groups, before) if day.looks_at_changes else groups, before, groups)
        assert self.state() == after
        assert self.told(as_of) == told
        self.states.append(after)
        self.clusters.append(groups)
        return after

    def expected(
        self, as_of: dt.date, groups: list[tuple[str, ...]], before: dict[str, str]
    ) -> tuple[dict[str, str], list[tuple[str, ...]]]:
        """Ids and events by the rules alone, asked about everybody."""
        rows = self.con.execute("select * exclude (run_id) from party_identity order by valid_from").fetchall()
        events = self.con.execute("select kind, golden_id, as_of from identity_event order by as_of").fetchall()
        after = assign(groups, _past(rows, events, self.states))
        known = frozenset(identifier for kind, identifier, day in events if kind == "mint" and day < as_of)
        return after, [(c.kind, c.identifier, c.other) for c in changes(before, after, known)]

    def looked_at(self, groups: list[tuple[str, ...]], before: dict[str, str]) -> list[tuple[str, ...]]:
        """Only customers with other records than before."""
        return sorted(set(groups) - {tuple(sorted(r for r in before if before[r] == i)) for i in before.values()})

    def settle_day(
        self, as_of: dt.date, groups: list[tuple[str, ...]], before: dict[str, str], everybody: list[tuple[str, ...]]
    ) -> None:
        history = read_history(self.con, as_of)
        rows = [(record, members[0]) for members in groups for record in members]
        gone = [(record,) for record in set(before) - {record for members in everybody for record in members}]
        for table, columns, values in (("clustered", "record_id, customer", rows), ("vanished", "record_id", gone)):
            names = ", ".join(f"{name} varchar" for name in columns.split(", "))
            self.con.execute(f"create or replace temp table {table} ({names})")
            marks = ", ".join("?" for _ in columns.split(", "))
            if values:
                self.con.executemany(f"insert into {table} values ({marks})", values)
        settled = settle(self.con, history)
        self.con.execute("begin")
        write_day(self.con, history, f"run-{as_of}", settled.found, {}, "run")
        self.con.execute("insert into match_run values (?, '', 'person', '', 0, 0, 0, 0, 0)", [as_of])
        self.con.execute("commit")

    def state(self) -> dict[str, str]:
        return dict(
            self.con.execute("select record_id, golden_id from party_identity where valid_to is null").fetchall()
        )

    def told(self, as_of: dt.date) -> list[tuple[str, ...]]:
        sql = "select kind, golden_id, other_golden_id from identity_event where as_of = ? order by event_id"
        return self.con.execute(sql, [as_of]).fetchall()

    def given_ids(self) -> set[str]:
        return {
            row[0] for row in self.con.execute("select golden_id from identity_event where kind = 'mint'").fetchall()
        }


def _only_joins(before: list[tuple[str, ...]], after: list[tuple[str, ...]]) -> bool:
    """Whether every customer of the first day is part of one of the second."""
    return all(any(set(records) <= set(others) for others in after) for records in before)


@settings(max_examples=25, deadline=None)
@given(DAYS)
def test_untouched_customers_keep_their_id_and_every_id_resolves_on_every_day(days):
    bank = Bank()
    answers: dict[tuple[str, dt.date], object] = {}
    for day in days:
        bank.live(day)
        if len(bank.states) > 1:
            for group in set(bank.clusters[-2]) & set(bank.clusters[-1]):
                assert bank.states[-2][group[0]] == bank.states[-1][group[0]]
        ids = bank.given_ids()
        lineage = read_lineage(bank.con, *ids)
        for number, state in enumerate(bank.states):
            as_of = FIRST + dt.timedelta(number)
            alive = set(state.values())
            for identifier in ids:
                found = lineage.at(identifier, as_of)
                assert answers.setdefault((identifier, as_of), found) == found  # the past stays what it was
                assert found is None or found[0] == "retired" or found[1] in alive
                assert (identifier in alive) == (found == ("active", identifier))
    _written_agrees(bank)


def _written_agrees(bank: Bank) -> None:
    """The tables that are published say the same as the events."""
    lineage = read_lineage(bank.con, *bank.given_ids())
    today = {identifier: lineage.at(identifier, UNTIL_EVER) for identifier in bank.given_ids()}
    rows = bank.con.execute(
        "select golden_id, status, stands_for from identity_lineage where valid_to is null"
    ).fetchall()
    assert all(today[identifier] == (status, heir) for identifier, status, heir in rows)
    assert {i for i, found in today.items() if found != ("active", i)} <= {row[0] for row in rows}
    alive = set(bank.states[-1].values())
    merged = dict(bank.con.execute("select golden_id, survives_as from identity_alias").fetchall())
    assert {i: heir for i, heir in merged.items() if heir in alive} == {
        i: found[1] for i, found in today.items() if found[0] == "merged"
    }


def _apart(records: str, weights: dict[str, int], decisions: dict[str, str]) -> list[Day]:
    """A day on which joining a pair tears another customer apart: a steward's "different" stands between them."""
    named = ({(one, other): value for (one, other), value in part.items()} for part in (weights, decisions))
    return [Day(frozenset(records), *named, line=3, looks_at_changes=False)]


@settings(max_examples=25, deadline=None)
@given(DAYS, st.sampled_from(PAIRS), st.integers(1, 3))
@example(_apart("abcdefgh", {"ch": 3, "cd": 3, "af": 3}, {"eh": "same", "df": "different"}), ("a", "c"), 1)
@example(_apart("abcdef", {"cd": 3}, {"df": "different"}), ("c", "f"), 1)
def test_undoing_a_merge_restores_both_customers_exactly(days, pair, nights):
    bank = Bank()
    for day in days:
        before = bank.live(day)
    last = days[-1]
    if not set(pair) <= last.records or before[pair[0]] == before[pair[1]]:
        return
    joined = replace(last, decisions={**last.decisions, pair: "same"})
    for _ in range(nights):
        bank.live(joined)
    assert bank.live(last) == before
    if not _only_joins(bank.clusters[len(days) - 1], bank.clusters[len(days)]):
        return  # what was torn off the joined customer needed an id of its own meanwhile
    events: dict[str, int] = defaultdict(int)
    for (kind,) in bank.con.execute(
        "select kind from identity_event where as_of >= ?", [FIRST + dt.timedelta(len(days))]
    ).fetchall():
        events[kind] += 1
    assert events["mint"] == 0 and events["merge"] == events["undo"]
