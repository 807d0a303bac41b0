"""Our checks through Great Expectations: counts and row numbers come back, values do not.

One validation run answers all checks of a table in its smallest result format. The numbers of failing rows are worked
out here, for the few checks that need them, and must be as many as the library counted: two ways to one answer.

One ephemeral context serves a whole process: nothing is written, sent, or drawn. Great Expectations is imported inside
functions because that alone takes seconds.
"""

from __future__ import annotations

import functools
import logging
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from quality.checks import AnyCheck, ValueCheck
from quality.prepare import (
    MEASURED,
    RANGED,
    Measure,
    Scene,
    compared,
    failing_rows,
    measure,
    prepare,
    value_range,
    whole,
)
from warehouse.landing import RuleResult

ROW_NUMBER = "_row_number"


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


@functools.cache
def _validator() -> Any:  # noqa: ANN401 - see _library
    """What `Batch.validate` uses; used directly, because a batch made for it hashes the whole frame once more."""
    _library()
    from great_expectations.validator.v1_validator import Validator

    return Validator


def validate(name: str, frame: pd.DataFrame, checks: Sequence[AnyCheck], scene: Scene) -> list[Outcome]:
    """Check a table.

    Args:
        name: the table's name, for messages.
        frame: the columns the checks need, and `_row_number` where a check is at row level.
        checks: what to check.
        scene: the business day, other tables and earlier deliveries.

    Raises:
        RuntimeError: a check could not be evaluated, which is a defect of its definition or of ours: never a success.
    """
    prepared = prepare(frame, checks, scene)
    measures = {
        place: measure(frame, check, scene) for place, check in enumerate(checks) if isinstance(check, MEASURED)
    }
    by_value = {place: _expectation(check, place, scene) for place, check in enumerate(checks) if place not in measures}
    by_measure = {place: _in_range(place, one) for place, one in measures.items()}
    found = _run(name, prepared, by_value, checks) | _run(name, _one_row(measures), by_measure, checks)
    outcomes = []
    for place, check in enumerate(checks):
        result = _result(check, found[place], measures.get(place), len(frame))
        is_by_row = check.level == "row" and result.unexpected > 0
        bad = failing_rows(prepared, check, scene.as_of) if is_by_row else None
        rows = [] if bad is None else sorted(int(number) for number in frame.loc[bad, ROW_NUMBER])
        if is_by_row and len(rows) != result.unexpected:
            raise RuntimeError(_not_evaluated(name, check))
        outcomes.append(Outcome(result, rows))
    return outcomes


def _run(name: str, frame: pd.DataFrame, expectations: dict[int, Any], checks: Sequence[AnyCheck]) -> dict[int, Any]:
    """Great Expectations' results by the place of their check."""
    if not expectations:
        return {}
    validator = _validator()(
        batch_definition=_whole_frame(),
        batch_parameters={"dataframe": frame},
        result_format={"result_format": "BASIC", "partial_unexpected_count": 0},
    )
    suite = _library().ExpectationSuite(name="suite", expectations=list(expectations.values()))
    report = validator.validate_expectation_suite(suite)
    found = {result.expectation_config.meta["number"]: result for result in report.results}
    for place in expectations:
        result = found[place].result if place in found else None
        # an expectation that raised has an empty result; one that saw another number of rows did not see the table
        if not result or result.get("element_count", len(frame)) != len(frame):
            raise RuntimeError(_not_evaluated(name, checks[place]))
    return found


def _not_evaluated(name: str, check: AnyCheck) -> str:
    return f"{name}: {check.rule} could not be evaluated; its column's type may not fit the check"


def _result(check: AnyCheck, found: Any, measured: Measure | None, size: int) -> RuleResult:  # noqa: ANN401
    whole_table = 0 if found.success else size  # what a check of the table as a whole counts
    unexpected = whole_table if measured else int(found.result.get("unexpected_count", whole_table))
    column = check.columns_used[0] if len(check.columns_used) == 1 else None
    note = measured.note if measured else None
    checked = 0 if note else size
    return RuleResult(check.rule, column, check.severity, check.level, bool(found.success), checked, unexpected, note)


def _one_row(measures: dict[int, Measure]) -> pd.DataFrame:
    return pd.DataFrame({f"measure {place}": [one.value] for place, one in measures.items()})


def _in_range(place: int, one: Measure) -> Any:  # noqa: ANN401 - see _library
    high = None if one.high == float("inf") else one.high
    kind = _library().expectations.ExpectColumnValuesToBeBetween
    return kind(column=f"measure {place}", min_value=one.low, max_value=high, meta={"number": place})


def _range(check: AnyCheck, scene: Scene) -> dict[str, object]:
    low, high, is_strict = value_range(check, scene.as_of)
    return {"min_value": low, "max_value": high, "strict_max": is_strict}


# our kind → Great Expectations' class and its parameters (column and share are added where they apply)
_EXPECTATIONS: dict[str, tuple[str, Callable[[Any], dict[str, object]]]] = {
    "not_null": ("ExpectColumnValuesToNotBeNull", lambda check: {}),
    "unique": ("ExpectColumnValuesToBeUnique", lambda check: {}),
    "in_set": ("ExpectColumnValuesToBeInSet", lambda check: {"value_set": list(check.values)}),
    "matches_regex": ("ExpectColumnValuesToMatchRegex", lambda check: {"regex": whole(check.pattern)}),
    "unique_together": ("ExpectCompoundColumnsToBeUnique", lambda check: {"column_list": list(check.columns)}),
    "row_count_between": (
        "ExpectTableRowCountToBeBetween",
        lambda check: {"min_value": check.min, "max_value": check.max},
    ),
}


def _expectation(check: AnyCheck, place: int, scene: Scene) -> Any:  # noqa: ANN401 - see _library
    if isinstance(check, RANGED):
        name, parameters = "ExpectColumnValuesToBeBetween", _range(check, scene)
    else:
        name, of = _EXPECTATIONS[check.kind]
        parameters = of(check)
    shared = {"column": compared(check), "mostly": check.share} if isinstance(check, ValueCheck) else {}
    return getattr(_library().expectations, name)(**shared, **parameters, meta={"number": place})
