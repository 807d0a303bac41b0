r"""Wealth: a tar.gz package of `|+|`-separated GB18030 files and, written last, its `.OK` file with the row counts.

File names and layout follow the usual data exchange rules between bank systems: `system_NN_date.tar.gz`,
`TABLE_date.txt` inside, a flag file whose name ends in `.OK`.
"""

from __future__ import annotations

import datetime as dt
import gzip
import io
import tarfile
from pathlib import Path

import numpy as np

from connectors.demo.columns import Table, height, money, take
from connectors.demo.files import block, epoch, lines, stamp, write_bytes
from connectors.demo.sources import document_codes, sex_codes
from connectors.demo.wealth import products
from connectors.demo.world import World

_ASSESSMENT = ("assessment", "key", "assessed", "score", "level", "valid_to", "channel")
_RECORDING = ("recording", "key", "product", "recorded", "evidence", "branch")


def package_name(day: dt.date) -> str:
    """Name of a day's package."""
    return f"WMS_01_{stamp(day)}.tar.gz"


def tables(world: World) -> dict[str, Table]:
    """The five tables as the newest day delivers them."""
    shelf, today = world.shelf, world.today
    assert shelf.holdings is not None
    product, held, assessed, sold = products(today), shelf.holdings, shelf.assessments, shelf.recordings
    return {
        "CUSTOMER": _customers(world),
        "PRODUCT": {column: product[column] for column in ("code", "name", "risk", "started", "maturity", "rate")},
        "HOLDING": {
            "key": held["key"], "code": product["code"][held["product"]], "shares": money(held["shares"] * 100),
            "value": money(shelf.values(world.now)), "bought": held["bought"],
        },
        "RISK_ASSESSMENT": take(assessed, np.arange(height(assessed)), _ASSESSMENT),
        "DUAL_RECORDING": take(sold, np.arange(height(sold)), _RECORDING),
    }  # fmt: skip


def _customers(world: World) -> Table:
    records = world.records["wealth"]
    new = take(records, np.flatnonzero(records["changed_on"] == world.day))
    return {
        "key": new["key"], "name": new["name"], "document_type": document_codes("wealth", new["document_type"]),
        "document": new["document"], "sex": sex_codes("wealth", new["sex"]), "birth": new["birth"],
        "mobile": new["mobile"], "email": new["email"], "address": new["region"] + new["detail"],
        "branch": new["branch"], "updated": new["updated"].astype("datetime64[D]"),
    }  # fmt: skip


def write(world: World, folder: Path) -> dict[str, int]:
    """Write the day's package and its flag; returns rows by table."""
    day, today = stamp(world.date), tables(world)
    rows = {name: height(table) for name, table in today.items()}
    texts = {name: lines(table, "|+|", compact_dates=True) for name, table in today.items()}
    inner = {f"{name}_{day}.txt": block(text, "gb18030") for name, text in texts.items()}
    package = folder / package_name(world.date)
    write_bytes(package, pack(inner, epoch(world.date)))
    flag = "".join(f"{name}_{day}.txt|{count}\n" for name, count in rows.items())
    write_bytes(package.with_name(package.name + ".OK"), flag.encode())
    return rows


def pack(inner: dict[str, bytes], seconds: int) -> bytes:
    """A tar.gz whose bytes depend on names and contents only."""
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=1, mtime=seconds) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, content in inner.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = len(content), seconds, 0o644
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
