"""Decisions must not contradict each other.

`same` is transitive: A = B and B = C forbid to keep A and C apart, for whatever reason. So is being one party, whether
in one customer or in two on purpose (`same_apart`): what these two connect cannot be two parties.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from matching.decisions import ONE_PARTY, TWO_PARTIES
from stewardship.store import Decision, Task

# what connects records, and what may not be said of two records so connected
_RULES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ((("same",), ("same_apart",)), (ONE_PARTY, TWO_PARTIES))


def _touching(session: Session, records: set[str], verdicts: tuple[str, ...], leave_out: int | None) -> list[Decision]:
    """Decisions in force with one of these verdicts on any of these records."""
    query = (
        select(Decision)
        .join(Task, Task.decision_id == Decision.decision_id)
        .where(Decision.verdict.in_(verdicts))
        .where(or_(Decision.record_id_l.in_(records), Decision.record_id_r.in_(records)))
        .order_by(Decision.decision_id)
    )
    return [decision for decision in session.scalars(query) if decision.decision_id != leave_out]


def _connected(session: Session, start: str, verdicts: tuple[str, ...], leave_out: int | None) -> dict[str, list[int]]:
    """All records that these verdicts connect with `start`, each with the decisions on the way to it."""
    found: dict[str, list[int]] = {start: []}
    frontier = {start}
    while frontier:
        reached = {}
        for decision in _touching(session, frontier, verdicts, leave_out):
            left, right = decision.record_id_l, decision.record_id_r
            for here, there in ((left, right), (right, left)):
                if here in frontier and there not in found and there not in reached:
                    reached[there] = [*found[here], decision.decision_id]
        found |= reached
        frontier = set(reached)
    return found


def contradictions(
    session: Session, record_id_l: str, record_id_r: str, verdict: str, leave_out: int | None = None
) -> list[list[int]]:
    """Which decisions in force would contradict this verdict; each item lists the decisions of one contradiction.

    Args:
        session: the open transaction.
        record_id_l: one record.
        record_id_r: the other record.
        verdict: the verdict about to be given; `unsure` contradicts nothing.
        leave_out: a decision that the new one replaces.
    """
    found = []
    for connecting, parting in _RULES:
        if verdict in parting:
            left = _connected(session, record_id_l, connecting, leave_out)
            found += [left[record_id_r]] if record_id_r in left else []
        elif verdict in connecting:
            left = _connected(session, record_id_l, connecting, leave_out)
            right = _connected(session, record_id_r, connecting, leave_out)
            found += _across(left, right, _touching(session, set(left), parting, leave_out))
    return found


def _across(left: dict[str, list[int]], right: dict[str, list[int]], parting: list[Decision]) -> list[list[int]]:
    """Decisions that part a record on the left from one on the right, with the way to both."""
    found = []
    for decision in parting:
        one, two = decision.record_id_l, decision.record_id_r
        for a, b in ((one, two), (two, one)):
            if a in left and b in right:
                found.append(sorted({*left[a], decision.decision_id, *right[b]}))
    return found


def contradictory_pairs(verdicts: Iterable[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """Pairs kept apart although others connect them, in a whole list of (left, right, verdict)."""
    verdicts = list(verdicts)
    wrong: dict[tuple[str, str], None] = {}
    for connecting, parting in _RULES:
        home = _components((left, right) for left, right, verdict in verdicts if verdict in connecting)
        apart = [(left, right) for left, right, verdict in verdicts if verdict in parting]
        wrong |= dict.fromkeys(pair for pair in apart if home.get(pair[0], pair[0]) == home.get(pair[1], pair[1]))
    return list(wrong)


def _components(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Record -> one record that stands for all that are connected with it."""
    parent: dict[str, str] = {}

    def root(record: str) -> str:
        while parent.setdefault(record, record) != record:
            parent[record] = parent[parent[record]]
            record = parent[record]
        return record

    for left, right in pairs:
        parent[root(left)] = root(right)
    return {record: root(record) for record in list(parent)}
