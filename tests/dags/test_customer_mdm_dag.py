"""The DAG imports, is wired as the pipeline says, documented, and does not load the rooms."""

import itertools
import json
import subprocess
import sys

import pytest

from dags import pipeline
from dags.airflow_home import environment
from warehouse.settings import ROOT


@pytest.fixture(scope="module")
def dag(tmp_path_factory):
    from warehouse.settings import load_settings

    settings = load_settings(environ={"MDM_HOME": str(tmp_path_factory.mktemp("airflow"))})
    program = [sys.executable, str(ROOT / "tests" / "dags" / "describe_dag.py")]
    result = subprocess.run(program, env=environment(settings), cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(result.stdout.splitlines()[-1])


def test_only_one_dag_and_no_import_error(dag):
    assert dag["errors"] == []
    assert dag["dags"] == ["customer_mdm"]


def test_it_is_scheduled_as_the_site_says(dag):
    assert (dag["schedule"], dag["time_zone"]) == ("0 6 * * *", "Asia/Shanghai")


def test_the_tasks_are_the_pipeline_in_its_order(dag):
    assert dag["order"] == ["start", *pipeline.STEP_NAMES]
    names = ["start", *pipeline.STEP_NAMES]
    assert dag["downstream"] == {name: [after] for name, after in itertools.pairwise(names)} | {"publish": []}


def test_writers_share_a_pool_of_one(dag):
    writers = {step.name for step in pipeline.STEPS if step.writes_warehouse}
    assert {name for name, pool in dag["pools"].items() if pool == "warehouse_writer"} == writers


def test_it_is_owned_tagged_and_has_triage_notes(dag):
    assert dag["owners"] == ["data-engineering"]
    assert "impact/tier_1" in dag["tags"]
    assert "#### Triage" in dag["doc"]
    assert all(f"| {name} |" in dag["doc"] for name in pipeline.STEP_NAMES)


def test_one_run_at_a_time_without_catching_up(dag):
    assert (dag["max_active_runs"], dag["catchup"]) == (1, False)


def test_reading_the_dag_file_loads_no_heavy_library(dag):
    assert dag["heavy"] == []


def test_the_dag_file_is_wiring():
    lines = (ROOT / "dags" / "customer_mdm.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 120
