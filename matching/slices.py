"""Which records belong to which watched slice, by the conditions of `config/release.yml`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import duckdb

from matching.release_rules import RECORD_MODEL, Condition, Slice
from warehouse.store import CATALOG


def find_slices(con: duckdb.DuckDBPyConnection, slices: Sequence[Slice], as_of: dt.date) -> None:
    """Make the temporary table `record_slices` (record_id, slices: list of names), grain record.

    Args:
        con: a connection of the warehouse.
        slices: the groups.
        as_of: business day ages are counted on.
    """
    shared = sorted({c.column for item in slices for c in item.any if c.shared_by_at_least is not None})
    holder = "coalesce(document_key, birth_date::varchar, birth_date_document::varchar)"
    counted = "".join(
        f', case when "{column}" is not null then count(distinct {holder}) over (partition by "{column}") end'
        f' as "{column}_holders"'
        for column in shared
    )
    member = ", ".join(f"case when {_slice(item, as_of)} then '{item.slice}' end" for item in slices)
    con.execute(
        f"create or replace temp table record_slices as"
        f" select record_id, list_filter([{member or 'null'}]::varchar[], lambda entry: entry is not null) as slices"
        f" from (select *{counted} from {CATALOG}.main.{RECORD_MODEL})"
    )


def _slice(item: Slice, as_of: dt.date) -> str:
    return "(" + " or ".join(_condition(condition, as_of) for condition in item.any) + ")"


def _condition(condition: Condition, as_of: dt.date) -> str:
    """SQL of one test; a missing value fulfils none."""
    column = f'"{condition.column}"'
    if condition.contains is not None:
        return "(" + " or ".join(f"contains({column}::varchar, {_text(part)})" for part in condition.contains) + ")"
    if condition.in_ is not None:
        return f"{column}::varchar in ({', '.join(map(_text, condition.in_))})"
    if condition.not_in is not None:
        return f"{column}::varchar not in ({', '.join(map(_text, condition.not_in))})"
    if condition.years_at_least is not None:
        return f"{column} <= date '{as_of}' - interval {condition.years_at_least} year"
    if condition.characters_at_least is not None:
        return f"length({column}::varchar) >= {condition.characters_at_least}"
    return f'"{condition.column}_holders" >= {condition.shared_by_at_least}'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
