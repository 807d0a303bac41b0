"""What `mdm status` shows: runs, steps, durations, freshness per source, the published version."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.table import Table

from dags.runner import as_text
from warehouse import ledger
from warehouse.errors import BusyError, KeyFileError
from warehouse.settings import Settings
from warehouse.store import connect, table_exists


def status_of(settings: Settings) -> dict[str, Any]:
    """Newest runs first, the sources as of the newest staged day, and the published manifest."""
    return {
        "home": str(settings.home),
        "runs": ledger.runs(settings),
        "sources": _sources(settings),
        "published": _published(settings),
    }


def _sources(settings: Settings) -> list[dict[str, Any]]:
    """Freshness per source; empty while nothing is staged or while a step is writing the warehouse."""
    if not settings.warehouse_path.exists():
        return []
    try:
        with connect(settings, read_only=True) as con:
            if not table_exists(con, "source_status"):
                return []
            result = con.execute("select source, data_as_of, is_stale, reason, rows from source_status order by source")
            names = [column[0] for column in result.description]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    except (BusyError, KeyFileError):
        return []


def _published(settings: Settings) -> dict[str, Any] | None:
    current = settings.published_dir / "current"
    manifest = current / "manifest.json"
    if not manifest.exists():
        return None
    content: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))
    return content | {"path": str(current / "customer.duckdb"), "version": current.resolve().name}


def print_status(report: dict[str, Any], console: Console) -> None:
    """The same for people."""
    for run in report["runs"][:3]:
        table = Table(title=f"{run['run_id']} attempt {run['attempt']} ({run['skin']}): {run['status']}")
        for heading in ("step", "status", "seconds", "counts"):
            table.add_column(heading)
        for step in run["steps"]:
            seconds = "" if step["seconds"] is None else f"{step['seconds']:.1f}"
            table.add_row(step["name"], step["status"], seconds, step["message"] or as_text(step["counts"]))
        console.print(table)
    _print_sources(report["sources"], console)
    published = report["published"]
    console.print(f"published: {published['path']} ({published['as_of']})" if published else "nothing published yet")


def _print_sources(sources: list[dict[str, Any]], console: Console) -> None:
    table = Table(title="sources")
    for heading in ("source", "data as of", "rows", "state"):
        table.add_column(heading)
    for source in sources:
        state = f"STALE: {source['reason']}" if source["is_stale"] else "fresh"
        table.add_row(source["source"], str(source["data_as_of"]), f"{source['rows']:,}", state)
    console.print(table)
