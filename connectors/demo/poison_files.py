"""The healthy half of the poisoned delivery set: one small customer table in the form of each kind of source."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import sqlite3
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.ebcdic import encode

COLUMNS = ("cust_no", "name", "cert_no", "mobile", "balance")
HEADERS = ("客户号", "姓名", "证件号码", "手机号", "余额")
WIDTHS = (8, 20, 18, 11, 12)
PICTURES = ("9(8)", "X(20)", "X(18)", "X(11)", "S9(11)V99 COMP-3")
ROWS = (
    ("60710001", "诸葛云澜", "110101199003074477", "13907715501", "1203.55"),
    ("60710002", "欧阳若汐", "310115198811236624", "13907715502", "88.10"),
    ("60710003", "司马清扬", "440305197507190913", "13907715503", "-5.20"),
    ("60710004", "慕容子衿", "51010719660214332X", "13907715504", "70451.00"),
    ("60710005", "上官婉清", "330106200112055548", "13907715505", "0.01"),
)

Rows = Sequence[Sequence[str]]


def stamp(day: dt.date) -> str:
    """The day as it stands in file names."""
    return f"{day:%Y%m%d}"


def delimited(rows: Rows = ROWS, separator: str = "|+|") -> bytes:
    """Lines of separated values in GB18030."""
    return "".join(separator.join(row) + "\n" for row in rows).encode("gb18030")


def write_package(folder: Path, day: dt.date, content: bytes | None = None, member: str = "CUSTOMER") -> None:
    """A package with its flag file, which always counts the healthy rows."""
    text = delimited() if content is None else content
    with tarfile.open(folder / f"P_{stamp(day)}.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo(f"{member}_{stamp(day)}.txt")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    flag = folder / f"P_{stamp(day)}.tar.gz.OK"
    flag.write_text(f"CUSTOMER_{stamp(day)}.txt|{len(ROWS)}\n", encoding="ascii")


def fixed_line(row: Sequence[str]) -> bytes:
    """One fixed-width record in GB18030."""
    return b"".join(value.encode("gb18030").ljust(width) for value, width in zip(row, WIDTHS, strict=True)) + b"\n"


def write_fixed(folder: Path, day: dt.date) -> None:
    """A fixed-width file and its control file."""
    _with_control(folder, day, "DAT", b"".join(map(fixed_line, ROWS)))


def host_record(row: Sequence[str]) -> bytes:
    """One record as a mainframe writes it: EBCDIC text, the balance packed."""
    number, name, document, mobile, balance = row
    digits = balance.replace(".", "").removeprefix("-").zfill(13)
    packed = bytes.fromhex(digits + ("D" if balance.startswith("-") else "C"))
    return (
        encode(number, "ibm1388")
        + encode(name, "ibm1388").ljust(20, b"\x40")
        + encode(document, "ibm1388")
        + encode(mobile, "ibm1388")
        + packed
    )


def write_ebcdic(folder: Path, day: dt.date) -> None:
    """A mainframe file and its control file."""
    _with_control(folder, day, "EBC", b"".join(map(host_record, ROWS)))


def _with_control(folder: Path, day: dt.date, ending: str, content: bytes) -> None:
    name = f"CUSTOMER_{stamp(day)}.{ending}"
    (folder / name).write_bytes(content)
    (folder / f"C_{stamp(day)}.CTL").write_text(f"{name}|{len(ROWS)}|{len(content)}\n", encoding="ascii")


def write_csv(folder: Path, day: dt.date) -> None:
    """A CSV file with a header line."""
    with (folder / f"customer_{stamp(day)}.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *ROWS])


def write_excel(folder: Path, day: dt.date, headers: Sequence[str] = HEADERS, sheet: str = "客户") -> None:
    """A workbook with one sheet."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    for row in (headers, *ROWS):
        page.append(list(row))
    book.save(folder / f"customer_{stamp(day)}.xlsx")


def json_line(row: Sequence[str]) -> str:
    """One nested object."""
    number, name, document, mobile, balance = row
    profile = {"name": name, "cert": {"no": document}, "mobile": mobile}
    return json.dumps({"id": number, "profile": profile, "balance": balance}, ensure_ascii=False)


def write_jsonl(folder: Path, day: dt.date) -> None:
    """JSON Lines."""
    lines = "".join(json_line(row) + "\n" for row in ROWS)
    (folder / f"customer_{stamp(day)}.jsonl").write_text(lines, encoding="utf-8")


def parquet_table() -> pa.Table:
    """The rows with typed balances."""
    table = pa.table({name: [row[place] for row in ROWS] for place, name in enumerate(COLUMNS)})
    return table.set_column(4, "balance", table["balance"].cast(pa.decimal128(18, 2)))


def write_parquet(folder: Path, day: dt.date, table: pa.Table | None = None) -> None:
    """A Parquet file."""
    pq.write_table(parquet_table() if table is None else table, folder / f"customer_{stamp(day)}.parquet")


def write_sql(folder: Path, _day: dt.date) -> None:
    """An SQLite database."""
    con = sqlite3.connect(folder / "bank.db")
    con.execute("create table customer (cust_no text, name text, cert_no text, mobile text, balance)")
    con.executemany("insert into customer values (?, ?, ?, ?, ?)", ROWS)
    con.commit()
    con.close()


WRITERS: dict[str, Callable[[Path, dt.date], None]] = {
    "package": write_package,
    "fixed": write_fixed,
    "ebcdic": write_ebcdic,
    "csv": write_csv,
    "excel": write_excel,
    "jsonl": write_jsonl,
    "parquet": write_parquet,
    "sql": write_sql,
}
_FROM = {
    "package": "CUSTOMER_{date}.txt", "fixed": "CUSTOMER_{date}.DAT", "ebcdic": "CUSTOMER_{date}.EBC",
    "csv": "customer_{date}.csv", "excel": "客户", "jsonl": "customer_{date}.jsonl",
    "parquet": "customer_{date}.parquet", "sql": "customer",
}  # fmt: skip
_EXTRA: dict[str, dict[str, Any]] = {
    "package": {"package": "P_{date}.tar.gz"},
    "fixed": {"control": "C_{date}.CTL"},
    "ebcdic": {"control": "C_{date}.CTL"},
    "excel": {"workbook": "customer_{date}.xlsx"},
}
_PATHS = ("id", "profile.name", "profile.cert.no", "profile.mobile", "balance")


def document(kind: str, folder: str) -> dict[str, Any]:
    """The source file of `config/sources` for one healthy source, its files in this folder below home."""
    columns: list[dict[str, Any]] = [{"name": name} for name in COLUMNS]
    added: dict[str, tuple[str, Sequence[Any]]] = {
        "fixed": ("width", WIDTHS), "ebcdic": ("picture", PICTURES), "excel": ("from", HEADERS),
        "jsonl": ("from", _PATHS),
    }  # fmt: skip
    if kind in added:
        key, values = added[kind]
        columns = [{**column, key: value} for column, value in zip(columns, values, strict=True)]
    if kind in ("parquet", "sql"):
        columns[-1]["type"] = "decimal(18,2)"
    table = {"mode": "full", "keys": ["cust_no"], "from": _FROM[kind], "columns": columns}
    place = {"url": f"sqlite:///{folder}/bank.db"} if kind == "sql" else {"folder": folder}
    return {"kind": kind, **place, **_EXTRA.get(kind, {}), "tables": {"customer": table}}
