"""A bench for masking and publishing: a warehouse with the tables upstream promises, filled by hand; the real steps.

The tables are made from the columns the dbt models declare, so a change upstream shows here.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from masking.notes import mask_notes
from warehouse import store
from warehouse.dbt import run_dbt
from warehouse.dbt_contract import model_columns
from warehouse.keys import key_path
from warehouse.policy import load_policy
from warehouse.settings import Settings

DAY = dt.date(2026, 3, 2)
RUN = "run-2026-03-02"
Rows = list[dict[str, Any]]
UPSTREAM = (
    "golden_person", "golden_organization", "golden_xref", "customer_360", "c360_account", "c360_interaction",
    "segment_member", "quality_scorecard", "int_party__record", "contract_interaction", "ref_region",
    "identity_event", "identity_lineage", "customer_relation",
)  # fmt: skip

# what masking reads of tables that promise no types
TEXT_TABLES = {
    "int_party__record": (
        "record_id party_type name former_name latin_name spouse_name legal_representative_name address_detail"
    ),
    "contract_interaction": "source interaction_key record_id note_text",
    "ref_region": "province city district",
}

# what the history of customer numbers and the relations read
PLAIN_TABLES = {
    "customer_relation": {
        "golden_id": "varchar", "related_golden_id": "varchar", "relation_type": "varchar", "origin": "varchar",
        "evidence": "varchar", "source": "varchar", "share_ratio": "decimal(12, 6)", "since": "date",
        "is_mutual": "boolean",
    },
    "identity_event": {"golden_id": "varchar", "as_of": "date", "kind": "varchar"},
    "identity_lineage": {
        "golden_id": "varchar", "valid_from": "date", "valid_to": "date", "status": "varchar", "stands_for": "varchar",
    },
}  # fmt: skip

NAME, OTHER, DOTTED = "王小明", "李红", "阿卜来提·如则托合提"
DOCUMENT, MOBILE, CARD = "11010519491231002X", "13812345678", "6228480402564890018"
DETAIL = "中关村大街1号"
SPACED = f"{MOBILE[:3]}-{MOBILE[3:7]}-{MOBILE[7:]}"
NOTE = f"客户{NAME}来电，身份证{DOCUMENT}，手机{SPACED}，卡号{CARD}，家住北京市海淀区{DETAIL}。"
FRESH = {"source_freshness": DAY}


def person(number: int, branch: str, **values: Any) -> dict[str, Any]:
    """A golden person."""
    plain = {
        "golden_id": f"G{number:010d}", "name": NAME, "document_type": "resident_id", "document_number": DOCUMENT,
        "document_expiry": dt.date(2031, 5, 6), "document_is_valid": True, "birth_date": dt.date(1949, 12, 31),
        "sex": "F", "mobile": MOBILE, "email": "wang@163.com", "phone": "010-88886666",
        "address": f"北京市海淀区{DETAIL}", "province": "北京市", "city": "北京市", "district": "海淀区",
        "employer": "示范科技有限公司", "branch_code": branch, "record_count": 2, "source_count": 2, **FRESH,
    }  # fmt: skip
    return plain | values


def people() -> Rows:
    """Two customers of one sub-branch, one of another."""
    return [
        person(1, "801001"),
        person(2, "801001", name=OTHER, document_number="E12345678", mobile="13987654321", email=None),
        person(3, "802001", name=DOTTED, document_number="H12345678", mobile="13700001111", address=None),
    ]


def organizations() -> Rows:
    """One organization that only the head office sees."""
    return [{
        "golden_id": "G0000000009", "name": "杭州示范科技有限公司", "uscc": "91350100M000100Y43",
        "legal_representative_name": OTHER, "branch_code": None, "record_count": 1, "source_count": 1, **FRESH,
    }]  # fmt: skip


def tables() -> dict[str, Rows]:
    """A small bank."""
    customers = people()
    return {
        "golden_person": customers,
        "golden_organization": organizations(),
        "golden_xref": [
            {"record_id": f"call:C{n}", "source": "call", "source_key": f"C{n}", "golden_id": row["golden_id"],
             "party_type": "person", "branch_code": row["branch_code"], "valid_from": DAY, **FRESH}
            for n, row in enumerate(customers, 1)
        ],
        "customer_360": [
            {"golden_id": row["golden_id"], "party_type": "person", "branch_code": row["branch_code"], "aum": 100,
             "tier": "mass", **FRESH}
            for row in customers
        ],
        "c360_account": [{
            "account_key": "core:6217000012345678907", "account_kind": "deposit",
            "account_number": "6217000012345678907", "golden_id": "G0000000001", "currency": "CNY", "balance": 100,
            "status": "active", "source": "core", "branch_code": "801001", **FRESH,
        }],
        "c360_interaction": [{
            "interaction_id": "call:note:N1", "golden_id": "G0000000001", "channel": "call", "interaction_type": "note",
            "occurred_at": dt.datetime(2026, 3, 1, 9), "source": "call", "branch_code": "801001", **FRESH,
        }],
        "quality_scorecard": [{
            "as_of": DAY, "source": "core", "branch_code": "801001", "dimension": "validity", "element": "name",
            "numerator": 9, "denominator": 10, "score": 0.9, "run_id": RUN, "source_freshness": DAY,
        }],
        "segment_member": [{"golden_id": "G0000000001", "segment_code": "silver", "since": DAY}],
        "int_party__record": [
            {"record_id": f"call:C{n}", "party_type": "person", "name": row["name"], "address_detail": DETAIL}
            for n, row in enumerate(customers, 1)
        ],
        "contract_interaction": [
            {"source": "call", "interaction_key": "note:N1", "record_id": "call:C1", "note_text": NOTE}
        ],
        "customer_relation": [{
            "golden_id": "G0000000001", "related_golden_id": "G0000000003", "relation_type": "spouse",
            "origin": "stated", "evidence": "document", "source": "core", "since": DAY, "is_mutual": True,
        }],
        "identity_event": [{"golden_id": "G0000000001", "as_of": DAY, "kind": "mint"}],
        "ref_region": [{"province": "北京市", "city": "北京市", "district": "海淀区"}],
    }  # fmt: skip


def columns(table: str) -> dict[str, str]:
    """Columns of an upstream table with their types."""
    if table == "quality_scorecard":  # published as it is
        return model_columns("published_quality_scorecard")
    if table in PLAIN_TABLES:
        return PLAIN_TABLES[table]
    return {name: "varchar" for name in TEXT_TABLES[table].split()} if table in TEXT_TABLES else model_columns(table)


def insert(con: duckdb.DuckDBPyConnection, table: str, rows: Rows) -> None:
    """Add rows; columns that are not named are null."""
    for row in rows:
        names = ", ".join(row)
        values = ", ".join(f"${name}" for name in row)
        con.execute(f"insert into {table} ({names}) values ({values})", row)


def fill(settings: Settings, content: dict[str, Rows]) -> None:
    """Make the upstream tables anew with this content."""
    with store.connect(settings) as con:
        for table in UPSTREAM:
            described = ", ".join(f"{name} {kind}" for name, kind in columns(table).items())
            con.execute(f"create or replace table {table} ({described})")
            insert(con, table, content.get(table, []))


_built: list[Settings] = []


def built_site(site_factory: Callable[..., Settings]) -> Settings:
    """The one site of the test session whose published models dbt built; tests change copies of it only."""
    if not _built:
        site = site_factory(people=10, organizations=2)
        fill(site, tables())
        mask_notes(site, DAY, RUN)
        run_dbt(site, "published", DAY, RUN)
        _built.append(site)
    return _built[0]


def copy_of(site: Settings, home: Path) -> Settings:
    """Another home with a copy of the warehouse and the same key."""
    copy = site.model_copy(update={"home": home, "key_file": key_path(site)})
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(site.warehouse_path, copy.warehouse_path)
    return copy


def next_day(settings: Settings, days: int = 1) -> tuple[dt.date, str]:
    """Turn the published models into those of a later day."""
    day = DAY + dt.timedelta(days=days)
    with store.connect(settings) as con:
        for table in load_policy(settings).tables:
            con.execute(f"update published_{table} set as_of = ?, run_id = ?", [day, f"run-{day}"])
    return day, f"run-{day}"
