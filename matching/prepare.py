"""Join the comparison keys of a model's fields to its input: grain one row per record.

Records get a number (`record_no`) in the order of their ids. Everything that follows works on numbers, which are small
and quick to join, and goes back to ids only for what is kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from matching.model import FieldModel, MatchModel
from matching.standardise import KINDS, derive_keys

_IN_ORDER = "(select record_id, (row_number() over (order by record_id) - 1)::integer as record_no from {source})"


def prepare(
    con: duckdb.DuckDBPyConnection, model: MatchModel, source: str, target: str, numbers: str | None = None
) -> int:
    """Make the relation `target`: `record_no`, `record_id`, the fields, and every key that a rule of the model uses.

    `record_hash` is a hash of the fields: records that say the same have the same.

    Args:
        con: the scratch connection.
        model: names the columns of `source` and what kind of value each holds.
        source: relation with a column `record_id`.
        target: table to make.
        numbers: relation of record_id and record_no; by default the place in the order of the ids.

    Returns:
        Number of records.
    """
    used = model.used_columns
    selected, joins = ["numbered.record_no", "source.record_id", f"{content_sql(model)} as record_hash"], []
    for name, field in model.fields.items():
        value = _value_sql(field)
        if field.at_most:
            value = _rare_sql(con, source, value, f"common_{name}", field.at_most)
        selected.append(f'{value} as "{name}"')
        wanted = [suffix for suffix in KINDS[field.kind].columns if f"{name}_{suffix}" in used]
        if wanted:
            con.register(f"keys_of_{name}", _keys(con, name, field.kind, source, value, wanted))
            selected.append(f"keys_of_{name}.* exclude (value)")
            joins.append(f"left join keys_of_{name} on keys_of_{name}.value = {value}")
    con.execute(
        f"create or replace table {target} as select {', '.join(selected)} from {source} as source"
        f" join {numbers or _IN_ORDER.format(source=source)} as numbered using (record_id) {' '.join(joins)}"
    )
    for name in model.fields:
        con.unregister(f"keys_of_{name}")
    row = con.execute(f"select count(*) from {target}").fetchone()
    return int(row[0]) if row else 0


def content_sql(model: MatchModel) -> str:
    """A hash of all fields of the row `source`."""
    return f"hash({', '.join(map(_value_sql, model.fields.values()))})"


def quoted(name: str) -> str:
    """A column's name as SQL wants it, whatever signs it has."""
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _value_sql(field: FieldModel) -> str:
    """The field's value from the row `source`; null where it means nothing."""
    columns = [f"source.{quoted(column)}" for column in field.sources]
    value = columns[0]
    if len(columns) > 1:
        value = f"nullif(concat_ws({_literal(field.joined_by)}, {', '.join(columns)}), '')"
    if field.missing:
        listed = ", ".join(_literal(text.lower()) for text in field.missing)
        value = f"case when lower(trim({value}::varchar)) in ({listed}) then null else {value} end"
    if field.separator:
        split = f"list_transform(string_split({value}, {_literal(field.separator)}), lambda x: trim(x))"
        value = f"nullif(list_sort(list_distinct(list_filter({split}, lambda x: x <> ''))), [])"
    return value


def _rare_sql(con: duckdb.DuckDBPyConnection, source: str, value: str, table: str, at_most: int) -> str:
    """The value where at most so many records share it, whatever its case; null elsewhere."""
    folded = f"lower(trim({value}::varchar))"
    con.execute(
        f"create or replace table {table} as select {folded} as value from {source} as source"
        f" where {value} is not null group by 1 having count(*) > {at_most} order by 1"
    )
    return f"case when {folded} in (select value from {table}) then null else {value} end"


def _keys(
    con: duckdb.DuckDBPyConnection, name: str, kind: str, source: str, value: str, wanted: Sequence[str]
) -> pa.Table:
    distinct = con.execute(f"select distinct {value}::varchar as value from {source} as source where value is not null")
    return derive_keys(kind, distinct.to_arrow_table()["value"].to_pylist(), name, wanted)
