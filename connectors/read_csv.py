"""CSV files with a header line, in any encoding."""

from __future__ import annotations

import csv
import datetime as dt
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from connectors.reading import (
    BATCH_ROWS,
    Reading,
    ReadTable,
    bad_encoding,
    first_bad_line,
    require,
    require_columns,
    table_file,
    text_batch,
)
from connectors.registry import CsvSource, Table
from warehouse.errors import SourceError
from warehouse.settings import Settings

csv.field_size_limit(10 << 20)  # free text of agents may be long


@contextmanager
def open_csv(settings: Settings, source: CsvSource, day: dt.date) -> Iterator[ReadTable]:
    """Read tables from the day's files."""

    def read(name: str, _since: dt.date | None) -> Reading:
        path = require(table_file(settings, source, name, day), day)
        header = _header(path, source)
        table = source.tables[name]
        new = require_columns(str(path), [column.source_name for column in table.columns], header)
        return Reading(read_rows(path, source, table, header), path.name, new_columns=new)

    yield read


def _header(path: Path, source: CsvSource) -> list[str]:
    rows = _rows(path, source)
    header = next(rows, None)
    if header is None:
        raise SourceError(f"{path}: empty, not even a header line; ask for the file again")
    return header


def read_rows(path: Path, source: CsvSource, table: Table, header: list[str]) -> Iterator[pa.RecordBatch]:
    """Read the declared columns of a file whose header is known.

    Raises:
        SourceError: bytes do not decode, quoting is broken, or a row has another number of fields than the header.
    """
    places = [header.index(column.source_name) for column in table.columns]
    rows = itertools.islice(_rows(path, source, len(header)), 1, None)
    while chunk := list(itertools.islice(rows, BATCH_ROWS)):
        columns = list(zip(*chunk, strict=True))
        yield text_batch(table, [columns[place] for place in places])


def _rows(path: Path, source: CsvSource, width: int | None = None) -> Iterator[list[str]]:
    with path.open(encoding=source.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=source.separator, strict=True)
        try:
            for row in reader:
                if width is not None and len(row) != width:
                    raise SourceError(
                        f"{path}, line {reader.line_num}: {len(row)} fields instead of {width}; ask for the file again"
                    )
                yield row
        except UnicodeDecodeError:
            bad_encoding(path, source.encoding, first_bad_line(path, source.encoding))
        except csv.Error:
            raise SourceError(
                f"{path}, line {reader.line_num}: broken quoting, or the file is cut short; ask for the file again"
            ) from None
