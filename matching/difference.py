"""What changed between two states, customer by customer: merged, split, vanished, new, and records that moved.

A state is a relation (record_id, golden_id), its values a relation (golden_id, aum). All of it is set work inside
DuckDB, so that it holds for ten million records.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

import duckdb

from matching.explain import newest_day
from warehouse import publish_versions as versions
from warehouse import store
from warehouse.errors import NotFoundError
from warehouse.settings import Settings

KINDS = ("merged", "split", "vanished", "new", "moved")
_CHANGES = """
create or replace temp table customer_change as
with flow as (
    select origin.golden_id as origin, heir.golden_id as heir, count(*) as records
    from {before} as origin full join {after} as heir on heir.record_id = origin.record_id
    group by all
),
lasting as (select golden_id from {before} intersect select golden_id from {after}),
main as (
    select origin, heir from flow where origin is not null and heir is not null and origin not in (from lasting)
    qualify row_number() over (partition by origin order by records desc, heir) = 1
),
ended as (
    select flow.origin, main.heir, sum(flow.records) as records
    from flow left join main on main.origin = flow.origin
    where flow.origin is not null and flow.origin not in (from lasting) group by all
),
source_of as (
    select heir, origin from flow where origin is not null and heir is not null
    qualify row_number() over (partition by heir order by records desc, origin) = 1
),
born as (
    select flow.heir, source_of.origin, sum(flow.records) as records
    from flow left join source_of on source_of.heir = flow.heir
    where flow.heir is not null and flow.heir not in (from lasting) and flow.heir not in (select heir from main)
    group by all
),
moved as (
    select flow.origin, flow.heir, flow.records from flow left join main on main.origin = flow.origin
    where flow.origin <> flow.heir and flow.heir in (from lasting) and flow.heir is distinct from main.heir
),
found as (
    select case when heir is null then 'vanished' else 'merged' end as kind, coalesce(heir, origin) as golden_id,
        case when heir is not null then origin end as other_golden_id, records, origin as valued
    from ended
    union all
    select case when origin is null then 'new' else 'split' end, coalesce(origin, heir),
        case when origin is not null then heir end, records, heir
    from born
    union all
    select 'moved', heir, origin, records, null from moved
)
select
    found.kind, found.golden_id, found.other_golden_id, found.records::bigint as records,
    case
        when kind in ('merged', 'vanished') then {value_before}
        when kind in ('split', 'new') then {value_after}
    end as aum
from found
order by all
"""
_VALUE = "(select any_value(aum) from {values} as v where v.golden_id = found.valued)"


@dataclass(frozen=True)
class State:
    """One side of a comparison: relations in the connection at hand; `values` is None when they are not known."""

    records: str
    values: str | None


def find_changes(con: duckdb.DuckDBPyConnection, before: State, after: State) -> dict[str, Any]:
    """Make the temporary table `customer_change`, and count it.

    Its grain is one change: kind, golden_id, other_golden_id, records, aum. `merged`: other_golden_id went into
    golden_id; `split`: other_golden_id came out of it; `moved`: records came from other_golden_id while both go on.
    AUM (CNY) is what the customer that ended held before, what the one that began holds now; null for moved records.

    Returns:
        before, after: customers, records, aum; counts: per kind customers, records, aum.
    """
    value = {name: _VALUE.format(values=state.values) if state.values else "null::decimal(28, 2)"
             for name, state in (("value_before", before), ("value_after", after))}  # fmt: skip
    con.execute(_CHANGES.format(before=before.records, after=after.records, **value))
    rows = con.execute(
        "select kind, count(*), sum(records), sum(aum)::double from customer_change group by kind order by kind"
    ).fetchall()
    found = {kind: {"customers": n, "records": int(records), "aum": aum} for kind, n, records, aum in rows}
    empty = {"customers": 0, "records": 0, "aum": 0.0}
    counts = {kind: found.get(kind, empty) for kind in KINDS}
    return {"before": _size(con, before), "after": _size(con, after), "counts": counts}


def _size(con: duckdb.DuckDBPyConnection, state: State) -> dict[str, Any]:
    row = con.execute(f"select count(distinct golden_id), count(*) from {state.records}").fetchone() or (0, 0)
    aum = con.execute(f"select sum(aum)::double from {state.values}").fetchone() if state.values else None
    return {"customers": row[0], "records": row[1], "aum": aum[0] if aum else None}


def difference(settings: Settings, before: str, after: str) -> dict[str, Any]:
    """Compare what two runs left.

    Args:
        settings: the site.
        before: a run id (`run-2026-03-02`) or its business day.
        after: a later one.

    Returns:
        before, after (run_id, as_of, customers, records, aum or None), counts per kind, changes (kind, golden_id,
        other_golden_id, records, aum, as_of, cause, evidence), notes (what is not known).

    Raises:
        NotFoundError: no such run was linked, or the first is not before the second.
    """
    with store.connect(settings, read_only=True) as con:
        days = [_day(con, before), _day(con, after)]
        if days[0] >= days[1]:
            raise NotFoundError(f"{before}: not before {after}; name the earlier run first")
        newest = newest_day(con)
        con.execute("use memory")
        states = [_state(con, settings, side, day, newest) for side, day in zip(("before", "after"), days, strict=True)]
        report = find_changes(con, *states)
        report["changes"] = _with_causes(con, *days)
    for side, day in zip(("before", "after"), days, strict=True):
        report[side] = {"run_id": f"run-{day}", "as_of": day} | report[side]
    report["notes"] = [f"{day}: AUM is not known any more; no published version of that day is kept"
                       for day, state in zip(days, states, strict=True) if state.values is None]  # fmt: skip
    return report


def _day(con: duckdb.DuckDBPyConnection, run: str) -> dt.date:
    newest_day(con)
    try:
        day = dt.date.fromisoformat(run.removeprefix("run-"))
    except ValueError:
        raise NotFoundError(f"run {run}: not a run id or a day; write run-YYYY-MM-DD or YYYY-MM-DD") from None
    known = [row[0] for row in con.execute("select distinct as_of from match_run order by 1").fetchall()]
    if day not in known:
        shown = ", ".join(str(known_day) for known_day in known[-5:])
        raise NotFoundError(f"run {run}: no customers were linked for that day; the last days are {shown}")
    return day


def _state(con: duckdb.DuckDBPyConnection, settings: Settings, side: str, day: dt.date, newest: dt.date) -> State:
    con.execute(
        f"create or replace temp table records_{side} as select record_id, golden_id"
        f" from {store.CATALOG}.main.party_identity where valid_from <= ? and (valid_to is null or valid_to > ?)",
        [day, day],
    )
    values = _values(con, settings, side, day, newest)
    return State(f"records_{side}", values)


def _values(con: duckdb.DuckDBPyConnection, settings: Settings, side: str, day: dt.date, newest: dt.date) -> str | None:
    """AUM of a day: from the warehouse for the newest, else from a published version of that day that is kept."""
    if day == newest and store.table_exists(con, "customer_360"):
        source = f"{store.CATALOG}.main.customer_360"
    else:
        kept = [name for name in versions.kept(settings) if versions.find(settings, name).as_of == str(day)]
        if not kept:
            return None
        source = f"read_parquet('{versions.versions_dir(settings) / kept[0] / 'customer_360.parquet'}')"
    con.execute(f"create or replace temp table values_{side} as {values_sql(source)}")
    return f"values_{side}"


def values_sql(source: str) -> str:
    """Customers and their AUM; a site may mask it in what it publishes, then it is not known."""
    return f"select golden_id, try_cast(aum as decimal(28, 2)) as aum from {source}"


def _with_causes(con: duckdb.DuckDBPyConnection, first: dt.date, last: dt.date) -> list[dict[str, Any]]:
    """The changes, each with the newest event between the two customers and what that rests on."""
    result = con.execute(
        f"""
        with event as (
            select kind, golden_id, other_golden_id, as_of, cause, evidence from {store.CATALOG}.main.identity_event
            where as_of > $first and as_of <= $last
            qualify row_number() over (
                partition by least(golden_id, other_golden_id), greatest(golden_id, other_golden_id)
                order by as_of desc, event_id desc
            ) = 1
        )
        select change.* replace (change.aum::double as aum), event.as_of, event.cause, event.evidence
        from customer_change as change left join event
            on least(event.golden_id, event.other_golden_id) = least(change.golden_id, change.other_golden_id)
            and greatest(event.golden_id, event.other_golden_id) = greatest(change.golden_id, change.other_golden_id)
        order by list_position({list(KINDS)}, change.kind), change.aum desc nulls last, change.golden_id,
            change.other_golden_id
        """,
        {"first": first, "last": last},
    )
    names = [str(column[0]) for column in result.description or []]
    rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    return [row | {"evidence": json.loads(row["evidence"] or "{}")} for row in rows]
