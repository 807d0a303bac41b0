"""From a reading to a staged delivery: Parquet with lineage columns, content hash, manifest."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.events import with_events
from connectors.reading import Reading, events_schema, landed_names, table_schema
from connectors.registry import Table
from warehouse.errors import SourceError
from warehouse.landing import DATA, Delivery, Manifest

_LINEAGE = [
    pa.field("_row_number", pa.int64()),
    pa.field("_source_file", pa.string()),
    pa.field("_as_of", pa.date32()),
    pa.field("_delivery", pa.int32()),
]


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


@dataclass(frozen=True)
class Place:
    """Which delivery is being written."""

    source: str
    table: str
    as_of: dt.date
    delivery: int


@dataclass
class ContentHash:
    """SHA-256 over rows as the source gave them: same rows in the same order, same hash, however they are batched."""

    schema: pa.Schema
    _columns: list[tuple[_Hash, _Hash]] = field(init=False)

    def __post_init__(self) -> None:
        self._columns = [(hashlib.sha256(), hashlib.sha256()) for _ in self.schema]

    def update(self, batch: pa.RecordBatch) -> None:
        """Take in one batch."""
        for (lengths, content), column in zip(self._columns, batch.columns, strict=True):
            text = column.cast(pa.string())
            sizes = pc.fill_null(pc.binary_length(text), -1)  # tells null from ''
            lengths.update(sizes.to_numpy(zero_copy_only=False).astype("<i4").tobytes())
            content.update(_text_bytes(pc.fill_null(text, "")))

    def hexdigest(self) -> str:
        """The hash of everything taken in."""
        whole = hashlib.sha256(fingerprint(self.schema).encode())
        for lengths, content in self._columns:
            whole.update(lengths.digest() + content.digest())
        return whole.hexdigest()


def _text_bytes(text: pa.Array) -> bytes:
    _, offsets_buffer, data = text.buffers()
    if data is None or len(text) == 0:
        return b""
    offsets = np.frombuffer(offsets_buffer, np.int32)
    return bytes(data[int(offsets[text.offset]) : int(offsets[text.offset + len(text)])])


def fingerprint(schema: pa.Schema) -> str:
    """Short hash of column names and types."""
    names = "\n".join(f"{column.name} {column.type}" for column in schema)
    return hashlib.sha256(names.encode()).hexdigest()[:16]


def stage(folder: Path, place: Place, table: Table, reading: Reading) -> Manifest:
    """Write one table's rows and manifest into a folder of the staging area.

    Raises:
        SourceError: the reader's own, or the source stated another number of rows than it delivered.
    """
    started = dt.datetime.now(dt.UTC)
    clock = time.perf_counter()
    folder.mkdir(parents=True)
    schema = table_schema(table, reading.new_columns)
    if table.mode == "cdc":
        schema = events_schema(table, reading.new_columns)
        reading = with_events(table, reading, schema)
    content = ContentHash(schema)
    rows = _write(folder / DATA, place, reading, content)
    if reading.expected_rows is not None and rows != reading.expected_rows:
        raise SourceError(
            f"{reading.file}: {rows} rows, the source says {reading.expected_rows}; ask for the delivery again"
        )
    manifest = Manifest(
        source=place.source,
        table=place.table,
        as_of=place.as_of,
        delivery=place.delivery,
        mode=table.mode,
        rows=rows,
        content_hash=content.hexdigest(),
        schema_fingerprint=fingerprint(schema),
        columns={column.name: column.type for column in table.columns}
        | dict.fromkeys(landed_names(table, reading.new_columns), "text"),
        new_columns=list(reading.new_columns),
        source_counts=reading.counts | ({} if reading.expected_rows is None else {"rows": reading.expected_rows}),
        watermark=None if table.mode == "full" else place.as_of.isoformat(),
        started_at=started.isoformat(timespec="microseconds"),
        seconds=round(time.perf_counter() - clock, 3),
        files=[reading.file],
    )
    Delivery(folder).write_manifest(manifest)
    return manifest


def _write(path: Path, place: Place, reading: Reading, content: ContentHash) -> int:
    rows = 0
    schema = pa.schema([*content.schema, *_LINEAGE])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in reading.batches:
            content.update(batch)
            writer.write_batch(_with_lineage(batch, place, reading.file, rows, schema))
            rows += batch.num_rows
    return rows


def _with_lineage(batch: pa.RecordBatch, place: Place, file: str, before: int, schema: pa.Schema) -> pa.RecordBatch:
    size = batch.num_rows
    lineage = [
        pa.array(np.arange(before + 1, before + size + 1, dtype=np.int64)),
        pa.repeat(pa.scalar(file, pa.string()), size),
        pa.repeat(pa.scalar(place.as_of, pa.date32()), size),
        pa.repeat(pa.scalar(place.delivery, pa.int32()), size),
    ]
    return pa.RecordBatch.from_arrays([*batch.columns, *lineage], schema=schema)
