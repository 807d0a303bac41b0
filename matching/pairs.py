"""The pairs other rooms read: every link with its evidence, and a review list a person can work through."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import duckdb
import pyarrow as pa

from matching.history import SCHEMA
from matching.resolve import Resolved


def pair_id(left: str, right: str) -> str:
    """Name of a pair: the same for the same two records for ever."""
    return "p" + hashlib.md5(f"{left}|{right}".encode(), usedforsecurity=False).hexdigest()[:16]


_INSERT = f"""
insert into {SCHEMA}.match_pair
select
    'p' || md5(record_id_l || '|' || record_id_r)[:16] as pair_id, record_id_l, record_id_r, ? as party_type,
    case when decided is not null then 'decision' when strong is not null then 'strong_id' else 'model' end as origin,
    round(match_weight, 4), round(match_probability, 9), final_verdict, final_rule, final_conflict,
    evidence, md5(pattern) as evidence_hash, ? as model_version
from {{table}}
where final_verdict in ('link', 'review') or decided is not null
order by record_id_l, record_id_r
"""


def write_pairs(con: duckdb.DuckDBPyConnection, resolved: Resolved) -> dict[str, int]:
    """Append the pairs of one party type to `match_pair`; the caller holds the transaction and emptied the table.

    Returns:
        Number of pairs by verdict, and of review pairs that found no room on the list.
    """
    table = f"final_{resolved.party_type}"
    con.execute(_INSERT.format(table=table), [resolved.party_type, resolved.version])
    rows = con.execute(f"select final_verdict, count(*) from {table} group by 1 order by 1").fetchall()
    return {str(verdict): int(number) for verdict, number in rows}


def finish_pairs(con: duckdb.DuckDBPyConnection, resolved: Resolved) -> None:
    """Make the scratch table `final_<party type>`: judged pairs after clustering and stewards' decisions."""
    _register(con, "home", _homes(resolved))
    _register(con, "refused", _refused(resolved))
    _register(con, "decided", _decided(resolved))
    limit = max(10, round(resolved.records * resolved.model.limits.review_per_thousand / 1000))
    con.execute(f"create or replace table final_{resolved.party_type} as {_final_sql(resolved.judged)}", [limit])
    for name in ("home", "refused", "decided"):
        con.unregister(name)


# A pair is worth a look only between two customers, once per two customers, and not where a steward already said no.
# Only what orders the pairs goes through the windows; evidence is wide, and joined to what is left.
_FINAL_SQL = """
with judged as (
    select record_id_l, record_id_r, match_weight, rest, verdict, rule, conflict from {judged}
),
known as (
    select
        judged.*, decided.verdict as decided, refused.reason as refused,
        least(l.home, r.home) as home_one, greatest(l.home, r.home) as home_two
    from judged
    join home as l on l.record_id = judged.record_id_l
    join home as r on r.record_id = judged.record_id_r
    left join decided on decided.l = judged.record_id_l and decided.r = judged.record_id_r
    left join refused on refused.l = judged.record_id_l and refused.r = judged.record_id_r
),
kept_apart as (select distinct home_one, home_two from known where decided = 'different'),
candidate as (
    select
        known.*,
        case
            when decided = 'different' then 'reject'
            when decided = 'same' then case when refused is null then 'link' else 'review' end
            when refused is not null then 'review'
            else verdict
        end as final_verdict,
        case
            when decided in ('same', 'different') then 'decision'
            when refused = 'ambiguous' then 'could_be_another_customer'
            when refused = 'size' then 'customer_too_large'
            when refused = 'support' then 'weak_bridge'
            when refused is not null then 'conflict_with_customer'
            else rule
        end as final_rule,
        case
            when decided = 'different' or refused = 'steward' then 'steward'
            when refused in ('ambiguous', 'size', 'support') then conflict
            else coalesce(conflict, refused)
        end as final_conflict
    from known
),
ranked as (
    select
        candidate.*,
        row_number() over (
            partition by home_one, home_two, final_verdict
            order by greatest(match_weight, rest) desc, record_id_l, record_id_r
        ) as place
    from candidate
    where final_verdict <> 'review' or (
        home_one <> home_two
        and (home_one, home_two) not in (select (home_one, home_two) from kept_apart)
    )
),
listed as (
    select
        *,
        row_number() over (
            partition by final_verdict = 'review' and place = 1
            order by greatest(match_weight, rest) desc, record_id_l, record_id_r
        ) as seat
    from ranked
    where final_verdict <> 'review' or place = 1
)
select
    judged.*, listed.decided, listed.refused, listed.final_verdict, listed.final_rule, listed.final_conflict
from listed join {judged} as judged using (record_id_l, record_id_r)
where listed.final_verdict <> 'review' or listed.seat <= ?
order by record_id_l, record_id_r
"""


def _final_sql(judged: str) -> str:
    return _FINAL_SQL.format(judged=judged)


def _register(con: duckdb.DuckDBPyConnection, name: str, columns: dict[str, list[str]]) -> None:
    con.register(name, pa.table({key: pa.array(values, pa.string()) for key, values in columns.items()}))


def _homes(resolved: Resolved) -> dict[str, list[str]]:
    clusters = resolved.clustering.clusters
    return {
        "record_id": [record for group in clusters for record in group],
        "home": [group[0] for group in clusters for _ in group],
    }


def _refused(resolved: Resolved) -> dict[str, list[str]]:
    refusals = resolved.clustering.refusals
    return {
        "l": [refusal.edge.left for refusal in refusals],
        "r": [refusal.edge.right for refusal in refusals],
        "reason": [refusal.reason.partition(":")[0] for refusal in refusals],
    }


def _decided(resolved: Resolved) -> dict[str, list[str]]:
    decisions = [d for d in resolved.decisions if d.verdict != "unsure"]
    return {
        "l": [d.left for d in decisions],
        "r": [d.right for d in decisions],
        "verdict": [d.verdict for d in decisions],
    }


def write_clusters(con: duckdb.DuckDBPyConnection, resolved: Resolved) -> None:
    """Append to `match_cluster` who belongs together, with and without the stewards' decisions."""
    before = _names(resolved.before_decisions.clusters)
    after = _names(resolved.clustering.clusters)
    records = sorted(after)
    _register(con, "clustered", {"r": records, "a": [after[r] for r in records], "b": [before[r] for r in records]})
    con.execute(
        f"insert into {SCHEMA}.match_cluster select r, ?, a, b from clustered order by r", [resolved.party_type]
    )
    con.unregister("clustered")


def _names(clusters: Sequence[tuple[str, ...]]) -> dict[str, str]:
    return {record: group[0] for group in clusters for record in group}
