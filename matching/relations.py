"""Small things that are asked of relations, or made of arrays for them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import duckdb
import numpy as np
import pyarrow as pa

_BATCHES, _BATCH = 16, 60_000  # at most so many, of at least so many rows


def count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    """Rows of a relation, which may be followed by a condition."""
    row = con.execute(f"select count(*) from {relation}").fetchone()
    return int(row[0]) if row else 0


def highest(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    """The highest record number of a relation; -1 when it is empty."""
    row = con.execute(f"select max(record_no) from {relation}").fetchone()
    return -1 if row is None or row[0] is None else int(row[0])


@contextmanager
def registered(con: duckdb.DuckDBPyConnection, name: str, rows: pa.Table | Mapping[str, object]) -> Iterator[None]:
    """Give the connection rows, or columns, as the relation `name` for as long as the block lasts."""
    con.register(name, rows if isinstance(rows, pa.Table) else pa.table(dict(rows)))
    try:
        yield
    finally:
        con.unregister(name)


def make_table(con: duckdb.DuckDBPyConnection, target: str, rows: pa.Table | Mapping[str, object]) -> None:
    """Make the table `target` of rows, or columns, that are at hand."""
    with registered(con, "rows_at_hand", rows):
        con.execute(f"create or replace table {target} as from rows_at_hand")


def texts(columns: Mapping[str, Iterable[str | None]]) -> pa.Table:
    """Columns of text as rows."""
    return pa.table({name: pa.array(list(values), pa.string()) for name, values in columns.items()})


def in_batches(table: pa.Table) -> pa.Table:
    """The table in parts, so that DuckDB's threads share a scan; of each it reads all values of a dictionary."""
    size = max(math.ceil(len(table) / _BATCHES), _BATCH)
    return pa.Table.from_batches(table.to_batches(size), table.schema)


def with_places(table: pa.Table) -> pa.Table:
    """The table with the number of each row as `place`, for what is asked of it row by row; see `by_place`."""
    return table.append_column("place", pa.array(np.arange(len(table))))


def by_place(found: pa.Table) -> pa.Table:
    """What was found for the rows of a table, in their order: a relation may hand its rows over in another."""
    places = found["place"].to_numpy()
    return found.take(np.argsort(places)) if (np.diff(places) < 0).any() else found


def in_one_only(one: str, other: str) -> str:
    """Query in parentheses of the rows that are in one of two relations only."""
    return f"((from {one} except from {other}) union all (from {other} except from {one}))"


def quoted(name: str) -> str:
    """A column's name as SQL wants it, whatever signs it has."""
    return '"' + name.replace('"', '""') + '"'
