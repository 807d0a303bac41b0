"""The gate before publishing: no clear personal data in any text of the published models.

Four nets, each of another mesh: masked columns must show a mask; no text holds a number that is one by its check digit;
no column equals a clear value of a golden customer; no note holds a golden name. A find stops the run and names table,
column and count, never the value.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import duckdb

from masking.checks import is_luhn, is_resident_id, is_uscc
from masking.person_names import CERTAIN_LENGTH
from masking.recognizers import compact
from warehouse import store
from warehouse.errors import GateError
from warehouse.policy import PUBLISHED_PREFIX, Column, Policy, load_policy
from warehouse.settings import Settings

# What a masked value of these masks always contains.
_SHOWS_STAR = {
    "name", "organization", "document", "document_strict", "last_four", "mobile", "phone", "card", "account", "email",
    "address", "text",
}  # fmt: skip
_DATE = "(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_EDGE = "(?:^|[^0-9A-Za-z])"


def _is_card(number: str) -> bool:
    """One in ten organization codes of digits only would pass for a card."""
    return is_luhn(number) and not is_uscc(number)


_NUMBERS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "resident id numbers": (f"([1-9][0-9]{{5}}{_DATE}[0-9]{{3}}[0-9Xx])", is_resident_id),
    "mobile numbers": (f"{_EDGE}(?:86)?(1[3-9][0-9][ -]?[0-9]{{4}}[ -]?[0-9]{{4}})(?:$|[^0-9])", lambda number: True),
    "card numbers": (f"{_EDGE}([3-9][0-9]{{3}}(?:[ -]?[0-9]{{4}}){{2}}[ -]?[0-9]{{3,7}})(?:$|[^0-9A-Za-z])", _is_card),
}
_CLEAR_VALUES = r"""
create or replace temp table clear_value as
select distinct value from (
    select unnest([name, former_name, spouse_name]) as value, 3 as shortest from golden_person
    union all select unnest([document_number, mobile, phone, email]), 6 from golden_person
    union all select legal_representative_name, 3 from golden_organization
)
where length(value) >= shortest
"""
_CLEAR_NAMES = r"""
create or replace temp table clear_name as
select distinct name, length(name) as size
from (select unnest([name, former_name, spouse_name]) as name from golden_person)
where regexp_full_match(name, '[\p{Han}〇·]{3,30}')
"""


def scan(settings: Settings, as_of: dt.date, run_id: str) -> dict[str, int]:
    """Scan every text column of the published models.

    Returns:
        Number of columns scanned.

    Raises:
        GateError: one line per column and kind of find.
    """
    policy = load_policy(settings)
    problems, scanned = [], 0
    with store.connect(settings) as con:
        con.execute(_CLEAR_VALUES)
        con.execute(_CLEAR_NAMES)
        for table, column in _text_columns(con, policy):
            scanned += 1
            problems += [
                f"published column {table}.{column.name}: {count} rows hold {kind}; correct its mask in "
                "config/policy.yml or the model (nothing was published)"
                for kind, count in _finds(con, f"{PUBLISHED_PREFIX}{table}", column)
                if count
            ]
    if problems:
        raise GateError(*problems)
    return {"columns_scanned": scanned}


def _text_columns(con: duckdb.DuckDBPyConnection, policy: Policy) -> Iterator[tuple[str, Column]]:
    sql = "select column_name from information_schema.columns where table_name = ? and data_type = 'VARCHAR'"
    for table in policy.tables.values():
        found = {name for (name,) in con.execute(sql, [f"{PUBLISHED_PREFIX}{table.name}"]).fetchall()}
        yield from ((table.name, column) for column in table.columns if column.name in found)


def _finds(con: duckdb.DuckDBPyConnection, table: str, column: Column) -> Iterator[tuple[str, int]]:
    name = column.name
    if column.mask in _SHOWS_STAR:
        yield (
            "unmasked values",
            _count(con, f"select count(*) from {table} where {name} not like '%*%' and {name} <> ''"),
        )
    for kind, (pattern, is_real) in _NUMBERS.items():
        yield kind, _numbers(con, table, name, pattern, is_real)
    clear = f"select count(*) from {table} semi join clear_value on {table}.{name} = clear_value.value"
    yield "clear values of golden customers", _count(con, clear)
    if column.mask == "note":
        yield "names of golden customers", _names(con, table, name)
        yield "document numbers of golden customers", _documents(con, table, name)


def _count(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = con.execute(sql).fetchone()
    return int(row[0]) if row else 0


def _numbers(
    con: duckdb.DuckDBPyConnection, table: str, column: str, pattern: str, is_real: Callable[[str], bool]
) -> int:
    found = f"select unnest(regexp_extract_all({column}, $pattern, 1)) from {table}"
    sql = f"{found} where regexp_matches({column}, $pattern)"
    return sum(is_real(compact(number)) for (number,) in con.execute(sql, {"pattern": pattern}).fetchall())


def _names(con: duckdb.DuckDBPyConnection, table: str, column: str) -> int:
    """Notes that hold a golden name: every window of a name's length is looked up, one length after the other."""
    sizes = con.execute("select distinct size from clear_name where size >= $n order by 1", {"n": CERTAIN_LENGTH})
    window = f"unnest(list_transform(range(1, length({column}) - $size + 2), i -> substr({column}, i, $size)))"
    parts = f"(select {window} as part from {table})"
    sql = f"select count(*) from {parts} as parts semi join clear_name on parts.part = clear_name.name"
    return sum(_count_with(con, sql, size) for (size,) in sizes.fetchall())


def _count_with(con: duckdb.DuckDBPyConnection, sql: str, size: int) -> int:
    row = con.execute(sql, {"size": size}).fetchone()
    return int(row[0]) if row else 0


def _documents(con: duckdb.DuckDBPyConnection, table: str, column: str) -> int:
    runs = f"select unnest(regexp_extract_all({column}, '[0-9A-Za-z]{{6,}}')) as run from {table}"
    return _count(con, f"select count(*) from ({runs}) as r semi join clear_value on upper(r.run) = clear_value.value")
