"""CSV files of any encoding and dialect: the quick way reads what `csv.reader` reads, or leaves it to it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.table_csv import as_utf8, csv_table, found_separator, row_by_row, well_formed
from matching.table_files import load_table
from tests.matching_bench import silent
from warehouse.errors import SourceError

_NAMES = ["王秀英", "李建国", "欧阳晓澜", "张伟", "陈静", "刘洋"]
_CELLS = st.text(st.sampled_from("ab王 \"'\n\r,;\t#0"), max_size=6)


def people(encoding: str = "utf-8", separator: str = ",") -> list[bytes]:
    """The lines of a table of Chinese names."""
    lines = [["编号", "姓名"], *([str(number), _NAMES[number % len(_NAMES)]] for number in range(60))]
    return [f"{separator.join(line)}\n".encode(encoding) for line in lines]


def written(rows: list[list[str]], quoting: int, end: str) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=quoting, lineterminator=end).writerows(rows)
    return text.getvalue().encode()


def check_alike(content: bytes, header: list[str]) -> None:
    """What the quick way does not leave to the careful one is what that reads."""
    try:
        quick = well_formed(content, ",", header, 1, header)
    except pa.ArrowException:
        return
    assert [list(row.values()) for row in quick.to_pylist()] == row_by_row(Path("t.csv"), content, ",")


@settings(max_examples=300)
@given(
    st.integers(1, 3).flatmap(lambda n: st.lists(st.lists(_CELLS, min_size=n, max_size=n), min_size=1, max_size=6)),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_the_quick_way_reads_is_what_a_csv_reader_reads(rows, quoting, end):
    header = [f"c{place}" for place in range(len(rows[0]))]
    check_alike(written([header, *rows], quoting, end), header)


@settings(max_examples=300)
@given(st.lists(st.text(st.sampled_from('a王",\n\r '), max_size=12), min_size=1, max_size=8))
def test_damaged_lines_are_read_alike_or_refused(lines):
    """Stray quotes, missing fields, ends of lines anywhere."""
    check_alike("\n".join(["c0,c1", *lines]).encode(), ["c0", "c1"])


def test_ordinary_tables_are_read_the_quick_way():
    content = b'id,name\n1,"Doe, Jane"\n2,"said ""no"""\n3,\n'
    found = well_formed(content, ",", ["id", "name"], 1, ["name"])
    assert found.to_pydict() == {"name": ["Doe, Jane", 'said "no"', ""]}


def test_every_wrong_line_is_named_by_its_place_in_the_file(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('id,name\n1,"two\nlines"\n2,b,c\n3\n', encoding="utf-8")
    with pytest.raises(SourceError) as refused:
        csv_table(path, silent)
    assert [line.partition("t.csv")[2] for line in str(refused.value).splitlines()] == [
        ", line 4: 3 fields instead of 2; correct it",
        ", line 5: 1 fields instead of 2; correct it",
    ]


def test_only_the_wanted_columns_are_read_and_all_are_named(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id, name ,age\n1,Ann,3\n", encoding="utf-8")
    table, columns = csv_table(path, silent, ["age", "name", "none"])
    assert table.to_pydict() == {"name": ["Ann"], "age": ["3"]} and columns == ["id", "name", "age"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_encoding_and_separator_are_found(encoding, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("".join(line.decode() for line in people(separator="\t")).encode(encoding))
    table, _ = load_table(duckdb.connect(), str(path), silent)
    assert table["姓名"].to_pylist()[:3] == _NAMES[:3] and len(table) == 60


def test_mixed_encodings_are_read_line_by_line():
    content = [line if place % 3 else line.decode().encode("gb18030") for place, line in enumerate(people())]
    found, encoding = as_utf8(b"".join(content), Path("t.csv"))
    assert found == b"".join(people()) and encoding == "mixed (40 lines utf-8, 21 gb18030, each read in its own)"


def test_western_letters_are_not_taken_for_chinese():
    text = "id,name\n1,Jürgen Müller\n2,François Lefèvre\n"
    assert as_utf8(text.encode("cp1252"), Path("t.csv")) == (text.encode(), "cp1252")
    assert found_separator("a;b;c\n1;2,5;3\n") == ";"


def test_a_character_cut_by_a_part_is_read_whole(monkeypatch):
    monkeypatch.setattr("matching.table_csv._AT_ONCE", 7)
    assert as_utf8(b"".join(people("gb18030")), Path("t.csv")) == (b"".join(people()), "gb18030")


def test_bytes_of_no_encoding_are_named_by_their_line():
    content = b"".join(people("utf-16-le")) + b"\x00\xd8"
    with pytest.raises(SourceError, match=r"t\.csv, line 62: not utf-16-le; save the file again"):
        as_utf8(content, Path("t.csv"))
