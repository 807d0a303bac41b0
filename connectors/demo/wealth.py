"""Wealth beside its customers: products, holdings, risk assessments, 双录 (recordings of sales)."""

from __future__ import annotations

import numpy as np

from connectors.demo.columns import Table, height, join, lookup, numbers, stack, take
from connectors.demo.randomness import Day, chance, draw, unit

_SERIES = ("稳盈", "日日鑫", "月月丰", "惠农", "汉江增利", "聚宝", "安享", "进取")
_RISKS = (1, 2, 2, 2, 3, 3, 4, 5)
_PRODUCTS = 24
_CHANNELS = ("柜面", "手机银行", "智能终端")


def products(today: np.datetime64) -> Table:
    """The product list: 24 products of risk R1 to R5."""
    index = np.arange(_PRODUCTS)
    series, risk = index % len(_SERIES), np.array(_RISKS)[index % len(_RISKS)]
    started = np.datetime64("2024-01-15") + (index * 23).astype("timedelta64[D]")
    maturity = started + (180 + index % 5 * 180).astype("timedelta64[D]")
    maturity = np.where(series == 1, np.datetime64("NaT"), maturity)
    return {
        "code": join("WP", numbers(index + 1, 4)), "name": join(lookup(_SERIES, series), numbers(index + 1, 3), "号"),
        "risk": join("R", numbers(risk)), "level": risk, "started": started, "maturity": maturity,
        "rate": lookup(("0.0205", "0.0260", "0.0285", "0.0295", "0.0340", "0.0365", "0.0420", "0.0510"), series),
    }  # fmt: skip


class Shelf:
    """Holdings, assessments and recordings of the wealth system."""

    def __init__(self) -> None:
        self.customers: Table | None = None
        self.holdings: Table | None = None
        self.assessments: Table = {}
        self.recordings: Table = {}
        self._assessed = 0
        self._recorded = 0

    def run(self, day: Day, new: Table) -> None:
        """One day: newcomers are assessed and buy, some of the others are assessed again."""
        before = 0 if self.customers is None else height(self.customers)
        added = take(new, np.arange(height(new)), ("key", "branch", "opened"))
        self.customers = stack(self.customers, added)
        rows = np.arange(before, height(self.customers))
        self._assess(day, rows, before)
        bought = self._buy(day, rows, before)
        self._record(bought)

    def _assess(self, day: Day, new: np.ndarray, before: int) -> None:
        assert self.customers is not None
        rng = day.stream("assessments")
        again = np.flatnonzero(chance(rng, before, 0.003))
        rows = np.concatenate([again, new])
        back = rng.integers(0, 430, len(rows)) if day.is_first else np.zeros(len(rows), dtype=np.int64)
        assessed = np.maximum(day.date - back.astype("timedelta64[D]"), self.customers["opened"][rows])
        level = 1 + draw(rng, np.array([12, 26, 36, 18, 8.0]), len(rows))
        number = np.arange(self._assessed + 1, self._assessed + 1 + len(rows))
        self._assessed += len(rows)
        self.assessments = {
            "assessment": join("RA", numbers(number, 9)), "key": self.customers["key"][rows], "assessed": assessed,
            "score": level * 18 + rng.integers(0, 10, len(rows)), "level": join("C", numbers(level)),
            "valid_to": _year_later(assessed), "channel": lookup(_CHANNELS, rng.integers(0, 3, len(rows))),
        }  # fmt: skip

    def _buy(self, day: Day, new: np.ndarray, before: int) -> Table:
        assert self.customers is not None
        rng = day.stream("holdings")
        again = np.flatnonzero(chance(rng, before, 0.001))
        buyers = np.concatenate([again, np.repeat(new, draw(rng, np.array([20, 50, 22, 8.0]), len(new)))])
        product = rng.integers(0, _PRODUCTS, len(buyers))
        buyers, product = self._not_yet_held(buyers, product)
        back = rng.integers(0, 500, len(buyers)) if day.is_first else np.zeros(len(buyers), dtype=np.int64)
        bought = {
            "row": buyers, "product": product, "key": self.customers["key"][buyers],
            "shares": (np.exp(rng.normal(10.3, 0.9, len(buyers))) // 1000 + 1).astype(np.int64) * 1000,
            "bought": np.maximum(day.date - back.astype("timedelta64[D]"), self.customers["opened"][buyers]),
        }  # fmt: skip
        self.holdings = stack(self.holdings, bought)
        return bought

    def _not_yet_held(self, buyers: np.ndarray, product: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """One holding per customer and product."""
        held = self.holdings or {"row": np.zeros(0, dtype=np.int64), "product": np.zeros(0, dtype=np.int64)}
        pairs = np.setdiff1d(buyers * _PRODUCTS + product, held["row"] * _PRODUCTS + held["product"])
        return pairs // _PRODUCTS, pairs % _PRODUCTS

    def _record(self, bought: Table) -> None:
        """Sales of R3 and above are recorded."""
        assert self.customers is not None
        risky = take(bought, np.array(_RISKS)[bought["product"] % len(_RISKS)] >= 3)
        number = np.arange(self._recorded + 1, self._recorded + 1 + height(risky))
        self._recorded += height(risky)
        self.recordings = {
            "recording": join("DR", numbers(number, 9)), "key": risky["key"],
            "product": join("WP", numbers(risky["product"] + 1, 4)), "recorded": risky["bought"],
            "evidence": join("AV", numbers(number * 7919 % 10**9, 9)), "branch": self.customers["branch"][risky["row"]],
        }  # fmt: skip

    def values(self, day: Day) -> np.ndarray:
        """Market value of every holding in cents: shares times a net value that grows slowly and trembles."""
        assert self.holdings is not None
        held, stamp = self.holdings, int(day.date.astype(np.int64))
        risk = np.array(_RISKS)[held["product"] % len(_RISKS)]
        age = (day.date - held["bought"]).astype(np.int64)
        tremble = (unit(day.seed, "net value", held["product"], stamp) - 0.5) * 0.004 * risk
        return (held["shares"] * 100 * (1 + age * 0.00008 + tremble)).astype(np.int64)


def _year_later(day: np.ndarray) -> np.ndarray:
    """Valid for one year: the day before the anniversary."""
    month = day.astype("datetime64[M]")
    offset = (day - month.astype("datetime64[D]")).astype(np.int64)
    return (month + 12).astype("datetime64[D]") + offset.astype("timedelta64[D]") - 1
