"""Which pairs are looked at: records that agree on the keys of a named rule.

A key shared by too many records would make more pairs than it is worth (100 records: 4,950). Such blocks are found
before they are joined, left out, and reported by rule, number and size, never by value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from matching.model import BlockingRule, Limits, MatchModel
from matching.records import SPREAD, Numbers, Prepared, Records, maybe_among, maybe_shared, runs
from matching.relations import count, in_batches
from matching.side_by_side import side_by_side


@dataclass(frozen=True)
class Oversize:
    """Blocks of one rule that were left out though several units share them: how many, and records in the largest."""

    rule: str
    blocks: int
    largest: int


@dataclass(frozen=True)
class Blocks:
    """Records that share a key with others, block by block.

    Attributes:
        numbers: of the records.
        units: of the records; within one unit no pair is made.
        flags: of the records; a pair needs 2 together.
        sizes: records of each block.
    """

    numbers: Numbers
    units: Numbers
    flags: Numbers
    sizes: Numbers

    def chosen(self, wanted: Numbers) -> Blocks:
        """Some of the blocks."""
        rows = np.repeat(wanted, self.sizes)
        return Blocks(self.numbers[rows], self.units[rows], self.flags[rows], self.sizes[wanted])

    def neighbours(self, distance: int) -> tuple[Numbers, Numbers]:
        """Places of records and of those so many further on in the same block."""
        rest = np.arange(len(self.numbers)) - np.repeat(np.cumsum(self.sizes) - self.sizes, self.sizes)
        left = np.flatnonzero(np.repeat(self.sizes, self.sizes) - rest > distance)
        return left, left + distance

    def pairs(self, distance: int) -> tuple[Numbers, Numbers]:
        """The pairs so far apart in their blocks, the smaller number first."""
        left, right = self.neighbours(distance)
        wanted = (self.units[left] != self.units[right]) & (self.flags[left] + self.flags[right] >= 2)
        one, two = self.numbers[left[wanted]], self.numbers[right[wanted]]
        return np.minimum(one, two), np.maximum(one, two)

    def all_pairs(self) -> list[tuple[Numbers, Numbers]]:
        """Every pair of every block."""
        blocks, found = self, []
        for distance in range(1, int(self.sizes.max(initial=1))):
            blocks = blocks.chosen(blocks.sizes > distance)
            found.append(blocks.pairs(distance))
        return found


def strong_pairs(prepared: Prepared, target: str, flagged: str | None = None) -> None:
    """Pairs of records that share a strong identifier: all of a small group, neighbours of a large one.

    Args:
        prepared: all records.
        target: table to make: match_key, join_key_l, join_key_r.
        flagged: see `blocked_pairs`.
    """
    model, found = prepared.model, []
    everybody = f"(select record_no, record_no as unit from {prepared.table})"
    members = _members(prepared.con, everybody, flagged) if prepared.records is not None else {}
    for strong in model.strong_identifiers:
        if prepared.records is not None:
            blocks = _keyed(prepared.con, model, prepared.records, [strong.key], members)
        else:
            hashed = f"{prepared.hashed_column(strong.key)} where value is not null"
            blocks = _shared(prepared.con, f"select record_no, record_no as unit, value as key from {hashed}", flagged)
        is_large = blocks.sizes > model.limits.max_block
        found.append(blocks.chosen(~is_large).all_pairs())
        if is_large.any():
            found[-1].append(_in_order(prepared, blocks.chosen(is_large)).pairs(1))
    _write(prepared.con, target, [strong.rule for strong in model.strong_identifiers], found)


def _in_order(prepared: Prepared, blocks: Blocks) -> Blocks:
    """The blocks with their records in the order of their ids."""
    block = np.repeat(np.arange(len(blocks.sizes)), blocks.sizes)
    columns = {"place": np.arange(len(block)), "record_no": blocks.numbers, "block": block}
    prepared.con.register("numbers", pa.table(columns))
    order = prepared.con.execute(
        f"select place from numbers join (select record_no, record_id from {prepared.table}) using (record_no)"
        " order by block, record_id"
    ).fetchnumpy()["place"]
    prepared.con.unregister("numbers")
    return Blocks(blocks.numbers[order], blocks.units[order], blocks.flags[order], blocks.sizes)


def _shared(con: duckdb.DuckDBPyConnection, keyed: str, flagged: str | None) -> Blocks:
    """The blocks of a query (record_no, unit, key).

    With `flagged` only keys of flagged records count, and each record has its flag (0: none).
    """
    query = f"select *, 2::tinyint as flag from ({keyed})"
    if flagged:
        query = (
            f"with keyed as ({keyed}), wanted as (select key from keyed join {flagged} using (record_no))"
            f" select keyed.*, coalesce(flags.flag, 0)::tinyint as flag from keyed left join {flagged} as flags"
            " using (record_no) where key in (select key from wanted)"
        )
    found = con.execute(query).fetchnumpy()
    return _blocks(found["record_no"], found["unit"], found["flag"], found["key"])


def _blocks(numbers: Numbers, units: Numbers, flags: Numbers, keys: Numbers) -> Blocks:
    """The blocks of keys that several units share, one of their records flagged: only they make pairs."""
    places = maybe_shared(keys, units)
    if not flags.all():
        places = places[maybe_among(keys[places], keys[flags > 0])]
    order, sizes = runs(keys[places])
    rows = places[order]
    blocks = Blocks(numbers[rows], units[rows], flags[rows], sizes)
    starts = np.cumsum(sizes) - sizes
    if not len(starts):
        return blocks
    lowest, highest = (take.reduceat(blocks.units, starts) for take in (np.minimum, np.maximum))
    return blocks.chosen((lowest < highest) & (np.maximum.reduceat(blocks.flags, starts) > 0))


def _write(
    con: duckdb.DuckDBPyConnection,
    target: str,
    rules: Sequence[str],
    found: Sequence[Sequence[tuple[Numbers, Numbers]]],
) -> None:
    """Make `target`: every pair once, with the first rule that found it, in the order of the numbers."""
    # both numbers and the rule as one number, which sorts the fastest
    bits, rule_bits = max((int(r.max(initial=0)) for pairs in found for _, r in pairs), default=0).bit_length(), 8
    packed = [
        (left.astype(np.int64) << bits | right) << rule_bits | place
        for place, pairs in enumerate(found) for left, right in pairs
    ]  # fmt: skip
    ordered = np.sort(np.concatenate([np.zeros(0, np.int64), *packed]))
    ordered = ordered[np.diff(ordered >> rule_bits, prepend=-1) > 0]
    pairs = ordered >> rule_bits
    columns = {
        "place": (ordered & (1 << rule_bits) - 1).astype(np.int32),
        "l": (pairs >> bits).astype(np.int32),
        "r": (pairs & (1 << bits) - 1).astype(np.int32),
    }
    con.register("found_pairs", in_batches(pa.table(columns)))
    names = ", ".join(f"'{name}'" for name in rules)
    con.execute(
        f"create or replace table {target} as select list_extract([{names}]::varchar[], place + 1) as match_key,"
        " l as join_key_l, r as join_key_r from found_pairs"
    )
    con.unregister("found_pairs")


def block_columns(model: MatchModel) -> set[str]:
    """The columns that blocking rules ask for."""
    return {key for rule in model.blocking for key in rule.keys}


def block_keys(model: MatchModel) -> str:
    """SQL columns `key_0`, `key_1`, … of a record with hashed keys: per blocking rule one number for what it agrees on.

    They stand over a relation of the `block_columns` as `Prepared.keyed` gives it. A rule with a list gives a list of
    numbers. That two values get the same number by chance only makes a pair more to be looked at.
    """
    return ", ".join(
        f"{_key_sql(rule, model.list_columns)} as key_{place}" for place, rule in enumerate(model.blocking)
    )


def _key_sql(rule: BlockingRule, lists: set[str]) -> str:
    known = " and ".join(f'"{key}" is not null' for key in rule.keys)
    listed = next((key for key in rule.keys if key in lists), None)
    parts = ", ".join("entry" if key == listed else f'"{key}"' for key in rule.keys)
    key = f"hash({parts})"
    if listed:
        key = f'list_transform("{listed}", lambda entry: {key})'
    return f"case when {known} then {key} end"


def blocked_pairs(
    con: duckdb.DuckDBPyConnection,
    model: MatchModel,
    table: str,
    target: str,
    flagged: str | None = None,
    records: Records | None = None,
) -> list[Oversize]:
    """Pairs of records of different units that agree on some rule, each pair once, with the first such rule.

    Args:
        con: the scratch connection.
        model: its blocking rules and limits.
        table: table with `record_no`, `unit` and the columns of `block_keys`.
        target: table to make: match_key, join_key_l, join_key_r.
        flagged: relation of record_no and flag; only pairs with flags of 2 together are made. None: all pairs.
        records: all of them, when they are at hand and `table` has no keys.
    """
    if count(con, table) <= model.limits.compare_all:
        con.execute(
            f"create or replace table {target} as select 'all' as match_key, l.record_no as join_key_l,"
            f" r.record_no as join_key_r from {table} as l join {table} as r"
            " on l.record_no < r.record_no and l.unit <> r.unit"
        )
        return []
    members = _members(con, table, flagged) if records is not None else {}

    def found_by(cursor: duckdb.DuckDBPyConnection, place: int) -> tuple[list[Oversize], list[tuple[Numbers, Numbers]]]:
        if records is None:
            blocks = _shared(cursor, keyed_sql(model, place, table), flagged)
        else:
            blocks = _keyed(cursor, model, records, model.blocking[place].keys, members)
            if not model.list_columns.isdisjoint(model.blocking[place].keys):
                pa.default_memory_pool().release_unused()  # keys of lists take much room for a moment
        largest = _largest_block(blocks.sizes, model.limits)
        small = blocks.chosen(blocks.sizes <= largest)
        return _oversize(model.blocking[place], blocks.sizes, largest), small.all_pairs()

    places = range(len(model.blocking))
    most_first = sorted(places, key=lambda place: model.list_columns.isdisjoint(model.blocking[place].keys))
    made = dict(zip(most_first, side_by_side(con, found_by, most_first), strict=True))
    found = [made[place] for place in places]
    _write(con, target, [rule.rule for rule in model.blocking], [pairs for _, pairs in found])
    return [block for blocks, _ in found for block in blocks]


def _members(con: duckdb.DuckDBPyConnection, table: str, flagged: str | None) -> dict[str, Numbers]:
    """The records of a table by record_no, unit and flag."""
    members = con.execute(f"select record_no, unit from {table}").fetchnumpy()
    flags = np.full(1 + int(members["record_no"].max(initial=-1)), 0 if flagged else 2, np.int8)
    if flagged:
        found = con.execute(f"select record_no, flag from {flagged}").fetchnumpy()
        flags[found["record_no"]] = found["flag"]
    return members | {"flag": flags[members["record_no"]]}


def _keyed(
    con: duckdb.DuckDBPyConnection,
    model: MatchModel,
    records: Records,
    columns: Sequence[str],
    members: Mapping[str, Numbers],
) -> Blocks:
    """The blocks of a rule's columns among members given by record_no, unit and flag, from records at hand."""
    rows, keys = _row_keys(con, model, records, columns, members["record_no"])
    return _blocks(members["record_no"][rows], members["unit"][rows], members["flag"][rows], keys)


def _row_keys(
    con: duckdb.DuckDBPyConnection, model: MatchModel, records: Records, columns: Sequence[str], numbers: Numbers
) -> tuple[Numbers, Numbers]:
    """Places among the numbers of the records that have all columns, and their key; of a list one for each entry."""
    listed = next((name for name in columns if name in model.list_columns), None)
    rows, keys = np.arange(len(numbers), dtype=np.int32), np.zeros(len(numbers), np.uint64)
    if listed:
        entries = records.keys(con, listed, numbers, is_list=True)
        rows = np.repeat(rows, entries.value_lengths().fill_null(0).to_numpy())
        numbers = numbers[rows]
        keys = entries.flatten().to_numpy().copy()
    known = np.ones(len(rows), bool)
    for name in columns:
        if name != listed:
            hashes = records.hashes(con, name, numbers)
            known &= hashes != 0
            keys *= SPREAD
            keys ^= hashes
    return (rows, keys) if known.all() else (rows[known], keys[known])


def keyed_sql(model: MatchModel, place: int, table: str) -> str:
    """Query of record_no, unit and key: what a relation with the columns of `block_keys` has under one rule."""
    is_list = any(key in model.list_columns for key in model.blocking[place].keys)
    key = f"unnest(key_{place})" if is_list else f"key_{place}"
    return f"select record_no, unit, {key} as key from {table} where key_{place} is not null"


def _largest_block(sizes: Numbers, limits: Limits) -> int:
    """Records of the largest block to compare: fewer than `max_block` where all blocks together make too many pairs."""
    if limits.max_pairs is None:
        return limits.max_block
    different, blocks = np.unique(sizes[sizes <= limits.max_block], return_counts=True)
    pairs = np.cumsum(blocks * different * (different - 1) // 2)
    if not (pairs > limits.max_pairs).any():
        return limits.max_block
    return int(max(different[pairs <= limits.max_pairs], default=1))


def _oversize(rule: BlockingRule, sizes: Numbers, limit: int) -> list[Oversize]:
    large = sizes[sizes > limit]
    return [Oversize(rule.rule, len(large), int(large.max()))] if len(large) else []
