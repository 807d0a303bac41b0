"""Which pairs are weighed and judged in a run: those of strong identifiers first, then between what these joined."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa

from matching.active import made, met, read_active, write_active
from matching.blocking import Active, Oversize, Pairs, blocked_pairs, record_keys, strong_pairs
from matching.delta import (
    changed_records,
    flags_of,
    moved_records,
    neighbours,
    no_longer_decided,
    otherwise_joined,
    value_flags,
)
from matching.digest import Delta
from matching.grouping import components
from matching.kept import Kept
from matching.records import SPREAD, maybe_shared, runs
from matching.relations import count, make_table, registered
from matching.verdict import judged_sql, name_types
from matching.work import Numbers, Work

log = logging.getLogger(__name__)
_STRONG = "strong is not null and verdict = 'link'"


@dataclass(frozen=True)
class Weighed:
    """How many pairs were weighed, blocks left out, and by number the flags where an earlier run was kept."""

    pairs: int
    oversize: Sequence[Oversize]
    flags: Numbers | None = None


@dataclass(frozen=True)
class _Units:
    """Records that are looked at in the order of their ids, and the unit of each: what strong identifiers joined."""

    members: Numbers
    unit: Numbers


def weigh(work: Work, as_of: dt.date) -> Weighed:
    """Make `judged`, all pairs that are not rejected, and `active` for a run that is kept.

    What only a later run or a reader of evidence wants, `active` and the weight of each comparison, is made for a run
    that is kept. Where an earlier run was kept, only pairs that may have changed are weighed (`matching.delta`);
    `stale` are the kept ones that no longer hold, `judged_fresh` what takes their place.
    """
    weighed = _weigh_changes(work, work.kept, work.delta, as_of) if work.kept and work.delta else _weigh_all(work)
    for scratch in ("first_pairs", "second_pairs"):
        work.con.execute(f"drop table {scratch}")
    for block in weighed.oversize:
        log.warning(
            "blocking rule %s: %d blocks left out, the largest with %d records", block.rule, block.blocks, block.largest
        )
    return weighed


def _weigh_all(work: Work) -> Weighed:
    _weigh_first(work, strong_pairs(work.prepared))
    pa.default_memory_pool().release_unused()
    members = np.arange(work.records, dtype=np.int32)
    found = work.con.sql(f"select record_no_l, record_no_r from {work.scratch('judged')} where {_STRONG}")
    units = _make_units(work, members, *found.fetchnumpy().values())
    active = _active(work, units, _contents(work), units.unit)
    pa.default_memory_pool().release_unused()
    oversize, pairs = blocked_pairs(work.con, work.model, active)
    pairs.write(work.con, "second_pairs")
    if work.keeps:
        write_active(work.con, work.model, active, work.scratch("active"))
    del active, pairs
    pa.default_memory_pool().release_unused()
    return _weigh_second(work, oversize)


def _contents(work: Work) -> Numbers:
    """By number the hash of what a record says."""
    found = work.con.sql(f"select record_no, record_hash from {work.prepared.table}").fetchnumpy()
    content = np.zeros(work.size, np.uint64)
    content[found["record_no"]] = found["record_hash"]
    return content


def _active(work: Work, units: _Units, content: Numbers, unit: Numbers) -> Active:
    """One record per unit and content: those of one unit that say the same need not be compared with others twice.

    Args:
        work: the run.
        units: the records that are looked at.
        content: by their place, a hash of what they say.
        unit: by number, the unit of every record.
    """
    numbers = np.sort(units.members[_first_of_content(units, content)])
    records = work.prepared.holding(numbers)
    if work.keeps:
        return made(work.con, work.model, records, numbers, unit)
    return Active(numbers, unit, partial(record_keys, work.model, records, numbers))


def _weigh_changes(work: Work, kept: Kept, delta: Delta, as_of: dt.date) -> Weighed:
    con, model, ranks = work.con, work.model, work.prepared.gathered.ranks
    before = read_active(con, model, work.tables.kept("active"), delta.unit)
    flagged = no_longer_decided(work)
    if model.limits.keep_joined:
        flagged += otherwise_joined(con, work.prepared.table, kept, as_of)
    changed = changed_records(model, delta)
    known = value_flags(work, delta)
    known[flagged] = 2
    wanted = np.where(changed, 2, known)
    wanted[[number for d in work.decisions for number in (d.left, d.right)]] |= 1
    work.prepared.holding(neighbours(work, delta, before, wanted))
    first = strong_pairs(work.prepared, np.where(changed, 2, 0).astype(np.int8))
    _weigh_first(work, first.ordered(ranks))
    units, dirty = _units_of_changed(work, delta, changed)
    unit = delta.unit.copy()
    unit[units.members] = units.unit
    content = work.prepared.gathered.contents(units.members)
    won = _active(work, units, content, unit)
    write_active(con, model, won, work.scratch("active_fresh"))
    stayed = units.members[~changed[units.members]]
    known[changed] = known[moved_records(delta, stayed, unit, before, won)] = 2
    flags, after = _flagged(work, known, dirty, before, won)
    oversize, found = blocked_pairs(con, model, after, flags)
    second = strong_pairs(work.prepared, flags).followed_by(found)
    second.ordered(ranks).write(con, "second_pairs")
    weighed = _weigh_second(work, oversize, flags)
    _replace_stale(work, flags)
    return weighed


def _flagged(work: Work, known: Numbers, dirty: Numbers, before: Active, won: Active) -> tuple[Numbers, Active]:
    """The flags of all records, and what is compared now, as far as it may have a key in common with flagged ones."""
    met_by = partial(met, work.con, work.model, before, dirty, won)
    was, after = met_by(known)
    flags = flags_of(work, known, dirty, was, after)
    return flags, met_by(flags)[1] if (flags != known).any() else after


def _by_number(work: Work, numbers: Sequence[int] | Numbers) -> Numbers:
    chosen = np.zeros(work.size, bool)
    chosen[numbers] = True
    return chosen


def _weigh_first(work: Work, pairs: Pairs) -> None:
    """Make `first_pairs`, those of strong identifiers and of decisions, and `judged` of them."""
    pairs.write(work.con, "first_pairs")
    _add_decided(work)
    work.scorer.weigh("first_pairs", work.fresh("judged"), partial(_judged, work))


def _weigh_second(work: Work, oversize: Sequence[Oversize], flags: Numbers | None = None) -> Weighed:
    """Add those of `second_pairs` to `judged` that were not among the first."""
    work.con.execute(
        "delete from second_pairs using first_pairs as f where second_pairs.join_key_l = f.join_key_l"
        " and second_pairs.join_key_r = f.join_key_r"
    )
    work.scorer.weigh("second_pairs", work.fresh("judged"), partial(_judged, work), append=True)
    pairs = sum(count(work.con, table) for table in ("first_pairs", "second_pairs"))
    return Weighed(pairs, oversize, flags)


def _judged(work: Work, weighed: str) -> str:
    """Query of judged pairs: what is rejected is of no further use, unless a steward has spoken about it."""
    weights = [f'"weight_{item.comparison}"' for item in work.model.comparisons if not work.keeps]
    named = ", ".join(f"{name}::{kind} as {name}" for name, kind in name_types(work.model).items())
    columns = f"pair.* exclude ({', '.join(['guard', *weights])}) replace ({named})"
    return (
        f"select {columns}, false as kept from ({judged_sql(work.model, weighed)}) as pair"
        " left join decided_pairs on l = record_no_l and r = record_no_r where verdict <> 'reject' or l is not null"
    )


def _add_decided(work: Work) -> None:
    """Decided pairs are weighed too, so that their evidence can be shown and watched for changes."""
    left, right = (np.array([getattr(d, side) for d in work.decisions], np.int32) for side in ("left", "right"))
    with registered(work.con, "decided_numbers", {"l": left, "r": right}):
        work.con.execute("create or replace table decided_pairs as select distinct l, r from decided_numbers")
    work.con.execute(
        "insert into first_pairs select 'decision', l, r from decided_pairs"
        " where not exists (from first_pairs where join_key_l = l and join_key_r = r)"
    )


def _make_units(work: Work, members: Numbers, left: Numbers, right: Numbers) -> _Units:
    """Make `unit`; `left`, `right`: pairs of members, given in the order of their ids, that are joined."""
    place = np.zeros(work.size, np.int32)
    place[members] = np.arange(len(members), dtype=np.int32)
    unit = members[components(len(members), place[left], place[right])]
    make_table(work.con, work.fresh("unit"), {"record_no": members, "unit": unit})
    return _Units(members, unit)


def _first_of_content(units: _Units, content: Numbers) -> Numbers:
    """Places of the members that are the first of their unit with what they say, in order."""
    keys = content ^ units.unit.astype(np.uint64) * SPREAD
    maybe = maybe_shared(keys, units.members)
    order, sizes = runs(keys[maybe])
    is_first = np.ones(len(keys), bool)
    is_first[maybe] = False
    if len(order):
        is_first[np.minimum.reduceat(maybe[order], np.cumsum(sizes) - sizes)] = True
    return np.flatnonzero(is_first)


def _units_of_changed(work: Work, delta: Delta, changed: Numbers) -> tuple[_Units, Numbers]:
    """Make `dirty` and the units of its records that are there; returns by number which records are dirty.

    Dirty are the units of what changed, with those that strong identifiers join them with now; pairs of records that
    did not change are as they were kept.
    """
    con, linked = work.con, f"select record_no_l, record_no_r from {{}} where {_STRONG}"
    left, right = con.execute(linked.format(work.scratch("judged_fresh"))).fetchnumpy().values()
    widened = delta.with_units(changed | _by_number(work, left) | _by_number(work, right))
    was_left, was_right = con.sql(linked.format(work.tables.kept("judged"))).fetchnumpy().values()
    holds = widened & ~changed
    stays = holds[was_left] & holds[was_right]
    members = work.prepared.gathered.in_order(np.flatnonzero(widened & delta.is_there).astype(np.int32))
    make_table(con, work.scratch("dirty"), {"record_no": np.flatnonzero(widened).astype(np.int32)})
    left, right = np.append(left, was_left[stays]), np.append(right, was_right[stays])
    return _make_units(work, members, left, right), widened


def _replace_stale(work: Work, flags: Numbers) -> None:
    """Make `stale`, the kept pairs that were weighed again or are gone, and `judged` without them."""
    con = work.con
    columns = "record_no_l, record_no_r, l is not null as is_decided"
    kept = f"(select record_no_l, record_no_r from {work.tables.kept('judged')})"
    decided = "left join decided_pairs on l = record_no_l and r = record_no_r"
    pairs = con.sql(f"select {columns} from {kept} {decided}").fetchnumpy()
    left, right = pairs["record_no_l"], pairs["record_no_r"]
    is_stale = (flags[left] + flags[right] >= 2) | pairs["is_decided"]
    make_table(con, work.scratch("stale"), {"record_no_l": left[is_stale], "record_no_r": right[is_stale]})
    work.fresh_or_kept("judged", "record_no_l, record_no_r", work.scratch("stale"))
