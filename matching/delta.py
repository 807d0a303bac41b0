"""What a day changed, and what must be looked at again because of it.

Relations made here, by party type: `changed` (records that came, went or say something else), `gone` (numbers whose
kept row no longer holds), `prepared_fresh`, the view `prepared`, and the same of the digest. Dirty are the units of
records that changed. A pair is weighed anew when the flags of its records make 2: 2 is a record all of whose pairs may
have changed, because it did, or its unit, or how common a value of it is; 1 is a record whose pairs with others of flag
1 may have: they share a value that became rarer or more common, or a block that became too large or small enough.
Whatever is not flagged has the weight and the verdict it had.
"""

from __future__ import annotations

import datetime as dt

import duckdb
import numpy as np

from matching.blocking import Active, Keyed, record_keys
from matching.digest import Delta, digested_columns, make_digest, read_hashes
from matching.gathered import Source
from matching.history import SCHEMA
from matching.kept import Kept, Tables
from matching.model import MatchModel
from matching.party import folded_sql, party_sql
from matching.prepare import prepare
from matching.prepared import Prepared
from matching.records import NONE, Numbers, found_among, runs, times_among
from matching.relations import count, highest
from matching.side_by_side import side_by_side
from matching.term_frequency import counted, rounding_step
from matching.work import Work

_HALF = (1 << 32) - 1
_MOST = 0.2  # of all records: when more changed, looking at everything is as quick


def find_changes(con: duckdb.DuckDBPyConnection, model: MatchModel, tables: Tables) -> Prepared | None:
    """Make `changed`, `gone`, and `prepared` and `digest` with what is fresh of them; None when too much changed.

    Args:
        con: the scratch connection, with the parties gathered.
        model: names the columns of the parties.
        tables: of the party type; the kept ones are those of the run before.
    """
    changed, gone, fresh = (tables.scratch(kind) for kind in ("changed", "gone", "prepared_fresh"))
    kept, records = tables.kept("prepared"), count(con, tables.kept("digest"))
    _compare_contents(con, tables)
    if count(con, changed) > _MOST * records:
        return None
    con.execute(f"create or replace table {gone} as select record_no from {changed} where record_no is not null")
    following = highest(con, kept)
    con.execute(
        "create or replace table number as select record_id, coalesce(record_no,"
        f" {following} + row_number() over (partition by record_no is null order by record_id))::integer as record_no"
        f" from {changed} where is_there"
    )
    con.execute(f"create or replace view changed_source as {party_sql(model.party_type, 'differing_today')}")
    prepare(con, model, "changed_source", "made", "number")
    # arrays in a union with tables, joined with a filtered relation, stop DuckDB 1.5 (duckdb-python issue 463)
    con.execute(f"create or replace table {fresh} as from made")
    con.unregister("made")
    make_digest(con, model, fresh, "differing_today", tables.scratch("digest_fresh"))
    for kind in ("prepared", "digest"):
        con.execute(
            f"create or replace view {tables.scratch(kind)} as select * from {tables.kept(kind)} anti join"
            f" {gone} using (record_no) union all by name select * from {tables.scratch(kind + '_fresh')}"
        )
    digest = tables.scratch("digest")
    return Prepared(con, model, tables.scratch("prepared"), digest=digest, delta=_delta(con, model, tables, following))


def _delta(con: duckdb.DuckDBPyConnection, model: MatchModel, tables: Tables, following: int) -> Delta:
    """The hashes and units of all records by number, of the kept run and of the day."""
    gone, fresh = (
        con.execute(f"select record_no from {tables.scratch(kind)}").fetchnumpy()["record_no"]
        for kind in ("gone", "prepared_fresh")
    )
    size = 1 + max(following, int(fresh.max(initial=-1)))
    before = {column: np.zeros(size, np.uint64) for column in digested_columns(model)}
    read_hashes(con, model, tables.kept("digest"), before)
    after = {column: hashes.copy() for column, hashes in before.items()}
    for hashes in after.values():
        hashes[gone] = NONE
    read_hashes(con, model, tables.scratch("digest_fresh"), after)
    kept = con.sql(f"select record_no, unit, home from {tables.kept('home')}").fetchnumpy()
    unit, home = np.full((2, size), -1, np.int32)
    unit[kept["record_no"]], home[kept["record_no"]] = kept["unit"], kept["home"]
    is_fresh, is_kept = np.zeros(size, bool), np.ones(size, bool)
    is_fresh[fresh], is_kept[gone], is_kept[fresh] = True, False, False
    sources = [Source(tables.kept("prepared"), is_kept), Source(tables.scratch("prepared_fresh"), is_fresh)]
    return Delta(gone, fresh, size, before, after, unit, home, sources)


def _compare_contents(con: duckdb.DuckDBPyConnection, tables: Tables) -> None:
    """Make `changed`: record_id, its kept number if it has one, and whether it is there; `differing_today`: as folded.

    One hash tells record and content, so that records need not be joined by their ids, which are texts. All that is
    read of the few that differ is taken along: asking for it later would read the records once more.
    """
    con.execute(
        f"create or replace table differing as from (select record_no, content from {tables.kept('digest')})"
        f" full join ({folded_sql(tables.party_type)}) using (content) where record_no is null or record_id is null"
    )
    con.execute(
        "create or replace view differing_today as select * exclude (record_no) from differing where record_no is null"
    )
    con.execute(
        f"""
        create or replace table {tables.scratch("changed")} as
        select before.record_no, record_id, today.record_id is not null as is_there
        from (
            select record_no, record_id from (select record_no, record_id from {tables.kept("prepared")})
            semi join (from differing where record_no is not null) using (record_no)
        ) as before
        full join differing_today as today using (record_id)
        """
    )


def changed_records(model: MatchModel, delta: Delta) -> Numbers:
    """By number: records that came, went or say something else, and large groups of a strong identifier they are in."""
    changed = np.zeros(delta.size, bool)
    changed[delta.gone] = changed[delta.fresh] = True
    for item in model.strong_identifiers:
        before, after = delta.before[item.key], delta.after[item.key]
        touched = _different(before[delta.gone], after[delta.fresh])
        is_large = np.zeros(len(touched), bool)
        for keys in (before, after):
            is_large |= times_among(keys, touched) > model.limits.max_block
        changed[found_among(before, touched[is_large])] = True
    return changed


def moved_records(delta: Delta, stayed: Numbers, unit: Numbers, before: Active, won: Active) -> Numbers:
    """Records that did not change but whose pairs may have come or gone.

    They are compared by blocking rules now and were not, or the other way round, or their unit came apart or was joined
    with another.

    Args:
        delta: what changed.
        stayed: the records of dirty units that did not change.
        unit: by number, the units now.
        before: what was compared in the kept run.
        won: what is compared now of dirty units.
    """
    was, now = delta.unit[stayed], unit[stayed]
    meetings = np.unique(was.astype(np.int64) << 32 | now)
    parts = (meetings >> 32, meetings & _HALF)
    came_apart, was_joined = (np.bincount(part, minlength=delta.size) > 1 for part in parts)
    is_turned = np.isin(stayed, before.numbers) != np.isin(stayed, won.numbers)
    return np.asarray(stayed[came_apart[was] | was_joined[now] | is_turned])


def neighbours(work: Work, delta: Delta, active: Active, flags: Numbers) -> Numbers:
    """Numbers of the records that will be looked at because of flagged ones: nearly all of them, and some more.

    They are read at once (`matching.gathered`); what is not foreseen here is read when it is asked for.

    Args:
        work: the run.
        delta: what changed.
        active: what was compared in the kept run.
        flags: by number, as far as they are known.
    """
    model, near = work.model, flags == 2
    records = work.prepared.holding(delta.fresh)
    for item in model.strong_identifiers:
        after = delta.after[item.key]
        near[found_among(after, _different(after[near]))] = True
    wide = delta.with_units(near)
    near = wide | (flags > 0)
    fresh = np.sort(delta.fresh)

    def blocked(cursor: duckdb.DuckDBPyConnection, place: int) -> Numbers:
        numbers, keys = active.keyed(cursor, place)
        _, arrived = record_keys(model, records, fresh, cursor, place)
        places = found_among(keys, _different(keys[wide[numbers]], arrived))
        order, sizes = runs(keys[places])
        return np.asarray(numbers[places[order[np.repeat(sizes <= model.limits.max_block, sizes)]]])

    for numbers in side_by_side(work.con, blocked, range(len(model.blocking))):
        near[numbers] = True
    near = delta.with_customers(near)
    parted = work.con.sql(f"select l, r from {work.tables.kept('refused')}").fetchnumpy()
    is_near = near[parted["l"]] | near[parted["r"]]  # one component, though two customers
    for side in parted.values():
        near[side[is_near]] = True
    return np.flatnonzero(delta.with_customers(near) & delta.is_there)


def value_flags(work: Work, delta: Delta) -> Numbers:
    """By number the flags of records whose values became so much rarer or more common that it counts."""
    model, flags = work.model, np.zeros(delta.size, np.int8)

    def moved(_: duckdb.DuckDBPyConnection, column: str) -> Numbers:
        return found_among(delta.after[column], _moved_values(model, delta, column))

    columns = model.term_frequency_columns
    for column, numbers in zip(columns, side_by_side(work.con, moved, columns), strict=True):
        _raise(flags, numbers, 1 if _is_shared(model, column) else 2)
    return flags


def flags_of(work: Work, known: Numbers, dirty: Numbers, before: Active, after: Active) -> Numbers:
    """By number the flags that are known and those of records whose blocks became too large, or small enough.

    Args:
        work: the run.
        known: the flags that are known already.
        dirty: by number, whether a record is dirty.
        before: what was compared in the kept run.
        after: what is compared now.
    """
    model, flags = work.model, known.copy()

    def crossed(cursor: duckdb.DuckDBPyConnection, place: int) -> Numbers:
        numbers, keys = now = after.keyed(cursor, place)
        turned = _crossed_blocks(model.limits.max_block, dirty, before.keyed(cursor, place), now)
        return np.asarray(numbers[found_among(keys, turned)])

    for numbers in side_by_side(work.con, crossed, range(len(model.blocking))):
        _raise(flags, numbers, 1)
    return flags


def _raise(flags: Numbers, numbers: Numbers, flag: int) -> None:
    flags[numbers] = np.maximum(flags[numbers], flag)


def _different(*keys: Numbers) -> Numbers:
    """All keys, each once, sorted; 0 stands for none."""
    found = np.unique(np.concatenate(keys))
    return found[found != NONE]


def _moved_values(model: MatchModel, delta: Delta, column: str) -> Numbers:
    """Values whose rounded count is another now, sorted."""
    gone, fresh = delta.before[column][delta.gone], delta.after[column][delta.fresh]
    values = _different(gone, fresh)
    before = times_among(delta.before[column], values)
    after = before + times_among(fresh, values) - times_among(gone, values)
    steps = [rounding_step(counted(model, np.maximum(counts, 1))) for counts in (before, after)]
    return values[(before > 0) & (after > 0) & (steps[0] != steps[1])]


def _is_shared(model: MatchModel, column: str) -> bool:
    """Whether the count of a value weighs only between records that share the value."""
    levels = (level for item in model.comparisons for level in item.levels if level.term_frequency == column)
    return all(isinstance(level.when, dict) and level.when.get("same") == column for level in levels)


def _crossed_blocks(most: int, dirty: Numbers, before: Keyed, after: Keyed) -> Numbers:
    """Keys of the blocks that were too large and are not any more, or the other way round, sorted."""
    keys = _different(*(keys[dirty[numbers]] for numbers, keys in (before, after)))
    was_large, is_large = (times_among(held, keys) > most for _, held in (before, after))
    return keys[was_large != is_large]


def otherwise_joined(con: duckdb.DuckDBPyConnection, table: str, kept: Kept, as_of: dt.date) -> list[int]:
    """Records whose customer of the day before is another than it was for the kept run.

    That a pair was one customer the day before counts for it. Customers that owe their size to a steward are left out
    there (`history.joined_before`), so a change of that concerns all their records.
    """
    con.execute(
        f"""
        create or replace table otherwise_joined as
        with steered as (
            select day, unnest(list_distinct(list(survivor))) as golden_id
            from (
                select
                    day.day, other_golden_id,
                    arg_max(golden_id, event_id) as survivor, arg_max(cause, event_id) as cause
                from {SCHEMA}.identity_event, (values (?::date), (?::date)) as day(day)
                where kind = 'merge' and as_of < day.day group by all
            )
            where cause = 'steward' group by day
        ),
        turned as (select golden_id from steered group by golden_id having count(*) = 1)
        select distinct record_id from {SCHEMA}.party_identity
        where (valid_from >= ? and valid_from < ?) or (valid_to >= ? and valid_to < ?)
            or golden_id in (select golden_id from turned)
        """,
        [kept.as_of, as_of, *[kept.as_of, as_of] * 2],
    )
    sql = f"select record_no from {table} where record_id in (select record_id from otherwise_joined)"
    return [row[0] for row in con.execute(sql).fetchall()]


def no_longer_decided(work: Work) -> list[int]:
    """Records of pairs that a steward had spoken about for the kept run and has not now."""
    spoken = {(d.left, d.right) for d in work.decisions}
    rows = work.con.execute(f"select distinct l, r from {work.tables.kept('decided')}").fetchall()
    return sorted({number for pair in rows if pair not in spoken for number in pair})
