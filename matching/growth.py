"""How a customer grew: in which order its records came together, and which pair brought each of them.

Days and former ids come from `party_identity` and `identity_event`; within a day the strongest pair comes first, as in
clustering: a steward's word, a strong identifier, then the heaviest. Weights are those of the newest run.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_CERTAINTY = {"decision": 0, "strong_id": 1, "model": 2}


@dataclass(frozen=True)
class Stay:
    """A record bore an id during [valid_from, valid_to)."""

    record_id: str
    golden_id: str
    valid_from: dt.date
    valid_to: dt.date | None


def grow(golden_id: str, stays: Sequence[Stay], edges: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The steps by which a customer came to hold its records.

    Args:
        golden_id: the customer.
        stays: every stay of its present records, under this id and others.
        edges: links between its records, as in `match_pair`.

    Returns:
        One step per record, in order: as_of, action (`start`, `record` for a new one, `merge` for one that came from
        another customer, `return` for one that had been here before), record_id, came_from (former id or None),
        joined_by (the two records of the pair), pair_id, origin, rule, match_weight (None for the first record, or
        where no link is left).
    """
    by_day: dict[dt.date, list[str]] = defaultdict(list)
    for stay in stays:
        if stay.golden_id == golden_id and stay.valid_to is None:
            by_day[stay.valid_from].append(stay.record_id)
    steps: list[dict[str, Any]] = []
    inside: list[str] = []
    for day in sorted(by_day):
        for record, edge in _order(inside, by_day[day], edges):
            steps.append({"as_of": day, "record_id": record, **_origin(golden_id, record, day, stays)} | _link(edge))
            inside.append(record)
    if steps:
        steps[0]["action"] = "start"
    return steps


def _order(
    inside: Sequence[str], coming: Sequence[str], edges: Sequence[Mapping[str, Any]]
) -> list[tuple[str, Mapping[str, Any] | None]]:
    """Each time the strongest link from inside to outside; a record without one comes last (a link of former days)."""
    known, waiting = set(inside), set(coming)
    ranked = sorted(edges, key=_rank)
    if not known and waiting:
        known.add(_first(ranked, waiting))
    order: list[tuple[str, Mapping[str, Any] | None]] = [(record, None) for record in sorted(known & waiting)]
    waiting -= known
    while waiting:
        edge = next((edge for edge in ranked if len({edge["record_id_l"], edge["record_id_r"]} & known) == 1
                     and {edge["record_id_l"], edge["record_id_r"]} & waiting), None)  # fmt: skip
        record = min(waiting) if edge is None else next(iter({edge["record_id_l"], edge["record_id_r"]} & waiting))
        order.append((record, edge))
        known.add(record)
        waiting.discard(record)
    return order


def _first(ranked: Sequence[Mapping[str, Any]], waiting: set[str]) -> str:
    """The smaller record of the strongest link among them."""
    for edge in ranked:
        if {edge["record_id_l"], edge["record_id_r"]} <= waiting:
            return str(edge["record_id_l"])
    return min(waiting)


def _rank(edge: Mapping[str, Any]) -> tuple[int, float, str, str]:
    return _CERTAINTY[edge["origin"]], -edge["match_weight"], edge["record_id_l"], edge["record_id_r"]


def _origin(golden_id: str, record: str, day: dt.date, stays: Sequence[Stay]) -> dict[str, Any]:
    """Where a record came from: nowhere, another customer, or back from one."""
    mine = [stay for stay in stays if stay.record_id == record and stay.valid_from < day]
    before = max(mine, key=lambda stay: stay.valid_from, default=None)
    if before is None:
        return {"action": "record", "came_from": None}
    is_back = any(stay.golden_id == golden_id for stay in mine)
    came_from = before.golden_id if before.golden_id != golden_id else None
    return {"action": "return" if is_back else "merge", "came_from": came_from}


def _link(edge: Mapping[str, Any] | None) -> dict[str, Any]:
    if edge is None:
        return {"joined_by": None, "pair_id": None, "origin": None, "rule": None, "match_weight": None}
    return {
        "joined_by": [edge["record_id_l"], edge["record_id_r"]],
        **{key: edge[key] for key in ("pair_id", "origin", "rule", "match_weight")},
    }
