"""The pages: log in, queue, pair, decisions, audit. Each works without JavaScript; app.js adds keys and speed."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from matching.decisions import VERDICTS
from stewardship import audit, views
from stewardship.audit import AuditFilter
from stewardship.desk import THEMES, ActorPart, Desk, DeskPart, FilterPart, local_path, with_query
from stewardship.exceptions import ExceptionStatus, count_exceptions, list_exceptions
from stewardship.guard import address_of
from stewardship.inbox import STATUSES, TaskFilter, count_by_status, find_task, list_tasks, next_task
from stewardship.login import COOKIE, UNKNOWN, is_blocked, verify_password
from stewardship.permissions import Actor
from stewardship.reveal import reveal
from stewardship.store import Decision, User, reading, writing
from stewardship.text import LANGUAGES, REASONS, REVEAL_REASONS, UNDO_REASONS, say
from stewardship.verdicts import Answer, decide, list_decisions, undo
from stewardship.waterfall import labelled, waterfall

router = APIRouter(default_response_class=HTMLResponse)
_YEAR = 365 * 24 * 3600
Page = Annotated[int, Query(ge=1, le=100_000)]
Last = Annotated[int | None, Query(ge=1)]


def _go(path: str) -> RedirectResponse:
    return RedirectResponse(path, status_code=303)


@router.get("/")
def home_page() -> Response:
    """The queue is the home."""
    return _go("/tasks")


@router.get("/health")
def health(desk: DeskPart) -> Response:
    """Whether the store answers."""
    with reading(desk.engine) as session:
        session.execute(text("select 1"))
    return Response("ok", media_type="text/plain")


@router.get("/login")
def login_page(request: Request, desk: DeskPart, after: Annotated[str, Query(max_length=500)] = "/tasks") -> Response:
    """The form."""
    return desk.render(request, "login.html", after=local_path(after), problem=None)


@router.post("/login")
def login(
    request: Request,
    desk: DeskPart,
    name: Annotated[str, Form(alias="login", max_length=60)] = "",
    password: Annotated[str, Form(max_length=200)] = "",
    after: Annotated[str, Form(max_length=500)] = "/tasks",
) -> Response:
    """Check the password and open a session."""
    with reading(desk.engine) as session:
        user = session.get(User, name.strip())
        known = user.login if user else UNKNOWN
        blocked = is_blocked(session, known, address_of(request))
    is_good = not blocked and verify_password(user, password)
    action = "login" if is_good else "login_blocked" if blocked else "login_failed"
    actor = Actor(known, user.role if user else "-", user.branch_code if user else "-", address_of(request))
    with writing(desk.engine) as session:
        audit.record(session, actor, action, "session")
        cookie = desk.sessions.start(session, known) if is_good else ""
    if not is_good:
        problem = "login.blocked" if blocked else "login.wrong"
        return desk.render(request, "login.html", 429 if blocked else 401, after=local_path(after), problem=problem)
    response = _go(local_path(after))
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, cookie, httponly=True, samesite="strict", secure=secure, path="/")
    return response


@router.post("/logout")
def logout(request: Request, desk: DeskPart, actor: ActorPart) -> Response:
    """End the session."""
    with writing(desk.engine) as session:
        desk.sessions.end(session, request.state.token)
        audit.record(session, actor, "logout", "session")
    response = _go("/login")
    response.delete_cookie(COOKIE, path="/")
    return response


@router.post("/preferences")
def save_preferences(
    language: Annotated[str, Form(max_length=5)] = "",
    theme: Annotated[str, Form(max_length=10)] = "",
    after: Annotated[str, Form(max_length=500)] = "/tasks",
) -> Response:
    """Keep language or theme in a cookie and come back."""
    response = _go(local_path(after))
    for name, value, known in (("mdm_language", language, LANGUAGES), ("mdm_theme", theme, THEMES)):
        if value in known:
            response.set_cookie(name, value, max_age=_YEAR, httponly=True, samesite="strict", path="/")
    return response


@router.get("/tasks")
def queue_page(
    request: Request, desk: DeskPart, actor: ActorPart, wanted: FilterPart, done: bool = False, last: Last = None
) -> Response:
    """The queue with its filters and counts."""
    with writing(desk.engine) as session:
        tasks, total = list_tasks(session, actor, wanted)
        counts = count_by_status(session, actor, wanted)
        audit.record(session, actor, "list_tasks", "tasks", reason=f"page {wanted.page}")
        decided = _last_decision(session, actor, last)
    visible = [b for b in desk.branches if actor.branches is None or b.code in actor.branches]
    return desk.render(
        request, "queue.html", tasks=[views.task_summary(task) for task in tasks], total=total, counts=counts,
        wanted=wanted, statuses=STATUSES, visible_branches=visible, done=done, last=decided, url=with_query,
        pages=max(1, -(-total // wanted.page_size)),
    )  # fmt: skip


@router.get("/next")
def next_page(desk: DeskPart, actor: ActorPart, wanted: FilterPart) -> Response:
    """Go to the first open task of the filter."""
    with reading(desk.engine) as session:
        task_id = next_task(session, actor, wanted, None)
    return _go(_task_path(task_id, wanted))


def _task_path(task_id: str | None, wanted: TaskFilter, **more: object) -> str:
    query = {**wanted.query(page=1), **more}
    return with_query(f"/tasks/{task_id}", query) if task_id else with_query("/tasks", {**query, "done": 1})


def _last_decision(session: Session, actor: Actor, decision_id: int | None) -> Decision | None:
    """The person's own last decision, to be undone with one key."""
    decision = session.get(Decision, decision_id) if decision_id else None
    return decision if decision is not None and decision.steward == actor.login and decision.kind == "verdict" else None


def _pair_values(
    session: Session, desk: Desk, actor: Actor, wanted: TaskFilter, task_id: str, last: int | None
) -> dict[str, Any]:
    """What the pair page needs besides revealed values."""
    task = find_task(session, actor, task_id)
    detail = views.task_detail(session, desk.vault, task, actor, desk.thresholds)
    labels = (say(actor.language, "task.prior"), say(actor.language, "task.total"))
    bars = waterfall(labelled(task.evidence, actor.language), task.weight, labels, desk.thresholds.get(task.party_type))
    following = next_task(session, actor, wanted, task)
    return {
        "task": detail, "waterfall": bars, "last": _last_decision(session, actor, last),
        "verdicts": VERDICTS, "reasons": REASONS, "reveal_reasons": REVEAL_REASONS, "undo_reasons": UNDO_REASONS,
        "skip": _task_path(following, wanted), "back": with_query("/tasks", wanted.query()),
        "query": with_query("", wanted.query(page=1)),
    }  # fmt: skip


@router.get("/tasks/{task_id}")
def task_page(
    request: Request, desk: DeskPart, actor: ActorPart, wanted: FilterPart, task_id: str, last: Last = None
) -> Response:
    """Two records side by side, and the decision."""
    with writing(desk.engine) as session:
        values = _pair_values(session, desk, actor, wanted, task_id, last)
        audit.record(session, actor, "view_task", f"task:{task_id}")
    return desk.render(request, "pair.html", clear={}, **values)


@router.post("/tasks/{task_id}/decision")
def decide_form(
    desk: DeskPart,
    actor: ActorPart,
    wanted: FilterPart,
    task_id: str,
    version: Annotated[int, Form()],
    verdict: Annotated[str, Form(max_length=20)] = "",
    reason_code: Annotated[str, Form(max_length=40)] = "",
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Keep a verdict and go on to the next open task."""
    with writing(desk.engine) as session:
        decision = decide(session, desk.vault, actor, Answer(task_id, version, verdict, reason_code, note))
        following = next_task(session, actor, wanted, find_task(session, actor, task_id))
    return _go(_task_path(following, wanted, last=decision.decision_id))


@router.post("/tasks/{task_id}/reveal")
def reveal_form(
    request: Request,
    desk: DeskPart,
    actor: ActorPart,
    wanted: FilterPart,
    task_id: str,
    position: Annotated[int, Form()],
    reason_code: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """The pair page once more, with one record clear."""
    with writing(desk.engine) as session:
        clear = reveal(session, desk.vault, actor, task_id, position, reason_code)
        values = _pair_values(session, desk, actor, wanted, task_id, None)
    return desk.render(request, "pair.html", clear={position: clear}, **values)


@router.get("/decisions")
def decisions_page(request: Request, desk: DeskPart, actor: ActorPart, mine: bool = False, page: Page = 1) -> Response:
    """All decisions in scope, newest first."""
    with writing(desk.engine) as session:
        rows, total = list_decisions(session, actor, mine=mine, page=page)
        audit.record(session, actor, "list_decisions", "decisions", reason=f"page {page}")
        items = [views.decision_view(desk.vault, decision, task, actor) for decision, task in rows]
    return desk.render(
        request, "decisions.html", items=items, total=total, mine=mine, page=page, pages=max(1, -(-total // 50)),
        undo_reasons=UNDO_REASONS, url=with_query,
    )  # fmt: skip


@router.post("/decisions/{decision_id}/undo")
def undo_form(
    desk: DeskPart, actor: ActorPart, decision_id: int, reason_code: Annotated[str, Form(max_length=40)] = ""
) -> Response:
    """Take a decision back and show its task."""
    with writing(desk.engine) as session:
        task_id = undo(session, actor, decision_id, reason_code).task_id
    return _go(f"/tasks/{task_id}")


@router.get("/exceptions")
def exceptions_page(
    request: Request, desk: DeskPart, actor: ActorPart, status: ExceptionStatus = "open", page: Page = 1
) -> Response:
    """Rows in quarantine and codes without a mapping, as far as they are the person's."""
    with writing(desk.engine) as session:
        items, total = list_exceptions(session, actor, status, page)
        counts = count_exceptions(session, actor)
        audit.record(session, actor, "list_exceptions", "exceptions", reason=f"page {page}")
    return desk.render(
        request, "exceptions.html", items=items, total=total, counts=counts, status=status, page=page,
        pages=max(1, -(-total // 50)), url=with_query,
    )  # fmt: skip


@router.get("/audit")
def audit_page(
    request: Request,
    desk: DeskPart,
    actor: ActorPart,
    who: Annotated[str, Query(max_length=60)] = "",
    action: Annotated[str, Query(max_length=30)] = "",
    object: Annotated[str, Query(max_length=200)] = "",
    day: str = "",
    page: Page = 1,
) -> Response:
    """Search the audit trail."""
    wanted = AuditFilter(who.strip(), action, object.strip(), _day(day), page)
    with writing(desk.engine) as session:
        events, total = audit.search(session, actor, wanted)
        audit.record(session, actor, "search_audit", "audit", reason=f"page {page}")
        people = list(session.scalars(select(User.login).order_by(User.login)))
    return desk.render(
        request, "audit.html", events=[views.event_view(event) for event in events], total=total, wanted=wanted,
        actions=audit.ACTIONS, people=people, pages=max(1, -(-total // wanted.page_size)), url=with_query,
    )  # fmt: skip


def _day(value: str) -> dt.date | None:
    """The day of a date field; a browser sends an empty text for no day."""
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        return None
