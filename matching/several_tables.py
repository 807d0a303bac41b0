"""Several tables of one run: what each is called, what it calls its columns, and what holds its own rows apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from matching.model import MatchModel, TableModel
from matching.model_check import LINKED_ROW, LINKED_TABLE

_AS_IT_IS = TableModel()


def table_names(sources: Sequence[str]) -> list[str]:
    """What the tables are called, in a model and before the ids of their rows: by their files, numbered when alike."""
    stems = [Path(source.partition("#")[2] or source).stem for source in sources]
    names: list[str] = []
    for place, stem in enumerate(stems, 1):
        name = f"{stem}_{place}" if stems.count(stem) > 1 else stem
        while name in names or (name != stem and name in stems):
            name += "_"
        names.append(name)
    return names


def told_of(model: MatchModel, name: str) -> TableModel:
    """What the model says of a table."""
    return model.tables.get(name, _AS_IT_IS)


def own_names(told: TableModel, columns: Iterable[str]) -> list[str]:
    """What the table calls the model's columns; those it does not have are left out."""
    return [called for called in map(told.called, columns) if called is not None]


def renamed(told: TableModel, table: pa.Table, columns: Iterable[str]) -> pa.Table:
    """The model's columns, as far as the table has them; nulls where the model says that it has none."""
    empty = pa.chunked_array([pa.nulls(len(table))])  # of no type, so that it fits that of the other tables
    found = {column: told.called(column) for column in columns}
    return pa.table({
        column: empty if called is None else table[called]
        for column, called in found.items() if called is None or called in table.column_names
    })  # fmt: skip


def together(tables: Sequence[pa.Table]) -> pa.Table:
    """The rows of tables that have the same columns; what none of them has is text."""
    rows = pa.concat_tables(tables, promote_options="default")
    return rows.cast(pa.schema([(f.name, pa.string() if pa.types.is_null(f.type) else f.type) for f in rows.schema]))


def apart(model: MatchModel, tables: Mapping[str, int]) -> dict[str, pa.Array]:
    """For the rows of all tables, one after the other, what holds those of `distinct` tables apart.

    Args:
        model: says which tables are.
        tables: their names and numbers of rows.
    """
    if not model.has_distinct:
        return {}
    numbers = [*tables.values()]
    names = pa.array([name if told_of(model, name).distinct else None for name in tables], pa.string())
    told = names.take(pa.array(np.repeat(np.arange(len(names)), numbers)))
    rows = np.concatenate([np.arange(1, number + 1) for number in numbers])
    return {LINKED_TABLE: told, LINKED_ROW: pa.array(rows, mask=told.is_null().to_numpy(zero_copy_only=False))}


def not_given(model: MatchModel, names: Sequence[str]) -> list[str]:
    """Tables the model speaks of that are not among those given: a slip of the pen, mostly."""
    listed = ", ".join(names)
    return [
        f"model: tables.{name}: no such table was given; given are {listed}"
        for name in model.tables
        if name not in names
    ]
