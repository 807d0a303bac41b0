"""Real PostgreSQL and MariaDB servers as sources, read while another session writes."""

import decimal
import os

import duckdb
import pytest

from connectors.extract import extract_source
from tests.sql_servers import COLUMNS, DAY, server_or_skip, site
from warehouse import landing

pytestmark = pytest.mark.service
ROWS = 20_000


@pytest.fixture(params=["postgresql", "mariadb"])
def bank(request, tmp_path):
    server = server_or_skip(request.param)
    prefix = f"mdm_test_{os.getpid()}"
    server.make_tables(prefix, ROWS)
    yield server, prefix, site(tmp_path, request.param, prefix)
    server.drop(prefix)


def landed(settings, sql):
    deliveries = landing.commits(settings, "bank")[-1].deliveries
    with duckdb.connect() as con:
        for name, delivery in deliveries.items():
            con.execute(f"create view {name} as from read_parquet('{delivery.data}', hive_partitioning = false)")
        return con.execute(sql).fetchall()


def test_all_tables_show_one_moment_while_another_session_writes(bank):
    server, prefix, settings = bank
    with server.writer(prefix, ROWS) as done:
        before = len(done)
        extract_source(settings, "bank", DAY, "run-test")
        assert len(done) > before > 0
    ((total, again),) = landed(settings, "select (select versions from total), (select versions from total_again)")
    assert landed(settings, "select count(*), sum(version) from customer") == [(ROWS, total)]
    assert total == again
    assert total < sum(done)


def test_every_type_lands_as_declared(bank):
    _, _, settings = bank
    extract_source(settings, "bank", DAY, "run-test")
    (row,) = landed(settings, "select * from customer where id = 4321")
    found = dict(zip([column["name"] for column in COLUMNS], row, strict=False))
    assert (found["cust_nm"], found["addr"]) == ("客户4321", "浙江省杭州市西湖区文三路4321号")
    assert found["amt"] == decimal.Decimal("43.21")
    assert found["rate"] == pytest.approx(4321 / 7)
    assert (str(found["open_dt"]), str(found["upd_tm"])) == ("2020-11-17", "2026-03-01 01:12:01")
    assert found["t21"] == "t21-321"
