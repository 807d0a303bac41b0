"""A small made-up bank of a foreign shape: eight tables, semicolons, YYMMDD, birth numbers, a running balance.

The shape is that of a Czech retail bank of the nineties. Balances are kept to a hundredth and written, like amounts, to
a tenth, so sums of amounts drift from the balance; transactions of a day have no order, neither by number nor by line.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import random
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import Any

FIRST = dt.date(1993, 1, 4)
LAST = dt.date(1993, 6, 30)
ACCOUNTS, SECOND_HOLDERS, LOANS, CARDS = 90, 30, 48, 45
_TENTH = Decimal("0.1")
Rows = list[dict[str, Any]]


@dataclass
class ForeignBank:
    """What the files hold, and what the bank itself knows: the last balance of each account, its owner's birth, sex."""

    tables: dict[str, Rows]
    balances: dict[str, Decimal] = field(default_factory=dict)
    people: dict[str, tuple[dt.date, str]] = field(default_factory=dict)


def short(day: dt.date) -> str:
    return f"{day:%y%m%d}"


def birth_number(day: dt.date, sex: str) -> str:
    return f"{day:%y}{day.month + (50 if sex == 'F' else 0):02}{day:%d}"


def _tenths(value: Decimal) -> Decimal:
    return value.quantize(_TENTH, rounding=ROUND_DOWN)


def _posting(kind: str, operation: str, symbol: str, amount: Decimal) -> tuple[str, str, str, Decimal]:
    return kind, operation, symbol, amount


def _day_postings(rng: random.Random, day: dt.date, balance: Decimal) -> list[tuple[str, str, str, Decimal]]:
    """Money in and out on a day; at the end of a month interest, then a fee."""
    postings = []
    if rng.random() < 0.3:
        postings.append(_posting("PRIJEM", "VKLAD", "", Decimal(rng.randrange(5000, 90000)) / 10))
    if rng.random() < 0.3 and balance > 6000:
        kind = rng.choice(("VYDAJ", "VYDAJ", "VYBER"))
        postings.append(_posting(kind, "VYBER", "", Decimal(rng.randrange(1000, 40000)) / 10))
    if (day + dt.timedelta(days=1)).day == 1:
        postings.append(_posting("PRIJEM", "", "UROK", (balance * Decimal("0.00337")).quantize(Decimal("0.01"))))
        postings.append(_posting("VYDAJ", "VYBER", "SLUZBY", Decimal("14.6")))
    return postings


def _transactions(rng: random.Random, account: str, numbers: list[int]) -> tuple[Rows, Decimal]:
    rows: Rows = []
    balance = Decimal(0)
    for place in range((LAST - FIRST).days + 1):
        day = FIRST + dt.timedelta(days=place)
        today: Rows = []
        first = [_posting("PRIJEM", "VKLAD", "", Decimal("8000"))] if place == 0 else []
        for kind, operation, symbol, amount in [*first, *_day_postings(rng, day, balance)]:
            balance += amount if kind == "PRIJEM" else -amount
            written = (amount + Decimal("0.05")).quantize(_TENTH, rounding=ROUND_DOWN)
            today.append({
                "trans_id": numbers.pop(), "account_id": account, "date": short(day), "type": kind,
                "operation": operation, "amount": f"{written}0", "balance": f"{_tenths(balance)}0", "k_symbol": symbol,
                "bank": "", "account": "",
            })  # fmt: skip
        rng.shuffle(today)
        rows += today
    return rows, _tenths(balance)


def make_bank(seed: int = 7) -> ForeignBank:
    """The same bank for the same seed."""
    rng = random.Random(seed)
    numbers = rng.sample(range(1, 10**6), 40_000)
    bank = ForeignBank(
        {name: [] for name in ("account", "card", "client", "disp", "district", "loan", "order", "trans")}
    )
    for number in range(1, ACCOUNTS + SECOND_HOLDERS + 1):
        born = dt.date(1915, 1, 1) + dt.timedelta(days=rng.randrange(24_000))
        sex = rng.choice("MF")
        bank.people[str(number)] = (born, sex)
        bank.tables["client"].append(
            {"client_id": number, "birth_number": birth_number(born, sex), "district_id": 1 + number % 5}
        )
        account = number if number <= ACCOUNTS else number - ACCOUNTS
        role = "OWNER" if number <= ACCOUNTS else "DISPONENT"
        bank.tables["disp"].append({"disp_id": 5000 + number, "client_id": number, "account_id": account, "type": role})
    for number in range(1, ACCOUNTS + 1):
        opened = {"account_id": number, "district_id": 1 + number % 5, "frequency": "POPLATEK MESICNE"}
        bank.tables["account"].append(opened | {"date": short(FIRST)})
        rows, bank.balances[str(number)] = _transactions(rng, str(number), numbers)
        bank.tables["trans"] += rows
    for number in range(1, LOANS + 1):
        bank.tables["loan"].append({
            "loan_id": number, "account_id": number, "date": short(FIRST + dt.timedelta(days=number)),
            "amount": 12000 + number, "duration": 12, "payments": "1000.00", "status": "ABCD"[number % 4],
        })  # fmt: skip
    kinds = ("junior", "classic", "gold")
    bank.tables["card"] = [
        {"card_id": n, "disp_id": 5000 + n, "type": kinds[n % 3], "issued": f"{short(FIRST)} 00:00:00"}
        for n in range(1, CARDS + 1)
    ]
    bank.tables["district"] = [{"A1": n, "A2": f"Okres {n}", "A3": "Cechy"} for n in range(1, 6)]
    bank.tables["order"] = [
        {"order_id": 900 + n, "account_id": n, "bank_to": "YZ", "account_to": 87144583 + n, "amount": "2452.00"}
        for n in range(1, 20)
    ]
    return bank


def write_bank(bank: ForeignBank, folder: Path) -> None:
    """The files, `trans` packed."""
    folder.mkdir(parents=True)
    for name, rows in bank.tables.items():
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), delimiter=";", lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
        data = text.getvalue().encode()
        if name == "trans":
            (folder / f"{name}.asc.gz").write_bytes(gzip.compress(data))
        else:
            (folder / f"{name}.asc").write_bytes(data)
