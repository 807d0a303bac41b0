"""A record as the model's columns: the keys that `matching.prepare` joins to a table, made for one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from matching.model import FieldModel, MatchModel
from matching.standardise import KINDS


def prepared_record(model: MatchModel, values: Mapping[str, Any]) -> dict[str, Any]:
    """One record with every column a rule may use.

    Args:
        model: names the columns of `values` and what kind of value each holds.
        values: a standardised record, a column that is not there counting as null.
    """
    prepared: dict[str, Any] = {}
    used = model.used_columns
    for name, field in model.fields.items():
        value = prepared[name] = _value(field, values)
        keys = _keys(field.kind, str(value)) if value is not None and KINDS[field.kind].columns else {}
        columns = {f"{name}_{suffix}": keys.get(suffix) for suffix in KINDS[field.kind].columns}
        prepared |= {column: key for column, key in columns.items() if column in used}
    return prepared


@lru_cache(maxsize=10_000)
def _keys(kind: str, text: str) -> dict[str, object]:
    return KINDS[kind].derive(text)


def _value(field: FieldModel, values: Mapping[str, Any]) -> Any:  # noqa: ANN401  # any column's value
    """The field's value; None where it means nothing."""
    parts = [values.get(column) for column in field.sources]
    value = parts[0] if len(parts) == 1 else _joined(parts, field.joined_by)
    if value is not None and field.missing and str(value).strip(" ").lower() in {m.lower() for m in field.missing}:
        return None
    if value is not None and field.separator:
        return sorted({part.strip(" ") for part in value.split(field.separator)} - {""}) or None
    return value


def _joined(parts: Sequence[object], joint: str) -> str | None:
    return joint.join(str(part) for part in parts if part is not None) or None
