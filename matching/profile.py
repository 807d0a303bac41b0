"""The columns of the tables a model is proposed for: of several those that hold the same, whatever their names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import duckdb

from matching.recognise import Column, recognise
from matching.relations import quoted
from matching.several_tables import table_names
from matching.table_csv import Say
from matching.table_files import load_table, shown
from warehouse.errors import SourceError

PROFILED = "profiled"  # relation of the rows of all tables
_SAYS_NOTHING = ("truth", "event", "label", "empty", "constant", "price")  # roles of columns nobody reads
_SAYS_LITTLE = ("text", "code")  # of what is in a column
_SHARED = 0.05  # of the fewer different values: so many in common, and two columns hold the same
_Names = dict[str, str]


@dataclass(frozen=True)
class Profile:
    """What tables hold.

    Attributes:
        columns: of all tables, each once, named as in the first table that has it.
        own: by the name of a table, what it calls the columns that it has.
    """

    columns: list[Column]
    own: Mapping[str, _Names]

    def lacking(self, column: str) -> list[str]:
        """The tables that do not have a column."""
        return [table for table, names in self.own.items() if column not in names]


@dataclass(frozen=True)
class _Table:
    name: str
    relation: str
    columns: Mapping[str, Column]


@dataclass(frozen=True)
class _Held:
    """A column and where it stands."""

    relation: str
    column: Column


def profile(con: duckdb.DuckDBPyConnection, sources: Sequence[str], truth: str | None, say: Say) -> Profile:
    """Look at all columns of one or several tables; make the relation `PROFILED`.

    Args:
        con: a scratch connection.
        sources: files or `URL#table`.
        truth: a column to leave alone, because it holds the answer.
        say: called with a line per table.

    Raises:
        SourceError: a table cannot be read, or has no column in common with those before, or none but the truth.
    """
    tables: list[_Table] = []
    known: dict[str, _Held] = {}
    own: dict[str, _Names] = {}
    for source, name in zip(sources, table_names(sources), strict=True):
        table = _table(con, f"input_{len(tables)}", source, name, say)
        found = _same_columns(con, known, table, truth)
        if tables and all(known[column].column.role == "key" for column in found):
            raise SourceError(f"{shown(source)}: no column that holds what another table holds; write a model by hand")
        own[name] = found | {column: column for column in table.columns if column not in found.values()}
        known |= {column: _Held(table.relation, table.columns[column]) for column in own[name] if column not in known}
        tables.append(table)
    names = [column for column in known if column != truth]
    if not names:
        raise SourceError(f"{shown(sources[0])}: no column but the truth; give a table with records")
    selected = " union all ".join(_selected(names, table.relation, own[table.name]) for table in tables)
    con.execute(f"create or replace table {PROFILED} as {selected}")
    if len(tables) == 1:  # looked at already
        return Profile([tables[0].columns[name] for name in names], own)
    return Profile([_key_of_each(column, tables, own) for column in recognise(con, PROFILED, names)], own)


def _table(con: duckdb.DuckDBPyConnection, relation: str, source: str, name: str, say: Say) -> _Table:
    table, columns = load_table(con, source, say)
    con.register(relation, table)
    return _Table(name, relation, {column.name: column for column in recognise(con, relation, columns)})


def _selected(names: Sequence[str], relation: str, own: Mapping[str, str]) -> str:
    columns = (
        f"{quoted(own[name]) if name in own else 'null'}::varchar as {quoted(name)}" for name in names
    )  # fmt: skip
    return f"select {', '.join(columns)} from {relation}"


def _same_columns(
    con: duckdb.DuckDBPyConnection, known: Mapping[str, _Held], table: _Table, truth: str | None
) -> _Names:
    """What a table calls known columns: the same name, else the same role.

    Of several of one role, and of a role that says little, those with the most values in common; what names a record
    has none in common, and comes first in a table.
    """
    found = {name: name for name in known if name in table.columns}
    if truth is not None and truth in known and truth not in found:
        found |= _most_shared(con, known, table, [(truth, name) for name in table.columns if name not in found])
    ours = _by_role(held.column for name, held in known.items() if name not in found and name != truth)
    theirs = _by_role(column for name, column in table.columns.items() if name not in found.values())
    for role, names in ours.items():
        pairs = [*product(names, theirs.get(role, ()))]
        if pairs and (role == "key" or (len(pairs) == 1 and role not in _SAYS_LITTLE)):
            found |= dict(pairs[:1])
        else:
            found |= _most_shared(con, known, table, pairs)
    return found


def _by_role(columns: Iterable[Column]) -> Mapping[str, list[str]]:
    found = defaultdict(list)
    for column in columns:
        if column.role not in _SAYS_NOTHING:
            found[column.role].append(column.name)
    return found


def _most_shared(
    con: duckdb.DuckDBPyConnection, known: Mapping[str, _Held], table: _Table, pairs: Sequence[tuple[str, str]]
) -> _Names:
    """The pairs of columns with the most values in common, each column once."""
    shared = {
        (one, two): _shared(con, known[one], _Held(table.relation, table.columns[two])) for one, two in pairs
    }  # fmt: skip
    found: _Names = {}
    for one, two in sorted(shared, key=lambda pair: (-shared[pair], pair)):
        if shared[one, two] >= _SHARED and one not in found and two not in found.values():
            found[one] = two
    return found


def _shared(con: duckdb.DuckDBPyConnection, *pair: _Held) -> float:
    """How many of the different values two columns have in common, of the fewer."""
    values = [
        f"select distinct {name}::varchar as value from {held.relation} where {name} is not null"
        for held in pair
        for name in [quoted(held.column.name)]
    ]
    row = con.execute(f"select count(*) from ({' intersect '.join(values)})").fetchone() or (0,)
    return int(row[0]) / max(min(held.column.distinct for held in pair), 1)


def _key_of_each(column: Column, tables: Sequence[_Table], own: Mapping[str, _Names]) -> Column:
    """A column that names the records of each table names them all, since a table's name goes before."""
    seen = [table.columns[own[table.name][column.name]] for table in tables if column.name in own[table.name]]
    is_key = len(seen) == len(tables) and all(item.role == "key" and item.is_key for item in seen)
    return replace(column, role="key", filled=1, distinct=column.rows) if is_key else column
