"""Why a customer is one: its records, the pairs that hold them together with their evidence, and its ids' story.

Holds no customer value: whoever shows the explanation adds values, masked for his reader.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import duckdb

from matching.golden_id import is_golden_id
from matching.growth import Stay, grow
from matching.lineage import RETIRED, Lineage, read_lineage
from matching.model import line_model
from matching.words import told, waterfall
from warehouse import store
from warehouse.errors import NotFoundError
from warehouse.settings import Settings

_RECORDS = """
select identity.record_id, split_part(identity.record_id, ':', 1) as source, identity.valid_from, party.party_type
from party_identity as identity
left join match_cluster as party using (record_id)
where identity.golden_id = $id and identity.valid_from <= $day
    and (identity.valid_to is null or identity.valid_to > $day)
order by identity.record_id
"""
_LAST_RECORDS = """
select record_id, split_part(record_id, ':', 1) as source, valid_from, valid_to
from party_identity where golden_id = $id and valid_from <= $day
qualify valid_to = max(valid_to) over ()
order by record_id
"""
_STAYS = """
select record_id, golden_id, valid_from, case when valid_to <= $day then valid_to end as valid_to
from party_identity where record_id in (select unnest($records)) and valid_from <= $day
order by record_id, valid_from
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
from identity_event
where (golden_id in (select unnest($ids)) or other_golden_id in (select unnest($ids))) and as_of <= $day
order by as_of, event_id
"""


def explain(settings: Settings, golden_id: str, as_of: dt.date | None = None) -> dict[str, Any]:
    """Explain a customer, today or as it was on a past day.

    Args:
        settings: the site.
        golden_id: any id that was ever given; a merged-away one leads to the customer that stood for it.
        as_of: the day; the newest linked one when none is given. Weights are always those of the newest run.

    Returns:
        golden_id (in force on the day), asked_for, as_of, status (`active` or `retired`), party_type, merged_ids,
        history (what the asked-for id stood for, from when to when), records (record_id, source, valid_from), edges
        (links between them, heaviest first: `evidence` a list with field, level, label_zh, label_en, weight;
        `waterfall`; `words_zh`, `words_en`), growth (see `matching.growth`), doubts (review and rejected pairs with
        other customers' records, same form as edges), events, thresholds.

    Raises:
        NotFoundError: not a golden id, never given, or not yet given on that day.
    """
    if not is_golden_id(golden_id):
        raise NotFoundError("golden id: not of the form G and ten digits, or its check digit is wrong; copy it again")
    with store.connect(settings, read_only=True) as con:
        day = as_of or newest_day(con)
        current, status, lineage = _standing(con, golden_id, day)
        records = _rows(con, _RECORDS, {"id": current, "day": day})
        merged = [i for i in lineage.ids if i != current and (lineage.at(i, day) or ("", ""))[1] == current]
        party_type = records[0]["party_type"] if records else None
        between = {"records": [record["record_id"] for record in records]}
        edges = _pairs(con, settings, _EDGES.format(both="and", verdict="="), between, party_type)
        return {
            "golden_id": current,
            "asked_for": golden_id,
            "as_of": day,
            "status": status,
            "party_type": party_type,
            "merged_ids": merged,
            "history": [vars(span) for span in lineage.spans(golden_id)],
            "records": records or _rows(con, _LAST_RECORDS, {"id": current, "day": day}),
            "edges": edges,
            "growth": grow(current, _stays(con, between["records"], day), edges),
            "doubts": _pairs(con, settings, _EDGES.format(both="or", verdict="<>"), between, party_type),
            "events": _events(con, [current, *merged], day),
            "thresholds": _thresholds(settings, party_type),
        }


def newest_day(con: duckdb.DuckDBPyConnection) -> dt.date:
    """The newest linked day.

    Raises:
        NotFoundError: nothing was linked yet.
    """
    row = None
    if store.table_exists(con, "identity_event"):
        row = con.execute("select max(as_of) from match_run").fetchone()
    if row is None or row[0] is None:
        raise NotFoundError("nothing was linked yet; run the line first (mdm run)")
    day: dt.date = row[0]
    return day


def _standing(con: duckdb.DuckDBPyConnection, golden_id: str, day: dt.date) -> tuple[str, str, Lineage]:
    """The id in force for any id on a day, or the id itself when none is; its status then; the story of all ids."""
    known = con.execute("select min(as_of) from identity_event where golden_id = ?", [golden_id]).fetchone()
    if known is None or known[0] is None:
        raise NotFoundError(f"golden id {golden_id}: never given to a customer; check it")
    if known[0] > day:
        raise NotFoundError(f"golden id {golden_id}: not given yet on {day}; it was first given on {known[0]}")
    lineage = read_lineage(con, golden_id)
    _, heir = lineage.at(golden_id, day) or (RETIRED, None)
    return heir or golden_id, "active" if heir else RETIRED, lineage


def _stays(con: duckdb.DuckDBPyConnection, records: list[str], day: dt.date) -> list[Stay]:
    return [Stay(**row) for row in _rows(con, _STAYS, {"records": records, "day": day})]


def _rows(con: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    result = con.execute(sql, parameters)
    names = [str(column[0]) for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _pairs(
    con: duckdb.DuckDBPyConnection, settings: Settings, sql: str, parameters: dict[str, Any], party_type: str | None
) -> list[dict[str, Any]]:
    rows = [row | {"evidence": json.loads(row["evidence"])} for row in _rows(con, sql, parameters)]
    if not rows or party_type is None:
        return rows
    thresholds = line_model(settings, party_type).thresholds
    return [
        row | {"waterfall": waterfall(row["evidence"], row["match_weight"])} | told(row, thresholds) for row in rows
    ]


def _thresholds(settings: Settings, party_type: str | None) -> dict[str, float] | None:
    """Bits from which a pair links, and is shown to a steward."""
    if party_type is None:
        return None
    thresholds = line_model(settings, party_type).thresholds
    return {"link": thresholds.link, "review": thresholds.review}


def _events(con: duckdb.DuckDBPyConnection, ids: list[str], day: dt.date) -> list[dict[str, Any]]:
    rows = _rows(con, _EVENTS, {"ids": ids, "day": day})
    return [row | {"evidence": json.loads(row["evidence"])} for row in rows]
