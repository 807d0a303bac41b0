"""The registry of sensitive data: what it refuses, and that models, masks and descriptions agree with it."""

import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from masking.fields import MASKS
from tests.mask_macros import MACROS
from warehouse.dbt_contract import model_columns
from warehouse.errors import SettingsError
from warehouse.policy import MaskName, dbt_vars, load_policy, policy_path
from warehouse.settings import ROOT, Settings, load_settings

PUBLISHED = ROOT / "dbt_project" / "models" / "published"


@pytest.fixture
def policy(settings):
    return load_policy(settings)


def site_with(tmp_path: Path, change) -> Settings:
    """A site whose registry is the shipped one after a change."""
    shipped = load_settings(environ={})
    content = yaml.safe_load(policy_path(shipped).read_text(encoding="utf-8"))
    change(content)
    site = load_settings(environ={"MDM_CONFIG": str(tmp_path)})
    policy_path(site).write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return site


def test_every_mask_of_the_registry_exists_in_python_and_sql():
    macros = (MACROS / "mask_fields.sql").read_text(encoding="utf-8")
    for name in set(get_args(MaskName)) - {"none", "note"}:
        assert f"macro mask_{name}(value)" in macros
        assert name in MASKS or name == "token"


@pytest.mark.parametrize("path", sorted(PUBLISHED.glob("published_*.sql")), ids=lambda path: path.stem)
def test_every_published_column_goes_through_its_mask(path, policy):
    table = path.stem.removeprefix("published_")
    named = re.findall(rf"mask_column\(\s*'{table}', '(\w+)'", path.read_text(encoding="utf-8"))
    expected = [column.name for column in policy.tables[table].columns]
    assert named in (expected, expected * 2)  # twice: persons and organizations


def test_published_models_and_registry_describe_the_same(policy):
    models = {model["name"]: model for model in yaml.safe_load((PUBLISHED / "_published.yml").read_text())["models"]}
    assert set(models) == {f"published_{name}" for name in policy.tables}
    for table in policy.tables.values():
        model = models[f"published_{table.name}"]
        assert model["description"] == table.description
        described = {column["name"]: column["description"] for column in model["columns"]}
        assert described == {column.name: column.description for column in table.columns}
        assert list(described) == [column.name for column in table.columns]


@pytest.mark.parametrize(
    "folder", ["config/dbt/models/staging", "dbt_project/models/contract", "dbt_project/models/golden"]
)
def test_every_column_of_staging_contracts_and_golden_is_classified(folder, policy):
    missing = {}
    for path in sorted((ROOT / folder).rglob("*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models") or []:
            if model["name"].startswith(("stg_", "contract_", "golden_person", "golden_organization", "golden_xref")):
                missing[model["name"]] = policy.unclassified(model_columns(model["name"], ROOT / folder))
    assert missing
    assert {name: columns for name, columns in missing.items() if columns} == {}


def test_every_column_of_party_records_is_classified(policy):
    assert policy.unclassified(model_columns("int_party__record")) == []


def test_differences_are_told_in_both_directions(policy):
    columns = [column.name for column in policy.tables["segment_member"].columns]
    assert policy.differences("segment_member", columns) == []
    assert "segment_member.extra has no entry" in policy.differences("segment_member", [*columns, "extra"])[0]
    assert "since is not published" in policy.differences("segment_member", [c for c in columns if c != "since"])[0]
    assert "another order" in policy.differences("segment_member", columns[::-1])[0]
    assert "table lost has no entry" in policy.differences("lost", ["a"])[0]


def test_a_branch_may_not_read_document_numbers_nor_balances(policy):
    assert "document_number" not in policy.tables["customer"].readable_by("bi_branch")
    assert "aum" not in policy.tables["customer_360"].readable_by("bi_branch")
    assert "document_number" in policy.tables["customer"].readable_by("bi_head_office")


def test_dbt_gets_the_mask_of_every_column(settings):
    masks = dbt_vars(settings)["policy_masks"]
    assert masks["customer"]["name"] == {"person": "name", "organization": "organization"}
    assert masks["account"]["account_id"]["person"] == "token"


def change_role(content):
    content["tables"]["customer"]["columns"]["sex"]["roles"] = ["nobody"]


def change_attribute(content):
    del content["attributes"]["sex"]


def change_mask(content):
    content["attributes"]["sex"]["mask"] = "blur"


def change_class(content):
    content["attributes"]["sex"] |= {"level": 4, "class": "C3"}


def change_birth(content):
    content["attributes"]["birth_date"]["mask"] = "none"


def change_key(content):
    content["tables"]["customer"]["key"] = ["customer_no"]


def change_unknown(content):
    content["colour"] = "red"


@pytest.mark.parametrize(("change", "words"), [
    (change_role, "tables.customer.columns.sex.roles: unknown role 'nobody'"),
    (change_attribute, "tables.customer.columns.sex: no attribute 'sex'"),
    (change_mask, "attributes.sex.mask"),
    (change_class, "tables.customer.columns.sex: level 4, C3 is never published"),
    (change_birth, "birth_decade: stands beside a masked document number"),
    (change_key, "tables.customer.key: 'customer_no' is no column"),
    (change_unknown, "colour: unknown key"),
])  # fmt: skip
def test_a_wrong_registry_is_refused_and_the_place_named(tmp_path, change, words):
    site = site_with(tmp_path, change)
    with pytest.raises(SettingsError, match=re.escape(words)):
        load_policy(site)
