"""Scorecards: the shares counted by hand, kept as a trend, shown by branch, and nothing of a customer on any page."""

import json
import re
import shutil

import pytest
import yaml
from typer.testing import CliRunner

from connectors.extract import extract_source
from dags.cli import app
from quality.gate import gate_golden
from quality.page import write_page
from quality.scorecard import load_card, newest_day, read_scores, score
from stewardship.users import add_user
from tests.integration.test_stewardship_exceptions import BRANCHES, PASSWORD, SUITE, run
from tests.source_files import DAY, DAY_2, DAY_3, make_site, wealth, wealth_day, write_package
from warehouse import store
from warehouse.dbt_contract import model_columns
from warehouse.errors import NotFoundError, SettingsError
from warehouse.settings import ROOT, Settings

RUN = "run-test"
WHOLE = {
    "party_type": "person", "branch_code": "801000", "name_raw": "欧阳晓澜", "name": "欧阳晓澜", "sex": "F",
    "nationality": "CHN", "occupation": "工程师", "address": "北京市海淀区", "mobile": "13800138001",
    "document_type": "resident_id", "document_number_raw": "11010519491231002X",
    "document_number": "11010519491231002X", "document_key": "R:11010519491231002X", "document_is_valid": True,
    "document_expiry": "2031-05-06", "birth_date": "1949-12-31", "birth_date_document": "1949-12-31",
    "sex_document": "F", "is_verified": True, "updated_at": "2026-03-01", "source_as_of": str(DAY),
}  # fmt: skip
RECORDS = {
    "core:1": WHOLE,
    "core:2": {**WHOLE, "mobile": None, "mobile_issue": "filler", "occupation": None, "branch_code": "802000",
               "document_key": "R:2", "document_number": "2", "updated_at": "2019-01-01"},
    "card:3": {**WHOLE, "name": "欧阳晓岚", "birth_date": "1949-12-30", "is_verified": None, "sex": None,
               "document_expiry": "2020-01-01", "source_as_of": "2026-03-01"},
    "card:4": {"party_type": "organization", "name": "示范有限公司", "document_number_raw": "x",
               "document_is_valid": False, "source_as_of": str(DAY)},
}  # fmt: skip
TYPED = dict.fromkeys(("document_expiry", "birth_date", "birth_date_document", "source_as_of"), "date") | {
    "updated_at": "timestamp", "document_is_valid": "boolean", "is_verified": "boolean",
}  # fmt: skip
XREF = {"core:1": "G1", "core:2": "G2", "card:3": "G1", "card:4": "G9"}


def fill(con, records=RECORDS):
    types = model_columns("int_party__record") | TYPED
    con.execute(f"create or replace table int_party__record ({', '.join(f'{n} {t}' for n, t in types.items())})")
    for record_id, values in records.items():
        row = {"record_id": record_id, "source": record_id.split(":")[0], **values}
        con.execute(
            f"insert into int_party__record ({', '.join(row)}) values ({', '.join('?' * len(row))})", [*row.values()]
        )
    con.execute("create or replace table golden_xref (record_id varchar, golden_id varchar)")
    con.executemany("insert into golden_xref values (?, ?)", [[r, XREF[r]] for r in records])
    con.execute("""
        create or replace table golden_person as
        select 'G1' as golden_id, '欧阳晓澜' as name, date '1949-12-31' as birth_date, 'F' as sex,
            '13800138001' as mobile, '11010519491231002X' as document_number, 'resident_id' as document_type,
            2 as source_count
    """)
    con.execute("create or replace table source_status (source varchar, data_as_of date)")
    con.execute(f"insert into source_status values ('core', '{DAY}'), ('card', '2026-03-01')")


@pytest.fixture
def bank(tmp_path) -> Settings:

    site = make_site(tmp_path, {"wealth": wealth()}, {"wealth": {"customer": SUITE}})
    (site.config_dir / "branches.yml").write_text(yaml.safe_dump({"branches": BRANCHES}), encoding="utf-8")
    shutil.copy(ROOT / "config" / "quality" / "scorecard.yml", site.config_dir / "quality")
    with store.connect(site) as con:
        fill(con)
    return site


def shares(site, day=DAY, **wanted):
    return {(one.source, one.element): (one.numerator, one.denominator)
            for one in read_scores(site, day, by_element=True, **wanted)}  # fmt: skip


def test_every_dimension_counts_what_it_says(bank):
    score(bank, DAY, RUN)
    complete = shares(bank, dimension="completeness")
    assert complete[("core", "nine_elements")] == (1, 2)
    assert (complete[("core", "contact")], complete[("core", "occupation")]) == ((1, 2), (1, 2))
    assert (complete[("card", "sex")], complete[("card", "organization_name")]) == ((0, 1), (1, 1))
    valid = shares(bank, dimension="validity")
    assert (valid[("core", "mobile")], valid[("card", "organization_document")]) == ((1, 2), (0, 1))
    timely = shares(bank, dimension="timeliness")
    assert timely[("core", "updated")] == (1, 2)
    assert (timely[("card", "delivery")], timely[("card", "document_expiry")]) == ((0, 1), (0, 1))
    unique = shares(bank, dimension="uniqueness")
    assert (unique[("core", "document_number")], unique[("core", "customer")]) == ((2, 2), (2, 2))
    agreeing = shares(bank, dimension="consistency")
    assert (agreeing[("card", "name")], agreeing[("core", "name")]) == ((0, 1), (1, 1))
    assert ("card", "sex") not in agreeing  # nothing to compare is no score
    accurate = shares(bank, dimension="accuracy")
    assert (accurate[("card", "birth_date")], accurate[("card", "name")]) == ((0, 1), (0, 1))
    assert accurate[("core", "birth_date")] == (2, 2)


def test_a_record_held_twice_by_its_source_is_not_unique(bank):
    with store.connect(bank) as con:
        con.execute("update int_party__record set document_key = 'R:2' where source = 'core'")
        con.execute("update golden_xref set golden_id = 'G1'")
    score(bank, DAY, RUN)
    unique = shares(bank, dimension="uniqueness", source="core")
    assert unique == {("core", "document_number"): (0, 2), ("core", "customer"): (0, 2)}


def test_a_branch_sees_itself_and_those_below(bank):
    score(bank, DAY, RUN)
    assert shares(bank, dimension="completeness", branch="802000")[("core", "contact")] == (0, 1)
    assert shares(bank, dimension="completeness", branch="800001")[("core", "contact")] == (1, 2)
    with pytest.raises(NotFoundError):
        read_scores(bank, DAY, source="nowhere")


def test_the_trend_keeps_days_and_a_rerun_replaces_its_own(bank):
    score(bank, DAY, RUN)
    with store.connect(bank) as con:
        con.execute("update int_party__record set occupation = '教师'")
    counts = score(bank, DAY_2, RUN)
    assert score(bank, DAY_2, RUN) == counts
    (trend,) = [one.trend for one in read_scores(bank, DAY_2, source="core", by_element=True)
                if one.element == "occupation"]  # fmt: skip
    assert trend == [0.5, 1.0]
    short = bank.model_copy(update={"quality": bank.quality.model_copy(update={"trend_days": 1})})
    score(short, DAY_3, RUN)
    with store.connect(bank, read_only=True) as con:
        assert con.execute("select distinct as_of from quality_scorecard").fetchall() == [(DAY_3,)]
    assert newest_day(bank) == DAY_3


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("holds: sex is not null}", "holds: sexx is not null}"), "people: completeness sex: cannot be evaluated"),
        (("from int_party__record where party_type = 'person'", "from nowhere"), "people: from: cannot be evaluated"),
        (("dimension: validity", "dimension: beauty"), "people.measures"),
        (("element: sex", "element: name"), "measured twice: completeness name"),
        (("uniqueness:\n", "people:\n"), "'people' stands twice"),
    ],
)
def test_a_scorecard_that_cannot_be_measured_is_named(bank, change, told):
    path = bank.config_dir / "quality" / "scorecard.yml"
    path.write_text(path.read_text(encoding="utf-8").replace(*change, 1), encoding="utf-8")
    with pytest.raises(SettingsError, match=re.escape(told)):
        score(bank, DAY, RUN)
    with store.connect(bank, read_only=True) as con:
        assert not store.table_exists(con, "quality_scorecard")


def test_the_shipped_scorecard_measures_the_nine_elements_and_all_dimensions():
    site = Settings(config_dir=ROOT / "config", home=ROOT / "var")
    measures = [one for part in load_card(site).values() for one in part.measures]
    complete = {one.element for one in measures if one.dimension == "completeness"}
    nine = {"name", "sex", "nationality", "occupation", "address", "contact", "document_type", "document_number",
            "document_expiry"}  # fmt: skip
    assert nine < complete
    assert len({one.dimension for one in measures}) == 6


# what people see

CANARIES = ("欧阳晓澜", "欧阳晓岚", "11010519491231002X", "13800138001", "王小芳9", "10000001", "工程师", "海淀区")


@pytest.fixture
def day(bank, monkeypatch) -> Settings:
    """A day with rows in quarantine, scored, and both gates' results written."""
    add_user(bank, "hq", "head_office_steward", "800001", "hq", "hq", PASSWORD)
    suite = {"golden_person": {"checks": [{"check": "in_set", "column": "name", "values": ["x"], "severity": "warn"}]}}
    (bank.config_dir / "quality" / "golden.yml").write_text(json.dumps(suite), encoding="utf-8")
    run(bank, DAY, customer=[("10000001", "王小芳9", "801000"), ("10000002", "李四", "801000")])
    with store.connect(bank) as con:
        con.execute(f"insert into source_status (source, data_as_of) values ('core', '{DAY}')")
    score(bank, DAY, RUN)
    gate_golden(bank, DAY, RUN)
    monkeypatch.setenv("MDM_CONFIG", str(bank.config_dir))
    monkeypatch.setenv("MDM_HOME", str(bank.home))
    return bank


def test_the_page_opens_offline_and_no_artefact_holds_a_value(day, capfd):
    page = write_page(day, DAY)
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"https?://|src=|@import|url\(|<script|<link", text)
    assert "matches_regex(name)" in text and "nine_elements" in text and "in_set(name)" in text
    runner = CliRunner()
    told = [runner.invoke(app, ["quality", *words]).output for words in
            ([], ["--html"], ["--source", "core"], ["--format", "json"], ["quarantine"],
             ["quarantine", "--format", "json"])]  # fmt: skip
    assert all(told)
    artefacts = [path for path in day.quality_dir.rglob("*") if path.is_file()]
    artefacts += [path for path in day.landing_dir.rglob("*") if path.is_file() and path.name != "data.parquet"]
    artefacts += list(day.home.glob("stewardship.sqlite*"))
    assert len(artefacts) > 8
    content = (
        b"".join(path.read_bytes() for path in artefacts) + "".join(told).encode() + str(capfd.readouterr()).encode()
    )
    assert [value for value in CANARIES if value.encode() in content] == []


def test_a_person_repairs_a_row_from_the_terminal(day):
    runner = CliRunner()
    (item,) = json.loads(runner.invoke(app, ["quality", "quarantine", "--format", "json"]).output)
    assert item["values"] == {"no": "****0001", "upd": "801000"}
    words = ["quality", "fix", item["item"][:12], "--set", "name", "--login", "hq", "--reason", "客户核实"]
    wrong = runner.invoke(app, words, input="王小芳\nsomething else\n")
    assert wrong.exit_code != 0
    done = runner.invoke(app, words, input=f"王小芳\n{PASSWORD}\n")
    assert (done.exit_code, "fix kept" in done.output, "王小芳" in done.output) == (0, True, False)
    write_package(day, DAY_2, wealth_day(customer=[]))
    extract_source(day, "wealth", DAY_2, RUN)
    run(day, DAY_2)
    with store.connect(day, read_only=True) as con:
        assert con.execute("select name from raw_wealth__customer order by no").fetchall() == [("王小芳",), ("李四",)]
    (closed,) = json.loads(runner.invoke(app, ["quality", "quarantine", "--state", "fixed", "--format", "json"]).output)
    assert closed["closed_by"] == "hq"


def test_a_correction_without_a_column_is_refused(day):
    done = CliRunner().invoke(app, ["quality", "fix", "abc", "--set", "=x", "--login", "hq", "--reason", "r"])
    assert isinstance(done.exception, NotFoundError)


def test_before_the_first_run_the_command_says_so(tmp_path, monkeypatch):
    site = make_site(tmp_path, {})
    monkeypatch.setenv("MDM_CONFIG", str(site.config_dir))
    monkeypatch.setenv("MDM_HOME", str(site.home))
    with store.connect(site):
        pass
    done = CliRunner().invoke(app, ["quality"])
    assert isinstance(done.exception, NotFoundError)
