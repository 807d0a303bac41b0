"""Writing files so that the same day gives the same bytes, whole or not at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.demo.columns import Table, arrow_text


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.new")
    aside.write_bytes(content)
    aside.replace(path)


def stamp(day: dt.date) -> str:
    """`YYYYMMDD`, as it stands in file names."""
    return day.strftime("%Y%m%d")


def epoch(day: dt.date) -> int:
    """Midnight (UTC) of a day in seconds, for time stamps inside archives."""
    return int(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC).timestamp())


def lines(table: Mapping[str, np.ndarray | pa.Array], separator: str, *, compact_dates: bool = False) -> pa.Array:
    """One text per row: the columns joined by a separator, null as nothing."""
    columns = [
        column if isinstance(column, pa.Array) else arrow_text(column, compact=compact_dates)
        for column in table.values()
    ]
    return pc.binary_join_element_wise(*columns, separator, null_handling="replace", null_replacement="")


def block(rows: pa.Array, encoding: str) -> bytes:
    """Lines ended by LF, encoded."""
    return "".join(f"{row}\n" for row in rows.to_pylist()).encode(encoding)


def csv(table: Table) -> bytes:
    """A CSV file as spreadsheets write it: UTF-8 with BOM, header, every value quoted."""
    doubled = {name: pc.replace_substring(arrow_text(column), '"', '""') for name, column in table.items()}
    header = ",".join(f'"{name}"' for name in table)
    body = lines(doubled, '","')
    quoted = pc.binary_join_element_wise('"', body, '"', "")
    return b"\xef\xbb\xbf" + header.encode() + b"\n" + block(quoted, "utf-8")
