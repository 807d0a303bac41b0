"""The JSON API: the same tasks, decisions, permissions and audit as the pages."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from matching.decisions import VERDICTS
from stewardship import audit, views
from stewardship.audit import AuditFilter
from stewardship.desk import ActorPart, DeskPart, FilterPart, with_query
from stewardship.exceptions import ExceptionStatus, list_exceptions
from stewardship.inbox import count_by_status, find_task, list_tasks, next_task
from stewardship.reveal import reveal
from stewardship.store import writing
from stewardship.verdicts import Answer, decide, list_decisions, undo

router = APIRouter(prefix="/api/v1")
Page = Annotated[int, Query(ge=1, le=100_000)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DecisionBody(_Body):
    """A verdict as the page sends it; `version` is the version of the task that was shown."""

    version: int
    verdict: str = Field(max_length=20, json_schema_extra={"enum": list(VERDICTS)})
    reason_code: str = Field(max_length=40)
    note: str = Field("", max_length=2000)


class RevealBody(_Body):
    """Which record to show, and why."""

    position: int
    reason_code: str = Field(max_length=40)


class UndoBody(_Body):
    """Why a decision is taken back."""

    reason_code: str = Field(max_length=40)


@router.get("/tasks")
def api_tasks(desk: DeskPart, actor: ActorPart, wanted: FilterPart) -> dict[str, Any]:
    """One page of the queue with counts per status."""
    with writing(desk.engine) as session:
        tasks, total = list_tasks(session, actor, wanted)
        counts = count_by_status(session, actor, wanted)
        audit.record(session, actor, "list_tasks", "tasks", reason=f"page {wanted.page}")
        items = [views.task_summary(task) for task in tasks]
    return {"ok": True, "items": items, "total": total, "counts": counts, "page": wanted.page}


@router.get("/tasks/{task_id}")
def api_task(desk: DeskPart, actor: ActorPart, task_id: str) -> dict[str, Any]:
    """One task with its masked fields, evidence and decisions."""
    with writing(desk.engine) as session:
        task = find_task(session, actor, task_id)
        audit.record(session, actor, "view_task", f"task:{task_id}")
        return {"ok": True, "task": views.task_detail(session, desk.vault, task, actor, desk.thresholds)}


@router.post("/tasks/{task_id}/decision")
def api_decide(
    desk: DeskPart, actor: ActorPart, wanted: FilterPart, task_id: str, body: DecisionBody
) -> dict[str, Any]:
    """Keep a verdict; answers with the decision and the page of the next open task."""
    answer = Answer(task_id, body.version, body.verdict, body.reason_code, body.note)
    with writing(desk.engine) as session:
        decision = decide(session, desk.vault, actor, answer)
        task = find_task(session, actor, task_id)
        shown = views.decision_view(desk.vault, decision, task, actor)
        following = next_task(session, actor, wanted, task)
    query = {**wanted.query(page=1), "last": decision.decision_id}
    path = with_query(f"/tasks/{following}", query) if following else with_query("/tasks", {**query, "done": 1})
    return {"ok": True, "decision": shown, "next_task_id": following, "next": path}


@router.post("/tasks/{task_id}/reveal")
def api_reveal(desk: DeskPart, actor: ActorPart, task_id: str, body: RevealBody) -> dict[str, Any]:
    """The hidden values of one record; audited with the columns."""
    with writing(desk.engine) as session:
        values = reveal(session, desk.vault, actor, task_id, body.position, body.reason_code)
    return {"ok": True, "position": body.position, "values": values}


@router.get("/decisions")
def api_decisions(desk: DeskPart, actor: ActorPart, mine: bool = False, page: Page = 1) -> dict[str, Any]:
    """Decisions and undos, newest first."""
    with writing(desk.engine) as session:
        rows, total = list_decisions(session, actor, mine=mine, page=page)
        audit.record(session, actor, "list_decisions", "decisions", reason=f"page {page}")
        items = [views.decision_view(desk.vault, decision, task, actor) for decision, task in rows]
    return {"ok": True, "items": items, "total": total, "page": page}


@router.post("/decisions/{decision_id}/undo")
def api_undo(desk: DeskPart, actor: ActorPart, decision_id: int, body: UndoBody) -> dict[str, Any]:
    """Take back a decision in force; answers with the page of its task."""
    with writing(desk.engine) as session:
        revoked = undo(session, actor, decision_id, body.reason_code)
        task_id = revoked.task_id
    return {"ok": True, "decision_id": revoked.decision_id, "task_id": task_id, "next": f"/tasks/{task_id}"}


@router.get("/exceptions")
def api_exceptions(
    desk: DeskPart, actor: ActorPart, status: ExceptionStatus = "open", page: Page = 1
) -> dict[str, Any]:
    """Exceptions of the person's branches, with the rows in them."""
    with writing(desk.engine) as session:
        items, total = list_exceptions(session, actor, status, page)
        audit.record(session, actor, "list_exceptions", "exceptions", reason=f"page {page}")
    return {"ok": True, "items": items, "total": total, "page": page}


@router.get("/audit")
def api_audit(
    desk: DeskPart,
    actor: ActorPart,
    who: Annotated[str, Query(max_length=60)] = "",
    action: Annotated[str, Query(max_length=30)] = "",
    object: Annotated[str, Query(max_length=200)] = "",
    day: dt.date | None = None,
    page: Page = 1,
) -> dict[str, Any]:
    """Audit events, newest first."""
    wanted = AuditFilter(actor=who, action=action, object=object, day=day, page=page)
    with writing(desk.engine) as session:
        events, total = audit.search(session, actor, wanted)
        audit.record(session, actor, "search_audit", "audit", reason=f"page {page}")
        items = [views.event_view(event) for event in events]
    return {"ok": True, "items": items, "total": total, "page": page}
