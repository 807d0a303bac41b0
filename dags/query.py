"""Read the published version: masked, read-only, never the file the pipeline writes."""

from __future__ import annotations

import csv
import sys

import duckdb
from rich.console import Console
from rich.table import Table

from warehouse.errors import NotFoundError
from warehouse.settings import Settings

Rows = list[tuple[object, ...]]


def run_query(settings: Settings, sql: str) -> tuple[list[str], Rows]:
    """Column names and rows of `sql` on the published DuckDB file.

    Raises:
        NotFoundError: nothing is published yet, or DuckDB refuses the statement (its own words, which name
            tables and columns of the masked version only).
    """
    path = settings.published_dir / "current" / "customer.duckdb"
    if not path.exists():
        raise NotFoundError(f"{path}: nothing is published yet; type mdm run first")
    with duckdb.connect(str(path), read_only=True) as con:
        con.execute("SET enable_external_access = false")
        try:
            result = con.execute(sql)
            return [column[0] for column in result.description or []], result.fetchall()
        except duckdb.Error as error:
            raise NotFoundError(f"query: {str(error).splitlines()[0]}") from None


def print_rows(names: list[str], rows: Rows, *, as_csv: bool) -> None:
    """Print as a table for people or as CSV for tools."""
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
        return
    table = Table(*names)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    Console().print(table)
