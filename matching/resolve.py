"""Resolve one party type: prepare, join by strong identifiers, weigh the rest, judge, cluster."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import duckdb
import numpy as np
import pyarrow as pa
from splink import Linker

from matching.blocking import Oversize, block_keys, blocked_pairs, strong_pairs
from matching.cluster import KEPT, MODEL, STEWARD, STRONG, Edge, Refusal
from matching.decisions import PairDecision
from matching.grouping import UNKNOWN, Edges, Grouping, Rules, components, group
from matching.history import History
from matching.lifecycle import watch
from matching.model import Exclusive, MatchModel, load_model, model_path
from matching.parameters import Parameters
from matching.prepare import prepare
from matching.score import score, scoring_linker
from matching.train import trained_parameters
from matching.verdict import judge
from warehouse.settings import Settings

log = logging.getLogger(__name__)
# how certain a judged pair is
RANK_SQL = f"case when strong is not null then {STRONG} when kept then {KEPT} else {MODEL} end"
_GIANT = 300  # records of a component of which not every pair is weighed again
Numbers = np.ndarray


@dataclass(frozen=True)
class NumberedDecision:
    """A steward's verdict on two records by number, smaller first; `effect` as in `PairDecision`."""

    decision_id: int
    left: int
    right: int
    effect: str | None


@dataclass(frozen=True)
class Resolved:
    """The outcome for one party type; records by number.

    The records stand in the scratch table `prepared_<party type>`, the pairs in `judged_<party type>`. `home` and
    `home_before` (before decisions): per record the smallest record of its customer.
    """

    party_type: str
    model: MatchModel
    version: str
    records: int
    pairs: int
    decisions: list[PairDecision]
    numbered: list[NumberedDecision]
    home: Numbers
    home_before: Numbers
    refusals: list[Refusal[int]]
    oversize: list[Oversize]
    drifted: int = 0  # largest stability index of today's data against the training, in per mille

    @property
    def judged(self) -> str:
        """Scratch table of the judged pairs."""
        return f"judged_{self.party_type}"

    @property
    def prepared(self) -> str:
        """Scratch table of the records."""
        return f"prepared_{self.party_type}"

    @property
    def customers(self) -> int:
        """Number of customers."""
        return int((self.home == np.arange(self.records)).sum())


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
        GateError: the data drifted, and the model file says stop.
    """
    model = load_model(model_path(settings, party_type))
    records = prepare(con, model, f"party_{party_type}", f"prepared_{party_type}")
    if records == 0:
        none = np.zeros(0, np.int64)
        return Resolved(party_type, model, "untrained", 0, 0, [], [], none, none, [], [])
    table = f"prepared_{party_type}"
    parameters = trained_parameters(settings, con, model, table, history.as_of)
    parameters, drifted = watch(settings, con, model, parameters, table, history.as_of)
    joined = history.joined_before() if history.models.get(party_type) == parameters.version else {}
    return replace(resolve_prepared(con, model, parameters, decisions, joined), drifted=drifted)


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
    records = _count(con, table)
    ours, numbered = _known_decisions(con, table, decisions)
    oversize, pairs = _weigh(con, model, parameters, table, judged, records, numbered)
    if model.limits.keep_joined and joined_before:
        _keep_joined(con, table, judged, joined_before)
    edges = _edges(con, judged)
    limits = model.limits
    rules = Rules(_exclusive(con, model, table, records), max_size=limits.max_cluster, margin=limits.ambiguity_margin)
    if limits.support is not None:
        home = components(records, edges.left, edges.right)
        rules = replace(rules, support=limits.support, pairs=_inner_pairs(con, model, parameters, table, home))
    before = group(records, edges, rules)
    after = _obey(records, edges, numbered, rules) if numbered else before
    return Resolved(
        model.party_type, model, parameters.version, records, pairs,
        ours, numbered, after.home, before.home, after.refusals, oversize,
    )  # fmt: skip


def _known_decisions(
    con: duckdb.DuckDBPyConnection, table: str, decisions: Sequence[PairDecision]
) -> tuple[list[PairDecision], list[NumberedDecision]]:
    """The decisions on two records that are there, as given and by number."""
    wanted = sorted({record for d in decisions for record in (d.left, d.right)})
    sql = f"select record_id, record_no from {table} where record_id in (select unnest($wanted::varchar[]))"
    number = dict(con.execute(sql, {"wanted": wanted}).fetchall()) if wanted else {}
    ours = [d for d in decisions if d.left in number and d.right in number and d.left != d.right]
    return ours, [NumberedDecision(d.decision_id, number[d.left], number[d.right], d.effect) for d in ours]


def _weigh(
    con: duckdb.DuckDBPyConnection,
    model: MatchModel,
    parameters: Parameters,
    table: str,
    judged: str,
    records: int,
    decisions: Sequence[NumberedDecision],
) -> tuple[list[Oversize], int]:
    """Judge pairs with a shared strong identifier or a decision first, then the pairs between what these joined."""
    linker = scoring_linker(con, model, parameters, table, records)
    strong_pairs(con, model, table, "first_pairs")
    _add_decided(con, decisions)
    _score_and_judge(con, linker, model, parameters, table, "first_pairs", "first_judged")
    _mark_units(con, model, table, records)
    oversize = blocked_pairs(con, model, "active", "second_pairs")
    con.execute(
        "delete from second_pairs using first_pairs as f where second_pairs.join_key_l = f.join_key_l"
        " and second_pairs.join_key_r = f.join_key_r"
    )
    _score_and_judge(con, linker, model, parameters, table, "second_pairs", "second_judged")
    # what was rejected is of no further use, unless a steward has spoken about it
    con.execute(
        f"""
        create or replace table {judged} as
        select pair.*, false as kept
        from (from first_judged union all from second_judged) as pair
        left join decided_pairs on l = record_no_l and r = record_no_r
        where verdict <> 'reject' or l is not null
        """
    )
    pairs = sum(_count(con, table) for table in ("first_judged", "second_judged"))
    for scratch in ("active", "unit", "first_judged", "second_judged", "first_pairs", "second_pairs"):
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
    con: duckdb.DuckDBPyConnection,
    linker: Linker,
    model: MatchModel,
    parameters: Parameters,
    table: str,
    pairs: str,
    target: str,
) -> None:
    score(con, linker, model, parameters, table, pairs, "scored")
    judge(con, model, table, "scored", target)
    con.execute("drop table scored")


def _add_decided(con: duckdb.DuckDBPyConnection, decisions: Sequence[NumberedDecision]) -> None:
    """Decided pairs are weighed too, so that their evidence can be shown and watched for changes."""
    columns = {"l": [d.left for d in decisions], "r": [d.right for d in decisions]}
    _register(con, "decided", {name: np.array(values, np.int32) for name, values in columns.items()})
    con.execute("create or replace table decided_pairs as select distinct l, r from decided")
    con.execute(
        "insert into first_pairs select 'decision', l, r from decided_pairs"
        " where not exists (from first_pairs where join_key_l = l and join_key_r = r)"
    )
    con.unregister("decided")


def _register(con: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, Numbers]) -> None:
    con.register(name, pa.table({key: pa.array(values) for key, values in columns.items()}))


def _mark_units(con: duckdb.DuckDBPyConnection, model: MatchModel, table: str, records: int) -> None:
    """Make `active`: one record per unit and content, a unit being what strong identifiers joined.

    Records of one unit that say exactly the same need not be compared with the others twice.
    """
    joined = con.execute(
        "select record_no_l, record_no_r from first_judged where strong is not null and verdict = 'link'"
    ).fetchnumpy()
    unit = components(records, joined["record_no_l"], joined["record_no_r"])
    _register(con, "units", {"record_no": np.arange(records, dtype=np.int32), "unit": unit.astype(np.int32)})
    content = ", ".join(f'prepared."{name}"' for name in model.fields)
    con.execute(
        f"create or replace table unit as select min(record_no) as record_no, unit from (select record_no, unit,"
        f" hash({content}) as content from {table} as prepared join units using (record_no)) group by unit, content"
    )
    con.execute(f"create or replace table active as select record_no, unit, {block_keys(model)} from {table}"
                " join unit using (record_no)")  # fmt: skip
    con.unregister("units")


def _keep_joined(con: duckdb.DuckDBPyConnection, table: str, judged: str, before: Mapping[str, str]) -> None:
    """What was one customer the day before, under the same model, stays one while nothing speaks against it.

    A source's record goes on meaning the same person when he moves or changes his name. Only pairs that are doubtful
    today are kept: a conflict, or too little left in common, still parts them.
    """
    columns = {"record_id": list(before), "golden_id": list(before.values())}
    con.register("before", pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}))
    con.execute(
        f"create or replace table stayed as select record_no, golden_id from before join {table} using (record_id)"
    )
    con.execute(
        f"""
        update {judged} as pair
        set kept = true, rule = case verdict when 'review' then 'joined_before' else rule end, verdict = 'link'
        from stayed as l, stayed as r
        where l.record_no = pair.record_no_l and r.record_no = pair.record_no_r and l.golden_id = r.golden_id
            and pair.verdict in ('link', 'review') and pair.conflict is null
        """
    )
    con.execute("drop table stayed")
    con.unregister("before")


def _edges(con: duckdb.DuckDBPyConnection, judged: str) -> Edges:
    found = con.execute(
        f"select {RANK_SQL} as rank, match_weight, record_no_l, record_no_r from {judged} where verdict = 'link'"
    ).fetchnumpy()
    return Edges(found["rank"], found["match_weight"], found["record_no_l"], found["record_no_r"])


def _exclusive(con: duckdb.DuckDBPyConnection, model: MatchModel, table: str, records: int) -> dict[str, Numbers]:
    """Per exclusive value and class a code of the value for every record."""
    exclusive: dict[str, Numbers] = {}
    for item in model.exclusive:
        for name in _classes(con, item, table):
            within = f'"{item.within}" = $name' if item.within else "$name = ''"
            found = con.execute(
                f'select record_no, (hash("{item.value}") >> 1)::bigint as code from {table}'
                f' where "{item.value}" is not null and {within}',
                {"name": name},
            ).fetchnumpy()
            codes = np.full(records, UNKNOWN, np.int64)
            codes[found["record_no"]] = found["code"]
            exclusive[f"{item.conflict}:{name}"] = codes
    return exclusive


def _classes(con: duckdb.DuckDBPyConnection, item: Exclusive, table: str) -> list[str]:
    if not item.within:
        return [""]
    rows = con.execute(f'select distinct "{item.within}" from {table} where "{item.within}" is not null order by 1')
    return [str(row[0]) for row in rows.fetchall() if item.classes is None or row[0] in item.classes]


def _inner_pairs(
    con: duckdb.DuckDBPyConnection, model: MatchModel, parameters: Parameters, table: str, home: Numbers
) -> tuple[Numbers, Numbers, Numbers]:
    """Weights of all pairs inside the components that a chain may have made, giants left out."""
    sizes = np.bincount(home, minlength=len(home))[home]
    chained = np.flatnonzero((sizes > 2) & (sizes <= _GIANT))
    _register(con, "chained", {"record_no": chained.astype(np.int32), "home": home[chained]})
    con.execute(
        "create or replace table inner_pairs as select 'inner' as match_key, l.record_no as join_key_l,"
        " r.record_no as join_key_r from chained as l join chained as r using (home)"
        " where l.record_no < r.record_no"
    )
    con.unregister("chained")
    linker = scoring_linker(con, model, parameters, table, len(home))
    score(con, linker, model, parameters, table, "inner_pairs", "inner_scored")
    found = con.execute("select record_no_l, record_no_r, match_weight from inner_scored").fetchnumpy()
    con.execute("drop table inner_pairs")
    con.execute("drop table inner_scored")
    return found["record_no_l"], found["record_no_r"], found["match_weight"]


def _obey(records: int, edges: Edges, decisions: Sequence[NumberedDecision], rules: Rules) -> Grouping:
    apart = frozenset((d.left, d.right) for d in decisions if d.effect == "different")
    return group(records, with_decisions(edges, decisions), replace(rules, apart=apart))


def with_decisions(edges: Edges, decisions: Sequence[NumberedDecision]) -> Edges:
    """The pairs with the stewards' word: "same" joins before everything, "different" takes the pair out."""
    decided = [d for d in decisions if d.effect]
    size = 1 + max((d.right for d in decided), default=0)
    spoken = np.array([d.left * size + d.right for d in decided], np.int64)
    kept = ~np.isin(edges.left.astype(np.int64) * size + edges.right, spoken) | (edges.right >= size)
    # of two decisions that cannot both hold, the later one wins: it is joined first
    same = [Edge(STEWARD, float(d.decision_id), d.left, d.right) for d in decided if d.effect == "same"]
    return edges.chosen(kept).with_added(same)
