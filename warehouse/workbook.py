"""Excel workbooks, as deliveries and as tables of a user."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from warehouse.errors import SourceError


def open_workbook(path: Path) -> CalamineWorkbook:
    """Open a workbook (xlsx, xlsm, xlsb, xls, ods).

    Raises:
        SourceError: it is none.
    """
    try:
        return CalamineWorkbook.from_path(str(path))
    except (CalamineError, OSError):
        raise SourceError(f"{path}: cut short or not an Excel workbook; ask for the file again") from None


def filled_rows(rows: Iterable[Sequence[object]]) -> Iterator[Sequence[object]]:
    """The rows with something in them: workbooks often end in formatted empty ones."""
    return (row for row in rows if any(cell != "" for cell in row))


def cell_text(cell: object) -> str | None:
    """A cell as text: whole numbers without `.0`, dates as ISO 8601."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.datetime):
        return (cell.date() if cell.time() == dt.time() else cell).isoformat()
    return str(cell).strip() or None
