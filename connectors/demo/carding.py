"""The card system beside its cardholders: credit cards and their monthly statements."""

from __future__ import annotations

import numpy as np

from connectors.demo.columns import Table, choose, height, lookup, stack
from connectors.demo.documents import cards
from connectors.demo.randomness import Day, chance, draw, unit

CREDIT_PREFIX = 628_366
_PRODUCTS = ("STD", "GOLD", "PLAT", "FARMER")
_LIMITS = np.array([10_000, 30_000, 80_000, 20_000]) * 100


def make_cards(day: Day, holders: Table, first_number: int) -> Table:
    """One card for every new cardholder, a second for some."""
    rng = day.stream("cards")
    owner = np.repeat(np.arange(height(holders)), draw(rng, np.array([86, 14.0]), height(holders)) + 1)
    size = len(owner)
    number = np.arange(first_number, first_number + size)
    product = draw(rng, np.array([50, 25, 8, 17.0]), size)
    lag = (day.date - holders["opened"][owner]).astype(np.int64)
    return {
        "number": number, "card": cards(CREDIT_PREFIX, number * 13, 16), "key": holders["key"][owner],
        "product": lookup(_PRODUCTS, product), "limit": _LIMITS[product], "branch": holders["branch"][owner],
        "opened": holders["opened"][owner] + (rng.random(size) * lag).astype("timedelta64[D]"),
        "status": choose(chance(rng, size, 0.06), "C", "A"), "cycle": rng.integers(1, 29, size),
    }  # fmt: skip


def statements(day: Day, held: Table) -> Table:
    """The last statement of every card: on its day of the month, a share of the limit, paid or not yet."""
    today = day.date
    month = today.astype("datetime64[M]")
    this = month.astype("datetime64[D]") + (held["cycle"] - 1).astype("timedelta64[D]")
    last = (month - 1).astype("datetime64[D]") + (held["cycle"] - 1).astype("timedelta64[D]")
    closed = np.where(this <= today, this, last)
    rows = np.flatnonzero((held["status"] == "A") & (closed >= held["opened"]))
    closed, number = closed[rows], held["number"][rows]
    stamp = closed.astype(np.int64)
    used = unit(day.seed, "used", number, stamp)
    balance = (held["limit"][rows] * np.maximum(used * 1.1 - 0.15, -0.02)).astype(np.int64)
    due = closed + np.timedelta64(20, "D")
    minimum = np.maximum(balance // 10, 0)
    payer = unit(day.seed, "pays", number, stamp)
    paid = np.where(payer < 0.6, np.maximum(balance, 0), np.where(payer < 0.93, minimum, 0))
    paid = np.where(unit(day.seed, "pays on", number, stamp) * 20 < (today - closed).astype(np.int64), paid, 0)
    return {
        "card": held["card"][rows], "day": closed, "balance": balance, "minimum": minimum, "due": due, "paid": paid,
    }  # fmt: skip


class Cards:
    """All credit cards."""

    def __init__(self) -> None:
        self.cards: Table | None = None

    def issue(self, day: Day, holders: Table) -> None:
        """Cards for new cardholders."""
        first = 1 if self.cards is None else height(self.cards) + 1
        self.cards = stack(self.cards, make_cards(day, holders, first))
