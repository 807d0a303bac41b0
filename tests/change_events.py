"""Change events as Debezium writes them, for tests."""

from __future__ import annotations

import json

NOON = 1_772_424_000_000  # 2026-03-02 04:00 UTC, in milliseconds


def envelope(op: str, row: dict | None, at: int, lsn: int | None = None, table: str = "customer", **changes) -> dict:
    """One event of PostgreSQL: `at` in milliseconds after noon."""
    source = {
        "connector": "postgresql",
        "db": "core",
        "schema": "public",
        "table": table,
        "ts_ms": NOON + at,
        "lsn": lsn,
    }
    before, after = (row, None) if op == "d" else (None, row)
    return {"before": before, "after": after, "op": op, "ts_ms": NOON + at + 5, "source": source, **changes}


def lines(*events: object) -> str:
    return "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)


def person(number: str, name: str | None, **more: object) -> dict:
    return {"no": number, "name": name, **more}


def table(**changes: object) -> dict:
    columns = [{"name": "no"}, {"name": "name"}]
    return {"mode": "cdc", "keys": ["no"], "columns": columns, **changes}


def newest(rows: list[dict]) -> dict[str, str | None]:
    """What the events leave: the newest row per key, deletions gone."""
    last: dict[str, dict] = {}
    for row in sorted(rows, key=lambda row: (row["_as_of"], row["_delivery"], row["_position"])):
        last[row["no"]] = row
    return {number: row["name"] for number, row in last.items() if row["_op"] != "d"}
