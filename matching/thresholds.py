"""Which link and review lines the stewards' decisions support; a person writes them into the model file.

Only pairs of the clerical sample are used: drawn by hash within strata, they speak for all pairs of their stratum.
Decisions on the queue's doubtful pairs would bias every figure. Judged are the pairs whose verdict hangs on the line:
no strong identifier, conflict or guard decides them. They are weighed anew with the numbers in force, so lines can be
chosen after a training and before the next run.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist
from typing import Any

import duckdb

from matching.decisions import PairDecision
from matching.interval import Stratum, ratio, stratified
from matching.lifecycle import in_force, prepared
from matching.sample import make_frame, make_judged
from matching.score import scorer
from matching.verdict import judged_sql
from warehouse.settings import Settings

_STEP = 0.5  # bits between two lines
_LEVEL = 0.95


@dataclass(frozen=True)
class Weighed:
    """A pair of the newest run that the line decides: its weight, stratum, and what a steward said of it, if any."""

    weight: float
    stratum: str
    is_match: bool | None


def thresholds(
    settings: Settings, party_type: str, decisions: Iterable[PairDecision], precision: float, recall: float
) -> dict[str, Any]:
    """Estimate precision and recall by link line and propose lines.

    Args:
        settings: the site.
        party_type: person or organization.
        decisions: in force; those outside of the sample are left out.
        precision: the lower end of the interval that links must reach.
        recall: the share of the matches that must lie at or above the review line.

    Returns:
        party_type, level, pairs, judged, now (link, review), proposed (link, review; None where the decisions do not
        support one), needed (decisions, all of them right, that such a precision takes), and lines: line, pairs,
        judged, precision and recall, each point, low, high. Recall is among pairs the newest run kept.

    Raises:
        NotFoundError: unknown party type, or nothing linked yet.
    """
    with prepared(settings, party_type) as bench:
        parameters = in_force(settings, bench.model)
        bench.con.execute("use warehouse")
        make_frame(settings, bench.con)
        make_judged(bench.con, decisions)
        bench.con.execute("use memory")
        table = bench.prepared.table
        _frame_pairs(bench.con, party_type, table)
        ready = scorer(bench.prepared, parameters)
        ready.weigh("frame_pairs", "frame_verdicts", partial(judged_sql, bench.model))
        pairs = _weighed(bench.con, table)
        now = bench.model.thresholds
    lines = by_line(pairs)
    return {
        "party_type": party_type,
        "level": _LEVEL,
        "pairs": len(pairs),
        "judged": sum(pair.is_match is not None for pair in pairs),
        "now": {"link": now.link, "review": now.review},
        "proposed": propose(lines, precision, recall),
        "needed": needed(precision),
        "lines": lines,
    }


def _frame_pairs(con: duckdb.DuckDBPyConnection, party_type: str, table: str) -> None:
    con.execute(
        "create or replace table frame_pairs as select 'frame' as match_key, l.record_no as join_key_l,"
        f" r.record_no as join_key_r from frame join {table} as l on l.record_id = record_id_l"
        f" join {table} as r on r.record_id = record_id_r where party_type = ?",
        [party_type],
    )


def _weighed(con: duckdb.DuckDBPyConnection, table: str) -> list[Weighed]:
    """Pairs that the line decides: the judge gives them no other rule than the one that found them."""
    rows = con.execute(
        "select verdicts.match_weight, frame.stratum, judged.is_same from frame_verdicts as verdicts"
        f" join {table} as l on l.record_no = verdicts.record_no_l"
        f" join {table} as r on r.record_no = verdicts.record_no_r"
        " join frame on frame.record_id_l = l.record_id and frame.record_id_r = r.record_id"
        " left join judged on judged.record_id_l = l.record_id and judged.record_id_r = r.record_id"
        " where verdicts.strong is null and verdicts.conflict is null and verdicts.guard is null"
        " and verdicts.rule = 'frame' order by l.record_id, r.record_id"
    ).fetchall()
    return [Weighed(*row) for row in rows]


def by_line(pairs: Sequence[Weighed]) -> list[dict[str, Any]]:
    """Precision and recall of every line in steps of half a bit, from the lightest pair to the heaviest."""
    if not pairs:
        return []
    first = math.floor(min(pair.weight for pair in pairs) / _STEP)
    last = math.floor(max(pair.weight for pair in pairs) / _STEP)
    return [_line(pairs, place * _STEP) for place in range(first, last + 1)]


def _line(pairs: Sequence[Weighed], line: float) -> dict[str, Any]:
    above = _strata(pair for pair in pairs if pair.weight >= line)
    below = _strata(pair for pair in pairs if pair.weight < line)
    found = stratified(above, _LEVEL)
    each = 1 - (1 - _LEVEL) / 2  # two intervals at once
    kept, missed = stratified(above, each), stratified(below, each)
    point, low, high = ratio(kept, missed) if below else (1.0, 1.0, 1.0)
    return {
        "line": line,
        "pairs": found.size,
        "judged": found.judged,
        "precision": _rounded(found.point, found.low, found.high),
        "recall": _rounded(point, low, high),
    }


def _strata(pairs: Iterable[Weighed]) -> list[Stratum]:
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for pair in pairs:
        found = counts[pair.stratum]
        found[0] += 1
        found[1] += pair.is_match is not None
        found[2] += pair.is_match is True
    return [Stratum(*counts[name]) for name in sorted(counts)]


def _rounded(point: float | None, low: float, high: float) -> dict[str, float | None]:
    return {"point": None if point is None else round(point, 5), "low": round(low, 5), "high": round(high, 5)}


def propose(lines: Sequence[dict[str, Any]], precision: float, recall: float) -> dict[str, float | None]:
    """The lowest line that surely reaches the precision; the highest, not above it, that holds the recall."""
    link = next((line["line"] for line in lines if line["precision"]["low"] >= precision), None)
    held = [line["line"] for line in lines if (line["recall"]["point"] or 0) >= recall]
    review = max((line for line in held if link is None or line <= link), default=None)
    return {"link": link, "review": review}


def needed(precision: float) -> int:
    """Decisions, all of them right, after which Wilson's lower end reaches a precision: z² p / (1 - p)."""
    z = NormalDist().inv_cdf((1 + _LEVEL) / 2)
    return math.ceil(z * z * precision / (1 - precision))
