"""Tables of thirty columns on real database servers, with a writer beside the reader; for tests and for the bench."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pymysql
import pytest

from tests.source_files import make_site
from warehouse.settings import Settings

POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"
MARIADB = {"host": "127.0.0.1", "port": 3306, "user": "root", "password": "", "database": "test"}
URLS = {"postgresql": POSTGRES, "mariadb": "mysql+pymysql://root@127.0.0.1:3306/test"}
DAY = dt.date(2026, 3, 2)

_TEXTS = [f"t{n:02}" for n in range(22)]
COLUMNS = [
    {"name": "id", "type": "integer"},
    {"name": "cust_nm"},
    {"name": "amt", "type": "decimal(18,2)"},
    {"name": "rate", "type": "double"},
    {"name": "open_dt", "type": "date"},
    {"name": "upd_tm", "type": "timestamp"},
    {"name": "version", "type": "integer"},
    {"name": "addr"},
    *({"name": name} for name in _TEXTS),
]
_TYPES = (
    "id bigint primary key, cust_nm varchar(60), amt decimal(18,2), rate double precision, open_dt date, "
    "upd_tm timestamp{p} null, version bigint, addr varchar(200), "
    + ", ".join(f"{name} varchar(40)" for name in _TEXTS)
)
_VALUES = {
    "postgresql": "n, '客户' || n, n * 0.01, n / 7.0::float8, date '2020-01-01' + n % 2000, "
    "timestamp '2026-03-01' + n % 86400 * interval '1 second', 0, '浙江省杭州市西湖区文三路' || n || '号', "
    + ", ".join(f"'{name}-' || n % 1000" for name in _TEXTS),
    "mariadb": "n, concat('客户', n), n * 0.01, n / 7e0, date_add('2020-01-01', interval n % 2000 day), "
    "date_add('2026-03-01', interval n % 86400 second), 0, concat('浙江省杭州市西湖区文三路', n, '号'), "
    + ", ".join(f"concat('{name}-', n % 1000)" for name in _TEXTS),
}


class Server:
    """One server: statements of its dialect, each in a connection that commits by itself unless asked."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    @contextmanager
    def connect(self, *, autocommit: bool = True) -> Iterator[object]:
        if self.kind == "postgresql":
            with psycopg.connect(POSTGRES, autocommit=autocommit, connect_timeout=3) as con:
                yield con
        else:
            con = pymysql.connect(**MARIADB, autocommit=autocommit, charset="utf8mb4", connect_timeout=3)
            try:
                yield con
            finally:
                con.close()

    def execute(self, *statements: str) -> None:
        with self.connect() as con, con.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def make_tables(self, prefix: str, rows: int) -> None:
        """A large customer table and a one-row total, whose sum of versions always agrees with the other's."""
        types = _TYPES.format(p="" if self.kind == "postgresql" else "(0)")
        charset = "" if self.kind == "postgresql" else " engine = InnoDB default charset = utf8mb4"
        series = {"postgresql": f"generate_series(1, {rows}) n", "mariadb": f"(select seq n from seq_1_to_{rows}) s"}
        self.drop(prefix)
        self.execute(
            f"create table {prefix}_customer ({types}){charset}",
            f"insert into {prefix}_customer select {_VALUES[self.kind]} from {series[self.kind]}",
            f"create table {prefix}_total (id bigint primary key, versions bigint){charset}",
            f"insert into {prefix}_total values (1, 0)",
        )

    def drop(self, prefix: str) -> None:
        self.execute(f"drop table if exists {prefix}_customer", f"drop table if exists {prefix}_total")

    @contextmanager
    def writer(self, prefix: str, rows: int) -> Iterator[list[int]]:
        """Another session that changes rows all over the table, and the total, in one transaction after the other."""
        stop, done = threading.Event(), []

        def write() -> None:
            with self.connect(autocommit=False) as con, con.cursor() as cursor:
                while not stop.is_set():
                    place = len(done) * 7919 % rows + 1
                    spread = f"({place}, {(place * 31) % rows + 1}, {rows - place % rows})"
                    cursor.execute(f"update {prefix}_customer set version = version + 1 where id in {spread}")
                    changed = cursor.rowcount
                    cursor.execute(f"update {prefix}_total set versions = versions + {changed}")
                    con.commit()
                    done.append(changed)

        thread = threading.Thread(target=write)
        thread.start()
        deadline = time.monotonic() + 30
        while len(done) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        try:
            yield done
        finally:
            stop.set()
            thread.join()


def server_or_skip(kind: str) -> Server:
    """The server, or a skipped test where there is none."""
    server = Server(kind)
    try:
        server.execute("select 1")
    except (psycopg.Error, pymysql.Error):
        pytest.skip(f"no {kind} server on its default port of this machine")
    return server


def site(folder, kind: str, prefix: str) -> Settings:
    """A site with one source on the server: the total is read first, the large table after it."""
    total = {"mode": "full", "keys": ["id"], "from": f"{prefix}_total", "columns": COLUMNS[:1]}
    total["columns"] = [*total["columns"], {"name": "versions", "type": "integer"}]
    customer = {"mode": "full", "keys": ["id"], "from": f"{prefix}_customer", "columns": COLUMNS}
    tables = {"total": total, "customer": customer, "total_again": total}
    return make_site(folder, {"bank": {"kind": "sql", "url": URLS[kind], "tables": tables}})
