"""What the pages and the JSON API show of a task, a decision, an audit event: masked, in the reader's language."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from stewardship.compare import cut
from stewardship.fields import BY_NAME, RECORD_ID, fields_of
from stewardship.payload import Vault
from stewardship.permissions import Actor, Permission
from stewardship.store import AuditEvent, Decision, Task, TaskRecord
from stewardship.text import say, say_or, say_time
from stewardship.verdicts import may_undo, note_place, shown_ids

_BANDS = ((1, "none"), (50_000, "low"), (200_000, "middle"), (500_000, "high"))
_CODES = {"sex", "document_type"}


def band_of(aum: int) -> str:
    """The size class of a customer's assets; the amount itself is not the steward's business."""
    return next((name for limit, name in _BANDS if aum < limit), "top")


def _display(language: str, field: str, value: str) -> str:
    if value in ("true", "false"):
        return say(language, f"value.{value}")
    return say_or(language, f"value.{field}.{value}", value) if field in _CODES else value


def task_summary(task: Task) -> dict[str, Any]:
    """One row of the queue."""
    return {
        "task_id": task.task_id, "kind": task.kind, "party_type": task.party_type, "status": task.status,
        "verdict": task.verdict, "is_reopened": task.status == "open" and task.decision_id is not None,
        "score": task.score, "weight": task.weight, "priority": task.priority, "aum_band": band_of(task.aum),
        "first_as_of": task.first_as_of.isoformat(), "last_as_of": task.last_as_of.isoformat(),
        "version": task.version,
        "records": [_record_summary(record) for record in task.records],
    }  # fmt: skip


def _record_summary(record: TaskRecord) -> dict[str, Any]:
    shown = {"record_id": record.masked[RECORD_ID], "name": record.masked.get("name")}
    return {**shown, "source": record.source, "branch_code": record.branch_code}


def _cell(language: str, row: dict[str, Any], record: TaskRecord) -> dict[str, Any]:
    field, side = row["field"], record.position
    masked = record.masked.get(field)
    shown = None if masked is None else _display(language, field, masked)
    issue = BY_NAME[field].issue
    code = record.masked.get(issue) if issue else None
    return {
        "masked": shown,
        "pieces": cut(shown, row["marks"][side] if shown == masked else []) if shown else [],
        "issue": say_or(language, f"issue.{code}", code) if code else None,
        "is_hidden": row["hidden"][side],
    }


def field_rows(task: Task, language: str) -> list[dict[str, Any]]:
    """The side-by-side table."""
    return [
        {
            "field": row["field"],
            "label": _label(task.party_type, row["field"], language),
            "state": row["state"],
            "cells": [_cell(language, row, record) for record in task.records],
            "differs_hidden": _differs_hidden(task, row),
        }
        for row in task.compared
    ]


def _differs_hidden(task: Task, row: dict[str, Any]) -> bool:
    """Whether the values differ although their masked forms read alike and no character is marked."""
    shown = {record.masked.get(row["field"]) for record in task.records}
    return row["state"] in ("similar", "different") and len(shown) == 1 and row["marks"] == [[], []]


def _label(party_type: str, name: str, language: str) -> str:
    return next(field.label(language) for field in fields_of(party_type) if field.name == name)


def decision_view(vault: Vault, decision: Decision, task: Task, actor: Actor) -> dict[str, Any]:
    """One decision or undo."""
    note = vault.open(note_place(decision.task_id), decision.note) if decision.note else ""
    left, right = shown_ids(task, decision)
    return {
        "decision_id": decision.decision_id, "kind": decision.kind, "task_id": decision.task_id,
        "record_id_l": left, "record_id_r": right, "verdict": decision.verdict,
        "reason_code": decision.reason_code, "note": note, "steward": decision.steward,
        "decided_at": decision.decided_at.isoformat(), "time": say_time(decision.decided_at),
        "seen_as_of": decision.seen_as_of.isoformat(), "supersedes": decision.supersedes,
        "evidence_hash": decision.evidence_hash, "model_version": decision.model_version,
        "in_force": decision.decision_id == task.decision_id, "may_undo": may_undo(actor, decision, task),
    }  # fmt: skip


def task_decisions(session: Session, vault: Vault, task: Task, actor: Actor) -> list[dict[str, Any]]:
    """All decisions on the task's records, newest first; those made in other branches stay invisible."""
    records = [record.record_id for record in task.records]
    touching = Decision.record_id_l.in_(records) | Decision.record_id_r.in_(records)
    query = select(Decision, Task).join(Task, Task.task_id == Decision.task_id).where(touching)
    rows = session.execute(query.order_by(Decision.decision_id.desc()).limit(20))
    return [
        decision_view(vault, decision, other, actor)
        for decision, other in rows
        if actor.sees([record.branch_code for record in other.records])
    ]


def reasons_text(task: Task, language: str, link: float | None) -> dict[str, Any]:
    """Why the pair is doubtful, in words that follow the evidence: strongest first on each side.

    `link` is the weight from which pairs link by themselves, unless a rule or a conflict forbids it.
    """
    key = "label_en" if language == "en" else "label_zh"
    ranked = sorted(task.evidence, key=lambda item: -abs(float(item["weight"])))
    band = "task.band_forbidden" if link is not None and task.weight >= link else "task.band"
    conflict, rule = f"task.conflict.{task.conflict}", f"task.rule.{task.rule}"
    return {
        "band": say(language, band, weight=f"{task.weight:.1f}", probability=f"{task.score:.1%}"),
        "conflict": say_or(language, conflict, task.conflict or ""),
        "rule": say_or(language, rule, ""),
        "supports": [item[key] for item in ranked if float(item["weight"]) > 0.5],
        "opposes": [item[key] for item in ranked if float(item["weight"]) < -0.5],
    }


def task_detail(
    session: Session, vault: Vault, task: Task, actor: Actor, thresholds: dict[str, tuple[float, float]]
) -> dict[str, Any]:
    """Everything the pair page shows; `thresholds` are the review and link weights per party type."""
    _, link = thresholds.get(task.party_type, (None, None))
    is_undecided = task.status == "open" or (task.status == "decided" and task.verdict == "unsure")
    return {
        **task_summary(task),
        "model_version": task.model_version,
        "evidence": task.evidence,
        "evidence_hash": task.evidence_hash,
        "conflict": task.conflict,
        "fields": field_rows(task, actor.language),
        "reasons": reasons_text(task, actor.language, link),
        "decisions": task_decisions(session, vault, task, actor),
        "may_decide": is_undecided and actor.may(Permission.DECIDE),
        "may_reveal": actor.may(Permission.REVEAL),
    }


def event_view(event: AuditEvent) -> dict[str, Any]:
    """One audit event."""
    return {
        "event_id": event.event_id, "at": event.at.isoformat(), "time": say_time(event.at), "actor": event.actor,
        "role": event.role, "branch_code": event.branch_code, "ip": event.ip, "action": event.action,
        "object": event.object, "columns": event.columns, "reason": event.reason,
    }  # fmt: skip
