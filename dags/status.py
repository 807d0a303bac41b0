"""What `mdm status` shows: runs, steps, durations, freshness and arrivals per source, the published version."""

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
        "arrivals": _arrivals(settings),
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


def _arrivals(settings: Settings) -> list[dict[str, Any]]:
    """How the days of the last week arrived, per source; empty while nothing was run."""
    from connectors.arrivals import arrivals

    newest = ledger.newest_day(settings)
    return [vars(one) for one in arrivals(settings, newest)] if newest else []


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
    _print_arrivals([one for one in report["arrivals"] if one["state"] != "on_time"], console)
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


def _print_arrivals(arrivals: list[dict[str, Any]], console: Console) -> None:
    """The days of the last week that did not simply arrive on time."""
    if not arrivals:
        return
    table = Table(title="deliveries of the last seven days that were not simply on time")
    for heading in ("source", "day", "state", "detail"):
        table.add_column(heading)
    for one in arrivals:
        table.add_row(one["source"], str(one["as_of"]), one["state"].replace("_", " "), one["detail"])
    console.print(table)
