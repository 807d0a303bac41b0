"""The demo bank on disk and in its databases, day after day."""

import datetime as dt
import hashlib
import json
import shutil
import sqlite3
import stat
from pathlib import Path

import psycopg
import pyarrow.parquet as pq
import pytest

from connectors.demo import generate as module
from connectors.demo import injectors_delivery
from connectors.demo.generate import core_database, generate
from tests.demo_bank import world
from warehouse.errors import UserError

FIRST = dt.date(2026, 3, 2)
DAYS = [FIRST + dt.timedelta(days=number) for number in range(4)]


def files(home: Path) -> dict[str, str]:
    """Every file a source delivers, and its content's hash."""
    found = [path for path in home.rglob("*") if path.is_file() and not path.is_relative_to(home / "demo" / "core")]
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(found)
        if path.is_relative_to(home / "demo") or path.is_relative_to(home / "demo-truth")
    }


def rows(site, query: str) -> list[tuple]:
    with psycopg.connect(core_database(site)) as con:
        return con.execute(query).fetchall()


def core_content(site) -> dict[str, str]:
    tables = ("customer", "account", "daily_balance", "transaction")
    query = "select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {} t"
    return {table: rows(site, query.format(table))[0][0] for table in tables}


@pytest.fixture(scope="module")
def four_days(site_factory):
    """A site after four days, with what the files were after each."""
    site = site_factory(people=300, organizations=30)
    after = {}
    for day in DAYS:
        counts = generate(site, day)
        after[day] = files(site.home)
    return site, after, counts


def test_every_system_delivers_its_form(four_days):
    site, after, counts = four_days
    names = {name for name in after[DAYS[0]] if "20260302" in name}
    assert names == {
        "demo/wealth/WMS_01_20260302.tar.gz",
        "demo/wealth/WMS_01_20260302.tar.gz.OK",
        "demo/card/CARDHOLDER_20260302.DAT",
        "demo/card/CARD_20260302.DAT",
        "demo/card/STATEMENT_20260302.DAT",
        "demo/card/CARD_20260302.CTL",
        "demo/ebank/users_20260302.jsonl",
        "demo/ebank/devices_20260302.jsonl",
        "demo/ebank/events_20260302.jsonl",
        "demo/counter/counter_20260302.xlsx",
        "demo/call/contacts_20260302.csv",
        "demo/call/complaints_20260302.csv",
        "demo/call/notes_20260302.csv",
        "demo/registry/organization_20260302.parquet",
        "demo/registry/legal_representative_20260302.parquet",
        "demo/registry/shareholder_20260302.parquet",
    }
    with sqlite3.connect(site.demo_dir / "credit" / "credit.sqlite") as con:
        tables = {name for (name,) in con.execute("select name from sqlite_master where type = 'table'")}
    con.close()
    assert tables == {"applicant", "loan", "repayment", "guarantor", "collateral"}
    assert counts["core.customer"] == rows(site, "select count(*) from customer")[0][0]


def test_a_days_files_stay_as_they_were_delivered(four_days):
    _, after, _ = four_days
    for day in DAYS[:-1]:
        dated = {n: h for n, h in after[day].items() if day.strftime("%Y%m%d") in n and ".late" not in n}
        assert dated.items() <= after[DAYS[-1]].items()


def test_core_keeps_every_days_balances_and_they_follow_from_transactions(four_days):
    site, _, _ = four_days
    days = rows(site, "select bal_dt, count(*) from daily_balance group by bal_dt order by bal_dt")
    assert [day for day, _ in days] == DAYS
    broken = rows(
        site,
        """
        select count(*) from daily_balance later join daily_balance earlier
            on earlier.acct_no = later.acct_no and earlier.bal_dt = later.bal_dt - 1
        where later.bal <> earlier.bal + coalesce((
            select sum(case dc_flg when 'C' then amt else -amt end) from transaction
            where acct_no = later.acct_no and txn_tm::date = later.bal_dt), 0)
        """,
    )
    assert broken == [(0,)]
    assert rows(site, "select count(*) from account where acct_no not in (select acct_no from daily_balance)") == [(0,)]
    assert rows(site, "select count(*) - count(distinct txn_id) from transaction") == [(0,)]


def test_renewals_tell_core_numbers(four_days):
    import python_calamine

    site, _, _ = four_days
    current = dict(rows(site, "select cust_no, cert_no from customer"))
    told = 0
    for day in DAYS:
        book = python_calamine.CalamineWorkbook.from_path(str(site.demo_dir / "counter" / f"counter_{day:%Y%m%d}.xlsx"))
        for row in book.get_sheet_by_name("身份证件更新").to_python()[1:]:
            told += 1
            assert row[1] in current
            if day == DAYS[-1]:
                assert current[row[1]] == row[5]
    assert told


def test_late_files_come_a_day_later(four_days):
    _, after, _ = four_days
    late = "demo/call/notes_20260304.csv"
    assert late not in after[DAYS[2]]
    assert late in after[DAYS[3]]


def test_redelivered_files_are_written_again_unchanged(tmp_path):
    made = world(days=2, people=50, organizations=4)
    old = tmp_path / "card" / "CARD_20260302.CTL"
    old.parent.mkdir()
    old.write_text("x")
    before = old.stat().st_ino
    assert injectors_delivery.redelivered_file(made, tmp_path) == ["CARD_20260302.CTL"]
    assert old.read_text() == "x"
    assert old.stat().st_ino != before
    made.run()
    assert injectors_delivery.redelivered_file(made, tmp_path) == []


def test_the_newest_day_made_again_is_identical(four_days):
    site, after, _ = four_days
    before = core_content(site)
    generate(site, DAYS[-1])
    assert files(site.home) == after[DAYS[-1]]
    assert core_content(site) == before


def test_skipped_days_are_made_up_for(four_days, site_factory):
    site, after, _ = four_days
    other = site_factory(people=300, organizations=30)
    generate(other, DAYS[0])
    generate(other, DAYS[-1])
    assert files(other.home) == after[DAYS[-1]]
    assert core_content(other) == core_content(site)


def test_the_demo_does_not_go_back(four_days):
    site, _, _ = four_days
    with pytest.raises(UserError, match="do not go back"):
        generate(site, DAYS[0])
    with pytest.raises(UserError, match="do not go back"):
        generate(site, FIRST - dt.timedelta(days=1))


def test_another_size_needs_another_demo(four_days):
    site, _, _ = four_days
    larger = site.model_copy(update={"demo": site.demo.model_copy(update={"people": 301})})
    with pytest.raises(UserError, match="another size"):
        generate(larger, DAYS[-1])


def test_a_demo_killed_between_two_systems_is_made_whole(four_days, site_factory, monkeypatch):
    site, after, _ = four_days
    other = site_factory(people=300, organizations=30)
    for day in DAYS[:-1]:
        generate(other, day)
    with monkeypatch.context() as patch:
        patch.setitem(module._FILE_WRITERS, "ebank", lambda world, folder: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            generate(other, DAYS[-1])
    generate(other, DAYS[-1])
    assert files(other.home) == after[DAYS[-1]]
    assert core_content(other) == core_content(site)


def test_the_truth_is_its_owners_only_and_complete(four_days):
    site, _, _ = four_days
    assert stat.S_IMODE(site.truth_dir.stat().st_mode) == 0o700
    truth = pq.read_table(site.truth_dir / "truth.parquet").to_pandas()
    core = {f"core:{number}" for (number,) in rows(site, "select cust_no from customer")}
    assert set(truth.loc[truth.source == "core", "record_id"]) == core
    assert truth["record_id"].is_unique
    canaries = json.loads((site.truth_dir / "canaries.json").read_text("utf-8"))
    clear = "".join((site.demo_dir / "call").joinpath("notes_20260302.csv").read_text("utf-8"))
    assert all(value in clear for values in canaries.values() for value in values)


def test_core_may_be_another_server(settings):
    from warehouse.embedded_pg import EmbeddedPostgres

    server = EmbeddedPostgres(settings.home / "elsewhere" / "pg")
    server.start()
    try:
        url = server.create_database("their_core")
        counts = generate(settings, core_url=url)
        with psycopg.connect(url) as con:
            assert con.execute("select count(*) from account").fetchone() == (counts["core.account"],)
        assert not (settings.demo_dir / "core").exists()
    finally:
        server.stop()
        shutil.rmtree(settings.home / "elsewhere")
