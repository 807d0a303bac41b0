"""The kinds of check a suite may hold. Each says what it looks at; `quality/validate.py` says how it is evaluated.

A check that checks nothing (a range without limits, a pattern that is none) is refused when the suite is read, so that
it can never count as a success. `severity` says what a failure does: `fail` stops (a row-level failure puts the rows
into quarantine, a table-level one stops the whole delivery of the source), `warn` only shows. `level` is `row` or
`table`; a kind that can only speak of the table as a whole has no other level.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Day = dt.date | Literal["as_of"]
Scheme = Literal["resident_id", "uscc", "luhn"]


class Strict(BaseModel):
    """Base of everything in a quality file: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Check(Strict):
    """What all checks share."""

    severity: Literal["fail", "warn"] = "fail"
    level: Literal["row", "table"] = "table"

    @property
    def columns_used(self) -> tuple[str, ...]:
        """The columns the check looks at."""
        return ()

    @property
    def rule(self) -> str:
        """Its name in results, without any customer value: what is checked and on which columns."""
        return f"{self.kind}({', '.join(self.columns_used)})"

    @property
    def kind(self) -> str:
        """Its kind."""
        return str(getattr(self, "check"))  # noqa: B009 - each kind declares it with its own literal type


class _Column(Check):
    column: str

    @property
    def columns_used(self) -> tuple[str, ...]:
        """The one column."""
        return (self.column,)


class ValueCheck(_Column):
    """A check every single value holds or not; `share` of the rows must hold (at table level)."""

    share: float = Field(1.0, gt=0, le=1)

    @model_validator(mode="after")
    def _rows_hold_one_by_one(self) -> ValueCheck:
        if self.level == "row" and self.share < 1:
            raise ValueError("'share' goes with level table; a row holds or does not")
        return self


def _refuse_no_range(check: Any) -> None:  # noqa: ANN401 - any kind with two limits
    if check.min is None and check.max is None:
        raise ValueError("needs 'min' or 'max', otherwise it checks nothing")
    limits = (check.min, check.max)
    if None not in limits and "as_of" not in limits and check.min > check.max:
        raise ValueError("'min' is above 'max', so nothing can hold")


class NotNull(ValueCheck):
    """No value is missing (or at most `1 - share` of them)."""

    check: Literal["not_null"]


class Unique(ValueCheck):
    """No value occurs twice."""

    check: Literal["unique"]


class InSet(ValueCheck):
    """Every value is one of a list; null passes."""

    check: Literal["in_set"]
    values: tuple[str | int, ...] = Field(min_length=1)


class MatchesRegex(ValueCheck):
    """The whole value matches; null passes."""

    check: Literal["matches_regex"]
    pattern: str = Field(min_length=1)

    @field_validator("pattern")
    @classmethod
    def _is_pattern(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error:
            raise ValueError("is no regular expression") from None
        return pattern


class DateBetween(ValueCheck):
    """A date or time from `min` to the end of `max`; `format` (strptime) for text columns; null passes.

    A text that is no date fails.
    """

    check: Literal["date_between"]
    min: Day | None = None
    max: Day | None = None
    format: str | None = None

    @model_validator(mode="after")
    def _has_range(self) -> DateBetween:
        _refuse_no_range(self)
        return self


class ValueBetween(ValueCheck):
    """A number lies between two numbers; null passes, a text that is no number fails."""

    check: Literal["value_between"]
    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _has_range(self) -> ValueBetween:
        _refuse_no_range(self)
        return self


class LengthBetween(ValueCheck):
    """A text has so many characters; null passes."""

    check: Literal["length_between"]
    min: int | None = Field(None, ge=0)
    max: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _has_range(self) -> LengthBetween:
        _refuse_no_range(self)
        return self


class Checksum(ValueCheck):
    """The check digit holds; null passes.

    `resident_id`: GB 11643 (18 characters, or 15 digits with a date); `uscc`: GB 32100; `luhn`: ISO/IEC 7812-1, cards.
    """

    check: Literal["checksum"]
    scheme: Scheme

    @property
    def rule(self) -> str:
        """With the scheme: one column may be checked by two."""
        return f"checksum({self.column}, {self.scheme})"


class References(ValueCheck):
    """Every value stands in a column of another table of the same source; null passes.

    A `full` table means its delivery of the same day; an `append` or `changed` table all its deliveries so far.
    """

    check: Literal["references"]
    table: str
    to: str

    @property
    def rule(self) -> str:
        """With the other table."""
        return f"references({self.column} → {self.table}.{self.to})"


class UniqueTogether(Check):
    """No combination of values occurs twice."""

    check: Literal["unique_together"]
    columns: tuple[str, ...] = Field(min_length=2)
    level: Literal["table"] = "table"

    @property
    def columns_used(self) -> tuple[str, ...]:
        """The combination."""
        return self.columns


class RowCountBetween(Check):
    """The table has so many rows."""

    check: Literal["row_count_between"]
    min: int | None = Field(None, ge=0)
    max: int | None = Field(None, ge=0)
    level: Literal["table"] = "table"

    @model_validator(mode="after")
    def _has_range(self) -> RowCountBetween:
        _refuse_no_range(self)
        return self


class ShareBetween(_Column):
    """So large a part of all rows has one of `values` (any value at all when none are listed)."""

    check: Literal["share_between"]
    values: tuple[str | int, ...] = ()
    min: float | None = Field(None, ge=0, le=1)
    max: float | None = Field(None, ge=0, le=1)
    level: Literal["table"] = "table"

    @model_validator(mode="after")
    def _has_range(self) -> ShareBetween:
        _refuse_no_range(self)
        return self


class FreshWithin(_Column):
    """The newest date of the column is at most `days` before the business day; without any date it fails."""

    check: Literal["fresh_within"]
    days: int = Field(ge=0)
    format: str | None = None
    level: Literal["table"] = "table"


class RowCountDrift(Check):
    """The number of rows differs from the median of the last `deliveries` accepted days by at most `max_change`."""

    check: Literal["row_count_drift"]
    deliveries: int = Field(5, ge=1)
    max_change: float = Field(gt=0)
    level: Literal["table"] = "table"


class ShareDrift(_Column):
    """The shares of the column's values moved by at most `max_change` since the last `deliveries` accepted days.

    The measure is the total variation distance: half the sum of the differences of all shares, missing values being a
    value; 0 is no change, 1 is nothing in common.
    """

    check: Literal["share_drift"]
    deliveries: int = Field(5, ge=1)
    max_change: float = Field(gt=0, lt=1)
    level: Literal["table"] = "table"


AnyCheck = (
    NotNull | Unique | InSet | MatchesRegex | DateBetween | ValueBetween | LengthBetween | Checksum | References
    | UniqueTogether | RowCountBetween | ShareBetween | FreshWithin | RowCountDrift | ShareDrift
)  # fmt: skip
DELIVERY_KINDS = (References, RowCountDrift, ShareDrift)  # they look at other deliveries: raw suites only
