"""Fixed-width files: byte positions, usually GB18030, records ended by LF, a control file with rows and bytes.

Positions are bytes, so each field is cut out before it is decoded; a double-byte character cut by a field's or a
record's end then fails to decode, and is reported instead of shifting everything after it. Chinese fields are padded
with full-width spaces, the others with spaces; both are taken off.
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
_PADDING = " \u3000"


@contextmanager
def open_fixed(settings: Settings, source: FixedSource, day: dt.date) -> Iterator[ReadTable]:
    """Check the control file and read tables from the day's files."""
    control = require(day_file(settings, source, source.control, day), day)
    stated = read_control(control)

    def read(name: str, _since: dt.date | None) -> Reading:
        path = require(table_file(settings, source, name, day), day)
        if path.name not in stated:
            raise SourceError(f"{control}: has no line for {path.name}; ask for the files again")
        rows, size = stated[path.name]
        batches = read_records(path, source.tables[name], source.encoding, size)
        return Reading(batches, path.name, expected_rows=rows)

    yield read


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


def read_records(path: Path, table: Table, encoding: str, stated_bytes: int) -> Iterator[pa.RecordBatch]:
    """Read records block by block.

    Raises:
        SourceError: the size differs from the control file's, a record's length is wrong (also when it was cut in the
            middle of a character), or a field's bytes do not decode.
    """
    length = sum(column.width or 0 for column in table.columns) + 1
    row = 0
    with path.open("rb") as file:
        while block := file.read(length * BATCH_ROWS):
            records = _records(path, block, length, row)
            yield text_batch(table, list(_fields(path, table, encoding, records, row)))
            row += len(records)
    if path.stat().st_size != stated_bytes:
        raise SourceError(
            f"{path}: {path.stat().st_size} bytes, its control file says {stated_bytes}; ask for the files again"
        )


def _records(path: Path, block: bytes, length: int, row: int) -> np.ndarray:
    """The block as a matrix, one record per line, one byte per column."""
    whole = len(block) // length
    records = np.frombuffer(block, np.uint8, whole * length).reshape(whole, length)
    bad = (records[:, -1] != _LF) | (records[:, :-1] == _LF).any(axis=1)
    if bad.any() or whole * length < len(block):
        line = int(np.argmax(bad)) if bad.any() else whole
        start = line * length
        found = len(block[start:].split(b"\n", 1)[0])
        raise SourceError(
            f"{path}, line {row + line + 1}: record of {found} bytes instead of {length - 1} (cut, shifted or a line "
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
        yield pc.utf8_rtrim(pa.array(texts, pa.string()), _PADDING)
        start = end


def _decode(values: np.ndarray, encoding: str) -> list[str]:
    is_ascii = not (values & 0x80).any()  # several times faster to decode than any double-byte encoding
    return values.tobytes().decode("ascii" if is_ascii else encoding).split("\n")[:-1]
