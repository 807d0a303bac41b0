"""The kinds of check that look further: lengths, check digits, other tables, shares, freshness, drift."""

import pandas as pd
import pytest

from connectors.extract import extract_source
from quality.gate import gate_golden, gate_raw
from quality.prepare import Scene
from quality.suites import TableSuite, check_suites, source_suites
from quality.validate import validate
from tests.integration.test_quality_gate import outcomes
from tests.source_files import (
    DAY,
    DAY_2,
    DAY_3,
    card,
    fixed_lines,
    make_site,
    wealth,
    wealth_day,
    write_fixed,
    write_package,
)
from warehouse import landing, store
from warehouse.errors import SettingsError

RUN = "run-test"
ROW = {"level": "row"}


def test_lengths_and_check_digits_row_by_row():
    frame = pd.DataFrame(
        {
            "id": ["11010519491231002X", "110105194912310021", None, "110105491231002", "x"],
            "code": ["91350100M000100Y43", "91350100M000100Y44", None, "", "91350100M000100I43"],
            "card": ["6228480402564890018", "6228480402564890019", None, "0" * 12, "4111111111111111"],
        }
    )
    assert outcomes(
        frame,
        {"check": "length_between", "column": "id", "min": 15, "max": 18, **ROW},
        {"check": "checksum", "column": "id", "scheme": "resident_id", **ROW},
        {"check": "checksum", "column": "code", "scheme": "uscc", **ROW},
        {"check": "checksum", "column": "card", "scheme": "luhn", **ROW},
        {"check": "checksum", "column": "card", "scheme": "luhn", "share": 0.75},
    ) == [(False, 1, [5]), (False, 2, [2, 5]), (False, 3, [2, 4, 5]), (False, 1, [2]), (True, 1, [])]


def test_shares_and_freshness_are_judged_for_the_table_as_a_whole():
    frame = pd.DataFrame({"sex": ["M", "M", "F", None], "day": ["20260301", "20260228", "soon", None]})
    dates = {"column": "day", "format": "%Y%m%d"}
    assert outcomes(
        frame,
        {"check": "share_between", "column": "sex", "min": 0.7, "max": 0.8},
        {"check": "share_between", "column": "sex", "values": ["F"], "min": 0.3},
        {"check": "share_between", "column": "sex", "values": ["M"], "max": 0.5},
        {"check": "fresh_within", "days": 1, **dates},
        {"check": "fresh_within", "days": 0, **dates},
    ) == [(True, 0, []), (False, 4, []), (True, 0, []), (True, 0, []), (False, 4, [])]


@pytest.mark.parametrize(
    "check",
    [
        {"check": "fresh_within", "column": "a", "days": 400_000},
        {"check": "share_between", "column": "a", "min": 0},
        {"check": "row_count_between", "min": 1},
        {"check": "not_null", "column": "a", "severity": "warn"},
    ],
)
def test_a_table_without_rows_never_passes_for_fresh_or_for_a_share(check):
    (success, *_), *_ = outcomes(pd.DataFrame({"a": pd.Series([], dtype="str")}), check)
    assert success is (check["check"] == "not_null")


# looking at other deliveries


def bank_with(tmp_path, *assessment_checks):
    suite = {"assessment": {"quarantine_limit": 1, "checks": list(assessment_checks)}}
    return make_site(tmp_path, {"wealth": wealth()}, {"wealth": suite})


def deliver(settings, day, **tables):
    write_package(settings, day, wealth_day(**tables))
    extract_source(settings, "wealth", day, RUN)
    gate_raw(settings, day, RUN)
    return landing.day_commits(settings, "wealth", day)[-1].deliveries["assessment"].gate


def test_a_reference_is_looked_up_in_the_other_table_with_all_its_days(tmp_path):
    bank = bank_with(tmp_path, {"check": "references", "column": "no", "table": "customer", "to": "no", **ROW})
    rows = [("A1", "1", "C2"), ("A2", "7", "C2"), ("A3", None, "C2")]
    first = deliver(bank, DAY, assessment=rows)
    assert (first.quarantined, first.results[0].rule) == (1, "references(no → customer.no)")
    later = deliver(
        bank, DAY_2, customer=[("7", "钱七", "20260303")], assessment=[("A4", "7", "C1"), ("A5", "1", "C1")]
    )
    assert later.quarantined == 0


def gates(bank, *sizes):
    days = (DAY, DAY_2, DAY_3)
    return [deliver(bank, day, assessment=[(f"{day}{n}", "1", "C1") for n in range(size)])
            for day, size in zip(days, sizes, strict=False)]  # fmt: skip


def test_a_volume_far_from_the_last_deliveries_stops_and_the_first_one_says_that_it_had_no_past(tmp_path):
    first, near, far = gates(bank_with(tmp_path, {"check": "row_count_drift", "max_change": 0.3}), 10, 12, 16)
    assert (first.passed, first.results[0].note, first.results[0].checked) == (
        True, "no earlier delivery to compare with", 0
    )  # fmt: skip
    assert (near.passed, near.results[0].note) == (True, None)
    assert far.reasons == ["wealth.assessment: row_count_drift() fails on 16 of 16 rows"]


def test_a_distribution_far_from_the_last_deliveries_stops(tmp_path):
    bank = bank_with(tmp_path, {"check": "share_drift", "column": "level", "max_change": 0.3})
    levels = (["C1", "C1", "C2", None], ["C1", "C1", "C2", "C2"], ["C1", "C3", "C3", "C3"])
    found = [deliver(bank, day, assessment=[(f"{day}{n}", "1", level) for n, level in enumerate(some)])
             for day, some in zip((DAY, DAY_2, DAY_3), levels, strict=True)]  # fmt: skip
    assert [gate.passed for gate in found] == [True, True, False]


# every way a check could be left out in silence


def problems(settings, source="wealth"):
    with pytest.raises(SettingsError) as error:
        source_suites(settings, source)
    return error.value.problems


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "key 'file'"),
        ("customer: {checks: []}", "customer': no checks"),
        ("custmer: {checks: [{check: unique, column: name}]}", "the source has no such table"),
        ("customer: {checks: [{check: unique, column: nr}]}", "no such column: nr"),
        ("customer: {branch: nr, checks: [{check: unique, column: name}]}", "no such column: nr"),
        ("customer: {masks: {nr: none}, checks: [{check: unique, column: name}]}", "no such column: nr"),
        ("customer: {checks: [{check: unique, column: name}]}\ncustomer: {checks: []}", "'customer' stands twice"),
        ("customer:\n  checks: [{check: unique, column: name}]\n  checks: []", "'checks' stands twice"),
        ("customer: {checks: [{check: matches_regex, column: name, pattern: '('}]}", "is no regular expression"),
        ("customer: {checks: [{check: value_between, column: name}]}", "checks nothing"),
        ("customer: {checks: [{check: length_between, column: name, min: 3, max: 2}]}", "nothing can hold"),
        ("customer: {checks: [{check: row_count_between}]}", "checks nothing"),
        ("customer: {checks: [{check: share_between, column: name}]}", "checks nothing"),
        ("customer: {checks: [{check: references, column: name, table: clients, to: name}]}", "no such table"),
        ("customer: {checks: [{check: references, column: name, table: product, to: name}]}", "no such column"),
        ("customer: {checks: [{check: fresh_within, column: name, days: 1, level: row}]}", "level"),
    ],
)  # fmt: skip
def test_a_suite_that_would_check_nothing_is_refused(tmp_path, text, told):
    settings = make_site(tmp_path, {"wealth": wealth()})
    (settings.config_dir / "quality" / "wealth.yml").write_text(text, encoding="utf-8")
    found = problems(settings)
    assert all("wealth.yml" in line for line in found)
    assert any(told in line for line in found)


def test_a_suite_of_no_source_is_found_by_the_check_of_the_site(tmp_path):
    checks = {"customer": {"checks": [{"check": "unique", "column": "no"}]}}
    settings = make_site(tmp_path, {"wealth": wealth()}, {"wealth": checks, "welth": checks})
    with pytest.raises(SettingsError, match=r"welth\.yml: no source 'welth'"):
        check_suites(settings)


@pytest.mark.parametrize(
    "suite",
    [
        {"checks": [{"check": "unique", "column": "a"}]},
        {"query": "select * from nowhere", "checks": [{"check": "unique", "column": "a"}]},
        {"query": "select 1 as b", "checks": [{"check": "unique", "column": "a", "level": "row"}]},
        {"query": "select 1 as a", "checks": [{"check": "row_count_drift", "max_change": 0.1}]},
    ],
)
def test_a_golden_suite_that_cannot_be_evaluated_is_a_settings_error(tmp_path, suite):
    settings = make_site(tmp_path, {}, {"golden": {"golden_thing": suite}})
    with store.connect(settings):
        pass  # an empty warehouse
    with pytest.raises(SettingsError, match="golden_thing"):
        gate_golden(settings, DAY, RUN)


def test_a_check_of_other_deliveries_without_any_at_hand_is_no_success():
    suite = TableSuite.model_validate({"checks": [{"check": "references", "column": "a", "table": "t", "to": "b"}]})
    with pytest.raises(LookupError):
        validate("t", pd.DataFrame({"a": ["x"]}), suite.checks, Scene(DAY))


def test_a_check_on_a_column_that_did_not_come_is_no_success():
    with pytest.raises(KeyError):
        outcomes(pd.DataFrame({"a": ["x"]}), {"check": "date_between", "column": "b", "max": "as_of"})


def test_a_fixed_width_source_is_judged_by_its_suite_too(tmp_path):
    suite = {"holder": {"checks": [{"check": "length_between", "column": "mobile", "min": 11, **ROW}]}}
    bank = make_site(tmp_path, {"card": card()}, {"card": suite})
    write_fixed(
        bank,
        DAY,
        fixed_lines([("000001", "张三", "1381234567"), *[("00000" + str(n), "李四", None) for n in range(5)]]),
    )
    extract_source(bank, "card", DAY, RUN)
    assert gate_raw(bank, DAY, RUN)["quarantined"] == 1
