"""What a day changed, and what must be looked at again because of it.

Relations made here, by party type: `changed` (records that came, went or say something else), `gone` (numbers whose
kept row no longer holds), `prepared_fresh`, the view `prepared`, the same of the digest, `dirty` (records that changed,
or whose unit may have) and `flags`. A pair is weighed anew when the flags of its records make 2: 2 is a record all of
whose pairs may have changed, 1 a record whose pairs with others of flag 1 may have: they share a value that became
rarer or more common, or a block that became too large or small enough. Whatever is not flagged has the weight and the
verdict it had.
"""

from __future__ import annotations

import datetime as dt
from functools import partial

import duckdb
import numpy as np

from matching.blocking import keyed_sql
from matching.digest import make_digest
from matching.gathered import begin_gathering, gather
from matching.history import SCHEMA
from matching.kept import Kept, Tables
from matching.model import MatchModel
from matching.party import folded_sql, party_sql
from matching.prepare import prepare
from matching.records import Prepared
from matching.relations import count, highest, register
from matching.term_frequency import count_sql, rounded_count_sql
from matching.work import Work

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
    prepare(con, model, "changed_source", fresh, "number")
    make_digest(con, model, fresh, "differing_today", tables.scratch("digest_fresh"))
    for kind in ("prepared", "digest"):
        con.execute(
            f"create or replace view {tables.scratch(kind)} as select * from {tables.kept(kind)} anti join"
            f" {gone} using (record_no) union all by name select * from {tables.scratch(kind + '_fresh')}"
        )
    begin_gathering(con, model, tables)
    return Prepared(
        con, model, tables.scratch("prepared"), digest=tables.scratch("digest"), gather=partial(gather, con, tables)
    )


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


def mark_dirty(work: Work) -> None:
    """Make `dirty`: records that changed, their old units, and large groups of a strong identifier they are in."""
    con, scratch = work.con, work.scratch
    con.execute(
        f"create or replace table {scratch('dirty')} as select record_no, 2 as flag from {scratch('gone')}"
        f" union select record_no, 2 from {scratch('prepared_fresh')}"
    )
    for place in range(len(work.model.strong_identifiers)):
        before, after, fresh = (
            f"(select record_no, strong_{place} as key from {table} where strong_{place} is not null)"
            for table in (work.tables.kept("digest"), scratch("digest"), scratch("digest_fresh"))
        )
        gone = f"select key from {before} semi join {scratch('gone')} using (record_no)"
        touched = f"({gone} union select key from {fresh})"
        large = " union ".join(
            f"select key from {keyed} semi join {touched} using (key) group by key"
            f" having count(*) > {work.model.limits.max_block}" for keyed in (before, after)
        )  # fmt: skip
        _add_dirty(work, f"select record_no from {before} semi join ({large}) using (key)")
    _add_dirty(work, _units_of(work, f"select record_no from {scratch('dirty')}"))


def widen_dirty(work: Work, linked: str) -> None:
    """Add the units of records that strong pairs (query of record_no_l, record_no_r) join with dirty ones."""
    for side in "lr":
        _add_dirty(work, _units_of(work, f"select record_no_{side} from {linked}"))


def _units_of(work: Work, records: str) -> str:
    """Query of the records that were in one unit with some records."""
    home = work.tables.kept("home")
    return f"select record_no from {home} where unit in (select unit from {home} where record_no in ({records}))"


def _add_dirty(work: Work, records: str) -> None:
    dirty = work.scratch("dirty")
    work.con.execute(
        f"insert into {dirty} select distinct record_no, 2 from ({records}) anti join {dirty} using (record_no)"
    )


def mark_flags(work: Work, flagged: list[str]) -> None:
    """Make `flags` from `dirty`, further records (queries of record_no) and what their values and blocks concern."""
    con = work.con
    parts = [f"select record_no, flag from {work.scratch('dirty')}"]
    parts += [f"select record_no, 2 from ({records})" for records in flagged]
    places = range(len(work.model.term_frequency_columns))
    parts += [part for place in places if (part := _with_moved_count(work, place))]
    con.execute(
        f"create or replace table active_lost as from {work.tables.kept('active')}"
        f" semi join {work.scratch('dirty')} using (record_no)"
    )
    parts += [part for place in range(len(work.model.blocking)) if (part := _in_crossed_block(work, place))]
    con.execute(
        f"create or replace table {work.scratch('flags')} as select record_no, max(flag) as flag"
        f" from ({' union all '.join(parts)}) group by record_no"
    )


def _with_moved_count(work: Work, place: int) -> str | None:
    """Records with a value whose rounded count is another now; None when there is no such value."""
    moved, gone, kept = f"moved_{place}", work.scratch("gone"), work.tables.kept("digest")
    rounded = [rounded_count_sql(count_sql(work.model, records)) for records in ("before", "greatest(before + net, 1)")]
    work.con.execute(
        f"""
        create or replace table {moved} as
        with net as (
            select value, sum(n) as net
            from (
                select value_{place} as value, 1 as n from {work.scratch("digest_fresh")}
                union all
                select value_{place}, -1 from {kept} semi join {gone} using (record_no)
            )
            where value is not null group by value having sum(n) <> 0
        ),
        counted as (
            select value, any_value(net) as net, count(*) as before
            from net join (select value_{place} as value from {kept}) using (value) group by value
        )
        select value from counted where before + net > 0 and {rounded[0]} <> {rounded[1]}
        """
    )
    if not count(work.con, moved):
        return None
    flag = 1 if _is_shared(work.model, work.model.term_frequency_columns[place]) else 2
    return (
        f"select record_no, {flag} as flag from {work.scratch('digest')} where value_{place} in"
        f" (select value from {moved})"
    )


def _is_shared(model: MatchModel, column: str) -> bool:
    """Whether the count of a value weighs only between records that share the value."""
    levels = (level for item in model.comparisons for level in item.levels if level.term_frequency == column)
    return all(isinstance(level.when, dict) and level.when.get("same") == column for level in levels)


def _in_crossed_block(work: Work, place: int) -> str | None:
    """Records of blocks that were too large and are not any more, or the other way round; None without such blocks."""
    before, lost, won, after = (
        f"({keyed_sql(work.model, place, table)})"
        for table in (work.tables.kept("active"), "active_lost", work.scratch("active_fresh"), work.scratch("active"))
    )
    most, crossed = work.model.limits.max_block, f"crossed_{place}"
    work.con.execute(
        f"""
        create or replace table {crossed} as
        with net as (
            select key, sum(n) as net from (select key, 1 as n from {won} union all select key, -1 from {lost})
            group by key having sum(n) <> 0
        ),
        counted as (select key, count(*) as before from {before} semi join net using (key) group by key)
        select key from net left join counted using (key)
        where (coalesce(before, 0) > {most}) <> (coalesce(before, 0) + net > {most})
        """
    )
    if not count(work.con, crossed):
        return None
    return f"select record_no, 1 as flag from {after} semi join {crossed} using (key)"


def otherwise_joined(con: duckdb.DuckDBPyConnection, table: str, kept: Kept, as_of: dt.date) -> str:
    """Query of records whose customer of the day before is another than it was for the kept run.

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
    return f"select record_no from {table} where record_id in (select record_id from otherwise_joined)"


def no_longer_decided(work: Work) -> str:
    """Query of records of pairs that a steward had spoken about for the kept run and has not now."""
    spoken = {(d.left, d.right) for d in work.decisions}
    rows = work.con.execute(f"select distinct l, r from {work.tables.kept('decided')}").fetchall()
    gone = sorted({number for pair in rows if pair not in spoken for number in pair})
    register(work.con, "undecided", {"record_no": np.array(gone, np.int32)})
    work.con.execute("create or replace table no_longer_decided as from undecided")
    work.con.unregister("undecided")
    return "select record_no from no_longer_decided"
