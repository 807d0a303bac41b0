"""The pairs other rooms read: every link with its evidence, and a review list a person can work through."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import duckdb
import numpy as np
import pyarrow as pa

from matching.history import SCHEMA
from matching.resolve import Resolved
from matching.score import evidence_sql, pattern_sql


def pair_id(left: str, right: str) -> str:
    """Name of a pair: the same for the same two records for ever."""
    return "p" + hashlib.md5(f"{left}|{right}".encode(), usedforsecurity=False).hexdigest()[:16]


_INSERT = """
insert into {schema}.match_pair
select
    'p' || md5(record_id_l || '|' || record_id_r)[:16] as pair_id, record_id_l, record_id_r, $party_type as party_type,
    case when decided is not null then 'decision' when strong is not null then 'strong_id' else 'model' end as origin,
    round(match_weight, 4), round(match_probability, 9), final_verdict, final_rule, final_conflict,
    {evidence} as evidence, md5({pattern}) as evidence_hash, $version as model_version
from {table}
where final_verdict in ('link', 'review') or decided is not null
order by record_id_l, record_id_r
"""


def write_pairs(con: duckdb.DuckDBPyConnection, resolved: Resolved) -> dict[str, int]:
    """Append the pairs of one party type to `match_pair`; the caller holds the transaction and emptied the table.

    Returns:
        Number of pairs by verdict, and of review pairs that found no room on the list.
    """
    table = f"final_{resolved.party_type}"
    evidence, pattern = evidence_sql(resolved.model), pattern_sql(resolved.model)
    con.execute(
        _INSERT.format(schema=SCHEMA, table=table, evidence=evidence, pattern=pattern),
        {"party_type": resolved.party_type, "version": resolved.version},
    )
    rows = con.execute(f"select final_verdict, count(*) from {table} group by 1 order by 1").fetchall()
    return {str(verdict): int(number) for verdict, number in rows}


def finish_pairs(con: duckdb.DuckDBPyConnection, resolved: Resolved) -> None:
    """Make the scratch table `final_<party type>`: judged pairs after clustering and stewards' decisions."""
    _register(con, "home", {"record_no": np.arange(resolved.records), "home": resolved.home})
    _register(con, "refused", _refused(resolved))
    _register(con, "decided", _decided(resolved))
    limit = max(10, round(resolved.records * resolved.model.limits.review_per_thousand / 1000))
    con.execute(f"create or replace table final_{resolved.party_type} as {_final_sql(resolved)}", [limit])
    for name in ("home", "refused", "decided"):
        con.unregister(name)


# A pair is worth a look only between two customers, once per two customers, and not where a steward already said no.
# Only what orders the pairs goes through the windows; evidence is wide, and joined to what is left.
_FINAL_SQL = """
with judged as (
    select record_no_l, record_no_r, match_weight, rest, verdict, rule, conflict from {judged}
),
known as (
    select
        judged.*, decided.verdict as decided, refused.reason as refused,
        least(l.home, r.home) as home_one, greatest(l.home, r.home) as home_two
    from judged
    join home as l on l.record_no = judged.record_no_l
    join home as r on r.record_no = judged.record_no_r
    left join decided on decided.l = judged.record_no_l and decided.r = judged.record_no_r
    left join refused on refused.l = judged.record_no_l and refused.r = judged.record_no_r
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
            order by greatest(match_weight, rest) desc, record_no_l, record_no_r
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
            order by greatest(match_weight, rest) desc, record_no_l, record_no_r
        ) as seat
    from ranked
    where final_verdict <> 'review' or place = 1
)
select
    l.record_id as record_id_l, r.record_id as record_id_r, judged.*, listed.decided, listed.refused,
    listed.final_verdict, listed.final_rule, listed.final_conflict
from listed
join {judged} as judged using (record_no_l, record_no_r)
join {prepared} as l on l.record_no = record_no_l
join {prepared} as r on r.record_no = record_no_r
where listed.final_verdict <> 'review' or listed.seat <= ?
"""


def _final_sql(resolved: Resolved) -> str:
    return _FINAL_SQL.format(judged=resolved.judged, prepared=resolved.prepared)


def _register(con: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, object]) -> None:
    con.register(name, pa.table({key: pa.array(values) for key, values in columns.items()}))


def _refused(resolved: Resolved) -> dict[str, object]:
    refusals = resolved.refusals
    return {
        "l": np.array([refusal.edge.left for refusal in refusals], np.int32),
        "r": np.array([refusal.edge.right for refusal in refusals], np.int32),
        "reason": pa.array([refusal.reason.partition(":")[0] for refusal in refusals], pa.string()),
    }


def _decided(resolved: Resolved) -> dict[str, object]:
    decisions = [d for d in resolved.numbered if d.effect]
    return {
        "l": np.array([d.left for d in decisions], np.int32),
        "r": np.array([d.right for d in decisions], np.int32),
        "verdict": pa.array([d.effect for d in decisions], pa.string()),
    }


def write_clusters(con: duckdb.DuckDBPyConnection, resolved: Resolved) -> None:
    """Append to `match_cluster` who belongs together, with and without the stewards' decisions."""
    numbers = np.arange(resolved.records)
    _register(con, "clustered", {"record_no": numbers, "home": resolved.home, "before": resolved.home_before})
    con.execute(
        f"insert into {SCHEMA}.match_cluster select own.record_id, ?, after.record_id, before.record_id from clustered"
        f" join {resolved.prepared} as own using (record_no)"
        f" join {resolved.prepared} as after on after.record_no = clustered.home"
        f" join {resolved.prepared} as before on before.record_no = clustered.before order by 1",
        [resolved.party_type],
    )
    con.unregister("clustered")
