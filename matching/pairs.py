"""The pairs other rooms read: every link with its evidence, and a review list a person can work through."""

from __future__ import annotations

import hashlib

import duckdb

from matching.history import SCHEMA
from matching.relations import in_one_only
from matching.resolve import Resolved
from matching.score import evidence_sql, pattern_sql


def pair_id(left: str, right: str) -> str:
    """Name of a pair: the same for the same two records for ever."""
    return "p" + hashlib.md5(f"{left}|{right}".encode(), usedforsecurity=False).hexdigest()[:16]


_INSERT = """
insert into {schema}.match_pair
select
    pair_id, record_id_l, record_id_r, $party_type as party_type,
    case when decided is not null then 'decision' when strong is not null then 'strong_id' else 'model' end as origin,
    round(match_weight, 4), round(match_probability, 9), final_verdict, final_rule, final_conflict,
    {evidence} as evidence, md5({pattern}) as evidence_hash, $version as model_version
from {table}
where pair_id not in (select pair_id from {schema}.match_pair where party_type = $party_type and verdict = 'review')
order by record_id_l, record_id_r
"""


def _pair_id_sql(left: str, right: str) -> str:
    return f"'p' || md5({left} || '|' || {right})[:16]"


def write_pairs(con: duckdb.DuckDBPyConnection, resolved: Resolved) -> dict[str, int]:
    """Bring the pairs of one party type in `match_pair` up to the run; the caller holds the transaction.

    Returns:
        Number of pairs by verdict.
    """
    kind = {"party_type": resolved.party_type}
    outdated = ""
    if resolved.kept:
        changed, told = resolved.scratch("changed"), resolved.scratch("final")
        gone = f"(select record_id from {changed} where not is_there)"
        outdated = (
            f" and (pair_id in (select pair_id from {resolved.scratch('outdated')})"
            f" or verdict = 'review' and pair_id not in (select pair_id from {told} where final_verdict = 'review')"
            f" or record_id_l in {gone} or record_id_r in {gone})"
        )
    con.execute(f"delete from {SCHEMA}.match_pair where party_type = $party_type{outdated}", kind)
    evidence, pattern = evidence_sql(resolved.model), pattern_sql(resolved.model)
    con.execute(
        _INSERT.format(schema=SCHEMA, table=resolved.scratch("final"), evidence=evidence, pattern=pattern),
        {**kind, "version": resolved.version},
    )
    sql = f"select verdict, count(*) from {SCHEMA}.match_pair where party_type = $party_type group by 1 order by 1"
    return {str(verdict): int(number) for verdict, number in con.execute(sql, kind).fetchall()}


def finish_pairs(con: duckdb.DuckDBPyConnection, resolved: Resolved) -> None:
    """Make the scratch views `told_<party type>`, judged pairs after clustering and decisions, and `final_…` with ids.

    After a run that looked at what changed these are the review pairs, which are listed among all, and the pairs that
    may be told otherwise than before; `outdated_<party type>` are these, `seen_<party type>` the records of customers
    that are not what they were, and those that are gone.
    """
    limit = max(10, round(resolved.records * resolved.model.limits.review_per_thousand / 1000))
    names = {
        kind: resolved.scratch(kind)
        for kind in ("judged", "home", "named", "refused", "decided", "ruled", "listed", "told", "final")
    }
    concerned, wanted = "", ""
    if resolved.kept:
        _make_turned(con, resolved)
        is_turned = f"(record_no_l, record_no_r) in (select (l, r) from {resolved.scratch('turned')})"
        concerned = f"where verdict <> 'link' or reason is not null or word.effect is not null or {is_turned}"
        wanted = f"and (final_verdict = 'review' or {is_turned})"
    _make_named(con, resolved)
    if resolved.kept:
        _make_seen(con, resolved)
        _make_outdated(con, resolved)
    con.execute(_RULED_SQL.format(**names, concerned=concerned))
    con.execute(_LISTED_SQL.format(**names), [limit])
    con.execute(_TOLD_SQL.format(**names, wanted=wanted))
    made = "table" if resolved.kept else "view"  # few pairs, asked for twice
    con.execute(_FINAL_SQL.format(**names, made=made, pair_id=_pair_id_sql("l.record_id", "r.record_id")))


def _make_named(con: duckdb.DuckDBPyConnection, resolved: Resolved) -> None:
    """Make `named`, the ids by number; after a run that looked at what changed, of the records that may be told of."""
    scratch, wanted = resolved.scratch, ""
    if resolved.kept:
        doubtful = f"(select * from {scratch('judged')} where verdict <> 'link')"
        spoken = [(scratch(kind), "l, r") for kind in ("turned", "decided", "refused")]
        pairs = [(doubtful, "record_no_l, record_no_r"), *spoken]
        numbers = [f"select unnest([{both}]) as record_no from {table}" for table, both in pairs]
        numbers.append(f"select unnest([record_no, home, home_before]) from {resolved.regrouped}")
        wanted = f"semi join ({' union '.join(numbers)}) using (record_no)"
    con.execute(
        f"create or replace table {scratch('named')} as"
        f" select record_no, record_id from (select record_no, record_id from {scratch('prepared')}) {wanted}"
    )


def _make_seen(con: duckdb.DuckDBPyConnection, resolved: Resolved) -> None:
    """Make `seen`, the records by id whose rows in `match_cluster` do not hold any more."""
    con.execute(
        f"create or replace table {resolved.scratch('seen')} as"
        f" select record_id from {resolved.scratch('named')}"
        f" semi join {resolved.regrouped} using (record_no)"
        f" union all select record_id from {resolved.scratch('changed')} where not is_there"
    )


def _make_turned(con: duckdb.DuckDBPyConnection, resolved: Resolved) -> None:
    """Make `turned`, the pairs (l, r) whose evidence, constraint or decision is another than in the kept run."""
    kept, scratch = resolved.tables.kept, resolved.scratch
    was = f"(from {kept('judged')} semi join {scratch('stale')} using (record_no_l, record_no_r))"
    weighed = in_one_only(was, scratch("judged_fresh"))
    refused = in_one_only(kept("refused"), scratch("refused"))
    decided = in_one_only(*(f"(select l, r, effect from {table})" for table in (kept("decided"), scratch("decided"))))
    con.execute(
        f"create or replace table {scratch('turned')} as select record_no_l as l, record_no_r as r from {weighed}"
        f" union select l, r from {refused} union select l, r from {decided}"
    )


def _make_outdated(con: duckdb.DuckDBPyConnection, resolved: Resolved) -> None:
    """Make `outdated`, the ids of the turned pairs of records that are there."""
    named = resolved.scratch("named")
    con.execute(
        f"create or replace table {resolved.scratch('outdated')} as"
        f" select {_pair_id_sql('one.record_id', 'two.record_id')} as pair_id from {resolved.scratch('turned')}"
        f" join {named} as one on one.record_no = l join {named} as two on two.record_no = r"
    )


# what became of a pair
_RULED_SQL = """
create or replace view {ruled} as
select
    judged.*, greatest(match_weight, rest) as strength, word.effect as decided,
    case
        when word.effect = 'different' then 'reject'
        when word.effect = 'same' then case when reason is null then 'link' else 'review' end
        when reason is not null then 'review'
        else verdict
    end as final_verdict,
    case
        when word.effect in ('same', 'different') then 'decision'
        when reason = 'ambiguous' then 'could_be_another_customer'
        when reason = 'size' then 'customer_too_large'
        when reason = 'support' then 'weak_bridge'
        when reason is not null then 'conflict_with_customer'
        else rule
    end as final_rule,
    case
        when word.effect = 'different' or reason = 'steward' then 'steward'
        when reason in ('ambiguous', 'size', 'support') then conflict
        else coalesce(conflict, reason)
    end as final_conflict
from {judged} as judged
left join (from {decided} where effect is not null) as word on word.l = record_no_l and word.r = record_no_r
left join {refused} as refused on refused.l = record_no_l and refused.r = record_no_r
{concerned}
"""

# A pair is worth a look only between two customers, once per two customers, and not where a steward already said no.
_LISTED_SQL = """
create or replace table {listed} as
with doubtful as (
    select
        record_no_l, record_no_r, final_verdict, decided, strength,
        least(l.home, r.home) as home_one, greatest(l.home, r.home) as home_two
    from {ruled} as ruled
    join {home} as l on l.record_no = record_no_l
    join {home} as r on r.record_no = record_no_r
    where final_verdict = 'review' or decided = 'different'
),
kept_apart as (select distinct home_one, home_two from doubtful where decided = 'different'),
candidate as (
    select
        record_no_l, record_no_r, strength, home_one, home_two,
        l.record_id as one, r.record_id as two
    from doubtful
    join {named} as l on l.record_no = record_no_l
    join {named} as r on r.record_no = record_no_r
    where final_verdict = 'review' and home_one <> home_two
),
heaviest as (
    from candidate anti join kept_apart using (home_one, home_two)
    qualify row_number() over (partition by home_one, home_two order by strength desc, one, two) = 1
)
select record_no_l, record_no_r from heaviest order by strength desc, one, two limit ?
"""

_TOLD_SQL = """
create or replace view {told} as
select * exclude (strength)
from {ruled} as ruled
left join (select *, true as is_listed from {listed}) using (record_no_l, record_no_r)
where (
    final_verdict = 'link' or (final_verdict = 'reject' and decided is not null)
    or (final_verdict = 'review' and is_listed)
) {wanted}
"""

_FINAL_SQL = """
create or replace {made} {final} as
select
    {pair_id} as pair_id,
    l.record_id as record_id_l, r.record_id as record_id_r, told.* exclude (is_listed)
from {told} as told
join {named} as l on l.record_no = record_no_l
join {named} as r on r.record_no = record_no_r
"""


def write_clusters(con: duckdb.DuckDBPyConnection, resolved: Resolved) -> None:
    """Bring `match_cluster` up to the run: who belongs together, with and without the stewards' decisions."""
    outdated = f" and record_id in (select record_id from {resolved.scratch('seen')})" if resolved.kept else ""
    con.execute(f"delete from {SCHEMA}.match_cluster where party_type = ?{outdated}", [resolved.party_type])
    name = resolved.scratch("named")
    con.execute(
        f"insert into {SCHEMA}.match_cluster select own.record_id, ?, after.record_id, before.record_id"
        f" from {resolved.regrouped} as home join {name} as own using (record_no)"
        f" join {name} as after on after.record_no = home.home"
        f" join {name} as before on before.record_no = home.home_before order by 1",
        [resolved.party_type],
    )
