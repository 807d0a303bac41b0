"""Publish the masked tables: a versioned DuckDB file with Parquet beside it, and PostgreSQL.

Built aside, verified by opening it again, then swapped. The same content is published once: running a day again
changes nothing. Whatever fails or is killed on the way leaves the version readers see.
"""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import duckdb

from warehouse import publish_versions as versions
from warehouse import store
from warehouse.errors import PublishError
from warehouse.policy import PUBLISHED_PREFIX, Policy, Table, load_policy
from warehouse.publish_postgres import publish_postgres
from warehouse.publish_versions import Manifest, TableContent
from warehouse.settings import Settings


def publish(settings: Settings, as_of: dt.date, run_id: str) -> dict[str, int]:
    """Publish what the published models hold.

    Returns:
        Counts: tables and rows published; 1 if the content is new to the files, and to PostgreSQL.

    Raises:
        PublishError: tables and registry disagree, the disk is full, or verification failed.
    """
    policy = load_policy(settings)
    with store.connect(settings, read_only=True) as con:
        manifest = _measure(con, policy, as_of, run_id)
        before = versions.current_manifest(settings)
        is_new = before is None or before.content_hash != manifest.content_hash
        if is_new and not versions.exists(settings, manifest.version):
            _build(settings, con, policy, manifest)
    if is_new:
        versions.activate(settings, manifest.version)
    in_postgres = publish_postgres(settings, policy, versions.versions_dir(settings) / manifest.version, manifest)
    rows = sum(table.rows for table in manifest.tables.values())
    return {"tables": len(manifest.tables), "rows": rows, "new_files": int(is_new), "new_in_postgres": int(in_postgres)}


def rollback(settings: Settings, version: str | None = None) -> str:
    """Show readers another kept version, in files and PostgreSQL.

    Args:
        settings: the site.
        version: its name; the one that was current before if none.

    Returns:
        The version's name.

    Raises:
        NotFoundError: no such version is kept.
        PublishError: its columns are not those of today's registry.
    """
    policy = load_policy(settings)
    manifest = versions.find(settings, version or versions.previous(settings))
    _refuse_differences(policy, {name: list(table.columns) for name, table in manifest.tables.items()})
    folder = versions.activate(settings, manifest.version)
    publish_postgres(settings, policy, folder, manifest)
    return manifest.version


def _refuse_differences(policy: Policy, built: dict[str, list[str]]) -> None:
    problems = [problem for name, columns in built.items() for problem in policy.differences(name, columns)]
    problems += [f"tables.{name} is not built; remove it" for name in policy.tables if name not in built]
    if problems:
        raise PublishError(*(f"config/policy.yml: {problem}" for problem in problems))


def _measure(con: duckdb.DuckDBPyConnection, policy: Policy, as_of: dt.date, run_id: str) -> Manifest:
    """What there is to publish; refuses what the registry does not know."""
    rows = con.execute(
        "select table_name, list(column_name order by ordinal_position) from information_schema.columns "
        "where table_catalog = $catalog and starts_with(table_name, $prefix) group by table_name order by table_name",
        {"catalog": store.CATALOG, "prefix": PUBLISHED_PREFIX},
    ).fetchall()
    _refuse_differences(policy, {name.removeprefix(PUBLISHED_PREFIX): columns for name, columns in rows})
    tables = {table.name: _content(con, table, f"{PUBLISHED_PREFIX}{table.name}") for table in policy.tables.values()}
    return Manifest(as_of=str(as_of), run_id=run_id, content_hash=versions.content_hash(tables), tables=tables)


def _content(con: duckdb.DuckDBPyConnection, table: Table, relation: str) -> TableContent:
    """Rows and hash of one table; the hash does not depend on the order rows are stored in."""
    row = con.execute(
        f"select count(*), md5(coalesce(string_agg(digest, '' order by digest), '')) "
        f"from (select md5(cast(to_json(content) as varchar)) as digest from {relation} as content)"
    ).fetchone()
    assert row is not None
    return TableContent(
        description=table.description,
        key=table.key,
        columns={column.name: column.description for column in table.columns},
        rows=row[0],
        content_hash=row[1],
    )


def _build(settings: Settings, con: duckdb.DuckDBPyConnection, policy: Policy, manifest: Manifest) -> None:
    folder = versions.new_folder(settings)
    try:
        _export(con, policy, folder)
        _load(settings, policy, folder)
        _verify(policy, folder, manifest)
        versions.commit(settings, folder, manifest)
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        shutil.rmtree(folder, ignore_errors=True)
        kind = "disk full" if "No space left" in str(error) else type(error).__name__
        raise PublishError(f"{folder}: not built ({kind}); the old version stays, free space and rerun") from None


def _export(con: duckdb.DuckDBPyConnection, policy: Policy, folder: Path) -> None:
    for table in policy.tables.values():
        select = f"select * from {PUBLISHED_PREFIX}{table.name} order by {', '.join(table.key)}"
        con.execute(f"copy ({select}) to '{folder / table.name}.parquet' (format parquet, compression zstd)")


def _load(settings: Settings, policy: Policy, folder: Path) -> None:
    """The DuckDB file from the Parquet files; not from the warehouse, whose connection may attach no other file."""
    limits: dict[str, str | bool | int | float | list[str]] = {
        "threads": settings.warehouse.threads,
        "memory_limit": settings.warehouse.memory_limit,
    }
    with duckdb.connect(str(folder / versions.DATABASE), config=limits) as con:
        for table in policy.tables.values():
            con.execute(f"create table {table.name} as select * from '{folder / table.name}.parquet'")
            con.execute(f"comment on table {table.name} is {_quoted(table.description)}")
            for column in table.columns:
                con.execute(f'comment on column {table.name}."{column.name}" is {_quoted(column.description)}')


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _verify(policy: Policy, folder: Path, manifest: Manifest) -> None:
    with duckdb.connect(str(folder / versions.DATABASE), read_only=True) as con:
        built = {table.name: _content(con, table, table.name) for table in policy.tables.values()}
    wrong = [name for name, content in built.items() if content != manifest.tables[name]]
    if wrong:
        raise PublishError(*(f"{folder}: table {name} differs from the warehouse; rerun the step" for name in wrong))
