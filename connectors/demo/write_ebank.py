"""Mobile and online bank: JSON Lines, nested, UTF-8."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from connectors.demo.columns import Table, arrow_text, choose, height, money, take
from connectors.demo.files import stamp, write_bytes
from connectors.demo.sources import document_codes, sex_codes
from connectors.demo.world import World

# the shape of a line, in DuckDB's words; nulls stay visible as null, as the app's exporter writes them
_SHAPES = {
    "users": """
        select key as user_id,
            {'real_name': name, 'cert': {'type': document_type, 'no': document}, 'mobile': mobile, 'email': email,
             'gender': sex, 'birthday': birth} as profile,
            {'region': region, 'detail': detail} as address,
            {'level': level, 'face_verified': verified} as kyc,
            branch as branch_no, status, registered as registered_at, updated as updated_at
        from rows""",
    "devices": """
        select key as user_id, {'id': device, 'model': model, 'os': os} as device, bound as bound_at from rows""",
    "events": """
        select event as event_id, key as user_id, type, time, {'id': device} as device, {'ip': ip} as net,
            {'channel': channel, 'result': case when ok then 'ok' else 'denied' end, 'amount': amount} as detail
        from rows""",
}


def write(world: World, folder: Path) -> dict[str, int]:
    """Write the day's three files; returns rows by table."""
    events = world.digital.events
    amount = choose(events["cents"] > 0, money(events["cents"]), None)
    tables = {"users": _users(world), "devices": world.digital.new_devices, "events": events | {"amount": amount}}
    for name, table in tables.items():
        write_bytes(folder / f"{name}_{stamp(world.date)}.jsonl", json_lines(table, _SHAPES[name], folder))
    return {name: height(table) for name, table in tables.items()}


def _users(world: World) -> Table:
    records = world.records["ebank"]
    new = take(records, np.flatnonzero(records["changed_on"] == world.day))
    same = (
        "key", "name", "document", "mobile", "email", "birth", "region", "detail", "branch", "verified", "updated",
    )  # fmt: skip
    return {
        **{column: new[column] for column in same},
        "document_type": document_codes("ebank", new["document_type"]), "sex": sex_codes("ebank", new["sex"]),
        "level": choose(new["verified"], "L3", "L1"),
        "status": np.full(height(new), "active", dtype=object),
        "registered": new["opened"].astype("datetime64[s]"),
    }  # fmt: skip


def json_lines(table: Table, shape: str, folder: Path) -> bytes:
    """Rows as JSON objects of this shape."""
    columns = {n: pa.array(c) if c.dtype.kind == "b" else arrow_text(c) for n, c in table.items()}
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / ".lines.new"
    with duckdb.connect(config={"threads": 2}) as con:
        con.register("rows", pa.table(columns))
        con.execute(f"copy ({shape}) to '{aside}' (format json)")
    content = aside.read_bytes()
    aside.unlink()
    return content
