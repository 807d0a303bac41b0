"""A small bank of test sources in the forms banks deliver: site folder, files, and ways to break them."""

from __future__ import annotations

import datetime as dt
import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

import yaml

from warehouse.keys import create_key
from warehouse.settings import Settings, load_settings

DAY = dt.date(2026, 3, 2)
DAY_2 = dt.date(2026, 3, 3)
DAY_3 = dt.date(2026, 3, 4)

Row = Sequence[str | None]


def make_site(folder: Path, sources: dict[str, dict], suites: dict[str, dict] | None = None) -> Settings:
    """A site with these sources and suites, and a home beside it."""
    config = folder / "config"
    for kind, documents in (("sources", sources), ("quality", suites or {})):
        (config / kind).mkdir(parents=True, exist_ok=True)
        for name, document in documents.items():
            text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
            (config / kind / f"{name}.yml").write_text(text, encoding="utf-8")
    settings = load_settings(config, environ={"MDM_HOME": str(folder / "var")})
    create_key(settings)
    return settings


def columns(*names: str) -> list[dict]:
    return [{"name": name} for name in names]


def wealth(**changes: object) -> dict:
    """A package source with a changed, a full and an append table."""
    tables = {
        "customer": {"mode": "changed", "keys": ["no"], "watermark": "upd", "columns": columns("no", "name", "upd")},
        "product": {"mode": "full", "keys": ["code"], "columns": columns("code", "title")},
        "assessment": {"mode": "append", "keys": ["id"], "columns": columns("id", "no", "level")},
    }
    return {"kind": "package", "folder": "in/wealth", "package": "W_{date}.tar.gz", "tables": tables, **changes}


def write_package(
    settings: Settings,
    day: dt.date,
    tables: dict[str, Sequence[Row]],
    encoding: str = "gb18030",
    separator: str = "|+|",
) -> Path:
    """A whole package with its flag file; returns the package."""
    contents = {
        f"{name.upper()}_{day:%Y%m%d}.txt": "".join(
            separator.join(value or "" for value in row) + "\n" for row in rows
        ).encode(encoding)
        for name, rows in tables.items()
    }
    return write_members(settings, day, contents)


def write_members(settings: Settings, day: dt.date, contents: dict[str, bytes]) -> Path:
    """A package of these files, with a flag file that counts their lines."""
    folder = settings.home / "in" / "wealth"
    folder.mkdir(parents=True, exist_ok=True)
    package = folder / f"W_{day:%Y%m%d}.tar.gz"
    with tarfile.open(package, "w:gz") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    counts = "".join(f"{name}|{content.count(10)}\n" for name, content in contents.items())
    package.with_name(package.name + ".OK").write_text(counts, encoding="ascii")
    return package


def wealth_day(**changes: Sequence[Row]) -> dict[str, Sequence[Row]]:
    """One day of the package."""
    return {
        "customer": [("1", "王小芳", "20260302"), ("2", "买买提·吐尔逊", "20260302")],
        "product": [("P1", "稳健一号")],
        "assessment": [("A1", "1", "C2")],
        **changes,
    }


CARD_WIDTHS = {"ch_no": 6, "name_cn": 10, "mobile": 11}


def card() -> dict:
    """A fixed-width source with one table."""
    wide = [{"name": name, "width": width} for name, width in CARD_WIDTHS.items()]
    tables = {"holder": {"mode": "full", "keys": ["ch_no"], "from": "HOLDER_{date}.DAT", "columns": wide}}
    return {"kind": "fixed", "folder": "in/card", "control": "CARD_{date}.CTL", "tables": tables}


def pad(value: str | None, width: int, encoding: str = "gb18030") -> bytes:
    """A value in a fixed-width field: full-width spaces after Chinese text (and one space if odd), else spaces."""
    raw = (value or "").encode(encoding)
    if any(byte >= 0x80 for byte in raw):
        raw += b"\xa1\xa1" * ((width - len(raw)) // 2)
    return raw.ljust(width, b" ")


def fixed_lines(rows: Sequence[Row]) -> bytes:
    widths = CARD_WIDTHS.values()
    return b"".join(b"".join(map(pad, row, widths)) + b"\n" for row in rows)


def write_fixed(settings: Settings, day: dt.date, content: bytes, stated: tuple[int, int] | None = None) -> Path:
    """A fixed-width file and its control file; returns the file."""
    folder = settings.home / "in" / "card"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"HOLDER_{day:%Y%m%d}.DAT"
    path.write_bytes(content)
    rows, size = stated or (content.count(10), len(content))
    (folder / f"CARD_{day:%Y%m%d}.CTL").write_text(f"{path.name}|{rows}|{size}\n", encoding="ascii")
    return path


CARD_ROWS = [("000001", "张三", "13812345678"), ("000002", "欧阳修文", "13912345678"), ("000003", "Li Na", None)]
