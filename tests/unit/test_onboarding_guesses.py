"""What onboarding tells from headers, comments and content, and what it must never do: write a customer's value."""

from __future__ import annotations

import datetime as dt
import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors.onboarding.add import Place, add_source
from connectors.onboarding.recognise import form_of
from connectors.onboarding.spellings import attribute_of, role_of, snake
from connectors.readers import open_source
from connectors.registry import load_sources
from dags.site import new_site
from dags.source_check import check_source
from tests import demo_bank
from warehouse.errors import SettingsError, SourceError
from warehouse.policy import load_policy
from warehouse.settings import ROOT, Settings, child_environment, load_settings

DAY = dt.date(2026, 3, 2)
PEOPLE = 60


@pytest.fixture
def site(tmp_path: Path) -> Settings:
    new_site(tmp_path / "bank", "Bank")
    return load_settings(tmp_path / "bank", environ={})


@pytest.mark.parametrize(("values", "form"), [
    (["11010519491231002X", "440524188001010014"], "resident_id"),
    (["110105491231002"], "resident_id"),
    (["91350100M000100Y43"], "uscc"),
    (["13812345678", "+86 13912345670", "8613700001111"], "mobile"),
    (["6228480402564890018", "6228480402564890018"], "card"),
    (["a.b@bank.cn"], "email"),
    (["010-88886666", "0755-2345678"], "landline"),
    (["张三", "阿卜来提·如则托合提", "李 四", "王芳"], "person_name"),
    (["汇泰（湖北）食品有限公司", "城东第二小学校"], "organization_name"),
    (["湖北省襄阳市樊城区长虹路12号"], "address"),
    (["2026-03-02", "2026/3/2", "20260302", "2026年3月2日"], "date"),
    (["2026-03-02 10:11:12"], "timestamp"),
    (["930101", "931107 00:00:00"], "short_year_date"),
    (["706213", "450204"], "birth_number"),
    (["1", "-20"], "integer"),
    (["1,234.50", "-0.1", "7"], "decimal"),
    (["20230230", "19990101x"], "text"),
    ([], "text"),
])  # fmt: skip
def test_content_tells_the_form(values, form):
    assert form_of(values)[0] == form


@pytest.mark.parametrize(("column", "comment", "attribute"), [
    ("CUST_NM", "", "name"), ("nam_cust_full", "", "name"), ("PARTY_NAME", "", "name"), ("cust_name", "", "name"),
    ("CERT_NO", "", "document_number"), ("ident_no", "", "document_number"), ("global_id", "", "document_number"),
    ("cod_cust_natl_id", "", "document_number"), ("IDTYPE", "", "document_type"), ("ref_phone_mobile", "", "mobile"),
    ("dat_birth_cust", "", "birth_date"), ("txt_cust_sex", "", "sex"), ("xd_col7", "借款人证件号码", "document_number"),
    ("xd_col8", "手机号1", "mobile"), ("xd_col9", "", None), ("unit", "计量", None),
])  # fmt: skip
def test_headers_and_comments_tell_the_attribute(column, comment, attribute):
    found = attribute_of("party", column, comment)
    assert (found[0] if found else None) == attribute


@pytest.mark.parametrize(("table", "comment", "role"), [
    ("s_ecif_custmast", "", "party"), ("custmast", "", "party"), ("CLIENT", "", "party"),
    ("t_0815", "个人信息表", "party"),
    ("trans", "", "transaction"), ("s_ofcr_acct", "", "account"), ("loan_iou", "", "loan"),
    ("gl_balance", "", "balance"),
    ("district", "", "other"),
])  # fmt: skip
def test_tables_are_taken_for_what_their_name_says(table, comment, role):
    assert role_of(table, comment) == role


@pytest.mark.parametrize(
    ("name", "expected"), [("CustNm", "cust_nm"), ("A1", "a1"), ("k-Symbol", "k_symbol"), ("客户号", "column")]
)
def test_names_become_plain_ones(name, expected):
    assert snake(name) == expected


def people() -> list[dict[str, str]]:
    """Customers of the demo bank's own making, under headers as old systems write them."""
    records = demo_bank.batch("core").records
    picked = [index for index in range(len(records["name"])) if records["document"][index]][:PEOPLE]
    return [
        {"CIFNO": f"C{place:05}", "XM": str(records["name"][index]), "ZJLX": "01" if place % 3 else "02",
         "ZJHM": str(records["document"][index]), "SJ": str(records["mobile"][index]), "BZ": "备注"}
        for place, index in enumerate(picked)
    ]  # fmt: skip


def write_csv(path: Path, rows: list[dict[str, str]], encoding: str = "gb18030") -> None:
    lines = ["|".join(rows[0]), *("|".join(row.values()) for row in rows)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))


def test_a_chinese_file_is_understood_and_no_value_of_a_person_is_written(site, tmp_path):
    rows = people()
    write_csv(tmp_path / "in" / "KHXX_20260302.csv", rows)
    report = add_source(site, "oldcif", Place(path=tmp_path / "in"))
    staged = {column.raw.name: column.name for column in report.tables["khxx"].columns}
    assert staged == {
        "cifno": "cifno", "xm": "name", "zjlx": "zjlx", "zjhm": "document_number", "sj": "mobile", "bz": "bz",
    }  # fmt: skip
    assert [model.name for model in report.models] == ["party__oldcif_khxx"]
    source = load_sources(site)["oldcif"]
    assert (source.encoding, source.separator) == ("gb18030", "|")
    assert source.tables["khxx"].origin == "KHXX_{date}.csv" and source.tables["khxx"].keys == ("cifno",)
    written = "\n".join(
        path.read_text(encoding="utf-8") for path in site.config_dir.rglob("*oldcif*") if path.is_file()
    )
    told = "\n".join(report.notes) + written
    values = {row[name] for row in rows for name in ("CIFNO", "XM", "ZJHM", "SJ") if len(row[name]) > 1}
    assert [value for value in values if value in told] == []
    assert load_policy(site).unclassified(staged.values()) == []


def test_codes_are_listed_to_be_filled_never_guessed(site, tmp_path):
    rows = [
        {"cust_no": str(number), "gender": "男" if number % 2 else "女", "name": f"N{number}"} for number in range(80)
    ]
    write_csv(tmp_path / "in" / "customer.csv", rows, "utf-8")
    add_source(site, "crm", Place(path=tmp_path / "in"))
    lines = (site.config_dir / "dbt/seeds/code_map__crm.csv").read_text(encoding="utf-8").splitlines()
    assert lines == [
        "source,code_set,source_code,code,title_zh",
        'crm,sex,女,UNMAPPED,"fill in: M, F"',
        'crm,sex,男,UNMAPPED,"fill in: M, F"',
    ]


def test_a_database_gives_types_keys_and_references(site, tmp_path):
    site.home.mkdir(exist_ok=True)
    engine = sa.create_engine(f"sqlite:///{site.home / 'core.db'}")
    with engine.begin() as con:
        con.execute(sa.text("create table customer (cust_id integer, cust_nm text, birth_dt date, upd_tm datetime)"))
        con.execute(sa.text("create table acct (acct_no text, cust_id integer, open_dt date, bal decimal(18,2))"))
        for number in range(30):
            born = f"19{50 + number}-01-02"
            con.execute(sa.text(f"insert into customer values ({number}, '张三', '{born}', '2026-03-01 10:00:00')"))
            con.execute(sa.text(f"insert into acct values ('A{number}', {number}, '2020-01-02', 10.5)"))
    report = add_source(site, "core", Place(url=f"sqlite:///{site.home / 'core.db'}"))
    source = load_sources(site)["core"]
    assert source.tables["customer"].watermark == "upd_tm"
    assert {column.name: column.type for column in source.tables["acct"].columns} == {
        "acct_no": "text", "cust_id": "integer", "open_dt": "date", "bal": "decimal(18,2)",
    }  # fmt: skip
    account = next(model for model in report.models if model.contract == "account")
    assert "{{ record_id('core', 'acct_row.cust_id') }} as record_id" in account.sql
    assert all(finding.is_good for finding in check_source(site, "core", DAY))


@pytest.mark.service
@pytest.mark.parametrize("url", [
    "postgresql+psycopg://postgres@127.0.0.1:5432/postgres", "mysql+pymysql://root@127.0.0.1:3306/test",
], ids=["postgresql", "mariadb"])  # fmt: skip
def test_chinese_comments_of_a_database_speak_for_columns_without_names(site, url):
    engine = sa.create_engine(url, connect_args={"connect_timeout": 3})
    table = f"s_loan_{os.getpid()}"
    meta = sa.MetaData()
    sa.Table(
        table, meta, sa.Column("xd_col1", sa.String(20), primary_key=True, comment="客户编号"),
        sa.Column("xd_col2", sa.String(60), comment="客户名称"),
        sa.Column("xd_col3", sa.String(30), comment="证件号码"),
        comment="客户信息表",
    )  # fmt: skip
    try:
        meta.create_all(engine)
    except sa.exc.OperationalError:
        pytest.skip("no such server here")
    try:
        with engine.begin() as con:
            con.execute(sa.text(f"insert into {table} values ('1', 'x', 'y')"))
        report = add_source(site, "loans", Place(url=url))
        columns = {column.raw.name: column.name for column in report.tables[table].columns}
        assert columns == {"xd_col1": "xd_col1", "xd_col2": "name", "xd_col3": "document_number"}
        assert report.tables[table].role == "party"
    finally:
        meta.drop_all(engine)
        engine.dispose()


def test_what_cannot_be_proposed_is_refused_in_one_line(site, tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(SourceError, match="no file with named columns"):
        add_source(site, "x", Place(path=tmp_path / "in"))
    with pytest.raises(SourceError, match="not there"):
        add_source(site, "x", Place(path=tmp_path / "nowhere"))
    with pytest.raises(SettingsError, match="only small letters and digits"):
        add_source(site, "My Bank", Place(path=tmp_path / "in"))
    with pytest.raises(SettingsError, match="either --path or --url"):
        add_source(site, "x", Place())
    with pytest.raises(SourceError, match="cannot be looked at"):
        add_source(site, "x", Place(url="postgresql+psycopg://nobody@127.0.0.1:1/none"))
    with pytest.raises(SettingsError, match="not empty"):
        new_site(site.config_dir, "Bank")


def test_a_new_site_holds_everything_of_the_demo_banks_but_its_sources(site):
    made = {str(path.relative_to(site.config_dir)) for path in site.config_dir.rglob("*") if path.is_file()}
    assert {"quality/golden.yml", "policy.yml", "rules/segments.yml", "models/person.yml", "survivorship.yml"} <= made
    sources = load_sources(load_settings(environ={}))
    text = (site.config_dir / "survivorship.yml").read_text(encoding="utf-8")
    assert len(sources) == 8 and not [name for name in made if Path(name).stem in sources]
    assert "default_trust: []" in text and "    trust:" not in text


def test_check_ends_with_another_code_when_a_table_is_missing(site, tmp_path):
    write_csv(tmp_path / "in" / "customer_20260302.csv", people())
    add_source(site, "crm", Place(path=tmp_path / "in"))
    (tmp_path / "in" / "customer_20260302.csv").unlink()
    command = [sys.executable, "-m", "dags", "source", "check", "crm", "--as-of", "2026-03-02"]
    environment = child_environment(site)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == SourceError.exit_code, done.stderr
    assert "✗ table customer" in done.stdout and "Traceback" not in done.stderr


def test_check_tells_what_the_gate_would_refuse(site, tmp_path):
    rows = people()
    write_csv(tmp_path / "in" / "customer_20260302.csv", rows)
    add_source(site, "crm", Place(path=tmp_path / "in"))
    write_csv(tmp_path / "in" / "customer_20260302.csv", [*rows, rows[0]])  # a key that stands twice
    bad = [finding for finding in check_source(site, "crm", DAY) if not finding.is_good]
    assert [finding.subject for finding in bad] == ["gate"]
    assert "customer" in bad[0].text and rows[0]["CIFNO"] not in bad[0].text


def test_a_packed_file_that_is_cut_short_is_told(site, tmp_path):
    packed = gzip.compress("\n".join(["a|b", *(f"{number}|{number * number}" for number in range(5000))]).encode())
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "t_20260302.csv.gz"
    path.write_bytes(packed)
    add_source(site, "pack", Place(path=path))
    path.write_bytes(packed[: len(packed) // 2])
    with open_source(site, load_sources(site)["pack"], DAY) as read, pytest.raises(SourceError, match="cut short"):
        list(read("t", None).batches)
