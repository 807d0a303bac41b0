"""Why two records are one customer or two: who would have compared them, what they weigh, what would change it.

The pair is weighed anew with the trained model, in the connection's memory, exactly as a run weighs it; the warehouse
is only read. No value of a record is shown: only which keys are there, agree or differ.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import duckdb

from matching.explain import newest_day
from matching.model import MatchModel, line_model
from matching.parameters import Parameters, load_parameters
from matching.party import gather_parties
from matching.prepare import prepare
from matching.prepared import Prepared
from matching.score import evidence_sql, scorer
from matching.train import parameters_path
from matching.verdict import judged_sql
from matching.whatif import better, changes, never_compared
from matching.words import told, waterfall
from warehouse import store
from warehouse.errors import NotFoundError
from warehouse.settings import Settings

_TABLE, _PAIR = "prepared_pair_side", "asked_pair"


def compare_records(settings: Settings, left: str, right: str) -> dict[str, Any]:
    """Explain one pair of records of the newest run.

    Args:
        settings: the site.
        left: a record id.
        right: another one.

    Returns:
        records (both ids), golden_ids, same_customer, party_type, decision (a steward's verdict in force, or None),
        blocking (per rule: rule, kind `strong` or `blocking`, keys, result `compares`, `missing`, `differs` or
        `too_large`, missing, differing, block_size), compared (whether any rule compares them), pair (origin,
        verdict, rule, conflict, guard, match_weight, match_probability, evidence, waterfall, words), held (what the
        newest run kept about the pair, or None), path (links through which one customer holds both), changes (what
        would change the verdict: kind, text_zh, text_en).

    Raises:
        NotFoundError: unknown record, the same one twice, nothing linked yet, or no trained model.
    """
    left, right = sorted((left, right))
    if left == right:
        raise NotFoundError(f"record {left}: given twice; name two records")
    with store.connect(settings, read_only=True) as con:
        newest_day(con)
        identities = _identities(con, left, right)
        party_type = _party_type(con, left, right)
        is_one = len(set(identities)) == 1
        told_of = {"records": [left, right], "golden_ids": identities, "same_customer": is_one}
        if party_type is None:
            return told_of | _never()
        held = _held(con, left, right)
        path = _path(con, identities[0], left, right) if is_one else []
        decision = _decision(con, left, right)
        weighed = _weigh(settings, con, party_type, left, right, held)
    shown = {key: weighed[key] for key in ("blocking", "compared", "pair", "thresholds")}
    found = changes(weighed, decision, held, is_one=is_one)
    standing = {"party_type": party_type, "decision": decision, "held": held, "path": path}
    return told_of | standing | shown | {"changes": found}


def _identities(con: duckdb.DuckDBPyConnection, *records: str) -> list[str]:
    sql = "select golden_id from party_identity where record_id = ? and valid_to is null"
    found = [con.execute(sql, [record]).fetchone() for record in records]
    missing = [record for record, row in zip(records, found, strict=True) if row is None]
    if missing:
        raise NotFoundError(*(f"record {record}: not among the linked records; check it" for record in missing))
    return [str(row[0]) for row in found if row]


def _party_type(con: duckdb.DuckDBPyConnection, left: str, right: str) -> str | None:
    """The party type of both, or None when they differ."""
    rows = con.execute(
        "select distinct party_type from int_party__record where record_id in (?, ?)", [left, right]
    ).fetchall()
    return str(rows[0][0]) if len(rows) == 1 else None


def _never() -> dict[str, Any]:
    """A person and an organization are never compared."""
    empty: dict[str, Any] = {"party_type": None, "decision": None, "held": None, "path": [], "blocking": []}
    return empty | {"compared": False, "pair": None, "thresholds": None, "changes": [never_compared()]}


def _held(con: duckdb.DuckDBPyConnection, left: str, right: str) -> dict[str, Any] | None:
    columns = "pair_id, origin, verdict, rule, conflict, match_weight"
    result = con.execute(f"select {columns} from match_pair where record_id_l = ? and record_id_r = ?", [left, right])
    names = [str(column[0]) for column in result.description or []]
    row = result.fetchone()
    return dict(zip(names, row, strict=True)) if row else None


def _decision(con: duckdb.DuckDBPyConnection, left: str, right: str) -> str | None:
    if not store.table_exists(con, "steward_decision"):
        return None
    sql = (
        "select verdict from steward_decision where ? in (record_id_l, record_id_r) and ? in (record_id_l, record_id_r)"
    )
    row = con.execute(f"{sql} order by decision_id desc limit 1", [left, right]).fetchone()
    return str(row[0]) if row else None


def _path(con: duckdb.DuckDBPyConnection, golden_id: str, left: str, right: str) -> list[dict[str, Any]]:
    """The shortest chain of links from one record to the other inside their customer."""
    rows = con.execute(
        "select pair_id, record_id_l, record_id_r, origin, rule, match_weight from match_pair"
        " where verdict = 'link' and record_id_l in (select record_id from party_identity where golden_id = $id"
        " and valid_to is null) order by match_weight desc, record_id_l, record_id_r",
        {"id": golden_id},
    ).fetchall()
    links = [dict(zip(("pair_id", "record_id_l", "record_id_r", "origin", "rule", "match_weight"), r, strict=True))
             for r in rows]  # fmt: skip
    came: dict[str, tuple[str, dict[str, Any]] | None] = {left: None}
    waiting = [left]
    while waiting and right not in came:
        current = waiting.pop(0)
        for link in links:
            ends = (link["record_id_l"], link["record_id_r"])
            other = ends[1] if ends[0] == current else ends[0]
            if current in ends and other not in came:
                came[other] = (current, link)
                waiting.append(other)
    chain: list[dict[str, Any]] = []
    step = came.get(right)
    while step is not None:
        chain.insert(0, step[1])
        step = came[step[0]]
    return chain


def _weigh(
    settings: Settings,
    con: duckdb.DuckDBPyConnection,
    party_type: str,
    left: str,
    right: str,
    held: dict[str, Any] | None,
) -> dict[str, Any]:
    model = line_model(settings, party_type)
    path = parameters_path(settings, party_type)
    parameters = load_parameters(path, model)
    if parameters is None:
        raise NotFoundError(f"{path}: no trained model; run the line first (mdm run)")
    con.execute("use memory")
    gather_parties(con)
    prepared = prepare(con, model, f"party_{party_type}", _TABLE)
    blocking = [*_strong(con, model, left, right), *_blocking(con, model, left, right)]
    pair = _score(prepared, parameters, left, right)
    thresholds = model.thresholds
    gains = better(model, parameters, pair)
    pair |= {key: held[key] for key in ("origin", "verdict", "rule", "conflict")} if held else {}
    pair |= {"waterfall": waterfall(pair["evidence"], pair["match_weight"])} | told(pair, thresholds)
    del pair["levels"]
    return {
        "blocking": blocking,
        "compared": any(rule["result"] == "compares" for rule in blocking),
        "pair": pair,
        "thresholds": {"link": thresholds.link, "review": thresholds.review},
        "better": gains,
    }


def _score(prepared: Prepared, parameters: Parameters, left: str, right: str) -> dict[str, Any]:
    con, model = prepared.con, prepared.model
    con.execute(
        f"create or replace table {_PAIR} as select 'asked' as match_key, min(record_no) as join_key_l,"
        f" max(record_no) as join_key_r from {_TABLE} where record_id in (?, ?)",
        [left, right],
    )
    scorer(prepared, parameters).weigh(_PAIR, "asked_judged", partial(judged_sql, model))
    levels = ", ".join(f'"gamma_{item.comparison}"' for item in model.comparisons)
    result = con.execute(
        "select case when strong is not null then 'strong_id' else 'model' end as origin, verdict,"
        " nullif(rule, 'asked') as rule, conflict,"
        " guard, round(match_weight, 4) as match_weight, round(match_probability, 9) as match_probability,"
        f" {evidence_sql(model)} as evidence, [{levels}] as levels from asked_judged"
    )
    names = [str(column[0]) for column in result.description or []]
    row = result.fetchone()
    assert row is not None
    pair = dict(zip(names, row, strict=True))
    return pair | {"evidence": json.loads(pair["evidence"])}


def _strong(con: duckdb.DuckDBPyConnection, model: MatchModel, left: str, right: str) -> list[dict[str, Any]]:
    found = []
    for item in model.strong_identifiers:
        found.append(_rule(con, model, item.rule, [item.key], left, right) | {"kind": "strong"})
    return found


def _blocking(con: duckdb.DuckDBPyConnection, model: MatchModel, left: str, right: str) -> list[dict[str, Any]]:
    return [_rule(con, model, item.rule, item.keys, left, right) | {"kind": "blocking"} for item in model.blocking]


def _rule(
    con: duckdb.DuckDBPyConnection, model: MatchModel, rule: str, keys: Sequence[str], left: str, right: str
) -> dict[str, Any]:
    """Whether a rule brings the two together; if so, how many records share its key."""
    missing: list[str] = []
    differing: list[str] = []
    for key in keys:
        is_list = key in model.list_columns
        same = f'len(list_intersect(l."{key}", r."{key}")) > 0' if is_list else f'l."{key}" = r."{key}"'
        row = con.execute(
            f'select l."{key}" is null or r."{key}" is null, coalesce({same}, false) from {_TABLE} as l, {_TABLE} as r'
            " where l.record_id = ? and r.record_id = ?",
            [left, right],
        ).fetchone()
        is_missing, is_same = row or (True, False)
        if is_missing:
            missing.append(key)
        elif not is_same:
            differing.append(key)
    size = None if missing or differing else _block_size(con, model, keys, left, right)
    result = "missing" if missing else "differs" if differing else "compares"
    # strong identifiers compare the neighbours of a large group too, so only blocking rules leave blocks out
    if size is not None and size > model.limits.max_block and rule in {item.rule for item in model.blocking}:
        result = "too_large"
    return {
        "rule": rule, "keys": list(keys), "result": result, "missing": missing, "differing": differing,
        "block_size": size, "max_block": model.limits.max_block,
    }  # fmt: skip


def _block_size(con: duckdb.DuckDBPyConnection, model: MatchModel, keys: Sequence[str], left: str, right: str) -> int:
    """Records that share what the two share; of a list the entry that the fewest records hold."""
    conditions = []
    for key in keys:
        if key in model.list_columns:
            conditions.append(f'list_contains(other."{key}", shared.entry)')
        else:
            conditions.append(f'other."{key}" = l."{key}"')
    listed = next((key for key in keys if key in model.list_columns), None)
    entry = f'unnest(list_intersect(l."{listed}", r."{listed}"))' if listed else "0"
    row = con.execute(
        f"""
        with shared as (
            select {entry} as entry from {_TABLE} as l, {_TABLE} as r where l.record_id = $l and r.record_id = $r
        )
        select min(n) from (
            select count(distinct other.record_id) as n
            from shared, {_TABLE} as l, {_TABLE} as other
            where l.record_id = $l and {" and ".join(conditions)} group by shared.entry
        )
        """,
        {"l": left, "r": right},
    ).fetchone()
    return int(row[0]) if row and row[0] is not None else 0
