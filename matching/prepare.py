"""Join the comparison keys of a model's fields to its input: grain one row per record."""

from __future__ import annotations

import duckdb

from matching.model import MatchModel
from matching.standardise import KINDS, derive_keys


def prepare(con: duckdb.DuckDBPyConnection, model: MatchModel, source: str, target: str) -> int:
    """Make the relation `target` with every column a rule of the model may use.

    Args:
        con: the scratch connection.
        model: names the columns of `source` and what kind of value each holds.
        source: relation with a column `record_id`.
        target: table to make, ordered by `record_id`.

    Returns:
        Number of records.
    """
    selected, joins = ["source.record_id"], []
    for name, field in model.fields.items():
        selected.append(f'source."{field.column}" as "{name}"')
        if KINDS[field.kind].columns:
            con.register(f"keys_of_{name}", _keys(con, name, field.kind, source, field.column))
            selected.append(f"keys_of_{name}.* exclude (value)")
            joins.append(f'left join keys_of_{name} on keys_of_{name}.value = source."{field.column}"')
    columns = ", ".join(selected)
    con.execute(
        f"create or replace table {target} as select {columns} from {source} as source {' '.join(joins)} order by 1"
    )
    for name, field in model.fields.items():
        if KINDS[field.kind].columns:
            con.unregister(f"keys_of_{name}")
    row = con.execute(f"select count(*) from {target}").fetchone()
    return int(row[0]) if row else 0


def _keys(con: duckdb.DuckDBPyConnection, name: str, kind: str, source: str, column: str) -> object:
    distinct = con.execute(f'select distinct "{column}" from {source} where "{column}" is not null order by 1')
    return derive_keys(kind, (str(row[0]) for row in distinct.fetchall()), name)
