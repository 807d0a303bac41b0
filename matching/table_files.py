"""Any table a user has, as text columns: CSV in any usual encoding and dialect, Excel, Parquet, a database table."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from matching.relations import by_place, quoted, registered, with_places
from matching.side_by_side import Task, all_done
from matching.table_csv import Say, csv_table, needed_of, text_table
from matching.table_excel import EXCEL, excel_table
from warehouse.errors import SourceError

_ROWS = 50_000  # of a database that are held as objects at once
_Columns = dict[str, pa.ChunkedArray]


def load_table(
    con: duckdb.DuckDBPyConnection, source: str, say: Say, wanted: Collection[str] | None = None
) -> tuple[pa.Table, list[str]]:
    """A file, a workbook's sheet or `URL#table`: every column text without blanks (lists stay lists), empty is null.

    Args:
        con: a scratch connection, which writes numbers and dates as text.
        source: what to read.
        say: called with a line when it is read.
        wanted: the columns that are needed of a file; all when not given.

    Returns:
        The table, and every column the source has.

    Raises:
        SourceError: there is no such file, it cannot be read as a table, or it has no rows.
    """
    if "://" in source:
        table, columns = _database_table(source, wanted)
    elif Path(source).suffix.lower() in (".parquet", ".pq"):
        table, columns = _parquet(source, wanted)
    elif Path(source.partition("#")[0]).suffix.lower() in EXCEL:
        table, columns = excel_table(source, say)
    else:
        table, columns = csv_table(Path(source), say, wanted)
    if not len(table):
        raise SourceError(f"{shown(source)}: no rows; give a table with records")
    say(f"{shown(source)}: {len(table):,} rows")
    return _as_text(con, table, source), columns


def shown(source: str) -> str:
    """The source without a password."""
    return re.sub(r"://([^:/@]+):[^@]*@", r"://\1:***@", source)


def _parquet(source: str, wanted: Collection[str] | None) -> tuple[pa.Table, list[str]]:
    if not Path(source).exists():
        raise SourceError(f"{source}: no such file; check the path")
    try:
        with pq.ParquetFile(source) as file:
            columns = file.schema_arrow.names
            return file.read(columns=needed_of(columns, wanted)), columns
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(source, error) from None


def _unreadable(source: str, error: Exception) -> SourceError:
    return SourceError(f"{source}: not readable as Parquet ({type(error).__name__}); write it again")


def _as_text(con: duckdb.DuckDBPyConnection, table: pa.Table, source: str) -> pa.Table:
    """The table with everything but lists as text, without blanks around it; of other types as DuckDB writes them."""
    typed = [field for field in table.schema if field.type != pa.string()]
    texts = [name for name in table.column_names if table.schema.field(name).type == pa.string()]
    tasks: list[Task] = [partial(_written, table=table, typed=typed)] if typed else []
    tasks += [partial(_stripped, name=name, column=table[name]) for name in texts]
    try:
        found = list(all_done(con, tasks))
    except (pa.ArrowException, duckdb.Error) as error:
        raise _unreadable(source, error) from None
    made = {name: column for columns in found for name, column in columns.items()}
    return pa.table({name: made[name] for name in table.column_names})


def _written(con: duckdb.DuckDBPyConnection, table: pa.Table, typed: Sequence[pa.Field]) -> _Columns:
    casts = (f"{quoted(field.name)}::varchar{'[]' if _is_list(field.type) else ''}" for field in typed)
    columns = ", ".join(f"{cast} as {quoted(field.name)}" for cast, field in zip(casts, typed, strict=True))
    with registered(con, "typed_columns", with_places(table.select([field.name for field in typed]))):
        written = by_place(con.sql(f"select {columns}, place from typed_columns").to_arrow_table())
    shown = zip((field.name for field in typed), written.columns, strict=False)  # the place comes last
    return {name: _stripped(con, name, values)[name] for name, values in shown}


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def _stripped(_: duckdb.DuckDBPyConnection, name: str, column: pa.ChunkedArray) -> _Columns:
    if column.type != pa.string():
        return {name: column}
    texts = pc.utf8_trim_whitespace(column)
    empty = pc.equal(texts, "")
    return {name: pc.if_else(empty, pa.scalar(None, pa.string()), texts) if pc.any(empty).as_py() else texts}


def _database_table(source: str, wanted: Collection[str] | None) -> tuple[pa.Table, list[str]]:
    import sqlalchemy  # takes longer to load than a small file to read

    url, _, name = source.partition("#")
    if not name:
        raise SourceError(f"{shown(source)}: no table named; write URL#table or URL#schema.table")
    schema, _, table = name.rpartition(".")
    try:
        engine = sqlalchemy.create_engine(url)
        with engine.connect() as connection:
            found = sqlalchemy.Table(table, sqlalchemy.MetaData(), schema=schema or None, autoload_with=engine)
            columns = [column.name for column in found.columns]
            names = needed_of(columns, wanted)
            query = sqlalchemy.select(*(found.columns[name] for name in names))
            streamed = connection.execution_options(stream_results=True).execute(query)
            parts = [_as_texts(names, rows) for rows in streamed.partitions(_ROWS)]
    except sqlalchemy.exc.NoSuchTableError:
        raise SourceError(f"{shown(source)}: no such table; check its name") from None
    except (sqlalchemy.exc.SQLAlchemyError, ModuleNotFoundError) as error:
        raise SourceError(f"{shown(source)}: not readable ({type(error).__name__}); check the address") from None
    return pa.concat_tables([text_table(names, []), *parts]), columns


def _as_texts(names: list[str], rows: Sequence[Sequence[Any]]) -> pa.Table:
    return text_table(names, [[None if value is None else str(value) for value in row] for row in rows])
