"""A person's answer to a row in quarantine: correct it, release it as it is, or take the answer back.

An answer is data like a decision: on record with who, when and why, never changed or deleted, an input of the next
business day's gate (a rerun of a day a run has seen stays as it was). A corrected row passes the gate again there.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

from quality.quarantine import PURPOSE
from quality.reentry import SOURCE, Answer, typed
from quality.show import Item, facts_of, quarantine_items
from stewardship import audit
from stewardship.payload import Vault
from stewardship.permissions import Actor, Permission
from stewardship.store import Correction, newest_as_of, open_store, raise_newest_as_of, utc_now, writing
from stewardship.text import say
from warehouse import vault
from warehouse.errors import DecisionError, NotFoundError
from warehouse.settings import Settings

Kind = Literal["fix", "release", "withdraw"]
_LONG_NUMBER = re.compile(r"(?:\d[\s-]?){7,}")


@dataclass(frozen=True)
class Wish:
    """What a person wants: the item (its beginning is enough), what shall be done, and why."""

    item: str
    kind: Kind
    reason: str
    values: Mapping[str, str | None]


def find_item(settings: Settings, actor: Actor, beginning: str) -> Item:
    """The item in quarantine whose id begins so, if it is in the person's branches.

    Raises:
        NotFoundError: none, or several.
    """
    found = [item for item in quarantine_items(settings)
             if item.item.startswith(beginning) and actor.sees([item.branch_code])]  # fmt: skip
    if len(found) != 1:
        raise NotFoundError(say(actor.language, "error.many_items" if found and beginning else "error.no_item"))
    return found[0]


def keep_correction(settings: Settings, actor: Actor, wish: Wish) -> Item:
    """Keep an answer; it counts from the next business day on.

    Raises:
        NotFoundError: no such item for this person.
        DecisionError: everything that is wrong with the answer.
    """
    item = find_item(settings, actor, wish.item)
    problems = _problems(settings, actor, item, wish)
    if problems:
        raise DecisionError(*problems)
    with writing(open_store(settings)) as session:
        _add(session, Vault(settings), actor, item, wish)
    return item


def _add(session: Session, sealing: Vault, actor: Actor, item: Item, wish: Wish) -> None:
    today = newest_as_of(session, lock=True)
    content = sealing.seal(_place(item.item), json.dumps(dict(wish.values), ensure_ascii=False, sort_keys=True))
    correction = Correction(
        kind=wish.kind, item=item.item, source=item.source, table_name=item.table, columns=sorted(wish.values),
        content=content, reason=wish.reason.strip(), steward=actor.login, decided_at=utc_now(),
        seen_as_of=today or item.first_seen,
    )  # fmt: skip
    session.add(correction)
    subject = f"quarantine:{item.source}.{item.table}:{item.item}"
    audit.record(session, actor, "correct", subject, columns=wish.values, reason=f"{wish.kind}: {wish.reason.strip()}")


def _problems(settings: Settings, actor: Actor, item: Item, wish: Wish) -> list[str]:
    language = actor.language
    if not actor.may(Permission.DECIDE):
        return [say(language, "error.forbidden")]
    problems = [say(language, "error.item_closed")] if item.closed_by == SOURCE else []
    facts = facts_of(settings, item)
    if wish.kind == "fix":
        problems += _value_problems(language, facts.columns, wish.values)
    held = sorted(facts.unreleasable & set(item.rules))
    if wish.kind == "release" and held:
        problems.append(say(language, "error.not_releasable", rules=", ".join(held)))
    if not wish.reason.strip():
        problems.append(say(language, "error.reason_needed"))
    clear = item.clear(vault.Vault(settings, PURPOSE)).values()
    if _LONG_NUMBER.search(wish.reason) or any(value in wish.reason for value in clear if len(value) > 1):
        problems.append(say(language, "error.note_value"))
    return problems


def _value_problems(language: str, columns: Mapping[str, pa.DataType], values: Mapping[str, str | None]) -> list[str]:
    unknown = sorted(set(values) - set(columns))
    problems = [say(language, "error.no_column", columns=", ".join(unknown))] if unknown else []
    if not values:
        problems.append(say(language, "error.no_values"))
    for name in sorted(set(values) & set(columns)):
        try:
            typed(columns[name], values[name])
        except pa.ArrowInvalid:
            problems.append(say(language, "error.value_type", column=name, kind=columns[name]))
    return problems


def answers_for(settings: Settings, as_of: dt.date) -> dict[str, Answer]:
    """What people said about rows in quarantine before a business day, by item; makes that day the newest one."""
    sealing = Vault(settings)
    with writing(open_store(settings)) as session:
        raise_newest_as_of(session, as_of)
        query = select(Correction).where(Correction.seen_as_of < as_of).order_by(Correction.correction_id)
        newest = {row.item: row for row in session.scalars(query)}
    return {item: answer for item, row in newest.items() if (answer := _answer(sealing, row)) is not None}


def _answer(sealing: Vault, row: Correction) -> Answer | None:
    values = json.loads(sealing.open(_place(row.item), row.content))
    if row.kind == "fix":
        return Answer(row.item, "fix", row.steward, values)
    return Answer(row.item, "release", row.steward) if row.kind == "release" else None


def _place(item: str) -> str:
    """Where the values of a correction belong."""
    return f"correction/{item}"
