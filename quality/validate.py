"""From our checks to Great Expectations and back: counts and row numbers come back, values do not.

One ephemeral context serves a whole process: nothing is written, sent, or drawn. Great Expectations is imported inside
functions because that alone takes ten seconds.
"""

from __future__ import annotations

import datetime as dt
import functools
import logging
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from quality.suites import Check, ColumnCheck, DateBetween, ValueBetween
from warehouse.landing import RuleResult

ROW_NUMBER = "_row_number"
_EPOCH = pd.Timestamp("1970-01-01")
_OUTSIDE = -1e300  # stands for a text that is no date or number: outside of every range, so it fails
_FIRST = -1e299


@dataclass(frozen=True)
class Outcome:
    """One check's result and, at row level, the numbers of the rows that fail."""

    result: RuleResult
    rows: list[int]

    @property
    def stops(self) -> bool:
        """Whether this alone stops the delivery."""
        return not self.result.success and self.result.severity == "fail" and self.result.level == "table"


@functools.cache
def _library() -> Any:  # noqa: ANN401 - Great Expectations is loaded late
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it imports modules Python has deprecated
        import great_expectations
        from great_expectations import expectations  # noqa: F401 - makes it an attribute
    logging.getLogger("great_expectations").setLevel(logging.ERROR)  # it logs nothing we need, and may quote values
    return great_expectations


@functools.cache
def _whole_frame() -> Any:  # noqa: ANN401 - see _library
    """The batch definition every table goes through; made once, because adding one writes a whole configuration."""
    gx = _library()
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return (
        context.data_sources.add_pandas("pandas")
        .add_dataframe_asset("table")
        .add_batch_definition_whole_dataframe("whole")
    )


def validate(name: str, frame: pd.DataFrame, checks: Sequence[Check], as_of: dt.date) -> list[Outcome]:
    """Check a table.

    Args:
        name: the table's name, for messages.
        frame: the columns the checks need, and `_row_number` where a check is at row level.
        checks: what to check.
        as_of: the business day `as_of` stands for in date limits.

    Raises:
        RuntimeError: a check could not be evaluated, which is a defect of its definition or of ours.
    """
    prepared = _prepare(frame, checks)
    found = _run(name, prepared, checks, as_of, {"result_format": "BASIC"})
    by_row = [check for check, one in zip(checks, found, strict=True) if check.level == "row" and not one.success]
    places = _run(
        name, prepared, by_row, as_of, {"result_format": "COMPLETE", "unexpected_index_column_names": [ROW_NUMBER]}
    )
    rows = {id(check): _row_numbers(one) for check, one in zip(by_row, places, strict=True)}
    return [
        Outcome(_result(check, one, len(frame)), rows.get(id(check), []))
        for check, one in zip(checks, found, strict=True)
    ]


def _run(
    name: str, frame: pd.DataFrame, checks: Sequence[Check], as_of: dt.date, result_format: dict[str, object]
) -> list[Any]:
    """Great Expectations' results, one per check, in the order of the checks."""
    if not checks:
        return []
    gx = _library()
    expectations = [_expectation(check, number, as_of) for number, check in enumerate(checks)]
    suite = gx.ExpectationSuite(name="suite", expectations=expectations)
    batch = _whole_frame().get_batch({"dataframe": frame})
    report = batch.validate(suite, result_format={**result_format, "partial_unexpected_count": 0})
    found = {result.expectation_config.meta["number"]: result for result in report.results}
    for number, check in enumerate(checks):
        if not found[number].result:  # an expectation that raised: never a silent success
            raise RuntimeError(f"{name}: {check.rule} could not be evaluated; its column's type may not fit the check")
    return [found[number] for number in range(len(checks))]


def _row_numbers(found: Any) -> list[int]:  # noqa: ANN401 - see _library
    return sorted(int(place[ROW_NUMBER]) for place in found.result["unexpected_index_list"])


def _result(check: Check, found: Any, size: int) -> RuleResult:  # noqa: ANN401 - see _library
    whole_table = 0 if found.success else size  # what a check of the table as a whole counts
    unexpected = int(found.result.get("unexpected_count", whole_table))
    column = check.columns_used[0] if len(check.columns_used) == 1 else None
    return RuleResult(check.rule, column, check.severity, check.level, bool(found.success), size, unexpected)


def _prepare(frame: pd.DataFrame, checks: Sequence[Check]) -> pd.DataFrame:
    """Add what range checks compare as plain numbers, which Great Expectations handles all at once."""
    dates = {_compared(one): _days(frame[one.column], one.format) for one in checks if isinstance(one, DateBetween)}
    numbers = {_compared(one): _numbers(frame[one.column]) for one in checks if isinstance(one, ValueBetween)}
    return frame.assign(**dates, **numbers)


def _compared(check: ColumnCheck) -> str:
    """The column a check really looks at."""
    if isinstance(check, DateBetween):
        return f"{check.column} in days ({check.format})"
    return f"{check.column} as number" if isinstance(check, ValueBetween) else check.column


def _days(column: pd.Series[Any], form: str | None) -> pd.Series[Any]:
    """Dates and times as days since 1970, with the time as a fraction; null stays null."""
    times = pd.to_datetime(column, format=form or "ISO8601", errors="coerce")
    days = (times - _EPOCH) / pd.Timedelta(days=1)
    return days.mask(times.isna() & column.notna(), _OUTSIDE)


def _numbers(column: pd.Series[Any]) -> pd.Series[Any]:
    numbers = pd.to_numeric(column, errors="coerce").astype("float64")
    return numbers.mask(numbers.isna() & column.notna(), _OUTSIDE)


def _day_range(check: DateBetween, as_of: dt.date) -> dict[str, object]:
    low, high = (as_of if limit == "as_of" else limit for limit in (check.min, check.max))
    after = None if high is None else (pd.Timestamp(high) - _EPOCH).days + 1.0  # times of the last day pass
    first = (pd.Timestamp(low or dt.date(1600, 1, 1)) - _EPOCH).days
    return {"min_value": float(first), "max_value": after, "strict_max": True}


# our kind → Great Expectations' class and its parameters (column and share are added where they apply)
_EXPECTATIONS: dict[str, tuple[str, Callable[[Any, dt.date], dict[str, object]]]] = {
    "not_null": ("ExpectColumnValuesToNotBeNull", lambda check, _: {}),
    "unique": ("ExpectColumnValuesToBeUnique", lambda check, _: {}),
    "in_set": ("ExpectColumnValuesToBeInSet", lambda check, _: {"value_set": list(check.values)}),
    "matches_regex": ("ExpectColumnValuesToMatchRegex", lambda check, _: {"regex": rf"\A(?:{check.pattern})\Z"}),
    "date_between": ("ExpectColumnValuesToBeBetween", _day_range),
    "value_between": (
        "ExpectColumnValuesToBeBetween",
        lambda check, _: {"min_value": _FIRST if check.min is None else check.min, "max_value": check.max},
    ),
    "unique_together": ("ExpectCompoundColumnsToBeUnique", lambda check, _: {"column_list": list(check.columns)}),
    "row_count_between": (
        "ExpectTableRowCountToBeBetween",
        lambda check, _: {"min_value": check.min, "max_value": check.max},
    ),
}


def _expectation(check: Check, number: int, as_of: dt.date) -> Any:  # noqa: ANN401 - see _library
    name, parameters = _EXPECTATIONS[check.kind]
    shared = {"column": _compared(check), "mostly": check.share} if isinstance(check, ColumnCheck) else {}
    return getattr(_library().expectations, name)(**shared, **parameters(check, as_of), meta={"number": number})
