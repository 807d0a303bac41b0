"""A poisoned delivery set: fifty sources, each broken in one way, and a healthy one of each kind (`mdm demo --poison`).

Made to be read: every one of the fifty must end in one clear line or verdict, no line may hold a customer's value, and
the healthy ones must land.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import yaml

from connectors.demo import poison_files as files
from connectors.demo.poison_files import COLUMNS, HEADERS, ROWS, delimited, fixed_line, host_record, json_line, stamp

Damage = Callable[[Path, dt.date], None]


@dataclass(frozen=True)
class Poison:
    """One broken source.

    `outcome`: `stopped` while reading, `refused` by the gate, `quarantined` (its bad row alone), or `landed` with what
    is odd reported; `told` is part of the line that says so.
    """

    kind: str
    what: str
    told: str
    damage: Damage
    outcome: Literal["stopped", "refused", "quarantined", "landed"] = "stopped"


def _bytes(pattern: str, change: Callable[[bytes], bytes]) -> Damage:
    """Change the bytes of a file of the day."""

    def damage(folder: Path, day: dt.date) -> None:
        path = folder / pattern.replace("{date}", stamp(day))
        path.write_bytes(change(path.read_bytes()))

    return damage


def _gone(pattern: str) -> Damage:
    return lambda folder, day: (folder / pattern.replace("{date}", stamp(day))).unlink()


def _inner(change: Callable[[bytes], bytes]) -> Damage:
    """Change the text inside a package; the flag file still counts the healthy rows."""
    return lambda folder, day: files.write_package(folder, day, change(delimited()))


def _swap(old: str, new: bytes, encoding: str = "gb18030") -> Callable[[bytes], bytes]:
    return lambda content: content.replace(old.encode(encoding), new, 1)


def _statement(*statements: str) -> Damage:
    def damage(folder: Path, _day: dt.date) -> None:
        con = sqlite3.connect(folder / "bank.db")
        for statement in statements:
            con.execute(statement)
        con.commit()
        con.close()

    return damage


def _parquet(change: Callable[[pa.Table], pa.Table]) -> Damage:
    return lambda folder, day: files.write_parquet(folder, day, change(files.parquet_table()))


_PACKAGE, _FLAG, _TEXT = "P_{date}.tar.gz", "P_{date}.tar.gz.OK", "CUSTOMER_{date}.txt"
_CONTROL, _DAT, _EBC = "C_{date}.CTL", "CUSTOMER_{date}.DAT", "CUSTOMER_{date}.EBC"
_CSV, _BOOK, _JSON, _PARQUET = (f"customer_{{date}}.{ending}" for ending in ("csv", "xlsx", "jsonl", "parquet"))
_RECORD = len(host_record(ROWS[0]))
_LINE = len(fixed_line(ROWS[0]))

_POISONS = (
    # delimited packages
    Poison("package", "cut short", "cut short, damaged", _bytes(_PACKAGE, lambda all_: all_[: len(all_) // 2])),
    Poison("package", "checksum damaged", "cut short, damaged", _bytes(_PACKAGE, lambda all_: all_[:-8] + b"\0" * 8)),
    Poison("package", "an error page", "not a .tar.gz", _bytes(_PACKAGE, lambda _: b"<html>504</html>")),
    Poison("package", "flag missing", "is late or incomplete", _gone(_FLAG)),
    Poison("package", "flag before the data", "is late or incomplete", _gone(_PACKAGE)),
    Poison("package", "flag counts more", "5 rows, the source says 6", _bytes(_FLAG, _swap("|5", b"|6"))),
    Poison("package", "flag of another form", "line 1: not of the form", _bytes(_FLAG, lambda _: b"5 rows\n")),
    Poison(
        "package", "table not packed", "is not in it", lambda folder, day: files.write_package(folder, day, member="X")
    ),
    Poison("package", "separator in a value", "line 2: 6 fields", _inner(_swap("若汐", "若|+|汐".encode("gb18030")))),
    Poison("package", "line break in a value", "line 2: 2 fields", _inner(_swap("若汐", b"\n"))),
    Poison("package", "last line cut", "line 5: 2 fields", _inner(lambda text: text[: text.rindex(b"|+|3301")])),
    Poison("package", "trailing separators", "or all lines do: trailing_separator", _inner(_swap("\n", b"|+|\n"))),
    Poison("package", "bytes of no character", "line 3: bytes are not valid", _inner(_swap("清扬", b"\xff\xff"))),
    Poison("package", "half a character", "line 2: 4 fields", _inner(_swap("欧阳若汐", b"\xc5"))),
    Poison("package", "rows lost", "4 rows, the source says 5", _inner(lambda text: delimited(ROWS[1:]))),
    # fixed width
    Poison(
        "fixed", "cut inside a character", "line 2: record of 11 bytes", _bytes(_DAT, lambda all_: all_[: _LINE + 11])
    ),
    Poison(
        "fixed", "a byte lost", "line 2: record of", _bytes(_DAT, lambda all_: all_[: _LINE + 9] + all_[_LINE + 10 :])
    ),
    Poison("fixed", "line break in a value", "line 1: record of 8 bytes", _bytes(_DAT, _swap("诸", b"\n "))),
    Poison(
        "fixed",
        "half a character at a field's end",
        "column name: bytes",
        _bytes(_DAT, _swap("扬            ", b" " * 13 + b"\xd1")),
    ),
    Poison("fixed", "control file missing", "is late or incomplete", _gone(_CONTROL)),
    Poison(
        "fixed", "control file without the file", "has no line for", _bytes(_CONTROL, _swap("CUSTOMER", b"ACCOUNT"))
    ),
    Poison("fixed", "control counts more rows", "the source says 6", _bytes(_CONTROL, _swap("|5|", b"|6|"))),
    Poison("fixed", "more bytes than stated", "its control file says", _bytes(_DAT, lambda all_: all_ + all_[:_LINE])),
    Poison("fixed", "Windows line ends", "line 1: record of", _bytes(_DAT, lambda all_: all_.replace(b"\n", b"\r\n"))),
    # mainframe
    Poison(
        "ebcdic",
        "double-byte run without end",
        "column name: not X",
        _bytes(_EBC, lambda all_: all_.replace(b"\x0f", b"\x40", 1)),
    ),
    Poison(
        "ebcdic",
        "packed number without sign",
        "column balance",
        _bytes(_EBC, lambda all_: all_[: _RECORD - 1] + b"\x50" + all_[_RECORD:]),
    ),
    Poison("ebcdic", "shifted by a byte", "record 1, column", _bytes(_EBC, lambda all_: all_[1:] + b"\x40")),
    Poison(
        "ebcdic", "sent in text mode", "column cust_no", _bytes(_EBC, lambda all_: bytes(byte & 0x7F for byte in all_))
    ),
    Poison("ebcdic", "cut inside a record", "instead of 64", _bytes(_EBC, lambda all_: all_[:-5])),
    # CSV
    Poison("csv", "empty", "not even a header line", _bytes(_CSV, lambda _: b"")),
    Poison("csv", "column renamed", "column mobile is missing", _bytes(_CSV, _swap("mobile", b"cellular"))),
    Poison("csv", "a field lost", "line 4: 4 fields instead of 5", _bytes(_CSV, _swap("司马清扬,", b"", "utf-8"))),
    Poison("csv", "quotation without end", "broken quoting", _bytes(_CSV, _swap("上官", '"上官'.encode(), "utf-8"))),
    Poison(
        "csv",
        "another encoding",
        "line 2: bytes are not valid",
        _bytes(_CSV, lambda all_: all_.decode().encode("gb18030")),
    ),
    Poison("csv", "another separator", "is missing", _bytes(_CSV, lambda all_: all_.replace(b",", b";"))),
    Poison(
        "csv",
        "a new column",
        "undeclared columns: extra",
        _bytes(_CSV, lambda all_: all_.replace(b"\n", b",\n").replace(b"ce,\n", b"ce,extra\n", 1)),
        "landed",
    ),
    Poison("csv", "a key twice", "unique(cust_no) fails", _bytes(_CSV, _swap("60710002", b"60710001")), "refused"),
    Poison("csv", "a key missing", "not_null(cust_no)", _bytes(_CSV, _swap("60710002", b"")), "quarantined"),
    # Excel
    Poison("excel", "cut short", "not an Excel workbook", _bytes(_BOOK, lambda all_: all_[:-300])),
    Poison(
        "excel",
        "sheet renamed",
        "sheet 客户 is not in it",
        lambda folder, day: files.write_excel(folder, day, sheet="Sheet1"),
    ),
    Poison(
        "excel",
        "header renamed",
        "column 手机号 is missing",
        lambda folder, day: files.write_excel(folder, day, [*HEADERS[:3], "电话", "余额"]),
    ),
    # JSON Lines
    Poison("jsonl", "last line cut", "line 5: not a whole JSON object", _bytes(_JSON, lambda all_: all_[:-20])),
    Poison(
        "jsonl",
        "a list in place of an object",
        "line 2: not a whole",
        _bytes(_JSON, _swap(json_line(ROWS[1]), b"[1]", "utf-8")),
    ),
    Poison(
        "jsonl",
        "a path renamed",
        "column profile.cert.no is missing",
        _bytes(_JSON, lambda all_: all_.replace(b'"cert"', b'"document"')),
    ),
    Poison(
        "jsonl",
        "another encoding",
        "line 1: bytes are not valid",
        _bytes(_JSON, lambda all_: all_.decode().encode("gb18030")),
    ),
    # Parquet
    Poison("parquet", "cut short", "not a Parquet file", _bytes(_PARQUET, lambda all_: all_[:-30])),
    Poison(
        "parquet",
        "a column retyped",
        "column balance does not fit",
        _parquet(lambda table: table.set_column(4, "balance", table["name"])),
    ),
    # databases
    Poison("sql", "database dropped", "no such database", lambda folder, _day: (folder / "bank.db").unlink()),
    Poison("sql", "table dropped", "no such table", _statement("drop table customer")),
    Poison(
        "sql",
        "values retyped",
        "column balance has values that do not fit",
        _statement("update customer set balance = name"),
    ),
)


def poisons() -> dict[str, Poison]:
    """The fifty by the name of their source, `<kind><number>`."""
    numbers = dict.fromkeys(files.WRITERS, 0)
    named = {}
    for poison in _POISONS:
        numbers[poison.kind] += 1
        named[f"{poison.kind}{numbers[poison.kind]:02}"] = poison
    return named


def customer_values() -> list[str]:
    """Every customer's value in the set; none of them may be told."""
    return [value for row in ROWS for place, value in enumerate(row) if place < len(COLUMNS) - 1]


def make_poisoned_set(config: Path, home: Path, day: dt.date) -> dict[str, Poison]:
    """Write the site's `config/sources` and `config/quality`, and the files of one day below home.

    Returns:
        The fifty by source; beside them stands one healthy source of each kind, `healthy<kind>`.
    """
    healthy = {f"healthy{kind}": kind for kind in files.WRITERS}
    kinds = healthy | {name: poison.kind for name, poison in poisons().items()}
    for name, kind in kinds.items():
        folder = home / "in" / name
        folder.mkdir(parents=True, exist_ok=True)
        files.WRITERS[kind](folder, day)
        _write_yaml(config / "sources" / f"{name}.yml", files.document(kind, f"in/{name}"))
        _write_yaml(config / "quality" / f"{name}.yml", {"customer": _SUITE})
    for name, poison in poisons().items():
        poison.damage(home / "in" / name, day)
    return poisons()


_SUITE = {
    "quarantine_limit": 0.5,
    "checks": [
        {"check": "not_null", "column": "cust_no", "level": "row"},
        {"check": "unique", "column": "cust_no"},
    ],
}


def _write_yaml(path: Path, document: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")
