"""The quality page of a business day: scorecards with trend, results of both gates, quarantine, in one offline file.

Great Expectations' own pages load their looks from servers outside; this page loads nothing. It holds names of tables,
columns, rules and branches, and counts; no value and no key of a customer.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from quality.scorecard import DIMENSIONS, Score, load_card, read_scores
from warehouse import store
from warehouse.organization import load_branches
from warehouse.settings import Settings

_WIDTH, _HEIGHT = 80, 18  # of a trend line, pixels
_QUARANTINE = """
    select source, table_name, rule, reason, state, count(distinct (as_of, delivery, row_number)) as rows,
        min(first_seen) as first_seen
    from quarantine
    group by source, table_name, rule, reason, state
    order by source, table_name, rule, state
"""


def write_page(settings: Settings, as_of: dt.date) -> Path:
    """Write the page of a day; its path.

    Raises:
        NotFoundError: the day was not scored.
    """
    card = load_card(settings)
    measures = {(one.dimension, one.element): one for part in card.values() for one in part.measures}
    names = {branch.code: branch for branch in load_branches(settings)}
    values = {
        "as_of": as_of, "settings": settings, "dimensions": DIMENSIONS, "measures": measures, "branches": names,
        "by_source": _grid(read_scores(settings, as_of)),
        "by_branch": _grid(read_scores(settings, as_of, by_branch=True)),
        "elements": read_scores(settings, as_of, by_element=True),
        "raw": _results(settings, as_of, "raw"), "golden": _results(settings, as_of, "golden"),
        "quarantine": _quarantine(settings), "trend": trend_points, "width": _WIDTH, "height": _HEIGHT,
    }  # fmt: skip
    text = _template().render(values)
    path = settings.quality_dir / f"{as_of}" / "index.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)
    return path


def _template() -> Any:  # noqa: ANN401 - a jinja2 template
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("quality.html")


def _grid(scores: list[Score]) -> dict[str, dict[str, Score]]:
    """Scores by source (or branch) and dimension."""
    grid: dict[str, dict[str, Score]] = {}
    for score in scores:
        grid.setdefault(score.source, {})[score.dimension] = score
    return grid


def trend_points(score: Score) -> str:
    """The points of a trend line, oldest day left, from 0 at the bottom to 1 at the top."""
    step = _WIDTH / max(len(score.trend) - 1, 1)
    return " ".join(
        f"{place * step:.1f},{(1 - value) * (_HEIGHT - 2) + 1:.1f}" for place, value in enumerate(score.trend)
    )


def _results(settings: Settings, as_of: dt.date, gate: str) -> dict[str, Any]:
    """What a gate wrote about the day, by table; empty when it did not run."""
    path = settings.quality_dir / f"{as_of}" / f"{gate}.json"
    if not path.exists():
        return {}
    tables: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["tables"]
    return tables


def _quarantine(settings: Settings) -> list[dict[str, Any]]:
    with store.connect(settings, read_only=True) as con:
        if not store.table_exists(con, "quarantine"):
            return []
        result = con.execute(_QUARANTINE)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
