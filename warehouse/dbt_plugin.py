"""dbt-duckdb plugin: makes the encrypted warehouse file writable before dbt attaches it."""

from __future__ import annotations

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from warehouse.store import extension_path


class Plugin(BasePlugin):
    """Loads OpenSSL (the httpfs extension), without which DuckDB opens encrypted files read-only."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Called by dbt once for every new connection, before its ATTACH statements."""
        conn.execute(f"LOAD '{extension_path('httpfs')}'")
