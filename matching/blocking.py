"""Which pairs are looked at: records that agree on the keys of a named rule.

A key shared by too many records would make more pairs than it is worth (100 records: 4,950). Such blocks are found
before they are joined, left out, and reported by rule, number and size, never by value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from matching.model import BlockingRule, Limits, MatchModel
from matching.prepared import Prepared
from matching.records import SPREAD, Numbers, Records, maybe_among, maybe_shared, runs
from matching.relations import in_batches, registered
from matching.side_by_side import side_by_side

Keyed = tuple[Numbers, Numbers]


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


@dataclass(frozen=True)
class Active:
    """One record per unit and content: what is compared by blocking rules.

    Attributes:
        numbers: of the records.
        unit: by number the unit of every record.
        keyed: per rule, by its place, the records that have its keys by number, and their key; where a key is a list,
            one for each entry.
    """

    numbers: Numbers
    unit: Numbers
    keyed: Callable[[duckdb.DuckDBPyConnection, int], Keyed]

    def blocks(self, con: duckdb.DuckDBPyConnection, place: int, flags: Numbers | None) -> Blocks:
        """The blocks of a rule."""
        numbers, keys = self.keyed(con, place)
        return _blocks(numbers, self.unit[numbers], flags, keys)


@dataclass(frozen=True)
class Pairs:
    """Every pair that was found, once, with the place of the first rule that found it."""

    rules: Sequence[str]
    place: Numbers
    left: Numbers
    right: Numbers

    def followed_by(self, other: Pairs) -> Pairs:
        """These pairs, and of the other's those that are not among them; in both the smaller number comes first."""
        ours, theirs = (pairs.left.astype(np.int64) << 32 | pairs.right for pairs in (self, other))
        more = ~np.isin(theirs, ours)
        place = np.concatenate([self.place, other.place[more] + len(self.rules)])
        left, right = (
            np.concatenate(pair) for pair in ((self.left, other.left[more]), (self.right, other.right[more]))
        )
        return Pairs([*self.rules, *other.rules], place, left, right)

    def ordered(self, ranks_of: Callable[[Numbers], Numbers]) -> Pairs:
        """The pairs with the record of the lower rank first; `ranks_of`: gives ranks by number, of these at least."""
        ranks = ranks_of(np.concatenate([self.left, self.right]))
        swap = ranks[self.left] > ranks[self.right]
        left, right = np.where(swap, self.right, self.left), np.where(swap, self.left, self.right)
        return Pairs(self.rules, self.place, left, right)

    def write(self, con: duckdb.DuckDBPyConnection, target: str) -> None:
        """Make the table `target`: match_key, join_key_l, join_key_r."""
        columns = {"place": self.place, "l": self.left.astype(np.int32), "r": self.right.astype(np.int32)}
        names = ", ".join(f"'{name}'" for name in self.rules)
        with registered(con, "found_pairs", in_batches(pa.table(columns))):
            con.execute(
                f"create or replace table {target} as"
                f" select list_extract([{names}]::varchar[], place + 1) as match_key, l as join_key_l, r as join_key_r"
                " from found_pairs"
            )


def strong_pairs(prepared: Prepared, flags: Numbers | None = None) -> Pairs:
    """Pairs of records that share a strong identifier: all of a small group, neighbours of a large one.

    Args:
        prepared: all records.
        flags: see `blocked_pairs`.
    """
    model, found = prepared.model, []
    for strong in model.strong_identifiers:
        keys = prepared.hashes(prepared.con, strong.key)
        numbers = np.flatnonzero(keys).astype(np.int32)
        blocks = _blocks(numbers, numbers, flags, keys[numbers])
        is_large = blocks.sizes > model.limits.max_block
        found.append(blocks.chosen(~is_large).all_pairs())
        if is_large.any():
            found[-1].append(_in_order(prepared, blocks.chosen(is_large)).pairs(1))
    return _merged([strong.rule for strong in model.strong_identifiers], found)


def _in_order(prepared: Prepared, blocks: Blocks) -> Blocks:
    """The blocks with their records in the order of their ids."""
    block = np.repeat(np.arange(len(blocks.sizes)), blocks.sizes)
    columns = {"place": np.arange(len(block)), "record_no": blocks.numbers, "block": block}
    with registered(prepared.con, "numbers", columns):
        order = prepared.con.execute(
            f"select place from numbers join (select record_no, record_id from {prepared.table}) using (record_no)"
            " order by block, record_id"
        ).fetchnumpy()["place"]
    return Blocks(blocks.numbers[order], blocks.units[order], blocks.flags[order], blocks.sizes)


def _blocks(numbers: Numbers, units: Numbers, flags: Numbers | None, keys: Numbers) -> Blocks:
    """The blocks of keys that several units share, one of their records flagged: only they make pairs."""
    if flags is not None:
        is_near = maybe_among(keys, keys[flags[numbers] > 0])
        numbers, units, keys = numbers[is_near], units[is_near], keys[is_near]
    places = maybe_shared(keys, units)
    order, sizes = runs(keys[places])
    rows = places[order]
    numbers, units = numbers[rows], units[rows]
    blocks = Blocks(numbers, units, np.full(len(rows), 2, np.int8) if flags is None else flags[numbers], sizes)
    starts = np.cumsum(sizes) - sizes
    if not len(starts):
        return blocks
    lowest, highest = (take.reduceat(blocks.units, starts) for take in (np.minimum, np.maximum))
    return blocks.chosen((lowest < highest) & (np.maximum.reduceat(blocks.flags, starts) > 0))


def _merged(rules: Sequence[str], found: Sequence[Sequence[tuple[Numbers, Numbers]]]) -> Pairs:
    """Every pair once, in the order of the numbers."""
    # both numbers and the rule as one number, which sorts the fastest
    bits, rule_bits = max((int(r.max(initial=0)) for pairs in found for _, r in pairs), default=0).bit_length(), 8
    packed = [
        (left.astype(np.int64) << bits | right) << rule_bits | place
        for place, pairs in enumerate(found) for left, right in pairs
    ]  # fmt: skip
    ordered = np.sort(np.concatenate([np.zeros(0, np.int64), *packed]))
    ordered = ordered[np.diff(ordered >> rule_bits, prepend=-1) > 0]
    pairs = ordered >> rule_bits
    place = (ordered & (1 << rule_bits) - 1).astype(np.int32)
    return Pairs(rules, place, (pairs >> bits).astype(np.int32), (pairs & (1 << bits) - 1).astype(np.int32))


def blocked_pairs(
    con: duckdb.DuckDBPyConnection, model: MatchModel, active: Active, flags: Numbers | None = None
) -> tuple[list[Oversize], Pairs]:
    """Pairs of records of different units that agree on some rule, each pair once, with the first such rule.

    Args:
        con: the scratch connection.
        model: its blocking rules and limits.
        active: what is compared.
        flags: by number; only pairs with flags of 2 together are made. None: all pairs.
    """
    if len(active.numbers) <= model.limits.compare_all:
        return [], _merged(["all"], [[_every_pair(active)]])

    def found_by(cursor: duckdb.DuckDBPyConnection, place: int) -> tuple[list[Oversize], list[tuple[Numbers, Numbers]]]:
        blocks = active.blocks(cursor, place, flags)
        if is_listed(model, place):
            pa.default_memory_pool().release_unused()  # keys of lists take much room for a moment
        largest = _largest_block(blocks.sizes, model.limits)
        small = blocks.chosen(blocks.sizes <= largest)
        return _oversize(model.blocking[place], blocks.sizes, largest), small.all_pairs()

    places = range(len(model.blocking))
    most_first = sorted(places, key=lambda place: not is_listed(model, place))
    made = dict(zip(most_first, side_by_side(con, found_by, most_first), strict=True))
    found = [made[place] for place in places]
    pairs = _merged([rule.rule for rule in model.blocking], [pairs for _, pairs in found])
    return [block for blocks, _ in found for block in blocks], pairs


def _every_pair(active: Active) -> tuple[Numbers, Numbers]:
    left, right = (active.numbers[places] for places in np.triu_indices(len(active.numbers), 1))
    apart = active.unit[left] != active.unit[right]
    return left[apart], right[apart]


def is_listed(model: MatchModel, place: int) -> bool:
    """Whether one of a rule's keys is a list."""
    return not model.list_columns.isdisjoint(model.blocking[place].keys)


def record_keys(
    model: MatchModel, records: Records, numbers: Numbers, con: duckdb.DuckDBPyConnection, place: int
) -> Keyed:
    """What `Active.keyed` gives for some records at hand; the numbers ascend."""
    columns = model.blocking[place].keys
    listed = next((name for name in columns if name in model.list_columns), None)
    keys = np.zeros(len(numbers), np.uint64)
    if listed:
        entries = records.keys(con, listed, numbers, is_list=True)
        numbers = np.repeat(numbers, entries.value_lengths().fill_null(0).to_numpy())
        keys = entries.flatten().to_numpy().copy()
    known = np.ones(len(numbers), bool)
    for name in columns:
        if name != listed:
            hashes = records.hashes(con, name, numbers)
            known &= hashes != 0
            keys *= SPREAD
            keys ^= hashes
    return (numbers, keys) if known.all() else (numbers[known], keys[known])


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
