"""The dbt project as a whole: names, descriptions, key tests, and a lineage without a gap."""

import json
import re

import pytest

from tests.integration.conftest import FIRST
from warehouse.dbt import invoke
from warehouse.ledger import run_id_of
from warehouse.settings import ROOT

NAMES = re.compile(
    r"stg_[a-z]+__[a-z_]+|[a-z_]+__[a-z0-9_]+|contract_[a-z_]+|ref_code_map|int_[a-z0-9]+__[a-z_]+|golden_[a-z]+|customer_(360|relation|household)|c360_[a-z]+|segment[a-z_]*|published_[a-z0-9_]+"
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
    # what a site provides is tested where the engine takes it in, in the model of the contract
    untested = [model for model in models(project) if model["unique_id"] not in tested]
    assert [model["name"] for model in untested if model["fqn"][1] != "canonical"] == []


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


ENGINE = ROOT / "dbt_project"
DEMO_SOURCES = sorted(path.stem for path in (ROOT / "config" / "sources").glob("*.yml"))


def test_the_engine_names_no_source_of_the_demo_bank():
    """Sources are the site's: models, macros and tests of the engine read contracts only."""
    names = "|".join(DEMO_SOURCES)
    # 'card' and 'wealth' are also the names of a mask and of a kind of account
    forbidden = re.compile(rf"\bstg_\w|\w__({names})\b|source\('({names})'|'({names}):|source = '|source in \(")
    literal = re.compile(rf"'({'|'.join(name for name in DEMO_SOURCES if name not in ('card', 'wealth'))})'")
    assert len(DEMO_SOURCES) == 8
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted(ENGINE.rglob("*.sql"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if forbidden.search(line) or literal.search(line)
    ]
    assert found == []


def test_every_mapped_code_of_the_demo_bank_is_looked_for_among_the_unmapped():
    """A staging model that maps a code has it in the source's `code_use` model, which feeds the unmapped codes."""
    site = ROOT / "config" / "dbt" / "models"
    for path in sorted((site / "staging").rglob("stg_*.sql")):
        text = path.read_text(encoding="utf-8")
        sets = set(re.findall(r"code_set = '(\w+)'", text))
        assert len(re.findall(r"mapped_code\(", text)) == len(sets), path.name
        source, _, table = path.stem.removeprefix("stg_").partition("__")
        if sets:
            used = (site / "canonical" / f"code_use__{source}.sql").read_text(encoding="utf-8")
            call = re.search(rf"codes_in_use\('{source}', '{table}', (\{{.*?\}})\)", used, re.DOTALL)
            assert call and set(re.findall(r"'(\w+)': ", call[1])) == sets, path.name


def test_every_raw_table_feeds_a_model(project):
    used = {parent for parents in project["parent_map"].values() for parent in parents}
    raw = [source for source in project["sources"].values() if source["source_name"] in DEMO_SOURCES]
    assert len(raw) == 29
    assert [source["unique_id"] for source in raw if source["unique_id"] not in used] == []
