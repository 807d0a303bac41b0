"""The link step: from standardised records to customers with stable golden ids.

Clear values are copied into the connection's own memory catalog, worked on there, and gone with it; the warehouse
receives record ids, weights and labels only, in one transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from matching.cluster import STEWARD, STRONG
from matching.decisions import load_decisions
from matching.history import SCHEMA, Bridge, History, create_tables, read_history, write_day
from matching.identity import Change, assign
from matching.kept import keep_all, keep_changes, sign
from matching.model import PARTY_TYPES
from matching.pairs import finish_pairs, pair_id, write_clusters, write_pairs
from matching.party import gather_parties
from matching.regroup import RANK_SQL
from matching.resolve import Resolved, resolve
from warehouse import store
from warehouse.settings import Settings


def link(settings: Settings, as_of: dt.date, run_id: str, *, whole: bool = False) -> dict[str, int]:
    """Resolve all records into customers; the same day run again gives the same result.

    What an earlier run kept is used where it can be, and only what changed since is looked at; the result is the same.

    Args:
        settings: the site.
        as_of: business day.
        run_id: run of that day, written beside what it changed.
        whole: look at everything, whatever an earlier run kept.

    Returns:
        Counts of records, customers, pairs by verdict and changes of identity.

    Raises:
        UserError: a later day was linked already.
        SettingsError: a model file is wrong, or does not fit the trained model.
    """
    with store.connect(settings) as con:
        create_tables(con)
        history = read_history(con, as_of)
        decisions = load_decisions(con, as_of)
        con.execute("use memory")
        gather_parties(con)
        outcomes = [resolve(settings, con, kind, decisions, history, whole=whole) for kind in PARTY_TYPES]
        return _write(con, outcomes, history, as_of, run_id)


def _write(
    con: duckdb.DuckDBPyConnection, outcomes: Sequence[Resolved], history: History, as_of: dt.date, run_id: str
) -> dict[str, int]:
    """Write everything of the day in one transaction; what needs scratch tables is made before it begins."""
    filled = [outcome for outcome in outcomes if outcome.records]
    clusters = sorted(members for outcome in filled for members in _clusters(con, outcome))
    after = assign(clusters, history.past)
    bridges = _bridges(con, filled, history.before, after)
    cause = "model" if _model_changed(outcomes, history) else "run"
    for outcome in filled:
        finish_pairs(con, outcome)
    con.execute("begin")
    con.execute(f"delete from {SCHEMA}.match_run where as_of = ?", [as_of])
    counts: dict[str, int] = {}
    for outcome in outcomes:
        if not outcome.records:
            _forget(con, outcome)
            continue
        verdicts = write_pairs(con, outcome)
        write_clusters(con, outcome)
        (keep_changes if outcome.kept else keep_all)(con, outcome.tables)
        sign(con, outcome.party_type, outcome.signature, as_of, joined=outcome.joined)
        counts |= _counts(outcome, verdicts)
        _write_run(con, outcome, verdicts, as_of, run_id)
    found = write_day(con, history, run_id, after, bridges, cause)
    con.execute("commit")
    return counts | _change_counts(found)


def _forget(con: duckdb.DuckDBPyConnection, outcome: Resolved) -> None:
    """There is no record of this party type any more."""
    for table in ("match_pair", "match_cluster"):
        con.execute(f"delete from {SCHEMA}.{table} where party_type = ?", [outcome.party_type])
    sign(con, outcome.party_type, None, dt.date.min, joined=False)


def _clusters(con: duckdb.DuckDBPyConnection, outcome: Resolved) -> list[tuple[str, ...]]:
    """The customers as sorted tuples of record ids."""
    rows = con.execute(
        f"select list(record_id order by record_id) from {outcome.scratch('home')}"
        f" join (select record_no, record_id from {outcome.scratch('prepared')}) using (record_no) group by home"
    ).fetchall()
    return [tuple(row[0]) for row in rows]


def _counts(outcome: Resolved, verdicts: Mapping[str, int]) -> dict[str, int]:
    prefix = outcome.party_type
    return {
        f"{prefix}_records": outcome.records,
        f"{prefix}_customers": outcome.customers,
        f"{prefix}_pairs": outcome.pairs,
        f"{prefix}_links": verdicts.get("link", 0),
        f"{prefix}_reviews": verdicts.get("review", 0),
        f"{prefix}_drift_per_mille": outcome.drifted,
        f"{prefix}_oversize_blocks": sum(block.blocks for block in outcome.oversize),
    }


def _change_counts(found: Sequence[Change]) -> dict[str, int]:
    kinds = ("mint", "merge", "split", "undo", "retire")
    return {f"ids_{kind}": sum(change.kind == kind for change in found) for kind in kinds}


def _write_run(
    con: duckdb.DuckDBPyConnection, outcome: Resolved, verdicts: Mapping[str, int], as_of: dt.date, run_id: str
) -> None:
    con.execute(
        f"insert into {SCHEMA}.match_run values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            as_of, run_id, outcome.party_type, outcome.version, outcome.records, outcome.pairs,
            verdicts.get("link", 0), verdicts.get("review", 0), outcome.customers,
        ],
    )  # fmt: skip


def _model_changed(outcomes: Sequence[Resolved], history: History) -> bool:
    """Whether a party type was linked before with another model."""
    return any(history.models.get(o.party_type, o.version) != o.version for o in outcomes if o.records)


def _bridges(
    con: duckdb.DuckDBPyConnection, outcomes: Sequence[Resolved], before: Mapping[str, str], after: Mapping[str, str]
) -> dict[frozenset[str], Bridge]:
    """For two ids, the strongest pair that joined them, or the steward's decision that parted them."""
    bridges: dict[frozenset[str], Bridge] = {}
    columns = {"record_id": list(before), "golden_id": list(before.values())}
    con.register("before", pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}))
    for outcome in outcomes:
        for edge in sorted(_joining(con, outcome), reverse=True):  # the strongest writes last
            _bridge(bridges, before, edge.left, edge.right, _joined(edge))
        for decision in outcome.decisions:
            if decision.effect == "different":
                parted = Bridge(pair_id(decision.left, decision.right), "decision", 0.0, "steward")
                _bridge(bridges, after, decision.left, decision.right, parted)
    con.unregister("before")
    return bridges


@dataclass(frozen=True, order=True)
class _Joining:
    """A pair that joins two customers of the day before; the strongest is the smallest."""

    rank: int
    lightness: float
    left: str
    right: str


def _joining(con: duckdb.DuckDBPyConnection, outcome: Resolved) -> list[_Joining]:
    """Pairs between two customers of the day before, with the stewards' word."""
    rows = con.execute(
        f"""
        select {RANK_SQL}, -match_weight, l.record_id, r.record_id
        from {outcome.scratch("judged")}
        join {outcome.scratch("prepared")} as l on l.record_no = record_no_l
        join {outcome.scratch("prepared")} as r on r.record_no = record_no_r
        join before as one on one.record_id = l.record_id
        join before as two on two.record_id = r.record_id
        where verdict = 'link' and one.golden_id <> two.golden_id
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
