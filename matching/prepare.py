"""Put the comparison keys of a model's fields beside its input: grain one row per record.

Records get a number (`record_no`) in the order of their ids. Everything that follows works on numbers, which are small
and quick to join, and goes back to ids only for what is kept. Keys are made once per distinct value and put beside the
records by place: joining them by value would compare every text once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matching.model import FieldModel, MatchModel
from matching.standardise import KINDS, keys_of

_SLICE = 200_000  # records put into the table at once; more would stand in memory twice


@dataclass(frozen=True)
class _Part:
    """Columns of the table, and for every record in order the place in them where its values stand."""

    places: pa.Array
    columns: dict[str, pa.Array | pa.ChunkedArray]


def prepare(
    con: duckdb.DuckDBPyConnection, model: MatchModel, source: str, target: str, numbers: str | None = None
) -> int:
    """Make the relation `target`: `record_no`, `record_id`, the fields, and every key that a rule of the model uses.

    `record_hash` is a hash of the fields: records that say the same have the same.

    Args:
        con: the scratch connection.
        model: names the columns of `source` and what kind of value each holds.
        source: relation with a column `record_id`.
        target: table to make, in the order of `record_id`.
        numbers: relation of record_id and record_no; by default the place in the order of the ids.

    Returns:
        Number of records.
    """
    return put_prepared(con, model, field_values(con, model, source, numbers), target)


def put_prepared(con: duckdb.DuckDBPyConnection, model: MatchModel, given: pa.Table, target: str) -> int:
    """Make `target` as `prepare` does from what `field_values` gave; returns the number of records."""
    order = pc.sort_indices(given["record_id"])
    parts = [_Part(order, {name: given[name] for name in given.column_names if name not in model.fields})]
    if "record_no" not in given.column_names:
        parts.insert(
            0, _Part(pa.array(np.arange(len(order))), {"record_no": pa.array(np.arange(len(order)), pa.int32())})
        )
    for name in model.fields:
        parts += _parts(con, model, name, given[name], order)
        given = given.drop_columns([name])
    for first in range(0, max(len(order), 1), _SLICE):
        _put(con, target, parts, first, min(_SLICE, len(order) - first))
    del parts
    pa.default_memory_pool().release_unused()
    return len(order)


def field_values(
    con: duckdb.DuckDBPyConnection, model: MatchModel, source: str, numbers: str | None = None
) -> pa.Table:
    """The values of the fields of all records, beside what tells the records apart; arguments as of `prepare`."""
    selected = [*(["record_no"] if numbers else []), "record_id", f"{content_sql(model)} as record_hash"]
    for name, field in model.fields.items():
        value = _value_sql(field)
        if field.at_most:
            value = _rare_sql(con, source, value, f"common_{name}", field.at_most)
        selected.append(f'{value} as "{name}"')
    numbered = f"join {numbers} using (record_id)" if numbers else ""
    return con.execute(f"select {', '.join(selected)} from {source} as source {numbered}").to_arrow_table()


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


def _parts(
    con: duckdb.DuckDBPyConnection, model: MatchModel, name: str, values: pa.ChunkedArray, order: pa.Array
) -> list[_Part]:
    """The field's values and its wanted keys."""
    kind, used = KINDS[model.fields[name].kind], model.used_columns
    wanted = [suffix for suffix in kind.columns if f"{name}_{suffix}" in used]
    if pa.types.is_nested(values.type) or not wanted:
        return [_Part(order, {name: values})]
    encoded = values.dictionary_encode().unify_dictionaries().combine_chunks()
    encoded = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
    keys = keys_of(kind, _texts(con, encoded.dictionary), wanted)
    named = {f"{name}_{suffix}": column for suffix, column in keys.items()}
    return [_Part(encoded.indices.take(order), {name: encoded.dictionary, **named})]


def _texts(con: duckdb.DuckDBPyConnection, values: pa.Array) -> pa.StringArray:
    """The values as DuckDB writes them."""
    if pa.types.is_string(values.type):
        return values
    con.register("typed", pa.table({"place": np.arange(len(values)), "value": values}))
    found = con.execute("select value::varchar as value from typed order by place").to_arrow_table()
    con.unregister("typed")
    return found["value"].combine_chunks()


def _put(con: duckdb.DuckDBPyConnection, target: str, parts: Sequence[_Part], first: int, size: int) -> None:
    """Append a slice of the records; the first makes the table."""
    taken: dict[str, pa.Array | pa.ChunkedArray] = {}
    for part in parts:
        places = part.places.slice(first, size)
        taken |= {name: column.take(places) for name, column in part.columns.items()}
    con.register("slice", pa.table(taken))
    con.execute(f"insert into {target} from slice" if first else f"create or replace table {target} as from slice")
    con.unregister("slice")
