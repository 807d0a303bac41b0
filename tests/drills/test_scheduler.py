"""The day under a real scheduler: trigger through the REST API, extracts side by side, wait, look at the result."""

import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from connectors.demo.generate import generate
from dags.airflow_home import environment
from warehouse import ledger

DAY = "2026-03-02"
PATIENCE_SECONDS = 420


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def call(port: int, path: str, body: dict | None = None, token: str | None = None) -> dict:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def wait_for(what, seconds: float):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found = what()
        except OSError:
            found = None
        if found:
            return found
        time.sleep(2)
    pytest.fail("Airflow did not get there in time")


@pytest.fixture(scope="module")
def airflow(site_factory):
    settings = site_factory(people=200, organizations=20)
    generate(settings, None)
    port = free_port()
    env = environment(settings) | {
        "MDM_SCHEDULE__CRON": "",  # only the day that is triggered: a scheduled later one would refuse the past
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://localhost:{port}/execution/",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
    }
    program = str(Path(sys.executable).parent / "airflow")
    subprocess.run([program, "db", "migrate"], env=env, check=True, capture_output=True)
    pool = [program, "pools", "set", "warehouse_writer", "1", "one writer"]
    subprocess.run(pool, env=env, check=True, capture_output=True)
    log = (settings.home / "airflow.log").open("w")
    process = subprocess.Popen(
        [program, "standalone"], env=env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    )
    yield settings, port
    os.killpg(process.pid, signal.SIGTERM)
    time.sleep(5)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    log.close()


def login(settings, port: int) -> str:
    password = json.loads((settings.keys_dir / "airflow_logins.json").read_text())["engineer"]
    return call(port, "/auth/token", {"username": "engineer", "password": password})["access_token"]


def test_a_scheduler_runs_the_day(airflow):
    settings, port = airflow
    token = wait_for(lambda: login(settings, port), 180)
    base = "/api/v2/dags/customer_mdm"
    wait_for(lambda: call(port, base, token=token), 120)
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{base}",
        data=b'{"is_paused": false}',
        method="PATCH",
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )
    urllib.request.urlopen(request, timeout=10).close()
    run = call(port, f"{base}/dagRuns", {"logical_date": None, "conf": {"as_of": DAY}}, token)
    path = f"{base}/dagRuns/{urllib.parse.quote(run['dag_run_id'])}"
    ended = ("success", "failed")
    wait_for(lambda: call(port, path, token=token)["state"] in ended, PATIENCE_SECONDS)
    tasks = call(port, f"{path}/taskInstances", token=token)["task_instances"]
    assert {task["task_id"] for task in tasks if task["state"] != "success"} == set()
    assert ledger.runs(settings)[0]["status"] == "succeeded"
    assert (settings.published_dir / "current" / "customer.duckdb").exists()
    assert overlapping([task for task in tasks if task["task_id"] == "extract"])


def overlapping(tasks: list[dict]) -> bool:
    """Whether at least two of the tasks ran at the same time."""
    spans = sorted((task["start_date"], task["end_date"]) for task in tasks)
    return any(later[0] < earlier[1] for earlier, later in itertools.pairwise(spans))
