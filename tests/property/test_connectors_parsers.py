"""What is written in a source's form is read back: delimited and fixed-width GB18030, CSV, JSON Lines."""

import csv
import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.read_csv import read_rows
from connectors.read_fixed import read_records
from connectors.read_jsonl import read_objects
from connectors.read_package import read_delimited
from connectors.reading import table_schema
from connectors.registry import CsvSource, Table
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


def rows_of(batches) -> list[tuple[str | None, ...]]:
    return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]


def as_landed(rows) -> list[tuple[str | None, ...]]:
    return [tuple(value or None for value in row) for row in rows]


@few
@given(rows=st.lists(st.tuples(anything, anything, anything).filter(lambda row: "+" not in "".join(row)), min_size=1))
def test_delimited_text_comes_back(tmp_path: Path, rows):
    path = tmp_path / "t.txt"
    path.write_bytes("".join("|+|".join(row) + "\n" for row in rows).encode("gb18030"))
    assert rows_of(read_delimited(path, path, table(3), "|+|", "gb18030")) == as_landed(rows)


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
    assert rows_of(read_delimited(path, path, table(2), separator, "gb18030")) == as_landed(kept)


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
    document = {
        "kind": "csv",
        "folder": ".",
        "tables": {"t": {"mode": "full", "keys": ["a"], "columns": [{"name": "a"}]}},
    }
    source = CsvSource.model_validate(document)
    assert rows_of(read_rows(path, source, table(3), ["c0", "c1", "c2"])) == as_landed(rows)


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
