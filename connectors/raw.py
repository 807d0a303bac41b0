"""What the transformation sees of the landing: one relation per table over accepted deliveries, and how fresh it is.

`raw_<source>__<table>` is a view over Parquet, so registering costs next to nothing however large the landing is. Its
grain: `full` – rows of the newest accepted delivery; `append` – rows of every accepted day; `changed` – the newest row
per key; `cdc` – the last known row per key. Rows in quarantine are left out until they are repaired
(quality/reentry.py). A row that is gone (from the full file, or
by a delete event) stays, with the day it ended in `_deleted_as_of`, unless the table says `ended: drop`; active rows
have null there. A table that never had a good delivery is there, empty, with its columns.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import duckdb

from connectors.ended import count_ended, ended_rows, quoted
from connectors.reading import EVENT_NAMES
from connectors.registry import Source, Table, load_sources
from warehouse import landing, store
from warehouse.landing import ENDED, Delivery, QuarantineBook
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
        Raw relations, sources that are stale, rows in quarantine, and rows that full deliveries of the day lack.
    """
    del run_id  # the same landing gives the same relations, whichever run asks
    sources = load_sources(settings)
    with store.connect(settings) as con:
        con.begin()
        con.execute(_QUARANTINE_TABLE)
        ended = 0
        for name, source in sources.items():
            ended += _register_source(con, settings, name, source, as_of)
        stale = _write_status(con, settings, list(sources), as_of)
        quarantined = con.execute("select count(*) from quarantine where state in ('open', 'expired')").fetchone()
        con.commit()
    tables = sum(len(source.tables) for source in sources.values())
    rows = quarantined[0] if quarantined else 0
    return {"relations": tables, "stale_sources": stale, "quarantined": rows, "ended": ended}


def _register_source(
    con: duckdb.DuckDBPyConnection, settings: Settings, name: str, source: Source, as_of: dt.date
) -> int:
    """Make one source's views; returns how many rows ended on the day."""
    good = landing.accepted(settings, name, as_of)
    count = 0
    for table_name, table in source.tables.items():
        deliveries = [known.deliveries[table_name] for known in good if table_name in known.deliveries]
        used = deliveries[-1:] if table.mode == "full" else deliveries
        book = landing.quarantine_book(settings, name, table_name, as_of)
        bad = _register_quarantine(con, name, table_name, used, book)
        back = book.reentered if bad and book.reentered.exists() else None
        ended = None
        if table.mode == "full" and table.ended == "keep":
            ended = ended_rows(con, settings, name, table_name, table, deliveries)
            count += count_ended(ended, con, as_of)
        rows = _good_rows(name, table_name, table, used, is_partial=bad, back=back)
        view = _view(table, used, rows, ended)
        con.execute(f"create or replace view raw_{name}__{table_name} as {view}")
    return count


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


def _good_rows(
    source: str, name: str, table: Table, used: Sequence[Delivery], *, is_partial: bool, back: Path | None
) -> str:
    """The rows that count: delivered and not in quarantine, and those that came back from it.

    A delete event needs nothing but its key, so the gate's doubts about its other columns do not matter.
    """
    rows = f"select * from {_parquet([delivery.data for delivery in used])}"
    if is_partial:
        rows += f" where {_not_quarantined(source, name)}"
        rows += f" or {EVENT_NAMES[0]} = 'd'" if table.mode == "cdc" else ""
    if back:
        rows += f" union all by name select * from {_parquet([back])}"
    return f"({rows}) as landed"


def _view(table: Table, used: Sequence[Delivery], good: str, ended: Path | None) -> str:
    columns = _columns(table, used)
    if not used:
        return f"select {columns} where false"
    if table.mode == "cdc":
        return f"select {columns} from ({_last_known(table, good)}) as landed"
    rows = f"select *, null::date as {ENDED} from {good}"
    if table.mode == "changed":
        rows += _newest_per_key(table)
    if ended is not None:
        rows += f" union all by name select * from {_parquet([ended])}"
    return f"select {columns} from ({rows}) as landed"


def _columns(table: Table, used: Sequence[Delivery]) -> str:
    """The declared and the lineage columns in their types; null where no delivery has one.

    The cast matters for what landed as text before it was declared, or was declared anew as another type.
    """
    landed = {column for delivery in used for column in delivery.manifest.columns}
    lineage = set(_LINEAGE) | {ENDED} if used else set()
    columns = []
    for column, sql_type in ({c.name: _sql_type(c.type) for c in table.columns} | _LINEAGE | {ENDED: "date"}).items():
        if column in lineage:
            columns.append(f'"{column}"')
        elif column in landed:
            columns.append(f'try_cast("{column}" as {sql_type}) as "{column}"')
        else:
            columns.append(f'null::{sql_type} as "{column}"')
    return ", ".join(columns)


def _parquet(paths: Sequence[Path]) -> str:
    # the folders' names look like Hive partitions; their values are already in the rows
    files = ", ".join(quoted(path) for path in paths)
    return f"read_parquet([{files}], union_by_name = true, hive_partitioning = false)"


def _not_quarantined(source: str, table: str) -> str:
    """Every row the gate took out; those that came back stand, as corrected, in the book's own file."""
    return f"""(_as_of, _delivery, _row_number) not in (
        select (as_of, delivery, row_number) from quarantine where source = '{source}' and table_name = '{table}'
    )"""


def _newest_per_key(table: Table) -> str:
    time = f'"{table.watermark}" desc nulls last, ' if table.watermark else ""
    order = f"_as_of desc, {time}_delivery desc, _row_number desc"
    return f" qualify row_number() over (partition by {_keys(table)} order by {order}) = 1"


def _last_known(table: Table, good: str) -> str:
    """Per key the newest row that is no delete; when a delete came last, with its day."""
    operation, position = EVENT_NAMES
    newest = f"_as_of desc, _delivery desc, {position} desc"
    keys = _keys(table)
    last = f"over (partition by {keys} order by {newest})"
    gone = f"case when first_value({operation}) {last} = 'd' then first_value(_as_of) {last} end as {ENDED}"
    best = f"row_number() over (partition by {keys} order by {operation} = 'd', {newest}) = 1"
    active = "" if table.ended == "keep" else f" where {ENDED} is null"
    return f"select * from (select *, {gone} from {good} qualify {best}) as last{active}"


def _keys(table: Table) -> str:
    return ", ".join(f'"{key}"' for key in table.keys)


def _sql_type(name: str) -> str:
    return _SQL_TYPES.get(name, name)


def _write_status(con: duckdb.DuckDBPyConnection, settings: Settings, sources: Sequence[str], as_of: dt.date) -> int:
    """Write `source_status`; returns how many sources are stale."""
    con.execute(_STATUS_TABLE)
    states = [landing.source_state(settings, source, as_of) for source in sources]
    for state in states:
        values = [state.source, state.as_of, state.data_as_of, state.is_stale, state.reason, state.rows]
        con.execute("insert into source_status values (?, ?, ?, ?, ?, ?)", values)
    return sum(state.is_stale for state in states)
