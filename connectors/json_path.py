"""Places in a JSON value, and a JSON value as text."""

from __future__ import annotations

import json
from collections.abc import Sequence

ABSENT = object()  # not there at all, as against null


def follow(value: object, place: Sequence[str]) -> object:
    """What lies at a path of keys (a number counts the elements of an array, from 0); `ABSENT` when nothing does."""
    for key in place:
        if value is None:  # a null parent says that there is nothing, not that the form changed
            return None
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return ABSENT
    return value


def parse_path(text: str) -> tuple[str, ...]:
    """A path as it is written, keys joined by dots; '' is the value itself."""
    return tuple(text.split(".")) if text else ()


def value_text(value: object) -> str | None:
    """A JSON value as text: texts as they are, everything else as compact JSON; half a character becomes U+FFFD."""
    if value is None or value is ABSENT:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a character beyond U+FFFF, where a system cut a text
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
