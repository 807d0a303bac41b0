"""Resolve one party type: prepare, join by strong identifiers, weigh the rest, judge, cluster."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import duckdb
import pyarrow as pa
from splink import Linker

from matching.blocking import Oversize, blocked_pairs, strong_pairs
from matching.cluster import (
    KEPT,
    MODEL,
    STEWARD,
    STRONG,
    Clustering,
    Constraints,
    Edge,
    Forest,
    cluster,
    components,
)
from matching.decisions import PairDecision
from matching.history import History
from matching.model import MatchModel, load_model, model_path
from matching.parameters import Parameters
from matching.prepare import prepare
from matching.score import score, scoring_linker
from matching.train import trained_parameters
from matching.verdict import judge
from warehouse.settings import Settings

log = logging.getLogger(__name__)
_GIANT = 300  # records of a component of which not every pair is weighed again


@dataclass(frozen=True)
class Resolved:
    """The outcome for one party type; the pairs stand in the scratch table `judged_<party type>`."""

    party_type: str
    model: MatchModel
    version: str
    records: int
    pairs: int
    decisions: list[PairDecision]
    edges: list[Edge]
    clustering: Clustering
    before_decisions: Clustering
    oversize: list[Oversize]

    @property
    def judged(self) -> str:
        """Scratch table of the judged pairs."""
        return f"judged_{self.party_type}"


def resolve(
    settings: Settings,
    con: duckdb.DuckDBPyConnection,
    party_type: str,
    decisions: Sequence[PairDecision],
    history: History,
) -> Resolved:
    """Find the customers of one party type among the records of `party_<party type>` in the scratch catalog.

    Raises:
        SettingsError: the model file is wrong, or does not fit the trained model.
    """
    model = load_model(model_path(settings, party_type))
    records = prepare(con, model, f"party_{party_type}", f"prepared_{party_type}")
    if records == 0:
        return Resolved(party_type, model, "untrained", 0, 0, [], [], Clustering([], []), Clustering([], []), [])
    parameters = trained_parameters(settings, con, model, f"prepared_{party_type}", history.as_of)
    joined = history.joined_before() if history.models.get(party_type) == parameters.version else {}
    return resolve_prepared(con, model, parameters, decisions, joined)


def resolve_prepared(
    con: duckdb.DuckDBPyConnection,
    model: MatchModel,
    parameters: Parameters,
    decisions: Sequence[PairDecision] = (),
    joined_before: Mapping[str, str] = MappingProxyType({}),
) -> Resolved:
    """Find who belongs together among the records of `prepared_<party type>`, with a trained model.

    Args:
        con: the scratch connection.
        model: the model.
        parameters: its numbers.
        decisions: what stewards said.
        joined_before: record -> customer of the day before, under the same model.
    """
    table, judged = f"prepared_{model.party_type}", f"judged_{model.party_type}"
    known = [row[0] for row in con.execute(f"select record_id from {table} order by 1").fetchall()]
    ours = _known_decisions(decisions, set(known))
    oversize, pairs = _weigh(con, model, parameters, table, judged, len(known), ours)
    if model.limits.keep_joined and joined_before:
        _keep_joined(con, judged, joined_before)
    edges = _edges(con, judged)
    constraints = _constraints(con, model, table)
    if model.limits.support is not None:
        weights = _inner_weights(con, model, parameters, table, components(known, edges))
        constraints = replace(constraints, support=model.limits.support, weights=weights)
    before = cluster(known, edges, constraints)
    after = _obey(known, edges, ours, constraints) if ours else before
    return Resolved(
        model.party_type, model, parameters.version, len(known), pairs,
        ours, _with_decisions(edges, ours), after, before, oversize,
    )  # fmt: skip


def _known_decisions(decisions: Sequence[PairDecision], known: set[str]) -> list[PairDecision]:
    return [d for d in decisions if d.left in known and d.right in known and d.left != d.right]


def _weigh(
    con: duckdb.DuckDBPyConnection,
    model: MatchModel,
    parameters: Parameters,
    table: str,
    judged: str,
    records: int,
    decisions: Sequence[PairDecision],
) -> tuple[list[Oversize], int]:
    """Judge pairs with a shared strong identifier or a decision first, then the pairs between what these joined."""
    linker = scoring_linker(con, model, parameters, table, records)
    strong_pairs(con, model, table, "first_pairs")
    _add_decided(con, decisions)
    _score_and_judge(con, linker, model, table, "first_pairs", "first_judged")
    _mark_units(con, model, table)
    oversize = blocked_pairs(con, model, "active", "second_pairs")
    con.execute(
        "delete from second_pairs using first_pairs as f where second_pairs.join_key_l = f.join_key_l"
        " and second_pairs.join_key_r = f.join_key_r"
    )
    _score_and_judge(con, linker, model, table, "second_pairs", "second_judged")
    # what was rejected is of no further use, unless a steward has spoken about it
    con.execute(
        f"""
        create or replace table {judged} as
        select *, false as kept from (from first_judged union all from second_judged)
        where verdict <> 'reject' or (record_id_l, record_id_r) in (select (l, r) from decided_pairs)
        order by record_id_l, record_id_r
        """
    )
    pairs = sum(_count(con, table) for table in ("first_judged", "second_judged"))
    for scratch in ("active", "first_judged", "second_judged", "first_pairs", "second_pairs"):
        con.execute(f"drop table {scratch}")
    for block in oversize:
        log.warning(
            "blocking rule %s: %d blocks left out, the largest with %d records", block.rule, block.blocks, block.largest
        )
    return oversize, pairs


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0


def _score_and_judge(
    con: duckdb.DuckDBPyConnection, linker: Linker, model: MatchModel, table: str, pairs: str, target: str
) -> None:
    score(con, linker, model, pairs, "scored")
    judge(con, model, table, "scored", target)
    con.execute("drop table scored")


def _add_decided(con: duckdb.DuckDBPyConnection, decisions: Sequence[PairDecision]) -> None:
    """Decided pairs are weighed too, so that their evidence can be shown and watched for changes."""
    columns = {"l": [d.left for d in decisions], "r": [d.right for d in decisions]}
    con.register("decided", pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}))
    con.execute("create or replace table decided_pairs as select l, r from decided order by l, r")
    con.execute(
        "insert into first_pairs select 'decision', l, r from decided"
        " where not exists (from first_pairs where join_key_l = l and join_key_r = r) order by l, r"
    )
    con.unregister("decided")


def _mark_units(con: duckdb.DuckDBPyConnection, model: MatchModel, table: str) -> None:
    """Make `active`: one record per unit and content, a unit being what strong identifiers joined.

    Records of one unit that say exactly the same need not be compared with the others twice.
    """
    forest = Forest()
    joined = "select record_id_l, record_id_r from first_judged where strong is not null and verdict = 'link'"
    for left, right in con.execute(f"{joined} order by 1, 2").fetchall():
        forest.join(left, right)
    records = [row[0] for row in con.execute(f"select record_id from {table} order by 1").fetchall()]
    units = {"record_id": records, "unit": [forest.find(record) for record in records]}
    con.register("units", pa.table({name: pa.array(values, pa.string()) for name, values in units.items()}))
    content = ", ".join(f'prepared."{name}"' for name in model.fields)
    con.execute(
        f"""
        create or replace table active as
        select prepared.*, units.unit
        from {table} as prepared join units on units.record_id = prepared.record_id
        qualify row_number() over (partition by units.unit, hash({content}) order by prepared.record_id) = 1
        order by prepared.record_id
        """
    )
    con.unregister("units")


def _keep_joined(con: duckdb.DuckDBPyConnection, judged: str, before: Mapping[str, str]) -> None:
    """What was one customer the day before, under the same model, stays one while nothing speaks against it.

    A source's record goes on meaning the same person when he moves or changes his name. Only pairs that are doubtful
    today are kept: a conflict, or too little left in common, still parts them.
    """
    columns = {"record_id": list(before), "golden_id": list(before.values())}
    con.register("before", pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}))
    con.execute(
        f"""
        update {judged} as pair
        set kept = true, rule = case verdict when 'review' then 'joined_before' else rule end, verdict = 'link'
        from before as l, before as r
        where l.record_id = pair.record_id_l and r.record_id = pair.record_id_r and l.golden_id = r.golden_id
            and pair.verdict in ('link', 'review') and pair.conflict is null
        """
    )
    con.unregister("before")


def _edges(con: duckdb.DuckDBPyConnection, judged: str) -> list[Edge]:
    rank = f"case when strong is not null then {STRONG} when kept then {KEPT} else {MODEL} end"
    rows = con.execute(
        f"select {rank}, match_weight, record_id_l, record_id_r from {judged} where verdict = 'link' order by 3, 4"
    ).fetchall()
    return [Edge(*row) for row in rows]


def _constraints(con: duckdb.DuckDBPyConnection, model: MatchModel, table: str) -> Constraints:
    exclusive: dict[str, dict[str, str]] = {}
    for item in model.exclusive:
        group = f'"{item.within}"' if item.within else "''"
        rows = con.execute(
            f'select record_id, "{item.value}"::varchar, {group} from {table}'
            f' where "{item.value}" is not null and {group} is not null order by 1'
        ).fetchall()
        for record, value, name in rows:
            if item.classes is None or name in item.classes:
                exclusive.setdefault(f"{item.conflict}:{name}", {})[record] = value
    limits = model.limits
    return Constraints(exclusive=exclusive, max_size=limits.max_cluster, margin=limits.ambiguity_margin)


def _inner_weights(
    con: duckdb.DuckDBPyConnection,
    model: MatchModel,
    parameters: Parameters,
    table: str,
    groups: Sequence[tuple[str, ...]],
) -> dict[tuple[str, str], float]:
    """Weights of all pairs inside the components that a chain may have made, giants left out."""
    chained = [group for group in groups if 2 < len(group) <= _GIANT]
    columns = {
        "record_id": [record for group in chained for record in group],
        "home": [group[0] for group in chained for _ in group],
    }
    con.register("chained", pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}))
    con.execute(
        "create or replace table inner_pairs as select 'inner' as match_key, l.record_id as join_key_l,"
        " r.record_id as join_key_r from chained as l join chained as r using (home)"
        " where l.record_id < r.record_id order by all"
    )
    con.unregister("chained")
    linker = scoring_linker(con, model, parameters, table, _count(con, table))
    score(con, linker, model, "inner_pairs", "inner_scored")
    rows = con.execute("select record_id_l, record_id_r, match_weight from inner_scored order by 1, 2").fetchall()
    con.execute("drop table inner_pairs")
    con.execute("drop table inner_scored")
    return {(left, right): weight for left, right, weight in rows}


def _with_decisions(edges: list[Edge], decisions: Sequence[PairDecision]) -> list[Edge]:
    """The pairs with the stewards' word: "same" joins before everything, "different" takes the pair out."""
    decided = {(d.left, d.right): d for d in decisions if d.effect}
    kept = [edge for edge in edges if (edge.left, edge.right) not in decided]
    # of two decisions that cannot both hold, the later one wins: it is joined first
    same = [Edge(STEWARD, float(d.decision_id), d.left, d.right) for d in decided.values() if d.effect == "same"]
    return [*kept, *same]


def _obey(
    known: list[str], edges: list[Edge], decisions: Sequence[PairDecision], constraints: Constraints
) -> Clustering:
    apart = frozenset((d.left, d.right) for d in decisions if d.effect == "different")
    limited = replace(constraints, apart=apart)
    return cluster(known, _with_decisions(edges, decisions), limited)
