"""Rows that are gone: what a full delivery no longer holds stays known, with the day it ended.

The ended rows of a delivery follow from it and the accepted deliveries before it: rows of the one before whose key it
lacks, and what had ended before and did not come back. Each step is a Parquet file named after all it follows from, so
a restated earlier day makes new files and the same landing always gives the same rows.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from pathlib import Path

import duckdb

from connectors.registry import Table
from warehouse import landing
from warehouse.landing import ENDED, Delivery
from warehouse.settings import Settings


def ended_rows(
    con: duckdb.DuckDBPyConnection, settings: Settings, source: str, name: str, table: Table, used: Sequence[Delivery]
) -> Path | None:
    """The Parquet file of a full table's ended rows, its `_deleted_as_of` among the columns; None if none can be.

    Args:
        con: the warehouse, which may read and write the landing.
        settings: the site.
        source: the source's name.
        name: the table's name.
        table: its description.
        used: the table's accepted deliveries, oldest first.
    """
    known = [delivery for delivery in used if set(table.keys) <= set(delivery.manifest.columns)]
    folder = landing.source_dir(settings, source) / "_ended" / name
    steps = list(_steps(folder, table, known))
    done = max((place for place, step in enumerate(steps) if step.exists()), default=-1)
    folder.mkdir(parents=True, exist_ok=True)
    for place in range(done + 1, len(steps)):
        before = steps[place - 1] if place else None
        _write(con, table, known[place], known[place + 1], before, steps[place])
    _forget(folder, steps)
    return steps[-1] if steps else None


def _steps(folder: Path, table: Table, known: Sequence[Delivery]) -> list[Path]:
    """The file of each delivery after the first, named by its day and everything it follows from."""
    trail = hashlib.sha256(repr(table.keys).encode())
    steps = []
    for place, delivery in enumerate(known):
        manifest = delivery.manifest
        left_out = delivery.quarantine.read_bytes() if delivery.quarantine.exists() else b""
        trail.update(f"{manifest.as_of} {manifest.content_hash} {hashlib.sha256(left_out).hexdigest()}\n".encode())
        if place:
            steps.append(folder / f"{manifest.as_of}.{trail.hexdigest()[:16]}.parquet")
    return steps


def _write(
    con: duckdb.DuckDBPyConnection, table: Table, last: Delivery, now: Delivery, before: Path | None, path: Path
) -> None:
    day = now.manifest.as_of
    query = f"select *, date '{day}' as {ENDED} from ({_good_rows(last)}) as landed where {_missing(table, now)}"
    if before is not None:
        query += f" union all by name select * from {_parquet(before)} as landed where {_missing(table, now)}"
    aside = path.with_suffix(".new")
    con.execute(f"copy ({query}) to {quoted(aside)} (format parquet, compression zstd)")
    aside.replace(path)


def _good_rows(delivery: Delivery) -> str:
    rows = f"select * from {_parquet(delivery.data)}"
    if not delivery.quarantine.exists():
        return rows
    return f"{rows} where _row_number not in (select row_number from {_parquet(delivery.quarantine)})"


def _missing(table: Table, now: Delivery) -> str:
    """Whether a delivery lacks the key; as text, so that a column declared anew as another type still compares."""
    same = " and ".join(
        f'cast(here."{key}" as varchar) is not distinct from cast(landed."{key}" as varchar)' for key in table.keys
    )
    return f"not exists (select 1 from {_parquet(now.data)} as here where {same})"


def _parquet(path: Path) -> str:
    return f"read_parquet({quoted(path)}, hive_partitioning = false)"


def quoted(path: Path) -> str:
    """A path as an SQL text."""
    return "'" + str(path).replace("'", "''") + "'"


def _forget(folder: Path, steps: Sequence[Path]) -> None:
    """Keep what the newest days follow from; what is older can be made again from the landing."""
    oldest = _day(steps[-2:][0]) if steps else None
    for path in folder.iterdir():
        if oldest is None or (_day(path) < oldest and path not in steps[-2:]) or path.suffix == ".new":
            path.unlink()


def _day(path: Path) -> dt.date:
    return dt.date.fromisoformat(path.name.split(".", 1)[0])


def count_ended(path: Path | None, con: duckdb.DuckDBPyConnection, day: dt.date) -> int:
    """How many rows ended on a business day."""
    if path is None:
        return 0
    found = con.execute(f"select count(*) from {_parquet(path)} where {ENDED} = ?", [day]).fetchone()
    return int(found[0]) if found else 0
