"""From our checks to what Great Expectations compares fast: plain numbers and texts in a frame, one column per check.

Dates become days, texts their lengths, check digits and references 1 or 0; so that one vectorised comparison answers
for a million rows. Measures of a table as a whole (a share, the newest day, a drift) become one number each.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from quality.checks import (
    AnyCheck,
    Checksum,
    DateBetween,
    FreshWithin,
    InSet,
    LengthBetween,
    MatchesRegex,
    NotNull,
    References,
    RowCountDrift,
    ShareBetween,
    ShareDrift,
    Unique,
    ValueBetween,
)  # fmt: skip
from quality.checksums import holds
from warehouse.landing import Delivery

Series: TypeAlias = Any  # a pandas Series of any type: pandas brings no types of its own
_EPOCH = pd.Timestamp("1970-01-01")
OUTSIDE = -1e300  # stands for a text that is no date or number: outside of every range, so it fails
FIRST = -1e299
NO_PAST = "no earlier delivery to compare with"


def _no_values(table: str, column: str) -> Any:  # noqa: ANN401 - an array of any type
    raise LookupError(f"{table}.{column}: no other table at hand")


@dataclass(frozen=True)
class Scene:
    """What a check may look at besides its own table.

    `as_of` is the business day `as_of` stands for in date limits; `values_of(table, column)` gives the values of
    another table of the source; `earlier` are the accepted deliveries of the same table before this one, oldest first.
    """

    as_of: dt.date
    values_of: Callable[[str, str], Any] = _no_values
    earlier: tuple[Delivery, ...] = ()


@dataclass(frozen=True)
class Measure:
    """One number about a whole table, the range it must lie in, and why it could not be taken (no past: passes)."""

    value: float
    low: float
    high: float
    note: str | None = None


RANGED = (DateBetween, ValueBetween, LengthBetween, Checksum, References)
MEASURED = (ShareBetween, FreshWithin, RowCountDrift, ShareDrift)


def compared(check: AnyCheck) -> str:
    """The column a check of single values really looks at."""
    if isinstance(check, RANGED):
        return f"{check.rule} {getattr(check, 'format', '')}"
    return check.columns_used[0]


def prepare(frame: pd.DataFrame, checks: Sequence[AnyCheck], scene: Scene) -> pd.DataFrame:
    """The columns the checks of single values look at, and nothing else: the library hashes what it is given."""
    numbers = {compared(one): _numbers_of(frame[one.column], one, scene) for one in checks if isinstance(one, RANGED)}
    plain = {name for one in checks if not isinstance(one, RANGED + MEASURED) for name in one.columns_used}
    return frame[[name for name in frame.columns if name in plain]].assign(**numbers)


def _numbers_of(column: Series, check: AnyCheck, scene: Scene) -> Series:
    if isinstance(check, DateBetween):
        return _days(column, check.format)
    if isinstance(check, ValueBetween):
        numbers = pd.to_numeric(column, errors="coerce").astype("float64")
        return numbers.mask(numbers.isna() & column.notna(), OUTSIDE)
    if isinstance(check, LengthBetween):
        return column.astype("str").str.len().astype("float64").mask(column.isna())
    present = column.dropna()
    if isinstance(check, References):
        good: Any = _found_in(present, scene.values_of(check.table, check.to))
    else:
        assert isinstance(check, Checksum)
        good = holds(check.scheme, present)
    return pd.Series(np.asarray(good, dtype="float64"), index=present.index).reindex(column.index)


def _found_in(column: Series, values: Any) -> Any:  # noqa: ANN401 - an Arrow array of any type
    """Compared as texts, so that a number and its digits are the same key in both tables."""
    return column.astype("str").isin(pd.Index(values.to_pandas().astype("str").unique()))


def _days(column: Series, form: str | None) -> Series:
    """Dates and times as days since 1970, with the time as a fraction; null stays null."""
    times = pd.to_datetime(column, format=form or "ISO8601", errors="coerce")
    days = (times - _EPOCH) / pd.Timedelta(days=1)
    return days.mask(times.isna() & column.notna(), OUTSIDE)


def value_range(check: AnyCheck, as_of: dt.date) -> tuple[float, float | None, bool]:
    """Lowest and highest value of a range check, and whether the highest itself is outside."""
    if isinstance(check, DateBetween):
        low, high = (as_of if limit == "as_of" else limit for limit in (check.min, check.max))
        after = None if high is None else (pd.Timestamp(high) - _EPOCH).days + 1.0  # times of the last day pass
        return float((pd.Timestamp(low or dt.date(1600, 1, 1)) - _EPOCH).days), after, True
    if isinstance(check, ValueBetween | LengthBetween):
        return FIRST if check.min is None else check.min, check.max, False
    return 1.0, None, False  # check digit or reference: it holds


def failing_rows(frame: pd.DataFrame, check: AnyCheck, as_of: dt.date) -> Series:
    """Which rows of a prepared frame break a check of single values; the gate compares the count with the library's."""
    column = frame[compared(check)]
    if isinstance(check, NotNull):
        return column.isna()
    if isinstance(check, Unique):
        return column.notna() & column.duplicated(keep=False)
    if isinstance(check, InSet):
        return column.notna() & ~column.isin(check.values)
    if isinstance(check, MatchesRegex):
        return column.notna() & ~column.astype("str").str.contains(whole(check.pattern), regex=True)
    low, high, is_strict = value_range(check, as_of)
    above = column >= high if is_strict and high is not None else column > (np.inf if high is None else high)
    return column.notna() & ((column < low) | above)


def whole(pattern: str) -> str:
    """The pattern for the whole value, as Python reads it."""
    return rf"\A(?:{pattern})\Z"


def measure(frame: pd.DataFrame, check: AnyCheck, scene: Scene) -> Measure:
    """The number a check of the table as a whole compares."""
    if isinstance(check, ShareBetween):
        return _share(frame[check.column], check)
    if isinstance(check, FreshWithin):
        days = _days(frame[check.column], check.format).max()
        oldest = (pd.Timestamp(scene.as_of) - _EPOCH).days - check.days
        return Measure(OUTSIDE if pd.isna(days) else float(days), oldest, np.inf)
    assert isinstance(check, RowCountDrift | ShareDrift)
    past = scene.earlier[-check.deliveries :]
    if not past:
        return Measure(0.0, 0.0, 0.0, NO_PAST)
    if isinstance(check, RowCountDrift):
        usual = float(np.median([delivery.manifest.rows for delivery in past]))
        change = len(frame) / usual - 1 if usual else float(len(frame) > 0) * np.inf
        return Measure(min(change, 1e300), -check.max_change, check.max_change)
    return Measure(_distance(frame[check.column], past, check.column), 0.0, check.max_change)


def _share(column: Series, check: ShareBetween) -> Measure:
    low, high = 0.0 if check.min is None else check.min, 1.0 if check.max is None else check.max
    having = column.isin(check.values) if check.values else column.notna()
    return Measure(float(having.mean()) if len(column) else OUTSIDE, low, high)


def _distance(column: Series, past: Sequence[Delivery], name: str) -> float:
    """Total variation distance between the shares of the values now and then."""
    then = pd.concat([_counts(delivery, name) for delivery in past]).groupby(level=0).sum()
    now = column.astype("str").fillna("∅").value_counts()
    both = pd.DataFrame({"now": now / max(now.sum(), 1), "then": then / max(then.sum(), 1)}).fillna(0.0)
    return float((both["now"] - both["then"]).abs().sum() / 2)


def _counts(delivery: Delivery, name: str) -> Series:
    if name not in delivery.manifest.columns:
        return pd.Series(dtype="float64")  # the column is new: everything in it is a change
    counted = pc.value_counts(pq.read_table(delivery.data, columns=[name])[name].combine_chunks())
    values = pd.Series(counted.field(0).to_pandas()).astype("str").fillna("∅")
    return pd.Series(counted.field(1).to_numpy(), index=values).groupby(level=0).sum()
