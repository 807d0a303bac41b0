"""Change events of one table on their way to the landing: set down in a file, then read back with their positions.

A position is the event's time in milliseconds above 21 bits, then its rank among the events of that millisecond by log
position and arrival. So positions order all events of a table, whichever delivery they came with, and an event that
arrives late still goes before those that happened after it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa

from connectors.change_event import Event
from connectors.json_path import ABSENT, follow, parse_path, value_text
from connectors.json_spool import JsonSpool, undeclared_keys
from connectors.reading import events_schema, null_if_empty, require_columns
from connectors.registry import Table

_RANK_BITS = 21
_Row = tuple[str, object]  # operation, changed row


class EventSpool:
    """The events of one table; in memory only their order and what tells them apart."""

    def __init__(self, path: Path, table: Table) -> None:
        self._table = table
        self._rows = JsonSpool(path)
        self._placed: set[bytes] = set()
        self._keys: set[str] = set()
        self._order = [array("q") for _ in range(3)]

    def __enter__(self) -> EventSpool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rows.__exit__(kind, error, trace)

    def add(self, event: Event) -> None:
        """Set an event down, unless the very same place in the log told it before."""
        if event.is_placed:  # without a log position two equal changes within a millisecond may both be meant
            fingerprint = event.fingerprint
            if fingerprint in self._placed:
                return
            self._placed.add(fingerprint)
        self._rows.add((event.op, event.row))
        self._keys.update(event.row)
        for column, value in zip(self._order, (event.ts_ms, *event.order), strict=True):
            column.append(value)

    @property
    def undeclared(self) -> list[str]:
        """Columns of its rows that land although nobody declared them."""
        return undeclared_keys(self._table, self._keys)

    def batches(
        self, where: str, new_columns: Sequence[str], taken: np.ndarray | None = None
    ) -> Iterator[pa.RecordBatch]:
        """The events as they arrived, each with operation and position.

        Args:
            where: what is being read, for messages.
            new_columns: undeclared columns to land.
            taken: positions that events landed before already have.

        Raises:
            SourceError: a declared column occurs in no row.
        """
        place = positions(self._order, np.array([], np.int64) if taken is None else taken)
        paths = [parse_path(column.source_name) for column in self._table.columns]
        seen: set[tuple[str, ...]] = set()
        start, has_whole_rows = 0, False
        for chunk in self._rows.batches():
            has_whole_rows = has_whole_rows or any(op != "d" for op, _ in chunk)
            texts = [_column(chunk, path, seen) for path in (*paths, *((name,) for name in new_columns))]
            about = [pa.array([op for op, _ in chunk], pa.string()), pa.array(place[start : start + len(chunk)])]
            columns = [*(null_if_empty(text) for text in texts), *about]
            yield pa.RecordBatch.from_arrays(columns, schema=events_schema(self._table, new_columns))
            start += len(chunk)
        if has_whole_rows:  # a deletion may say no more than its key
            require_columns(where, self._table, [".".join(path) for path in seen])


def event_moment(position: int) -> int:
    """The time of the event at a position, in milliseconds."""
    return position >> _RANK_BITS


def positions(order: Sequence[array[int]], taken: np.ndarray) -> np.ndarray:
    """The position of every event, in arrival order.

    Args:
        order: per event the time in milliseconds and the two numbers of its log position.
        taken: positions that are given already; new ones of the same millisecond come after them.
    """
    ts, high, low = (np.frombuffer(column, np.int64) if len(column) else np.array([], np.int64) for column in order)
    ranked = np.lexsort((np.arange(len(ts)), low, high, ts))
    base = ts[ranked] << _RANK_BITS
    given = np.sort(taken)
    last = np.searchsorted(given, base + (1 << _RANK_BITS)) - 1
    after_given = given[np.maximum(last, 0)] + 1 if len(given) else base
    start = np.where(last >= 0, np.maximum(base, after_given), base)
    rising = np.maximum.accumulate(start - np.arange(len(start))) + np.arange(len(start))  # each above the one before
    result = np.empty(len(ts), np.int64)
    result[ranked] = rising
    return result


def _column(chunk: Sequence[_Row], path: tuple[str, ...], seen: set[tuple[str, ...]]) -> list[str | None]:
    values = [follow(row, path) for _, row in chunk]
    if any(value is not ABSENT for value in values):
        seen.add(path)
    return [value_text(value) for value in values]
