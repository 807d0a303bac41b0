"""What the pages say, in Chinese and English; reasons, roles and verdicts with their names."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from matching.decisions import VERDICTS

LANGUAGES = ("zh", "en")
_BANK_TIME = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Reason:
    """A reason code: for which verdicts it may be given, its key on the page, whether it needs a note.

    Keys are different within a verdict. A reason that is `offered_after` shares its key with another verdict's reason,
    so the page offers it only once its verdict is chosen.
    """

    verdicts: tuple[str, ...]
    key: str
    needs_note: bool = False
    offered_after: bool = False


REASONS: dict[str, Reason] = {
    "same_document": Reason(("same",), "1"),
    "same_profile": Reason(("same",), "2"),
    "same_confirmed": Reason(("same",), "3"),
    "staff_profile": Reason(("same_apart",), "1", offered_after=True),
    "private_profile": Reason(("same_apart",), "2", offered_after=True),
    "agreed_apart": Reason(("same_apart",), "3", offered_after=True),
    "other_document": Reason(("different",), "4"),
    # the code is the kind of the relation that is kept between the two customers
    "spouse": Reason(("related",), "1", offered_after=True),
    "household": Reason(("related",), "2", offered_after=True),
    "guarantor": Reason(("related",), "3", offered_after=True),
    "legal_representative": Reason(("related",), "4", offered_after=True),
    "related": Reason(("related",), "5"),
    "same_controller": Reason(("related",), "6", offered_after=True),
    "namesake": Reason(("different",), "6"),
    "too_little": Reason(("unsure",), "7"),
    "ask_branch": Reason(("unsure",), "8"),
    "other": Reason(VERDICTS, "9", needs_note=True),
}
UNDO_REASONS = ("mistake", "new_information")
REVEAL_REASONS = ("masked_part_decides", "call_customer", "check_document")


@lru_cache
def _catalogue() -> dict[str, tuple[str, str]]:
    path = Path(__file__).parent / "text.yml"
    rows: dict[str, list[str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {key: (zh, en) for key, (zh, en) in rows.items()}


def say(language: str, key: str, **values: object) -> str:
    """The text of a key in a language, with its places filled."""
    chinese, english = _catalogue()[key]
    return (english if language == "en" else chinese).format(**values)


def say_or(language: str, key: str, otherwise: str) -> str:
    """The text of a key, or another text when the catalogue does not know the key (codes of a site)."""
    return say(language, key) if key in _catalogue() else otherwise


def say_time(moment: dt.datetime) -> str:
    """A moment in the bank's time."""
    return moment.astimezone(_BANK_TIME).strftime("%Y-%m-%d %H:%M")
