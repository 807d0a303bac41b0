"""A person lets a run be published although it breaks limits of the release gate: kept in the audit trail, for ever.

An approval is for one content of one run (the fingerprint the gate gave it), so it covers nothing that comes later.
"""

from __future__ import annotations

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from stewardship import audit
from stewardship.permissions import Actor, Permission
from stewardship.store import AuditEvent, User, open_store, reading, writing
from warehouse.errors import DecisionError
from warehouse.settings import Settings

_REASON_LENGTH = 300
# a document, phone or card number typed into a reason that auditors read
_LONG_NUMBER = re.compile(r"(?:\d[\s-]?){7,}")
_ACTION = "approve_release"


def _subject(run_id: str, fingerprint: str) -> str:
    return f"release:{run_id}:{fingerprint}"


def approvals(settings: Settings, run_id: str) -> dict[str, str]:
    """The contents of a run that somebody approved: fingerprint -> login of the last who did."""
    prefix = _subject(run_id, "")
    query = (
        select(AuditEvent)
        .where(AuditEvent.action == _ACTION, AuditEvent.object.startswith(prefix, autoescape=True))
        .order_by(AuditEvent.event_id)
    )
    with reading(open_store(settings)) as session:
        return {event.object.removeprefix(prefix): event.actor for event in session.scalars(query)}


def approve(settings: Settings, run_id: str, fingerprint: str, login: str, reason: str, account: str) -> None:
    """Record an approval.

    Args:
        settings: the site.
        run_id: the run.
        fingerprint: of the content the gate refused.
        login: the steward page's login of who approves.
        reason: why, without customer values.
        account: operating-system account the command was typed in.

    Raises:
        DecisionError: unknown or inactive login, a role that may not approve, no reason, or one with a number in it;
            all at once.
    """
    with writing(open_store(settings)) as session:
        actor = _actor(session, login, account)
        problems = _problems(actor, login, reason.strip())
        if problems or actor is None:
            raise DecisionError(*problems)
        audit.record(session, actor, _ACTION, _subject(run_id, fingerprint), reason=reason.strip())


def _actor(session: Session, login: str, account: str) -> Actor | None:
    user = session.get(User, login)
    if user is None or not user.is_active:
        return None
    return Actor(user.login, user.role, user.branch_code, ip=f"command:{account}"[:60])


def _problems(actor: Actor | None, login: str, reason: str) -> list[str]:
    problems = []
    if actor is None:
        problems.append(f"--by {login}: no such active user of the steward page; give the login of a person")
    elif not actor.may(Permission.APPROVE_RELEASE):
        problems.append(f"--by {login}: the role {actor.role} may not approve a release; ask a supervisor")
    if not reason:
        problems.append("--reason: empty; say in a few words why readers may see this")
    if len(reason) > _REASON_LENGTH:
        problems.append(f"--reason: longer than {_REASON_LENGTH} characters; shorten it")
    if _LONG_NUMBER.search(reason):
        problems.append("--reason: holds a long number; auditors read it, leave customers' numbers out")
    return problems
