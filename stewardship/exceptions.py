"""Exceptions: rows in quarantine and codes without a mapping, each once, until they are put right.

One exception per delivery and rule, with the rows each branch owns; one per source, code set and code, which is the
head office's. Reads `quarantine` and `int_reference__unmapped_code` of the warehouse. Exceptions close by themselves
when the newest run no longer finds them, and open again when a later one does.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

import duckdb
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from stewardship.permissions import Actor
from stewardship.store import ExceptionCount, ExceptionTask, newest_as_of, open_store, writing
from warehouse import store as warehouse_store
from warehouse.settings import Settings

ExceptionStatus = Literal["open", "closed"]
HEAD_OFFICE = ""  # the branch code of rows no branch owns
_PAGE = 50
_CODE = re.compile(r"[\w.\-/]{1,12}")  # what a code looks like; anything else in its place may be a customer's value
_LONGEST_NUMBER = 5
_QUARANTINE = """
    select 'quarantine', source, table_name, rule, as_of, delivery, coalesce(branch_code, ''),
        count(distinct (as_of, delivery, row_number))
    from quarantine
    where state = 'open'
    group by all
"""
_UNMAPPED = """
    select 'unmapped_code', source, code_set, source_code, null, null, '', sum(rows)
    from int_reference__unmapped_code
    group by all
"""


@dataclass
class _Found:
    """One exception as the newest run has it."""

    kind: str
    source: str
    subject: str
    code: str
    delivered_on: dt.date | None
    rows: Counter[str] = field(default_factory=Counter)


def _find(con: duckdb.DuckDBPyConnection) -> dict[str, _Found]:
    found: dict[str, _Found] = {}
    for table, sql in (("quarantine", _QUARANTINE), ("int_reference__unmapped_code", _UNMAPPED)):
        rows = con.execute(sql).fetchall() if warehouse_store.table_exists(con, table) else []
        for kind, source, subject, code, day, delivery, branch, count in rows:
            told = "|".join(map(str, (kind, source, subject, code, day, delivery)))
            key = f"{kind}:{hashlib.sha256(told.encode()).hexdigest()[:24]}"
            shown = code if kind == "quarantine" else shown_code(code)
            found.setdefault(key, _Found(kind, source, subject, shown, day)).rows[branch] += int(count)
    return found


def shown_code(code: str | None) -> str:
    """A source's code as people may read it: what does not look like a code may be a customer's value."""
    if code is None:
        return "∅"
    looks_like_one = _CODE.fullmatch(code) and sum(letter.isdigit() for letter in code) <= _LONGEST_NUMBER
    return code if looks_like_one else "***"


def refresh_exceptions(settings: Settings, as_of: dt.date, run_id: str) -> dict[str, int]:
    """Bring the exceptions up to the newest run; a rerun changes nothing, an older day leaves them alone.

    Returns:
        Exceptions that are new, closed now, and open.
    """
    del run_id  # exceptions do not depend on it
    with warehouse_store.connect(settings) as con:
        found = _find(con)
    with writing(open_store(settings)) as session:
        newest = newest_as_of(session)
        if newest is not None and newest > as_of:
            return {"new_exceptions": 0, "closed_exceptions": 0, "open_exceptions": _count(session, "open", None)}
        known = {task.exception_id: task for task in session.scalars(select(ExceptionTask))}
        new = [_keep(session, key, one, known.get(key), as_of) for key, one in found.items()]
        gone = [task for key, task in known.items() if key not in found and task.status == "open"]
        for task in gone:
            task.status = "closed"
    return {"new_exceptions": sum(new), "closed_exceptions": len(gone), "open_exceptions": len(found)}


def _keep(session: Session, key: str, found: _Found, task: ExceptionTask | None, as_of: dt.date) -> bool:
    """Store an exception; whether it is new."""
    is_new = task is None
    if task is None:
        task = ExceptionTask(
            exception_id=key, kind=found.kind, source=found.source, subject=found.subject, code=found.code,
            delivered_on=found.delivered_on, first_as_of=as_of,
        )  # fmt: skip
        session.add(task)
    task.status, task.last_as_of = "open", as_of
    old = {count.branch_code: count for count in task.counts}
    for branch, rows in found.rows.items():
        if branch in old:
            old[branch].rows = rows
        else:
            task.counts.append(ExceptionCount(branch_code=branch, rows=rows))
    for branch in set(old) - set(found.rows):
        task.counts.remove(old[branch])
    return is_new


def _mine(actor: Actor | None) -> ColumnElement[bool] | None:
    """The condition that some rows of an exception are the person's; None: all are."""
    if actor is None or actor.branches is None:
        return None
    return ExceptionTask.counts.any(ExceptionCount.branch_code.in_(actor.branches))


def _count(session: Session, status: str, actor: Actor | None) -> int:
    query = select(func.count()).select_from(ExceptionTask).where(ExceptionTask.status == status)
    mine = _mine(actor)
    return session.scalar(query if mine is None else query.where(mine)) or 0


def count_exceptions(session: Session, actor: Actor) -> dict[str, int]:
    """Exceptions of the person's branches, by status."""
    return {status: _count(session, status, actor) for status in ("open", "closed")}


def list_exceptions(
    session: Session, actor: Actor, status: ExceptionStatus, page: int = 1
) -> tuple[list[dict[str, Any]], int]:
    """One page of the exceptions of the person's branches, newest first, and how many there are in all.

    The rows are those of his branches only.
    """
    query, mine = select(ExceptionTask).where(ExceptionTask.status == status), _mine(actor)
    if mine is not None:
        query = query.where(mine)
    query = query.order_by(ExceptionTask.first_as_of.desc(), ExceptionTask.exception_id)
    tasks = session.scalars(query.limit(_PAGE).offset((page - 1) * _PAGE))
    return [_view(task, actor) for task in tasks], _count(session, status, actor)


def _view(task: ExceptionTask, actor: Actor) -> dict[str, Any]:
    rows = sum(count.rows for count in task.counts if actor.branches is None or count.branch_code in actor.branches)
    delivered_on = task.delivered_on.isoformat() if task.delivered_on else None
    return {
        "exception_id": task.exception_id, "kind": task.kind, "source": task.source, "subject": task.subject,
        "code": task.code, "delivered_on": delivered_on, "status": task.status, "rows": rows,
        "first_as_of": task.first_as_of.isoformat(), "last_as_of": task.last_as_of.isoformat(),
    }  # fmt: skip
