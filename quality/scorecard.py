"""Scorecards: how complete, valid, unique, timely, consistent and accurate the records of each source and branch are.

What is measured stands in `config/quality/scorecard.yml`; the result is the table `quality_scorecard` of the warehouse,
grain as_of × source × branch × dimension × element, kept for `quality.trend_days`. A rerun of a day replaces its rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import duckdb
from pydantic import Field, RootModel, ValidationError, model_validator

from quality.checks import Strict
from quality.suites import SCORECARD, problem_line, read_quality_file
from warehouse import store
from warehouse.errors import NotFoundError, SettingsError
from warehouse.organization import load_branches, scope
from warehouse.settings import Settings

Dimension = Literal["completeness", "validity", "uniqueness", "timeliness", "consistency", "accuracy"]
DIMENSIONS: tuple[Dimension, ...] = (
    "completeness", "validity", "uniqueness", "timeliness", "consistency", "accuracy"
)  # fmt: skip
_TABLE = """
create table if not exists quality_scorecard (
    as_of date, source varchar, branch_code varchar, dimension varchar, element varchar,
    numerator bigint, denominator bigint, score double, run_id varchar, source_freshness date
)"""


class Measure(Strict):
    """One share: of the rows where `counts`, those where `holds`; both are SQL conditions on the part's columns."""

    dimension: Dimension
    element: str = Field(pattern="[a-z_]+")
    zh: str
    en: str
    counts: str = "true"
    holds: str


class Part(Strict):
    """Measures of one query."""

    query: str = Field(alias="from")
    measures: tuple[Measure, ...] = Field(min_length=1)


class _Card(RootModel[dict[str, Part]]):
    root: dict[str, Part]

    @model_validator(mode="after")
    def _are_told_apart(self) -> _Card:
        names = [(one.dimension, one.element) for part in self.root.values() for one in part.measures]
        twice = sorted({f"{dimension} {element}" for dimension, element in names
                        if names.count((dimension, element)) > 1})  # fmt: skip
        if twice:
            raise ValueError(f"measured twice: {', '.join(twice)}")
        return self


def load_card(settings: Settings) -> dict[str, Part]:
    """The parts of the scorecard, by name; a site without the file measures nothing.

    Raises:
        SettingsError: one line per wrong key, unknown dimension, or element that is measured twice.
    """
    path = settings.config_dir / "quality" / f"{SCORECARD}.yml"
    if not path.exists():
        return {}
    try:
        return _Card.model_validate(read_quality_file(path)).root
    except ValidationError as error:
        raise SettingsError(*(problem_line(path, item) for item in error.errors())) from None


def score(settings: Settings, as_of: dt.date, run_id: str) -> dict[str, int]:
    """Measure the records of the newest run.

    Returns:
        How many scores there are for the day.

    Raises:
        SettingsError: a query or condition cannot be evaluated; it is named.
    """
    card = load_card(settings)
    with store.connect(settings) as con:
        con.begin()
        con.execute(_TABLE)
        oldest = as_of - dt.timedelta(days=settings.quality.trend_days - 1)
        con.execute("delete from quality_scorecard where as_of = ? or as_of < ?", [as_of, oldest])
        for name, part in card.items():
            _measure(settings, con, name, part, as_of, run_id)
        found = con.execute("select count(*) from quality_scorecard where as_of = ?", [as_of]).fetchone()
        con.commit()
    return {"scores": found[0] if found else 0}


def _measure(
    settings: Settings, con: duckdb.DuckDBPyConnection, name: str, part: Part, as_of: dt.date, run_id: str
) -> None:
    try:
        con.execute(_insert(part), {"as_of": as_of, "run_id": run_id})
    except (duckdb.CatalogException, duckdb.BinderException, duckdb.ParserException) as error:
        path = settings.config_dir / "quality" / f"{SCORECARD}.yml"
        where = ", ".join(_broken(con, part, as_of)) or "from"
        told = f"cannot be evaluated ({type(error).__name__}); correct it"
        raise SettingsError(f"{path}: {name}: {where}: {told}") from None


def _insert(part: Part) -> str:
    """All measures of a part in one pass over its rows."""
    counts = ",\n".join(
        f"count(*) filter (where {one.counts}) as d{place}, "
        f"count(*) filter (where ({one.counts}) and ({one.holds})) as n{place}"
        for place, one in enumerate(part.measures)
    )
    scores = ", ".join(
        f"{{'dimension': '{one.dimension}', 'element': '{one.element}', 'n': n{place}, 'd': d{place}}}"
        for place, one in enumerate(part.measures)
    )
    return f"""
        insert into quality_scorecard
        with part as ({part.query})
        , counted as (select source, branch_code, {counts} from part group by source, branch_code)
        , scored as (select source, branch_code, unnest([{scores}]) as one from counted)
        select
            $as_of, scored.source, branch_code, one.dimension, one.element, one.n, one.d, one.n / one.d, $run_id,
            source_status.data_as_of
        from scored
        left join source_status on source_status.source = scored.source
        where one.d > 0
        order by scored.source, branch_code, one.dimension, one.element
    """


def _broken(con: duckdb.DuckDBPyConnection, part: Part, as_of: dt.date) -> list[str]:
    """The measures that fail alone."""
    broken = []
    con.rollback()
    for one in part.measures:
        sql = f"select ({one.counts}) and ({one.holds}) from ({part.query}) where $as_of is not null limit 0"
        try:
            con.execute(sql, {"as_of": as_of})
        except duckdb.Error:
            broken.append(f"{one.dimension} {one.element}")
    return broken if len(broken) < len(part.measures) else []


@dataclass(frozen=True)
class Score:
    """A share on the newest day, summed over branches (and elements), and the same on earlier days, oldest first."""

    source: str
    dimension: str
    element: str | None
    numerator: int
    denominator: int
    trend: list[float]

    @property
    def value(self) -> float:
        """The share."""
        return self.numerator / self.denominator

    @property
    def change(self) -> float | None:
        """Against the day before it, if there is one."""
        return self.trend[-1] - self.trend[-2] if len(self.trend) > 1 else None


def newest_day(settings: Settings) -> dt.date:
    """The newest day that was scored.

    Raises:
        NotFoundError: none was.
    """
    with store.connect(settings, read_only=True) as con:
        if store.table_exists(con, "quality_scorecard"):
            row = con.execute("select max(as_of) from quality_scorecard").fetchone()
            if row and row[0]:
                day: dt.date = row[0]
                return day
    raise NotFoundError("no scorecard yet; run a day first (mdm run)")


def read_scores(
    settings: Settings, as_of: dt.date, *, source: str | None = None, dimension: str | None = None,
    branch: str | None = None, by_element: bool = False, by_branch: bool = False,
) -> list[Score]:  # fmt: skip
    """Scores of a day with their trend, by source and dimension (and element).

    Args:
        settings: the site.
        as_of: the day.
        source: only this source.
        dimension: only this dimension.
        branch: only this branch and those below it.
        by_element: element by element.
        by_branch: by branch instead of by source; `Score.source` is the branch then.

    Raises:
        NotFoundError: nothing was scored that fits.
    """
    what = "coalesce(branch_code, '')" if by_branch else "source"
    element = "element" if by_element else "null"
    branches = sorted(scope(load_branches(settings), branch)) if branch else None
    sql = f"""
        with daily as (
            select {what} as what, dimension, {element} as element, as_of, sum(numerator) as n, sum(denominator) as d
            from quality_scorecard
            where as_of <= $as_of and ($source is null or source = $source)
                and ($dimension is null or dimension = $dimension)
                and ($branches is null or list_contains($branches::varchar[], branch_code))
            group by all
        )
        select what, dimension, element, max_by(n, as_of), max_by(d, as_of), list(n / d order by as_of)
        from daily
        group by what, dimension, element
        having max(as_of) = $as_of
        order by what, dimension, element
    """
    wanted = {"as_of": as_of, "source": source, "dimension": dimension, "branches": branches}
    with store.connect(settings, read_only=True) as con:
        rows: Sequence[Any] = con.execute(sql, wanted).fetchall()
    if not rows:
        raise NotFoundError(f"no scores of {as_of} for this source, branch or dimension; see mdm quality")
    return [Score(what, kind, element, int(n), int(d), trend) for what, kind, element, n, d, trend in rows]
