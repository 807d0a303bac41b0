"""Which records are watched: the shipped slices on records that are, and are not, in them."""

import datetime as dt

import duckdb

from matching.release_rules import load_release_rules
from matching.slices import find_slices
from warehouse.settings import load_settings

TODAY = dt.date(2026, 3, 2)
RECORDS = [
    # record, name, address_detail, birth_date, birth_date_document, nationality, document_type, document_key
    ("village", "陈冬梅", "高阳镇袁家冲村5组77号", "1980-01-01", None, "CHN", "resident_id", "R:1"),
    ("town", "陈冬雪", "人民路1号", "1961-03-03", None, None, "resident_id", "R:2"),  # 65 tomorrow
    ("old", "陈春梅", None, None, "1961-03-02", "CHN", "resident_id", "R:3"),
    ("uyghur", "玉素甫·托合提", None, None, None, "CHN", "resident_id", "R:4"),
    ("guest", "THOMAS HANSEN", None, None, None, "BRA", "passport", "P:1"),
    ("a1", "张伟", None, None, None, None, None, "R:5"), ("a2", "张伟", None, None, None, None, None, "R:6"),
    ("a3", "张伟", None, None, None, None, None, "R:7"), ("nobody", None, None, None, None, None, None, None),
    ("b1", "王伟", None, None, None, None, None, "R:8"), ("b2", "王伟", None, None, None, None, None, "R:8"),
    ("b3", "王伟", None, None, None, None, None, "R:8"),  # three records, one holder
]  # fmt: skip


def test_the_shipped_slices_hold_whom_they_should():
    con = duckdb.connect()
    con.execute("attach ':memory:' as warehouse; use warehouse")
    con.execute(
        "create table int_party__record (record_id varchar, name varchar, address_detail varchar, birth_date date,"
        " birth_date_document date, nationality varchar, document_type varchar, document_key varchar)"
    )
    con.executemany("insert into int_party__record values (?, ?, ?, ?, ?, ?, ?, ?)", RECORDS)
    find_slices(con, load_release_rules(load_settings(environ={})).slices, TODAY)
    found = dict(con.execute("select record_id, slices from record_slices").fetchall())
    assert {record: slices for record, slices in found.items() if slices} == {
        "village": ["rural"], "old": ["elderly"], "uyghur": ["minority_name"], "guest": ["foreigner"],
        "a1": ["common_name"], "a2": ["common_name"], "a3": ["common_name"],
    }  # fmt: skip
    assert len(found) == len(RECORDS)
