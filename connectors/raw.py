"""What the transformation sees of the landing: one relation per table over accepted deliveries, and how fresh it is.

`raw_<source>__<table>` is a view over Parquet, so registering costs nothing however large the landing is. Its grain:
`full` – rows of the newest accepted delivery; `append` – rows of every accepted day; `changed` – the newest row per
key. Rows in quarantine are left out. A table that never had a good delivery is there, empty, with its columns.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import duckdb

from connectors.registry import Source, Table, load_sources
from warehouse import landing, store
from warehouse.landing import Commit, Delivery
from warehouse.settings import Settings

_SQL_TYPES = {"text": "varchar", "integer": "bigint"}
_LINEAGE = {"_row_number": "bigint", "_source_file": "varchar", "_as_of": "date", "_delivery": "integer"}

_STATUS_TABLE = """
create or replace table source_status
    (source varchar, as_of date, data_as_of date, is_stale boolean, reason varchar, rows bigint)
"""
_QUARANTINE_TABLE = """
create or replace table quarantine (
    source varchar, table_name varchar, as_of date, delivery integer, row_number bigint,
    column_name varchar, rule varchar, reason varchar
)
"""


def register_raw(settings: Settings, as_of: dt.date, run_id: str) -> dict[str, int]:
    """Point the raw relations at the accepted deliveries up to a business day, in one transaction.

    Returns:
        Raw relations, sources that are stale, and rows in quarantine.
    """
    del run_id  # the same landing gives the same relations, whichever run asks
    sources = load_sources(settings)
    with store.connect(settings) as con:
        con.begin()
        con.execute(_QUARANTINE_TABLE)
        for name, source in sources.items():
            _register_source(con, name, source, landing.accepted(settings, name, as_of))
        stale = _write_status(con, settings, list(sources), as_of)
        quarantined = con.execute("select count(*) from quarantine").fetchone()
        con.commit()
    tables = sum(len(source.tables) for source in sources.values())
    return {"relations": tables, "stale_sources": stale, "quarantined": quarantined[0] if quarantined else 0}


def _register_source(con: duckdb.DuckDBPyConnection, name: str, source: Source, good: Sequence[Commit]) -> None:
    for table_name, table in source.tables.items():
        deliveries = [known.deliveries[table_name] for known in good if table_name in known.deliveries]
        used = deliveries[-1:] if table.mode == "full" else deliveries
        bad = [delivery.quarantine for delivery in used if delivery.quarantine.exists()]
        if bad:
            con.execute(f"insert into quarantine {_quarantine_rows(name, table_name)}", [[str(path) for path in bad]])
        con.execute(
            f"create or replace view raw_{name}__{table_name} as {_view(name, table_name, table, used, bool(bad))}"
        )


def _quarantine_rows(source: str, table: str) -> str:
    return f"""
        select '{source}', '{table}', as_of, delivery, row_number, column_name, rule, reason
        from read_parquet(?, hive_partitioning = false)
        order by as_of, delivery, row_number, rule
    """


def _view(source: str, name: str, table: Table, used: Sequence[Delivery], has_quarantine: bool) -> str:
    landed = {column for delivery in used for column in delivery.manifest.columns} | set(_LINEAGE if used else [])
    types = {column.name: _sql_type(column.type) for column in table.landed_columns} | _LINEAGE
    columns = ", ".join(
        f'"{column}"' if column in landed else f'null::{sql_type} as "{column}"' for column, sql_type in types.items()
    )
    if not used:
        return f"select {columns} where false"
    files = ", ".join(_quoted(str(delivery.data)) for delivery in used)
    # the folders' names look like Hive partitions; their values are already in the rows
    rows = f"read_parquet([{files}], union_by_name = true, hive_partitioning = false)"
    kept = f" where {_not_quarantined(source, name)}" if has_quarantine else ""
    newest = _newest_per_key(table) if table.mode == "changed" else ""
    return f"select {columns} from {rows} as landed{kept}{newest}"


def _not_quarantined(source: str, table: str) -> str:
    return f"""(_as_of, _delivery, _row_number) not in (
        select (as_of, delivery, row_number) from quarantine where source = '{source}' and table_name = '{table}'
    )"""


def _newest_per_key(table: Table) -> str:
    keys = ", ".join(f'"{key}"' for key in table.keys)
    time = f'"{table.watermark}" desc nulls last, ' if table.watermark else ""
    order = f"_as_of desc, {time}_delivery desc, _row_number desc"
    return f" qualify row_number() over (partition by {keys} order by {order}) = 1"


def _sql_type(name: str) -> str:
    return _SQL_TYPES.get(name, name)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _write_status(con: duckdb.DuckDBPyConnection, settings: Settings, sources: Sequence[str], as_of: dt.date) -> int:
    """Write `source_status`; returns how many sources are stale."""
    con.execute(_STATUS_TABLE)
    states = [landing.source_state(settings, source, as_of) for source in sources]
    for state in states:
        values = [state.source, state.as_of, state.data_as_of, state.is_stale, state.reason, state.rows]
        con.execute("insert into source_status values (?, ?, ?, ?, ?, ?)", values)
    return sum(state.is_stale for state in states)
