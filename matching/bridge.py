"""Why two golden ids became one, or one two: the strongest pair between them, or a steward's decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from matching.cluster import STEWARD, STRONG
from matching.history import Bridge
from matching.pairs import pair_id
from matching.regroup import RANK_SQL
from matching.relations import registered, texts
from matching.resolve import Resolved
from matching.settle import Settled


@dataclass(frozen=True, order=True)
class _Joining:
    """A pair that joins two customers of the day before; the strongest is the smallest."""

    rank: int
    lightness: float
    left: str
    right: str


def find_bridges(
    con: duckdb.DuckDBPyConnection, outcomes: Sequence[Resolved], settled: Settled
) -> dict[frozenset[str], Bridge]:
    """For two ids that something happened to, the pair that joined them, or the decision that parted them."""
    bridges: dict[frozenset[str], Bridge] = {}
    before = texts({"record_id": settled.before, "golden_id": settled.before.values()})
    for outcome in outcomes:
        with registered(con, "before", before):
            joining = _joining(con, outcome)
        for edge in sorted(joining, reverse=True):  # the strongest writes last
            _bridge(bridges, settled.before, edge.left, edge.right, _joined(edge))
        for decision in outcome.decisions:
            if decision.effect == "different":
                parted = Bridge(pair_id(decision.left, decision.right), "decision", 0.0, "steward")
                _bridge(bridges, settled.after, decision.left, decision.right, parted)
    return bridges


def _joining(con: duckdb.DuckDBPyConnection, outcome: Resolved) -> list[_Joining]:
    """Pairs between two customers of the day before, with the stewards' word."""
    # a table of its own: the optimizer cannot know how few these records are among all
    con.execute(
        "create or replace temp table named as select record_no, record_id, golden_id"
        f" from (select record_no, record_id from {outcome.scratch('prepared')}) join before using (record_id)"
    )
    rows = con.execute(
        f"""
        select {RANK_SQL}, -match_weight, l.record_id, r.record_id
        from {outcome.scratch("judged")}
        join named as l on l.record_no = record_no_l
        join named as r on r.record_no = record_no_r
        where verdict = 'link' and l.golden_id <> r.golden_id
        """
    ).fetchall()
    decided = {(d.left, d.right): d for d in outcome.decisions if d.effect}
    found = [_Joining(*row) for row in rows if (row[2], row[3]) not in decided]
    same = [d for d in decided.values() if d.effect == "same"]
    return [*found, *(_Joining(STEWARD, -float(d.decision_id), d.left, d.right) for d in same)]


def _joined(edge: _Joining) -> Bridge:
    rule = {STEWARD: "decision", STRONG: "strong_id"}.get(edge.rank, "model")
    cause = "steward" if edge.rank == STEWARD else "run"
    weight = 0.0 if edge.rank == STEWARD else -edge.lightness
    return Bridge(pair_id(edge.left, edge.right), rule, weight, cause)


def _bridge(
    bridges: dict[frozenset[str], Bridge], ids: Mapping[str, str], left: str, right: str, bridge: Bridge
) -> None:
    one, two = ids.get(left), ids.get(right)
    if one and two and one != two:
        bridges[frozenset((one, two))] = bridge
