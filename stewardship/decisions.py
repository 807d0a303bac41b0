"""Hand the stewards' decisions to the run: the warehouse table `steward_decision`.

A decision counts for the days after the newest day its steward had seen (`seen_as_of < as_of`). Reading the decisions
for a day makes that day the newest one in the same transaction, so that what is decided while the run works, or
later, cannot change a rerun of it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable

import duckdb
from sqlalchemy import select
from sqlalchemy.orm import Session

from matching.decisions import VERDICTS
from stewardship.consistency import contradictory_pairs
from stewardship.store import Decision, open_store, raise_newest_as_of, writing
from warehouse import store as warehouse_store
from warehouse.errors import DecisionError
from warehouse.settings import Settings

_TABLE = """
create or replace table steward_decision (
    decision_id bigint, record_id_l varchar, record_id_r varchar, verdict varchar, steward varchar, reason varchar,
    decided_at timestamp, seen_as_of date
)"""


def effective(rows: Iterable[Decision], as_of: dt.date) -> list[Decision]:
    """The decision in force per pair for a day, oldest first: replay of the verdicts and undos seen before it."""
    rows = sorted(rows, key=lambda row: row.decision_id)
    by_id = {row.decision_id: row for row in rows}
    in_force: dict[tuple[str, str], Decision | None] = {}
    for row in rows:
        if row.seen_as_of >= as_of:
            continue
        pair = (row.record_id_l, row.record_id_r)
        if row.kind == "verdict":
            in_force[pair] = row
        elif row.supersedes is not None:
            before = by_id[row.supersedes].supersedes
            in_force[pair] = by_id[before] if before is not None else None
    return sorted((row for row in in_force.values() if row is not None), key=lambda row: row.decision_id)


def _refuse_contradictions(decisions: list[Decision]) -> None:
    """A last defence: decisions brought in past the page (a restored backup, a migration) must agree as well."""
    pairs = contradictory_pairs((row.record_id_l, row.record_id_r, row.verdict) for row in decisions)
    if pairs:
        told = "are kept apart, but other decisions make them one; undo one of these (decisions page)"
        raise DecisionError(*(f"decisions: {left} and {right} {told}" for left, right in pairs))


def _known_records(con: duckdb.DuckDBPyConnection, decisions: list[Decision]) -> set[str]:
    wanted = sorted({record for row in decisions for record in (row.record_id_l, row.record_id_r)})
    if not warehouse_store.table_exists(con, "int_party__record"):
        return set()
    sql = "select record_id from int_party__record where record_id in (select unnest($wanted::varchar[]))"
    return {row[0] for row in con.execute(sql, {"wanted": wanted}).fetchall()}


def _read_for(session: Session, as_of: dt.date) -> tuple[list[Decision], int]:
    """The decisions in force for a day, and how many verdicts wait for a later one."""
    raise_newest_as_of(session, as_of)
    rows = list(session.scalars(select(Decision).order_by(Decision.decision_id)))
    return effective(rows, as_of), sum(row.seen_as_of >= as_of for row in rows if row.kind == "verdict")


def export_decisions(settings: Settings, as_of: dt.date, run_id: str) -> dict[str, int]:
    """Write `steward_decision` for a run; an empty table when nobody has decided anything.

    Decisions about records that are no longer delivered are left out, and count again when the records come back.

    Args:
        settings: the site.
        as_of: the business day of the run.
        run_id: the run; the content does not depend on it.

    Raises:
        DecisionError: decisions in force contradict each other.
        BusyError: another process holds the warehouse.
    """
    with writing(open_store(settings)) as session:
        decisions, waiting = _read_for(session, as_of)
    _refuse_contradictions(decisions)
    with warehouse_store.connect(settings) as con:
        known = _known_records(con, decisions)
        present = [row for row in decisions if {row.record_id_l, row.record_id_r} <= known]
        con.execute("begin")
        con.execute(_TABLE)
        if present:
            con.executemany("insert into steward_decision values (?, ?, ?, ?, ?, ?, ?, ?)", [_row(d) for d in present])
        con.execute("commit")
    verdicts = Counter(row.verdict for row in present)
    counts = {verdict: verdicts[verdict] for verdict in VERDICTS}
    return {"decisions": len(present), **counts, "waiting": waiting, "absent": len(decisions) - len(present)}


def _row(decision: Decision) -> tuple[object, ...]:
    """One row of the table; the reason is the code, never the steward's free text."""
    at = decision.decided_at.replace(tzinfo=None)
    pair = (decision.record_id_l, decision.record_id_r)
    return (
        decision.decision_id, *pair, decision.verdict, decision.steward, decision.reason_code, at, decision.seen_as_of,
    )  # fmt: skip
