"""CSV files with a header line, in any encoding, also packed with gzip (`.gz`)."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import itertools
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from connectors.detect import Dialect, detect_csv, open_bytes
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
        dialect = dialect_of(path, source)
        header = _header(path, dialect)
        table = source.tables[name]
        new = require_columns(str(path), table, header)
        return Reading(read_rows(path, dialect, table, header, new), path.name, new_columns=new)

    yield read


def dialect_of(path: Path, source: CsvSource) -> Dialect:
    """The declared dialect, with what is `auto` found out from the file."""
    if "auto" not in (source.encoding, source.separator):
        return Dialect(source.encoding, source.separator)
    found = detect_csv(path)
    return Dialect(
        found.encoding if source.encoding == "auto" else source.encoding,
        found.separator if source.separator == "auto" else source.separator,
    )


def _header(path: Path, dialect: Dialect) -> list[str]:
    header = next(_rows(path, dialect), None)
    if header is None:
        raise SourceError(f"{path}: empty, not even a header line; ask for the file again")
    return header


def read_rows(
    path: Path, dialect: Dialect, table: Table, header: list[str], new: Sequence[str] = ()
) -> Iterator[pa.RecordBatch]:
    """Read the declared columns, and those of `new`, of a file whose header is known.

    Raises:
        SourceError: bytes do not decode, quoting is broken, or a row has another number of fields than the header.
    """
    places = [header.index(name) for name in (*(column.source_name for column in table.columns), *new)]
    rows = itertools.islice(_rows(path, dialect, len(header)), 1, None)
    while chunk := list(itertools.islice(rows, BATCH_ROWS)):
        columns = list(zip(*chunk, strict=True))
        yield text_batch(table, [columns[place] for place in places], new)


def _rows(path: Path, dialect: Dialect, width: int | None = None) -> Iterator[list[str]]:
    with io.TextIOWrapper(open_bytes(path), encoding=dialect.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=dialect.separator, strict=True)
        try:
            for row in reader:
                if not row:  # an empty line, as many programs leave at the end
                    continue
                if width is not None and len(row) != width:
                    raise SourceError(
                        f"{path}, line {reader.line_num}: {len(row)} fields instead of {width}; ask for the file again"
                    )
                yield row
        except UnicodeDecodeError:
            bad_encoding(path, dialect.encoding, first_bad_line(path, dialect.encoding))
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise SourceError(f"{path}: the archive is damaged or cut short; ask for the file again") from None
        except csv.Error:
            raise SourceError(
                f"{path}, line {reader.line_num}: broken quoting, or the file is cut short; ask for the file again"
            ) from None
