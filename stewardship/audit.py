"""The audit trail: who, when, where, which object, what, why. Never a customer's value, never the text of a search."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from stewardship.permissions import Actor
from stewardship.store import AuditEvent, utc_now

ACTIONS = (
    "login", "login_failed", "login_blocked", "logout", "list_tasks", "view_task", "reveal", "decide", "undo",
    "list_decisions", "list_exceptions", "correct", "search_audit", "approve_release", "denied",
)  # fmt: skip


def record(
    session: Session, actor: Actor, action: str, subject: str, columns: Iterable[str] = (), reason: str = ""
) -> None:
    """Add one event to the transaction of the deed itself: both are kept, or neither.

    Args:
        session: the open transaction.
        actor: who.
        action: one of `ACTIONS`.
        subject: the object's id, e.g. `task:…`; for a list only its kind.
        columns: names of columns that were shown clear.
        reason: why, as a code or a note already checked for customer values.
    """
    session.add(
        AuditEvent(
            at=utc_now(),
            actor=actor.login,
            role=actor.role,
            branch_code=actor.branch_code,
            ip=actor.ip,
            action=action,
            object=subject[:200],
            columns=sorted(columns),
            reason=reason,
        )
    )


@dataclass(frozen=True)
class AuditFilter:
    """What an auditor searches for; empty fields match everything."""

    actor: str = ""
    action: str = ""
    object: str = ""
    day: dt.date | None = None
    page: int = 1
    page_size: int = 50


def _conditions(query: Select[AuditEvent], actor: Actor, wanted: AuditFilter) -> Select[AuditEvent]:
    if actor.branches is not None:
        query = query.where(AuditEvent.branch_code.in_(actor.branches))
    if wanted.actor:
        query = query.where(AuditEvent.actor == wanted.actor)
    if wanted.action:
        query = query.where(AuditEvent.action == wanted.action)
    if wanted.object:
        query = query.where(AuditEvent.object.contains(wanted.object, autoescape=True))
    if wanted.day:
        start = dt.datetime.combine(wanted.day, dt.time(), dt.UTC)
        query = query.where(AuditEvent.at >= start, AuditEvent.at < start + dt.timedelta(days=1))
    return query


def search(session: Session, actor: Actor, wanted: AuditFilter) -> tuple[list[AuditEvent], int]:
    """Events newest first, and how many there are in all; only those of the actor's branches."""
    query = _conditions(select(AuditEvent), actor, wanted)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    page = query.order_by(AuditEvent.event_id.desc()).limit(wanted.page_size)
    return list(session.scalars(page.offset((wanted.page - 1) * wanted.page_size))), total
