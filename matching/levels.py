"""Which level every comparison of a pair reaches.

Levels are tried from the strongest down, each only on the pairs that reached none before. Whether values are the same
or differ is told by their hashes; what a rule asks beyond that is asked of DuckDB, with the values of those pairs only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from matching.model import BY_HASH, Comparison
from matching.prepared import Prepared
from matching.records import Numbers, Records
from matching.relations import registered
from matching.rules import Argument, asked_columns, condition
from matching.side_by_side import side_by_side, threads

Condition = Mapping[str, Argument | Sequence[Argument]]
ABSENT = -1  # code of a comparison that has nothing to compare
_AT_ONCE = 150_000  # pairs whose values are taken at once
_FEW = 10_000  # pairs that are not worth to be shared among threads


@dataclass(frozen=True)
class Sides:
    """Pairs of records: columns, and the places of both sides in them."""

    con: duckdb.DuckDBPyConnection
    records: Records
    left: Numbers
    right: Numbers

    def chosen(self, wanted: Numbers) -> Sides:
        """Some of the pairs, by a mask or by places."""
        return Sides(self.con, self.records, self.left[wanted], self.right[wanted])

    def hashes(self, column: str) -> tuple[Numbers, Numbers]:
        """Hashes of a column's values on both sides."""
        left, right = (self.records.hashes(self.con, column, side) for side in (self.left, self.right))
        return left, right

    def lacking(self, column: str) -> Numbers:
        """Pairs of which a side has no value."""
        missing = self.records.columns[column].missing
        return np.asarray(missing[self.left] | missing[self.right])

    def holding(self, asked: str, columns: Sequence[str]) -> Numbers:
        """Places of the pairs for which a condition over `<column>_l` and `<column>_r` holds."""
        values = {"place": pa.array(np.arange(len(self.left)))}
        for name in columns:
            column = self.records.columns[name]
            values |= {f"{name}_l": column.taken(self.left), f"{name}_r": column.taken(self.right)}
        with registered(self.con, "asked_pairs", values):
            found = self.con.execute(f"select place from asked_pairs where {asked}").fetchnumpy()["place"]
        return np.asarray(found)


@dataclass(frozen=True)
class Chunk:
    """Some of many pairs: what was given of them, and the numbers of both sides."""

    given: pa.Table
    records: Records
    left: Numbers
    right: Numbers

    def levels(self, con: duckdb.DuckDBPyConnection, comparisons: Sequence[Comparison]) -> dict[str, Numbers]:
        """Per comparison the code of the level each pair reaches (`Comparison.code`; `ABSENT`: nothing to compare)."""
        sides = Sides(con, self.records, self.left, self.right)
        return {item.comparison: _reached(item, sides) for item in comparisons}


def in_chunks(con: duckdb.DuckDBPyConnection, records: Records, pairs: pa.Table) -> Iterator[Chunk]:
    """Pairs in parts small enough to hold all their values; one empty part when there are none.

    Args:
        con: whose threads share the parts.
        records: by number, those of the pairs among them.
        pairs: with join_key_l and join_key_r, the numbers of both sides.
    """
    at_once = threads(con)
    rounds = max(math.ceil(len(pairs) / (_AT_ONCE * at_once)), 1)
    size = max(math.ceil(len(pairs) / (rounds * at_once)), _FEW)  # so that no thread is left with much at the end
    for first in range(0, max(len(pairs), 1), size):
        given = pairs.slice(first, size)
        yield Chunk(given, records, *(given[f"join_key_{side}"].to_numpy() for side in "lr"))


def _reached(item: Comparison, sides: Sides) -> Numbers:
    codes = np.zeros(len(sides.left), np.int8)
    absent = np.zeros(len(codes), bool)
    for column in item.absent:
        absent |= sides.lacking(column)
    open_pairs = np.flatnonzero(~absent)
    codes[absent] = ABSENT
    if item.incomparable:
        open_pairs = _settle(item.incomparable, ABSENT, sides, codes, open_pairs)
    for level in item.levels[:-1]:
        assert not isinstance(level.when, str)  # only the last level is "otherwise"
        open_pairs = _settle(level.when, item.code(level.level), sides, codes, open_pairs)
    return codes


def _settle(rules: Condition, code: int, sides: Sides, codes: Numbers, open_pairs: Numbers) -> Numbers:
    """Write the code of the open pairs for which the rules hold into `codes`; returns those that stay open."""
    holds = np.zeros(len(open_pairs), bool)
    holds[_holding(rules, sides.chosen(open_pairs))] = True
    codes[open_pairs[holds]] = code
    return open_pairs[~holds]


def _holding(rules: Condition, sides: Sides) -> Numbers:
    """Places of the pairs for which all rules hold."""
    places = np.arange(len(sides.left))
    for name, column in rules.items():
        if name in BY_HASH and len(places):
            left, right = sides.chosen(places).hashes(str(column))
            alike = left == right if name == "same" else left != right
            places = places[alike & (left != 0) & (right != 0)]
    rest = {name: given for name, given in rules.items() if name not in BY_HASH}
    if not rest or not len(places):
        return places
    columns = sorted(set(asked_columns(rest)))
    return np.asarray(places[sides.chosen(places).holding(condition(rest), columns)])


def level_patterns(prepared: Prepared, pairs: str, names: Sequence[str]) -> list[tuple[int, ...]]:
    """How often each combination of levels occurs among pairs: one code per comparison, then their number.

    Args:
        prepared: the records.
        pairs: relation of join_key_l, join_key_r.
        names: the comparisons.
    """
    if not names:
        return []
    con, comparisons = prepared.con, [prepared.model.comparison(name) for name in names]
    found = con.execute(f"select join_key_l, join_key_r from {pairs}").to_arrow_table()
    chunks = in_chunks(con, prepared.holding(*(found[f"join_key_{side}"].to_numpy() for side in "lr")), found)
    reached = side_by_side(con, lambda cursor, chunk: pa.table(chunk.levels(cursor, comparisons)), chunks)
    listed = ", ".join(f'"{name}"' for name in names)
    with registered(con, "pair_levels", pa.concat_tables(list(reached))):
        return con.execute(f"select {listed}, count(*) from pair_levels group by all order by all").fetchall()
