"""Which pairs are weighed and judged in a run: those of strong identifiers first, then between what these joined."""

from __future__ import annotations

import datetime as dt
import logging
from functools import partial

import numpy as np
import pyarrow as pa

from matching.blocking import Oversize, block_columns, block_keys, blocked_pairs, strong_pairs
from matching.delta import mark_dirty, mark_flags, no_longer_decided, otherwise_joined, widen_dirty
from matching.grouping import components
from matching.records import SPREAD, maybe_shared, runs
from matching.relations import count, register
from matching.verdict import judged_sql, name_types
from matching.work import Numbers, Work

log = logging.getLogger(__name__)
_STRONG = "strong is not null and verdict = 'link'"


def weigh(work: Work, as_of: dt.date) -> tuple[list[Oversize], int]:
    """Make `judged`, all pairs that are not rejected, and `active`; returns blocks left out and the number weighed.

    What only a later run or a reader of evidence wants, `active` and the weight of each comparison, is made for a run
    that is kept. Where an earlier run was kept, only pairs that may have changed are weighed (`matching.delta`);
    `stale` are the kept ones that no longer hold, `judged_fresh` what takes their place.
    """
    con, is_part = work.con, work.kept is not None
    if is_part:
        mark_dirty(work)
    strong_pairs(work.prepared, "first_pairs", work.scratch("dirty") if is_part else None)
    _order(work, "first_pairs")
    _add_decided(work)
    work.scorer.weigh("first_pairs", work.fresh("judged"), partial(_judged, work))
    pa.default_memory_pool().release_unused()
    _make_units(work)
    if work.kept:
        keeps = work.model.limits.keep_joined
        others = otherwise_joined(con, work.prepared.table, work.kept, as_of) if keeps else None
        mark_flags(work, [no_longer_decided(work), *([others] if others else [])])
    pa.default_memory_pool().release_unused()
    oversize = _pair_units(work)
    pa.default_memory_pool().release_unused()
    if not work.keeps:
        con.execute(f"drop table {work.scratch('active')}")
    work.scorer.weigh("second_pairs", work.fresh("judged"), partial(_judged, work), append=True)
    if is_part:
        _replace_stale(work)
    pairs = sum(count(con, table) for table in ("first_pairs", "second_pairs"))
    for scratch in ("first_pairs", "second_pairs"):
        con.execute(f"drop table {scratch}")
    for block in oversize:
        log.warning(
            "blocking rule %s: %d blocks left out, the largest with %d records", block.rule, block.blocks, block.largest
        )
    return oversize, pairs


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
    columns = {"l": [d.left for d in work.decisions], "r": [d.right for d in work.decisions]}
    register(work.con, "decided_numbers", {name: np.array(values, np.int32) for name, values in columns.items()})
    work.con.execute("create or replace table decided_pairs as select distinct l, r from decided_numbers")
    work.con.execute(
        "insert into first_pairs select 'decision', l, r from decided_pairs"
        " where not exists (from first_pairs where join_key_l = l and join_key_r = r)"
    )
    work.con.unregister("decided_numbers")


def _make_units(work: Work) -> None:
    """Make `unit` (a unit being what strong identifiers joined) and `active`: one record per unit and content.

    Records of one unit that say exactly the same need not be compared with the others twice.
    """
    con = work.con
    members, left, right = _strong_links_of_dirty(work) if work.kept else _strong_links(work)
    place = np.zeros(work.size, np.int32)
    place[members] = np.arange(len(members), dtype=np.int32)
    unit = members[components(len(members), place[left], place[right])]
    register(con, "units", {"record_no": members, "unit": unit})
    con.execute(f"create or replace table {work.fresh('unit')} as from units")
    con.unregister("units")
    first = _first_of_content(work, members, unit)
    register(con, "representative", {"record_no": members[first], "unit": unit[first]})
    active, shown = work.fresh("active"), "from representative"
    if work.block_records is None:
        keyed = work.prepared.keyed(block_columns(work.model), "representative")
        shown = f"select record_no, unit, {block_keys(work.model)} from {keyed}"
    con.execute(f"create or replace table {active} as {shown}")
    con.unregister("representative")
    if work.kept:
        work.fresh_or_kept("active", "record_no", work.scratch("dirty"))


def _first_of_content(work: Work, members: Numbers, unit: Numbers) -> Numbers:
    """Places of the members that are the first of their unit with what they say, in order."""
    wanted = f" semi join {work.scratch('unit_fresh')} using (record_no)" if work.kept else ""
    contents = f"(select record_no, record_hash from {work.prepared.table})"
    found = work.con.execute(f"select record_no, record_hash from {contents}{wanted}").fetchnumpy()
    content = np.zeros(work.size, np.uint64)
    content[found["record_no"]] = found["record_hash"]
    keys = content[members] ^ unit.astype(np.uint64) * SPREAD
    maybe = maybe_shared(keys, members)
    order, sizes = runs(keys[maybe])
    is_first = np.ones(len(members), bool)
    is_first[maybe] = False
    if len(order):
        is_first[np.minimum.reduceat(maybe[order], np.cumsum(sizes) - sizes)] = True
    return np.flatnonzero(is_first)


def _strong_links(work: Work) -> tuple[Numbers, Numbers, Numbers]:
    """All records in the order of their ids, and the pairs of them that strong identifiers join."""
    judged = work.scratch("judged")
    found = work.con.execute(f"select record_no_l, record_no_r from {judged} where {_STRONG}").fetchnumpy()
    return np.arange(work.records, dtype=np.int32), found["record_no_l"], found["record_no_r"]


def _strong_links_of_dirty(work: Work) -> tuple[Numbers, Numbers, Numbers]:
    """The dirty records that are there in the order of their ids, and the pairs that strong identifiers join.

    Whole units are dirty; pairs of records that did not change are as they were kept.
    """
    con, dirty, judged = work.con, work.scratch("dirty"), work.scratch("judged_fresh")
    con.execute(f"create or replace table once_dirty as from {dirty}")
    widen_dirty(work, f"{judged} where {_STRONG}")
    again = f"(select record_no from {dirty})"
    links = con.execute(
        f"""
        select record_no_l, record_no_r from {judged} where {_STRONG}
        union
        select record_no_l, record_no_r from {work.tables.kept("judged")}
        where {_STRONG}
            and record_no_l in {again} and record_no_l not in (select record_no from once_dirty)
            and record_no_r in {again} and record_no_r not in (select record_no from once_dirty)
        """
    ).fetchnumpy()
    found = con.execute(
        f"select record_no from {work.scratch('prepared')} semi join {dirty} using (record_no) order by record_id"
    ).fetchnumpy()
    con.execute("drop table once_dirty")
    return found["record_no"], links["record_no_l"], links["record_no_r"]


def _pair_units(work: Work) -> list[Oversize]:
    """Make `second_pairs`: what blocking rules bring together, and strong pairs whose weight may have moved."""
    con, flags = work.con, work.scratch("flags") if work.kept else None
    oversize = blocked_pairs(con, work.model, work.scratch("active"), "second_pairs", flags, work.block_records)
    _order(work, "second_pairs")
    if flags:
        strong_pairs(work.prepared, "strong_again", flags)
        _order(work, "strong_again")
        con.execute(
            "delete from second_pairs using strong_again as s"
            " where second_pairs.join_key_l = s.join_key_l and second_pairs.join_key_r = s.join_key_r"
        )
        con.execute("insert into second_pairs from strong_again")
        con.execute("drop table strong_again")
    con.execute(
        "delete from second_pairs using first_pairs as f where second_pairs.join_key_l = f.join_key_l"
        " and second_pairs.join_key_r = f.join_key_r"
    )
    return oversize


def _order(work: Work, pairs: str) -> None:
    """Put the record with the smaller id first: in a run over everything it has the smaller number, later any."""
    if work.kept is None:
        return
    ids = f"(select record_no, record_id from {work.scratch('prepared')})"
    work.con.execute(
        f"create or replace table {pairs} as select match_key, if(is_ordered, join_key_l, join_key_r) as join_key_l,"
        " if(is_ordered, join_key_r, join_key_l) as join_key_r from (select pair.*, l.record_id < r.record_id as"
        f" is_ordered from {pairs} as pair join {ids} as l on l.record_no = join_key_l"
        f" join {ids} as r on r.record_no = join_key_r)"
    )


def _replace_stale(work: Work) -> None:
    """Make `stale`, the kept pairs that were weighed again or are gone, and `judged` without them."""
    work.con.execute(
        f"""
        create or replace table {work.scratch("stale")} as
        select record_no_l, record_no_r
        from (select record_no_l, record_no_r from {work.tables.kept("judged")})
        left join {work.scratch("flags")} as one on one.record_no = record_no_l
        left join {work.scratch("flags")} as two on two.record_no = record_no_r
        left join decided_pairs on l = record_no_l and r = record_no_r
        where coalesce(one.flag, 0) + coalesce(two.flag, 0) >= 2 or l is not null
        """
    )
    work.fresh_or_kept("judged", "record_no_l, record_no_r", work.scratch("stale"))
