"""Show the clear values of one record: for a reason, and never without an audit event that names the columns."""

from __future__ import annotations

from sqlalchemy.orm import Session

from stewardship import audit
from stewardship.fields import RECORD_ID
from stewardship.inbox import find_task
from stewardship.payload import Vault, record_place
from stewardship.permissions import Actor
from stewardship.text import REVEAL_REASONS, say
from warehouse.errors import DecisionError, NotFoundError


def reveal(
    session: Session, vault: Vault, actor: Actor, task_id: str, position: int, reason_code: str
) -> dict[str, str]:
    """The values of a record that its masks hide.

    Args:
        session: a writing session: the event is kept before the values go out.
        vault: opens the payload.
        actor: who asks.
        task_id: the task.
        position: which of its records, from 0.
        reason_code: why, one of `REVEAL_REASONS`.

    Raises:
        DecisionError: no valid reason.
        NotFoundError: no such task or record for this person.
    """
    task = find_task(session, actor, task_id)
    if reason_code not in REVEAL_REASONS:
        raise DecisionError(say(actor.language, "error.reason"))
    record = next((r for r in task.records if r.position == position), None)
    if record is None:
        raise NotFoundError(say(actor.language, "error.no_record"))
    clear = vault.open_values(record_place(task_id, position), record.clear)
    hidden = {name: value for name, value in clear.items() if record.masked.get(name) != value}
    subject = f"task:{task_id} record:{record.masked[RECORD_ID]}"
    audit.record(session, actor, "reveal", subject, columns=hidden, reason=reason_code)
    return hidden
