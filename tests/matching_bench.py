"""A warehouse with standardised party records, made for the tests of matching: small, seeded, in dbt's shape."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from warehouse import store
from warehouse.settings import Settings

COLUMNS = {
    "record_id": "varchar", "source": "varchar", "source_key": "varchar", "party_type": "varchar",
    "branch_code": "varchar", "name": "varchar", "former_name": "varchar", "latin_name": "varchar",
    "document_type": "varchar", "document_number": "varchar", "document_key": "varchar",
    "document_is_valid": "boolean", "birth_date": "date", "birth_date_document": "date", "sex": "varchar",
    "sex_document": "varchar", "mobile": "varchar", "mobile_second": "varchar", "phone": "varchar",
    "email": "varchar", "address": "varchar", "province": "varchar", "city": "varchar", "district": "varchar",
    "address_detail": "varchar", "employer": "varchar", "spouse_name": "varchar", "spouse_document_number": "varchar",
    "uscc": "varchar", "organization_code": "varchar", "registry_number": "varchar",
    "legal_representative_name": "varchar", "org_region": "varchar", "org_core_name": "varchar",
    "org_form": "varchar", "nationality": "varchar",
}  # fmt: skip
Row = dict[str, Any]

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙朱马胡郭何高林罗"
_GIVEN = "伟强磊洋勇艳杰娟涛明超秀霞平刚桂英华兰红玲建文利国志海丽静敏"


def resident(number: str) -> dict[str, Any]:
    """Fields of a valid resident id."""
    birth = dt.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    return {
        "document_type": "resident_id", "document_number": number, "document_key": f"R:{number}",
        "document_is_valid": True, "birth_date_document": birth,
        "sex_document": "M" if int(number[16]) % 2 else "F",
    }  # fmt: skip


def person(record_id: str, name: str | None, **fields: Any) -> Row:
    """A person's record; what is not given is null."""
    return {"record_id": record_id, "party_type": "person", "name": name, **fields}


def silent(_line: str) -> None:
    """Progress nobody reads."""


def resident_number(rng: random.Random, birth: dt.date, sex: str) -> str:
    """A resident id with a right check digit."""
    sequence = rng.randrange(0, 499) * 2 + (sex == "M")
    body = f"4206{rng.randrange(1, 30):02d}{birth:%Y%m%d}{sequence:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


def make_people(size: int, seed: int = 1) -> tuple[list[Row], dict[str, str]]:
    """Records of `size` people in three systems, and who they belong to (record -> person)."""
    rng = random.Random(seed)
    rows: list[Row] = []
    truth: dict[str, str] = {}
    for number in range(size):
        base = _someone(rng)
        for source, share in (("core", 0.9), ("card", 0.6), ("call", 0.4)):
            if source == "core" or rng.random() < share:
                record = f"{source}:{number:06d}"
                rows.append(_as_held(rng, source, record, base))
                truth[record] = str(number)
    return rows, truth


def _someone(rng: random.Random) -> Row:
    birth = dt.date(1950, 1, 1) + dt.timedelta(days=rng.randrange(18000))
    sex = rng.choice("MF")
    street = rng.choice(["人民路", "解放路", "建设街", "中山路"])
    detail = f"{street}{rng.randrange(1, 300)}号{rng.randrange(1, 9)}单元{rng.randrange(101, 999)}室"
    return {
        "name": rng.choice(_SURNAMES) + "".join(rng.sample(_GIVEN, rng.choice([1, 2, 2]))),
        "birth_date": birth, "sex": sex, "mobile": f"13{rng.randrange(10**9):09d}",
        "district": rng.choice(["襄城区", "樊城区", "京山市"]), "address_detail": detail, "address": "湖北省" + detail,
        **resident(resident_number(rng, birth, sex)),
    }  # fmt: skip


def _as_held(rng: random.Random, source: str, record: str, base: Row) -> Row:
    row = {**base, "record_id": record, "party_type": "person", "source": source}
    if source == "call":
        row |= dict.fromkeys(("document_type", "document_number", "document_key", "birth_date_document"))
        row |= {"document_is_valid": False, "sex_document": None, "birth_date": None}
    if source == "card" and rng.random() < 0.2:
        row["mobile"] = f"15{rng.randrange(10**9):09d}"
    return row


def company(record_id: str, name: str, **fields: Any) -> Row:
    """An organization's record."""
    return {"record_id": record_id, "party_type": "organization", "name": name, **fields}


def fill_warehouse(
    settings: Settings,
    rows: Iterable[Row],
    documents: Iterable[tuple[str, str]] = (),
    former: Iterable[tuple[str, str, str]] = (),
) -> None:
    """Write the three relations the linker reads.

    Args:
        settings: the site.
        rows: records.
        documents: further (record, document key) beside the records' own: old numbers from renewals.
        former: (record, kind, value) of former contact points.
    """
    with store.connect(settings) as con:
        fill_connection(con, rows, documents, former)


def fill_connection(
    con: Any,
    rows: Iterable[Row],
    documents: Iterable[tuple[str, str]] = (),
    former: Iterable[tuple[str, str, str]] = (),
) -> None:
    """The same on an open warehouse that is the connection's current catalog."""
    rows = list(rows)
    held = {(row["record_id"], row["document_key"]) for row in rows if row.get("document_key")} | set(documents)
    _fill(con, "int_party__record", COLUMNS, [_values(row) for row in rows])
    _fill(con, "int_party__document", {"record_id": "varchar", "document_key": "varchar"}, sorted(held))
    points = {"record_id": "varchar", "kind": "varchar", "value": "varchar", "is_current": "boolean"}
    _fill(con, "int_party__contact_point", points, [(*point, False) for point in former])


def _fill(con: Any, table: str, columns: Mapping[str, str], rows: list[Any]) -> None:
    described = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    con.execute(f"create or replace table {table} ({described})")
    if rows:
        made = {name: [str(row[i]) if row[i] is not None else None for row in rows] for i, name in enumerate(columns)}
        con.register("made", pa.table({name: pa.array(values, pa.string()) for name, values in made.items()}))
        con.execute(f"insert into {table} select {', '.join(f'{n}::{k}' for n, k in columns.items())} from made")
        con.unregister("made")


def _values(row: Mapping[str, Any]) -> list[Any]:
    unknown = set(row) - set(COLUMNS)
    assert not unknown, unknown
    return [row.get(name) for name in COLUMNS]


def write_decisions(settings: Settings, decisions: Iterable[tuple[str, str, str, dt.date]]) -> None:
    """Replace the stewards' decisions: (record, record, verdict, newest day seen), numbered in order."""
    with store.connect(settings) as con:
        con.execute(
            "create or replace table steward_decision (decision_id bigint, record_id_l varchar, record_id_r varchar,"
            " verdict varchar, steward varchar, reason varchar, decided_at timestamp, seen_as_of date)"
        )
        for number, (left, right, verdict, seen) in enumerate(decisions, start=1):
            con.execute(
                "insert into steward_decision values (?, ?, ?, ?, 'steward', 'test', ?, ?)",
                [number, left, right, verdict, dt.datetime.combine(seen, dt.time(12)), seen],
            )


def read(settings: Settings, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Rows of a query on the warehouse."""
    with store.connect(settings, read_only=True) as con:
        return con.execute(sql, list(parameters)).fetchall()


def identities(settings: Settings) -> dict[str, str]:
    """Record -> golden id in force."""
    return dict(read(settings, "select record_id, golden_id from party_identity where valid_to is null order by 1"))
