"""Side by side: the state of each field and which characters differ.

States are found on the clear values while a task is made; what is kept are the states and, over the *masked* texts,
the ranges of differing characters. A star may so be marked as different without being shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from pypinyin import lazy_pinyin

from stewardship.fields import Field

# one wrong or two swapped characters of an 8 to 18 character number: (n - 1) / n matching characters
_NUMBER_SIMILAR = 0.87
_TEXT_SIMILAR = 0.6
# below this nearly everything differs, and marks would only be noise
_MARKS_FROM = 0.5


def _matcher(left: str, right: str) -> SequenceMatcher[str]:
    return SequenceMatcher(None, left, right, autojunk=False)


def _same_sound(left: str, right: str) -> bool:
    return lazy_pinyin(left) == lazy_pinyin(right)


def state_of(field: Field, left: str | None, right: str | None) -> str:
    """`same`, `similar`, `different`, `info`, or `missing`: a side without a value never counts as agreement."""
    if not left or not right:
        return "missing"
    if field.compare == "info":
        return "info"
    if left == right:
        return "same"
    if field.compare == "exact":
        return "different"
    limit = _NUMBER_SIMILAR if field.compare == "number" else _TEXT_SIMILAR
    contained = field.compare == "text" and (left in right or right in left)
    if contained or _matcher(left, right).ratio() >= limit:
        return "similar"
    return "similar" if field.compare == "name" and _same_sound(left, right) else "different"


def _keeps_places(clear: str, masked: str) -> bool:
    """Whether the mask only replaced characters, so that the places of both texts are the same."""
    return len(clear) == len(masked) and all(m in ("*", c) for c, m in zip(clear, masked, strict=True))


def marks_of(left: str, right: str) -> tuple[list[list[int]], list[list[int]]]:
    """Ranges [start, end) of differing characters on each side; none when the texts have nearly nothing in common."""
    matcher = _matcher(left, right)
    if matcher.ratio() < _MARKS_FROM:
        return [], []
    changed = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    return [[a, b] for _, a, b, _, _ in changed if b > a], [[c, d] for _, _, _, c, d in changed if d > c]


def compare(
    fields: Sequence[Field], clear: Sequence[Mapping[str, str]], masked: Sequence[Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Compare two records field by field; fields empty on both sides are left out.

    Args:
        fields: the fields of the party type, in the order of the page.
        clear: the clear values of the left and the right record.
        masked: the same records masked.
    """
    rows = []
    for field in fields:
        left, right = clear[0].get(field.name), clear[1].get(field.name)
        if not left and not right:
            continue
        state = state_of(field, left, right)
        hidden = [c.get(field.name) != m.get(field.name) for c, m in zip(clear, masked, strict=True)]
        row: dict[str, Any] = {"field": field.name, "state": state, "marks": [[], []], "hidden": hidden}
        if state in ("similar", "different"):
            pair = [(str(left), masked[0][field.name]), (str(right), masked[1][field.name])]
            texts = [c for c, _ in pair] if all(_keeps_places(c, m) for c, m in pair) else [m for _, m in pair]
            row["marks"] = list(marks_of(*texts))
        rows.append(row)
    return rows


def cut(text: str, marks: list[list[int]]) -> list[tuple[str, bool]]:
    """Cut a text into pieces (piece, differs) for the page."""
    pieces, at = [], 0
    for start, end in marks:
        pieces += [(text[at:start], False), (text[start:end], True)]
        at = end
    pieces.append((text[at:], False))
    return [(piece, differs) for piece, differs in pieces if piece]
