"""The gates on real deliveries, with Great Expectations behind them: what stops, what is put aside, what goes on."""

import json

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from connectors.extract import extract_source
from connectors.raw import register_raw
from quality.gate import gate_golden, gate_raw
from quality.prepare import Scene
from quality.suites import TableSuite
from quality.validate import validate
from tests.source_files import DAY, DAY_2, card, fixed_lines, make_site, wealth, wealth_day, write_fixed, write_package
from warehouse import landing, store
from warehouse.errors import GateError, SettingsError

RUN = "run-test"
LEVELS = ["C1", "C2", "C3", "C4", "C5"]
WEALTH = {
    "customer": {
        "quarantine_limit": 0.5,
        "checks": [
            {"check": "not_null", "column": "no", "level": "row"},
            {"check": "date_between", "column": "upd", "format": "%Y%m%d", "max": "as_of", "level": "row"},
            {"check": "not_null", "column": "name", "share": 0.9, "severity": "warn"},
        ],
    },
    "product": {"checks": [{"check": "unique", "column": "code"}]},
    "assessment": {"checks": [{"check": "in_set", "column": "level", "values": LEVELS, "level": "row"}]},
}


@pytest.fixture
def bank(tmp_path):
    return make_site(tmp_path, {"wealth": wealth(), "card": card()}, {"wealth": WEALTH})


def deliver(settings, day, cards=(("000001", "张三", None),), **tables):
    write_package(settings, day, wealth_day(**tables))
    write_fixed(settings, day, fixed_lines(cards))
    for source in ("wealth", "card"):
        extract_source(settings, source, day, RUN)


def raw(settings, day, sql):
    register_raw(settings, day, RUN)
    with store.connect(settings, read_only=True) as con:
        return con.execute(sql).fetchall()


def outcomes(frame, *checks):
    suite = TableSuite.model_validate({"checks": list(checks)})
    numbered = frame.assign(_row_number=range(1, len(frame) + 1))
    return [
        (one.result.success, one.result.unexpected, one.rows)
        for one in validate("t", numbered, suite.checks, Scene(DAY))
    ]


def test_each_kind_of_check_finds_what_it_should():
    frame = pd.DataFrame(
        {
            "id": ["a", "b", "b", None],
            "code": ["1", "2", "x", None],
            "day": ["20260302", "20260303", "19480101", "2026-1"],
            "at": ["2026-03-02T23:59:59", "2026-03-03T00:00:00", None, "soon"],
            "date": [DAY, DAY_2, None, DAY],
            "amount": ["1.5", "-1", "much", None],
        }
    )
    row = {"level": "row"}
    assert outcomes(
        frame,
        {"check": "not_null", "column": "id", **row},
        {"check": "not_null", "column": "id", "share": 0.75},
        {"check": "unique", "column": "id", **row},
        {"check": "in_set", "column": "code", "values": ["1", "2"], **row},
        {"check": "matches_regex", "column": "code", "pattern": "[0-9]", **row},
        {"check": "matches_regex", "column": "day", "pattern": "2026"},
        {"check": "date_between", "column": "day", "format": "%Y%m%d", "min": "1949-10-01", "max": "as_of", **row},
        {"check": "date_between", "column": "at", "max": "as_of", **row},
        {"check": "date_between", "column": "date", "max": "as_of", **row},
        {"check": "value_between", "column": "amount", "min": 0, **row},
        {"check": "unique_together", "columns": ["id", "code"]},
        {"check": "unique_together", "columns": ["id", "amount"]},
        {"check": "row_count_between", "min": 5},
        {"check": "row_count_between", "min": 1, "max": 4},
    ) == [
        (False, 1, [4]),
        (True, 1, []),
        (False, 2, [2, 3]),
        (False, 1, [3]),
        (False, 1, [3]),
        (False, 4, []),
        (False, 3, [2, 3, 4]),
        (False, 2, [2, 4]),
        (False, 1, [2]),
        (False, 2, [2, 3]),
        (True, 0, []),
        (True, 0, []),
        (False, 4, []),
        (True, 0, []),
    ]


def test_a_check_that_cannot_be_evaluated_is_never_a_silent_success():
    with pytest.raises(RuntimeError, match="could not be evaluated"):
        outcomes(pd.DataFrame({"a": [["x"]], "b": [1]}), {"check": "unique_together", "columns": ["a", "b"]})


def test_an_empty_delivery_passes_row_checks():
    assert outcomes(pd.DataFrame({"a": pd.Series([], dtype="str")}), {"check": "not_null", "column": "a"}) == [
        (True, 0, [])
    ]


def test_good_deliveries_pass_once_and_are_not_judged_again(bank):
    deliver(bank, DAY)
    first = gate_raw(bank, DAY, RUN)
    assert first == {"deliveries": 4, "checks": 6, "warnings": 0, "quarantined": 0, "reentered": 0, "failed_sources": 0}
    files = {path: path.stat().st_mtime_ns for path in bank.landing_dir.rglob("*.json")}
    assert gate_raw(bank, DAY, RUN)["deliveries"] == 0
    assert {path: path.stat().st_mtime_ns for path in bank.landing_dir.rglob("*.json")} == files


def test_bad_rows_go_to_quarantine_by_number_and_the_others_go_on(bank):
    rows = [("1", "王小芳", "20260302"), (None, "赵六", "20260302"), ("3", None, "20260303"), ("4", "钱七", "20260301")]
    deliver(bank, DAY, customer=rows)
    counts = gate_raw(bank, DAY, RUN)
    assert (counts["quarantined"], counts["warnings"], counts["failed_sources"]) == (2, 1, 0)
    assert raw(bank, DAY, "select no from raw_wealth__customer order by no") == [("1",), ("4",)]
    outside = "the value is no date, or outside of the expected time"
    assert raw(
        bank, DAY, "select * exclude (item, branch_code, first_seen, state, closed_by, payload) from quarantine"
    ) == [
        ("wealth", "customer", DAY, 1, 2, "no", "not_null(no)", "the value is missing"),
        ("wealth", "customer", DAY, 1, 3, "upd", "date_between(upd)", outside),
    ]


def test_a_row_repaired_in_the_next_full_delivery_leaves_the_quarantine(tmp_path):
    suite = {"holder": {"quarantine_limit": 1, "checks": [{"check": "not_null", "column": "mobile", "level": "row"}]}}
    bank = make_site(tmp_path, {"card": card()}, {"card": suite})
    for day, mobile in ((DAY, None), (DAY_2, "13812345678")):
        write_fixed(bank, day, fixed_lines([("000001", "张三", mobile)]))
        extract_source(bank, "card", day, RUN)
        gate_raw(bank, day, RUN)
    assert raw(bank, DAY, "select (select count(*) from quarantine), count(*) from raw_card__holder") == [(1, 0)]
    assert raw(bank, DAY_2, "select (select list(state) from quarantine), count(*) from raw_card__holder") == [
        (["fixed"], 1)
    ]


def test_a_failed_table_stops_the_whole_source_and_only_it(bank):
    deliver(bank, DAY)
    gate_raw(bank, DAY, RUN)
    deliver(
        bank,
        DAY_2,
        customer=[("9", "x", "20260303")],
        product=[("P1", "a"), ("P1", "b")],
        cards=[("000002", "李四", None)],
    )
    assert gate_raw(bank, DAY_2, RUN)["failed_sources"] == 1
    assert raw(bank, DAY_2, "select no from raw_wealth__customer order by no") == [("1",), ("2",)]
    assert raw(bank, DAY_2, "select ch_no from raw_card__holder") == [("000002",)]
    assert raw(bank, DAY_2, "select source, data_as_of, is_stale, reason from source_status order by source") == [
        ("card", DAY_2, False, None),
        ("wealth", DAY, True, "wealth.product: unique(code) fails on 2 of 2 rows"),
    ]


def test_too_many_bad_rows_mean_a_broken_delivery(bank):
    deliver(bank, DAY)
    gate_raw(bank, DAY, RUN)
    deliver(bank, DAY_2, customer=[(None, "a", "20260303"), (None, "b", "20260303"), ("3", "c", "20260303")])
    assert gate_raw(bank, DAY_2, RUN)["failed_sources"] == 1
    state = landing.source_state(bank, "wealth", DAY_2)
    assert (state.data_as_of, state.reason) == (
        DAY,
        "wealth.customer: 2 of 3 rows fail, more than the quarantine_limit",
    )


def test_no_accepted_data_at_all_stops_the_run_with_every_reason(bank):
    write_package(bank, DAY, wealth_day(product=[("P1", "a"), ("P1", "b")]))
    extract_source(bank, "wealth", DAY, RUN)
    with pytest.raises(GateError) as error:
        gate_raw(bank, DAY, RUN)
    assert error.value.problems == (
        f"no source has any accepted data up to {DAY}; see the lines below",
        f"no delivery of {DAY}",
        "wealth.product: unique(code) fails on 2 of 2 rows",
    )


def test_a_loosened_suite_judges_the_day_again(bank):
    deliver(bank, DAY, product=[("P1", "a"), ("P1", "b")])
    assert gate_raw(bank, DAY, RUN)["failed_sources"] == 1
    path = bank.config_dir / "quality" / "wealth.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("column: code", "column: code\n    severity: warn"))
    assert gate_raw(bank, DAY, RUN) == {
        "deliveries": 1,
        "checks": 1,
        "warnings": 1,
        "quarantined": 0,
        "reentered": 0,
        "failed_sources": 0,
    }


def test_a_suite_with_a_column_the_table_does_not_have_is_a_settings_error(bank):
    deliver(bank, DAY)
    path = bank.config_dir / "quality" / "wealth.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("column: code", "column: kode"))
    with pytest.raises(SettingsError, match=r"wealth\.yml: product: no such column: kode"):
        gate_raw(bank, DAY, RUN)


def test_results_and_quarantine_hold_keys_and_counts_but_no_value(bank, capfd):
    rows = [("secret-key", "张三丰", "20990101"), ("1", "王小芳", "20260302"), ("2", "李四", "20260302")]
    deliver(bank, DAY, customer=rows)
    gate_raw(bank, DAY, RUN)
    written = [path for path in bank.landing_dir.rglob("*.json")] + [bank.quality_dir / f"{DAY}" / "raw.json"]
    text = "".join(path.read_text(encoding="utf-8") for path in written)
    quarantine = landing.commits(bank, "wealth")[0].deliveries["customer"].quarantine
    text += str(pq.read_table(quarantine).to_pylist()) + "".join(capfd.readouterr())
    assert not [value for value in ("secret-key", "张三丰", "王小芳", "20990101") if value in text]
    result = json.loads(written[-1].read_text(encoding="utf-8"))["tables"]["wealth.customer"]
    assert (result["status"], result["rows"], result["quarantined"]) == ("passed", 3, 1)
    assert [one["rule"] for one in result["results"] if not one["success"]] == ["date_between(upd)"]


# the golden gate

GOLDEN = {
    "golden_person": {
        "checks": [
            {"check": "unique", "column": "golden_id"},
            {"check": "not_null", "column": "mobile", "share": 0.9, "severity": "warn"},
        ]
    },
    "golden_customers_per_record": {
        "query": "select count(x.golden_id) as customers from int_party__record left join golden_xref as x "
        "using (record_id) group by record_id",
        "checks": [{"check": "in_set", "column": "customers", "values": [1]}],
    },
}


@pytest.fixture
def golden(tmp_path):
    site = make_site(tmp_path, {}, {"golden": GOLDEN})

    def fill(sql: str) -> None:
        with store.connect(site) as con:
            con.execute(sql)

    fill("""
        create table golden_person as select * from (values ('G1', '1'), ('G2', null)) as t (golden_id, mobile);
        create table int_party__record as select unnest(['a:1', 'a:2', 'b:1']) as record_id;
        create table golden_xref as
            select * from (values ('a:1', 'G1'), ('a:2', 'G1'), ('b:1', 'G2')) as t (record_id, golden_id);
    """)
    return site, fill


def test_good_golden_customers_pass_and_warnings_are_counted(golden):
    site, _ = golden
    assert gate_golden(site, DAY, RUN) == {"tables": 2, "checks": 3, "warnings": 1}
    results = json.loads((site.quality_dir / f"{DAY}" / "golden.json").read_text(encoding="utf-8"))
    assert set(results["tables"]) == set(GOLDEN)


def test_every_failed_rule_of_the_golden_gate_is_one_line(golden):
    site, fill = golden
    fill("insert into golden_person values ('G2', '2'); delete from golden_xref where record_id = 'b:1'")
    with pytest.raises(GateError) as error:
        gate_golden(site, DAY, RUN)
    assert [line.split(";")[0] for line in error.value.problems] == [
        "golden_person: unique(golden_id) fails on 2 of 3 rows",
        "golden_customers_per_record: in_set(customers) fails on 1 of 3 rows",
    ]


def test_the_golden_gate_only_reads(golden):
    site, _ = golden
    before = site.warehouse_path.read_bytes()
    gate_golden(site, DAY, RUN)
    assert site.warehouse_path.read_bytes() == before
    with pytest.raises(duckdb.Error), store.connect(site, read_only=True) as con:
        con.execute("create table t (a int)")
