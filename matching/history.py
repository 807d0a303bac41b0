"""Identity as history in the warehouse: who bore which golden id from when to when, and what happened to ids.

`party_identity` holds intervals [valid_from, valid_to). Running a day again takes back what that day wrote and writes
it anew; earlier days are never touched, and a day before the newest one is refused. All writes of a day are one
transaction.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from matching.golden_id import number_of
from matching.identity import Change, Past, changes
from matching.lineage import read_lineage
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
    # only ids that ever ended; every other id stands for itself since it was minted
    "identity_lineage": "golden_id varchar, valid_from date, valid_to date, status varchar, stands_for varchar",
}


@dataclass(frozen=True)
class Bridge:
    """The pair that speaks loudest for joining two ids, or a decision that keeps them apart."""

    pair_id: str
    rule: str
    weight: float
    cause: str


@dataclass
class History:
    """The state before a day and this day's own earlier run, as read from the warehouse."""

    as_of: dt.date
    before: dict[str, str]
    past: Past
    known: frozenset[str]
    minted_today: frozenset[str]
    merged_into: dict[str, tuple[str, dt.date]] = field(default_factory=dict)  # id -> its last merge before the day
    merged_today: dict[str, str] = field(default_factory=dict)
    merge_cause: dict[str, str] = field(default_factory=dict)  # id -> why it was last merged away before the day
    returned: frozenset[str] = frozenset()  # ids merged away once that came back since, before the day
    models: dict[str, str] = field(default_factory=dict)  # party type -> model of the day linked before

    def joined_before(self) -> dict[str, str]:
        """Record -> id of the day before, without customers that owe their size to a steward: undo must free them."""
        steered = {
            i for gone, cause in self.merge_cause.items() if cause == "steward" for i in self.merged_into[gone][:1]
        }
        return {record: identifier for record, identifier in self.before.items() if identifier not in steered}


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
    rows = con.execute(
        f"select record_id, golden_id, valid_from, valid_to from {SCHEMA}.party_identity order by valid_from, record_id"
    ).fetchall()
    events = con.execute(
        f"select as_of, kind, golden_id, other_golden_id, cause from {SCHEMA}.identity_event order by as_of, event_id"
    ).fetchall()
    merges = [(day, survivor, gone) for day, kind, survivor, gone, _ in events if kind == "merge"]
    minted = {identifier: day for day, kind, identifier, _, _ in events if kind == "mint"}
    return History(
        as_of=as_of,
        before={r: g for r, g, start, end in rows if start < as_of and (end is None or end >= as_of)},
        past=_past(rows, merges, minted),
        known=frozenset(identifier for identifier, day in minted.items() if day < as_of),
        minted_today=frozenset(identifier for identifier, day in minted.items() if day == as_of),
        merged_into={gone: (survivor, day) for day, survivor, gone in merges if day < as_of},
        merged_today={gone: survivor for day, survivor, gone in merges if day == as_of},
        merge_cause={gone: cause for day, kind, _, gone, cause in events if kind == "merge" and day < as_of},
        returned=_returned(events, as_of),
        models=_last_models(con, as_of),
    )


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


def _past(
    rows: Sequence[tuple[str, str, dt.date, dt.date | None]],
    merges: Sequence[tuple[dt.date, str, str]],
    minted: Mapping[str, dt.date],
) -> Past:
    current = {record: identifier for record, identifier, _, end in rows if end is None}
    former: dict[str, set[str]] = defaultdict(set)
    ended: dict[str, dict[dt.date, set[str]]] = defaultdict(lambda: defaultdict(set))
    for record, identifier, _, end in rows:
        if end is not None and identifier != current.get(record):
            former[record].add(identifier)
            ended[identifier][end].add(record)
    alive = set(current.values())
    return Past(
        current=current,
        since={record: start for record, _, start, end in rows if end is None},
        former={record: frozenset(ids) for record, ids in former.items()},
        last_merge={survivor: day for day, survivor, _ in merges},
        last_members={i: frozenset(days[max(days)]) for i, days in ended.items() if i not in alive},
        highest=max((number_of(identifier) for identifier in (*minted, *alive)), default=0),
    )


def day_changes(history: History, after: Mapping[str, str]) -> list[Change]:
    """What this day did to ids, compared with the day before.

    An id that an earlier run of this day minted and that is no longer borne existed all the same: it may have been
    published, so it is merged into the id that holds its records now, or retired, and never given again.
    """
    found = changes(history.before, after, history.known)
    alive = set(after.values())
    for identifier in sorted(history.minted_today - alive):
        heirs = {after[r] for r, g in history.past.current.items() if g == identifier and r in after}
        heir = min(heirs, key=number_of) if heirs else history.merged_today.get(identifier)
        found.append(Change("mint", identifier))
        found.append(Change("merge", heir, identifier) if heir else Change("retire", identifier))
    return sorted(found, key=lambda c: (c.kind, c.identifier, c.other or ""))


def write_day(
    con: duckdb.DuckDBPyConnection,
    history: History,
    run_id: str,
    after: Mapping[str, str],
    bridges: Mapping[frozenset[str], Bridge],
    cause: str,
) -> list[Change]:
    """Replace what this day wrote before by its new state; the caller holds the transaction.

    Args:
        con: the warehouse connection, inside a transaction.
        history: see `read_history`.
        run_id: run of the day.
        after: record -> golden id.
        bridges: for two ids, the evidence between their records.
        cause: cause of changes that have no bridge of their own (`run`, or `model` after a model change).
    """
    day = history.as_of
    con.execute(f"delete from {SCHEMA}.party_identity where valid_from = ?", [day])
    con.execute(f"update {SCHEMA}.party_identity set valid_to = null where valid_to = ?", [day])
    con.execute(f"delete from {SCHEMA}.identity_event where as_of = ?", [day])
    moved = sorted(r for r in {*history.before, *after} if history.before.get(r) != after.get(r))
    _append(con, "moved", {"record_id": moved, "golden_id": [after.get(record) for record in moved]})
    con.execute(
        f"update {SCHEMA}.party_identity set valid_to = ? where valid_to is null"
        " and record_id in (select record_id from moved)",
        [day],
    )
    con.execute(
        f"insert into {SCHEMA}.party_identity select record_id, golden_id, ?, null, ? from moved"
        " where golden_id is not null order by record_id",
        [day, run_id],
    )
    con.unregister("moved")
    found = day_changes(history, after)
    _write_events(con, history, run_id, found, bridges, cause)
    _write_aliases(con, history, found, set(after.values()))
    _write_lineage(con)
    return found


def _append(con: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, Iterable[str | None]]) -> None:
    con.register(name, pa.table({key: pa.array(list(values), pa.string()) for key, values in columns.items()}))


def _write_events(
    con: duckdb.DuckDBPyConnection,
    history: History,
    run_id: str,
    found: Sequence[Change],
    bridges: Mapping[frozenset[str], Bridge],
    cause: str,
) -> None:
    ordered = [(change, bridges.get(frozenset((change.identifier, change.other or "")))) for change in found]
    _append(
        con,
        "events",
        {
            "event_id": [f"{history.as_of:%Y%m%d}-{place:07d}" for place in range(1, len(ordered) + 1)],
            "kind": [change.kind for change, _ in ordered],
            "golden_id": [change.identifier for change, _ in ordered],
            "other_golden_id": [change.other for change, _ in ordered],
            "cause": [_cause(history, change, bridge, cause) for change, bridge in ordered],
            "evidence": [_evidence(bridge) for _, bridge in ordered],
        },
    )
    con.execute(
        f"insert into {SCHEMA}.identity_event"
        " select event_id, ?, ?, kind, golden_id, other_golden_id, cause, evidence from events order by event_id",
        [history.as_of, run_id],
    )
    con.unregister("events")


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


def _write_aliases(con: duckdb.DuckDBPyConnection, history: History, found: Sequence[Change], alive: set[str]) -> None:
    """Every dead id that was merged away, with the id that stands for it today."""
    last = {gone: merge for gone, merge in history.merged_into.items() if gone not in history.returned}
    last |= {c.other: (c.identifier, history.as_of) for c in found if c.kind == "merge" and c.other}
    gone = sorted(identifier for identifier in last if identifier not in alive)
    _append(
        con,
        "aliases",
        {
            "golden_id": gone,
            "survives_as": [_follow(identifier, last, alive) for identifier in gone],
            "as_of": [last[identifier][1].isoformat() for identifier in gone],
        },
    )
    con.execute(f"delete from {SCHEMA}.identity_alias")
    con.execute(
        f"insert into {SCHEMA}.identity_alias select golden_id, survives_as, as_of::date from aliases order by 1"
    )
    con.unregister("aliases")


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
    _append(
        con,
        "spans",
        {
            "golden_id": [span.golden_id for span in spans],
            "valid_from": [span.valid_from.isoformat() for span in spans],
            "valid_to": [span.valid_to.isoformat() if span.valid_to else None for span in spans],
            "status": [span.status for span in spans],
            "stands_for": [span.stands_for for span in spans],
        },
    )
    con.execute(f"delete from {SCHEMA}.identity_lineage")
    con.execute(
        f"insert into {SCHEMA}.identity_lineage select golden_id, valid_from::date, valid_to::date, status, stands_for"
        " from spans order by golden_id, valid_from"
    )
    con.unregister("spans")
