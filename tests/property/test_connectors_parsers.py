"""What is written in a source's form is read back: delimited and fixed-width GB18030, CSV, JSON Lines."""

import csv
import decimal
import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.detect import Dialect
from connectors.ebcdic import code_page, decode, encode
from connectors.read_csv import read_rows
from connectors.read_ebcdic import read_mainframe_records
from connectors.read_fixed import read_records
from connectors.read_jsonl import read_objects
from connectors.read_package import read_delimited
from connectors.reading import table_schema
from connectors.registry import PackageSource, Table
from connectors.stage_delivery import ContentHash
from tests.source_files import pad
from warehouse.errors import SourceError

WIDTHS = (6, 12, 9)
few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

chinese = st.text(st.sampled_from("张三欧阳𠮷龑·鮸䶮〇（）Ａ"), min_size=1, max_size=6)
plain = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=12)
anything = st.text(st.characters(codec="gb18030", exclude_characters="\n\r", exclude_categories=("Cs",)), max_size=9)


def table(names: int, **changes: object) -> Table:
    columns = [{"name": f"c{n}", "width": width} for n, width in zip(range(names), WIDTHS, strict=False)]
    return Table.model_validate({"mode": "full", "keys": ["c0"], "columns": columns, **changes})


def package(separator: str) -> PackageSource:
    document = {"kind": "package", "folder": ".", "package": "{date}.tar.gz", "separator": separator, "tables": {}}
    return PackageSource.model_construct(**document, trailing_separator=False, encoding="gb18030")


def rows_of(batches) -> list[tuple[str | None, ...]]:
    return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]


def as_landed(rows) -> list[tuple[str | None, ...]]:
    return [tuple(value.replace("\0", " ") or None for value in row) for row in rows]


@few
@given(rows=st.lists(st.tuples(anything, anything, anything).filter(lambda row: "+" not in "".join(row)), min_size=1))
def test_delimited_text_comes_back(tmp_path: Path, rows):
    path = tmp_path / "t.txt"
    path.write_bytes("".join("|+|".join(row) + "\n" for row in rows).encode("gb18030"))
    assert rows_of(read_delimited(path, path, table(3), package("|+|"))) == as_landed(rows)


@few
@given(
    rows=st.lists(st.tuples(anything, anything), min_size=1),
    separator=st.sampled_from(["\x01", "\x03", "@!@", "|+|"]),
    block=st.integers(1, 40),
)
def test_delimited_text_comes_back_whatever_the_separator_and_block(tmp_path, monkeypatch, rows, separator, block):
    monkeypatch.setattr("connectors.read_package._BLOCK", block)
    kept = [row for row in rows if not any(separator[0] in value or separator[-1] in value for value in row)]
    path = tmp_path / "t.txt"
    path.write_bytes("".join(separator.join(row) + "\n" for row in kept).encode("gb18030"))
    assert rows_of(read_delimited(path, path, table(2), package(separator))) == as_landed(kept)


def fits(value: str, width: int) -> bool:
    return len(value.encode("gb18030")) <= width


field = st.one_of(st.none(), chinese, plain)
records = st.lists(
    st.tuples(*(field.filter(lambda value, width=width: value is None or fits(value, width)) for width in WIDTHS)),
    min_size=1,
    max_size=20,
)


def fixed_bytes(rows) -> bytes:
    return b"".join(b"".join(map(pad, row, WIDTHS)) + b"\n" for row in rows)


@few
@given(rows=records, block=st.integers(1, 7))
def test_fixed_width_records_come_back(tmp_path, monkeypatch, rows, block):
    monkeypatch.setattr("connectors.read_fixed.BATCH_ROWS", block)
    path = tmp_path / "t.dat"
    path.write_bytes(fixed_bytes(rows))
    assert rows_of(read_records(path, table(3), "gb18030", path.stat().st_size)) == rows


@few
@given(rows=records, cut=st.integers(1, 28))
def test_a_fixed_width_file_cut_anywhere_is_refused(tmp_path, rows, cut):
    content = fixed_bytes(rows)
    path = tmp_path / "t.dat"
    path.write_bytes(content[:-cut])
    with pytest.raises(SourceError):
        rows_of(read_records(path, table(3), "gb18030", len(content)))


@few
@given(rows=records, data=st.data())
def test_a_fixed_width_file_that_lost_one_byte_names_the_line(tmp_path, rows, data):
    content = bytearray(fixed_bytes(rows))
    lost = data.draw(st.integers(0, len(content) - 1).filter(lambda place: content[place] != 0x0A))
    del content[lost]
    path = tmp_path / "t.dat"
    path.write_bytes(bytes(content))
    with pytest.raises(SourceError, match=f"line {lost // 28 + 1}: record of 26 bytes instead of 27"):
        rows_of(read_records(path, table(3), "gb18030", path.stat().st_size))


@few
@given(rows=st.lists(st.tuples(*[st.text(st.characters(exclude_categories=("Cs",)), max_size=9)] * 3), min_size=1))
def test_csv_comes_back(tmp_path, rows):
    path = tmp_path / "t.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([("c0", "c1", "c2"), *rows])
    dialect = Dialect("utf-8-sig", ",")
    assert rows_of(read_rows(path, dialect, table(3), ["c0", "c1", "c2"])) == as_landed(rows)


@few
@given(rows=st.lists(st.tuples(*[st.text(st.characters(exclude_categories=("Cs",)), max_size=9)] * 2), min_size=1))
def test_json_lines_come_back(tmp_path, rows):
    path = tmp_path / "t.jsonl"
    lines = [json.dumps({"c0": one, "deep": {"er": other}}, ensure_ascii=False) for one, other in rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    mapped = table(2, columns=[{"name": "c0"}, {"name": "c1", "from": "deep.er"}])
    assert rows_of(read_objects(path, mapped, "utf-8", [])) == as_landed(rows)


values = st.lists(st.tuples(st.one_of(st.none(), st.text(max_size=4)), st.one_of(st.none(), st.integers(0, 9))))


def hashed(rows, size: int) -> str:
    schema = pa.schema([("a", pa.string()), ("b", pa.int64())])
    content = ContentHash(schema)
    for start in range(0, len(rows), size):
        columns = list(zip(*rows[start : start + size], strict=True))
        content.update(
            pa.RecordBatch.from_arrays(
                [pa.array(c, t) for c, t in zip(columns, schema.types, strict=True)], schema=schema
            )
        )
    return content.hexdigest()


@few
@given(rows=values, other=values, sizes=st.tuples(st.integers(1, 5), st.integers(1, 5)))
def test_the_content_hash_is_about_rows_not_batches(rows, other, sizes):
    assert hashed(rows, sizes[0]) == hashed(rows, sizes[1])
    assert (hashed(rows, 3) == hashed(other, 3)) == (rows == other)


def test_the_content_hash_tells_null_from_empty_and_where_values_end():
    assert (
        len({hashed(rows, 9) for rows in ([("", 1)], [(None, 1)], [("ab", 1), ("c", 1)], [("a", 1), ("bc", 1)])}) == 4
    )


def test_the_content_hash_sees_a_renamed_column():
    one, other = (ContentHash(pa.schema([(name, pa.string())])) for name in "ab")
    assert one.hexdigest() != other.hexdigest()
    assert table_schema(table(1)).names == ["c0"]


host_text = st.text(st.sampled_from("张三欧阳龑　，ABC xyz019"), max_size=9).map(lambda text: text.rstrip(" \u3000"))
host_number = st.integers(-(10**13) + 1, 10**13 - 1)


def host_table() -> Table:
    pictures = ["X(40)", "S9(11)V99 COMP-3", "S9(11)V99", "S9(18) COMP", "S9(13) SIGN LEADING SEPARATE"]
    columns = [{"name": f"c{n}", "picture": picture} for n, picture in enumerate(pictures)]
    return Table.model_validate({"mode": "full", "keys": ["c0"], "columns": columns})


def host_record(text: str, number: int) -> bytes:
    """One record as a mainframe writes it."""
    digits = f"{abs(number):013}"
    minus = number < 0
    packed = bytes.fromhex(digits + ("D" if minus else "C"))
    zoned = bytes(0xF0 | int(digit) for digit in digits[:-1]) + bytes([(0xD0 if minus else 0xC0) | int(digits[-1])])
    separate = bytes([0x60 if minus else 0x4E]) + bytes(0xF0 | int(digit) for digit in digits)
    return (
        encode(text, "ibm1388").ljust(40, b"\x40") + packed + zoned + number.to_bytes(8, "big", signed=True) + separate
    )


@few
@given(rows=st.lists(st.tuples(host_text, host_number), min_size=1, max_size=12), block=st.integers(1, 5))
def test_mainframe_records_come_back(tmp_path, monkeypatch, rows, block):
    monkeypatch.setattr("connectors.read_fixed.BATCH_ROWS", block)
    path = tmp_path / "t.ebc"
    path.write_bytes(b"".join(host_record(*row) for row in rows))
    found = rows_of(read_mainframe_records(path, host_table(), "ibm1388", path.stat().st_size))
    amounts = [f"{decimal.Decimal(number) / 100:.2f}" for _, number in rows]
    plain = [str(number) for _, number in rows]
    texts = [text or None for text, _ in rows]
    assert found == list(zip(texts, amounts, amounts, plain, plain, strict=True))


@few
@given(page=st.sampled_from(["ibm1388", "ibm935"]), data=st.data())
def test_every_text_of_a_code_page_comes_back(page, data):
    characters = sorted(set(code_page(page).encoder) - {"\n", "\0"})
    text = data.draw(st.text(st.sampled_from(characters), min_size=1, max_size=12))
    assert decode(encode(text, page), page) == text
