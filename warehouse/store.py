"""The warehouse: one AES-256 encrypted DuckDB file, one writer.

A connection is an in-memory DuckDB with the file attached as `warehouse` and made the default. After attaching, the
engine may touch only the folders of the line (landing, published, its own temporary files): not the network, and not
the demo's truth.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from warehouse.errors import BusyError, KeyFileError
from warehouse.keys import master_key
from warehouse.settings import Settings

CATALOG = "warehouse"


def extension_path(name: str) -> str:
    """Absolute path of a DuckDB extension shipped as a wheel, so that nothing is downloaded."""
    module = importlib.import_module(f"duckdb_extension_{name}")
    assert module.__file__ is not None
    folder = Path(module.__file__).parent / "extensions" / f"v{duckdb.__version__}"
    return str(folder / f"{name}.duckdb_extension")


def attach_sql(path: Path, key: str, *, read_only: bool) -> str:
    """The ATTACH statement of the encrypted file."""
    mode = ", READ_ONLY" if read_only else ""
    return f"ATTACH '{path}' AS {CATALOG} (ENCRYPTION_KEY '{key}'{mode})"


def _allowed(settings: Settings) -> list[str]:
    folders = [settings.landing_dir, settings.published_dir, settings.home / "tmp"]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    return [f"{folder}/" for folder in folders]


def _attach(con: duckdb.DuckDBPyConnection, settings: Settings, *, read_only: bool) -> None:
    path = settings.warehouse_path
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        con.execute(attach_sql(path, master_key(settings), read_only=read_only))
    except duckdb.Error as error:
        text = str(error)
        if "lock" in text:
            raise BusyError(f"{path}: another process is writing the warehouse; wait for it (mdm status)") from None
        if "ncryption key" in text or "encrypted" in text:
            raise KeyFileError(f"{path}: the key does not open this file; restore the key it was made with") from None
        raise


@contextmanager
def connect(settings: Settings, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse; closed, and so flushed to disk, at the end of the block.

    Raises:
        BusyError: another process holds the file.
        KeyFileError: the key is missing or wrong.
    """
    con = duckdb.connect(
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "threads": settings.warehouse.threads,
            "memory_limit": settings.warehouse.memory_limit,
            "temp_directory": str(settings.home / "tmp"),
            "temp_file_encryption": True,  # what spills to disk is as clear as the warehouse is not
            "preserve_insertion_order": True,
            "max_vacuum_tasks": 0,  # a small day's checkpoint would write several times what changed; see `let_compact`
        }
    )
    try:
        con.execute(f"LOAD '{extension_path('httpfs')}'")  # OpenSSL: without it encrypted files are read-only
        _attach(con, settings, read_only=read_only)
        con.execute(f"USE {CATALOG}")
        con.execute("SET allowed_directories = $folders", {"folders": _allowed(settings)})
        con.execute("SET enable_external_access = false")
        yield con
    finally:
        con.close()


def let_compact(con: duckdb.DuckDBPyConnection) -> None:
    """Let this connection's checkpoints, the last one when it closes, write tables anew without their deleted rows."""
    con.execute("SET max_vacuum_tasks = 100")


def table_exists(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether the warehouse holds this table or view."""
    sql = "select 1 from information_schema.tables where table_catalog = ? and table_name = ?"
    return con.execute(sql, [CATALOG, table]).fetchone() is not None
