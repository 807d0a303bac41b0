"""The dbt project as a whole: names, descriptions, key tests, and a lineage without a gap."""

import json
import re

import pytest

from tests.integration.conftest import FIRST
from warehouse.dbt import invoke
from warehouse.ledger import run_id_of

NAMES = re.compile(
    r"stg_[a-z]+__[a-z_]+|[a-z_]+__[a-z0-9_]+|contract_[a-z_]+|ref_code_map|int_[a-z0-9]+__[a-z_]+|golden_[a-z]+|customer_360|c360_[a-z]+|segment[a-z_]*|published_[a-z0-9_]+"
)


@pytest.fixture(scope="module")
def project(site_factory):
    """The manifest of the project with the shipped rules, as dbt parses it."""
    site = site_factory(people=20, organizations=2)
    assert invoke(site, ["parse"], FIRST, run_id_of(FIRST)).returncode == 0
    return json.loads((site.home / "dbt" / "target" / "manifest.json").read_text(encoding="utf-8"))


def models(project) -> list[dict]:
    return [node for node in project["nodes"].values() if node["resource_type"] == "model"]


def test_models_are_named_for_their_layer(project):
    assert [model["name"] for model in models(project) if not NAMES.fullmatch(model["name"])] == []


def test_every_model_and_column_is_described(project):
    missing = [model["name"] for model in models(project) if not model["description"]]
    missing += [
        f"{model['name']}.{name}"
        for model in models(project)
        for name, column in model["columns"].items()
        if not column["description"]
    ]
    assert missing == []
    assert [model["name"] for model in models(project) if not model["columns"]] == []


def test_every_source_table_and_column_is_described(project):
    assert [source["name"] for source in project["sources"].values() if not source["description"]] == []


def test_every_model_has_a_key_test(project):
    tested = set()
    for node in project["nodes"].values():
        if node["resource_type"] == "test" and "unique" in node.get("test_metadata", {"name": ""})["name"]:
            tested |= set(node["depends_on"]["nodes"])
    assert [model["name"] for model in models(project) if model["unique_id"] not in tested] == []


def test_golden_and_segment_models_have_unit_tests(project):
    tested = {test["model"] for test in project["unit_tests"].values()}
    assert tested >= {"golden_person", "golden_organization", "segment_history", "customer_360"}


def test_a_model_ends_in_the_cte_of_its_name(project):
    for model in models(project):
        ending = rf"select \* from {model['name']}(\s+order by [a-z0-9_, ]+)?\s*"
        assert re.search(ending + r"\Z", model["raw_code"]), model["name"]


def test_models_are_short(project):
    long = {model["name"]: len(model["raw_code"].splitlines()) for model in models(project)}
    # 120 is the aim; the widest contracts write one of their 45 columns on each line
    assert {name: lines for name, lines in long.items() if lines > 140} == {}


def ancestors(project, node: str) -> set[str]:
    seen: set[str] = set()
    waiting = [node]
    while waiting:
        for parent in project["parent_map"].get(waiting.pop(), []):
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return seen


def test_lineage_runs_from_the_sources_to_every_published_table(project):
    """Steps between dbt's layers (matching, note masking) leave no gap: party records reach every published table."""
    published = [model for model in models(project) if model["name"].startswith("published_")]
    assert len(published) >= 6
    for model in published:
        above = ancestors(project, model["unique_id"])
        assert "model.customer_mdm.int_party__record" in above, model["name"]
        assert "source.customer_mdm.core.customer" in above, model["name"]


def test_every_raw_table_feeds_a_model(project):
    used = {parent for parents in project["parent_map"].values() for parent in parents}
    bank_systems = {"core", "credit", "wealth", "card", "ebank", "counter", "call", "registry"}
    raw = [source for source in project["sources"].values() if source["source_name"] in bank_systems]
    assert len(raw) == 29
    assert [source["unique_id"] for source in raw if source["unique_id"] not in used] == []
