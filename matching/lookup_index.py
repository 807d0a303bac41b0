"""The prepared records of one party type in memory, ready to be asked for those a new record must be compared with.

Per rule the hashes of the keys lie sorted beside the numbers of their rows, so that one record is found by bisection.
Values lie in Arrow columns and are decoded one cell at a time, when a comparison looks at them. What a run would leave
out (blocks above the limits, second copies of a joined record) is left out here by the same counts.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from matching.blocking import strong_pairs
from matching.grouping import components
from matching.model import BlockingRule, MatchModel
from matching.prepared import Prepared
from matching.relations import count, registered
from matching.rules_single import Record
from matching.verdict import conflict_sql, strong_sql

_JOINT = "\x1f"  # between the keys of a rule: no standardised value holds it
_NO_UNIT = -1
_AT_ONCE = 8  # columns read by one query
Rows = np.ndarray[Any, np.dtype[Any]]


class Row(dict[str, Any]):
    """A stored record; a column is decoded when it is first looked at."""

    def __init__(self, columns: Mapping[str, pa.Array], place: int) -> None:
        super().__init__()
        self._columns, self._place = columns, place

    def __missing__(self, column: str) -> object:
        value = self[column] = self._columns[column][self._place].as_py()
        return value


@dataclass(frozen=True)
class KeyIndex:
    """Hashes of one rule's keys, sorted, and beside each the row that bears it."""

    hashes: Rows
    places: Rows

    def rows(self, key: int) -> Rows:
        """The rows that bear a key, in the order of their record ids."""
        wanted = np.uint64(key)
        return self.places[self.hashes.searchsorted(wanted, "left") : self.hashes.searchsorted(wanted, "right")]


@dataclass(frozen=True)
class Counts:
    """How many records bear each value of a column."""

    hashes: Rows
    numbers: Rows

    def of(self, key: int) -> int:
        """Records with the value of this hash."""
        wanted = np.uint64(key)
        place = int(self.hashes.searchsorted(wanted))
        return int(self.numbers[place]) if place < len(self.hashes) and self.hashes[place] == wanted else 0


@dataclass(frozen=True)
class LookupIndex:
    """See the module.

    Attributes:
        records: number of records.
        ids: record ids in order; a record's row is its place among them.
        columns: the columns that comparisons and verdicts look at.
        golden_ids: every customer once, sorted; `customers`: per row the place of its customer among them.
        members: rows by customer, those of customer c from `starts[c]` on.
        units: per row the records that strong identifiers joined (`_NO_UNIT`: none but itself).
        active: rows that a run compares, one per unit and content; `active_records`: how many.
        strong: index per strong identifier; `blocking`: per rule; `largest`: records of its largest block to compare.
        counts: per column whose counts weigh.
    """

    records: int
    ids: pa.Array
    columns: Mapping[str, pa.Array]
    golden_ids: pa.Array
    customers: Rows
    members: Rows
    starts: Rows
    units: Rows
    active: Rows
    active_records: int
    strong: Mapping[str, KeyIndex]
    blocking: Mapping[str, KeyIndex]
    largest: Mapping[str, int]
    counts: Mapping[str, Counts]

    def row(self, place: int) -> Row:
        """The record of a row."""
        return Row(self.columns, place)

    def record_id(self, place: int) -> str:
        """The id of a row."""
        found: str = self.ids[place].as_py()
        return found

    def golden_id(self, place: int) -> str:
        """The customer of a row."""
        found: str = self.golden_ids[int(self.customers[place])].as_py()
        return found

    def rows_of_customer(self, customer: int) -> list[int]:
        """All rows of a customer."""
        return [int(row) for row in self.members[self.starts[customer] : self.starts[customer + 1]]]

    def place_of(self, record_id: str) -> int:
        """Where a record id stands, or would stand, among the ids."""
        low, high = 0, self.records
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self.record_id(middle) < record_id else (low, middle)
        return low


def key_hash(values: Sequence[object]) -> int:
    """DuckDB's `md5_number_lower` of values joined as `_key_sql` joins them."""
    digest = hashlib.md5(_JOINT.join(map(_text, values)).encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[8:], "little")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def key_hashes(keys: Sequence[str], lists: set[str], record: Record) -> list[int]:
    """The hashes of a record under a rule: none when a key is missing, one per entry of a list."""
    values = [record[key] for key in keys]
    if any(value is None for value in values):
        return []
    listed = next((place for place, key in enumerate(keys) if key in lists), None)
    if listed is None:
        return [key_hash(values)]
    return [key_hash([*values[:listed], entry, *values[listed + 1 :]]) for entry in dict.fromkeys(values[listed])]


def _key_sql(keys: Sequence[str]) -> str:
    texts = ", ".join(f'"{key}"::varchar' for key in keys)
    return f"md5_number_lower(concat_ws(chr({ord(_JOINT)}), {texts}))"


def build_index(con: duckdb.DuckDBPyConnection, model: MatchModel, table: str, identities: str) -> LookupIndex:
    """Read a table of prepared records into memory.

    Args:
        con: a connection whose current catalog takes scratch tables.
        model: names the columns and rules.
        table: prepared records (`record_no`, `record_id` and the columns of the model).
        identities: relation of record_id and golden_id, one row per record.
    """
    table = _numbered(con, table)
    con.execute(
        "create or replace table lookup_place as"
        f" select record_id, record_no::uinteger as place, identity.golden_id"
        f" from {table} left join {identities} as identity using (record_id)"
    )
    units = _units(con, model, table)
    ids, golden_ids, customers = _identities(con)
    active = _active(con, len(ids))
    members = np.argsort(customers, kind="stable").astype(np.uint32)
    blocking = {rule.rule: _key_index(con, rule, table, model.list_columns) for rule in model.blocking}
    keys = {item.rule: BlockingRule(rule=item.rule, keys=[item.key]) for item in model.strong_identifiers}
    index = LookupIndex(
        records=len(ids),
        ids=ids,
        columns=_columns(con, model, table),
        golden_ids=golden_ids,
        customers=customers,
        members=members,
        starts=np.searchsorted(customers[members], np.arange(len(golden_ids) + 1)).astype(np.uint32),
        units=units,
        active=active,
        active_records=int(active.sum()),
        strong={name: _key_index(con, rule, table, set(), "lookup_place") for name, rule in keys.items()},
        blocking=blocking,
        largest={name: _largest(index, model) for name, index in blocking.items()},
        counts={column: _counts(con, column, table) for column in model.term_frequency_columns},
    )
    for scratch in ("lookup_place", "lookup_active"):
        con.execute(f"drop table {scratch}")
    return index


def _numbered(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """The same records numbered without gaps in the order of their ids, as a run over everything numbers them."""
    con.execute(
        "create or replace table lookup_number as select record_no, (row_number() over (order by record_id) -"
        f" 1)::integer as place from {table}"
    )
    if not count(con, "lookup_number where record_no <> place"):
        return table
    con.execute(
        "create or replace view lookup_record as select numbered.* replace (place as record_no)"
        f" from {table} as numbered join lookup_number using (record_no)"
    )
    return "lookup_record"


def needed_columns(model: MatchModel) -> list[str]:
    """Every column that a comparison or a verdict looks at."""
    found = {column for item in model.comparisons for column in item.columns}
    found |= {item.key for item in model.strong_identifiers} | set(model.term_frequency_columns)
    found |= {column for item in model.exclusive for column in (item.value, item.within) if column}
    return sorted(found)


def _arrays(con: duckdb.DuckDBPyConnection, sql: str) -> list[pa.Array]:
    """The columns of a query, each in one piece."""
    table = con.execute(sql).to_arrow_table()
    return [column.combine_chunks() if column.num_chunks != 1 else column.chunk(0) for column in table.columns]


def _columns(con: duckdb.DuckDBPyConnection, model: MatchModel, table: str) -> dict[str, pa.Array]:
    """A few columns per query: each costs a sort, and the whole table is never there twice."""
    found: dict[str, pa.Array] = {}
    names = needed_columns(model)
    for start in range(0, len(names), _AT_ONCE):
        listed = names[start : start + _AT_ONCE]
        selected = ", ".join(f'"{name}"' for name in listed)
        arrays = _arrays(con, f"select {selected} from {table} order by record_no")
        found |= dict(zip(listed, arrays, strict=True))
    return found


def _identities(con: duckdb.DuckDBPyConnection) -> tuple[pa.Array, pa.Array, Rows]:
    """Record ids, customers' ids, and per record the place of its customer; a record without one is its own."""
    ids, golden = _arrays(con, "select record_id, coalesce(golden_id, record_id) from lookup_place order by place")
    encoded = golden.dictionary_encode()
    order = np.argsort(np.array(encoded.dictionary.to_pylist(), dtype=object))
    rank = np.empty(len(order), dtype=np.uint32)
    rank[order] = np.arange(len(order), dtype=np.uint32)
    return ids, encoded.dictionary.take(pa.array(order)), rank[encoded.indices.to_numpy()]


def _units(con: duckdb.DuckDBPyConnection, model: MatchModel, table: str) -> Rows:
    """Per row what strong identifiers joined it with, as a run joins them; also makes `lookup_active`."""
    strong_pairs(Prepared(con, model, table)).write(con, "lookup_strong")
    left, right = _arrays(con, _joined_sql(model, table))
    number = count(con, table)
    units = components(number, left.to_numpy(), right.to_numpy())
    alone = np.bincount(units, minlength=number)[units] == 1
    content = ", ".join(f'prepared."{name}"' for name in model.fields)
    with registered(con, "lookup_unit", {"place": np.arange(number, dtype=np.int32), "unit": units}):
        con.execute(
            "create or replace table lookup_active as select record_id, place from lookup_place where place in"
            " (select min(place) from (select place, unit,"
            f" hash({content}) as content from {table} as prepared join lookup_unit on place = prepared.record_no)"
            " group by unit, content)"
        )
    con.execute("drop table lookup_strong")
    return np.where(alone, _NO_UNIT, units).astype(np.int32)


def _joined_sql(model: MatchModel, table: str) -> str:
    """Pairs that a strong identifier joins and no exclusive value forbids."""
    names = {name for item in model.strong_identifiers for needed in item.needs for name in needed}
    compared = [model.comparison(name) for name in sorted(names)]
    columns = sorted({column for item in compared for column in item.columns} | set(model.judged_columns))
    sides = "".join(f', {side}."{column}" as "{column}_{side}"' for column in columns for side in "lr")
    levels = "".join(
        f", case when {item.absent_sql} then -1"
        f" {' '.join(f'when {level.sql} then {item.code(level.level)}' for level in item.levels[:-1])}"
        f' else 0 end as "gamma_{item.comparison}"'
        for item in compared
    )
    strong = " or ".join(f"({strong_sql(model, item)})" for item in model.strong_identifiers) or "false"
    conflict = " or ".join(f"({conflict_sql(item)})" for item in model.exclusive) or "false"
    return f"""
        select join_key_l, join_key_r from (
            select pair.join_key_l, pair.join_key_r{sides}{levels}
            from lookup_strong as pair
            join {table} as l on l.record_no = pair.join_key_l
            join {table} as r on r.record_no = pair.join_key_r
            where ({strong}) and not coalesce(({conflict}), false)
        )
    """


def _active(con: duckdb.DuckDBPyConnection, records: int) -> Rows:
    found = np.zeros(records, dtype=bool)
    found[_arrays(con, "select place from lookup_active")[0].to_numpy()] = True
    return found


def _key_index(
    con: duckdb.DuckDBPyConnection, rule: BlockingRule, table: str, lists: set[str], places: str = "lookup_active"
) -> KeyIndex:
    entries = ", ".join(f'unnest("{key}") as "{key}"' if key in lists else f'"{key}"' for key in rule.keys)
    known = " and ".join(f'"{key}" is not null' for key in rule.keys)
    hashes, rows = _arrays(
        con,
        f"select distinct {_key_sql(rule.keys)} as hash, place from (select place, {entries} from {table}"
        f" join {places} using (record_id) where {known}) order by hash, place",
    )
    return KeyIndex(hashes.to_numpy(), rows.to_numpy())


def _largest(index: KeyIndex, model: MatchModel) -> int:
    """Records of the largest block to compare, by the rule of `matching.blocking`."""
    limits = model.limits
    if limits.max_pairs is None:
        return limits.max_block
    sizes, blocks = np.unique(np.unique(index.hashes, return_counts=True)[1], return_counts=True)
    pairs = np.cumsum(blocks * sizes * (sizes - 1) // 2)
    usable = sizes <= limits.max_block
    if not (pairs[usable] > limits.max_pairs).any():
        return limits.max_block
    return int(max(sizes[usable & (pairs <= limits.max_pairs)], default=1))


def _counts(con: duckdb.DuckDBPyConnection, column: str, table: str) -> Counts:
    hashes, numbers = _arrays(
        con,
        f'select {_key_sql([column])} as hash, count(*)::uinteger from {table} where "{column}" is not null'
        " group by hash order by hash",
    )
    return Counts(hashes.to_numpy(), numbers.to_numpy())


def rounded_count(number: int) -> float:
    """A count rounded down to half a bit, as `matching.term_frequency` rounds it."""
    return 2.0 ** (math.floor(2 * math.log2(number)) / 2)
