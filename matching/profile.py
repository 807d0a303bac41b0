"""The columns of the tables a model is proposed for: of several those that hold the same, whatever their names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import duckdb

from matching.recognise import Column, recognise
from matching.relations import quoted
from matching.several_tables import table_names
from matching.table_csv import Say
from matching.table_files import load_table, shown
from warehouse.errors import SourceError

PROFILED = "profiled"  # relation of the rows of all tables, with the names of the first
_SAYS_LITTLE = ("truth", "event", "label", "empty", "constant", "text", "price", "code")  # of what is in a column
_SHARED = 0.05  # of the fewer different values: so many in common, and two columns hold the same
_Names = dict[str, str]


@dataclass(frozen=True)
class Profile:
    """What tables hold.

    Attributes:
        columns: those that all tables have.
        called: by the name of a table, which is not the first, what it calls these columns.
        told: what else there is to say, a line each.
    """

    columns: list[Column]
    called: Mapping[str, _Names] = field(default_factory=dict)
    told: Sequence[str] = ()


@dataclass(frozen=True)
class _Table:
    name: str
    relation: str
    columns: Mapping[str, Column]

    def of_role(self, left_out: Sequence[str | None]) -> Mapping[str, list[str]]:
        """The names of the columns by their role, without some."""
        found = defaultdict(list)
        for name, column in self.columns.items():
            if name not in left_out:
                found[column.role].append(name)
        return found


def profile(con: duckdb.DuckDBPyConnection, sources: Sequence[str], truth: str | None, say: Say) -> Profile:
    """Look at all columns of one or several tables; make the relation `PROFILED`.

    Args:
        con: a scratch connection.
        sources: files or `URL#table`.
        truth: a column to leave alone, because it holds the answer.
        say: called with a line per table.

    Raises:
        SourceError: a table cannot be read, or several have no column in common.
    """
    tables = [
        _table(con, number, *named, say) for number, named in enumerate(zip(sources, table_names(sources), strict=True))
    ]
    first, *others = tables
    called = {other.name: _same_columns(con, first, other, truth) for other in others}
    names = [name for name in first.columns if name != truth and all(name in known for known in called.values())]
    if not names:
        raise SourceError(f"{shown(sources[0])}: no column that holds the same in all tables; write a model by hand")
    parts = [(table.relation, called.get(table.name, {})) for table in tables]
    con.execute(
        f"create or replace table {PROFILED} as {' union all '.join(_selected(names, *part) for part in parts)}"
    )
    columns = recognise(con, PROFILED, names)
    if others:
        columns = [_key_of_each(column, tables, called) for column in columns]
    return Profile(columns, called, [*_told(first, others, called, truth)])


def _table(con: duckdb.DuckDBPyConnection, number: int, source: str, name: str, say: Say) -> _Table:
    table, columns = load_table(con, source, say)
    relation = f"input_{number}"
    con.register(relation, table)
    return _Table(name, relation, {column.name: column for column in recognise(con, relation, columns)})


def _selected(names: Sequence[str], relation: str, called: Mapping[str, str]) -> str:
    columns = (f"{quoted(called.get(name, name))}::varchar as {quoted(name)}" for name in names)
    return f"select {', '.join(columns)} from {relation}"


def _same_columns(con: duckdb.DuckDBPyConnection, first: _Table, other: _Table, truth: str | None) -> _Names:
    """What the other table calls the columns of the first: the same name, else the same role.

    Of several of one role, and of a role that says little, those with the most values in common; what names a record
    has none in common, and comes first in a table.
    """
    found = {name: name for name in first.columns if name in other.columns}
    if truth and truth not in found:
        found |= _most_shared(con, first, other, [(truth, name) for name in other.columns if name not in found])
    ours, theirs = first.of_role([*found, truth]), other.of_role([*found.values()])
    for role, names in ours.items():
        pairs = [*product(names, theirs.get(role, ()))]
        if pairs and (role == "key" or (len(pairs) == 1 and role not in _SAYS_LITTLE)):
            found |= dict(pairs[:1])
        else:
            found |= _most_shared(con, first, other, pairs)
    return found


def _most_shared(
    con: duckdb.DuckDBPyConnection, first: _Table, other: _Table, pairs: Sequence[tuple[str, str]]
) -> _Names:
    """The pairs of columns with the most values in common, each column once."""
    shared = {pair: _shared(con, first, other, pair) for pair in pairs}
    found: _Names = {}
    for one, two in sorted(shared, key=lambda pair: (-shared[pair], pair)):
        if shared[one, two] >= _SHARED and one not in found and two not in found.values():
            found[one] = two
    return found


def _shared(con: duckdb.DuckDBPyConnection, first: _Table, other: _Table, pair: tuple[str, str]) -> float:
    """How many of the different values two columns have in common, of the fewer."""
    values = [
        f"select distinct {quoted(name)}::varchar as value from {table.relation} where {quoted(name)} is not null"
        for table, name in zip((first, other), pair, strict=True)
    ]
    row = con.execute(f"select count(*) from ({' intersect '.join(values)})").fetchone() or (0,)
    fewer = min(first.columns[pair[0]].distinct, other.columns[pair[1]].distinct)
    return int(row[0]) / max(fewer, 1)


def _key_of_each(column: Column, tables: Sequence[_Table], called: Mapping[str, _Names]) -> Column:
    """A column that names the records of each table names them all, since a table's name goes before."""
    seen = [table.columns[called.get(table.name, {}).get(column.name, column.name)] for table in tables]
    is_key = all(item.role == "key" and item.is_key for item in seen)
    return replace(column, role="key", filled=1, distinct=column.rows) if is_key else column


def _told(first: _Table, others: Sequence[_Table], called: Mapping[str, _Names], truth: str | None) -> Iterator[str]:
    for name in first.columns:
        lacking = [other.name for other in others if name not in called[other.name]]
        if lacking and name != truth:
            yield f"{name}: ignored, nothing like it in {', '.join(lacking)}"
    for other in others:
        ours = {theirs: name for name, theirs in called[other.name].items()}
        for name in other.columns:
            if name not in ours:
                yield f"{other.name}: {name}: ignored, nothing like it in {first.name}"
            elif ours[name] != name:
                yield f"{other.name}: {name}: read as {ours[name]}"
