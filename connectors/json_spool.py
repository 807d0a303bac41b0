"""JSON values set down in a file, to be read back as often as needed; nothing but a batch of them is in memory."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from connectors.json_path import parse_path
from connectors.reading import BATCH_ROWS
from connectors.registry import Table


class JsonSpool:
    """A file of values, gone after the block."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("w", encoding="utf-8")

    def __enter__(self) -> JsonSpool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)

    def add(self, value: object) -> None:
        """Set a value down."""
        self._file.write(json.dumps(value) + "\n")

    def batches(self, size: int = BATCH_ROWS) -> Iterator[list[Any]]:
        """Everything set down so far, in order."""
        self._file.flush()
        with self._path.open(encoding="utf-8") as file:
            while batch := [json.loads(line) for line in itertools.islice(file, size)]:
                yield batch


def undeclared_keys(table: Table, keys: set[str]) -> list[str]:
    """Keys of records' top level that land although no column's path begins with them."""
    declared = {parse_path(column.source_name)[0] for column in table.columns}
    return sorted(keys - declared - {""}) if table.undeclared == "keep" else []
