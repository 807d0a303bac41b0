"""What must survive when a process is killed at any moment, or two of them write at once."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from connectors.demo.generate import generate
from dags import pipeline
from tests.integration.conftest import FIRST, manifest, run, versions, xref
from warehouse import ledger
from warehouse.settings import ROOT, child_environment


@pytest.fixture(scope="module")
def undisturbed(site_factory):
    settings = site_factory(people=200, organizations=20)
    generate(settings, None)
    return settings, run(settings, FIRST)


def copy_of(settings, site_factory):
    """A site with the same key and demo bank, before any run."""
    other = site_factory(people=200, organizations=20)
    shutil.copytree(settings.keys_dir, other.keys_dir, dirs_exist_ok=True)
    generate(other, None)
    return other


def seconds_of(settings, step: str) -> float:
    steps = ledger.runs(settings)[0]["steps"]
    return sum(item["seconds"] for item in steps if item["name"].split(" ")[0] == step)


def step_process(settings, step: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "dags", "step", step, "--as-of", str(FIRST)],
        cwd=ROOT,
        env=child_environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_until_running(settings, step: str, process: subprocess.Popen) -> None:
    """Until the ledger says that the step has begun (imports take seconds), or the process is through."""
    while process.poll() is None:
        names = [
            item["name"].split(" ")[0] for item in ledger.runs(settings)[0]["steps"] if item["status"] == "running"
        ]
        if step in names:
            return
        time.sleep(0.02)


def test_a_kill_inside_every_step_changes_nothing(undisturbed, site_factory):
    """Each step is killed half-way through its usual time, then run again: same published hash as undisturbed."""
    model, expected = undisturbed
    settings = copy_of(model, site_factory)
    ledger.start_run(settings, FIRST, "mdm")
    killed = []
    for step in pipeline.STEP_NAMES:
        process = step_process(settings, step)
        wait_until_running(settings, step, process)
        time.sleep(seconds_of(model, step) / 2)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            killed.append(step)
        process.communicate()
        again = step_process(settings, step)
        _, errors = again.communicate()
        assert (again.returncode, errors) == (0, ""), step
    assert len(killed) >= len(pipeline.STEP_NAMES) - 2
    assert manifest(settings)["content_hash"] == expected.content["content_hash"]
    assert xref(settings) == expected.xref
    assert len(versions(settings)) == 1


def test_two_runs_at_once_the_second_is_told(undisturbed):
    settings, _ = undisturbed
    program = [sys.executable, "-m", "dags", "run", "--as-of", str(FIRST)]
    options = {"cwd": ROOT, "env": child_environment(settings), "text": True, "start_new_session": True}
    first = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    attempts = len(ledger.runs(settings))
    while len(ledger.runs(settings)) == attempts and first.poll() is None:
        time.sleep(0.05)
    second = subprocess.run(program, capture_output=True, check=False, **options)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    assert second.returncode == 15
    assert second.stderr.splitlines() == ["mdm: another run is under way; see mdm status"]
