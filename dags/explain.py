"""What `mdm explain` shows: why the records of a customer are one and how it grew, or why two records are two.

Values are shown as the policy masks them: the command line is no way around the registry.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from masking.fields import mask
from warehouse.errors import NotFoundError
from warehouse.policy import Policy, load_policy
from warehouse.settings import Settings
from warehouse.store import connect, table_exists

RECORD_COLUMNS = ("name", "document_type", "document_number", "birth_date", "mobile", "address", "branch_code")
_RELATION_COLUMNS = ("relation_type", "related_golden_id", "origin", "evidence", "source", "since")
_PROVENANCE = """
    select attribute, record_id, source, rule, candidate_count, loser_count from golden_provenance
    where golden_id = $id order by attribute
"""
_RELATIONS = """
    select relation_type, related_golden_id, origin, evidence, source, since from customer_relation
    where golden_id = $id order by relation_type, related_golden_id
"""


def explain_customer(settings: Settings, asked_for: str, as_of: dt.date | None = None) -> dict[str, Any]:
    """The matching room's explanation, with masked records, golden values, their provenance, and relations.

    Args:
        settings: the site.
        asked_for: a golden id, or the id of a record (`source:key`), which leads to its customer.
        as_of: a past day; records and ids are those of that day, values and relations those of today.

    Raises:
        NotFoundError: no such golden id was ever minted, or no such record.
    """
    from matching.explain import explain

    golden_id = _customer_of(settings, asked_for, as_of) if ":" in asked_for else asked_for
    explanation = explain(settings, golden_id, as_of)
    policy = load_policy(settings)
    mentioned = [r["record_id"] for r in explanation["records"]]
    mentioned += [e[side] for e in explanation["doubts"] for side in ("record_id_l", "record_id_r")]
    with connect(settings, read_only=True) as con:
        current = explanation["golden_id"]
        masked = _masked_records(con, policy, mentioned)
        values = _golden_values(con, policy, current, explanation["party_type"])
        provenance = _rows(con, _PROVENANCE, {"id": current})
        relations = _rows(con, _RELATIONS, {"id": current}) if table_exists(con, "customer_relation") else []
        shown = _shown_ids(con, settings, mentioned)
    for record in explanation["records"]:
        record |= masked.get(record["record_id"], {})
    for row in provenance:
        row["value"] = values.get(row["attribute"])
    return explanation | {"values": provenance, "relations": relations, "shown_ids": shown}


def explain_pair(settings: Settings, left: str, right: str) -> dict[str, Any]:
    """Why two records are one customer or two, with their masked values side by side.

    Raises:
        NotFoundError: unknown record.
    """
    from matching.whynot import compare_records

    report = compare_records(settings, left, right)
    policy = load_policy(settings)
    with connect(settings, read_only=True) as con:
        masked = _masked_records(con, policy, report["records"])
        shown = _shown_ids(con, settings, report["records"])
    sides = [masked[record] for record in report["records"]]
    return report | {"sides": sides, "shown_ids": [shown[record] for record in report["records"]]}


def explain_records(settings: Settings, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Records with their values masked, and their ids as people may see them, by id."""
    wanted = sorted(set(ids))
    with connect(settings, read_only=True) as con:
        masked = _masked_records(con, load_policy(settings), wanted)
        shown = _shown_ids(con, settings, wanted)
    return {record: values | {"record_id": shown[record]} for record, values in masked.items()}


def _customer_of(settings: Settings, record_id: str, as_of: dt.date | None) -> str:
    with connect(settings, read_only=True) as con:
        row = None
        if table_exists(con, "party_identity"):
            row = con.execute(
                "select golden_id from party_identity where record_id = ? and valid_from <= coalesce(?, valid_from)"
                " and (valid_to is null or valid_to > ?) order by valid_from desc limit 1",
                [record_id, as_of, as_of],
            ).fetchone()
    if row is None:
        raise NotFoundError(f"record {record_id}: not among the linked records; check it")
    return str(row[0])


def _shown_ids(con: duckdb.DuckDBPyConnection, settings: Settings, ids: Iterable[str]) -> dict[str, str]:
    """Record ids as people may see them: where a source's key is itself a masked value, the id is masked too."""
    from stewardship.fields import RECORD_ID, Masks, clear_values

    masks = Masks(settings)
    sql = "select * from int_party__record where record_id in (select unnest($ids))"
    return {
        row["record_id"]: masks.shown(row["party_type"], row["record_id"], clear_values(row["party_type"], row))[
            RECORD_ID
        ]
        for row in _rows(con, sql, {"ids": sorted(set(ids))})
    }


def _rows(con: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    result = con.execute(sql, parameters)
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _masked(policy: Policy, column: str, value: object, party_type: str) -> str | None:
    if value is None:
        return None
    attribute = policy.attributes[column]
    name = (
        attribute.organization_mask if party_type == "organization" and attribute.organization_mask else attribute.mask
    )
    return mask(name, str(value))


def _masked_records(con: duckdb.DuckDBPyConnection, policy: Policy, ids: list[str]) -> dict[str, dict[str, Any]]:
    columns = ", ".join(RECORD_COLUMNS)
    sql = f"select record_id, party_type, {columns} from int_party__record where record_id in (select unnest($ids))"
    return {
        row["record_id"]: {name: _masked(policy, name, row[name], row["party_type"]) for name in RECORD_COLUMNS}
        for row in _rows(con, sql, {"ids": ids})
    }


def _golden_values(
    con: duckdb.DuckDBPyConnection, policy: Policy, golden_id: str, party_type: str
) -> dict[str, str | None]:
    table = "golden_person" if party_type == "person" else "golden_organization"
    rows = _rows(con, f"select * from {table} where golden_id = $id", {"id": golden_id})
    return {
        name: _masked(policy, name, value, party_type)
        for row in rows
        for name, value in row.items()
        if name in policy.attributes
    }


def print_explanation(explanation: dict[str, Any], console: Console) -> None:
    """The same for people."""
    console.print(f"customer {explanation['golden_id']} ({explanation['party_type']}), {explanation['as_of']}")
    if explanation["asked_for"] != explanation["golden_id"]:
        console.print(f"{explanation['asked_for']} was merged into it")
    _print("records", explanation["records"], ("record_id", *RECORD_COLUMNS), console)
    values = ("attribute", "value", "record_id", "rule", "candidate_count", "loser_count")
    _print("values, and where each came from", explanation["values"], values, console)
    _print("relations", explanation["relations"], _RELATION_COLUMNS, console)
    grown = ("as_of", "action", "record_id", "came_from", "joined_by", "rule", "match_weight")
    _print("how it grew", explanation["growth"], grown, console)
    console.print("why they are one")
    for edge in explanation["edges"]:
        console.print(f"{edge['record_id_l']} – {edge['record_id_r']} ({edge['rule']})\n{_why(edge)}\n")
    _print("story of the id", explanation["history"], ("valid_from", "valid_to", "status", "stands_for"), console)
    _print("events", explanation["events"], ("as_of", "kind", "golden_id", "other_golden_id", "cause"), console)


def print_pair(report: dict[str, Any], console: Console) -> None:
    """Why two records are one customer or two, for people."""
    standing = "one customer" if report["same_customer"] else "two customers"
    console.print(f"{' and '.join(report['shown_ids'])}: {standing} ({', '.join(dict.fromkeys(report['golden_ids']))})")
    rules = ("rule", "kind", "result", "missing", "differing", "block_size")
    _print("who compares them", report["blocking"], rules, console)
    if report["pair"]:
        console.print(_why(report["pair"]))
    if report["path"]:
        _print("joined through", report["path"], ("record_id_l", "record_id_r", "rule", "match_weight"), console)
    console.print("what would change the verdict")
    for change in report["changes"]:
        console.print(f"  {change['text_zh']}\n  {change['text_en']}")


def _why(pair: Mapping[str, Any]) -> str:
    """Each comparison with what it adds to the match weight (log2 of the Bayes factor), then the sentence."""
    bars = [f"{bar['weight']:+6.1f} {bar['label_zh']} {bar['label_en']}" for bar in pair["waterfall"]]
    return "\n".join([*bars, pair["words_zh"], pair["words_en"]])


def _print(title: str, rows: list[dict[str, Any]], columns: tuple[str, ...], console: Console) -> None:
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*("" if row.get(column) is None else _cell(row[column]) for column in columns))
    console.print(table)


def _cell(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
