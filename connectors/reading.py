"""What every reader shares: the shape it hands out, and the ways from a source's values to Arrow columns.

A reader of a kind is a context manager `open_<kind>(settings, source, day)`, left in order only when its rows are
landed. It checks what can be checked before the first row (everything there, counts stated, snapshot taken) and yields
a function that reads one table as a `Reading`: Arrow batches, made one at a time so that memory stays bounded. Whatever
is wrong is a `SourceError` that names file and line and never a value.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pyarrow as pa
import pyarrow.compute as pc

from connectors.registry import FileSource, Source, Table
from warehouse.errors import SourceError
from warehouse.settings import Settings

BATCH_ROWS = 50_000


@dataclass(frozen=True)
class Reading:
    """One table being read.

    `expected_rows` is what the source itself says it delivered; `new_columns` are columns it has that nobody declared;
    `counts` are other counts worth keeping in the manifest.
    """

    batches: Iterator[pa.RecordBatch]
    file: str
    expected_rows: int | None = None
    new_columns: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


ReadTable = Callable[[str, dt.date | None], Reading]  # table name, last business day already delivered
Opener = Callable[[Settings, Source, dt.date], AbstractContextManager[ReadTable]]


def day_file(settings: Settings, source: FileSource, pattern: str, day: dt.date) -> Path:
    """The file of a business day."""
    return settings.home / source.folder / pattern.replace("{date}", f"{day:%Y%m%d}")


def table_file(settings: Settings, source: FileSource, table: str, day: dt.date) -> Path:
    """The file that holds a table on a business day."""
    return day_file(settings, source, source.file_patterns[table], day)


def days_present(settings: Settings, source: FileSource, patterns: Sequence[str]) -> set[dt.date]:
    """The business days for which a file of one of these patterns is in the folder."""
    folder = settings.home / source.folder
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    days: set[dt.date | None] = set()
    for pattern in patterns:
        before, after = (re.escape(part) for part in pattern.split("{date}"))
        matches = (re.fullmatch(f"{before}([0-9]{{8}}){after}", name) for name in names)
        days |= {_day(match[1]) for match in matches if match}
    return {day for day in days if day is not None}


def _day(digits: str) -> dt.date | None:
    try:
        return dt.datetime.strptime(digits, "%Y%m%d").date()
    except ValueError:
        return None


def require(path: Path, day: dt.date) -> Path:
    """The path, if it is there.

    Raises:
        SourceError: the delivery is late or incomplete.
    """
    if not path.is_file():
        raise SourceError(
            f"{path}: not there; the delivery of {day} is late or incomplete: wait for it, then run again"
        )
    return path


def require_columns(where: str, expected: Sequence[str], found: Sequence[str]) -> list[str]:
    """The found columns nobody declared.

    Raises:
        SourceError: a declared column is missing.
    """
    missing = [name for name in expected if name not in found]
    if missing:
        raise SourceError(f"{where}: column {', '.join(missing)} is missing; ask the source, or change config/sources")
    return [name for name in found if name not in expected]


def bad_encoding(path: Path, encoding: str, line: int, column: str | None = None) -> NoReturn:
    """Raise that a line's bytes are not valid in the declared encoding."""
    place = f"{path}, line {line}" + (f", column {column}" if column else "")
    raise SourceError(f"{place}: bytes are not valid {encoding}; ask for the file again, or correct its 'encoding'")


def first_bad_line(path: Path, encoding: str) -> int:
    """The first line that does not decode, counted from 1 (text decoders read ahead and do not know it)."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                return number
    return 1


def arrow_type(name: str) -> pa.DataType:
    """The Arrow type of a declared column type."""
    if name.startswith("decimal"):
        precision, scale = (int(part) for part in re.findall(r"[0-9]+", name))
        return pa.decimal128(precision, scale)
    return {
        "text": pa.string(),
        "integer": pa.int64(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
    }[name]


def table_schema(table: Table) -> pa.Schema:
    """The Arrow schema a table lands with, lineage columns aside."""
    return pa.schema([(column.name, arrow_type(column.type)) for column in table.landed_columns])


def text_batch(table: Table, columns: Sequence[Sequence[str | None] | pa.Array]) -> pa.RecordBatch:
    """Columns of texts as a batch; empty texts become null."""
    return pa.RecordBatch.from_arrays([null_if_empty(column) for column in columns], schema=table_schema(table))


def null_if_empty(column: Sequence[str | None] | pa.Array) -> pa.Array:
    """A text column with null in place of ''."""
    array = column if isinstance(column, pa.Array) else pa.array(column, pa.string())
    return pc.if_else(pc.equal(array, ""), pa.scalar(None, pa.string()), array)


def conform(where: str, table: Table, batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch with the declared columns, in order, in their declared types.

    Raises:
        SourceError: a column's values do not fit its declared type.
    """
    arrays = []
    for column in table.columns:
        array = batch.column(column.source_name)
        array = getattr(array, "storage", array)  # an extension type of the driver: its plain values
        target = arrow_type(column.type)
        if pa.types.is_integer(array.type) and pa.types.is_decimal(target):
            array = array.cast(pa.string())  # Arrow asks whether the type, not the value, is wide enough
        try:
            arrays.append(array.cast(target))
        except pa.ArrowException:
            raise SourceError(
                f"{where}: column {column.source_name} does not fit its declared type {column.type} "
                f"(it comes as {batch.column(column.source_name).type}); ask the source, or change config/sources"
            ) from None
    return pa.RecordBatch.from_arrays(arrays, schema=table_schema(table))
