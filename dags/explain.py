"""What `mdm explain GOLDEN_ID` shows: the records behind a customer, where each value came from, and why they are one.

Values are shown as the policy masks them: the command line is no way around the registry.
"""

from __future__ import annotations

from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from masking.fields import mask
from warehouse.policy import Policy, load_policy
from warehouse.settings import Settings
from warehouse.store import connect

_RECORD_COLUMNS = ("name", "document_type", "document_number", "birth_date", "mobile", "address", "branch_code")
_PROVENANCE = """
    select attribute, record_id, source, rule, candidate_count, loser_count from golden_provenance
    where golden_id = $id order by attribute
"""


def explain_customer(settings: Settings, golden_id: str) -> dict[str, Any]:
    """The matching room's explanation, with masked records, golden values and their provenance.

    Raises:
        NotFoundError: no such golden id was ever minted.
    """
    from matching.explain import explain

    explanation = explain(settings, golden_id)
    policy = load_policy(settings)
    with connect(settings, read_only=True) as con:
        current = explanation["golden_id"]
        masked = _masked_records(con, policy, [record["record_id"] for record in explanation["records"]])
        values = _golden_values(con, policy, current, explanation["party_type"])
        provenance = _rows(con, _PROVENANCE, {"id": current})
    for record in explanation["records"]:
        record |= masked.get(record["record_id"], {})
    for row in provenance:
        row["value"] = values.get(row["attribute"])
    return explanation | {"values": provenance}


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
    columns = ", ".join(_RECORD_COLUMNS)
    sql = f"select record_id, party_type, {columns} from int_party__record where record_id in (select unnest($ids))"
    return {
        row["record_id"]: {name: _masked(policy, name, row[name], row["party_type"]) for name in _RECORD_COLUMNS}
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
    console.print(f"customer {explanation['golden_id']} ({explanation['party_type']})")
    if explanation.get("asked_for", explanation["golden_id"]) != explanation["golden_id"]:
        console.print(f"{explanation['asked_for']} was merged into it")
    _print("records", explanation["records"], ("record_id", *_RECORD_COLUMNS), console)
    values = ("attribute", "value", "record_id", "rule", "candidate_count", "loser_count")
    _print("values, and where each came from", explanation["values"], values, console)
    edges = [edge | {"why": _why(edge["evidence"])} for edge in explanation["edges"]]
    _print("why they are one", edges, ("record_id_l", "record_id_r", "rule", "match_weight", "why"), console)
    _print("events", explanation["events"], ("as_of", "kind", "golden_id", "other_golden_id", "cause"), console)


def _why(evidence: list[dict[str, Any]]) -> str:
    """Each comparison with what it adds to the match weight (log2 of the Bayes factor)."""
    return "\n".join(f"{item['weight']:+.1f} {item['label_zh']} {item['label_en']}" for item in evidence)


def _print(title: str, rows: list[dict[str, Any]], columns: tuple[str, ...], console: Console) -> None:
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*("" if row.get(column) is None else str(row[column]) for column in columns))
    console.print(table)
