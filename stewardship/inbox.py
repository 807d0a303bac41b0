"""The queue: which tasks a person may see, in which order, which one comes next.

Most uncertain and most valuable first (`Task.priority`, ties by task id). A task is in a person's scope only if every
record of it lies in his branches; any other task does not exist for him.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from stewardship.permissions import Actor
from stewardship.store import Task, TaskRecord
from stewardship.text import say
from warehouse.errors import NotFoundError

STATUSES = ("open", "unsure", "decided", "closed")


class OutOfScopeError(NotFoundError):
    """The object exists in a branch the person may not see; to him it looks like any unknown object."""


@dataclass(frozen=True)
class TaskFilter:
    """What the queue shows; empty fields match everything. `unsure` are decided tasks that wait for information."""

    party_type: str = ""
    status: str = "open"
    branch: str = ""
    page: int = 1
    page_size: int = 25

    def query(self, **changes: object) -> dict[str, str]:
        """The filter as query parameters, defaults left out."""
        default = TaskFilter()
        now = replace(self, **changes)  # type: ignore[arg-type]
        return {
            name: str(getattr(now, name))
            for name in ("party_type", "status", "branch", "page")
            if getattr(now, name) != getattr(default, name)
        }


def priority_of(score: float, aum: int) -> float:
    """Order of the queue: uncertainty in 0…1 plus up to a half for value (log of whole yuan; 100 million is full)."""
    uncertainty = 1.0 - abs(2.0 * score - 1.0)
    value = min(math.log10(1 + max(aum, 0)) / 8.0, 1.0)
    return round(uncertainty + 0.5 * value, 9)


def in_scope(actor: Actor) -> ColumnElement[bool] | None:
    """The condition that every record of a task lies in the person's branches; None for the head office."""
    if actor.branches is None:
        return None
    foreign = or_(TaskRecord.branch_code.is_(None), TaskRecord.branch_code.not_in(actor.branches))
    return ~exists().where(TaskRecord.task_id == Task.task_id, foreign)


def _state_condition(status: str) -> ColumnElement[bool] | None:
    if status == "unsure":
        return and_(Task.status == "decided", Task.verdict == "unsure")
    if status == "decided":
        return and_(Task.status == "decided", Task.verdict != "unsure")
    return Task.status == status if status in STATUSES else None


def _where(actor: Actor, wanted: TaskFilter) -> list[ColumnElement[bool]]:
    conditions = [in_scope(actor), _state_condition(wanted.status)]
    if wanted.party_type:
        conditions.append(Task.party_type == wanted.party_type)
    if wanted.branch:
        here = exists().where(TaskRecord.task_id == Task.task_id, TaskRecord.branch_code == wanted.branch)
        conditions.append(here)
    return [condition for condition in conditions if condition is not None]


def _ordered(query: Select[Task]) -> Select[Task]:
    return query.order_by(Task.priority.desc(), Task.task_id)


def list_tasks(session: Session, actor: Actor, wanted: TaskFilter) -> tuple[list[Task], int]:
    """One page of the queue, and how many tasks match in all."""
    where = _where(actor, wanted)
    total = session.scalar(select(func.count()).select_from(Task).where(*where)) or 0
    page = _ordered(select(Task).where(*where)).limit(wanted.page_size)
    return list(session.scalars(page.offset((wanted.page - 1) * wanted.page_size))), total


def count_by_status(session: Session, actor: Actor, wanted: TaskFilter) -> dict[str, int]:
    """Tasks per status under the other filters."""
    counts = dict.fromkeys(STATUSES, 0)
    where = _where(actor, replace(wanted, status=""))
    unsure = func.coalesce(Task.verdict, "") == "unsure"
    query = select(Task.status, unsure, func.count()).where(*where).group_by(Task.status, unsure)
    for status, is_unsure, count in session.execute(query):
        counts["unsure" if status == "decided" and is_unsure else status] += count
    return counts


def next_task(session: Session, actor: Actor, wanted: TaskFilter, after: Task | None) -> str | None:
    """The next open task of the filter behind `after`, beginning anew at the end; None when nothing else is open."""
    where = _where(actor, replace(wanted, status="open"))
    query = select(Task.task_id).where(*where).order_by(Task.priority.desc(), Task.task_id).limit(1)
    if after is None:
        return session.scalar(query)
    behind = or_(Task.priority < after.priority, and_(Task.priority == after.priority, Task.task_id > after.task_id))
    return session.scalar(query.where(behind)) or session.scalar(query.where(Task.task_id != after.task_id))


def find_task(session: Session, actor: Actor, task_id: str, *, lock: bool = False) -> Task:
    """The task, if it exists for this person.

    Raises:
        OutOfScopeError: it exists, but in another branch (to be told to the audit, not to the person).
        NotFoundError: no such task.
    """
    query = select(Task).where(Task.task_id == task_id)
    task = session.scalar(query.with_for_update() if lock else query)
    if task is None:
        raise NotFoundError(say(actor.language, "error.no_task"))
    if not actor.sees([record.branch_code for record in task.records]):
        raise OutOfScopeError(say(actor.language, "error.no_task"))
    return task
