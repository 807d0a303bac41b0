"""Which pairs are looked at: records that agree on the keys of a named rule.

A key shared by too many records would make more pairs than it is worth (100 records: 4,950). Such blocks are found
before they are joined, left out, and reported by rule, number and size, never by value.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from matching.model import BlockingRule, Limits, MatchModel
from matching.records import Prepared


@dataclass(frozen=True)
class Oversize:
    """Blocks of one rule that were left out: how many, and records in the largest."""

    rule: str
    blocks: int
    largest: int


def strong_pairs(prepared: Prepared, target: str, flagged: str | None = None) -> None:
    """Pairs of records that share a strong identifier: all of a small group, neighbours of a large one.

    Args:
        prepared: all records.
        target: table to make: match_key, join_key_l, join_key_r.
        flagged: see `blocked_pairs`.
    """
    con, model = prepared.con, prepared.model
    con.execute(f"create or replace table {target} (match_key varchar, join_key_l integer, join_key_r integer)")
    for strong in model.strong_identifiers:
        keyed = f'select record_no, record_no as unit, "{strong.key}" as key from {prepared.keyed([strong.key])}'
        _sharing(con, f'{keyed} where "{strong.key}" is not null', flagged)
        con.execute(
            f"""
            insert into {target}
            select '{strong.rule}', l.record_no, r.record_no
            from block as l join block as r on l.key = r.key and l.record_no < r.record_no and l.flag + r.flag >= 2
            where l.n <= {model.limits.max_block}
            union all
            select '{strong.rule}', least(record_no, after), greatest(record_no, after)
            from (
                select record_no, lead(record_no) over same as after, flag + lead(flag) over same as flags
                from block join (select record_no, record_id from {prepared.table}) using (record_no)
                where n > {model.limits.max_block}
                window same as (partition by key order by record_id)
            )
            where flags >= 2
            """
        )
    con.execute("drop table if exists block")
    con.execute(
        f"create or replace table {target} as select min(match_key) as match_key, join_key_l, join_key_r"
        f" from {target} group by all"
    )


def _sharing(con: duckdb.DuckDBPyConnection, keyed: str, flagged: str | None) -> None:
    """Make `block`: the rows of a query (record_no, unit, key) whose key others share, and how many share it.

    With `flagged` only keys of flagged records count, and each row has its record's flag (0: none).
    """
    wanted = f"where key in (select key from keyed join {flagged} using (record_no))" if flagged else ""
    flag = f"coalesce(flags.flag, 0) as flag from block left join {flagged} as flags using (record_no)"
    con.execute(
        f"create or replace table block as with keyed as ({keyed}), chosen as (from keyed {wanted}),"
        " counted as (select key, count(*) as n from chosen group by key having count(*) > 1),"
        " block as (select chosen.*, counted.n from chosen join counted using (key))"
        f" select block.*, {flag if flagged else '2 as flag from block'}"
    )


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
    con: duckdb.DuckDBPyConnection, model: MatchModel, table: str, target: str, flagged: str | None = None
) -> list[Oversize]:
    """Pairs of records of different units that agree on some rule, each pair once, with the first such rule.

    Args:
        con: the scratch connection.
        model: its blocking rules and limits.
        table: relation with `record_no`, `unit` and the columns of `block_keys`.
        target: table to make: match_key, join_key_l, join_key_r.
        flagged: relation of record_no and flag; only pairs with flags of 2 together are made. None: all pairs.
    """
    if _count(con, table) <= model.limits.compare_all:
        con.execute(
            f"create or replace table {target} as select 'all' as match_key, l.record_no as join_key_l,"
            f" r.record_no as join_key_r from {table} as l join {table} as r"
            " on l.record_no < r.record_no and l.unit <> r.unit"
        )
        return []
    con.execute(f"create or replace table {target} (place integer, join_key_l integer, join_key_r integer)")
    oversize = []
    for place, rule in enumerate(model.blocking):
        _sharing(con, keyed_sql(model, place, table), flagged)
        largest = _largest_block(con, model.limits)
        oversize += _oversize(con, rule, largest)
        con.execute(
            f"""
            insert into {target}
            select {place}, l.record_no, r.record_no
            from block as l join block as r
                on l.key = r.key and l.record_no < r.record_no and l.unit <> r.unit and l.flag + r.flag >= 2
            where l.n <= {largest}
            """
        )
    con.execute("drop table if exists block")
    names = ", ".join(f"'{rule.rule}'" for rule in model.blocking)
    con.execute(
        f"create or replace table {target} as select [{names}][min(place) + 1] as match_key, join_key_l, join_key_r"
        f" from {target} group by all"
    )
    return oversize


def keyed_sql(model: MatchModel, place: int, table: str) -> str:
    """Query of record_no, unit and key: what a relation with the columns of `block_keys` has under one rule."""
    is_list = any(key in model.list_columns for key in model.blocking[place].keys)
    key = f"unnest(key_{place})" if is_list else f"key_{place}"
    return f"select record_no, unit, {key} as key from {table} where key_{place} is not null"


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0


def _largest_block(con: duckdb.DuckDBPyConnection, limits: Limits) -> int:
    """Records of the largest block to compare: fewer than `max_block` where all blocks together make too many pairs."""
    if limits.max_pairs is None:
        return limits.max_block
    row = con.execute(
        """
        with sized as (select n, count(*) * (n - 1) // 2 as pairs from block where n <= ? group by n),
        summed as (select n, sum(pairs) over (order by n) as pairs from sized)
        select coalesce(max(n) filter (pairs <= ?), 1), count(*) filter (pairs > ?) from summed
        """,
        [limits.max_block, limits.max_pairs, limits.max_pairs],
    ).fetchone()
    return int(row[0]) if row and row[1] else limits.max_block


def _oversize(con: duckdb.DuckDBPyConnection, rule: BlockingRule, limit: int) -> list[Oversize]:
    row = con.execute("select count(distinct key), max(n) from block where n > ?", [limit]).fetchone()
    return [Oversize(rule.rule, int(row[0]), int(row[1]))] if row and row[0] else []
