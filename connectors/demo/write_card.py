"""Card: fixed-width GB18030 files by byte positions, and a control file with rows and bytes.

Chinese fields are filled up with full-width spaces (A1A1) as the host does it, one single-byte space closes an odd
rest; all other fields are filled with single-byte spaces. A text longer than its field ends before the character that
would be cut.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa

from connectors.demo.carding import statements
from connectors.demo.columns import Table, arrow_text, choose, height, join, numbers
from connectors.demo.files import stamp, write_bytes
from connectors.demo.sources import document_codes, sex_codes
from connectors.demo.world import World

_HOLDER = {
    "key": 12, "latin": 26, "name": 30, "document_type": 2, "document": 20, "mobile": 15, "tel": 20, "address": 80,
    "employer": 40, "birth": 8, "sex": 1, "branch": 6, "updated": 8,
}  # fmt: skip
_CHINESE = {"name", "address", "employer"}
_CARD = {"card": 19, "key": 12, "product": 10, "limit": 13, "opened": 8, "status": 1, "branch": 6}
_STATEMENT = {"card": 19, "day": 8, "balance": 15, "minimum": 13, "due": 8, "paid": 13}
_NAMES = ("CARDHOLDER", "CARD", "STATEMENT")


def file_names(day: dt.date) -> list[str]:
    """Names of a day's files, the control file last."""
    return [f"{name}_{stamp(day)}.DAT" for name in _NAMES] + [f"CARD_{stamp(day)}.CTL"]


def write(world: World, folder: Path) -> dict[str, int]:
    """Write the day's three files and their control file; returns rows by table."""
    cards = world.cards.cards
    assert cards is not None
    last = statements(world.now, cards)
    last |= {column: numbers(last[column], 13) for column in ("minimum", "paid")}
    last["balance"] = _signed(last["balance"], 14)
    parts = ((_holders(world), _HOLDER), (cards | {"limit": numbers(cards["limit"], 13)}, _CARD), (last, _STATEMENT))
    control, rows = [], {}
    for name, file_name, (table, widths) in zip(_NAMES, file_names(world.date), parts, strict=False):
        content = fixed_width(table, widths)
        write_bytes(folder / file_name, content)
        rows[name] = height(table)
        control.append(f"{file_name}|{rows[name]}|{len(content)}\n")
    write_bytes(folder / file_names(world.date)[-1], "".join(control).encode())
    return rows


def _holders(world: World) -> Table:
    records = world.records["card"]
    same = ("key", "latin", "name", "document", "mobile", "tel", "employer", "birth", "branch")
    return {
        **{column: records[column] for column in same},
        "document_type": document_codes("card", records["document_type"]),
        "address": records["region"] + records["detail"],
        "sex": sex_codes("card", records["sex"]), "updated": records["updated"].astype("datetime64[D]"),
    }  # fmt: skip


def _signed(cents: np.ndarray, digits: int) -> np.ndarray:
    sign = choose(cents < 0, "-", "+")
    return join(sign, numbers(np.abs(cents), digits))


def fixed_width(table: Table, widths: dict[str, int]) -> bytes:
    """All rows as lines of fixed byte width."""
    fields = [field(arrow_text(table[name], compact=True), width, name in _CHINESE) for name, width in widths.items()]
    end = np.full((fields[0].shape[0], 1), 0x0A, dtype=np.uint8)
    return np.hstack([*fields, end]).tobytes()


def field(column: pa.Array, width: int, is_chinese: bool) -> np.ndarray:
    """A matrix of bytes, one row per value."""
    encoded = [fit((value or "").encode("gb18030"), width) for value in column.to_pylist()]
    length = np.array([len(value) for value in encoded], dtype=np.int64)
    matrix = np.array(encoded, dtype=f"S{width}").view(np.uint8).reshape(len(encoded), width).copy()
    beyond = np.arange(width) >= length[:, None]
    matrix[beyond] = 0xA1 if is_chinese else 0x20
    if is_chinese:
        odd = np.flatnonzero((width - length) % 2 == 1)
        matrix[odd, width - 1] = 0x20
    return matrix


def fit(encoded: bytes, width: int) -> bytes:
    """Cut to a width, never inside a character."""
    if len(encoded) <= width:
        return encoded
    return encoded[:width].decode("gb18030", errors="ignore").encode("gb18030")
