"""Random lives of a small bank through the real clusters, ids and tables: inserts, changes, deletes, decisions, models.

Only the weights are made up: everything from weighed pairs on is what a run does.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

import duckdb
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.cluster import MODEL
from matching.decisions import PairDecision
from matching.grouping import Edges, Rules, group
from matching.history import create_tables, read_history, write_day
from matching.identity import assign
from matching.lineage import read_lineage
from matching.regroup import with_decisions
from matching.work import NumberedDecision

RECORDS = "abcdefgh"
PAIRS = [(one, two) for one in RECORDS for two in RECORDS if one < two]
FIRST = dt.date(2026, 3, 2)
UNTIL_EVER = dt.date(2030, 1, 1)


@dataclass(frozen=True)
class Day:
    """What a run meets: records delivered, pairs with weights, decisions in force, the model's link line."""

    records: frozenset[str]
    weights: dict[tuple[str, str], int]
    decisions: dict[tuple[str, str], str]
    line: int


DAYS = st.lists(
    st.builds(
        Day,
        records=st.frozensets(st.sampled_from(RECORDS), min_size=3),
        weights=st.dictionaries(st.sampled_from(PAIRS), st.integers(1, 9), max_size=7),
        decisions=st.dictionaries(st.sampled_from(PAIRS), st.sampled_from(["same", "different"]), max_size=2),
        line=st.sampled_from([3, 5]),
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
        history = read_history(self.con, as_of)
        after = assign(groups, history.past)
        self.con.execute("begin")
        write_day(self.con, history, f"run-{as_of}", after, {}, "run")
        self.con.execute("insert into match_run values (?, '', 'person', '', 0, 0, 0, 0, 0)", [as_of])
        self.con.execute("commit")
        self.states.append(after)
        self.clusters.append(groups)
        return after

    def given_ids(self) -> set[str]:
        return {
            row[0] for row in self.con.execute("select golden_id from identity_event where kind = 'mint'").fetchall()
        }


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


@settings(max_examples=25, deadline=None)
@given(DAYS, st.sampled_from(PAIRS), st.integers(1, 3))
def test_undoing_a_merge_restores_both_customers_exactly(days, pair, nights):
    bank = Bank()
    for day in days:
        before = bank.live(day)
    last = days[-1]
    if not set(pair) <= last.records or before[pair[0]] == before[pair[1]]:
        return
    joined = Day(last.records, last.weights, {**last.decisions, pair: "same"}, last.line)
    for _ in range(nights):
        bank.live(joined)
    assert bank.live(last) == before
    events: dict[str, int] = defaultdict(int)
    for (kind,) in bank.con.execute(
        "select kind from identity_event where as_of >= ?", [FIRST + dt.timedelta(len(days))]
    ).fetchall():
        events[kind] += 1
    assert events["mint"] == 0 and events["merge"] == events["undo"]
