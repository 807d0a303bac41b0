"""Credit beside its applicants: loans, repayments, guarantors, collateral.

A loan is drawn once; how far it is repaid, and whether it is overdue, follows from the loan and the day, so the tables
of any day can be made without those of the days before.
"""

from __future__ import annotations

import numpy as np

from connectors.demo.columns import Table, choose, height, join, lookup, numbers, stack
from connectors.demo.people import NONE, RESIDENT, TEMPORARY
from connectors.demo.randomness import Day, chance, draw
from connectors.demo.sources import document_codes

_PRODUCTS = ("农户小额贷款", "个人住房贷款", "个人消费贷款", "个人经营贷款", "汽车贷款")
_BUSINESS = ("流动资金贷款", "小微企业贷款", "固定资产贷款")
_RELATIONS = ("亲属", "朋友", "同事")
_MONTH = 30.4375
_KINDS = ("房产", "土地使用权", "车辆", "存单", "机器设备")


def make_loans(day: Day, applicants: Table, first_number: int, *, organizations: bool = False) -> Table:
    """Loans of new applicants: about two thirds have one, some two."""
    rng = day.stream(f"loans/{organizations}")
    owner = np.repeat(np.arange(height(applicants)), draw(rng, np.array([38, 50, 12.0]), height(applicants)))
    size = len(owner)
    number = np.arange(first_number, first_number + size)
    started = np.maximum(applicants["opened"][owner], day.date - np.timedelta64(5 * 365, "D"))
    lag = (day.date - started).astype(np.int64)
    started = started + (rng.random(size) * lag).astype("timedelta64[D]")
    periods = rng.choice(np.array([12, 12, 24, 36, 60]), size)
    product = lookup(_BUSINESS if organizations else _PRODUCTS, rng.integers(0, 3 if organizations else 5, size))
    steps = np.exp(rng.normal(5.3 if organizations else 3.6, 0.8, size)).astype(np.int64) + 1
    bad = chance(rng, size, 0.03)
    return {
        "number": number, "loan": join("L", numbers(number, 9)), "key": applicants["key"][owner],
        "branch": applicants["branch"][owner], "person": applicants["person"][owner], "started": started,
        "product": product, "principal": steps * 1000 * 100 * periods // 12, "periods": periods,
        "rate": np.round(0.035 + rng.random(size) * 0.05, 4),
        "stops": np.where(bad, (rng.random(size) * periods).astype(np.int64), periods),
        "guaranteed": chance(rng, size, 0.3), "secured": chance(rng, size, 0.25),
    }  # fmt: skip


def _due(loans: Table, period: np.ndarray) -> np.ndarray:
    return loans["started"] + (period * _MONTH).astype(np.int64).astype("timedelta64[D]")


def loan_state(loans: Table, today: np.datetime64) -> Table:
    """What `loan` shows on a day."""
    elapsed = ((today - loans["started"]).astype(np.int64) / _MONTH).astype(np.int64)
    elapsed = np.clip(elapsed, 0, loans["periods"])
    paid = np.minimum(elapsed, loans["stops"])
    unpaid_since = _due(loans, loans["stops"] + 1)
    late = np.where(elapsed > loans["stops"], (today - unpaid_since).astype(np.int64), 0)
    settled = paid >= loans["periods"]
    status = choose(settled, "settled", np.where(late > 0, "overdue", "normal"))
    balance = loans["principal"] - loans["principal"] * paid // loans["periods"]
    return {
        "balance": balance, "status": status, "overdue_days": np.maximum(late, 0), "elapsed": elapsed,
        "ends": _due(loans, loans["periods"]),
    }  # fmt: skip


def repayments(loans: Table, today: np.datetime64) -> Table:
    """Every instalment due until today, paid within three days after it fell due or not at all."""
    state = loan_state(loans, today)
    row = np.repeat(np.arange(height(loans)), state["elapsed"])
    period = np.arange(len(row)) - np.repeat(np.cumsum(state["elapsed"]) - state["elapsed"], state["elapsed"]) + 1
    loan = {name: loans[name][row] for name in ("started", "principal", "periods", "rate", "stops", "number", "loan")}
    due = _due(loan, period)
    monthly = loan["principal"] // loan["periods"]
    amount = monthly + (monthly * loan["rate"]).astype(np.int64)
    delay = np.where(loan["number"] * 31 % 7 == 0, (loan["number"] + period) % 4, 0)
    paid = due + delay.astype("timedelta64[D]")
    paid[(period > loan["stops"]) | (paid > today)] = np.datetime64("NaT")
    return {
        "loan": loan["loan"], "period": period, "due": due, "due_amount": amount, "paid": paid,
        "paid_amount": np.where(np.isnat(paid), 0, amount),
    }  # fmt: skip


def make_guarantors(day: Day, loans: Table, people: Table) -> Table:
    """The spouse where there is one, otherwise somebody known in the region; for companies too."""
    rng = day.stream(f"guarantors/{loans['number'][:1].sum()}")
    rows = np.flatnonzero(loans["guaranteed"])
    adults = np.flatnonzero(people["birth"] < np.datetime64("2000-01-01"))
    borrower = np.where(loans["person"][rows] < height(people), loans["person"][rows], 0)
    spouse = people["spouse"][borrower]
    is_spouse = (spouse != NONE) & chance(rng, len(rows), 0.6)
    person = np.where(is_spouse, spouse, adults[rng.integers(0, len(adults), len(rows))])
    kind = people["document_type"][person]
    return {
        "loan": loans["loan"][rows], "sequence": np.ones(len(rows), dtype=np.int64), "name": people["name"][person],
        "document_type": document_codes("credit", np.where(kind == TEMPORARY, RESIDENT, kind)),
        "document": people["document"][person], "mobile": numbers(people["mobile"][person]),
        "relation": choose(is_spouse, "配偶", lookup(_RELATIONS, rng.integers(0, 3, len(rows)))),
    }  # fmt: skip


def make_collateral(day: Day, loans: Table, owner_names: np.ndarray) -> Table:
    """What secures a quarter of the loans; it belongs to the borrower."""
    rng = day.stream(f"collateral/{loans['number'][:1].sum()}")
    rows = np.flatnonzero(loans["secured"])
    return {
        "collateral": join("P", numbers(loans["number"][rows], 9)), "loan": loans["loan"][rows],
        "kind": lookup(_KINDS, rng.integers(0, len(_KINDS), len(rows))),
        "value": (loans["principal"][rows] * (1.2 + rng.random(len(rows)))).astype(np.int64),
        "owner": owner_names[rows],
    }  # fmt: skip


class Book:
    """All loans with their guarantors and collateral."""

    def __init__(self) -> None:
        self.loans: Table | None = None
        self.guarantors: Table | None = None
        self.collateral: Table | None = None

    def lend(self, day: Day, applicants: Table, people: Table, *, organizations: bool = False) -> None:
        """Give loans to new applicants."""
        first = 1 if self.loans is None else height(self.loans) + 1
        loans = make_loans(day, applicants, first, organizations=organizations)
        position = {key: row for row, key in enumerate(applicants["key"])}
        names = applicants["name"][[position[key] for key in loans["key"]]]
        borrowers = loans if not organizations else loans | {"person": np.full(height(loans), height(people))}
        self.guarantors = stack(self.guarantors, make_guarantors(day, borrowers, people))
        self.collateral = stack(self.collateral, make_collateral(day, loans, names))
        self.loans = stack(self.loans, loans)
