"""Change events in the form Debezium writes them: one changed row each, with what happened and when.

Forms understood (Debezium reference, "Data change events" and "New Record State Extraction"): the envelope `before`,
`after`, `op`, `ts_ms`, `source`; the same under `payload` beside a `schema`; a pair of `key` and `value`; and the
flattened row with `__op`, `__deleted`, `__ts_ms`, `__lsn` and the like. An event with an empty value (a tombstone)
deletes the row of its key; without a key it says nothing that the deletion before it did not say.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

_OPERATIONS = {"c": "c", "r": "r", "u": "u", "d": "d"}
_UNAVAILABLE = "__debezium_unavailable_value"  # PostgreSQL did not log a large value that the update left alone
_LAST_MS = (1 << 42) - 1  # the year 2109; positions pack it above 21 bits

Row = dict[str, Any]


class UnreadableEvent(Exception):
    """Why something is no change event; a reason without any value of it."""


@dataclass(frozen=True)
class Event:
    """One change: `table` are the names its source goes by, `order` a log position as two numbers (0, 0: none)."""

    op: str
    row: Row
    ts_ms: int
    order: tuple[int, int]
    tables: tuple[str, ...]

    @property
    def fingerprint(self) -> bytes:
        """16 bytes; the same event told again has the same."""
        text = json.dumps([self.op, self.row, self.ts_ms, self.order, self.tables], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).digest()

    @property
    def is_placed(self) -> bool:
        """Whether it has a log position, which no other event has."""
        return self.order != (0, 0)


def parse_event(content: str | bytes, keys: tuple[str, ...] = ()) -> Event | None:
    """The event in a JSON text; None for a tombstone without key.

    Args:
        content: the text.
        keys: the columns that a pair's key must hold when its value is empty.

    Raises:
        UnreadableEvent: it is not a change event.
    """
    try:
        value = json.loads(content, parse_float=str) if content.strip() else None
    except (ValueError, RecursionError):
        raise UnreadableEvent("not a whole JSON value in UTF-8") from None
    if isinstance(value, dict) and set(value) >= {"key", "value"} and "op" not in value:
        if _payload(value["value"]) is None:
            return _deleted_by_key(value, keys)
        value = value["value"]
    value = _payload(value)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise UnreadableEvent("not a JSON object")
    event = _enveloped(value) if "op" in value and "source" in value else _flattened(value)
    gone = [name for name, item in event.row.items() if item == _UNAVAILABLE]
    if gone:
        raise UnreadableEvent(
            f"column {', '.join(gone)} was left out by the source database (set REPLICA IDENTITY FULL)"
        )
    return event


def _payload(value: object) -> object:
    """What stands under `payload`, where a message brings its schema along."""
    is_wrapped = isinstance(value, dict) and "payload" in value and set(value) <= {"schema", "payload"}
    return value["payload"] if is_wrapped and isinstance(value, dict) else value


def _deleted_by_key(pair: Row, keys: tuple[str, ...]) -> Event | None:
    key = _payload(pair["key"])
    if not isinstance(key, dict) or not keys or any(name not in key for name in keys):
        return None
    moment = pair.get("ts_ms", pair.get("timestamp"))
    if moment is None:
        return None
    return Event("d", dict(key), _moment(moment), (0, 0), ())


def _enveloped(value: Row) -> Event:
    op = _operation(value["op"])
    row = value.get("before" if op == "d" else "after")
    if not isinstance(row, dict):
        raise UnreadableEvent(f"no row for operation {op}")
    source = value["source"] if isinstance(value["source"], dict) else {}
    moment = source.get("ts_ms") or value.get("ts_ms")
    return Event(op, row, _moment(moment), log_position(source), _tables(source))


def _flattened(value: Row) -> Event:
    if "__op" not in value and "__deleted" not in value:
        raise UnreadableEvent("neither an envelope (op, source) nor a flattened row (__op, __deleted)")
    is_deleted = str(value.get("__deleted", "false")).lower() == "true"
    op = "d" if is_deleted else _operation(value.get("__op", "u"))
    about = {re.sub(r"^__(source_)?", "", name): item for name, item in value.items() if name.startswith("__")}
    row = {name: item for name, item in value.items() if not name.startswith("__")}
    moment = value.get("__source_ts_ms") or value.get("__ts_ms")
    return Event(op, row, _moment(moment), log_position(about), _tables(about))


def _operation(op: object) -> str:
    if op not in _OPERATIONS:
        raise UnreadableEvent("operation is none of c, r, u, d (a truncated table must be delivered anew)")
    return _OPERATIONS[str(op)]


def _moment(value: object) -> int:
    if not str(value).isdecimal() or int(str(value)) > _LAST_MS:
        raise UnreadableEvent("no time in milliseconds (ts_ms)")
    return int(str(value))


def _tables(source: Row) -> tuple[str, ...]:
    """What a table may be called: its name alone, behind its schema, behind its database."""
    table = source.get("table")
    if not isinstance(table, str):
        return ()
    outer = [source[key] for key in ("schema", "db") if isinstance(source.get(key), str) and source[key]]
    return (table, *(f"{name}.{table}" for name in outer))


def log_position(source: Row) -> tuple[int, int]:
    """Where in its database's log an event stands.

    PostgreSQL: `lsn`; MySQL, MariaDB: number of the log `file` and `pos`; Oracle: `scn`; SQL Server: `change_lsn`.
    """
    if str(source.get("lsn")).isdecimal():
        return 0, int(str(source["lsn"]))
    if str(source.get("scn")).isdecimal():
        return 0, int(str(source["scn"]))
    if str(source.get("pos")).isdecimal():
        number = re.search(r"[0-9]+$", str(source.get("file", "")))
        return int(number[0]) if number else 0, int(str(source["pos"])) * 4096 + _row(source)
    digits = re.fullmatch(r"([0-9a-f]{8}):([0-9a-f]{8}):([0-9a-f]{4})", str(source.get("change_lsn")))
    return (int(digits[1], 16), int(digits[2] + digits[3], 16)) if digits else (0, 0)


def _row(source: Row) -> int:
    """Which row of a statement that changed many at one place of the log."""
    text = str(source.get("row"))
    return min(int(text), 4095) if text.isdecimal() else 0
