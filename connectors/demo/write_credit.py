"""Credit: a SQLite database that shows the newest day, built aside and swapped."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np

from connectors.demo.columns import Table, arrow_text, choose, height, stack, texts
from connectors.demo.lending import loan_state, repayments
from connectors.demo.organizations import CODES
from connectors.demo.people import FOREIGNER
from connectors.demo.randomness import unit
from connectors.demo.sources import document_codes, sex_codes
from connectors.demo.world import World

_DDL = """
create table applicant (app_id text primary key, app_typ text not null, name text, cert_type text, cert_no text,
    sex text, mobile text, mobile2 text, tel text, marital text, spouse_name text, spouse_cert text, employer text,
    home_addr text, legal_rep text, annual_income real, apply_dt text, branch_no text, upd_time text);
create table loan (loan_no text primary key, app_id text not null, product text, principal real, balance real,
    rate real, start_dt text, end_dt text, status text, overdue_days integer, branch_no text);
create table repayment (loan_no text, period integer, due_dt text, due_amt real, paid_dt text, paid_amt real,
    primary key (loan_no, period)) without rowid;
create table guarantor (loan_no text, seq integer, name text, cert_type text, cert_no text, mobile text, relation text,
    primary key (loan_no, seq)) without rowid;
create table collateral (coll_no text primary key, loan_no text, kind text, value real, owner_name text);
"""


def write(world: World, folder: Path) -> dict[str, int]:
    """Write the database; returns rows by table."""
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / ".credit.sqlite.new"
    aside.unlink(missing_ok=True)
    tables = _tables(world)
    with sqlite3.connect(aside) as con:
        con.executescript("pragma journal_mode=off; pragma synchronous=off;" + _DDL)
        con.execute("begin")
        for name, table in tables.items():
            con.executemany(f"insert into {name} values ({','.join('?' * len(table))})", _rows(table))
    con.close()
    aside.replace(folder / "credit.sqlite")
    return {name: height(table) for name, table in tables.items()}


def _rows(table: Table) -> zip[tuple[object, ...]]:
    def plain(column: np.ndarray) -> list[object]:
        return arrow_text(column).to_pylist() if column.dtype.kind == "M" else column.tolist()

    return zip(*(plain(column) for column in table.values()), strict=True)


def _tables(world: World) -> dict[str, Table]:
    book, today = world.book, world.today
    assert book.loans is not None and book.guarantors is not None and book.collateral is not None
    loans, state = book.loans, loan_state(book.loans, today)
    paid = repayments(loans, today)
    return {
        "applicant": stack(_people(world), _companies(world)),
        "loan": {
            "loan": loans["loan"], "key": loans["key"], "product": loans["product"],
            "principal": loans["principal"] / 100, "balance": state["balance"] / 100, "rate": loans["rate"],
            "started": loans["started"], "ends": state["ends"], "status": state["status"],
            "overdue_days": state["overdue_days"], "branch": loans["branch"],
        },
        "repayment": paid | {"due_amount": paid["due_amount"] / 100, "paid_amount": paid["paid_amount"] / 100},
        "guarantor": book.guarantors,
        "collateral": book.collateral | {"value": book.collateral["value"] / 100},
    }  # fmt: skip


def _people(world: World) -> Table:
    records = world.records["credit"]
    foreign = world.people["kind"][records["person"]] == FOREIGNER
    income = np.exp(11 + 1.2 * (unit(world.size.seed, "income", records["person"]) - 0.4)) // 1000 * 1000
    marital = choose(records["is_married"], "已婚", choose(foreign, None, "未婚"))
    return {
        "key": records["key"], "type": texts("P", height(records)), "name": records["name"],
        "document_type": document_codes("credit", records["document_type"]), "document": records["document"],
        "sex": sex_codes("credit", records["sex"]), "mobile": records["mobile"],
        "mobile_second": records["mobile_second"], "tel": records["tel"], "marital": marital,
        "spouse_name": records["spouse_name"], "spouse_document": records["spouse_document"],
        "employer": records["employer"], "address": records["region"] + records["detail"],
        "legal": texts(None, height(records)), "income": income, "opened": records["opened"],
        "branch": records["branch"], "updated": records["updated"],
    }  # fmt: skip


def _companies(world: World) -> Table:
    records = world.organization_records["credit"]
    size = height(records)
    none = texts(None, size)
    codes = np.array([CODES["credit"][kind] for kind in records["document_type"]], dtype=object)
    return {
        "key": records["key"], "type": texts("E", size), "name": records["name"], "document_type": codes,
        "document": records["document"], "sex": none, "mobile": records["mobile"], "mobile_second": none,
        "tel": records["tel"], "marital": none, "spouse_name": none, "spouse_document": none, "employer": none,
        "address": records["region"] + records["detail"], "legal": records["legal_name"],
        "income": np.full(size, np.nan), "opened": records["opened"], "branch": records["branch"],
        "updated": records["updated"],
    }  # fmt: skip
