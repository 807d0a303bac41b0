"""Core banking beside its customers: accounts, their transactions and balances. Amounts are whole cents.

Balances are the sum of transactions: balance of day D = balance of the day before + in − out, for every account.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from connectors.demo.columns import Table, choose, height, join, lookup, numbers, stack, take, texts
from connectors.demo.documents import cards
from connectors.demo.randomness import Day, chance, draw

DEBIT_PREFIX = 623_188
HISTORY_DAYS = 60
_DEMAND, _TIME = "demand", "time"
_IN_KINDS = (
    ("transfer", "mobile"),
    ("cash", "counter"),
    ("wage", "batch"),
    ("transfer", "online"),
    ("interest", "batch"),
)
_IN_WEIGHTS = np.array([35, 22, 20, 15, 8.0])
_OUT_KINDS = (
    ("pos", "mobile"), ("transfer", "mobile"), ("cash", "atm"), ("cash", "counter"), ("transfer", "online"),
    ("fee", "batch"),
)  # fmt: skip
_OUT_WEIGHTS = np.array([38, 28, 14, 7, 9, 4.0])
_MEMOS = {
    "transfer": ("转账", "货款", "生活费", "还款", "往来款", "学费"),
    "cash": ("现金存取", "存现", "取现"),
    "wage": ("工资", "代发工资", "奖金"),
    "pos": ("消费", "超市购物", "加油", "餐饮", "微信支付", "支付宝"),
    "fee": ("账户管理费", "短信费"),
    "interest": ("结息",),
}


def make_accounts(day: Day, customers: Table, first_number: int, *, organizations: bool = False) -> Table:
    """Accounts of new core customers: one current account, for some a second one, a time deposit.

    Args:
        day: the day.
        customers: core records (`key`, `opened`, `branch`).
        first_number: running number of the first account.
        organizations: whether the customers are organizations (no class, no debit card).
    """
    rng = day.stream(f"accounts/{organizations}")
    owner, kind, class_ = _plan(rng, height(customers), organizations)
    size = len(owner)
    number = np.arange(first_number, first_number + size)
    opened = customers["opened"][owner]
    lag = (day.date - opened).astype(np.int64)
    opened = opened + (rng.random(size) ** 3 * lag * (class_ != 0)).astype("timedelta64[D]")
    has_card = (kind == 0) & ~organizations & chance(rng, size, 0.8)
    has_card &= class_ != 2
    classes = np.full(size, 3) if organizations else class_
    accounts = {
        "number": number, "key": customers["key"][owner], "class": lookup(("I", "II", "III", None), classes),
        "kind": lookup((_DEMAND, _TIME), kind), "opened": opened,
        "closed": np.full(size, np.datetime64("NaT"), dtype="datetime64[D]"),
        "status": _status(rng, size, day), "branch": customers["branch"][owner], "is_time": kind == 1,
        "balance": _opening(rng, kind, organizations) * day.is_first,
    }  # fmt: skip
    accounts["account"] = join(accounts["branch"], numbers(number, 11))
    accounts["card"] = choose(has_card, cards(DEBIT_PREFIX, number * 7, 19), None)
    _close(accounts, rng, day.date)
    return accounts


def _plan(rng: Generator, size: int, organizations: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Owner, kind (0 demand, 1 time) and class (0 I, 1 II, 2 III) of every account, by owner."""
    everyone = np.arange(size)
    second = everyone[chance(rng, size, 0.05 if organizations else 0.22)]
    third = everyone[chance(rng, size, 0.0 if organizations else 0.05)]
    saver = everyone[chance(rng, size, 0.15 if organizations else 0.22)]
    owner = np.concatenate([everyone, second, third, saver])
    kind = np.repeat([0, 0, 0, 1], [len(everyone), len(second), len(third), len(saver)])
    class_ = np.repeat([0, 1, 2, 0], [len(everyone), len(second), len(third), len(saver)])
    order = np.argsort(owner, kind="stable")
    return owner[order], kind[order], class_[order]


def _status(rng: Generator, size: int, day: Day) -> np.ndarray:
    weights = np.array([93, 4, 3.0]) if day.is_first else np.array([1, 0, 0.0])
    return lookup(("1", "D", "9"), draw(rng, weights, size))


def _opening(rng: Generator, kind: np.ndarray, organizations: bool) -> np.ndarray:
    """Balances before the delivered history begins: few have much."""
    scale = np.where(kind == 1, 10.3, 8.3) + (2.0 if organizations else 0.0)
    yuan = np.exp(rng.normal(scale, np.where(kind == 1, 1.0, 1.7)))
    return (np.minimum(yuan, 2e7) * 100).astype(np.int64)


def _close(accounts: Table, rng: Generator, today: np.datetime64) -> None:
    rows = np.flatnonzero(accounts["status"] == "9")
    # closed before the delivered history begins, so that it has no transactions
    latest = today - np.timedelta64(HISTORY_DAYS + 1, "D")
    accounts["opened"][rows] = np.minimum(accounts["opened"][rows], latest - 1)
    span = (latest - accounts["opened"][rows]).astype(np.int64)
    accounts["closed"][rows] = accounts["opened"][rows] + (rng.random(len(rows)) * span).astype("timedelta64[D]")
    accounts["balance"][rows] = 0


class Ledger:
    """All accounts and what happens on them, day by day."""

    def __init__(self) -> None:
        self.accounts: Table | None = None
        self.transactions: Table = {}
        self._next_transaction = 1

    def next_number(self) -> int:
        """Running number of the next account."""
        return 1 if self.accounts is None else height(self.accounts) + 1

    def open(self, accounts: Table) -> None:
        """Take over new accounts."""
        self.accounts = stack(self.accounts, accounts)

    def run(self, day: Day, names: np.ndarray) -> None:
        """Make the transactions that the day delivers (the first day: the last 60 days) and move the balances.

        Args:
            day: the day.
            names: names that appear as counterparties.
        """
        assert self.accounts is not None
        rng = day.stream("transactions")
        rows = self._busy(rng, day)
        moved = _amounts(rng, self.accounts, rows)
        start = day.date - np.timedelta64(HISTORY_DAYS if day.is_first else 0, "D")
        moved["time"] = _times(rng, self.accounts["opened"][moved["row"]], start, day.date)
        order = np.lexsort((moved["row"], moved["time"]))
        moved = take(moved, order)
        self._book(moved)
        self.transactions = _describe(rng, self.accounts, moved, names, self._next_transaction)
        self._next_transaction += len(order)

    def _busy(self, rng: Generator, day: Day) -> np.ndarray:
        """Rows of accounts, one per transaction."""
        accounts = self.accounts
        assert accounts is not None
        live = accounts["status"] == "1"
        mean = np.where(accounts["is_time"], 0.4, 7.5) if day.is_first else np.where(accounts["is_time"], 0.002, 0.13)
        count = rng.poisson(mean * live)
        first_deposit = live & (accounts["balance"] == 0)
        return np.repeat(np.arange(len(count)), np.where(first_deposit, np.maximum(count, 1), count))

    def _book(self, moved: Table) -> None:
        assert self.accounts is not None
        signed = np.where(moved["is_in"], moved["cents"], -moved["cents"])
        np.add.at(self.accounts["balance"], moved["row"], signed)


def _amounts(rng: Generator, accounts: Table, rows: np.ndarray) -> Table:
    """Direction and amount; what goes out never exceeds what was there when the day began."""
    size = len(rows)
    balance = accounts["balance"][rows]
    is_in = chance(rng, size, 0.42) | (balance < 10_000)
    outs = np.bincount(rows[~is_in], minlength=len(accounts["balance"]))
    share = np.minimum(0.9 / np.maximum(outs[rows], 1), 0.35) * rng.random(size) ** 1.5
    paid_in = np.exp(rng.normal(6.6, 1.3, size)) * 100 * np.where(accounts["kind"][rows] == _TIME, 5, 1)
    whole = chance(rng, size, 0.35)
    cents = np.where(is_in, np.minimum(paid_in, 5e8), balance * share).astype(np.int64)
    cents = np.where(whole & (cents >= 10_000), cents // 10_000 * 10_000, cents)
    keep = cents >= 100
    return {"row": rows[keep], "is_in": is_in[keep], "cents": cents[keep]}


def _times(rng: Generator, opened: np.ndarray, start: np.datetime64, today: np.datetime64) -> np.ndarray:
    first = np.maximum(opened, start)
    span = (today - first).astype(np.int64) + 1
    days = first + np.floor(rng.random(len(opened)) * span).astype("timedelta64[D]")
    seconds = rng.normal(14.5, 4, len(opened)) % 24 * 3600
    return days.astype("datetime64[s]") + seconds.astype("timedelta64[s]")


def _describe(rng: Generator, accounts: Table, moved: Table, names: np.ndarray, first_number: int) -> Table:
    size = len(moved["row"])
    kinds = (*_IN_KINDS, *_OUT_KINDS)
    code = np.where(moved["is_in"], draw(rng, _IN_WEIGHTS, size), draw(rng, _OUT_WEIGHTS, size) + len(_IN_KINDS))
    kind = lookup([kind for kind, _ in kinds], code)
    has_party = np.isin(code, [i for i, (name, _) in enumerate(kinds) if name in ("transfer", "wage")])
    party = names[rng.integers(0, len(names), size)]
    other = numbers(rng.integers(6_200_000_000_000_000, 6_299_999_999_999_999, size))
    return {
        "number": np.arange(first_number, first_number + size), "row": moved["row"], "time": moved["time"],
        "cents": moved["cents"], "direction": choose(moved["is_in"], "C", "D"), "kind": kind,
        "channel": lookup([channel for _, channel in kinds], code), "party": choose(has_party, party, None),
        "party_account": choose(has_party, other, None), "memo": _memos(rng, kinds, code),
    }  # fmt: skip


def _memos(rng: Generator, kinds: tuple[tuple[str, str], ...], code: np.ndarray) -> np.ndarray:
    memo = texts(None, len(code))
    part = rng.random(len(code))
    for position, (kind, _) in enumerate(kinds):
        rows = np.flatnonzero(code == position)
        choices = _MEMOS[kind]
        memo[rows] = lookup(choices, (part[rows] * len(choices)).astype(int))
    return memo
