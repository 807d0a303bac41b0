"""JSON Lines: one object per line, nested; a column names its place as a path of keys."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from connectors.json_path import ABSENT, follow, parse_path, value_text
from connectors.reading import (
    BATCH_ROWS,
    Reading,
    ReadTable,
    bad_encoding,
    require,
    require_columns,
    table_file,
    text_batch,
)
from connectors.registry import JsonlSource, Table
from warehouse.errors import SourceError
from warehouse.settings import Settings

_Record = dict[str, object]


@contextmanager
def open_jsonl(settings: Settings, source: JsonlSource, day: dt.date) -> Iterator[ReadTable]:
    """Read tables from the day's files."""

    def read(name: str, _since: dt.date | None) -> Reading:
        path = require(table_file(settings, source, name, day), day)
        table = source.tables[name]
        new = undeclared_keys(path, table, source.encoding)
        return Reading(read_objects(path, table, source.encoding, new), path.name, new_columns=new)

    yield read


def undeclared_keys(path: Path, table: Table, encoding: str) -> list[str]:
    """Keys of the top level nobody declared; a pass of its own, as any line may bring one."""
    if table.undeclared == "drop":
        return []
    keys: set[str] = set(itertools.chain.from_iterable(_records(path, encoding)))
    return sorted(keys - {column.source_name.split(".")[0] for column in table.columns})


def read_objects(path: Path, table: Table, encoding: str, new: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Read the declared paths, and the keys of `new`, as text columns.

    Raises:
        SourceError: a line is not a JSON object or does not decode, or a declared path occurs in no line at all.
    """
    paths = [parse_path(column.source_name) for column in table.columns]
    records = _records(path, encoding)
    seen: set[tuple[str, ...]] = set()
    rows = 0
    while chunk := list(itertools.islice(records, BATCH_ROWS)):
        rows += len(chunk)
        yield text_batch(table, [_column(chunk, place, seen) for place in (*paths, *((key,) for key in new))], new)
    if rows:
        require_columns(str(path), table, [".".join(place) for place in seen])


def _column(records: Sequence[_Record], place: tuple[str, ...], seen: set[tuple[str, ...]]) -> list[str | None]:
    values = [follow(record, place) for record in records]
    if any(value is not ABSENT for value in values):
        seen.add(place)
    return [value_text(value) for value in values]


def _records(path: Path, encoding: str) -> Iterator[_Record]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line.decode(encoding))
            except UnicodeDecodeError:
                bad_encoding(path, encoding, number)
            except json.JSONDecodeError:
                raise _not_an_object(path, number) from None
            if not isinstance(record, dict):
                raise _not_an_object(path, number)
            yield record


def _not_an_object(path: Path, line: int) -> SourceError:
    return SourceError(f"{path}, line {line}: not a whole JSON object; ask for the file again")
