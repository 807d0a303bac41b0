"""Which pairs are looked at: records that agree on the keys of a named rule.

A key shared by too many records would make more pairs than it is worth (100 records: 4,950). Such blocks are found
before they are joined, left out, and reported by rule, number and size, never by value.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from matching.model import BlockingRule, Limits, MatchModel


@dataclass(frozen=True)
class Oversize:
    """Blocks of one rule that were left out: how many, and records in the largest."""

    rule: str
    blocks: int
    largest: int


def strong_pairs(con: duckdb.DuckDBPyConnection, model: MatchModel, table: str, target: str) -> None:
    """Pairs of records that share a strong identifier: all of a small group, neighbours of a large one."""
    con.execute(f"create or replace table {target} (match_key varchar, join_key_l varchar, join_key_r varchar)")
    for strong in model.strong_identifiers:
        con.execute(
            f"""
            insert into {target}
            with placed as (
                select
                    record_id, "{strong.key}" as key, count(*) over (partition by "{strong.key}") as n,
                    row_number() over (partition by "{strong.key}" order by record_id) as place
                from {table}
                where "{strong.key}" is not null
            )
            select '{strong.rule}', l.record_id, r.record_id
            from placed as l join placed as r on l.key = r.key and l.place < r.place
            where l.n <= {model.limits.max_block} or r.place = l.place + 1
            """
        )
    con.execute(
        f"create or replace table {target} as select min(match_key) as match_key, join_key_l, join_key_r"
        f" from {target} group by all order by all"
    )


def blocked_pairs(con: duckdb.DuckDBPyConnection, model: MatchModel, table: str, target: str) -> list[Oversize]:
    """Pairs of the blocking rules whose records are not in one unit yet; the first rule that finds a pair names it.

    Args:
        con: the scratch connection.
        model: its blocking rules and limits.
        table: prepared records with a column `unit` (records of one unit are already joined).
        target: table to make: match_key, join_key_l, join_key_r.
    """
    if _count(con, table) <= model.limits.compare_all:
        con.execute(
            f"create or replace table {target} as select 'all' as match_key, l.record_id as join_key_l,"
            f" r.record_id as join_key_r from {table} as l join {table} as r"
            " on l.record_id < r.record_id and l.unit <> r.unit order by all"
        )
        return []
    con.execute(f"create or replace table {target} (place integer, join_key_l varchar, join_key_r varchar)")
    oversize = []
    for place, rule in enumerate(model.blocking):
        con.execute(f"create or replace table block as {_block_sql(rule, table, model.list_columns)}")
        largest = _largest_block(con, model.limits)
        oversize += _oversize(con, rule, largest)
        con.execute(
            f"""
            insert into {target}
            select {place}, l.record_id, r.record_id
            from block as l join block as r on l.key = r.key and l.record_id < r.record_id and l.unit <> r.unit
            where l.n <= {largest} and r.n <= {largest}
            """
        )
    con.execute("drop table if exists block")
    names = ", ".join(f"'{rule.rule}'" for rule in model.blocking)
    con.execute(
        f"create or replace table {target} as select [{names}][min(place) + 1] as match_key, join_key_l, join_key_r"
        f" from {target} group by all order by all"
    )
    return oversize


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0


def _block_sql(rule: BlockingRule, table: str, lists: set[str]) -> str:
    """Records with the rule's key as one value, and how many records share it."""
    entries = [f'unnest("{key}") as "{key}"' if key in lists else f'"{key}"' for key in rule.keys]
    known = " and ".join(f'"{key}" is not null' for key in rule.keys)
    packed = ", ".join(f'"{key}" := "{key}"' for key in rule.keys)
    return f"""
        select *, count(*) over (partition by key) as n
        from (
            select distinct record_id, unit, struct_pack({packed}) as key
            from (select record_id, unit, {", ".join(entries)} from {table} where {known})
        )
        qualify n > 1
    """


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
