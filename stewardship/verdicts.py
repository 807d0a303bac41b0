"""Decide and undo.

A decision is data that wins over scores, so it is refused when it is stale, says what is already said, contradicts
others, or names what does not exist; the person deciding is told at once, all problems together. Nothing is ever
changed or deleted: a later row replaces (`supersedes`) or revokes an earlier one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from matching.decisions import ONE_PARTY, VERDICTS
from stewardship import audit
from stewardship.consistency import contradictions
from stewardship.fields import RECORD_ID
from stewardship.inbox import find_task, in_scope
from stewardship.payload import Vault, record_place
from stewardship.permissions import Actor, Permission
from stewardship.store import Decision, Task, TaskRecord, newest_as_of, utc_now
from stewardship.text import REASONS, UNDO_REASONS, say, say_time
from warehouse.errors import DecisionError, NotFoundError

_NOTE_LENGTH = 300
# a document, phone or card number typed into a note; such notes are read by people who may not see the number
_LONG_NUMBER = re.compile(r"(?:\d[\s-]?){7,}")


class StaleDecisionError(DecisionError):
    """The page showed a state that is no longer the present one."""


@dataclass(frozen=True)
class Answer:
    """What a steward sends: the pair and version he saw, the verdict, and why."""

    task_id: str
    version: int
    verdict: str
    reason_code: str
    note: str = ""


def note_place(task_id: str) -> str:
    """Where a decision's note belongs."""
    return f"decision/{task_id}"


def check_note(vault: Vault, task: Task, note: str, language: str) -> list[str]:
    """What is wrong with a note: too long, or it carries a customer's value."""
    problems = []
    if len(note) > _NOTE_LENGTH:
        problems.append(say(language, "error.note_long", limit=_NOTE_LENGTH))
    if _LONG_NUMBER.search(note) or any(value in note for value in _telling_values(vault, task.records)):
        problems.append(say(language, "error.note_value"))
    return problems


def _telling_values(vault: Vault, records: list[TaskRecord]) -> set[str]:
    """Values of these records that are masked on the page: they must not come back through a free text."""
    telling = set()
    for record in records:
        clear = vault.open_values(record_place(record.task_id, record.position), record.clear)
        telling |= {v for name, v in clear.items() if record.masked.get(name) != v and len(v) >= 2}
    return telling


def _problems(session: Session, vault: Vault, actor: Actor, task: Task, answer: Answer) -> list[str]:
    language = actor.language
    problems = []
    if answer.verdict not in VERDICTS:
        problems.append(say(language, "error.verdict"))
    elif answer.reason_code not in REASONS or answer.verdict not in REASONS[answer.reason_code].verdicts:
        problems.append(say(language, "error.reason"))
    elif REASONS[answer.reason_code].needs_note and not answer.note.strip():
        problems.append(say(language, "error.note_needed"))
    problems += check_note(vault, task, answer.note, language)
    if task.status == "closed":
        problems.append(say(language, "error.closed"))
    elif task.status == "decided" and task.verdict != "unsure":
        problems.append(say(language, "error.decided"))
    if not problems:
        left, right = _pair(task)
        found = contradictions(session, left, right, answer.verdict, task.decision_id)
        problems = [_contradiction(session, language, ids) for ids in found]
    return problems


def _contradiction(session: Session, language: str, decision_ids: list[int]) -> str:
    query = select(Decision, Task).join(Task, Task.task_id == Decision.task_id)
    rows = session.execute(query.where(Decision.decision_id.in_(decision_ids)).order_by(Decision.decision_id))
    return say(language, "error.contradiction", decisions="、".join(_named(language, row[0], row[1]) for row in rows))


def _named(language: str, decision: Decision, task: Task) -> str:
    left, right = shown_ids(task, decision)
    sign = "=" if decision.verdict in ONE_PARTY else "≠"
    named = say(language, f"verdict.{decision.verdict}")
    return f"#{decision.decision_id} {left} {sign} {right} ({named}, {decision.steward})"


def shown_ids(task: Task, decision: Decision) -> tuple[str, str]:
    """The ids of a decision's records as the page shows them."""
    shown = {record.record_id: record.masked[RECORD_ID] for record in task.records}
    return shown[decision.record_id_l], shown[decision.record_id_r]


def _pair(task: Task) -> tuple[str, str]:
    left, right = (record.record_id for record in task.records)
    return left, right


def _refuse_stale(session: Session, actor: Actor, task: Task, version: int) -> None:
    """Raise when the page was older than the task, and say who did what meanwhile."""
    if task.version == version:
        return
    last = session.scalar(
        select(Decision).where(Decision.task_id == task.task_id).order_by(Decision.decision_id.desc()).limit(1)
    )
    if last is None:
        raise StaleDecisionError(say(actor.language, "error.stale_data"))
    deed = "undone" if last.kind == "undo" else last.verdict
    raise StaleDecisionError(
        say(
            actor.language,
            "error.stale",
            steward=last.steward,
            time=say_time(last.decided_at),
            verdict=say(actor.language, f"verdict.{deed}"),
        )
    )


def _already_mine(session: Session, actor: Actor, task: Task, answer: Answer) -> Decision | None:
    """The same answer sent again because its acknowledgement was lost: not a second decision."""
    if task.decision_id is None or task.version != answer.version + 1:
        return None
    last = session.get_one(Decision, task.decision_id)
    mine = (last.steward, last.verdict, last.reason_code) == (actor.login, answer.verdict, answer.reason_code)
    return last if mine else None


def decide(session: Session, vault: Vault, actor: Actor, answer: Answer) -> Decision:
    """Keep a steward's verdict on a pair.

    Raises:
        StaleDecisionError: the pair changed after the steward's page was made.
        DecisionError: unknown verdict or reason, a note with customer values, already decided, or a contradiction.
        NotFoundError: no such task for this person.
    """
    today = newest_as_of(session, lock=True)  # one decision at a time: contradictions are found across tasks
    task = find_task(session, actor, answer.task_id, lock=True)
    repeated = _already_mine(session, actor, task, answer)
    if repeated is not None:
        return repeated
    _refuse_stale(session, actor, task, answer.version)
    problems = _problems(session, vault, actor, task, answer)
    if problems:
        raise DecisionError(*problems)
    left, right = _pair(task)
    note = answer.note.strip()
    decision = Decision(
        kind="verdict", task_id=task.task_id, record_id_l=left, record_id_r=right, verdict=answer.verdict,
        reason_code=answer.reason_code, note=vault.seal(note_place(task.task_id), note) if note else None,
        steward=actor.login, decided_at=utc_now(), seen_as_of=today or task.last_as_of,
        evidence_hash=task.evidence_hash, model_version=task.model_version, score=task.score,
        supersedes=task.decision_id,
    )  # fmt: skip
    session.add(decision)
    session.flush()
    task.status, task.verdict, task.decision_id = "decided", answer.verdict, decision.decision_id
    task.version += 1
    subject = f"task:{task.task_id}"
    audit.record(session, actor, "decide", subject, reason=f"{answer.verdict}/{answer.reason_code}")
    return decision


def find_decision(session: Session, actor: Actor, decision_id: int) -> tuple[Decision, Task]:
    """A decision and its task, if they exist for this person.

    Raises:
        NotFoundError: no such decision (OutOfScopeError: in another branch).
    """
    decision = session.get(Decision, decision_id)
    if decision is None:
        raise NotFoundError(say(actor.language, "error.no_decision"))
    return decision, find_task(session, actor, decision.task_id, lock=True)


def may_undo(actor: Actor, decision: Decision, task: Task) -> bool:
    """One's own decision in force, or any in force for a supervisor."""
    mine = actor.may(Permission.UNDO) and decision.steward == actor.login
    return decision.decision_id == task.decision_id and (mine or actor.may(Permission.UNDO_ANY))


def undo(session: Session, actor: Actor, decision_id: int, reason_code: str) -> Decision:
    """Revoke a decision in force; what it had replaced counts again.

    Raises:
        StaleDecisionError: the decision is no longer in force.
        DecisionError: somebody else's decision, unknown reason, or the earlier verdict would now contradict others.
        NotFoundError: no such decision for this person.
    """
    today = newest_as_of(session, lock=True)
    decision, task = find_decision(session, actor, decision_id)
    before = session.get(Decision, decision.supersedes) if decision.supersedes else None
    problems = _undo_problems(session, actor, decision, task, before, reason_code)
    if problems:
        raise DecisionError(*problems)
    revoked = Decision(
        kind="undo", task_id=task.task_id, record_id_l=decision.record_id_l, record_id_r=decision.record_id_r,
        verdict=decision.verdict, reason_code=reason_code, note=None, steward=actor.login, decided_at=utc_now(),
        seen_as_of=today or task.last_as_of, evidence_hash=task.evidence_hash, model_version=task.model_version,
        score=task.score, supersedes=decision.decision_id,
    )  # fmt: skip
    session.add(revoked)
    session.flush()
    task.decision_id = before.decision_id if before else None
    task.verdict = before.verdict if before else None
    task.status = "decided" if before and before.evidence_hash == task.evidence_hash else "open"
    task.last_as_of = max(task.last_as_of, revoked.seen_as_of)  # the run of this day must not close it again
    task.version += 1
    audit.record(session, actor, "undo", f"decision:{decision_id}", reason=reason_code)
    return revoked


def _undo_problems(
    session: Session, actor: Actor, decision: Decision, task: Task, before: Decision | None, reason_code: str
) -> list[str]:
    language = actor.language
    if decision.decision_id != task.decision_id:
        raise StaleDecisionError(say(language, "error.not_in_force"))
    problems = []
    if not may_undo(actor, decision, task):
        problems.append(say(language, "error.not_yours"))
    if reason_code not in UNDO_REASONS:
        problems.append(say(language, "error.reason"))
    if before and not problems:
        pair = (before.record_id_l, before.record_id_r)
        found = contradictions(session, *pair, before.verdict, decision.decision_id)
        problems = [_contradiction(session, language, ids) for ids in found]
    return problems


def list_decisions(
    session: Session, actor: Actor, *, mine: bool = False, page: int = 1, page_size: int = 50
) -> tuple[list[tuple[Decision, Task]], int]:
    """Decisions and undos of the person's branches, newest first, and how many there are in all."""
    query: Select[Decision, Task] = select(Decision, Task).join(Task, Task.task_id == Decision.task_id)
    scope = in_scope(actor)
    if scope is not None:
        query = query.where(scope)
    if mine:
        query = query.where(Decision.steward == actor.login)
    total = session.scalar(select(func.count()).select_from(query.with_only_columns(Decision.decision_id).subquery()))
    rows = session.execute(query.order_by(Decision.decision_id.desc()).limit(page_size).offset((page - 1) * page_size))
    return [(row[0], row[1]) for row in rows], total or 0
