"""Change events: what every delivery of mode `cdc` says of each row.

`_op` is what happened (c create, u update, d delete, r read: a row of the snapshot that events begin with), `_position`
the order within the delivery. A reader of events gives both; for other kinds they come from the columns that the
table's `events` names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.reading import EVENT_NAMES, Reading
from connectors.registry import Events, Operation, Table
from warehouse.errors import SourceError

_OPERATIONS = pa.array(get_args(Operation))


def with_events(table: Table, reading: Reading, schema: pa.Schema) -> Reading:
    """The reading with operation and position on every row, checked.

    Raises:
        SourceError: while its batches are read: an operation that has no meaning, or a position that is no number.
    """
    return replace(reading, batches=_checked(table, reading, schema))


def _checked(table: Table, reading: Reading, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    row = 0
    for batch in reading.batches:
        if EVENT_NAMES[0] not in batch.schema.names:
            assert table.events is not None  # the registry refuses tables of other kinds without
            batch = _from_columns(table.events, batch, row, reading.file)
        operations, positions = (batch.column(name) for name in EVENT_NAMES)
        _refuse(pc.invert(pc.is_in(operations, _OPERATIONS)), row, reading.file, "an operation without a known meaning")
        _refuse(pc.is_null(positions), row, reading.file, "no position")
        yield batch.select(schema.names).cast(schema)
        row += batch.num_rows


def _refuse(bad: pa.Array, row: int, file: str, what: str) -> None:
    if pc.any(bad).as_py():
        first = row + int(np.argmax(bad.to_numpy(zero_copy_only=False))) + 1
        raise SourceError(f"{file}, row {first}: {what}; ask the source, or correct 'events' in config/sources")


def _from_columns(events: Events, batch: pa.RecordBatch, row: int, file: str) -> pa.RecordBatch:
    codes = batch.column(events.operation).cast(pa.string()).to_pylist()
    operations = pa.array([events.codes.get(code or "") for code in codes], pa.string())
    if events.position is None:
        positions = pa.array(np.arange(row + 1, row + batch.num_rows + 1, dtype=np.int64))
    else:
        try:
            positions = batch.column(events.position).cast(pa.int64())
        except pa.ArrowException:
            raise SourceError(f"{file}, rows from {row + 1}: a position that is no number; ask the source") from None
    arrays = [*batch.columns, operations, positions]
    return pa.RecordBatch.from_arrays(arrays, names=[*batch.schema.names, *EVENT_NAMES])
