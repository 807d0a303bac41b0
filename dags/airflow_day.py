"""Run one day through the Airflow DAG, in one process, on the embedded database: `python -m dags.airflow_day DAY`.

Airflow reads its configuration when it is imported, so this is a process of its own with the environment of
`airflow_home.environment`; the same DAG object runs under a standing scheduler (`mdm airflow`).
"""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from dags.airflow_home import environment
from dags.pipeline import WRITER_POOL
from dags.runner import as_text, refuse_past_day
from warehouse import ledger
from warehouse.child import die_with_parent
from warehouse.errors import BusyError, UserError
from warehouse.lock import exclusive
from warehouse.settings import ROOT, Settings, load_settings


def run_day_in_airflow(settings: Settings, as_of: dt.date, report: Callable[[str, str], None]) -> str:
    """Run the day through the DAG and report each step as it ends.

    Raises:
        UserError: the DAG run failed; the failed step's own words.
    """
    refuse_past_day(settings, as_of)
    log = settings.airflow_home / "logs" / f"day-{as_of}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(settings.home / "run.lock", BusyError("another run is under way; see mdm status")):
        before = _newest_attempt(settings)
        with log.open("w", encoding="utf-8") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "dags.airflow_day", str(as_of)],
                env=environment(settings),
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent,
            )
            _follow(settings, process, before, report)
    if process.returncode != 0:
        raise UserError(f"the Airflow run of {as_of} failed; see mdm status, and {log}")
    return ledger.run_id_of(as_of)


def _newest_attempt(settings: Settings) -> tuple[str, int] | None:
    return next(((run["run_id"], run["attempt"]) for run in ledger.runs(settings, limit=1)), None)


def _follow(
    settings: Settings,
    process: subprocess.Popen[bytes],
    before: tuple[str, int] | None,
    report: Callable[[str, str], None],
) -> None:
    """Report finished steps of the new attempt until the process ends."""
    told = 0
    while True:
        ended = process.poll() is not None
        steps = ledger.runs(settings, limit=1)[0]["steps"] if _newest_attempt(settings) != before else []
        finished = [step for step in steps if step["status"] != "running"]
        for step in finished[told:]:
            words = as_text(step["counts"]) if step["status"] == "succeeded" else f"STOPPED: {step['message']}"
            report(step["name"], f"{words} ({step['seconds']:.1f} s)")
        told = len(finished)
        if ended:
            return
        time.sleep(0.5)


def _prepare() -> None:
    """Make or upgrade the metadata database and the writer pool."""
    from airflow.models.pool import Pool
    from airflow.utils.db import initdb

    initdb()
    Pool.create_or_update_pool(
        WRITER_POOL, slots=1, description="the DuckDB file has one writer", include_deferred=False
    )


def main(as_of: str) -> int:
    """Run the DAG for `as_of`; 0 when its last step published."""
    _prepare()
    from dags.customer_mdm import DAG_OBJECT

    day = dt.datetime.combine(dt.date.fromisoformat(as_of), dt.time(), dt.UTC)
    DAG_OBJECT.test(logical_date=day, run_conf={"as_of": as_of})
    return 0 if ledger.runs(load_settings(), limit=1)[0]["status"] == "succeeded" else 1


if __name__ == "__main__":
    if Path.cwd() != ROOT:
        raise SystemExit("run from the repository root")
    raise SystemExit(main(sys.argv[1]))
