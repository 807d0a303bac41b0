"""What the pages say, in Chinese and English; reasons, roles and verdicts with their names."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

LANGUAGES = ("zh", "en")
_BANK_TIME = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Reason:
    """A reason code: for which verdicts it may be given, its key on the page, whether it needs a note."""

    verdicts: tuple[str, ...]
    key: str
    needs_note: bool = False


REASONS: dict[str, Reason] = {
    "same_document": Reason(("same",), "1"),
    "same_profile": Reason(("same",), "2"),
    "same_confirmed": Reason(("same",), "3"),
    "other_document": Reason(("different",), "4"),
    "related": Reason(("different",), "5"),
    "namesake": Reason(("different",), "6"),
    "too_little": Reason(("unsure",), "7"),
    "ask_branch": Reason(("unsure",), "8"),
    "other": Reason(("same", "different", "unsure"), "9", needs_note=True),
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
