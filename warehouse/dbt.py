"""dbt as one process per layer.

A subprocess, not dbt in this process: dbt keeps the DuckDB file open after it returns, and a crash of its must not
take the pipeline along. A failure is told as the names of the failed nodes, never their rows.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from warehouse import policy, survivorship
from warehouse.child import die_with_parent
from warehouse.errors import BusyError, NotFoundError, TransformError
from warehouse.keys import master_key
from warehouse.ledger import run_id_of
from warehouse.settings import ROOT, Settings, child_environment
from warehouse.site_models import dbt_vars as site_vars
from warehouse.site_models import make_project


def run_dbt(settings: Settings, select: str, as_of: dt.date, run_id: str) -> dict[str, int]:
    """Build the selected models and test their data; unit tests of models belong to `make test`.

    Returns:
        Counts of models built and of tests passed or warned.

    Raises:
        TransformError: naming every failed model or test, with the number of failing rows, never the rows.
        BusyError: another process writes the warehouse.
    """
    target = settings.home / "dbt" / "target"
    command = ["build", "--exclude-resource-type", "unit_test", "--select", *select.split()]
    result = invoke(settings, command, as_of, run_id)
    nodes = _results(target)
    if result.returncode != 0:
        _raise(settings, nodes, result.stdout)
    models = sum(node["unique_id"].startswith(("model.", "seed.")) for node in nodes)
    warned = sum(node["status"] == "warn" for node in nodes)
    return {"models": models, "tests": len(nodes) - models, "warnings": warned}


def write_docs(settings: Settings, as_of: dt.date) -> Path:
    """Generate dbt's documentation as one page without outside references; its path.

    Raises:
        TransformError: dbt could not generate it.
    """
    result = invoke(settings, ["docs", "generate", "--static"], as_of, run_id_of(as_of))
    if result.returncode != 0:
        raise TransformError(f"dbt docs: {_first_error(result.stdout)}; run a day first (mdm run)")
    return settings.home / "dbt" / "target" / "static_index.html"


def dbt_variables(settings: Settings) -> dict[str, Any]:
    """Variables of every dbt call: the site's models, rules and masks; the same every day: no new parse."""
    return site_vars(settings) | survivorship.dbt_vars(settings) | policy.dbt_vars(settings)


def dbt_environment(settings: Settings, as_of: dt.date, run_id: str) -> dict[str, str]:
    """Environment of a dbt process: the day, the run, the warehouse and its key; nothing is sent anywhere."""
    return {
        **child_environment(settings),
        "MDM_DBT_AS_OF": str(as_of),
        "MDM_DBT_RUN_ID": run_id,
        "MDM_DBT_PATH": str(settings.warehouse_path),
        "MDM_DBT_KEY": master_key(settings),
        "MDM_DBT_THREADS": str(settings.warehouse.threads),
        "MDM_DBT_MEMORY_LIMIT": settings.warehouse.memory_limit,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        "PYTHONPATH": str(ROOT),  # dbt finds its plugin in our rooms
    }


def invoke(settings: Settings, command: list[str], as_of: dt.date, run_id: str) -> subprocess.CompletedProcess[str]:
    """Run one dbt command on the warehouse; its artefacts go to `home/dbt/target`, its words to the caller."""
    target = settings.home / "dbt" / "target"
    variables = dbt_variables(settings)
    project = make_project(settings)
    # dbt's log file quotes whole errors, values included: it is not written
    arguments = [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "--log-level-file", "none"]
    arguments += ["--log-path", str(target.parent / "logs")]
    arguments += [*command, "--project-dir", str(project), "--profiles-dir", str(project)]
    arguments += ["--target-path", str(target), "--vars", json.dumps(variables, ensure_ascii=False, sort_keys=True)]
    target.mkdir(parents=True, exist_ok=True)
    (target / "run_results.json").unlink(missing_ok=True)
    environment = dbt_environment(settings, as_of, run_id)
    return subprocess.run(
        arguments, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, preexec_fn=die_with_parent
    )


def compiled_sql(settings: Settings, model: str) -> str:
    """A model's SQL as the newest run built it.

    Raises:
        NotFoundError: no run built it yet.
    """
    folder = settings.home / "dbt" / "target" / "compiled"
    path = next(folder.rglob(f"{model}.sql"), None)
    if path is None:
        raise NotFoundError(f"{folder}: model {model} was not built yet; run the line first (mdm run)")
    return path.read_text(encoding="utf-8")


def _results(target: Path) -> list[dict[str, Any]]:
    """The results of the last invocation, with messages that may quote a value cut to their first words."""
    path = target / "run_results.json"
    if not path.exists():
        return []
    document = json.loads(path.read_text(encoding="utf-8"))
    for node in document["results"]:
        node["message"] = _without_values(node.get("message") or "")
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    results: list[dict[str, Any]] = document["results"]
    return results


def _without_values(message: str) -> str:
    """DuckDB quotes the offending value in these errors: keep only the kind of error."""
    kinds = ("Conversion Error", "Constraint Error", "Invalid Input Error", "Out of Range Error")
    return next((kind for kind in kinds if kind in message), message)


def _raise(settings: Settings, nodes: list[dict[str, Any]], output: str) -> None:
    if "Conflicting lock" in output or "Could not set lock" in output:
        raise BusyError(
            f"{settings.warehouse_path}: another process is writing the warehouse; wait for it (mdm status)"
        )
    failed = [node for node in nodes if node["status"] in ("error", "fail", "runtime error")]
    target = settings.home / "dbt" / "target"
    if not failed:
        raise TransformError(f"dbt could not start: {_first_error(output)}; check dbt_project/ and config/")
    raise TransformError(*(_problem(node, target) for node in failed))


def _first_error(output: str) -> str:
    """The first line after dbt's own 'Encountered an error'; configuration only, no row was read yet."""
    lines = [line.partition("  ")[2].strip() or line.strip() for line in output.splitlines()]
    after = [line for line in lines if "rror" in line]
    return " ".join(after[:2]) or "no message"


def _problem(node: dict[str, Any], target: Path) -> str:
    kind, _, name = node["unique_id"].split(".")[:3]
    rows = f", {node['failures']} rows" if node.get("failures") else ""
    reason = " ".join(node["message"].split())
    return f"dbt {kind} {name}: {node['status']}{rows}: {reason}; correct the model or its input (results: {target})"
