"""Which level every comparison of a pair reaches.

Levels are tried from the strongest down, each only on the pairs that reached none before. Whether values are the same
or differ is told by their hashes; what a rule asks beyond that is asked of DuckDB, with the values of those pairs only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import duckdb
import numpy as np
import pyarrow as pa

from matching.model import Comparison
from matching.records import Numbers, Prepared, Records, threads
from matching.rules import Argument, asked_columns, condition

Condition = Mapping[str, Argument | Sequence[Argument]]
ABSENT = -1  # code of a comparison that has nothing to compare
_AT_ONCE = 250_000  # pairs whose values are taken at once
_BY_HASH = ("same", "differ")


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
        self.con.register("asked_pairs", pa.table(values))
        found = self.con.execute(f"select place from asked_pairs where {asked}").fetchnumpy()["place"]
        self.con.unregister("asked_pairs")
        return np.asarray(found)


def in_chunks(pairs: pa.Table) -> Iterator[pa.Table]:
    """Pairs in parts small enough to hold all their values; one empty part when there are none."""
    for first in range(0, max(len(pairs), 1), _AT_ONCE):
        yield pairs.slice(first, _AT_ONCE)


def reached_levels(
    con: duckdb.DuckDBPyConnection, comparisons: Sequence[Comparison], sides: Sides
) -> dict[str, Numbers]:
    """Per comparison the code of the level that each pair reaches (`Comparison.code`; `ABSENT`: nothing to compare)."""
    workers = (len(sides.left) > 10_000 and threads(con)) or 1
    with ThreadPoolExecutor(workers) as pool:
        found = pool.map(partial(_on_cursor, sides), comparisons)
        return dict(zip((item.comparison for item in comparisons), found, strict=True))


def _on_cursor(sides: Sides, item: Comparison) -> Numbers:
    """The levels of one comparison; each has a cursor of its own, so that several can be asked at once."""
    with sides.con.cursor() as con:
        return _reached(item, Sides(con, sides.records, sides.left, sides.right))


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
        if name in _BY_HASH and len(places):
            left, right = sides.chosen(places).hashes(str(column))
            alike = left == right if name == "same" else left != right
            places = places[alike & (left != 0) & (right != 0)]
    rest = {name: given for name, given in rules.items() if name not in _BY_HASH}
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
    columns = sorted({column for item in comparisons for column in item.columns})
    found = con.execute(f"select join_key_l, join_key_r from {pairs}").to_arrow_table()
    made: dict[str, list[Numbers]] = {name: [np.zeros(0, np.int8)] for name in names}
    for chunk in in_chunks(found):
        sides = Sides(con, *prepared.of(columns, chunk["join_key_l"].to_numpy(), chunk["join_key_r"].to_numpy()))
        for name, codes in reached_levels(con, comparisons, sides).items():
            made[name].append(codes)
    con.register("pair_levels", pa.table({name: np.concatenate(parts) for name, parts in made.items()}))
    listed = ", ".join(f'"{name}"' for name in names)
    counted = con.execute(f"select {listed}, count(*) from pair_levels group by all order by all").fetchall()
    con.unregister("pair_levels")
    return counted
