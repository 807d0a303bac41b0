"""Databases by SQLAlchemy URL; PostgreSQL goes the fast way, from COPY to Arrow by ADBC.

All tables of a source are read in one read-only transaction that sees one moment of the database, however long the
reading takes and whoever writes meanwhile. Rows come ordered by key, so the same rows always land the same.
"""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa
import sqlalchemy as sa
from adbc_driver_manager import Error as AdbcError
from sqlalchemy.dialects import postgresql

from connectors.reading import (
    BATCH_ROWS,
    Reading,
    ReadTable,
    arrow_type,
    conform,
    require_columns,
    table_schema,
    without_zero_bytes,
)
from connectors.registry import Column, SqlSource, Table
from warehouse.errors import SourceError
from warehouse.settings import Settings

_CONNECT_SECONDS = "10"
_UNDECLARED = "undeclared"
# What gives one unchanging view of all tables: the isolation level, and the statement that begins the transaction.
_ISOLATION = {
    "mysql": "REPEATABLE READ", "mariadb": "REPEATABLE READ", "oracle": "SERIALIZABLE",
    "mssql": "SNAPSHOT", "opengauss": "REPEATABLE READ", "db2": "REPEATABLE READ", "ibm_db_sa": "REPEATABLE READ",
}  # fmt: skip
_BEGIN = {
    "mysql": "start transaction with consistent snapshot, read only",
    "mariadb": "start transaction with consistent snapshot, read only",
    "sqlite": "begin",  # Python's driver would otherwise see a new moment in each select
}


@contextmanager
def open_sql(settings: Settings, source: SqlSource, day: dt.date) -> Iterator[ReadTable]:
    """Connect, take the snapshot, and read tables up to the end of a business day."""
    url = database_url(settings, source)
    open_database = _open_postgres if url.get_backend_name() == "postgresql" else _open_any
    with open_database(url) as database:

        def read(name: str, since: dt.date | None) -> Reading:
            table = source.tables[name]
            origin = table.origin or name
            where = f"{shown(url)}, table {origin}"
            found = database.columns(where, origin, source.db_schema)
            new = require_columns(where, table, found)
            batches = database.rows(where, table, select_rows(source, name, since, day, new), new)
            return Reading(batches, f"{url.database or ''}.{origin}", new_columns=new)

        yield read


def database_url(settings: Settings, source: SqlSource) -> sa.URL:
    """The URL to connect to, with the password from its file, SQLite paths below home.

    Raises:
        SourceError: an embedded server or SQLite file that is not there (connecting would make an empty one).
    """
    if source.embedded is not None:
        return _embedded_url(settings.home / source.embedded, source.database)
    url = sa.make_url(source.url or "")
    if source.password_file is not None:
        url = url.set(password=_password(settings.home / source.password_file))
    if url.get_backend_name() == "sqlite":
        path = settings.home / (url.database or "")
        if not path.is_file():
            raise SourceError(f"{path}: no such database; bring it back, or correct its url in config/sources")
        url = url.set(database=str(path))
    return url


def _password(path: Path) -> str:
    if not path.is_file():
        raise SourceError(f"{path}: password file not found; write it (owner-only), or correct 'password_file'")
    return path.read_text(encoding="utf-8").strip()


def _embedded_url(folder: Path, database: str | None) -> sa.URL:
    if not (folder / "PG_VERSION").is_file():
        raise SourceError(f"{folder}: no database server there; make the demo (mdm demo), or set its url")
    from warehouse.embedded_pg import EmbeddedPostgres

    url = sa.make_url(EmbeddedPostgres(folder).start())
    return url.set(database=database or url.database)


def shown(url: sa.URL) -> str:
    """A database's name and place, without user and password."""
    place = f" at {url.host}:{url.port or 'default port'}" if url.host else ""
    return f"database {url.database}{place}"


def select_rows(
    source: SqlSource, name: str, since: dt.date | None, day: dt.date, new: Sequence[str] = ()
) -> sa.Select[Any]:
    """The query of one table: everything, or what came after `since`, up to the end of `day`; ordered by key."""
    table = source.tables[name]
    columns: dict[str, sa.ColumnClause[Any]] = {column.name: sa.column(column.source_name) for column in table.columns}
    wanted = [*columns.values(), *(sa.column(name) for name in new)]
    query = sa.select(*wanted).select_from(sa.table(table.origin or name, schema=source.db_schema))
    if table.mode != "full" and table.watermark is not None:
        column = table.column(table.watermark)
        query = query.where(columns[column.name] < _bound(column, day))
        if since is not None:
            query = query.where(columns[column.name] >= _bound(column, since))
    return query.order_by(*(columns[key] for key in table.keys))


def _bound(column: Column, day: dt.date) -> sa.ColumnElement[Any]:
    """The first moment after a business day, as a literal of the column's type."""
    after = day + dt.timedelta(days=1)
    if column.type == "timestamp":
        return sa.literal(dt.datetime.combine(after, dt.time()), sa.DateTime())
    return sa.literal(after, sa.Date()) if column.type == "date" else sa.literal(after.isoformat(), sa.String())


class _Postgres:
    """One ADBC connection in one transaction."""

    def __init__(self, connection: Any) -> None:  # noqa: ANN401 - the driver ships no types
        self._connection = connection

    def columns(self, where: str, name: str, schema: str | None) -> list[str]:
        """Column names of a table."""
        full = ".".join('"' + part.replace('"', '""') + '"' for part in (schema, name) if part)
        literal = full.replace("'", "''")
        known = f"attrelid = to_regclass('{literal}') and attnum > 0 and not attisdropped"
        with self._connection.cursor() as cursor, _speaking(where):
            cursor.execute(f"select attname::text from pg_attribute where {known} order by attnum")
            found = [row[0] for row in cursor.fetchall()]
        return found or _no_table(where)

    def rows(self, where: str, table: Table, query: sa.Select[Any], new: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The query's rows, batch by batch, in the declared types."""
        dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
        compiled = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
        with self._connection.cursor() as cursor, _speaking(where):
            cursor.execute(str(compiled))
            for batch in cursor.fetch_record_batch():
                yield conform(where, table, batch, new)


@contextmanager
def _open_postgres(url: sa.URL) -> Iterator[_Postgres]:
    from adbc_driver_postgresql import dbapi

    plain = url.set(drivername="postgresql").update_query_dict({"connect_timeout": _CONNECT_SECONDS})
    with _speaking(shown(url)):
        connection = dbapi.connect(plain.render_as_string(hide_password=False))
    with connection:
        with connection.cursor() as cursor, _speaking(shown(url)):
            cursor.execute("set transaction isolation level repeatable read read only")
        yield _Postgres(connection)


class _AnyDatabase:
    """One SQLAlchemy connection in one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def columns(self, where: str, name: str, schema: str | None) -> list[str]:
        """Column names of a table."""
        try:
            with _speaking(where):
                return [column["name"] for column in sa.inspect(self._connection).get_columns(name, schema=schema)]
        except sa.exc.NoSuchTableError:
            _no_table(where)

    def rows(self, where: str, table: Table, query: sa.Select[Any], new: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The query's rows, batch by batch, in the declared types."""
        row = 1
        with _speaking(where):
            result = self._connection.execution_options(stream_results=True, max_row_buffer=BATCH_ROWS).execute(query)
            for rows in result.partitions(BATCH_ROWS):
                yield typed_batch(where, table, rows, row, new)
                row += len(rows)


@contextmanager
def _open_any(url: sa.URL) -> Iterator[_AnyDatabase]:
    engine = sa.create_engine(_read_only(url), poolclass=sa.pool.NullPool)
    backend = url.get_backend_name()
    with _speaking(shown(url)):
        connection = engine.connect()
        if backend in _ISOLATION:
            connection = connection.execution_options(isolation_level=_ISOLATION[backend])
        if backend in _BEGIN:
            connection.exec_driver_sql(_BEGIN[backend])
    try:
        yield _AnyDatabase(connection)
    finally:
        connection.close()
        engine.dispose()


def _read_only(url: sa.URL) -> sa.URL:
    if url.get_backend_name() != "sqlite":
        return url
    return url.set(database=f"file:{url.database}").update_query_dict({"mode": "ro", "uri": "true"})


@contextmanager
def _speaking(where: str) -> Iterator[None]:
    """Turn a driver's error into one line; its own text may quote values and is left out."""
    try:
        yield
    except sa.exc.NoSuchTableError:
        raise
    except (sa.exc.SQLAlchemyError, AdbcError) as error:
        state = getattr(error, "sqlstate", None) or getattr(getattr(error, "orig", None), "sqlstate", None)
        kind = type(error).__name__ + (f", SQLSTATE {state}" if state else "")
        raise SourceError(
            f"{where}: not reachable, dropped, or refused the reading ({kind}); check server, name and permission"
        ) from None


def _no_table(where: str) -> NoReturn:
    raise SourceError(f"{where}: no such table, or no permission to see it; ask the source, or change config/sources")


def typed_batch(
    where: str, table: Table, rows: Sequence[Sequence[object]], first: int, new: Sequence[str] = ()
) -> pa.RecordBatch:
    """Rows of Python values as a batch of the declared types, undeclared columns as text behind them.

    Raises:
        SourceError: a value does not fit its column's declared type.
    """
    names = [*((column.source_name, column.type) for column in table.columns), *((name, _UNDECLARED) for name in new)]
    arrays = []
    for (name, kind), values in zip(names, zip(*rows, strict=True), strict=True):
        try:
            arrays.append(_typed_array(values, kind))
        except (ValueError, TypeError, decimal.DecimalException, pa.ArrowException):
            raise SourceError(
                f"{where}, rows {first} to {first + len(rows) - 1}: column {name} has values that do "
                f"not fit its declared type {kind}; ask the source, or change config/sources"
            ) from None
    return pa.RecordBatch.from_arrays(arrays, schema=table_schema(table, new))


def _typed_array(values: Sequence[object], kind: str) -> pa.Array:
    target = pa.string() if kind == _UNDECLARED else arrow_type(kind)
    types = set(map(type, values)) - {type(None)}
    if types <= _AS_THEY_ARE.get(kind, set()):  # nothing to convert: many times faster
        return _clean(pa.array(values, target))
    convert = partial(_to_decimal, target.scale) if pa.types.is_decimal(target) else _CONVERT[kind]
    return _clean(pa.array([None if value is None else convert(value) for value in values], target))


def _clean(array: pa.Array) -> pa.Array:
    return without_zero_bytes(array) if pa.types.is_string(array.type) else array


def _to_text(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return value.decode() if isinstance(value, bytes) else str(value)


def _to_some_text(value: object) -> str:
    """Text of a value nobody declared; bytes that are no text, a picture say, as hexadecimal digits."""
    try:
        return _to_text(value)
    except UnicodeDecodeError:
        return value.hex() if isinstance(value, bytes) else str(value)


def _to_integer(value: object) -> int:
    number = decimal.Decimal(str(value))
    if number != number.to_integral_value():
        raise ValueError("not a whole number")
    return int(number)


def _to_decimal(scale: int, value: object) -> decimal.Decimal:
    """Binary floating point is rounded to the declared scale; a decimal with more digits does not fit."""
    number = decimal.Decimal(str(value))
    return round(number, scale) if isinstance(value, float) else number


def _to_date(value: object) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))


def _to_timestamp(value: object) -> dt.datetime:
    return value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(str(value))


_AS_THEY_ARE: dict[str, set[type]] = {
    "text": {str}, "integer": {int}, "double": {float}, "boolean": {bool},
    "date": {dt.date}, "timestamp": {dt.datetime},
}  # fmt: skip
_CONVERT: dict[str, Callable[[object], object]] = {
    "text": _to_text,
    _UNDECLARED: _to_some_text,
    "integer": _to_integer,
    "double": lambda value: float(str(value)),
    "boolean": lambda value: bool(_to_integer(value)) if not isinstance(value, bool) else value,
    "date": _to_date,
    "timestamp": _to_timestamp,
}
