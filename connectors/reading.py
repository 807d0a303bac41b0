"""What every reader shares: the shape it hands out, and the ways from a source's values to Arrow columns.

A reader of a kind is a context manager `open_<kind>(settings, source, day)`, left in order only when its rows are
landed. It checks what can be checked before the first row (everything there, counts stated, snapshot taken) and yields
a function that reads one table as a `Reading`: Arrow batches, made one at a time so that memory stays bounded. Whatever
is wrong is a `SourceError` that names file and line and never a value.
"""

from __future__ import annotations

import codecs
import datetime as dt
import itertools
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.detect import open_bytes
from connectors.registry import FileSource, Source, Table
from warehouse.errors import SourceError
from warehouse.landing import ENDED, LINEAGE
from warehouse.settings import Settings

BATCH_ROWS = 50_000
EVENT_FIELDS = (pa.field("_op", pa.string()), pa.field("_position", pa.int64()))
EVENT_NAMES = tuple(field.name for field in EVENT_FIELDS)


@dataclass(frozen=True)
class Reading:
    """One table being read.

    Batches hold the declared columns in order, then `new_columns` as text: what the source has and nobody declared
    (empty where the table says `undeclared: drop`). A reader of change events adds `_op` and `_position` (see
    `events_schema`). `expected_rows` is what the source itself says it delivered; `counts` are other counts worth
    keeping in the manifest.
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


def day_stamps(settings: Settings, source: FileSource, day: dt.date) -> dict[str, list[int]]:
    """Size and time of change of every file of a business day that is there; a changed file has another stamp."""
    patterns = {*source.file_patterns.values(), *([source.marker] if source.marker else [])}
    paths = [day_file(settings, source, pattern, day) for pattern in sorted(patterns)]
    stats = {path.name: path.stat() for path in paths if path.is_file()}
    return {name: [stat.st_size, stat.st_mtime_ns] for name, stat in stats.items()}


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


def require_columns(where: str, table: Table, found: Sequence[str]) -> list[str]:
    """The found columns that land although nobody declared them.

    Raises:
        SourceError: a declared column is missing, or there twice.
    """
    twice = [column.source_name for column in table.columns if list(found).count(column.source_name) > 1]
    if twice:
        raise SourceError(f"{where}: column {', '.join(twice)} is there twice; ask the source for one of them")
    needed = [column.source_name for column in table.columns if not column.optional]
    missing = [name for name in needed if name not in found]
    if missing:
        raise SourceError(f"{where}: column {', '.join(missing)} is missing; ask the source, or change config/sources")
    return undeclared(table, found)


def bad_encoding(path: Path, encoding: str, line: int, column: str | None = None) -> NoReturn:
    """Raise that a line's bytes are not valid in the declared encoding."""
    place = f"{path}, line {line}" + (f", column {column}" if column else "")
    raise SourceError(f"{place}: bytes are not valid {encoding}; ask for the file again, or correct its 'encoding'")


def first_bad_line(path: Path, encoding: str) -> int:
    """The first line that does not decode, counted from 1 (text decoders read ahead and do not know it)."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with open_bytes(path) as file:
        while True:
            block = file.read(1 << 20)
            before = decoder.getstate()
            try:
                line += decoder.decode(block, final=not block).count("\n")
            except UnicodeDecodeError as error:
                good = max(0, error.start - len(error.object) + len(block))
                decoder.setstate(before)
                return line + decoder.decode(block[:good]).count("\n")
            if not block:
                return line


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


def table_schema(table: Table, new_columns: Sequence[str] = ()) -> pa.Schema:
    """The Arrow schema a table lands with, lineage aside: the declared columns, then undeclared ones as text."""
    declared = [(column.name, arrow_type(column.type)) for column in table.columns]
    return pa.schema([*declared, *((name, pa.string()) for name in landed_names(table, new_columns))])


def events_schema(table: Table, new_columns: Sequence[str] = ()) -> pa.Schema:
    """The schema of change events: a table's columns, the operation (c, u, d, r), the order within the delivery."""
    return pa.schema([*table_schema(table, new_columns), *EVENT_FIELDS])


def landed_names(table: Table, new_columns: Sequence[str]) -> list[str]:
    """The names undeclared columns land under: their own, with a number behind where that name is taken.

    Names that differ in capitals only are one name to the transformation, so they count as taken too.
    """
    taken = {name.casefold() for name in (*LINEAGE, ENDED, *EVENT_NAMES, *(column.name for column in table.columns))}
    names = []
    for new in new_columns:
        free = (f"{new}_{number}" if number > 1 else new for number in itertools.count(1))
        names.append(next(name for name in free if name.casefold() not in taken))
        taken.add(names[-1].casefold())
    return names


def undeclared(table: Table, found: Sequence[str]) -> list[str]:
    """What of the found columns lands although nobody declared it; names that stand twice mean nothing certain."""
    declared = {column.source_name for column in table.columns}
    unknown = [name for name in found if name and name not in declared and list(found).count(name) == 1]
    return unknown if table.undeclared == "keep" else []


def text_batch(
    table: Table, columns: Sequence[Sequence[str | None] | pa.Array], new_columns: Sequence[str] = ()
) -> pa.RecordBatch:
    """Columns of texts as a batch; empty texts become null."""
    schema = table_schema(table, new_columns)
    return pa.RecordBatch.from_arrays([null_if_empty(column) for column in columns], schema=schema)


def null_if_empty(column: Sequence[str | None] | pa.Array) -> pa.Array:
    """A text column with null in place of ''."""
    array = without_zero_bytes(column if isinstance(column, pa.Array) else pa.array(column, pa.string()))
    return pc.if_else(pc.equal(array, ""), pa.scalar(None, pa.string()), array)


def without_zero_bytes(array: pa.Array) -> pa.Array:
    """Texts with blanks in place of zero bytes, which PostgreSQL takes in no text."""
    data = array.buffers()[2]
    if data is None or np.frombuffer(data, np.uint8).all():
        return array
    return pc.replace_substring(array, "\0", " ")


def conform(where: str, table: Table, batch: pa.RecordBatch, new_columns: Sequence[str] = ()) -> pa.RecordBatch:
    """A batch with the declared columns, in order, in their declared types, then the undeclared ones as text.

    Raises:
        SourceError: a column's values do not fit its declared type.
    """
    arrays = []
    for column in table.columns:
        try:
            arrays.append(_cast(batch.column(column.source_name), arrow_type(column.type)))
        except pa.ArrowException:
            raise SourceError(
                f"{where}: column {column.source_name} does not fit its declared type {column.type} "
                f"(it comes as {batch.column(column.source_name).type}); ask the source, or change config/sources"
            ) from None
    arrays += [_as_text(batch.column(name)) for name in new_columns]
    return pa.RecordBatch.from_arrays(arrays, schema=table_schema(table, new_columns))


def _cast(array: pa.Array, target: pa.DataType) -> pa.Array:
    array = getattr(array, "storage", array)  # an extension type of the driver: its plain values
    if pa.types.is_integer(array.type) and pa.types.is_decimal(target):
        array = array.cast(pa.string())  # Arrow asks whether the type, not the value, is wide enough
    array = array.cast(target)
    return without_zero_bytes(array) if pa.types.is_string(target) else array


def _as_text(array: pa.Array) -> pa.Array:
    """Any column as text: what Arrow can write as text that way, the rest (lists, structures, bytes) as JSON."""
    try:
        return _cast(array, pa.string())
    except pa.ArrowException:
        values = array.to_pylist()
        texts = [None if value is None else json.dumps(value, ensure_ascii=False, default=str) for value in values]
        return pa.array(texts, pa.string())
