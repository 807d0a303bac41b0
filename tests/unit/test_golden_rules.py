"""Survivorship and business rules of a site: what is wrong is refused, by name, all at once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from warehouse.dbt_contract import MODELS, model_columns
from warehouse.errors import SettingsError
from warehouse.rules import condition_problems, load_customer_360, load_segments
from warehouse.settings import ROOT, Settings, load_settings
from warehouse.survivorship import MAX_STRATEGIES, STRATEGIES, dbt_vars, golden_attributes, load_survivorship

Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def site(tmp_path: Path) -> Callable[[str, Change], Settings]:
    """A copy of the shipped site with one file changed."""

    def changed(name: str, change: Change) -> Settings:
        folder = tmp_path / "config"
        shutil.copytree(ROOT / "config", folder, dirs_exist_ok=True)
        content = yaml.safe_load((folder / name).read_text(encoding="utf-8"))
        change(content)
        (folder / name).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        return load_settings(folder, environ={"MDM_HOME": str(tmp_path / "var")})

    return changed


def problems(load: Callable[[Settings], Any], settings: Settings) -> str:
    """What a loader says against a site."""
    with pytest.raises(SettingsError) as error:
        load(settings)
    return str(error.value)


def test_shipped_rules_hold_and_reach_dbt() -> None:
    values = dbt_vars(load_settings(environ={}))
    assert set(values) == {"survivorship", "segments", "customer_360"}
    document = next(rule for rule in values["survivorship"]["person"] if rule["group"] == "document")
    assert document["attributes"][0] == "document_number"
    assert document["trust"] == ["core", "credit", "wealth", "card", "ebank", "call", "registry"]
    assert [tier["from"] for tier in values["customer_360"]["tiers"]] == ["6000000", "500000", "50000", "0"]


@pytest.mark.parametrize("party_type", ["person", "organization"])
def test_every_golden_column_has_exactly_one_rule(party_type: str) -> None:
    rules = load_survivorship(load_settings(environ={})).rules(party_type)
    covered = [attribute for rule in rules.values() for attribute in rule.attributes]
    assert sorted(covered) == sorted(golden_attributes(party_type))


def _set(path: str, value: Any) -> Change:
    def change(content: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        for parent in parents:
            content = content[int(parent) if parent.isdigit() else parent]
        content[last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("person.name.attributes", ["naem"], "person: unknown attribute 'naem'"),
        ("person.name.attributes", ["naem"], "person: attribute 'name' has no rule"),
        ("person.sex.attributes", ["sex", "name"], "person: attribute 'name' has 2 rules"),
        ("person.name.strategies", ["newest"], "person.name.strategies: unknown strategy 'newest'"),
        ("person.phone.strategies", ["valid"], "person.phone.strategies: 'valid' does not work here"),
        ("person.name.strategies", ["current"], "person.name.strategies: 'current' does not work here"),
        ("person.name.strategies", ["earliest"], "'earliest' needs a date, 'name' is none"),
        ("person.name.strategies", ["trust", "trust"], "person.name.strategies: a strategy stands twice"),
        ("person.name.trust", ["core", "kore"], "person.name.trust: unknown source 'kore'"),
        ("default_trust", ["core", "core"], "default_trust: a source stands twice"),
        ("organization.uscc.otherwise", "guess", "organization.uscc.otherwise"),
        ("organization.uscc.strategies", [], "organization.uscc.strategies"),
        ("organization.uscc.strategy", ["trust"], "organization.uscc.strategy: unknown key"),
    ],
)
def test_wrong_survivorship_is_refused_by_name(site: Any, path: str, value: Any, said: str) -> None:
    settings = site("survivorship.yml", _set(path, value))
    assert said in problems(load_survivorship, settings)


def test_all_problems_of_a_file_come_at_once(site: Any) -> None:
    def change(content: dict[str, Any]) -> None:
        content["person"]["name"]["strategies"] = ["newest"]
        content["organization"]["phone"]["strategies"] = ["oldest"]

    text = problems(load_survivorship, site("survivorship.yml", change))
    assert "'newest'" in text and "'oldest'" in text and len(text.splitlines()) == 2


def test_missing_file_and_broken_yaml_are_told(site: Any) -> None:
    settings = site("survivorship.yml", lambda content: None)
    path = settings.config_dir / "survivorship.yml"
    path.write_text("person: [", encoding="utf-8")
    assert "survivorship.yml, line 1: not readable as YAML" in problems(load_survivorship, settings)
    path.unlink()
    assert "survivorship.yml: no such file" in problems(load_survivorship, settings)


COLUMNS = {"deposit_balance": "decimal(18,2)", "age": "integer", "tier": "varchar", "has_loan": "boolean"}


@pytest.mark.parametrize(
    "condition",
    [
        "deposit_balance > 500000",
        "age >= 60 and not has_loan",
        "tier in ('mass', 'private')",
        "age between 18 and 30 or tier is null",
        "(deposit_balance - 1.5) * 2 <> -3",
        "has_loan",
        "tier = '私人'",
    ],
)
def test_condition_over_known_columns_is_taken(condition: str) -> None:
    assert condition_problems(condition, COLUMNS) == []


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("balance > 1", "unknown column 'balance'"),
        ("Age > 1", "unknown column 'Age'"),
        ("age(age) > 1", "functions are not allowed"),
        ("age > (select 1)", "unknown column 'select'"),
        ("age > 1; drop table x", "';' is not allowed"),
        ("age > 1 -- always", "a comment is not allowed"),
        ("age > 1 /* always */", "a comment is not allowed"),
        ("age > 1) or (1 = 1", "stands outside of parentheses"),
        ("has_loan, age > 1", "stands outside of parentheses"),
        ("(age > 1", "a parenthesis is not closed"),
        ("age >", "not a condition"),
        ("age > 'old'", "not a condition"),
        ("age + 1", "gives a value, not true or false"),
        ("tier = '{{ 1 }}'", "is not allowed"),
        ('"age" > 1', "is not allowed"),
        ("age > 1::integer", "is not allowed"),
    ],
)
def test_other_conditions_are_refused(condition: str, said: str) -> None:
    assert any(said in problem for problem in condition_problems(condition, COLUMNS)), condition


@given(st.text(alphabet="age tier()'<>=-*/;,.1:\"[]{}\\\n and or not null select", max_size=40))
def test_a_condition_taken_uses_only_known_words(condition: str) -> None:
    if not condition_problems(condition, COLUMNS):
        outside_texts = "".join(condition.split("'")[::2])
        words = set("".join(c if c.isalnum() or c == "_" else " " for c in outside_texts).split())
        allowed = set(COLUMNS) | {"and", "or", "not", "is", "null", "in", "between", "true", "false"}
        assert all(word in allowed or word[0].isdigit() for word in words)
        assert ";" not in outside_texts and "--" not in condition


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_set("segments.0.condition", "deposits > 1"), "segment 'vip_deposit_gt_500k': unknown column 'deposits'"),
        (_set("segments.1.code", "vip_deposit_gt_500k"), "segment 'vip_deposit_gt_500k' stands 2 times"),
        (_set("segments.0.code", "VIP 1"), "segments.0.code"),
        (_set("segments.0.colour", "red"), "segments.0.colour: unknown key"),
    ],
)
def test_wrong_segments_are_refused_by_name(site: Any, change: Change, said: str) -> None:
    assert said in problems(load_segments, site("rules/segments.yml", change))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_set("tiers.3.from", 1), "no tier starts at 0"),
        (_set("tiers.0.from", 500000), "two tiers have the same from"),
        (_set("tiers.0.code", "mass"), "two tiers have the same code"),
        (_set("exchange_rates", {"CNY": 1, "usd": 7}), "exchange_rates.usd"),
        (_set("exchange_rates", {"USD": 7}), "exchange_rates.CNY: must be 1"),
        (_set("passive_transaction_types", ["a'b"]), "passive_transaction_types"),
        (_set("windows.wage_days", 0), "windows.wage_days"),
    ],
)
def test_wrong_figures_are_refused_by_name(site: Any, change: Change, said: str) -> None:
    assert said in problems(load_customer_360, site("rules/customer_360.yml", change))


def test_tiers_come_highest_first_whatever_their_order_in_the_file(site: Any) -> None:
    settings = site("rules/customer_360.yml", lambda content: content["tiers"].reverse())
    assert [tier.code for tier in load_customer_360(settings).tiers] == ["private", "affluent", "potential", "mass"]


def test_sql_knows_every_strategy_and_as_many_rank_columns() -> None:
    macros = (ROOT / "dbt_project" / "macros" / "golden_survivorship.sql").read_text(encoding="utf-8")
    for strategy in STRATEGIES:
        assert f"strategy == '{strategy}'" in macros
    assert f"range(1, {MAX_STRATEGIES + 1})" in macros
    ranks = [column for column in model_columns("int_golden__candidate") if column.startswith("rank_")]
    assert len(ranks) == MAX_STRATEGIES


@pytest.mark.parametrize("folder", ["golden", "customer_360", "segments"])
def test_models_have_the_house_shape(folder: str) -> None:
    """Every model is described, imports first, ends with a CTE of its own name, and stays short."""
    for path in sorted((MODELS / folder).glob("*.sql")):
        sql = path.read_text(encoding="utf-8")
        assert model_columns(path.stem), path.stem
        assert f"{path.stem} as (" in sql, path.stem
        assert sql.rstrip().endswith(f"select * from {path.stem}"), path.stem
        assert len(sql.splitlines()) <= 150, path.stem
        body = sql.split("\n),\n")
        references = [number for number, part in enumerate(body) if "ref(" in part and "union all" not in part]
        assert references == list(range(len(references))), f"{path.stem}: ref() after the import CTEs"
