"""Excel workbooks: one per day, a sheet per table, headers in the first row."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from python_calamine import CalamineSheet, CalamineWorkbook

from connectors.reading import BATCH_ROWS, Reading, ReadTable, day_file, require, require_columns, text_batch
from connectors.registry import ExcelSource, Table
from warehouse.errors import SourceError
from warehouse.settings import Settings
from warehouse.workbook import cell_text, filled_rows, open_workbook


@contextmanager
def open_excel(settings: Settings, source: ExcelSource, day: dt.date) -> Iterator[ReadTable]:
    """Open the day's workbook and read tables from its sheets."""
    path = require(day_file(settings, source, source.workbook, day), day)
    workbook = open_workbook(path)

    def read(name: str, _since: dt.date | None) -> Reading:
        table = source.tables[name]
        sheet = _sheet(path, workbook, table.origin or name)
        rows = sheet.iter_rows()
        header = [cell_text(cell) or "" for cell in next(rows, [])]
        new = require_columns(f"{path}, sheet {sheet.name}", table, header)
        return Reading(_batches(table, header, rows, new), f"{path.name}/{sheet.name}", new_columns=new)

    with workbook:
        yield read


def _sheet(path: Path, workbook: CalamineWorkbook, name: str) -> CalamineSheet:
    if name not in workbook.sheet_names:
        raise SourceError(f"{path}: sheet {name} is not in it; ask for the file again, or change config/sources")
    return workbook.get_sheet_by_name(name)


def _batches(
    table: Table, header: list[str], rows: Iterator[Sequence[object]], new: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    places = [header.index(name) for name in (*(column.source_name for column in table.columns), *new)]
    filled = filled_rows(rows)
    while chunk := list(itertools.islice(filled, BATCH_ROWS)):
        yield text_batch(table, [[cell_text(row[place]) for row in chunk] for place in places], new)
