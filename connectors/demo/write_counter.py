"""Counter: one Excel workbook per day with Chinese sheet and column names; every cell is text."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from pathlib import Path

import numpy as np
from openpyxl import Workbook

from connectors.demo.columns import Table, arrow_text, height, join, numbers
from connectors.demo.files import stamp, write_bytes
from connectors.demo.world import World

_SHEETS = {
    "身份证件更新": {
        "流水号": "serial", "客户号": "key", "姓名": "name", "证件类型": "document_type", "原证件号码": "old",
        "新证件号码": "new", "新证件到期日": "expiry", "办理日期": "handled", "机构号": "branch",
    },
    "客户信息变更": {
        "流水号": "serial", "客户号": "key", "姓名": "name", "变更项目": "item", "变更前": "old", "变更后": "new",
        "办理日期": "handled", "机构号": "branch",
    },
    "签署文件": {
        "流水号": "serial", "客户号": "key", "文件类型": "form", "签署日期": "signed", "影像编号": "image",
        "机构号": "branch",
    },
}  # fmt: skip
_LETTERS = ("Z", "B", "Q")
_TABLES = ("identity_renewal", "info_change", "signed_form")


def write(world: World, folder: Path) -> dict[str, int]:
    """Write the day's workbook; returns rows by table."""
    tables = dict(zip(_SHEETS, (world.renewals, world.changes, world.forms), strict=True))
    book = Workbook(write_only=True)
    for letter, (title, columns) in zip(_LETTERS, _SHEETS.items(), strict=True):
        sheet = book.create_sheet(title)
        sheet.append(list(columns))
        for row in _rows(tables[title] | {"serial": _serials(letter, world.date, height(tables[title]))}, columns):
            sheet.append(row)
    write_bytes(folder / f"counter_{stamp(world.date)}.xlsx", _fixed(book, world.date))
    return dict(zip(_TABLES, map(height, tables.values()), strict=True))


def _serials(letter: str, day: dt.date, size: int) -> np.ndarray:
    return join(f"{letter}{stamp(day)}", numbers(np.arange(1, size + 1), 6))


def _rows(table: Table, columns: dict[str, str]) -> list[tuple[str | None, ...]]:
    return list(zip(*(arrow_text(table[name]).to_pylist() for name in columns.values()), strict=True))


def _fixed(book: Workbook, day: dt.date) -> bytes:
    """The workbook with the day in place of the moment of writing, so that the same day gives the same bytes."""
    book.properties.creator = "counter"
    raw, fixed = io.BytesIO(), io.BytesIO()
    book.save(raw)
    moment = f"{day.isoformat()}T00:00:00Z".encode()
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment, content)
            entry = zipfile.ZipInfo(name, (day.year, day.month, day.day, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, content)
    return fixed.getvalue()
