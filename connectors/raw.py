"""What the transformation sees of the landing: one relation per table over accepted deliveries, and how fresh it is.

`raw_<source>__<table>` is a view over Parquet, so registering costs next to nothing however large the landing is. Its
grain: `full` – rows of the newest accepted delivery; `append` – rows of every accepted day; `changed` – the newest row
per key; `cdc` – the last known row per key. Rows in quarantine are left out. A row that is gone (from the full file, or
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
from warehouse.landing import ENDED, Delivery
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
        quarantined = con.execute("select count(*) from quarantine").fetchone()
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
        bad = [delivery.quarantine for delivery in used if delivery.quarantine.exists()]
        if bad:
            con.execute(f"insert into quarantine {_quarantine_rows(name, table_name)}", [[str(path) for path in bad]])
        ended = None
        if table.mode == "full" and table.ended == "keep":
            ended = ended_rows(con, settings, name, table_name, table, deliveries)
            count += count_ended(ended, con, as_of)
        view = _view(name, table_name, table, used, ended, has_quarantine=bool(bad))
        con.execute(f"create or replace view raw_{name}__{table_name} as {view}")
    return count


def _quarantine_rows(source: str, table: str) -> str:
    return f"""
        select '{source}', '{table}', as_of, delivery, row_number, column_name, rule, reason
        from read_parquet(?, hive_partitioning = false)
        order by as_of, delivery, row_number, rule
    """


def _view(
    source: str, name: str, table: Table, used: Sequence[Delivery], ended: Path | None, *, has_quarantine: bool
) -> str:
    columns = _columns(table, used)
    if not used:
        return f"select {columns} where false"
    kept = f" where {_not_quarantined(source, name)}" if has_quarantine else ""
    if table.mode == "cdc":
        return f"select {columns} from ({_last_known(table, used, kept)}) as landed"
    rows = f"select *, null::date as {ENDED} from {_rows(used)} as landed{kept}"
    if table.mode == "changed":
        rows += _newest_per_key(table)
    if ended is not None:
        rows += f" union all by name select * from read_parquet({quoted(ended)}, hive_partitioning = false)"
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


def _rows(used: Sequence[Delivery]) -> str:
    # the folders' names look like Hive partitions; their values are already in the rows
    files = ", ".join(quoted(one.data) for one in used)
    return f"read_parquet([{files}], union_by_name = true, hive_partitioning = false)"


def _not_quarantined(source: str, table: str) -> str:
    return f"""(_as_of, _delivery, _row_number) not in (
        select (as_of, delivery, row_number) from quarantine where source = '{source}' and table_name = '{table}'
    )"""


def _newest_per_key(table: Table) -> str:
    time = f'"{table.watermark}" desc nulls last, ' if table.watermark else ""
    order = f"_as_of desc, {time}_delivery desc, _row_number desc"
    return f" qualify row_number() over (partition by {_keys(table)} order by {order}) = 1"


def _last_known(table: Table, used: Sequence[Delivery], kept: str) -> str:
    """Per key the newest row that is no delete; when a delete came last, with its day.

    A delete event needs nothing but its key, so the gate's doubts about its other columns do not matter.
    """
    operation, position = EVENT_NAMES
    newest = f"_as_of desc, _delivery desc, {position} desc"
    keys = _keys(table)
    last = f"over (partition by {keys} order by {newest})"
    gone = f"case when first_value({operation}) {last} = 'd' then first_value(_as_of) {last} end as {ENDED}"
    with_deletes = f"{kept} or {operation} = 'd'" if kept else ""
    rows = f"select *, {gone} from {_rows(used)} as landed{with_deletes}"
    best = f"row_number() over (partition by {keys} order by {operation} = 'd', {newest}) = 1"
    active = "" if table.ended == "keep" else f" where {ENDED} is null"
    return f"select * from ({rows} qualify {best}) as last{active}"


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
