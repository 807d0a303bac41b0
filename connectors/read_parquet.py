"""Parquet files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.reading import BATCH_ROWS, Reading, ReadTable, conform, require, require_columns, table_file
from connectors.registry import ParquetSource, Table
from warehouse.errors import SourceError
from warehouse.settings import Settings


@contextmanager
def open_parquet(settings: Settings, source: ParquetSource, day: dt.date) -> Iterator[ReadTable]:
    """Read tables from the day's files."""

    def read(name: str, _since: dt.date | None) -> Reading:
        path = require(table_file(settings, source, name, day), day)
        table = source.tables[name]
        file = _open(path)
        new = require_columns(str(path), table, file.schema_arrow.names)
        batches = _batches(path, file, table, new)
        return Reading(batches, path.name, expected_rows=file.metadata.num_rows, new_columns=new)

    yield read


def _broken(path: Path) -> SourceError:
    return SourceError(f"{path}: cut short or not a Parquet file; ask for the file again")


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError):
        raise _broken(path) from None


def _batches(path: Path, file: pq.ParquetFile, table: Table, new: Sequence[str]) -> Iterator[pa.RecordBatch]:
    names = [*(column.source_name for column in table.columns), *new]
    with file:
        batches = file.iter_batches(BATCH_ROWS, columns=names)
        while True:
            try:
                batch = next(batches, None)
            except (pa.ArrowException, OSError):
                raise _broken(path) from None
            if batch is None:
                return
            yield conform(str(path), table, batch, new)
