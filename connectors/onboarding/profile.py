"""What a source's tables look like: counts per column, the form of its values, keys, references between tables.

Rows are read by the readers of the line and counted in an in-memory DuckDB. What leaves are counts and, for columns of
few and short values, the codes themselves, which a code map needs; a column of names or numbers of people never counts
as one.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import duckdb
import pyarrow as pa

from connectors.onboarding.recognise import form_of
from connectors.reading import ReadTable
from connectors.registry import Column, Source, Table

MAX_ROWS = 500_000
_SAMPLE = 2_000
_MAX_CODES, _CODE_LENGTH, _ROWS_PER_CODE = 40, 24, 10
_PERSONAL = {
    "resident_id", "uscc", "mobile", "card", "email", "landline", "person_name", "organization_name", "address",
}  # fmt: skip
_KEY_COLUMNS = 4  # a key of several columns is looked for among the first ones


@dataclass(frozen=True)
class ColumnProfile:
    """One column: its counts, the form of its values and, where it holds codes, the codes."""

    column: Column
    comment: str
    rows: int
    nulls: int
    distinct: int
    form: str
    share: float
    codes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name in the raw table."""
        return self.column.name

    @property
    def is_key(self) -> bool:
        """Whether each row has its own value."""
        return self.rows > 0 and self.nulls == 0 and self.distinct == self.rows

    @property
    def evidence(self) -> str:
        """What is known of it, in counts."""
        form = f"{self.form} {self.share:.0%}" if self.form != "text" else "text"
        comment = f", comment {self.comment}" if self.comment else ""
        return f"{form}, {self.nulls} null, {self.distinct} distinct of {self.rows} rows{comment}"


@dataclass(frozen=True)
class TableProfile:
    """One table."""

    name: str
    origin: str | None  # what the source calls it: table, sheet, pattern of file names
    comment: str
    rows: int
    is_whole: bool  # False: only the first rows were looked at
    columns: tuple[ColumnProfile, ...]
    key: tuple[str, ...]  # empty: no column or pair of columns tells the rows apart
    references: Mapping[str, str] = field(default_factory=dict)  # column → table whose key it holds

    def column(self, name: str) -> ColumnProfile:
        """The column of this name."""
        return next(column for column in self.columns if column.name == name)


Comments = Mapping[tuple[str, str | None], str]  # (table, column) → comment; column None: the table's own


def profile_source(source: Source, read: ReadTable, comments: Comments) -> dict[str, TableProfile]:
    """Look at every table of a source.

    Raises:
        SourceError: a table cannot be read.
    """
    with duckdb.connect() as con:
        whole = {name: _load(con, name, read) for name in source.tables}
        profiles = {name: _table(con, name, table, whole[name], comments) for name, table in source.tables.items()}
        return {name: _with_references(con, profile, profiles) for name, profile in profiles.items()}


def _load(con: duckdb.DuckDBPyConnection, name: str, read: ReadTable) -> bool:
    """Copy the first rows of a table into DuckDB; whether these were all."""
    rows, batches = 0, []
    is_whole = True
    for batch in read(name, None).batches:
        batches.append(batch)
        rows += batch.num_rows
        if rows >= MAX_ROWS:
            is_whole = False
            break
    con.register("given", pa.Table.from_batches(batches) if batches else pa.table({}))
    con.execute(f'create table "{name}" as select * from given' if batches else f'create table "{name}" (nothing int)')
    con.unregister("given")
    return is_whole


def _table(con: duckdb.DuckDBPyConnection, name: str, table: Table, is_whole: bool, comments: Comments) -> TableProfile:
    rows = _one(con, f'select count(*) from "{name}"')
    columns = tuple(_column(con, name, column, rows, comments.get((name, column.name), "")) for column in table.columns)
    key = _key(con, name, columns, rows)
    return TableProfile(name, table.origin, comments.get((name, None), ""), rows, is_whole, columns, key)


def _one(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = con.execute(sql).fetchone()
    return int(row[0]) if row else 0


def _column(con: duckdb.DuckDBPyConnection, table: str, column: Column, rows: int, comment: str) -> ColumnProfile:
    if rows == 0:
        return ColumnProfile(column, comment, 0, 0, 0, "text", 0.0)
    text = f"nullif(trim(cast(\"{column.name}\" as varchar)), '')"
    counts = con.execute(f'select count({text}), count(distinct {text}) from "{table}"').fetchone() or (0, 0)
    sample = con.execute(
        f'select value from (select {text} as value, count(*) as n from "{table}" group by 1) '
        f"where value is not null order by n desc, hash(value) limit {_SAMPLE}"
    ).fetchall()
    values = [value for (value,) in sample]
    form, share = form_of(values)
    codes = _codes(values, int(counts[0]), int(counts[1]), form)
    return ColumnProfile(column, comment, rows, rows - int(counts[0]), int(counts[1]), form, share, codes)


def _codes(values: list[str], filled: int, distinct: int, form: str) -> tuple[str, ...]:
    """The values of a column that can only be a code: few, short, each in many rows, nothing of a person."""
    is_code = distinct <= _MAX_CODES and filled >= distinct * _ROWS_PER_CODE and form not in _PERSONAL
    return tuple(sorted(values)) if is_code and all(len(value) <= _CODE_LENGTH for value in values) else ()


def _key(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[ColumnProfile], rows: int) -> tuple[str, ...]:
    single = [column.name for column in columns if column.is_key and column.form not in ("decimal", "timestamp")]
    if single or rows == 0:
        return tuple(single[:1])
    whole = [column.name for column in columns[:_KEY_COLUMNS] if column.nulls == 0]
    for size in (2, 3):
        for names in itertools.combinations(whole, size):
            quoted = ", ".join(f'"{name}"' for name in names)
            if _one(con, f'select count(*) from (select distinct {quoted} from "{table}")') == rows:
                return names
    return ()


def _with_references(
    con: duckdb.DuckDBPyConnection, profile: TableProfile, tables: Mapping[str, TableProfile]
) -> TableProfile:
    """A column refers to a table when it has the name of its key and its values are among the key's."""
    found: dict[str, str] = {}
    for other in tables.values():
        for column in profile.columns:
            if other.name != profile.name and other.key == (column.name,) and column.rows and column.name not in found:
                missing = f'select distinct "{column.name}" as value from "{profile.name}" where value is not null'
                known = f'select "{column.name}" from "{other.name}"'
                lost = _one(con, f"select count(*) from ({missing}) where value not in ({known})")
                if lost <= 0.02 * column.distinct:
                    found[column.name] = other.name
    return replace(profile, references=found)
