"""What the transformation sees of the landing: one relation per table over accepted deliveries, and how fresh it is.

`raw_<source>__<table>` is a view over Parquet, so registering costs nothing however large the landing is. Its grain:
`full` – rows of the newest accepted delivery; `append` – rows of every accepted day; `changed` – the newest row per
key. Rows in quarantine are left out until they are repaired (quality/reentry.py). A table that never had a good
delivery is there, empty, with its columns.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import duckdb

from connectors.registry import Source, Table, load_sources
from warehouse import landing, store
from warehouse.landing import Delivery, QuarantineBook
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
    column_name varchar, rule varchar, reason varchar, item varchar, branch_code varchar, first_seen date,
    state varchar, closed_by varchar, payload blob
)
"""
_BOOK_ROWS = """
insert into quarantine
select '{source}', '{table}', as_of, delivery, row_number, column_name, rule, reason, item, branch_code, first_seen,
    state, closed_by, payload
from read_parquet(?, hive_partitioning = false)
order by as_of, delivery, row_number, rule
"""
_DELIVERY_ROWS = """
insert into quarantine
select '{source}', '{table}', as_of, delivery, row_number, column_name, rule, reason, item, branch_code, as_of,
    'open', null, payload
from read_parquet(?, hive_partitioning = false) as judged
where (as_of, delivery, row_number, rule) not in (
    select (as_of, delivery, row_number, rule) from quarantine where source = '{source}' and table_name = '{table}'
)
order by as_of, delivery, row_number, rule
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
            _register_source(con, settings, name, source, as_of)
        stale = _write_status(con, settings, list(sources), as_of)
        quarantined = con.execute("select count(*) from quarantine where state in ('open', 'expired')").fetchone()
        con.commit()
    tables = sum(len(source.tables) for source in sources.values())
    return {"relations": tables, "stale_sources": stale, "quarantined": quarantined[0] if quarantined else 0}


def _register_source(
    con: duckdb.DuckDBPyConnection, settings: Settings, name: str, source: Source, as_of: dt.date
) -> None:
    good = landing.accepted(settings, name, as_of)
    for table_name, table in source.tables.items():
        deliveries = [known.deliveries[table_name] for known in good if table_name in known.deliveries]
        used = deliveries[-1:] if table.mode == "full" else deliveries
        book = landing.quarantine_book(settings, name, table_name, as_of)
        bad = _register_quarantine(con, name, table_name, used, book)
        back = book.reentered if bad and book.reentered.exists() else None
        view = _view(name, table_name, table, used, is_partial=bad, back=back)
        con.execute(f"create or replace view raw_{name}__{table_name} as {view}")


def _register_quarantine(
    con: duckdb.DuckDBPyConnection, source: str, table: str, used: Sequence[Delivery], book: QuarantineBook
) -> bool:
    """Bring in the book and, for a delivery judged after it was written, its own rows; whether there are any."""
    if book.rows.exists():
        con.execute(_BOOK_ROWS.format(source=source, table=table), [str(book.rows)])
    paths = [str(delivery.quarantine) for delivery in used if delivery.quarantine.exists()]
    if paths:
        con.execute(_DELIVERY_ROWS.format(source=source, table=table), [paths])
    return bool(paths)


def _view(
    source: str, name: str, table: Table, used: Sequence[Delivery], *, is_partial: bool, back: Path | None
) -> str:
    landed = {column for delivery in used for column in delivery.manifest.columns} | set(_LINEAGE if used else [])
    types = {column.name: _sql_type(column.type) for column in table.columns} | _LINEAGE
    columns = ", ".join(
        f'"{column}"' if column in landed else f'null::{sql_type} as "{column}"' for column, sql_type in types.items()
    )
    if not used:
        return f"select {columns} where false"
    # the folders' names look like Hive partitions; their values are already in the rows
    rows = f"select * from {_parquet([delivery.data for delivery in used])}"
    rows += f" where {_not_quarantined(source, name)}" if is_partial else ""
    rows += f" union all by name select * from {_parquet([back])}" if back else ""
    newest = _newest_per_key(table) if table.mode == "changed" else ""
    return f"select {columns} from ({rows}) as landed{newest}"


def _parquet(paths: Sequence[Path]) -> str:
    files = ", ".join(_quoted(str(path)) for path in paths)
    return f"read_parquet([{files}], union_by_name = true, hive_partitioning = false)"


def _not_quarantined(source: str, table: str) -> str:
    """Every row the gate took out; those that came back stand, as corrected, in the book's own file."""
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
