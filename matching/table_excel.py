"""A sheet of an Excel workbook, as a table of texts: headers in the first row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
from python_calamine import CalamineSheet, CalamineWorkbook

from matching.table_csv import Say, check_header, text_table
from warehouse.errors import SourceError
from warehouse.workbook import cell_text, filled_rows, open_workbook

EXCEL = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_EXACT = 10**15  # from here on a number of a workbook has lost digits


def excel_table(source: str, say: Say) -> tuple[pa.Table, list[str]]:
    """The columns of `FILE#SHEET`, or of the only sheet that is filled; and their names.

    Raises:
        SourceError: it is no workbook, has no such sheet, or has several and none is named.
    """
    file, _, name = source.partition("#")
    path = Path(file)
    if not path.exists():
        raise SourceError(f"{path}: no such file; check the path")
    with open_workbook(path) as workbook:
        rows = _sheet(path, workbook, name).to_python()
    header = [cell_text(cell) or "" for cell in rows[0]] if rows else []
    check_header(path, header)
    filled = list(filled_rows(rows[1:]))
    for column, number in _damaged(header, filled).items():
        lost = f"{number:,} numbers lost their last digits in the workbook"
        say(f"{path}: column '{column}': {lost} and count as missing; store them as text")
    return text_table(header, [list(map(_text, row)) for row in filled]), header


def _sheet(path: Path, workbook: CalamineWorkbook, name: str) -> CalamineSheet:
    names = workbook.sheet_names
    if name:
        if name not in names:
            raise SourceError(f"{path}: no sheet '{name}'; it has {', '.join(names)}")
        return workbook.get_sheet_by_name(name)
    sheets = [workbook.get_sheet_by_name(sheet) for sheet in names]
    filled = [sheet for sheet in sheets if sheet.total_height] or sheets
    if len(filled) > 1:
        raise SourceError(f"{path}: several sheets ({', '.join(s.name for s in filled)}); name one: {path.name}#SHEET")
    return filled[0]


def _is_damaged(cell: object) -> bool:
    """Whether it is a number with more digits than a workbook keeps: an id card typed as a number, mostly."""
    return isinstance(cell, (int, float)) and abs(cell) >= _EXACT


def _damaged(header: Sequence[str], rows: Sequence[Sequence[object]]) -> Counter[str]:
    return Counter(name for row in rows for name, cell in zip(header, row, strict=True) if _is_damaged(cell))


def _text(cell: object) -> str | None:
    return None if _is_damaged(cell) else cell_text(cell)
