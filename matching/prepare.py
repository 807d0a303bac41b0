"""Put the comparison keys of a model's fields beside its input: grain one row per record.

Records get a number (`record_no`) in the order of their ids. Everything that follows works on numbers, which are small
and quick to join, and goes back to ids only for what is kept. Keys are made once per distinct value; a record has the
place of its value (`matching.records`).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from functools import partial
from types import MappingProxyType

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matching.model import FieldModel, MatchModel
from matching.prepared import Prepared
from matching.records import Column, Numbers, Records, hashes_of
from matching.relations import by_place, in_batches, quoted, registered, with_places
from matching.side_by_side import Task, all_done, side_by_side
from matching.standardise import KINDS, keys_of

Places = Callable[[pa.Table, duckdb.DuckDBPyConnection], Numbers]


def prepare(
    con: duckdb.DuckDBPyConnection, model: MatchModel, source: str, target: str, numbers: str | None = None
) -> Prepared:
    """Make the relation `target`: `record_no`, `record_id`, the fields, and every key that a rule of the model uses.

    `record_hash` is a hash of the fields: records that say the same have the same.

    Args:
        con: the scratch connection.
        model: names the columns of `source` and what kind of value each holds.
        source: relation with a column `record_id`.
        target: view to make, in the order of `record_id`; it is gone with the connection.
        numbers: relation of record_id and record_no; by default the place in the order of the ids.
    """
    return put_prepared(con, model, field_values(con, model, source, numbers), target)


def put_prepared(
    con: duckdb.DuckDBPyConnection, model: MatchModel, given: pa.Table, target: str, left_out: Places | None = None
) -> Prepared:
    """Make `target` as `prepare` does of what `field_values` or `row_values` gave, but for some places.

    Args:
        con: the scratch connection.
        model: what the values are of.
        given: the values.
        target: view to make.
        left_out: finds the places that are left out, on a connection of its own, while the values are encoded.
    """
    ids = [name for name in given.column_names if name not in model.fields]
    tasks: list[Task] = [partial(_sorted, given["record_id"])]
    tasks += [partial(_encoded, given[name]) for name in model.fields]
    tasks += [partial(left_out, given)] if left_out else []
    order, *encoded = all_done(con, tasks)
    if left_out:
        order = _without(order, encoded.pop())
    plain = {name: given[name].take(order) for name in ids}
    del given, tasks  # columns of one table share their memory, so that only all together are let go
    pa.default_memory_pool().release_unused()
    records = _with_keys(con, model, dict(zip(model.fields, encoded, strict=True)), order)
    pa.default_memory_pool().release_unused()
    is_numbered = "record_no" in plain
    if not is_numbered:
        plain = {"record_no": pa.array(np.arange(len(order)), pa.int32())} | plain
    shown = {name: column.all_values() for name, column in records.columns.items()}
    con.register(target, in_batches(pa.table(plain | shown)))
    return Prepared(con, model, target, None if is_numbered else records)


def _with_keys(
    con: duckdb.DuckDBPyConnection, model: MatchModel, fields: dict[str, Column], order: pa.Array
) -> Records:
    """The fields in an order of the records, every key that is used, and hashes of what is told by them."""
    hashed = model.hashed_columns

    def work(name: str) -> int:
        return fields[name].values.nbytes * (1 + len(_wanted(model, name)))

    def made(cursor: duckdb.DuckDBPyConnection, name: str) -> tuple[dict[str, Column], dict[str, Numbers]]:
        values = Column(fields[name].places[order.to_numpy()], fields.pop(name).values)
        columns = {name: values} | _keys(cursor, model, name, values)
        return columns, {key: hashes_of(cursor, columns[key].values) for key in columns if key in hashed}

    most_first = sorted(fields, key=work, reverse=True)  # so that no thread is left with much at the end
    found = dict(zip(most_first, side_by_side(con, made, most_first), strict=True))
    columns = {key: column for name in model.fields for key, column in found[name][0].items()}
    return Records(columns, {key: values for _, hashes in found.values() for key, values in hashes.items()})


def field_values(
    con: duckdb.DuckDBPyConnection, model: MatchModel, source: str, numbers: str | None = None
) -> pa.Table:
    """The values of the fields of all records, beside what tells the records apart; arguments as of `prepare`."""
    selected = [*(["record_no"] if numbers else []), "record_id", f"{content_sql(model)} as record_hash"]
    selected += _selected(con, model, source)
    numbered = f"join {numbers} using (record_id)" if numbers else ""
    # a relation hands its rows over by all threads, in any order
    return con.sql(f"select {', '.join(selected)} from {source} as source {numbered}").to_arrow_table()


def row_values(
    con: duckdb.DuckDBPyConnection, model: MatchModel, rows: pa.Table, also: Mapping[str, str] = MappingProxyType({})
) -> pa.Table:
    """The same of rows at hand: `record_id`, `record_hash` and the fields, in the order of the rows.

    Columns that are taken as they stand are not copied. `also`: further columns, by the SQL over the row `source`.
    """
    plain = {name: field.sources[0] for name, field in model.fields.items() if field.is_plain}
    with registered(con, "given_rows", in_batches(with_places(rows))):
        selected = ["place", f"{content_sql(model)} as record_hash", *_selected(con, model, "given_rows", plain)]
        selected += [f"{value} as {quoted(name)}" for name, value in also.items()]
        found = by_place(con.sql(f"select {', '.join(selected)} from given_rows as source").to_arrow_table())
    values = {name: rows[plain[name]] if name in plain else found[name] for name in model.fields}
    more = {name: found[name] for name in ("record_hash", *also)}
    return pa.table({"record_id": rows["record_id"], **more, **values})


def _selected(
    con: duckdb.DuckDBPyConnection, model: MatchModel, source: str, left_out: Container[str] = ()
) -> Iterator[str]:
    """SQL of the fields' values from the row `source` of a relation."""
    for name, field in model.fields.items():
        if name not in left_out:
            value = _value_sql(field)
            if field.at_most:
                value = _rare_sql(con, source, value, f"common_{name}", field.at_most)
            yield f'{value} as "{name}"'


def content_sql(model: MatchModel) -> str:
    """A hash of all fields of the row `source`."""
    return f"hash({', '.join(map(_value_sql, model.fields.values()))})"


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


def _wanted(model: MatchModel, name: str) -> list[str]:
    """Which keys of a field some rule uses."""
    used = model.used_columns
    return [suffix for suffix in KINDS[model.fields[name].kind].columns if f"{name}_{suffix}" in used]


def _keys(con: duckdb.DuckDBPyConnection, model: MatchModel, name: str, values: Column) -> dict[str, Column]:
    """The wanted keys of a field."""
    wanted = _wanted(model, name)
    if not wanted:
        return {}
    keys = keys_of(KINDS[model.fields[name].kind], _texts(con, values.values), wanted)
    return {f"{name}_{suffix}": Column(values.places, column) for suffix, column in keys.items()}


def _sorted(ids: pa.ChunkedArray, _: duckdb.DuckDBPyConnection) -> pa.Array:
    return pc.sort_indices(ids)


def _without(order: pa.Array, left_out: Numbers) -> pa.Array:
    if not len(left_out):
        return order
    wanted = np.ones(len(order), bool)
    wanted[left_out] = False
    places = order.to_numpy()
    return pa.array(places[wanted[places]])


def _encoded(values: pa.ChunkedArray, _: duckdb.DuckDBPyConnection) -> Column:
    """The values, each once; lists stay as they are."""
    if pa.types.is_nested(values.type):
        return Column(np.arange(len(values), dtype=np.int32), values.combine_chunks())
    if not len(values):
        return Column(np.zeros(0, np.int32), pa.array([], values.type))
    chunks = values.dictionary_encode().chunks  # Arrow gives all chunks of one array the same dictionary
    places = pa.concat_arrays([chunk.indices for chunk in chunks]).fill_null(-1)
    return Column(places.to_numpy(), chunks[0].dictionary)


def _texts(con: duckdb.DuckDBPyConnection, values: pa.Array) -> pa.StringArray:
    """The values as DuckDB writes them."""
    if pa.types.is_string(values.type):
        return values
    with registered(con, "typed", with_places(pa.table({"value": values}))):
        found = by_place(con.sql("select place, value::varchar as value from typed").to_arrow_table())
    return found["value"].combine_chunks()
