"""Expectation suites as data: `config/quality/<source>.yml` for raw tables, `config/quality/golden.yml` for the result.

Eight kinds of check are enough; each becomes one Great Expectations expectation. `severity` says what a failure does:
`fail` stops (a row-level failure puts the rows into quarantine, a table-level one stops the whole delivery of the
source), `warn` only shows. `level` is `row` or `table`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError, model_validator
from pydantic_core import ErrorDetails

from warehouse.errors import SettingsError

Day = dt.date | Literal["as_of"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Check(_Model):
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


class ColumnCheck(_Check):
    """What all checks of one column share."""

    column: str
    share: float = Field(1.0, gt=0, le=1)  # of rows that must hold, at table level

    @property
    def columns_used(self) -> tuple[str, ...]:
        """The one column."""
        return (self.column,)

    @model_validator(mode="after")
    def _rows_hold_one_by_one(self) -> ColumnCheck:
        if self.level == "row" and self.share < 1:
            raise ValueError("'share' goes with level table; a row holds or does not")
        return self


class NotNull(ColumnCheck):
    """No value is missing (or at most `1 - share` of them)."""

    check: Literal["not_null"]


class Unique(ColumnCheck):
    """No value occurs twice."""

    check: Literal["unique"]


class InSet(ColumnCheck):
    """Every value is one of a list; null passes."""

    check: Literal["in_set"]
    values: tuple[str | int, ...] = Field(min_length=1)


class MatchesRegex(ColumnCheck):
    """The whole value matches; null passes."""

    check: Literal["matches_regex"]
    pattern: str


class DateBetween(ColumnCheck):
    """A date or time from `min` to the end of `max`; `format` (strptime) for text columns; null passes.

    A text that is no date fails.
    """

    check: Literal["date_between"]
    min: Day | None = None
    max: Day | None = None
    format: str | None = None


class UniqueTogether(_Check):
    """No combination of values occurs twice."""

    check: Literal["unique_together"]
    columns: tuple[str, ...] = Field(min_length=2)
    level: Literal["table"] = "table"

    @property
    def columns_used(self) -> tuple[str, ...]:
        """The combination."""
        return self.columns


class RowCountBetween(_Check):
    """The table has so many rows."""

    check: Literal["row_count_between"]
    min: int | None = Field(None, ge=0)
    max: int | None = Field(None, ge=0)
    level: Literal["table"] = "table"


class ValueBetween(ColumnCheck):
    """A number lies between two numbers; null passes."""

    check: Literal["value_between"]
    min: float | None = None
    max: float | None = None


Check = NotNull | Unique | InSet | MatchesRegex | DateBetween | UniqueTogether | RowCountBetween | ValueBetween


class TableSuite(_Model):
    """The checks of one table.

    More than `quarantine_limit` of the rows in quarantine mean that the delivery is broken, not its rows: it stops.
    `query` (golden suites only) makes the table that is checked from the warehouse.
    """

    quarantine_limit: float = Field(0.2, gt=0, le=1)
    query: str | None = None
    checks: tuple[Annotated[Check, Field(discriminator="check")], ...]

    @property
    def fingerprint(self) -> str:
        """Short hash of everything in it: another suite, another verdict."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    @property
    def columns(self) -> list[str]:
        """The columns its checks look at."""
        return sorted({column for check in self.checks for column in check.columns_used})


class _Suites(RootModel[dict[str, TableSuite]]):
    root: dict[str, TableSuite]


def load_suites(config_dir: Path, name: str) -> dict[str, TableSuite]:
    """The suites of a source (or `golden`), by table; a source without a file has none.

    Raises:
        SettingsError: one line for each wrong or unknown key.
    """
    path = config_dir / "quality" / f"{name}.yml"
    if not path.exists():
        return {}
    try:
        return _Suites.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {}).root
    except (yaml.YAMLError, UnicodeDecodeError):
        raise SettingsError(f"{path}: not readable as YAML; correct the file") from None
    except ValidationError as error:
        raise SettingsError(*(_problem(path, item) for item in error.errors())) from None


def _problem(path: Path, error: ErrorDetails) -> str:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{path}: unknown key '{where}'; remove it or correct its name (docs/sources.md lists all keys)"
    return f"{path}: key '{where}': {error['msg'].removeprefix('Value error, ').lower()}; correct the value"
