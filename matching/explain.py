"""Why a customer is one: its records, the pairs that hold them together with their evidence, and its ids' story.

Holds no customer value: whoever shows the explanation adds values, masked for his reader.
"""

from __future__ import annotations

import json
from typing import Any

import duckdb

from matching.golden_id import is_golden_id
from warehouse import store
from warehouse.errors import NotFoundError
from warehouse.settings import Settings

_RECORDS = """
select identity.record_id, split_part(identity.record_id, ':', 1) as source, identity.valid_from, party.party_type
from party_identity as identity
left join match_cluster as party using (record_id)
where identity.golden_id = $id and identity.valid_to is null
order by identity.record_id
"""
_LAST_RECORDS = """
select record_id, split_part(record_id, ':', 1) as source, valid_from, valid_to
from party_identity where golden_id = $id
qualify valid_to = max(valid_to) over ()
order by record_id
"""
_EDGES = """
select pair_id, record_id_l, record_id_r, origin, verdict, rule, conflict, match_weight, match_probability, evidence,
    model_version
from match_pair
where (record_id_l in (select unnest($records)) {both} record_id_r in (select unnest($records)))
    and verdict {verdict} 'link'
order by match_weight desc, record_id_l, record_id_r
"""
_EVENTS = """
select event_id, as_of, run_id, kind, golden_id, other_golden_id, cause, evidence
from identity_event where golden_id in (select unnest($ids)) or other_golden_id in (select unnest($ids))
order by as_of, event_id
"""


def explain(settings: Settings, golden_id: str) -> dict[str, Any]:
    """Explain a customer of the newest run.

    Args:
        settings: the site.
        golden_id: any id that was ever given; a merged-away one leads to the customer that stands for it today.

    Returns:
        golden_id (in force today), asked_for, status (`active` or `retired`), party_type, merged_ids, records
        (record_id, source, valid_from), edges (links between them, heaviest first, `evidence` a list with field,
        level, label_zh, label_en, weight), doubts (review and rejected pairs with other customers' records, same
        form), events.

    Raises:
        NotFoundError: not a golden id, or never given.
    """
    if not is_golden_id(golden_id):
        raise NotFoundError("golden id: not of the form G and ten digits, or its check digit is wrong; copy it again")
    with store.connect(settings, read_only=True) as con:
        if not store.table_exists(con, "identity_event"):
            raise NotFoundError("nothing was linked yet; run the line first (mdm run)")
        current, merged = _resolve(con, golden_id)
        records = _rows(con, _RECORDS, {"id": current})
        between = {"records": [record["record_id"] for record in records]}
        return {
            "golden_id": current,
            "asked_for": golden_id,
            "status": "active" if records else "retired",
            "party_type": records[0]["party_type"] if records else None,
            "merged_ids": merged,
            "records": records or _rows(con, _LAST_RECORDS, {"id": current}),
            "edges": _pairs(con, _EDGES.format(both="and", verdict="="), between),
            "doubts": _pairs(con, _EDGES.format(both="or", verdict="<>"), between),
            "events": _events(con, [current, *merged]),
        }


def _resolve(con: duckdb.DuckDBPyConnection, golden_id: str) -> tuple[str, list[str]]:
    """The id in force for any id, and the ids that were merged into it."""
    known = con.execute("select 1 from identity_event where golden_id = ? limit 1", [golden_id]).fetchone()
    if known is None:
        raise NotFoundError(f"golden id {golden_id}: never given to a customer; check it")
    row = con.execute("select survives_as from identity_alias where golden_id = ?", [golden_id]).fetchone()
    current = str(row[0]) if row else golden_id
    merged = con.execute("select golden_id from identity_alias where survives_as = ? order by 1", [current]).fetchall()
    return current, [str(row[0]) for row in merged]


def _rows(con: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    result = con.execute(sql, parameters)
    names = [str(column[0]) for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _pairs(con: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    return [row | {"evidence": json.loads(row["evidence"])} for row in _rows(con, sql, parameters)]


def _events(con: duckdb.DuckDBPyConnection, ids: list[str]) -> list[dict[str, Any]]:
    return [row | {"evidence": json.loads(row["evidence"])} for row in _rows(con, _EVENTS, {"ids": ids})]
