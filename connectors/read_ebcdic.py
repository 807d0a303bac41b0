"""Fixed-width files of a mainframe: Chinese EBCDIC text, zoned, packed and binary numbers, no line ends.

A column is what its copybook's picture says. Numbers land as text with their decimal point put in; blanks, and zero
bytes in text and packed fields, mean nothing was filled in, and land as null.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.ebcdic import CodePage, FieldError, code_page, decode_numbers, decode_texts
from connectors.pictures import Picture, parse_picture
from connectors.read_fixed import PADDING, read_control, record_blocks, stated_of
from connectors.reading import Reading, ReadTable, day_file, require, table_file, text_batch
from connectors.registry import EbcdicSource, Table
from warehouse.errors import SourceError
from warehouse.settings import Settings

_BLANK = 0x40


@contextmanager
def open_ebcdic(settings: Settings, source: EbcdicSource, day: dt.date) -> Iterator[ReadTable]:
    """Check the control file and read tables from the day's files."""
    control = require(day_file(settings, source, source.control, day), day)
    stated = read_control(control)

    def read(name: str, _since: dt.date | None) -> Reading:
        path = require(table_file(settings, source, name, day), day)
        rows, size = stated_of(path, stated, control)
        batches = read_mainframe_records(path, source.tables[name], source.encoding, size)
        return Reading(batches, path.name, expected_rows=rows)

    yield read


def read_mainframe_records(path: Path, table: Table, encoding: str, stated_bytes: int) -> Iterator[pa.RecordBatch]:
    """Read records block by block.

    Raises:
        SourceError: the size differs from the control file's or is no multiple of the record's length, or a field is
            not what its picture says.
    """
    pictures = [parse_picture(column.picture or "") for column in table.columns]
    page = code_page(encoding)
    for records, row in record_blocks(path, sum(picture.width for picture in pictures), stated_bytes, b""):
        columns = []
        start = 0
        for column, picture in zip(table.columns, pictures, strict=True):
            values = records[:, start : start + picture.width]
            start += picture.width
            try:
                columns.append(_column(values, picture, page))
            except FieldError as error:
                raise SourceError(
                    f"{path}, record {row + error.row + 1}, column {column.name}: not {column.picture} in {encoding} "
                    f"(shifted, cut inside a character, or not a number); ask for the file again"
                ) from None
        yield text_batch(table, columns)


def _column(values: np.ndarray, picture: Picture, page: CodePage) -> pa.Array:
    if picture.form not in ("text", "double_byte"):
        return decode_numbers(values, picture)
    filled = np.where(values == 0, _BLANK, values)
    texts = decode_texts(filled, page, is_double=picture.form == "double_byte")
    return pc.utf8_rtrim(pa.array(texts, pa.string()), PADDING)
