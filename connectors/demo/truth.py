"""The truth about the demo: which record is whose, what was done to it, and values that must never be published.

It lies in a folder of its own that only its owner may enter, and no step of the line reads it.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.demo.columns import Table, height, join, numbers
from connectors.demo.files import write_bytes
from connectors.demo.injecting import NAMES
from connectors.demo.sources import PERSON_SOURCES
from connectors.demo.world import World

_CANARIES = 60


def write(world: World, folder: Path) -> dict[str, int]:
    """Write `truth.parquet`, and on the first day `canaries.json`."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    table = truth(world)
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    write_bytes(folder / "truth.parquet", buffer.getvalue())
    if world.day == 0:
        write_bytes(folder / "canaries.json", json.dumps(canaries(world), ensure_ascii=False, indent=1).encode())
    return {"truth": table.num_rows}


def truth(world: World) -> pa.Table:
    """One row per record.

    Columns: record_id, entity_id, party_type, source, injectors, trap (name and number of a group of look-alikes, or
    null).
    """
    parts = [_part(s, world.records[s], world.records[s]["person"], "person", world.people) for s in PERSON_SOURCES]
    for source, records in world.organization_records.items():
        parts.append(_part(source, records, records["person"], "organization", world.organizations))
    listed = np.sort(world.registered)
    registry: Table = {"key": world.organizations["uscc"][listed], "injected": world.organizations["injected"][listed]}
    parts.append(_part("registry", registry, listed, "organization", world.organizations))
    return pa.concat_tables(parts).sort_by("record_id")


def _part(source: str, records: Table, row: np.ndarray, party_type: str, entities: Table) -> pa.Table:
    size = height(records)
    return pa.table({
        "record_id": pa.array(join(f"{source}:", records["key"]), pa.string()),
        "entity_id": pa.array(join("P" if party_type == "person" else "O", numbers(row, 8)), pa.string()),
        "party_type": pa.array([party_type] * size, pa.string()), "source": pa.array([source] * size, pa.string()),
        "injectors": _lists(records["injected"]),
        "trap": pa.array(entities["trap"][row], pa.string(), from_pandas=True),
    })  # fmt: skip


def _lists(bits: np.ndarray) -> pa.Array:
    """Names of the set bits, as lists."""
    table = (bits[:, None] >> np.arange(len(NAMES), dtype=np.uint64)) & np.uint64(1)
    row, name = np.nonzero(table)
    offsets = np.searchsorted(row, np.arange(len(bits) + 1)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.array(NAMES, dtype=object)[name], pa.string()))


def canaries(world: World) -> dict[str, list[str]]:
    """Clear values of people the call-centre notes speak about, each checked to stand in a note.

    Names are those of one person only and of three characters or more, so that finding one is a leak and no accident.
    """
    notes, people = world.calls.notes, world.people
    _, index, count = np.unique(people["name"].astype(str), return_index=True, return_counts=True)
    unique = set(index[count == 1].tolist())
    cards = world.card_of_person()
    found: dict[str, list[str]] = {kind: [] for kind in ("names", "documents", "mobiles", "cards", "addresses")}
    for person, text in zip(notes["person"], notes["text"], strict=True):
        name = people["name"][person]
        values = {
            "names": name if person in unique and len(name) >= 3 else None, "documents": people["document"][person],
            "mobiles": str(people["mobile"][person]), "cards": cards[person],
            "addresses": people["region"][person] + people["detail"][person],
        }  # fmt: skip
        for kind, value in values.items():
            if value and value in text and value not in found[kind] and len(found[kind]) < _CANARIES:
                found[kind].append(value)
    return found
