"""Suites as data: the shipped ones fit the shipped sources, wrong ones are refused by name."""

import datetime as dt
import subprocess
import sys

import pytest

from connectors.registry import load_sources
from quality.suites import load_suites
from tests.source_files import make_site
from warehouse.errors import SettingsError
from warehouse.settings import ROOT, load_settings


def test_every_shipped_table_has_a_suite_and_every_suite_a_table(tmp_path):
    sources = load_sources(load_settings(environ={"MDM_HOME": str(tmp_path)}))
    for name, source in sources.items():
        suites = load_suites(ROOT / "config", name)
        assert list(suites) == list(source.tables)
        for table, suite in suites.items():
            assert set(suite.columns) <= {column.name for column in source.tables[table].columns}, table


def test_every_key_is_checked_for_null_so_that_a_record_always_has_an_id(tmp_path):
    sources = load_sources(load_settings(environ={"MDM_HOME": str(tmp_path)}))
    for name, source in sources.items():
        suites = load_suites(ROOT / "config", name)
        for table, parts in source.tables.items():
            checked = {check.column for check in suites[table].checks if check.kind == "not_null"}
            assert parts.keys[0] in checked, f"{name}.{table}"


def problems(tmp_path, *checks, **changes):
    settings = make_site(tmp_path, {}, {"core": {"customer": {"checks": list(checks), **changes}}})
    with pytest.raises(SettingsError) as error:
        load_suites(settings.config_dir, "core")
    return error.value.problems


@pytest.mark.parametrize(
    ("check", "told"),
    [
        ({"check": "sniff", "column": "a"}, "customer.checks.0"),
        ({"check": "not_null", "colum": "a"}, "unknown key 'customer.checks.0.not_null.colum'"),
        ({"check": "not_null", "column": "a", "level": "row", "share": 0.9}, "'share' goes with level table"),
        ({"check": "unique_together", "columns": ["a"]}, "columns"),
        ({"check": "unique_together", "columns": ["a", "b"], "level": "row"}, "level"),
        ({"check": "not_null", "column": "a", "severity": "maybe"}, "severity"),
    ],
)
def test_wrong_checks_are_refused_with_file_and_key(tmp_path, check, told):
    found = problems(tmp_path, check)
    assert any("core.yml" in line and told in line for line in found)


def test_an_unknown_key_of_a_table_is_named(tmp_path):
    assert "unknown key 'customer.cheks'" in problems(tmp_path, cheks=[])[0]


def test_a_suite_that_is_no_yaml_is_named(tmp_path):
    settings = make_site(tmp_path, {}, {"core": {}})
    (settings.config_dir / "quality" / "core.yml").write_text("a: [", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"core\.yml: not readable as YAML"):
        load_suites(settings.config_dir, "core")


def test_a_changed_suite_has_another_fingerprint(tmp_path):
    one, other = (
        make_site(tmp_path / name, {}, {"core": {"t": {"checks": [{"check": "unique", "column": name}]}}})
        for name in "ab"
    )
    prints = [load_suites(site.config_dir, "core")["t"].fingerprint for site in (one, other, one)]
    assert prints[0] == prints[2] != prints[1]


def test_a_rule_is_named_by_kind_and_columns_only(tmp_path):
    checks = [
        {"check": "in_set", "column": "sex", "values": ["1"]},
        {"check": "unique_together", "columns": ["a", "b"]},
        {"check": "row_count_between", "min": 1},
        {"check": "date_between", "column": "d", "min": dt.date(2020, 1, 1), "max": "as_of"},
    ]
    suites = load_suites(make_site(tmp_path, {}, {"core": {"t": {"checks": checks}}}).config_dir, "core")
    assert [check.rule for check in suites["t"].checks] == [
        "in_set(sex)",
        "unique_together(a, b)",
        "row_count_between()",
        "date_between(d)",
    ]


def test_great_expectations_is_loaded_only_when_a_gate_runs():
    code = "import sys, quality.gate; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
