"""Decisions must not contradict each other: 'same' is transitive, so A = B and B = C forbid A ≠ C."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from stewardship.store import Decision, Task


def _touching(session: Session, records: set[str], verdict: str, leave_out: int | None) -> list[Decision]:
    """Decisions in force with this verdict on any of these records."""
    query = (
        select(Decision)
        .join(Task, Task.decision_id == Decision.decision_id)
        .where(Decision.verdict == verdict)
        .where(or_(Decision.record_id_l.in_(records), Decision.record_id_r.in_(records)))
        .order_by(Decision.decision_id)
    )
    return [decision for decision in session.scalars(query) if decision.decision_id != leave_out]


def _customer(session: Session, start: str, leave_out: int | None) -> dict[str, list[int]]:
    """All records said to be the same as `start`, each with the decisions on the way to it."""
    found: dict[str, list[int]] = {start: []}
    frontier = {start}
    while frontier:
        reached = {}
        for decision in _touching(session, frontier, "same", leave_out):
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
    if verdict == "unsure":
        return []
    left = _customer(session, record_id_l, leave_out)
    if verdict == "different":
        return [left[record_id_r]] if record_id_r in left else []
    right = _customer(session, record_id_r, leave_out)
    found = []
    for decision in _touching(session, set(left), "different", leave_out):
        for a, b in (
            (decision.record_id_l, decision.record_id_r),
            (decision.record_id_r, decision.record_id_l),
        ):
            if a in left and b in right:
                found.append(sorted({*left[a], decision.decision_id, *right[b]}))
    return found


def contradictory_pairs(verdicts: Iterable[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """Pairs said to be different although 'same' verdicts connect them, in a whole list of (left, right, verdict)."""
    verdicts = list(verdicts)
    parent: dict[str, str] = {}

    def root(record: str) -> str:
        while parent.setdefault(record, record) != record:
            parent[record] = parent[parent[record]]
            record = parent[record]
        return record

    for left, right, verdict in verdicts:
        if verdict == "same":
            parent[root(left)] = root(right)
    return [(a, b) for a, b, verdict in verdicts if verdict == "different" and root(a) == root(b)]
