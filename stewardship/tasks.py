"""Turn the doubtful pairs of a run, and those drawn to be judged, into tasks; keep the tasks true to the newest run.

Reads `match_pair` and `int_party__record` of the warehouse, writes the stewardship store in short transactions, so that
nobody at the desk waits. A rerun of the same day finds everything as it should be and changes nothing (so it also
finishes what a kill cut short); a rerun of an older day leaves the desk alone.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import duckdb
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stewardship.compare import compare
from stewardship.fields import ORGANIZATION_FIELDS, PERSON_FIELDS, Masks, clear_values, fields_of
from stewardship.inbox import priority_of
from stewardship.payload import Vault, record_place
from stewardship.store import Decision, Task, TaskRecord, newest_as_of, open_store, raise_newest_as_of, writing
from warehouse import store as warehouse_store
from warehouse.settings import Settings

_CHUNK = 500
_RECORD_COLUMNS = sorted(
    {name for field in (*PERSON_FIELDS, *ORGANIZATION_FIELDS) for name in (field.name, field.issue) if name}
)
_AUM_TABLES = ("golden_xref", "customer_360")
_VALUES = """
    , customer_value as (
        select golden_xref.record_id, golden_xref.golden_id, coalesce(customer_360.aum, 0) as aum
        from golden_xref left join customer_360 using (golden_id)
    )"""
_NO_VALUES = ", customer_value as (select null::varchar as record_id, null::varchar as golden_id, 0 as aum)"
_PAIRS = """
    with pair as (
        select * from match_pair
        where (
                verdict = 'review' or pair_id in (select pair_id from decided_pair)
                or pair_id in (select pair_id from sampled_pair)
            )
            and record_id_l in (select record_id from int_party__record)
            and record_id_r in (select record_id from int_party__record)
    )
    , side as (
        select pair.pair_id, 0 as position, record.*
        from pair inner join int_party__record as record on record.record_id = pair.record_id_l
        union all
        select pair.pair_id, 1 as position, record.*
        from pair inner join int_party__record as record on record.record_id = pair.record_id_r
    )
    {values}
    select
        pair.pair_id, pair.party_type, pair.origin, pair.match_probability, pair.match_weight, pair.rule, pair.conflict,
        pair.verdict, pair.evidence, pair.evidence_hash, pair.model_version,
        pair.pair_id in (select pair_id from sampled_pair) as is_sampled,
        case
            when value_l.golden_id is not distinct from value_r.golden_id then coalesce(value_l.aum, 0)
            else coalesce(value_l.aum, 0) + coalesce(value_r.aum, 0)
        end as aum,
        side.record_id, side.position, side.source, side.branch_code, {columns}
    from pair
    inner join side using (pair_id)
    left join customer_value as value_l on value_l.record_id = pair.record_id_l
    left join customer_value as value_r on value_r.record_id = pair.record_id_r
    order by pair.pair_id, side.position"""


def _chunks(con: duckdb.DuckDBPyConnection, decided: list[str]) -> Iterator[list[dict[str, Any]]]:
    """Chunks of rows, two per pair, in pair order."""
    con.execute("create or replace temp table decided_pair (pair_id varchar)")
    con.execute("insert into decided_pair select unnest($ids::varchar[])", {"ids": decided})
    con.execute("create or replace temp table sampled_pair (pair_id varchar)")
    if warehouse_store.table_exists(con, "clerical_sample"):
        con.execute("insert into sampled_pair select pair_id from warehouse.main.clerical_sample")
    values = _VALUES if all(warehouse_store.table_exists(con, table) for table in _AUM_TABLES) else _NO_VALUES
    columns = ", ".join(f"side.{name}" for name in _RECORD_COLUMNS)
    cursor = con.execute(_PAIRS.format(values=values, columns=columns))
    names = [column[0] for column in cursor.description or []]
    while chunk := cursor.fetchmany(2 * _CHUNK):
        yield [dict(zip(names, row, strict=True)) for row in chunk]


def _facts(row: dict[str, Any]) -> dict[str, Any]:
    """What a run says about a pair, apart from the records."""
    aum = round(float(row["aum"]))
    return {
        "party_type": row["party_type"], "score": row["match_probability"], "weight": row["match_weight"],
        "rule": row["rule"], "conflict": row["conflict"], "evidence": json.loads(row["evidence"]),
        "evidence_hash": row["evidence_hash"], "model_version": row["model_version"], "aum": aum,
        "priority": priority_of(row["match_probability"], aum),
    }  # fmt: skip


def _set(target: Task | TaskRecord, values: dict[str, Any]) -> bool:
    """Set what differs; whether anything did."""
    differing = {name: value for name, value in values.items() if getattr(target, name) != value}
    for name, value in differing.items():
        setattr(target, name, value)
    return bool(differing)


class _Refresh:
    """One refresh: the day, the keys and masks, and what has happened so far."""

    def __init__(self, settings: Settings, as_of: dt.date) -> None:
        self.as_of = as_of
        self.vault, self.masks = Vault(settings), Masks(settings)
        self.counts = Counter[str]()

    def chunk(self, session: Session, rows: list[dict[str, Any]]) -> None:
        """Bring the tasks of some pairs up to date."""
        pairs: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            pairs.setdefault(row["pair_id"], []).append(row)
        tasks = {task.task_id: task for task in session.scalars(select(Task).where(Task.task_id.in_(pairs)))}
        ids = [task.decision_id for task in tasks.values() if task.decision_id is not None]
        decisions = session.scalars(select(Decision).where(Decision.decision_id.in_(ids)))
        by_id = {decision.decision_id: decision for decision in decisions}
        for pair_id, sides in pairs.items():
            task = tasks.get(pair_id) or self._new_task(session, pair_id)
            self._pair(sides, task, by_id)

    def _new_task(self, session: Session, pair_id: str) -> Task:
        task = Task(task_id=pair_id, first_as_of=self.as_of, last_as_of=self.as_of, version=0)
        task.status, task.compared = "open", []
        session.add(task)
        return task

    def _pair(self, rows: list[dict[str, Any]], task: Task, decisions: dict[int, Decision]) -> None:
        is_new = task.version == 0
        # weights move a little from day to day; only other evidence is news to somebody who has the page open
        told = (task.evidence_hash, task.conflict)
        changed = self._records(task, rows)
        _set(task, _facts(rows[0]))
        changed |= told != (task.evidence_hash, task.conflict)
        stands = self._stands(decisions.get(task.decision_id or 0), rows[0])
        changed |= self._status(
            task, stands=stands, is_doubtful=rows[0]["verdict"] == "review" or rows[0]["is_sampled"]
        )
        task.version += changed
        self.counts["new" if is_new else "changed"] += changed

    def _stands(self, decision: Decision | None, row: dict[str, Any]) -> bool:
        """Whether a decision still rests on the evidence it was made on, and the run could obey it."""
        if decision is None or decision.evidence_hash != row["evidence_hash"]:
            return False
        was_read = decision.seen_as_of < self.as_of
        return not (was_read and row["origin"] == "decision" and row["verdict"] == "review")

    def _records(self, task: Task, rows: list[dict[str, Any]]) -> bool:
        """Store the records anew where their content changed (a new seal alone would look like a change)."""
        old = {record.position: record for record in task.records}
        values = [clear_values(row["party_type"], row) for row in rows]
        is_changed = False
        for row, clear in zip(rows, values, strict=True):
            place = {"record_id": row["record_id"], "source": row["source"], "branch_code": row["branch_code"]}
            # the masks belong to what is kept: a changed registry must reach records that did not change
            told = {name: value or "" for name, value in place.items()} | {"policy": self.masks.fingerprint}
            tag = self.vault.tag(clear | told)
            record = old.get(row["position"])
            if record is not None and record.content_tag == tag:
                continue
            if record is None:
                record = TaskRecord(position=row["position"])
                task.records.append(record)
            sealed = self.vault.seal_values(record_place(task.task_id, row["position"]), clear)
            masked = self.masks.shown(row["party_type"], row["record_id"], clear)
            _set(record, {**place, "masked": masked, "clear": sealed, "content_tag": tag})
            is_changed = True
        if is_changed:
            task.compared = compare(fields_of(rows[0]["party_type"]), values, [r.masked for r in task.records])
        return is_changed

    def _status(self, task: Task, *, stands: bool, is_doubtful: bool) -> bool:
        """Reopen what is doubtful again, or was decided on other evidence; whether the status changed."""
        if task.decision_id is None:
            status = "open" if is_doubtful else task.status
        else:
            status = "decided" if stands else "open"
        if is_doubtful or status == "open":
            task.last_as_of = self.as_of
        self.counts["reopened"] += (reopened := status == "open" != task.status)
        return _set(task, {"status": status}) or reopened

    def close_others(self, session: Session) -> None:
        """Close open tasks whose pair is no longer doubtful."""
        gone = select(Task).where(Task.status == "open", Task.last_as_of < self.as_of)
        for task in session.scalars(gone):
            task.status, task.version = "closed", task.version + 1
            self.counts["closed"] += 1


def refresh_tasks(settings: Settings, as_of: dt.date, run_id: str) -> dict[str, int]:
    """Make a task of every doubtful pair of the run; close, reopen or leave the others.

    Args:
        settings: the site.
        as_of: the business day of the run.
        run_id: the run; tasks do not depend on it.

    Returns:
        How many tasks are new, changed, reopened, closed, and open now; `older_day` = 1 when a newer day is known
        and nothing was done.
    """
    engine = open_store(settings)
    with writing(engine) as session:
        newest = newest_as_of(session, lock=True)
        if newest is not None and newest > as_of:
            return {"older_day": 1}
        raise_newest_as_of(session, as_of)
        decided = list(session.scalars(select(Task.task_id).where(Task.decision_id.is_not(None))))
    refresh = _Refresh(settings, as_of)
    with warehouse_store.connect(settings) as con:
        for rows in _chunks(con, decided):
            with writing(engine) as session:
                refresh.chunk(session, rows)
    with writing(engine) as session:
        refresh.close_others(session)
        session.flush()
        opened = session.scalar(select(func.count()).select_from(Task).where(Task.status == "open"))
    names = ("new", "changed", "reopened", "closed")
    return {**{name: refresh.counts[name] for name in names}, "open": opened or 0}
