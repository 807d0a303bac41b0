"""The run ledger: which run did which step when, with which counts (SQLite, so that parallel steps may write).

A business day has one run (`run-2026-03-02`); doing it again is another attempt of the same run. Counts and messages
hold no customer value.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from warehouse.errors import UserError
from warehouse.settings import Settings

_SCHEMA = """
create table if not exists run (
    run_id text not null, attempt integer not null, as_of text not null, skin text not null,
    status text not null, started_at text not null, ended_at text, primary key (run_id, attempt));
create table if not exists step (
    step_id integer primary key, run_id text not null, attempt integer not null, name text not null,
    status text not null, started_at text not null, ended_at text, counts text, message text);
"""


def run_id_of(as_of: dt.date) -> str:
    """The run of a business day; the same for every attempt, so that published rows of a rerun are identical."""
    return f"run-{as_of.isoformat()}"


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")


@contextmanager
def _open(settings: Settings) -> Iterator[sqlite3.Connection]:
    settings.home.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(settings.ledger_path, timeout=30)) as con:
        con.row_factory = sqlite3.Row
        con.execute("pragma journal_mode=wal")
        con.executescript(_SCHEMA)
        with con:
            yield con


def start_run(settings: Settings, as_of: dt.date, skin: str) -> str:
    """Open the next attempt of the day's run and return its run id."""
    run_id = run_id_of(as_of)
    with _open(settings) as con:
        con.execute("update run set status = 'interrupted' where run_id = ? and status = 'running'", [run_id])
        con.execute("update step set status = 'interrupted' where run_id = ? and status = 'running'", [run_id])
        (attempt,) = con.execute("select coalesce(max(attempt), 0) + 1 from run where run_id = ?", [run_id]).fetchone()
        con.execute(
            "insert into run values (?, ?, ?, ?, 'running', ?, null)", [run_id, attempt, str(as_of), skin, _now()]
        )
    return run_id


def end_run(settings: Settings, run_id: str, status: str) -> None:
    """Close the newest attempt of a run with `succeeded` or `failed`."""
    with _open(settings) as con:
        con.execute(
            "update run set status = ?, ended_at = ? where run_id = ? and attempt = "
            "(select max(attempt) from run where run_id = ?)",
            [status, _now(), run_id, run_id],
        )


@contextmanager
def record_step(settings: Settings, run_id: str, name: str) -> Iterator[dict[str, int]]:
    """Record one step; the caller fills the yielded counts. An exception marks the step failed and goes on."""
    counts: dict[str, int] = {}
    with _open(settings) as con:
        cursor = con.execute(
            "insert into step (run_id, attempt, name, status, started_at) values "
            "(?, coalesce((select max(attempt) from run where run_id = ?), 0), ?, 'running', ?)",
            [run_id, run_id, name, _now()],
        )
        step_id = cursor.lastrowid
    try:
        yield counts
    except BaseException as error:
        message = str(error) if isinstance(error, UserError) else type(error).__name__  # theirs may quote a value
        _end_step(settings, step_id, "failed", counts, message)
        raise
    _end_step(settings, step_id, "succeeded", counts, None)


def _end_step(
    settings: Settings, step_id: int | None, status: str, counts: Mapping[str, int], message: str | None
) -> None:
    with _open(settings) as con:
        con.execute(
            "update step set status = ?, ended_at = ?, counts = ?, message = ? where step_id = ?",
            [status, _now(), json.dumps(counts), message, step_id],
        )


def runs(settings: Settings, limit: int = 10) -> list[dict[str, Any]]:
    """The newest attempts, newest first, each with its steps in order."""
    with _open(settings) as con:
        rows = con.execute("select * from run order by started_at desc, attempt desc limit ?", [limit]).fetchall()
        return [dict(row) | {"steps": _steps(con, row["run_id"], row["attempt"])} for row in rows]


def _steps(con: sqlite3.Connection, run_id: str, attempt: int) -> list[dict[str, Any]]:
    rows = con.execute("select * from step where run_id = ? and attempt = ? order by step_id", [run_id, attempt])
    return [_step(row) for row in rows]


def _step(row: sqlite3.Row) -> dict[str, Any]:
    ended = row["ended_at"]
    seconds = (_time(ended) - _time(row["started_at"])).total_seconds() if ended else None
    counts = json.loads(row["counts"]) if row["counts"] else {}
    keys = ("name", "status", "started_at", "message")
    return {key: row[key] for key in keys} | {"seconds": seconds, "counts": counts}


def _time(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def newest_day(settings: Settings) -> dt.date | None:
    """The newest business day that any attempt was made for."""
    with _open(settings) as con:
        (day,) = con.execute("select max(as_of) from run").fetchone()
    return dt.date.fromisoformat(day) if day else None
