"""Customers from judged pairs: all of them, or those that what changed may concern.

Records are grouped by their place in the order of their ids, so that the result is the same whatever numbers they have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matching.cluster import KEPT, MODEL, STEWARD, STRONG, Edge, Refusal
from matching.digest import Delta
from matching.grouping import UNKNOWN, Edges, Grouping, Rules, components, group
from matching.model import Exclusive
from matching.records import Records
from matching.relations import count, in_one_only, make_table, registered
from matching.work import NumberedDecision, Numbers, Work

# how certain a judged pair is
RANK_SQL = f"case when strong is not null then {STRONG} when kept then {KEPT} else {MODEL} end"
_GIANT = 300  # records of a component of which not every pair is weighed again
_HOME = "record_no, unit, home, home_before"
_SAME = "match_weight, strong, kept"  # what counts of a link when customers are made


@dataclass(frozen=True)
class Members:
    """Records that are grouped: their numbers in the order of their ids, and the place of each number (-1: none)."""

    numbers: Numbers
    place: Numbers

    def placed(self, edges: Edges) -> Edges:
        """Pairs of these records by place; the smaller comes first, as the record with the smaller id does."""
        return Edges(edges.rank, edges.weight, self.place[edges.left], self.place[edges.right])

    def placed_decision(self, decision: NumberedDecision) -> NumberedDecision:
        """The decision by place."""
        return replace(decision, left=int(self.place[decision.left]), right=int(self.place[decision.right]))


def regroup(work: Work, flags: Numbers | None = None) -> int:
    """Make `home` (record_no, unit, home, home_before), `refused` and `decided`; returns the number of customers.

    Args:
        work: the run.
        flags: by number, where an earlier run was kept (`matching.delta`).
    """
    edges = _edges(work)
    delta = work.delta
    members = _everybody(work) if flags is None or delta is None else _concerned(work, delta, edges, flags)
    before, after = _group(work, members, edges)
    _write_homes(work, members, before, after)
    _write_refused(work, members, after.refusals)
    _write_decided(work)
    return count(work.con, f"{work.scratch('home')} where home = record_no")


def _edges(work: Work) -> Edges:
    found = work.con.sql(
        f"select {RANK_SQL} as rank, match_weight, record_no_l, record_no_r from {work.scratch('judged')}"
        " where verdict = 'link'"
    ).fetchnumpy()
    return Edges(found["rank"], found["match_weight"], found["record_no_l"], found["record_no_r"])


def _everybody(work: Work) -> Members:
    numbers = np.arange(work.records, dtype=np.int32)
    return Members(numbers, numbers)


def _concerned(work: Work, delta: Delta, edges: Edges, flags: Numbers) -> Members:
    """The records of every component that something which changed belongs to."""
    same = [d for d in work.decisions if d.effect == "same"]
    left = np.concatenate([edges.left, [d.left for d in same]]).astype(np.int32)
    right = np.concatenate([edges.right, [d.right for d in same]]).astype(np.int32)
    home = components(work.size, left, right)
    touched = np.zeros(work.size, bool)
    touched[home[_turned(work)]] = True
    touched |= np.bincount(home, weights=flags, minlength=work.size) >= 2
    found = work.prepared.gathered.in_order(np.flatnonzero(touched[home] & delta.is_there).astype(np.int32))
    place = np.full(work.size, -1, np.int32)
    place[found] = np.arange(len(found), dtype=np.int32)
    return Members(found, place)


def _turned(work: Work) -> Numbers:
    """Records of links that came or went, and of decisions, old and new, with all that share their exclusive values."""
    con, kept = work.con, work.tables.kept
    links = f"select record_no_l, record_no_r, {_SAME} from {{}} where verdict = 'link'"
    stale = f"(record_no_l, record_no_r) in (select (record_no_l, record_no_r) from {work.scratch('stale')})"
    was = f"({links.format(kept('judged'))} and {stale})"
    now = f"({links.format(work.scratch('judged_fresh'))})"
    con.execute(f"create or replace table turned as from {in_one_only(was, now)}")
    ends = {number for d in work.decisions for number in (d.left, d.right)}
    before = con.execute(f"select decision_id, l, r, effect from {kept('decided')}").fetchall()
    is_same = set(before) == {(d.decision_id, d.left, d.right, d.effect) for d in work.decisions}
    if not is_same:
        ends |= {number for row in before for number in row[1:3]}
    parts = [*(f"select record_no_{side} as record_no from turned" for side in "lr"), "from decided_ends"]
    if not is_same:
        parts += [_sharing(work, item.value) for item in work.model.exclusive]
    with registered(con, "decided_ends", {"record_no": np.array(sorted(ends), np.int32)}):
        found = con.execute(" union ".join(parts)).fetchnumpy()["record_no"]
    con.execute("drop table turned")
    return found.astype(np.int32)


def _sharing(work: Work, column: str) -> str:
    """Query of the records with a value that a record of a decision has or had: it may count as another value."""
    tables = (work.scratch("prepared"), work.tables.kept("prepared"))
    held = (f'select "{column}" from {table} semi join decided_ends using (record_no)' for table in tables)
    return f'select record_no from {tables[0]} where "{column}" in ({" union ".join(held)})'


def _group(work: Work, members: Members, edges: Edges) -> tuple[Grouping, Grouping]:
    """Customers of the members by place, before and after the stewards' decisions."""
    number, limits = len(members.numbers), work.model.limits
    placed = members.placed(edges.chosen(members.place[edges.left] >= 0)) if work.kept else edges
    rules = Rules(_exclusive(work, members), max_size=limits.max_cluster, margin=limits.ambiguity_margin)
    home = components(number, placed.left, placed.right)
    if limits.support is not None:
        rules = replace(rules, support=limits.support, pairs=_inner_pairs(work, members, home))
    before = group(number, placed, rules, home)
    if not work.decisions:
        return before, before
    decisions = [members.placed_decision(d) for d in work.decisions]
    apart = frozenset((d.left, d.right) for d in decisions if d.effect == "different")
    return before, group(number, with_decisions(placed, decisions), replace(rules, apart=apart))


def _exclusive(work: Work, members: Members) -> dict[str, Numbers]:
    """Per exclusive value and class a code of the value for every member."""
    records = work.prepared.holding(members.numbers)
    exclusive: dict[str, Numbers] = {}
    for item in work.model.exclusive:
        exclusive |= _coded(work.con, records, item, members.numbers)
    return exclusive


def _coded(con: duckdb.DuckDBPyConnection, records: Records, item: Exclusive, numbers: Numbers) -> dict[str, Numbers]:
    """As `_exclusive` one value."""
    hashes = records.hashes(con, item.value, numbers)
    codes = np.where(hashes == 0, UNKNOWN, (hashes >> np.uint64(1)).astype(np.int64))
    if not item.within:
        return {f"{item.conflict}:": codes}
    classes = records.columns[item.within].taken(numbers)
    seen = classes.unique().drop_null().to_pylist()
    wanted = sorted(name for name in seen if item.classes is None or name in item.classes)
    held = {name: np.asarray(pc.equal(classes, name).fill_null(fill_value=False)) for name in wanted}
    return {f"{item.conflict}:{name}": np.where(held[name], codes, UNKNOWN) for name in wanted}


def _inner_pairs(work: Work, members: Members, home: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Weights of all pairs inside the components that a chain may have made, giants left out."""
    con, sizes = work.con, np.bincount(home, minlength=len(home))
    is_asked = (sizes > 2) & (sizes <= _GIANT)
    known = con.sql(f"select record_no_l, record_no_r, match_weight from {work.scratch('judged')}").fetchnumpy()
    left, right = (members.place[known[f"record_no_{side}"]] for side in "lr")
    inside = np.flatnonzero((left >= 0) & (right >= 0))
    inside = inside[(home[left[inside]] == home[right[inside]]) & is_asked[home[left[inside]]]]
    left, right, weight = left[inside], right[inside], known["match_weight"][inside]
    is_open = is_asked & (np.bincount(home[left], minlength=len(home)) < sizes * (sizes - 1) // 2)
    chained = np.flatnonzero(is_open[home])
    with registered(con, "chained", {"record_no": members.numbers[chained], "place": chained, "home": home[chained]}):
        con.execute(
            "create or replace table unweighed as select 'inner' as match_key, l.record_no as join_key_l,"
            " r.record_no as join_key_r from chained as l join chained as r using (home)"
            f" anti join {work.scratch('judged')} as judged on record_no_l = l.record_no and record_no_r = r.record_no"
            " where l.place < r.place"
        )
    work.scorer.weigh("unweighed", "inner_scored", "select record_no_l, record_no_r, match_weight from {}".format)
    found = con.execute("select record_no_l, record_no_r, match_weight from inner_scored").fetchnumpy()
    for scratch in ("unweighed", "inner_scored"):
        con.execute(f"drop table {scratch}")
    return (
        np.append(left, members.place[found["record_no_l"]]),
        np.append(right, members.place[found["record_no_r"]]),
        np.append(weight, found["match_weight"]),
    )


def with_decisions(edges: Edges, decisions: Sequence[NumberedDecision]) -> Edges:
    """The pairs with the stewards' word: "same" joins before everything, "different" takes the pair out."""
    decided = [d for d in decisions if d.effect]
    size = 1 + max((d.right for d in decided), default=0)
    spoken = np.array([d.left * size + d.right for d in decided], np.int64)
    kept = ~np.isin(edges.left.astype(np.int64) * size + edges.right, spoken) | (edges.right >= size)
    # of two decisions that cannot both hold, the later one wins: it is joined first
    same = [Edge(STEWARD, float(d.decision_id), d.left, d.right) for d in decided if d.effect == "same"]
    return edges.chosen(kept).with_added(same)


def _write_homes(work: Work, members: Members, before: Grouping, after: Grouping) -> None:
    con = work.con
    homes = {"home": members.numbers[after.home], "home_before": members.numbers[before.home]}
    unit = work.scratch("unit")
    if work.kept:
        con.execute(
            f"create or replace view {unit} as select record_no, unit from {work.tables.kept('home')} anti join"
            f" {work.scratch('dirty')} using (record_no) union all select * from {work.scratch('unit_fresh')}"
        )
    with registered(con, "homes", {"record_no": members.numbers, **homes}):
        con.execute(
            f"create or replace table {work.fresh('home')} as select {_HOME} from homes join {unit} using (record_no)"
        )
    if work.kept:
        work.fresh_or_kept("home", "record_no", work.tables.outdated)
        _make_rehomed(work)


def _make_rehomed(work: Work) -> None:
    """Make `home_other`, records grouped again that came out otherwise, and `rehomed`, their old and new customers.

    Most records that are grouped again come out as they were, and nothing more is to be done about them.
    """
    kept, fresh, other = work.tables.kept("home"), work.scratch("home_fresh"), work.scratch("home_other")
    work.con.execute(
        f"create or replace table {other} as from {fresh}"
        f" except from (select {_HOME} from {kept} semi join {fresh} using (record_no))"
    )
    work.con.execute(
        f"create or replace table {work.scratch('rehomed')} as from {fresh} semi join (select home from {other}"
        f" union select home from {kept} semi join {other} using (record_no)) using (home)"
    )


def _write_refused(work: Work, members: Members, refusals: Sequence[Refusal[int]]) -> None:
    con = work.con
    ends = members.numbers[np.array([(r.edge.left, r.edge.right) for r in refusals], np.int64).reshape(-1, 2)]
    reasons = pa.array([refusal.reason.partition(":")[0] for refusal in refusals], pa.string())
    left, right = ends.T.astype(np.int32)
    make_table(con, work.fresh("refused"), {"l": left, "r": right, "reason": reasons})
    if work.kept:
        con.execute(
            f"create or replace view {work.scratch('refused')} as select * from {work.tables.kept('refused')}"
            f" where l not in {work.tables.outdated} and r not in {work.tables.outdated}"
            f" union all select * from {work.scratch('refused_fresh')}"
        )


def _write_decided(work: Work) -> None:
    columns = {
        "decision_id": pa.array([d.decision_id for d in work.decisions], pa.int64()),
        "l": pa.array([d.left for d in work.decisions], pa.int32()),
        "r": pa.array([d.right for d in work.decisions], pa.int32()),
        "effect": pa.array([d.effect for d in work.decisions], pa.string()),
    }
    make_table(work.con, work.scratch("decided"), columns)
    work.con.execute(f"create or replace view {work.scratch('decided_fresh')} as from {work.scratch('decided')}")
