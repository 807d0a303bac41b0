"""Expectation suites as data: `config/quality/<source>.yml` for raw tables, `config/quality/golden.yml` for the result.

Every way a suite could be left out in silence is refused: an empty file, a table without checks, a table the source
does not have, a key that stands twice (YAML would keep the last), a column that does not exist.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, RootModel, ValidationError, model_validator
from pydantic_core import ErrorDetails

from quality.checks import DELIVERY_KINDS, AnyCheck, References, Strict
from quality.source_tables import SourceTable, source_names, source_tables
from warehouse.errors import SettingsError
from warehouse.policy import MaskName
from warehouse.settings import Settings

GOLDEN, SCORECARD = "golden", "scorecard"  # the files of config/quality that are no source's suites


class TableSuite(Strict):
    """The checks of one table.

    More than `quarantine_limit` of the rows in quarantine mean that the delivery is broken, not its rows: it stops.
    `branch` is the column with the branch that owns a row. `masks` say how a column is shown to those who repair rows
    in quarantine; a column without one is not shown at all. `query` (golden suites only) makes the table that is
    checked from the warehouse.
    """

    quarantine_limit: float = Field(0.2, gt=0, le=1)
    query: str | None = None
    branch: str | None = None
    masks: dict[str, MaskName] = Field(default_factory=dict)
    checks: tuple[Annotated[AnyCheck, Field(discriminator="check")], ...]

    @model_validator(mode="after")
    def _checks_something(self) -> TableSuite:
        if not self.checks:
            raise ValueError("no checks; add one or remove the table")
        return self

    @property
    def fingerprint(self) -> str:
        """Short hash of everything a verdict depends on: another suite, another verdict."""
        return hashlib.sha256(self.model_dump_json(exclude={"masks"}).encode()).hexdigest()[:16]

    @property
    def columns(self) -> list[str]:
        """The columns its checks look at."""
        return sorted({column for check in self.checks for column in check.columns_used})


class _Suites(RootModel[dict[str, TableSuite]]):
    root: dict[str, TableSuite] = Field(min_length=1)


class _OnceLoader(yaml.SafeLoader):
    """YAML whose mappings may not name a key twice."""


def _mapping(loader: _OnceLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    for place, key in enumerate(keys):
        if key in keys[:place]:
            raise _TwiceError(str(key), node.value[place][0].start_mark.line + 1)
    return loader.construct_mapping(node, deep=True)


_OnceLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


class _TwiceError(Exception):
    """A key stands twice."""

    def __init__(self, key: str, line: int) -> None:
        super().__init__(f"line {line}: '{key}' stands twice, the first one would be ignored; put both together")


def read_quality_file(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds; a schema checks it next
    """The content of a YAML file of `config/quality`.

    Raises:
        SettingsError: it is not YAML, or names a key twice.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_OnceLoader)  # a SafeLoader
    except _TwiceError as error:
        raise SettingsError(f"{path}: {error}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise SettingsError(f"{path}: not readable as YAML; correct the file") from None


def load_suites(config_dir: Path, name: str) -> dict[str, TableSuite]:
    """The suites of a source (or `golden`), by table; a source without a file has none.

    Raises:
        SettingsError: one line for each wrong or unknown key.
    """
    path = config_dir / "quality" / f"{name}.yml"
    if not path.exists():
        return {}
    try:
        suites = _Suites.model_validate(read_quality_file(path)).root
    except ValidationError as error:
        raise SettingsError(*(problem_line(path, item) for item in error.errors())) from None
    if name == GOLDEN and (problems := _golden_problems(path, suites)):
        raise SettingsError(*problems)
    return suites


def _golden_problems(path: Path, suites: Mapping[str, TableSuite]) -> list[str]:
    """A golden table has no row numbers and no deliveries."""
    return [
        f"{path}: {table}: {check.rule}: only for tables of a source; use a query or level table"
        for table, suite in suites.items()
        for check in suite.checks
        if check.level == "row" or isinstance(check, DELIVERY_KINDS)
    ]


def source_suites(settings: Settings, source: str) -> dict[str, TableSuite]:
    """The suites of a source, checked against the tables and columns the source has.

    Raises:
        SettingsError: one line per problem; a suite nobody would ever run is one.
    """
    suites, tables = load_suites(settings.config_dir, source), source_tables(settings, source)
    path = settings.config_dir / "quality" / f"{source}.yml"
    problems = [problem for name, suite in suites.items() for problem in _problems(path, name, suite, tables)]
    if problems:
        raise SettingsError(*problems)
    return suites


def _problems(path: Path, name: str, suite: TableSuite, tables: Mapping[str, SourceTable]) -> list[str]:
    table = tables.get(name)
    if table is None:
        return [f"{path}: {name}: the source has no such table; correct the name (it would never be checked)"]
    named = {*suite.columns, *suite.masks, *([suite.branch] if suite.branch else [])}
    unknown = sorted(named - set(table.columns))
    problems = [f"{path}: {name}: no such column: {', '.join(unknown)}; correct the suite"] if unknown else []
    for check in suite.checks:
        if isinstance(check, References) and check.to not in tables.get(check.table, table).columns:
            problems.append(f"{path}: {name}: {check.rule}: no such column; correct the suite")
        if isinstance(check, References) and check.table not in tables:
            problems.append(f"{path}: {name}: {check.rule}: the source has no such table; correct the suite")
    return problems


def check_suites(settings: Settings) -> int:
    """Read every suite file of the site; how many tables have expectations.

    Raises:
        SettingsError: every problem of every file, files of no source included.
    """
    names = source_names(settings)
    files = sorted((settings.config_dir / "quality").glob("*.yml"))
    problems = [f"{path}: no source '{path.stem}' in config/sources; rename or remove the file"
                for path in files if path.stem not in {*names, GOLDEN, SCORECARD}]  # fmt: skip
    count = 0
    for name in [*names, GOLDEN]:
        try:
            suites = load_suites(settings.config_dir, name) if name == GOLDEN else source_suites(settings, name)
            count += len(suites)
        except SettingsError as error:
            problems += error.problems
    if problems:
        raise SettingsError(*problems)
    return count


def problem_line(path: Path, error: ErrorDetails) -> str:
    """One line for one problem of a file of `config/quality`."""
    where = ".".join(str(part) for part in error["loc"]) or "file"
    if error["type"] == "extra_forbidden":
        return f"{path}: unknown key '{where}'; remove it or correct its name (docs/quality.md lists all keys)"
    return f"{path}: key '{where}': {error['msg'].removeprefix('Value error, ').lower()}; correct the value"
