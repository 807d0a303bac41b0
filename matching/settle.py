"""Today's golden ids, in tables: what nobody doubts is settled by SQL, and `matching.identity` is asked about the rest.

A customer whose records bore one id, which no other customer's records bore, keeps it; a customer of records never seen
before gets a new one. Everything else, on most days little, goes through the rules.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from matching.golden_id import golden_ids, number_of
from matching.history import SCHEMA, History
from matching.identity import Change, Past, Records, assign, changes
from matching.relations import count, registered, texts

_IDENTITY = f"{SCHEMA}.party_identity"
_EVENT = f"{SCHEMA}.identity_event"
_Row = tuple[str, str, dt.date, dt.date | None]

# records that the day may concern
_SEEN = f"""
create or replace temp table seen as
select record_id from clustered
union
select record_id from vanished
union
select record_id from {_IDENTITY} where valid_from = $day or valid_to = $day
"""

# all that is known of their ids
_BORNE = f"""
create or replace temp table borne as
select record_id, golden_id, valid_from, valid_to from {_IDENTITY} semi join seen using (record_id)
"""

# with the id in force and the id of the day before
_STANDING = """
create or replace temp table standing as
with held as (
    select
        record_id,
        max(golden_id) filter (valid_to is null) as in_force,
        max(golden_id) filter (valid_from < $day) as earlier
    from borne
    where valid_to is null or valid_to >= $day
    group by record_id
)
select record_id, customer, in_force, earlier, vanished.record_id is not null as is_gone
from seen
left join clustered using (record_id)
left join held using (record_id)
left join vanished using (record_id)
"""

# kept: the id a customer keeps without a question; is_new: nothing is known of any of its records
_CUSTOMERS = """
create or replace temp table customers as
with member as (from standing where customer is not null),
contested as (
    select in_force from member where in_force is not null group by in_force having min(customer) <> max(customer)
),
seen_before as (
    select distinct customer from member semi join borne using (record_id)
),
summed as (
    select customer, min(in_force) as one, max(in_force) as other from member group by customer
)
select
    customer,
    case when one = other and contested.in_force is null then one end as kept,
    seen_before.customer is null as is_new
from summed
left join contested on contested.in_force = one
left join seen_before using (customer)
"""

# all that is known of the ids that records in question bore
_ROWS = f"""
with once as (select distinct golden_id from borne semi join asked using (record_id)),
bearer as (select distinct record_id from {_IDENTITY} semi join once using (golden_id))
select record_id, golden_id, valid_from, valid_to
from {_IDENTITY} semi join bearer using (record_id)
order by valid_from, record_id
"""

_SETTLED = """
create or replace temp table settled as
with named as (
    select customer, kept as golden_id from customers where kept is not null
    union all
    select customer, golden_id from minted
    union all
    select customer, golden_id from assigned
)
select
    record_id, earlier, in_force,
    case when customer is not null then golden_id when not is_gone then in_force end as golden_id
from standing left join named using (customer)
"""

# ids of records that moved, other than those only new records bear; and whether they existed before the day
_TOUCHED = f"""
create or replace temp table touched as
with known as (select golden_id from {_EVENT} where kind = 'mint' and as_of < $day),
met as (
    select earlier as golden_id from moved where earlier is not null
    union
    select golden_id from moved where golden_id is not null and earlier is not null
    union
    select golden_id from moved semi join known using (golden_id)
)
select golden_id, known.golden_id is not null as is_known from met left join known using (golden_id)
"""

_STATES = f"""
select record_id, earlier, golden_id from moved
where earlier in (select golden_id from touched) or golden_id in (select golden_id from touched)
union all
select record_id, golden_id, golden_id
from {_IDENTITY} semi join touched using (golden_id) anti join moved using (record_id)
where valid_from < $day and (valid_to is null or valid_to >= $day)
"""

# ids an earlier run of this day gave that nobody bears any more, with the ids that hold their records now
_GIVEN_UP = f"""
select lost.golden_id, list(distinct settled.golden_id) filter (settled.golden_id is not null)
from (select golden_id from {_EVENT} where kind = 'mint' and as_of = $day) as lost
anti join moved using (golden_id)
left join settled on settled.in_force = lost.golden_id
group by lost.golden_id
"""


@dataclass(frozen=True)
class Settled:
    """What a day does to golden ids; `settled` and `moved` on the connection name the records.

    Attributes:
        before: record -> id of the day before, of all records of ids that anything happened to but their minting.
        after: record -> id of the day, of the same records.
        found: what happened, without mints.
    """

    before: Mapping[str, str]
    after: Mapping[str, str]
    found: Sequence[Change]


def settle(con: duckdb.DuckDBPyConnection, history: History) -> Settled:
    """Give the day's customers their ids.

    Reads the tables `clustered` (record_id, customer: smallest record of it) and `vanished` (record_id). Both may leave
    out records whose customer is what it was. Makes the tables `settled` (record_id, earlier, in_force, golden_id) and
    `minted` (customer, golden_id) and the view `moved` of settled records whose id is another than on the day before.

    Args:
        con: the warehouse connection.
        history: of ids before the day.
    """
    day = {"day": history.as_of}
    con.execute(_SEEN, day)
    con.execute(_BORNE)
    con.execute(_STANDING, day)
    con.execute(_CUSTOMERS)
    assigned, highest = _assign(con, _highest(con))
    _mint(con, highest)
    with registered(con, "assigned", texts(assigned)):
        con.execute(_SETTLED)
    con.execute("create or replace temp view moved as from settled where earlier is distinct from golden_id")
    con.execute(_TOUCHED, day)
    states = con.execute(_STATES, day).fetchall()
    before = {record: identifier for record, identifier, _ in states if identifier}
    after = {record: identifier for record, _, identifier in states if identifier}
    known = con.execute("select golden_id from touched where is_known").fetchall()
    found = [c for c in changes(before, after, frozenset(row[0] for row in known)) if c.kind != "mint"]
    return Settled(before, after, [*found, *_given_up(con, history)])


def _highest(con: duckdb.DuckDBPyConnection) -> int:
    """The greatest running number ever given."""
    row = con.execute(f"select max(golden_id) from {_EVENT} where kind = 'mint'").fetchone()
    return number_of(row[0]) if row and row[0] else 0


def _assign(con: duckdb.DuckDBPyConnection, highest: int) -> tuple[dict[str, list[str]], int]:
    """The ids of customers in question, as columns `customer` and `golden_id`; the greatest number given now."""
    con.execute(
        "create or replace temp table asked as select record_id, customer from standing"
        " semi join (from customers where kept is null and not is_new) using (customer)"
    )
    rows = con.execute("select list(record_id order by record_id) from asked group by customer").fetchall()
    clusters = sorted(tuple(row[0]) for row in rows)
    after = assign(clusters, _past(con, clusters, highest)) if clusters else {}
    first = [records[0] for records in clusters]
    assigned = {"customer": first, "golden_id": [after[record] for record in first]}
    return assigned, max([highest, *map(number_of, after.values())])


def _past(con: duckdb.DuckDBPyConnection, clusters: Sequence[Records], highest: int) -> Past:
    """What is known of the ids that the records of customers in question bear or bore."""
    rows: list[_Row] = con.execute(_ROWS).fetchall()
    gone = {row[0] for row in con.execute("select record_id from vanished").fetchall()}
    asked = {record for records in clusters for record in records}
    current = {record: identifier for record, identifier, _, end in rows if end is None}
    former, last = _former(rows, current)
    return Past(
        current=current,
        since={record: start for record, _, start, end in rows if end is None},
        former=former,
        grown=_grown(rows),
        last_members={identifier: frozenset(members) for identifier, (_, members) in last.items()},
        ended={identifier: day for identifier, (day, _) in last.items()},
        elsewhere=frozenset(g for record, g in current.items() if record not in asked and record not in gone),
        highest=highest,
    )


def _former(
    rows: Sequence[_Row], current: Mapping[str, str]
) -> tuple[dict[str, frozenset[str]], dict[str, tuple[dt.date, set[str]]]]:
    """Record -> ids it bore earlier; id that nobody bears -> the day it ended and the records it held last."""
    former: dict[str, set[str]] = defaultdict(set)
    ended: dict[str, dict[dt.date, set[str]]] = defaultdict(lambda: defaultdict(set))
    for record, identifier, _, end in rows:
        if end is not None and identifier != current.get(record):
            former[record].add(identifier)
            ended[identifier][end].add(record)
    alive = set(current.values())
    last = {i: max(days.items(), key=lambda item: item[0]) for i, days in ended.items() if i not in alive}
    return {record: frozenset(ids) for record, ids in former.items()}, last


def _grown(rows: Sequence[_Row]) -> dict[str, dt.date]:
    """Id -> last day on which it took over records of another, in force itself before; rows in the order of time."""
    ends = {(record, end) for record, _, _, end in rows}
    spans: dict[str, list[tuple[dt.date, dt.date | None]]] = defaultdict(list)
    for _, identifier, start, end in rows:
        spans[identifier].append((start, end))
    return {
        identifier: start
        for record, identifier, start, _ in rows
        if (record, start) in ends
        and any(begin < start and (end is None or end >= start) for begin, end in spans[identifier])
    }


def _mint(con: duckdb.DuckDBPyConnection, highest: int) -> None:
    """Make `minted`: new customers get the next ids in the order of their smallest records."""
    number = count(con, "customers where is_new")
    with registered(con, "ids", {"place": pa.array(range(1, number + 1)), "golden_id": golden_ids(highest, number)}):
        con.execute(
            "create or replace temp table minted as select customer, golden_id"
            " from (select customer, row_number() over (order by customer) as place from customers where is_new)"
            " join ids using (place)"
        )


def _given_up(con: duckdb.DuckDBPyConnection, history: History) -> list[Change]:
    """What became of ids that an earlier run of this day gave and that nobody bears now.

    They may have been published, so each is merged into the id that holds its records now, or retired, and never given
    again.
    """
    found = []
    for identifier, heirs in con.execute(_GIVEN_UP, {"day": history.as_of}).fetchall():
        heir = min(heirs, key=number_of) if heirs else history.merged_today.get(identifier)
        found.append(Change("merge", heir, identifier) if heir else Change("retire", identifier))
    return found
