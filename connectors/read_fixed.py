"""Fixed-width files: byte positions, usually GB18030, records ended by LF, a control file with rows and bytes.

Positions are bytes, so each field is cut out before it is decoded; a double-byte character cut by a field's or a
record's end then fails to decode, and is reported instead of shifting everything after it. Chinese fields are padded
with full-width spaces, the others with spaces or zero bytes; all are taken off.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.reading import BATCH_ROWS, Reading, ReadTable, bad_encoding, day_file, require, table_file, text_batch
from connectors.registry import FixedSource, Table
from warehouse.errors import SourceError
from warehouse.settings import Settings

_LF = 0x0A
_LINE_ENDS = {"lf": b"\n", "crlf": b"\r\n", "none": b""}
PADDING = " \u3000"


@contextmanager
def open_fixed(settings: Settings, source: FixedSource, day: dt.date) -> Iterator[ReadTable]:
    """Check the control file and read tables from the day's files."""
    control = require(day_file(settings, source, source.control, day), day)
    stated = read_control(control)

    def read(name: str, _since: dt.date | None) -> Reading:
        path = require(table_file(settings, source, name, day), day)
        rows, size = stated_of(path, stated, control)
        batches = read_records(path, source.tables[name], source.encoding, size, source.line_end)
        return Reading(batches, path.name, expected_rows=rows)

    yield read


def stated_of(path: Path, stated: dict[str, tuple[int, int]], control: Path) -> tuple[int, int]:
    """Rows and bytes the control file states for a file.

    Raises:
        SourceError: it does not know the file.
    """
    if path.name not in stated:
        raise SourceError(f"{control}: has no line for {path.name}; ask for the files again")
    return stated[path.name]


def read_control(control: Path) -> dict[str, tuple[int, int]]:
    """Rows and bytes of each file: lines `<file>|<rows>|<bytes>`.

    Raises:
        SourceError: a line has another form.
    """
    stated = {}
    for number, line in enumerate(control.read_text(encoding="ascii", errors="replace").splitlines(), start=1):
        parts = line.strip().split("|")
        if len(parts) != 3 or not (parts[1].isdecimal() and parts[2].isdecimal()):
            raise SourceError(f"{control}, line {number}: not of the form <file>|<rows>|<bytes>; ask for it again")
        stated[parts[0]] = (int(parts[1]), int(parts[2]))
    return stated


def read_records(
    path: Path, table: Table, encoding: str, stated_bytes: int, line_end: str = "lf"
) -> Iterator[pa.RecordBatch]:
    """Read records block by block.

    Raises:
        SourceError: the size differs from the control file's, a record's length is wrong (also when it was cut in the
            middle of a character), or a field's bytes do not decode.
    """
    width = sum(column.width or 0 for column in table.columns)
    for records, row in record_blocks(path, width, stated_bytes, _LINE_ENDS[line_end]):
        yield text_batch(table, list(_fields(path, table, encoding, records, row)))


def record_blocks(path: Path, width: int, stated_bytes: int, line_end: bytes) -> Iterator[tuple[np.ndarray, int]]:
    """Blocks of records as matrices, one record per line and one byte per column, with the rows before each.

    Zero bytes become blanks in files with line ends: there they are padding of programs written in C, never a number.

    Raises:
        SourceError: the size differs from the control file's, or a record's length is wrong.
    """
    length = width + len(line_end)
    row = 0
    with path.open("rb") as file:
        while block := file.read(length * BATCH_ROWS):
            if len(block) % length == width and line_end:
                block += line_end  # the last record of a file may lack its line end
            if line_end and b"\0" in block:
                block = block.replace(b"\0", b" ")
            records = _records(path, block, length, row, line_end)
            yield records[:, :width], row
            row += len(records)
    if path.stat().st_size != stated_bytes:
        raise SourceError(
            f"{path}: {path.stat().st_size} bytes, its control file says {stated_bytes}; ask for the files again"
        )


def _records(path: Path, block: bytes, length: int, row: int, line_end: bytes) -> np.ndarray:
    whole = len(block) // length
    records = np.frombuffer(block, np.uint8, whole * length).reshape(whole, length)
    width = length - len(line_end)
    bad = np.zeros(whole, bool)
    if line_end:
        ends = np.frombuffer(line_end, np.uint8)
        bad = (records[:, width:] != ends).any(axis=1) | (records[:, :width] == _LF).any(axis=1)
    if bad.any() or whole * length < len(block):
        line = int(np.argmax(bad)) if bad.any() else whole
        rest = block[line * length :]
        found = len(rest.split(b"\n", 1)[0].removesuffix(line_end[:-1])) if line_end else len(rest)
        raise SourceError(
            f"{path}, line {row + line + 1}: record of {found} bytes instead of {width} (cut, shifted or a line "
            f"break inside a value); ask for the file again"
        )
    return records


def _fields(path: Path, table: Table, encoding: str, records: np.ndarray, row: int) -> Iterator[pa.Array]:
    start = 0
    for column in table.columns:
        end = start + (column.width or 0)
        # with a LF put after each value, one decode call serves the whole column and still stops at each value's end
        values = np.concatenate([records[:, start:end], np.full((len(records), 1), _LF, np.uint8)], axis=1)
        try:
            texts = _decode(values, encoding)
        except UnicodeDecodeError as error:
            bad_encoding(path, encoding, row + error.start // values.shape[1] + 1, column.name)
        yield pc.utf8_rtrim(pa.array(texts, pa.string()), PADDING)
        start = end


def _decode(values: np.ndarray, encoding: str) -> list[str]:
    is_ascii = not (values & 0x80).any()  # several times faster to decode than any double-byte encoding
    return values.tobytes().decode("ascii" if is_ascii else encoding).split("\n")[:-1]
