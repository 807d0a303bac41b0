"""Change events of one table on their way to the landing: set down in a file, then read back with their positions.

A position is the event's time in milliseconds above 21 bits, then its rank among the events of that millisecond by log
position and arrival. So positions order all events of a table, whichever delivery they came with, and an event that
arrives late still goes before those that happened after it.
"""

from __future__ import annotations

import itertools
import json
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa

from connectors.change_event import Event
from connectors.json_path import ABSENT, follow, parse_path, value_text
from connectors.reading import BATCH_ROWS, null_if_empty, require_columns, table_schema
from connectors.registry import Table

_RANK_BITS = 21


class EventSpool:
    """The events of one table, on disk; only their order is held in memory (32 bytes an event)."""

    def __init__(self, path: Path, table: Table, known: set[str] | None = None) -> None:
        self._path = path
        self._table = table
        self._known = set() if known is None else known
        self._placed: set[str] = set()
        self._order = [array("q") for _ in range(3)]
        self._file = path.open("w", encoding="utf-8")

    def __enter__(self) -> EventSpool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)

    def add(self, event: Event) -> None:
        """Set an event down, unless it came before."""
        fingerprint = event.fingerprint
        if fingerprint in self._known or fingerprint in self._placed:
            return
        if event.is_placed:  # without a log position two equal changes within a millisecond may both be meant
            self._placed.add(fingerprint)
        self._file.write(json.dumps([event.op, fingerprint, event.row]) + "\n")
        for column, value in zip(self._order, (event.ts_ms, *event.order), strict=True):
            column.append(value)

    def batches(self, where: str, new: list[str], taken: np.ndarray | None = None) -> Iterator[pa.RecordBatch]:
        """The events as they arrived, with position; row columns nobody declared are added to `new`.

        Args:
            where: what is being read, for messages.
            new: filled once the last batch is read.
            taken: positions that events landed before already have.

        Raises:
            SourceError: a declared column occurs in no row.
        """
        self._file.flush()
        place = positions(self._order, np.array([], np.int64) if taken is None else taken)
        names = [column.source_name for column in self._table.columns]
        seen: set[str] = set()
        keys: set[str] = set()
        start, whole_rows = 0, 0
        with self._path.open(encoding="utf-8") as file:
            while chunk := [json.loads(line) for line in itertools.islice(file, BATCH_ROWS)]:
                keys.update(itertools.chain.from_iterable(row for _, _, row in chunk))
                whole_rows += sum(op != "d" for op, _, _ in chunk)
                columns = [_column(chunk, name, seen) for name in names]
                yield self._batch(chunk, columns, place[start : start + len(chunk)])
                start += len(chunk)
        if whole_rows:  # a deletion may say no more than its key
            require_columns(where, names, list(seen))
            new += sorted(keys - {parse_path(name)[0] for name in names})

    def _batch(
        self, chunk: Sequence[tuple[str, str, object]], columns: list[list[str | None]], place: np.ndarray
    ) -> pa.RecordBatch:
        texts = [null_if_empty(column) for column in columns]
        about = [pa.array([op for op, _, _ in chunk]), pa.array(place), pa.array([key for _, key, _ in chunk])]
        return pa.RecordBatch.from_arrays([*texts, *about], schema=table_schema(self._table))


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
    has_before = (last >= 0) & (len(given) > 0)
    before = given[np.maximum(last, 0)] + 1 if len(given) else base
    start = np.where(has_before, np.maximum(base, before), base)
    rising = np.maximum.accumulate(start - np.arange(len(start))) + np.arange(len(start))  # each above the one before
    result = np.empty(len(ts), np.int64)
    result[ranked] = rising
    return result


def _column(chunk: Sequence[tuple[str, str, object]], name: str, seen: set[str]) -> list[str | None]:
    values = [follow(row, parse_path(name)) for _, _, row in chunk]
    if any(value is not ABSENT for value in values):
        seen.add(name)
    return [value_text(value) for value in values]
