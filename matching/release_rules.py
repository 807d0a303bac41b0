"""The site's limits for publishing, and the groups of records it watches: `config/release.yml`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from warehouse.dbt_contract import model_columns
from warehouse.errors import SettingsError
from warehouse.settings import Settings
from warehouse.site_file import SiteModel, load_site_file

_NAME = r"^[a-z][a-z0-9_]*$"
_TESTS = ("contains", "in_", "not_in", "years_at_least", "characters_at_least", "shared_by_at_least")
RECORD_MODEL = "int_party__record"


class Condition(SiteModel):
    """One test of one column; exactly one test is given."""

    column: str = Field(pattern=_NAME)
    contains: list[str] | None = None
    in_: list[str] | None = Field(None, alias="in")
    not_in: list[str] | None = None
    years_at_least: int | None = Field(None, ge=1)
    characters_at_least: int | None = Field(None, ge=1)
    shared_by_at_least: int | None = Field(None, ge=2)

    @model_validator(mode="after")
    def _one_test(self) -> Condition:
        if sum(getattr(self, name) is not None for name in _TESTS) != 1:
            raise ValueError("needs exactly one test: " + ", ".join(name.rstrip("_") for name in _TESTS))
        return self


class Slice(SiteModel):
    """A group of records in which accuracy is watched; grain of its membership: record."""

    slice: str = Field(pattern=_NAME)
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)
    any: list[Condition] = Field(min_length=1)


class PrecisionLimit(SiteModel):
    """Lower end of the interval, and from how many judged pairs on it is checked."""

    at_least: float = Field(gt=0, lt=1)
    judged: int = Field(ge=1)


class DecisionLimits(SiteModel):
    """How many stewards' decisions may be disobeyed, and how many verdicts on decided pairs may flip."""

    disobeyed: int = Field(ge=0)
    flipped: int = Field(ge=0)


class ChangeLimit(SiteModel):
    """Shares of the published version's customers and AUM; what may change in any case (customers, CNY)."""

    customers: float = Field(ge=0, le=1)
    aum: float = Field(ge=0, le=1)
    customers_always: int = Field(0, ge=0)
    aum_always: float = Field(0, ge=0)


class ReleaseRules(SiteModel):
    """Everything a run must hold to be published."""

    slices: list[Slice]
    precision: PrecisionLimit
    slice_precision: dict[str, PrecisionLimit]
    decisions: DecisionLimits
    changes: dict[Literal["merged", "split", "vanished", "new"], ChangeLimit]


def release_path(settings: Settings) -> Path:
    """Where the limits stand."""
    return settings.config_dir / "release.yml"


def load_release_rules(settings: Settings) -> ReleaseRules:
    """Read and check the limits.

    Raises:
        SettingsError: one line per unknown key, column or slice.
    """
    path = release_path(settings)
    rules = load_site_file(path, ReleaseRules)
    problems = list(_problems(rules))
    if problems:
        raise SettingsError(*(f"{path}: {problem}" for problem in problems))
    return rules


def _problems(rules: ReleaseRules) -> Iterator[str]:
    names = [item.slice for item in rules.slices]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"slice '{name}' stands twice; keep one"
    columns = model_columns(RECORD_MODEL)
    for item in rules.slices:
        for condition in item.any:
            if condition.column not in columns:
                yield f"slice '{item.slice}': no column '{condition.column}' in {RECORD_MODEL}; correct its name"
    for name in rules.slice_precision:
        if name not in names:
            yield f"slice_precision.{name}: no such slice; slices are {', '.join(names)}"
