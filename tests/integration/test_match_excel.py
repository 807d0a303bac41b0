"""`mdm match` on sheets of Excel workbooks."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import openpyxl
import pytest

from matching.propose import propose_model
from matching.table_files import load_table
from matching.table_match import match_files
from tests.matching_bench import silent
from warehouse.errors import SourceError

_ROWS = [
    ["姓名", "出生日期", "证件号码", "手机"],
    ["王伟", dt.date(1980, 3, 5), "110105198003050012", 13800001111],
    [" 王伟 ", "1980-03-05", 110105198003050012, 13800001111],
    ["李娜", dt.datetime(1991, 2, 3, 0, 0), None, 13900002222],
    [None, None, None, None],
]


def workbook(path: Path, **sheets: list[list[object]]) -> str:
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    made.save(path)
    return str(path)


def test_a_sheet_is_read_as_text(tmp_path: Path):
    said: list[str] = []
    source = workbook(tmp_path / "t.xlsx", people=_ROWS, empty=[])
    table, columns = load_table(duckdb.connect(), source, said.append)
    assert columns == _ROWS[0]
    assert table.to_pydict() == {
        "姓名": ["王伟", "王伟", "李娜"],
        "出生日期": ["1980-03-05", "1980-03-05", "1991-02-03"],
        "证件号码": ["110105198003050012", None, None],
        "手机": ["13800001111", "13800001111", "13900002222"],
    }
    lost = "1 numbers lost their last digits in the workbook and count as missing; store them as text"
    assert said == [f"{source}: column '证件号码': {lost}", f"{source}: 3 rows"]


def test_of_several_sheets_one_is_named(tmp_path: Path):
    source = workbook(tmp_path / "t.xlsx", people=_ROWS, others=_ROWS[:2])
    with pytest.raises(SourceError, match=r"several sheets \(people, others\); name one: t.xlsx#SHEET"):
        load_table(duckdb.connect(), source, silent)
    with pytest.raises(SourceError, match="no sheet 'persons'; it has people, others"):
        load_table(duckdb.connect(), f"{source}#persons", silent)
    table, _ = load_table(duckdb.connect(), f"{source}#others", silent)
    assert len(table) == 1


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([], "not even a header"),
        ([["a", "a"], [1, 2]], "two columns are called 'a'"),
        ([["a", None], [1, 2]], "column 2"),
    ],
)
def test_a_sheet_without_a_proper_header_is_named(rows, word, tmp_path: Path):
    with pytest.raises(SourceError, match=word):
        load_table(duckdb.connect(), workbook(tmp_path / "t.xlsx", one=rows), silent)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04junk", "姓名,手机\n".encode()])
def test_what_is_no_workbook_is_named_in_one_line(content, tmp_path: Path):
    (tmp_path / "t.xlsx").write_bytes(content)
    with pytest.raises(SourceError, match="not an Excel workbook"):
        load_table(duckdb.connect(), str(tmp_path / "t.xlsx"), silent)
    with pytest.raises(SourceError, match="no such file"):
        load_table(duckdb.connect(), str(tmp_path / "u.xlsx"), silent)


def test_two_sheets_of_one_workbook_are_linked(tmp_path: Path):
    rows = [
        [
            f"C{n}",
            f"王{'伟芳娜敏静丽强磊军洋'[n % 10]}{'一二三四五六七八九十'[n // 10]}",
            f"13{n * 7919 % 1009 * 991_003:09d}",
        ]
        for n in range(100)
    ]
    others = [[f"R{n}", *row[1:]] for n, row in enumerate(rows[50:])]
    source = workbook(
        tmp_path / "t.xlsx", customers=[["客户号", "姓名", "手机"], *rows], register=[["id", "name", "mobile"], *others]
    )
    sources = [f"{source}#customers", f"{source}#register"]
    propose_model(sources, tmp_path / "m.yml", None, silent)
    found = match_files(sources, tmp_path / "m.yml", tmp_path / "out", None, silent)
    assert found.counts["clusters"] == 100
    assert ("customers:C50", 2) in duckdb.execute(
        f"select cluster_id, records from '{tmp_path}/out/clusters.parquet' where record_id = 'register:R0'"
    ).fetchall()
