"""Call centre: CSV, UTF-8 with BOM, every value quoted."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np

from connectors.demo.columns import Table, choose, height, take
from connectors.demo.files import csv, stamp, write_bytes
from connectors.demo.sources import document_codes, sex_codes
from connectors.demo.world import World


def write(world: World, folder: Path) -> dict[str, int]:
    """Write the day's three files; returns rows by table."""
    tables = {"contacts": _contacts(world), "complaints": _complaints(world), "notes": _notes(world)}
    for name, table in tables.items():
        write_bytes(folder / f"{name}_{stamp(world.date)}.csv", csv(table))
    return {name: height(table) for name, table in tables.items()}


def file_names(day: dt.date) -> list[str]:
    """Names of a day's files."""
    return [f"{name}_{stamp(day)}.csv" for name in ("contacts", "complaints", "notes")]


def _contacts(world: World) -> Table:
    records = world.records["call"]
    new = take(records, np.flatnonzero(records["changed_on"] == world.day))
    return {
        "contact_id": new["key"], "name": new["name"], "sex": sex_codes("call", new["sex"]), "mobile": new["mobile"],
        "phone": new["tel"], "cert_type": document_codes("call", new["document_type"]), "cert_no": new["document"],
        "address": new["region"] + new["detail"], "branch_no": new["branch"],
        "created_at": new["opened"].astype("datetime64[s]"), "updated_at": new["updated"],
    }  # fmt: skip


def _complaints(world: World) -> Table:
    complaints = world.calls.complaints
    assert complaints is not None
    new = take(complaints, np.flatnonzero(complaints["changed_on"] == world.day))
    status = choose(np.isnat(new["closed"]), "open", "closed")
    return {
        "complaint_id": new["complaint"], "contact_id": new["key"], "category": new["category"], "status": status,
        "opened_at": new["opened"], "closed_at": new["closed"], "branch_no": new["branch"],
    }  # fmt: skip


def _notes(world: World) -> Table:
    notes = world.calls.notes
    return {
        "note_id": notes["note"], "contact_id": notes["key"], "call_time": notes["time"], "agent_id": notes["agent"],
        "note_text": notes["text"], "branch_no": notes["branch"],
    }  # fmt: skip
