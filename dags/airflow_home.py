"""The embedded Airflow: its own folder and SQLite metadata database below `home`, loopback only, nothing sent out."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from dags.pipeline import WRITER_POOL
from warehouse.errors import UserError
from warehouse.keys import write_secret
from warehouse.settings import ROOT, Settings, child_environment

PORT = 8470


def environment(settings: Settings) -> dict[str, str]:
    """Environment variables of every Airflow process of ours."""
    home = settings.airflow_home
    bin_dir = Path(sys.executable).parent
    base = child_environment(settings)
    return base | {
        "PATH": f"{bin_dir}:{base.get('PATH', '')}",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://localhost:{PORT}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "engineer:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(_passwords(settings)),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(PORT),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": _jwt_secret(settings),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "PYTHONPATH": str(ROOT),
    }


def _passwords(settings: Settings) -> Path:
    path = settings.keys_dir / "airflow_logins.json"
    if not path.exists():
        write_secret(path, json.dumps({"engineer": secrets.token_urlsafe(12)}))
    return path


def _jwt_secret(settings: Settings) -> str:
    path = settings.keys_dir / "airflow_jwt.key"
    if not path.exists():
        write_secret(path, secrets.token_hex(48))
    return path.read_text(encoding="utf-8")


def serve_airflow(settings: Settings, say: Callable[[str], None]) -> None:
    """Run a standing Airflow until interrupted: metadata database, writer pool, scheduler, page.

    Raises:
        UserError: Airflow could not be set up; its own last line.
    """
    env = environment(settings)
    program = str(Path(sys.executable).parent / "airflow")
    pool = ["pools", "set", WRITER_POOL, "1", "the DuckDB file has one writer"]
    for command in (["db", "migrate"], pool):
        result = subprocess.run([program, *command], env=env, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise UserError(f"airflow {command[0]}: {(result.stderr or result.stdout).strip().splitlines()[-1]}")
    say(f"Airflow: http://127.0.0.1:{PORT}  login: see {_passwords(settings)}")
    subprocess.run([program, "standalone"], env=env, check=False)
