"""Identity as history in the warehouse: who bore which golden id from when to when, and what happened to ids.

`party_identity` holds intervals [valid_from, valid_to). Running a day again takes back what that day wrote and writes
it anew; earlier days are never touched, and a day before the newest one is refused. All writes of a day are one
transaction.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from matching.identity import Change
from matching.lineage import read_lineage
from matching.relations import make_table, registered, texts
from warehouse.errors import UserError
from warehouse.store import CATALOG

SCHEMA = f"{CATALOG}.main"
_TABLES = {
    "party_identity": "record_id varchar, golden_id varchar, valid_from date, valid_to date, run_id varchar",
    "identity_event": "event_id varchar, as_of date, run_id varchar, kind varchar, golden_id varchar,"
    " other_golden_id varchar, cause varchar, evidence varchar",
    "identity_alias": "golden_id varchar, survives_as varchar, as_of date",
    "match_run": "as_of date, run_id varchar, party_type varchar, model_version varchar, records bigint,"
    " pairs bigint, links bigint, reviews bigint, customers bigint",
    "match_pair": "pair_id varchar, record_id_l varchar, record_id_r varchar, party_type varchar, origin varchar,"
    " match_weight double, match_probability double, verdict varchar, rule varchar, conflict varchar,"
    " evidence varchar, evidence_hash varchar, model_version varchar",
    "match_cluster": "record_id varchar, party_type varchar, cluster_id varchar, cluster_before_decisions varchar",
    # which run the tables that are kept between days are of (matching.kept)
    "match_state": "party_type varchar, signature varchar, as_of date, joined boolean",
    # records that changed since levels were last measured, and the largest stability index then
    "match_drift": "party_type varchar, unmeasured bigint, per_mille bigint",
    # only ids that ever ended; every other id stands for itself since it was minted
    "identity_lineage": "golden_id varchar, valid_from date, valid_to date, status varchar, stands_for varchar",
}


# ids given this day; also those an earlier run of it gave, for they may have been published
_MINTED = """
create or replace temp table minted_events as
with before as (select golden_id from {event} where kind = 'mint' and as_of < $day),
borne as (
    select distinct golden_id from moved where golden_id is not null
),
given as (
    select golden_id from borne anti join before using (golden_id)
    union
    select golden_id from {event} where kind = 'mint' and as_of = $day
)
select 'mint' as kind, golden_id, null::varchar as other_golden_id, $cause as cause, $nothing as evidence from given
"""


@dataclass(frozen=True)
class Bridge:
    """The pair that speaks loudest for joining two ids, or a decision that keeps them apart."""

    pair_id: str
    rule: str
    weight: float
    cause: str


@dataclass(frozen=True)
class History:
    """What earlier days did to ids, and this day's own earlier run, as read from the warehouse."""

    as_of: dt.date
    merged_into: Mapping[str, tuple[str, dt.date]] = field(default_factory=dict)  # id -> its last merge before the day
    merged_today: Mapping[str, str] = field(default_factory=dict)
    merge_cause: Mapping[str, str] = field(default_factory=dict)  # id -> why it was last merged away before the day
    returned: frozenset[str] = frozenset()  # ids merged away once that came back since, before the day
    models: Mapping[str, str] = field(default_factory=dict)  # party type -> model of the day linked before


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Make the tables this room writes, unless they exist."""
    for table, columns in _TABLES.items():
        con.execute(f"create table if not exists {SCHEMA}.{table} ({columns})")


def read_history(con: duckdb.DuckDBPyConnection, as_of: dt.date) -> History:
    """Read what is known of ids when a day is linked.

    Raises:
        UserError: a later day was linked already.
    """
    newest = _newest_day(con)
    if newest is not None and newest > as_of:
        raise UserError(
            f"link: {as_of} is before {newest}, the newest linked day; history only grows forward, run {newest} again"
        )
    events = con.execute(
        f"select as_of, kind, golden_id, other_golden_id, cause from {SCHEMA}.identity_event"
        " where kind in ('merge', 'undo') order by as_of, event_id"
    ).fetchall()
    merges = [(day, survivor, gone) for day, kind, survivor, gone, _ in events if kind == "merge"]
    return History(
        as_of=as_of,
        merged_into={gone: (survivor, day) for day, survivor, gone in merges if day < as_of},
        merged_today={gone: survivor for day, survivor, gone in merges if day == as_of},
        merge_cause={gone: cause for day, kind, _, gone, cause in events if kind == "merge" and day < as_of},
        returned=_returned(events, as_of),
        models=_last_models(con, as_of),
    )


def joined_before(con: duckdb.DuckDBPyConnection, history: History) -> str:
    """Make the view `joined_before` (record_id, golden_id) of the day before, and return its name.

    Customers that owe their size to a steward are left out: undo must free them.
    """
    steered = {history.merged_into[gone][0] for gone, cause in history.merge_cause.items() if cause == "steward"}
    make_table(con, "steered", texts({"golden_id": sorted(steered)}))
    con.execute(
        f"create or replace temp view joined_before as select record_id, golden_id from {SCHEMA}.party_identity"
        f" where valid_from < date '{history.as_of}' and (valid_to is null or valid_to >= date '{history.as_of}')"
        " and golden_id not in (from steered)"
    )
    return "joined_before"


def _returned(events: Sequence[tuple[dt.date, str, str, str | None, str]], as_of: dt.date) -> frozenset[str]:
    """Ids that came back after their last merge: when they end again, it is not that merge that ended them."""
    returned: set[str] = set()
    for day, kind, identifier, other, _ in events:
        if day < as_of and kind == "undo":
            returned.add(identifier)
        elif day < as_of and kind == "merge" and other is not None:
            returned.discard(other)
    return frozenset(returned)


def _last_models(con: duckdb.DuckDBPyConnection, as_of: dt.date) -> dict[str, str]:
    rows = con.execute(
        f"select party_type, arg_max(model_version, as_of) from {SCHEMA}.match_run where as_of < ? group by 1", [as_of]
    ).fetchall()
    return {str(party_type): str(version) for party_type, version in rows}


def _newest_day(con: duckdb.DuckDBPyConnection) -> dt.date | None:
    row = con.execute(f"select max(as_of) from {SCHEMA}.match_run").fetchone()
    return row[0] if row else None


def write_day(
    con: duckdb.DuckDBPyConnection,
    history: History,
    run_id: str,
    found: Sequence[Change],
    bridges: Mapping[frozenset[str], Bridge],
    cause: str,
) -> dict[str, int]:
    """Replace what this day wrote before by its new state; the caller holds the transaction.

    Args:
        con: the warehouse connection, inside a transaction; `moved` (record_id, earlier, golden_id) names the records
            whose id is another than the day before.
        history: see `read_history`.
        run_id: run of the day.
        found: what happened to ids, without mints.
        bridges: for two ids, the evidence between their records.
        cause: cause of changes that have no bridge of their own (`run`, or `model` after a model change).

    Returns:
        Number of changes by kind.
    """
    day = history.as_of
    con.execute(f"delete from {SCHEMA}.party_identity where valid_from = ?", [day])
    con.execute(f"update {SCHEMA}.party_identity set valid_to = null where valid_to = ?", [day])
    con.execute(
        f"update {SCHEMA}.party_identity set valid_to = ? where valid_to is null"
        " and record_id in (select record_id from moved where earlier is not null)",
        [day],
    )
    con.execute(
        f"insert into {SCHEMA}.party_identity select record_id, golden_id, ?, null, ? from moved"
        " where golden_id is not null order by record_id",
        [day, run_id],
    )
    _write_events(con, history, run_id, found, bridges, cause)
    _write_aliases(con, history, found)
    _write_lineage(con)
    counted = f"select kind, count(*) from {SCHEMA}.identity_event where as_of = ? group by 1"
    return {str(kind): int(number) for kind, number in con.execute(counted, [day]).fetchall()}


def _write_events(
    con: duckdb.DuckDBPyConnection,
    history: History,
    run_id: str,
    found: Sequence[Change],
    bridges: Mapping[frozenset[str], Bridge],
    cause: str,
) -> None:
    told = [(change, bridges.get(frozenset((change.identifier, change.other or "")))) for change in found]
    events = texts({
        "kind": [change.kind for change, _ in told],
        "golden_id": [change.identifier for change, _ in told],
        "other_golden_id": [change.other for change, _ in told],
        "cause": [_cause(history, change, bridge, cause) for change, bridge in told],
        "evidence": [_evidence(bridge) for _, bridge in told],
    })  # fmt: skip
    con.execute(
        _MINTED.format(event=f"{SCHEMA}.identity_event"),
        {"day": history.as_of, "cause": cause, "nothing": _evidence(None)},
    )
    con.execute(f"delete from {SCHEMA}.identity_event where as_of = ?", [history.as_of])
    with registered(con, "events", events):
        con.execute(
            f"insert into {SCHEMA}.identity_event"
            " select format('{}-{:07d}', $day_text, row_number() over told) as event_id, $day, $run, kind,"
            " golden_id, other_golden_id, cause, evidence"
            " from (from events union all from minted_events)"
            " window told as (order by kind, golden_id, coalesce(other_golden_id, '')) order by event_id",
            {"day_text": f"{history.as_of:%Y%m%d}", "day": history.as_of, "run": run_id},
        )


def _cause(history: History, change: Change, bridge: Bridge | None, otherwise: str) -> str:
    """Why: as the bridge says; what a steward had merged and comes apart again, comes apart by a steward."""
    if bridge is not None:
        return bridge.cause
    if change.kind == "undo" and history.merge_cause.get(change.identifier) == "steward":
        return "steward"
    return otherwise


def _evidence(bridge: Bridge | None) -> str:
    if bridge is None:
        return "{}"
    return json.dumps({"pair_id": bridge.pair_id, "rule": bridge.rule, "weight": round(bridge.weight, 2)})


def _write_aliases(con: duckdb.DuckDBPyConnection, history: History, found: Sequence[Change]) -> None:
    """Every dead id that was merged away, with the id that stands for it today."""
    last = {gone: merge for gone, merge in history.merged_into.items() if gone not in history.returned}
    last |= {c.other: (c.identifier, history.as_of) for c in found if c.kind == "merge" and c.other}
    alive = _alive(con, {*last, *(survivor for survivor, _ in last.values())})
    gone = sorted(identifier for identifier in last if identifier not in alive)
    aliases = texts({
        "golden_id": gone,
        "survives_as": [_follow(identifier, last, alive) for identifier in gone],
        "as_of": [last[identifier][1].isoformat() for identifier in gone],
    })  # fmt: skip
    con.execute(f"delete from {SCHEMA}.identity_alias")
    with registered(con, "aliases", aliases):
        con.execute(
            f"insert into {SCHEMA}.identity_alias select golden_id, survives_as, as_of::date from aliases order by 1"
        )


def _alive(con: duckdb.DuckDBPyConnection, ids: Iterable[str]) -> set[str]:
    """Those of the ids that records bear."""
    rows = con.execute(
        f"select distinct golden_id from {SCHEMA}.party_identity"
        " where valid_to is null and golden_id in (select unnest(?))",
        [sorted(ids)],
    ).fetchall()
    return {row[0] for row in rows}


def _follow(identifier: str, last: Mapping[str, tuple[str, dt.date]], alive: set[str]) -> str:
    """The id at the end of a chain of merges (a retired one, when that customer is gone too)."""
    seen = {identifier}
    while identifier not in alive and identifier in last and last[identifier][0] not in seen:
        identifier = last[identifier][0]
        seen.add(identifier)
    return identifier


def _write_lineage(con: duckdb.DuckDBPyConnection) -> None:
    """What every id that ever ended stood for, from when to when."""
    lineage = read_lineage(con)
    spans = [span for identifier in lineage.ids for span in lineage.spans(identifier)]
    told = texts({
        "golden_id": [span.golden_id for span in spans],
        "valid_from": [span.valid_from.isoformat() for span in spans],
        "valid_to": [span.valid_to.isoformat() if span.valid_to else None for span in spans],
        "status": [span.status for span in spans],
        "stands_for": [span.stands_for for span in spans],
    })  # fmt: skip
    con.execute(f"delete from {SCHEMA}.identity_lineage")
    with registered(con, "spans", told):
        con.execute(
            f"insert into {SCHEMA}.identity_lineage"
            " select golden_id, valid_from::date, valid_to::date, status, stands_for"
            " from spans order by golden_id, valid_from"
        )
