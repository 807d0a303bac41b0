"""Core banking: a PostgreSQL database that shows the newest day; balances and transactions stay for all days.

One day is one transaction of the database: readers see the day before or the whole new day.
"""

from __future__ import annotations

import datetime as dt

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import pyarrow as pa

from connectors.demo.columns import Table, arrow_text, choose, decimals, height, join, numbers, texts
from connectors.demo.organizations import CODES
from connectors.demo.sources import document_codes, sex_codes
from connectors.demo.world import World

_TABLES = {
    "customer": """cust_no text, cust_typ text, cust_nm text, cert_typ text, cert_no text, cert_exp_dt date,
        sex_cd text, birth_dt date, natl_cd text, occup text, mobile text, tel text, addr text, employer text,
        spouse_nm text, spouse_cert_no text, legal_rep_nm text, verified_flg text, open_dt date, branch_no text,
        status_cd text, upd_tm timestamp""",
    "account": """acct_no text, cust_no text, acct_class text, acct_kind text, ccy text, open_dt date, close_dt date,
        status_cd text, branch_no text, card_no text""",
    "daily_balance": "acct_no text, bal_dt date, bal numeric(18, 2)",
    "transaction": """txn_id text, acct_no text, txn_tm timestamp, amt numeric(18, 2), dc_flg text, txn_typ text,
        channel text, cpty_nm text, cpty_acct text, memo text""",
}
_WHOLE = ("customer", "account")
# indexes are made after the rows, which is several times faster than growing them
_INDEXES = {
    "customer": "create unique index if not exists customer_key on customer (cust_no)",
    "account": "create unique index if not exists account_key on account (acct_no)",
    "daily_balance": "create index if not exists daily_balance_day on daily_balance (bal_dt)",
    "transaction": "create index if not exists transaction_time on transaction (txn_tm)",
}


def write(world: World, url: str) -> dict[str, int]:
    """Bring the database to the world's day; returns rows by table.

    Args:
        world: the demo bank.
        url: URL of the database.
    """
    tables = {
        "customer": _customers(world),
        "account": _accounts(world),
        "daily_balance": _balances(world),
        "transaction": _transactions(world),
    }
    with adbc.connect(url) as con, con.cursor() as cursor:
        _make_room(cursor, world.date, is_first=world.day == 0)
        for name, table in tables.items():
            if table.num_rows:
                cursor.adbc_ingest(name, table, mode="append")
            cursor.execute(_INDEXES[name])
        con.commit()
    return {name: table.num_rows for name, table in tables.items()}


def _make_room(cursor: adbc.Cursor, day: dt.date, *, is_first: bool) -> None:
    """Whole tables are made anew; of the growing ones a day that is made again is removed first."""
    for name, columns in _TABLES.items():
        if is_first or name in _WHOLE:
            cursor.execute(f"drop table if exists {name}")
        cursor.execute(f"create table if not exists {name} ({columns})")
    cursor.execute(f"delete from daily_balance where bal_dt >= '{day}'")
    cursor.execute(f"delete from transaction where txn_tm >= '{day}'")


def _dates(column: np.ndarray) -> pa.Array:
    return pa.array(column.astype("datetime64[D]"), type=pa.date32())


def _times(column: np.ndarray) -> pa.Array:
    return pa.array(column.astype("datetime64[us]"), type=pa.timestamp("us"))


def _customers(world: World) -> pa.Table:
    return pa.concat_tables([_people(world), _companies(world)])


def _text_table(table: Table, dates: Table, times: Table) -> pa.Table:
    """All columns in the database's order: texts first, then dates and times put where they belong."""
    columns = {name: arrow_text(column) for name, column in table.items()}
    columns |= {name: _dates(column) for name, column in dates.items()}
    columns |= {name: _times(column) for name, column in times.items()}
    return pa.table({name: columns[name] for name in _CUSTOMER_COLUMNS})


_CUSTOMER_COLUMNS = (
    "cust_no", "cust_typ", "cust_nm", "cert_typ", "cert_no", "cert_exp_dt", "sex_cd", "birth_dt", "natl_cd", "occup",
    "mobile", "tel", "addr", "employer", "spouse_nm", "spouse_cert_no", "legal_rep_nm", "verified_flg", "open_dt",
    "branch_no", "status_cd", "upd_tm",
)  # fmt: skip


def _people(world: World) -> pa.Table:
    records = world.records["core"]
    size = height(records)
    verified = choose(records["verified"], "Y", "N")
    dead = np.array([name.endswith("（已故）") for name in records["name"]])
    return _text_table(
        {
            "cust_no": records["key"], "cust_typ": texts("1", size), "cust_nm": records["name"],
            "cert_typ": document_codes("core", records["document_type"]), "cert_no": records["document"],
            "sex_cd": sex_codes("core", records["sex"]), "natl_cd": records["nation"], "occup": records["occupation"],
            "mobile": records["mobile"], "tel": records["tel"], "addr": records["region"] + records["detail"],
            "employer": records["employer"], "spouse_nm": records["spouse_name"],
            "spouse_cert_no": records["spouse_document"], "legal_rep_nm": texts(None, size), "verified_flg": verified,
            "branch_no": records["branch"], "status_cd": choose(dead, "9", "1"),
        },
        {"cert_exp_dt": records["expiry"], "birth_dt": records["birth"], "open_dt": records["opened"]},
        {"upd_tm": records["updated"]},
    )  # fmt: skip


def _companies(world: World) -> pa.Table:
    records = world.organization_records["core"]
    size = height(records)
    codes = np.array([CODES["core"][kind] for kind in records["document_type"]], dtype=object)
    none, never = texts(None, size), np.full(size, np.datetime64("NaT"), dtype="datetime64[D]")
    return _text_table(
        {
            "cust_no": records["key"], "cust_typ": texts("2", size), "cust_nm": records["name"], "cert_typ": codes,
            "cert_no": records["document"], "sex_cd": none, "natl_cd": texts("CHN", size), "occup": none,
            "mobile": records["mobile"], "tel": records["tel"], "addr": records["region"] + records["detail"],
            "employer": none, "spouse_nm": none, "spouse_cert_no": none, "legal_rep_nm": records["legal_name"],
            "verified_flg": none, "branch_no": records["branch"], "status_cd": texts("1", size),
        },
        {"cert_exp_dt": never, "birth_dt": never, "open_dt": records["opened"]},
        {"upd_tm": records["updated"]},
    )  # fmt: skip


def _accounts(world: World) -> pa.Table:
    accounts = world.ledger.accounts
    assert accounts is not None
    return pa.table({
        "acct_no": arrow_text(accounts["account"]), "cust_no": arrow_text(accounts["key"]),
        "acct_class": arrow_text(accounts["class"]), "acct_kind": arrow_text(accounts["kind"]),
        "ccy": arrow_text(texts("CNY", height(accounts))), "open_dt": _dates(accounts["opened"]),
        "close_dt": _dates(accounts["closed"]), "status_cd": arrow_text(accounts["status"]),
        "branch_no": arrow_text(accounts["branch"]), "card_no": arrow_text(accounts["card"]),
    })  # fmt: skip


def _balances(world: World) -> pa.Table:
    accounts = world.ledger.accounts
    assert accounts is not None
    return pa.table({
        "acct_no": arrow_text(accounts["account"]), "bal_dt": _dates(np.full(height(accounts), world.today)),
        "bal": decimals(accounts["balance"]),
    })  # fmt: skip


def _transactions(world: World) -> pa.Table:
    accounts, moved = world.ledger.accounts, world.ledger.transactions
    assert accounts is not None
    return pa.table({
        "txn_id": arrow_text(join("X", numbers(moved["number"], 12))),
        "acct_no": arrow_text(accounts["account"][moved["row"]]), "txn_tm": _times(moved["time"]),
        "amt": decimals(moved["cents"]), "dc_flg": arrow_text(moved["direction"]),
        "txn_typ": arrow_text(moved["kind"]), "channel": arrow_text(moved["channel"]),
        "cpty_nm": arrow_text(moved["party"]), "cpty_acct": arrow_text(moved["party_account"]),
        "memo": arrow_text(moved["memo"]),
    })  # fmt: skip
