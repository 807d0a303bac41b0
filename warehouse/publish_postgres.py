"""Publish a version to PostgreSQL: the embedded server by default, any server by URL.

Rows are loaded with ADBC into staging tables, then one transaction deletes and inserts into the permanent tables and
writes which version it is. Readers are never locked out and see the old or the new version; views on the tables,
grants and policies stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import adbc_driver_postgresql.dbapi as adbc
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import sql

from warehouse.embedded_pg import EmbeddedPostgres
from warehouse.errors import PublishError
from warehouse.policy import Policy
from warehouse.publish_access import (
    Access,
    apply_access,
    comment,
    general_tables,
    read_passwords,
    wanted_access,
    write_passwords,
)
from warehouse.publish_versions import Manifest
from warehouse.settings import Settings

DATABASE = "customer"
_LOCK = 0x6D646D  # any number of our own: two publishers at once wait for one another
_BATCH_ROWS = 50_000
_TYPES = {
    pa.string(): "text",
    pa.bool_(): "boolean",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float64(): "double precision",
    pa.date32(): "date",
    pa.timestamp("us"): "timestamp",
}


def embedded_server(settings: Settings) -> EmbeddedPostgres:
    """The embedded server readers connect to, when no other is set."""
    return EmbeddedPostgres(settings.home / "postgres")


def publisher_url(settings: Settings) -> str:
    """URL with the publisher's rights; starts the embedded server when no other is set."""
    if settings.publish.postgres_url:
        return settings.publish.postgres_url
    server = embedded_server(settings)
    server.start()
    return server.create_database(DATABASE)


def reader_url(settings: Settings, login: str) -> str:
    """URL of a BI login, as `bi_head_office` or `bi_branch_801000`; the server runs after the first publish.

    Raises:
        PublishError: no such login, or nothing was published yet.
    """
    password = read_passwords(settings).get(login)
    if password is None:
        raise PublishError(f"PostgreSQL login {login}: unknown; see config/policy.yml, and publish first (mdm run)")
    parts = urlsplit(publisher_url(settings))
    return urlunsplit(parts._replace(netloc=f"{login}:{password}@{parts.netloc.rpartition('@')[2]}"))


def publish_postgres(settings: Settings, policy: Policy, folder: Path, manifest: Manifest) -> bool:
    """Make PostgreSQL show a version.

    Args:
        settings: the site.
        policy: roles and columns.
        folder: the version, whose Parquet files are loaded.
        manifest: what it holds.

    Returns:
        Whether rows were published; False when they were already there.

    Raises:
        PublishError: the server cannot be reached or refuses; what was published stays.
    """
    access = wanted_access(settings, policy)
    passwords_known = set(read_passwords(settings)) == set(access.logins)
    with _told(), psycopg.connect(publisher_url(settings), autocommit=True) as con:
        content, granted = _published(con, settings.publish.postgres_schema)
        is_new = content != manifest.content_hash
        if is_new:
            _stage(con, settings, folder, manifest)
        if is_new or not passwords_known or granted != access.hash:
            _swap(
                con,
                settings,
                folder if is_new else None,
                manifest,
                access,
                granted != access.hash or not passwords_known,
            )
        if is_new:
            _tidy(con, settings, manifest)
    return is_new


@contextmanager
def _told() -> Iterator[None]:
    """Errors of the server without its details, which quote rows."""
    try:
        yield
    except (psycopg.Error, adbc.Error) as error:
        state = getattr(error, "sqlstate", None) or "no state"
        raise PublishError(
            f"PostgreSQL: {type(error).__name__} ({state}); what was published stays, check the server and rerun"
        ) from None


def _published(con: psycopg.Connection[Any], schema: str) -> tuple[str, str]:
    """Hashes of the content and the grants that are there."""
    if con.execute("select to_regclass(%s)", [f'"{schema}".publish_info']).fetchone() == (None,):
        return "", ""
    info = sql.Identifier(schema, "publish_info")
    row = con.execute(sql.SQL("select content_hash, access_hash from {}").format(info)).fetchone()
    return (row[0], row[1]) if row else ("", "")


def _staging(settings: Settings) -> str:
    return f"{settings.publish.postgres_schema}_staging"


def column_types(path: Path) -> dict[str, str]:
    """PostgreSQL types of a Parquet file's columns."""
    return {field.name: _type(field.type) for field in pq.read_schema(path)}


def _type(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return f"numeric({kind.precision},{kind.scale})"
    return _TYPES[kind]


def _columns(types: dict[str, str]) -> sql.Composable:
    return sql.SQL(", ").join(sql.SQL("{} {}").format(sql.Identifier(n), sql.SQL(t)) for n, t in types.items())


def _stage(con: psycopg.Connection[Any], settings: Settings, folder: Path, manifest: Manifest) -> None:
    """Load the Parquet files beside the published tables; a killed run's remains are dropped first."""
    schema = sql.Identifier(_staging(settings))
    con.execute(sql.SQL("drop schema if exists {} cascade").format(schema))
    con.execute(sql.SQL("create schema {}").format(schema))
    with adbc.connect(publisher_url(settings)) as loader, loader.cursor() as cursor:
        for table in manifest.tables:
            path = folder / f"{table}.parquet"
            name = sql.Identifier(_staging(settings), table)
            con.execute(sql.SQL("create unlogged table {} ({})").format(name, _columns(column_types(path))))
            file = pq.ParquetFile(path)
            reader = pa.RecordBatchReader.from_batches(file.schema_arrow, file.iter_batches(_BATCH_ROWS))
            cursor.adbc_ingest(table, reader, mode="append", db_schema_name=_staging(settings))
        loader.commit()


def _swap(
    con: psycopg.Connection[Any],
    settings: Settings,
    folder: Path | None,
    manifest: Manifest,
    access: Access,
    change_access: bool,
) -> None:
    """The one transaction: rows, comments, grants and what they are. Without a folder only the grants change."""
    schema = settings.publish.postgres_schema
    passwords = write_passwords(settings, access)
    with con.transaction():
        con.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        general_tables(con, schema)
        reshaped = folder is not None and _publish_tables(con, settings, folder, manifest)
        if change_access or reshaped:
            apply_access(con, settings, access, passwords)
            _close_to_others(con, settings, access)
        _write_info(con, schema, manifest, access)


def _publish_tables(con: psycopg.Connection[Any], settings: Settings, folder: Path, manifest: Manifest) -> bool:
    """Rows and comments of every table; tells whether a table was made or changed, which then needs its grants."""
    schema, reshaped = settings.publish.postgres_schema, False
    for table, content in manifest.tables.items():
        reshaped |= _shape(con, schema, table, column_types(folder / f"{table}.parquet"))
        comment(con, schema, table, content.description, content.columns)
        _replace_rows(con, schema, _staging(settings), table, list(content.columns))
    return reshaped


def _shape(con: psycopg.Connection[Any], schema: str, table: str, types: dict[str, str]) -> bool:
    """Make the permanent table or change its columns to today's; tells whether that was needed."""
    name = sql.Identifier(schema, table)
    rows = con.execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute "
        "where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped",
        [f'"{schema}"."{table}"'],
    ).fetchall()
    there = {column: kind.replace(" without time zone", "") for column, kind in rows}
    if there == types:
        return False
    if not there:
        con.execute(sql.SQL("create table {} ({})").format(name, _columns(types)))
    for column in [column for column in there if there[column] != types.get(column)]:
        con.execute(sql.SQL("alter table {} drop column {}").format(name, sql.Identifier(column)))
    for column in [column for column in types if there and there.get(column) != types[column]]:
        add = sql.SQL("alter table {} add column {} {}")
        con.execute(add.format(name, sql.Identifier(column), sql.SQL(types[column])))
    return True


def _replace_rows(con: psycopg.Connection[Any], schema: str, staging: str, table: str, columns: list[str]) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    con.execute(sql.SQL("delete from {}").format(sql.Identifier(schema, table)))
    insert = sql.SQL("insert into {} ({}) select {} from {}")
    con.execute(insert.format(sql.Identifier(schema, table), names, names, sql.Identifier(staging, table)))


def _write_info(con: psycopg.Connection[Any], schema: str, manifest: Manifest, access: Access) -> None:
    info = sql.Identifier(schema, "publish_info")
    con.execute(sql.SQL("delete from {}").format(info))
    con.execute(
        sql.SQL("insert into {} values (%s, %s, %s, %s)").format(info),
        [manifest.as_of, manifest.run_id, manifest.content_hash, access.hash],
    )


def _close_to_others(con: psycopg.Connection[Any], settings: Settings, access: Access) -> None:
    """On our own server nobody else may enter; a bank's server has its own rules for the database."""
    if settings.publish.postgres_url:
        return
    database = sql.Identifier(DATABASE)
    con.execute(sql.SQL("revoke all on database {} from public").format(database))
    con.execute("revoke all on schema public from public")
    for role in access.groups:
        con.execute(sql.SQL("grant connect on database {} to {}").format(database, sql.Identifier(role)))


def _tidy(con: psycopg.Connection[Any], settings: Settings, manifest: Manifest) -> None:
    """Drop the staging tables, and free the space of the old rows; neither locks readers out."""
    con.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(_staging(settings))))
    for table in manifest.tables:
        con.execute(sql.SQL("vacuum (analyze) {}").format(sql.Identifier(settings.publish.postgres_schema, table)))
