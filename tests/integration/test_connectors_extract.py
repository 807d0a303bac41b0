"""From source files and databases into the landing and out again as raw relations, day after day."""

import json
import sqlite3
import threading

import pandas as pd
import psycopg
import pyarrow.parquet as pq
import pytest

from connectors.extract import extract_source
from connectors.raw import register_raw
from tests.source_files import (
    CARD_ROWS,
    DAY,
    DAY_2,
    DAY_3,
    card,
    columns,
    fixed_lines,
    make_site,
    wealth,
    wealth_day,
    write_fixed,
    write_package,
)
from warehouse import landing, store
from warehouse.embedded_pg import EmbeddedPostgres
from warehouse.errors import NotFoundError, SourceError
from warehouse.landing import Gate

RUN = "run-test"
NOTHING = {"customer": [], "assessment": []}


@pytest.fixture
def bank(tmp_path):
    return make_site(tmp_path, {"wealth": wealth(), "card": card()})


def extract(settings, source, day):
    return extract_source(settings, source, day, RUN)


def counts(**some):
    return {"days_caught_up": 0, "days_read_again": 0, **some}


def accept(settings, source):
    """What the gate does to deliveries without fault."""
    for known in landing.commits(settings, source):
        for delivery in known.deliveries.values():
            if delivery.gate is None:
                delivery.write_gate(Gate("test", [], 0, []))


def raw(settings, day, sql):
    for source in ("wealth", "card", "core", "credit"):
        accept(settings, source)
    register_raw(settings, day, RUN)
    with store.connect(settings, read_only=True) as con:
        return con.execute(sql).fetchall()


def landed(settings, source):
    return [(known.as_of, sorted(known.deliveries)) for known in landing.commits(settings, source)]


def test_a_landed_row_carries_its_lineage_and_the_manifest_what_is_known(bank):
    write_package(bank, DAY, wealth_day())
    assert extract(bank, "wealth", DAY) == counts(rows=4, deliveries=3, tables=3)
    delivery = landing.commits(bank, "wealth")[0].deliveries["customer"]
    first = pq.read_table(delivery.data).to_pylist()[0]
    assert first == {
        "no": "1",
        "name": "王小芳",
        "upd": "20260302",
        "_row_number": 1,
        "_source_file": "W_20260302.tar.gz/CUSTOMER_20260302.txt",
        "_as_of": DAY,
        "_delivery": 1,
    }
    manifest = delivery.manifest
    assert (manifest.rows, manifest.source_counts, manifest.watermark) == (2, {"rows": 2}, "2026-03-02")
    assert "王小芳" not in json.dumps(str(manifest))


def test_the_same_files_again_add_nothing_but_a_restated_day_does(bank):
    write_package(bank, DAY, wealth_day())
    extract(bank, "wealth", DAY)
    files = sorted(bank.landing_dir.rglob("*"))
    assert extract(bank, "wealth", DAY)["deliveries"] == 0
    assert sorted(bank.landing_dir.rglob("*")) == files
    write_package(bank, DAY, wealth_day(customer=[("1", "王小方", "20260302"), ("2", "买买提", "20260302")]))
    assert extract(bank, "wealth", DAY)["deliveries"] == 1
    assert raw(bank, DAY, "select name, _delivery from raw_wealth__customer order by no") == [
        ("王小方", 2),
        ("买买提", 2),
    ]
    assert raw(bank, DAY, "select count(*) from raw_wealth__assessment") == [(1,)]


def break_truncated(package):
    package.write_bytes(package.read_bytes()[:60])


def break_flag_missing(package):
    package.with_name(package.name + ".OK").unlink()


def break_count(package):
    flag = package.with_name(package.name + ".OK")
    flag.write_text(flag.read_text().replace("CUSTOMER_20260303.txt|2", "CUSTOMER_20260303.txt|3"))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (break_truncated, "cut short, damaged"),
        (break_flag_missing, "late or incomplete"),
        (break_count, "2 rows, the source says 3"),
    ],
)
def test_a_damaged_day_lands_nothing_and_the_last_good_day_stays_marked_stale(bank, damage, told):
    write_package(bank, DAY, wealth_day())
    extract(bank, "wealth", DAY)
    damage(write_package(bank, DAY_2, wealth_day(customer=[("3", "secret", "20260303")] * 2)))
    with pytest.raises(SourceError, match=told) as error:
        extract(bank, "wealth", DAY_2)
    assert len(error.value.problems) == 1
    assert error.value.problems[0].startswith("source wealth: ")
    assert landed(bank, "wealth") == [(DAY, ["assessment", "customer", "product"])]
    assert raw(bank, DAY_2, "select count(*) from raw_wealth__customer") == [(2,)]
    status = "select data_as_of, is_stale, reason from source_status where source = 'wealth'"
    ((data_as_of, is_stale, reason),) = raw(bank, DAY_2, status)
    assert (data_as_of, is_stale) == (DAY, True)
    assert reason == error.value.problems[0]


def test_all_problems_of_a_source_come_together(bank):
    day = wealth_day(customer=[("1", "a")], product=[("P1",)])
    write_package(bank, DAY, day)
    with pytest.raises(SourceError) as error:
        extract(bank, "wealth", DAY)
    assert ["CUSTOMER" in error.value.problems[0], "PRODUCT" in error.value.problems[1]] == [True, True]
    assert landed(bank, "wealth") == []
    assert sorted(path.name for path in landing.source_dir(bank, "wealth").iterdir()) == ["_lock", "_problems"]


def test_a_repaired_delivery_lands_and_is_fresh_again(bank):
    package = write_package(bank, DAY, wealth_day())
    whole = package.read_bytes()
    package.write_bytes(whole[:50])
    with pytest.raises(SourceError):
        extract(bank, "wealth", DAY)
    package.write_bytes(whole)
    extract(bank, "wealth", DAY)
    assert raw(bank, DAY, "select is_stale, reason from source_status where source = 'wealth'") == [(False, None)]


def test_missed_days_are_caught_up_under_their_own_day(bank):
    for day, number in ((DAY, "A1"), (DAY_2, "A2"), (DAY_3, "A3")):
        write_package(bank, day, wealth_day(assessment=[(number, "1", "C2")], product=[(f"P{number}", "x")]))
    extract(bank, "wealth", DAY)
    assert extract(bank, "wealth", DAY_3)["days_caught_up"] == 1
    assert landed(bank, "wealth") == [
        (DAY, ["assessment", "customer", "product"]),
        (DAY_2, ["assessment", "customer"]),
        (DAY_3, ["assessment", "customer", "product"]),
    ]
    assert raw(bank, DAY_3, "select id, _as_of from raw_wealth__assessment order by id") == [
        ("A1", DAY),
        ("A2", DAY_2),
        ("A3", DAY_3),
    ]
    assert raw(bank, DAY_3, "select code from raw_wealth__product where _deleted_as_of is null") == [("PA3",)]
    assert raw(bank, DAY_2, "select id from raw_wealth__assessment order by id") == [("A1",), ("A2",)]


def test_a_broken_missed_day_stops_the_source_so_that_no_hole_stays_unseen(bank):
    write_package(bank, DAY, wealth_day())
    extract(bank, "wealth", DAY)
    break_truncated(write_package(bank, DAY_2, wealth_day()))
    write_package(bank, DAY_3, wealth_day())
    with pytest.raises(SourceError, match="W_20260303"):
        extract(bank, "wealth", DAY_3)
    assert landed(bank, "wealth") == [(DAY, ["assessment", "customer", "product"])]


def test_full_append_and_changed_views_agree_with_pandas(bank):
    days = {
        DAY: wealth_day(customer=[(str(n), f"n{n}", "20260302") for n in range(20)], assessment=[("A1", "1", "C1")]),
        DAY_2: wealth_day(
            customer=[("3", "old", "20260301"), ("3", "newer", "20260303"), ("21", "n21", "20260303")],
            product=[("P2", "二号")],
            assessment=[("A2", "1", "C3"), ("A3", "2", "C3")],
        ),
        DAY_3: wealth_day(customer=[("4", "again", "20260304")], product=[("P3", "三号")], assessment=[]),
    }
    for day, tables in days.items():
        write_package(bank, day, tables)
        extract(bank, "wealth", day)
    frame = pd.DataFrame(
        [(day, place, *row) for day, tables in days.items() for place, row in enumerate(tables["customer"])],
        columns=["day", "place", "no", "name", "upd"],
    )
    newest = frame.sort_values(["day", "upd", "place"]).drop_duplicates("no", keep="last")
    expected = sorted(newest[["no", "name"]].itertuples(index=False, name=None))
    assert sorted(raw(bank, DAY_3, "select no, name from raw_wealth__customer")) == expected
    assert raw(bank, DAY_3, "select code from raw_wealth__product where _deleted_as_of is null") == [("P3",)]
    assert raw(bank, DAY_3, "select count(*) from raw_wealth__assessment") == [(3,)]


def test_a_table_that_never_came_is_empty_with_its_columns(bank):
    ((count,),) = raw(bank, DAY, "select count(*) from raw_card__holder")
    described = raw(bank, DAY, "select column_name, column_type from (describe raw_card__holder)")
    assert count == 0
    assert described == [
        *(("ch_no", "VARCHAR"), ("name_cn", "VARCHAR"), ("mobile", "VARCHAR")),
        *(("_row_number", "BIGINT"), ("_source_file", "VARCHAR"), ("_as_of", "DATE"), ("_delivery", "INTEGER")),
        ("_deleted_as_of", "DATE"),
    ]
    status = raw(bank, DAY, "select data_as_of, is_stale, reason, rows from source_status where source = 'card'")
    assert status == [(None, True, f"no delivery of {DAY}", 0)]


def test_registering_again_changes_nothing(bank):
    write_package(bank, DAY, wealth_day())
    extract(bank, "wealth", DAY)
    everything = "select * from source_status order by source"
    assert raw(bank, DAY, everything) == raw(bank, DAY, everything)


def test_a_full_file_that_lost_a_third_of_its_rows_is_refused(bank):
    many = [(f"{n:06}", "张三", "13812345678") for n in range(100)]
    write_fixed(bank, DAY, fixed_lines(many))
    extract(bank, "card", DAY)
    write_fixed(bank, DAY_2, fixed_lines(many[:69]))
    with pytest.raises(SourceError, match=r"69 rows, the last full delivery \(2026-03-02\) had 100"):
        extract(bank, "card", DAY_2)
    write_fixed(bank, DAY_2, fixed_lines(many[:70]))
    assert extract(bank, "card", DAY_2)["rows"] == 70


def test_rows_the_control_file_counts_differently_are_refused(bank):
    content = fixed_lines(CARD_ROWS)
    write_fixed(bank, DAY, content, stated=(2, len(content)))
    with pytest.raises(SourceError, match="3 rows, the source says 2"):
        extract(bank, "card", DAY)


def test_an_unknown_source_is_named(bank):
    with pytest.raises(NotFoundError, match="source nix"):
        extract(bank, "nix", DAY)


# databases

CORE = {
    "customer": {"mode": "full", "keys": ["cust_no"], "columns": [*columns("cust_no", "name")]},
    "txn": {
        "mode": "append",
        "keys": ["id"],
        "watermark": "at",
        "columns": [
            {"name": "id", "type": "integer"},
            {"name": "at", "type": "timestamp"},
            {"name": "amt", "type": "decimal(18,2)"},
        ],
    },
}
TABLES = """
    create table customer (cust_no text primary key, name text, extra text);
    create table txn (id bigint primary key, at timestamp, amt numeric(18,2));
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    postgres = EmbeddedPostgres(tmp_path_factory.mktemp("pg") / "core")
    postgres.start()
    yield postgres
    postgres.stop()


@pytest.fixture
def core(server, tmp_path):
    """A site whose core banking is a new database on the test server."""
    url = server.create_database("core_banking")
    with psycopg.connect(url, autocommit=True) as con:
        con.execute("drop table if exists customer; drop table if exists txn;" + TABLES)
        con.execute("insert into customer select 'C' || n, '客户' || n from generate_series(1, 500) n")
        times = "'2026-03-02 09:00'::timestamp + n * interval '6 hours'"
        con.execute(f"insert into txn select n, {times}, n from generate_series(1, 8) n")
    source = {"kind": "sql", "embedded": str(server.data_dir), "database": "core_banking", "tables": CORE}
    return make_site(tmp_path, {"core": source}), url


def test_postgres_lands_typed_and_append_tables_go_on_at_the_watermark(core):
    settings, _ = core
    assert extract(settings, "core", DAY)["rows"] == 500 + 2
    assert extract(settings, "core", DAY_2)["rows"] == 500 + 4
    rows = raw(settings, DAY_2, "select id, amt::varchar, _as_of from raw_core__txn order by id")
    assert rows == [(n, f"{n}.00", DAY if n < 3 else DAY_2) for n in range(1, 7)]
    assert raw(settings, DAY_2, "select count(*), min(name) from raw_core__customer") == [(500, "客户1")]
    manifest = landing.commits(settings, "core")[0].deliveries["customer"].manifest
    assert manifest.new_columns == ["extra"]


def test_a_day_of_a_database_once_landed_is_final(core):
    settings, url = core
    extract(settings, "core", DAY)
    with psycopg.connect(url, autocommit=True) as con:
        con.execute("insert into customer values ('LATER', 'x')")
    assert extract(settings, "core", DAY) == counts(rows=502, deliveries=0, tables=2)


def test_a_day_the_gate_refused_is_read_again(core):
    settings, url = core
    extract(settings, "core", DAY)
    landing.commits(settings, "core")[0].deliveries["customer"].write_gate(Gate("s", ["broken"], 0, []))
    with psycopg.connect(url, autocommit=True) as con:
        con.execute("update customer set name = 'repaired'")
    assert extract(settings, "core", DAY)["deliveries"] == 1
    assert raw(settings, DAY, "select distinct name from raw_core__customer") == [("repaired",)]


def test_all_tables_of_a_database_show_one_moment_while_it_is_written(core):
    settings, url = core
    with psycopg.connect(url, autocommit=True) as con:
        con.execute("delete from txn")
    stop = threading.Event()

    def write():
        with psycopg.connect(url) as con:
            number = 0
            while not stop.is_set():
                number += 1
                con.execute("insert into customer values (%s, 'x')", [f"N{number}"])
                con.execute("insert into txn values (%s, '2026-03-02', 1)", [number])
                con.commit()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        extract(settings, "core", DAY)
    finally:
        stop.set()
        writer.join()
    new = raw(settings, DAY, "select count(*) from raw_core__customer where cust_no like 'N%'")
    assert new == raw(settings, DAY, "select count(*) from raw_core__txn")


def test_a_dropped_database_is_one_clear_line(core):
    settings, url = core
    extract(settings, "core", DAY)
    with psycopg.connect(url.replace("core_banking", "postgres"), autocommit=True) as con:
        con.execute("drop database core_banking with (force)")
    with pytest.raises(SourceError, match=r"source core: database core_banking at 127\.0\.0\.1") as error:
        extract(settings, "core", DAY_2)
    assert len(error.value.problems) == 1
    assert url.split(":")[2].split("@")[0] not in str(error.value)  # the password


def test_a_missing_column_of_a_database_is_one_clear_line(core):
    settings, url = core
    with psycopg.connect(url, autocommit=True) as con:
        con.execute("alter table customer drop column name; drop table txn")
    with pytest.raises(SourceError) as error:
        extract(settings, "core", DAY)
    first, second = error.value.problems
    assert "table customer: column name is missing" in first and "table txn: no such table" in second


def test_a_retyped_column_of_postgres_is_named(core):
    settings, url = core
    with psycopg.connect(url, autocommit=True) as con:
        con.execute("alter table txn alter column amt type text using 'secret'")
    with pytest.raises(SourceError, match="column amt does not fit its declared type decimal") as error:
        extract(settings, "core", DAY)
    assert "secret" not in str(error.value)


def test_a_server_that_is_gone_is_not_made_anew(tmp_path):
    source = {"kind": "sql", "embedded": "demo/core/pg", "tables": CORE}
    settings = make_site(tmp_path, {"core": source})
    with pytest.raises(SourceError, match="no database server there"):
        extract(settings, "core", DAY)
    assert not (settings.home / "demo").exists()


def test_an_sqlite_source_lands_while_it_is_written(tmp_path):
    source = {"kind": "sql", "url": "sqlite:///credit.db", "tables": {"loan": {**CORE["customer"], "from": "customer"}}}
    settings = make_site(tmp_path, {"credit": source})
    settings.home.mkdir(parents=True, exist_ok=True)
    writer = sqlite3.connect(settings.home / "credit.db")
    writer.execute("pragma journal_mode = wal")
    writer.executescript(TABLES + "insert into customer values ('1', 'a', null);")
    writer.execute("insert into customer values ('2', 'b', null)")  # not committed
    assert extract(settings, "credit", DAY)["rows"] == 1
    writer.close()
