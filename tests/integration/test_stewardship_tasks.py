"""Tasks and decisions across days: what a run hands over, takes back, reopens and leaves alone."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from stewardship import verdicts
from stewardship.decisions import export_decisions
from stewardship.inbox import TaskFilter, list_tasks
from stewardship.payload import Vault
from stewardship.permissions import Actor
from stewardship.store import Decision, Task, open_store, reading, writing
from stewardship.tasks import refresh_tasks
from stewardship.users import create_demo_users
from stewardship.verdicts import Answer, StaleDecisionError
from stewardship.views import task_decisions
from tests.steward_desk import CANARIES, DAY, Bank
from warehouse import store as warehouse_store
from warehouse.embedded_pg import EmbeddedPostgres
from warehouse.errors import DecisionError
from warehouse.settings import Settings

NEXT, THIRD = DAY + dt.timedelta(days=1), DAY + dt.timedelta(days=2)
HQ = Actor("steward.hq", "head_office_steward", "800001", branches=None, language="en")
OTHER = Actor("steward.city", "branch_steward", "801000", branches=None, language="en")
BOSS = Actor("supervisor.hq", "supervisor", "800001", branches=None, language="en")


@pytest.fixture
def bank(site: Settings) -> Bank:
    return Bank(site)


class Desk:
    """Decides without a page."""

    def __init__(self, settings: Settings):
        self.settings = settings

    def task(self, task_id: str) -> Task:
        with reading(open_store(self.settings)) as session:
            return session.get_one(Task, task_id)

    def decide(self, task_id, verdict, reason="same_profile", actor=HQ, version=None, note="") -> Decision:
        shown = self.task(task_id).version if version is None else version
        with writing(open_store(self.settings)) as session:
            answer = Answer(task_id, shown, verdict, reason, note)
            return verdicts.decide(session, Vault(self.settings), actor, answer)

    def undo(self, decision_id, actor=HQ, reason="mistake") -> Decision:
        with writing(open_store(self.settings)) as session:
            return verdicts.undo(session, actor, decision_id, reason)


@pytest.fixture
def desk(bank: Bank) -> Desk:
    return Desk(bank.settings)


def content(settings: Settings) -> list[tuple[object, ...]]:
    """Everything in the store that a run could change."""
    with reading(open_store(settings)) as session:
        tasks = session.execute(text("select * from task order by task_id")).all()
        records = session.execute(text("select * from task_record order by task_id, position")).all()
    return [tuple(row) for row in [*tasks, *records]]


def test_every_doubtful_pair_becomes_a_task_with_its_records(bank: Bank, desk: Desk):
    task = desk.task("p-city-1")
    assert (task.status, task.party_type, task.first_as_of, task.version) == ("open", "person", DAY, 1)
    assert [(r.record_id, r.branch_code) for r in task.records] == [("core:1001", "801001"), ("ebank:2001", "801002")]
    assert task.aum == 812_000
    assert task.records[0].masked["name"] == "***澜"


def test_the_store_holds_no_clear_value(bank: Bank, desk: Desk):
    desk.decide("p-city-1", "same", note="柜面已核对影像")
    path = bank.settings.home / "stewardship.sqlite"
    stored = b"".join(file.read_bytes() for file in path.parent.glob("stewardship.sqlite*"))
    assert len(stored) > 10_000
    keys = {record_id.partition(":")[2] for record_id in bank.records}  # a record's id is no secret (policy: level 2)
    assert [value for value in CANARIES if value.encode() in stored and value not in keys] == []
    escaped = [value.encode("unicode_escape").decode() for value in CANARIES]
    assert [value for value in escaped if value.encode() in stored and value not in keys] == []
    assert "影像".encode() not in stored


def test_running_a_day_again_changes_nothing(bank: Bank, desk: Desk):
    desk.decide("p-city-1", "same")
    before = content(bank.settings)
    counts = bank.run()
    assert content(bank.settings) == before
    assert counts == {"new": 0, "changed": 0, "reopened": 0, "closed": 0, "open": 5}


def test_running_an_older_day_leaves_the_desk_alone(bank: Bank):
    bank.run(NEXT)
    before = content(bank.settings)
    bank.pairs.pop("p-org")
    assert bank.run(DAY) == {"older_day": 1}
    assert content(bank.settings) == before


def test_a_pair_that_is_no_longer_doubtful_is_closed_and_comes_back(bank: Bank, desk: Desk):
    org = bank.pairs.pop("p-org")
    assert bank.run(NEXT)["closed"] == 1
    assert desk.task("p-org").status == "closed"
    bank.pairs["p-org"] = org
    assert bank.run(THIRD)["reopened"] == 1
    assert desk.task("p-org").status == "open"


def test_changed_content_of_a_record_reaches_the_task(bank: Bank, desk: Desk):
    bank.records["core:1001"]["mobile"] = "13600136009"
    assert bank.run(NEXT)["changed"] == 2  # two pairs hold the record
    task = desk.task("p-city-1")
    assert task.records[0].masked["mobile"] == "136****6009"
    assert task.version == 2


def test_decisions_reach_the_next_day_and_not_a_rerun_of_their_own(bank: Bank, desk: Desk):
    desk.decide("p-city-1", "same")
    desk.decide("p-cross", "different", "namesake")
    desk.decide("p-north", "unsure", "too_little")
    bank.run(DAY)
    assert bank.exported() == []
    counts = export_decisions(bank.settings, NEXT, "run")
    assert bank.exported() == [
        ("core:1001", "ebank:2001", "same"),
        ("card:3001", "wealth:4001", "different"),
        ("call:5001", "core:1002", "unsure"),
    ]
    assert counts == {
        "decisions": 3,
        "same": 1,
        "different": 1,
        "same_apart": 0,
        "related": 0,
        "unsure": 1,
        "waiting": 0,
        "absent": 0,
    }


def test_what_is_decided_while_a_run_works_cannot_change_its_rerun(bank: Bank, desk: Desk):
    export_decisions(bank.settings, NEXT, "run")
    desk.decide("p-city-1", "same")
    assert export_decisions(bank.settings, NEXT, "run")["decisions"] == 0
    assert export_decisions(bank.settings, THIRD, "run")["decisions"] == 1


def test_export_twice_writes_the_same_table(bank: Bank, desk: Desk):
    desk.decide("p-city-1", "same")
    seen = []
    for _ in range(2):
        export_decisions(bank.settings, NEXT, "run")
        with warehouse_store.connect(bank.settings, read_only=True) as con:
            seen.append(con.execute("select * from steward_decision").fetchall())
    assert seen[0] == seen[1]
    (row,) = seen[0]
    assert row[3:6] == ("same", "steward.hq", "same_profile")  # the reason is a code, never free text
    assert row[7] == DAY


def test_export_without_any_store_or_warehouse_makes_an_empty_table(settings: Settings):
    counts = export_decisions(settings, DAY, "run")
    assert counts["decisions"] == 0
    with warehouse_store.connect(settings, read_only=True) as con:
        assert con.execute("select count(*) from steward_decision").fetchone() == (0,)
        columns = [row[0] for row in con.execute("describe steward_decision").fetchall()]
    assert columns[:5] == ["decision_id", "record_id_l", "record_id_r", "verdict", "steward"]
    assert columns[5:] == ["reason", "decided_at", "seen_as_of"]


def test_decisions_on_records_that_vanished_wait_for_them(bank: Bank, desk: Desk):
    desk.decide("p-org", "same", "same_document")
    gone = bank.records.pop("credit:6001")
    pair = bank.pairs.pop("p-org")
    bank.run(NEXT)
    assert export_decisions(bank.settings, NEXT, "run")["absent"] == 1
    bank.records["credit:6001"], bank.pairs["p-org"] = gone, pair
    bank.run(THIRD)
    assert len(bank.exported()) == 1


def test_undo_puts_the_pair_back_and_is_read_by_the_next_day(bank: Bank, desk: Desk):
    decision = desk.decide("p-city-1", "same")
    bank.verdict["p-city-1"] = "link"
    bank.run(NEXT)
    assert desk.task("p-city-1").status == "decided"
    desk.undo(decision.decision_id)
    assert desk.task("p-city-1").status == "open"
    bank.run(NEXT)
    assert len(bank.exported()) == 1  # the day's own rerun still obeys
    assert desk.task("p-city-1").status == "open"
    bank.verdict.clear()
    bank.run(THIRD)
    assert bank.exported() == []
    assert desk.task("p-city-1").status == "open"


def test_undo_brings_back_the_earlier_verdict(bank: Bank, desk: Desk):
    desk.decide("p-city-1", "unsure", "too_little")
    second = desk.decide("p-city-1", "same", actor=OTHER)
    assert second.supersedes == 1
    desk.undo(second.decision_id, actor=OTHER)
    assert (desk.task("p-city-1").status, desk.task("p-city-1").verdict) == ("decided", "unsure")


def test_changed_evidence_reopens_a_decided_pair_and_keeps_the_decision_in_force(bank: Bank, desk: Desk):
    desk.decide("p-city-1", "different", "namesake")
    bank.verdict["p-city-1"] = "reject"
    bank.run(NEXT)
    assert desk.task("p-city-1").status == "decided"
    bank.evidence_hash["p-city-1"] = "e2"
    assert bank.run(THIRD)["reopened"] == 1
    task = desk.task("p-city-1")
    assert (task.status, task.verdict) == ("open", "different")
    assert bank.exported() == [("core:1001", "ebank:2001", "different")]
    again = desk.decide("p-city-1", "same")
    assert again.supersedes == 1
    bank.run(THIRD)
    assert desk.task("p-city-1").status == "decided"


def test_a_decision_the_run_could_not_obey_comes_back(bank: Bank, desk: Desk):
    desk.decide("p-city-1", "same")
    bank.run(DAY)
    assert desk.task("p-city-1").status == "decided"
    bank.origin["p-city-1"] = "decision"  # read by the run, and still only a review pair
    bank.run(NEXT)
    assert desk.task("p-city-1").status == "open"


def test_contradicting_decisions_are_refused_and_named(desk: Desk):
    desk.decide("p-city-1", "same")
    desk.decide("p-city-2", "same")
    with pytest.raises(DecisionError) as refused:
        desk.decide("p-city-3", "different", "namesake")
    assert "#1 core:1001 = ebank:2001 (Same, steward.hq)" in str(refused.value)
    assert "#2 core:1003 = ebank:2001" in str(refused.value)
    assert desk.task("p-city-3").status == "open"


def test_one_party_kept_apart_and_related_parties_reach_the_next_day(bank: Bank, desk: Desk):
    desk.decide("p-city-1", "same_apart", "staff_profile")
    desk.decide("p-cross", "related", "spouse")
    counts = export_decisions(bank.settings, NEXT, "run")
    assert bank.exported() == [
        ("core:1001", "ebank:2001", "same_apart"),
        ("card:3001", "wealth:4001", "related"),
    ]
    assert (counts["same_apart"], counts["related"]) == (1, 1)
    bank.run(NEXT)
    assert (desk.task("p-city-1").status, desk.task("p-cross").status) == ("decided", "decided")


@pytest.mark.parametrize(
    ("first", "second", "last", "named"),
    [
        (("same_apart", "staff_profile"), ("same", "same_profile"), ("related", "household"), "Same, kept apart"),
        (("same_apart", "staff_profile"), ("same_apart", "agreed_apart"), ("different", "namesake"), "kept apart"),
        (("same_apart", "staff_profile"), ("same", "same_profile"), ("same", "same_profile"), "Same, kept apart"),
        (("same", "same_profile"), ("same", "same_profile"), ("same_apart", "agreed_apart"), "Same, steward"),
        (("related", "spouse"), ("same", "same_profile"), ("same_apart", "agreed_apart"), "≠ .* .Related"),
        (("related", "spouse"), ("same", "same_profile"), ("same", "same_profile"), "≠ .* .Related"),
    ],
)
def test_the_third_verdict_that_contradicts_two_others_is_refused(desk: Desk, first, second, last, named):
    desk.decide("p-city-1", *first)
    desk.decide("p-city-2", *second)
    with pytest.raises(DecisionError, match=named):
        desk.decide("p-city-3", *last)


def test_verdicts_that_do_not_contradict_each_other_are_kept(desk: Desk):
    desk.decide("p-city-1", "same_apart", "private_profile")
    desk.decide("p-city-2", "same_apart", "private_profile")
    desk.decide("p-city-3", "same")
    desk.undo(3)
    desk.decide("p-city-3", "same_apart", "agreed_apart")
    assert desk.task("p-city-3").verdict == "same_apart"


def test_a_decision_with_the_reason_of_an_older_release_is_still_read(bank: Bank, desk: Desk):
    """Until the verdict `related` came, family was a reason of `different`."""
    desk.decide("p-city-1", "different", "namesake")
    with writing(open_store(desk.settings)) as session:
        session.execute(text("drop trigger decision_no_update"))
        session.execute(text("update decision set reason_code = 'related'"))
    with reading(open_store(desk.settings)) as session:
        task = session.get_one(Task, "p-city-1")
        (shown,) = task_decisions(session, Vault(desk.settings), task, HQ)
    assert (shown["verdict"], shown["reason_code"]) == ("different", "related")
    export_decisions(bank.settings, NEXT, "run")
    assert bank.exported() == [("core:1001", "ebank:2001", "different")]
    with pytest.raises(DecisionError, match="reason that fits"):
        desk.decide("p-city-2", "different", "related")


def test_a_merge_across_a_known_difference_is_refused(desk: Desk):
    desk.decide("p-city-3", "different", "namesake")
    desk.decide("p-city-1", "same")
    with pytest.raises(DecisionError, match="#1 core:1001 ≠ core:1003"):
        desk.decide("p-city-2", "same")


def test_an_undo_that_would_bring_back_a_contradiction_is_refused(desk: Desk):
    desk.decide("p-city-1", "unsure", "too_little")
    with writing(open_store(desk.settings)) as session:  # as if it had been 'same' from the beginning
        session.execute(text("drop trigger decision_no_update"))
        session.execute(text("update decision set verdict = 'same'"))
    replaced = desk.decide("p-city-1", "different", "namesake")
    desk.decide("p-city-2", "same")
    desk.decide("p-city-3", "different", "namesake")
    with pytest.raises(DecisionError, match="Contradicts"):
        desk.undo(replaced.decision_id)


def test_export_refuses_contradictions_that_came_in_past_the_page(bank: Bank, desk: Desk):
    for task_id in ("p-city-1", "p-city-2", "p-city-3"):
        desk.decide(task_id, "same")
    with writing(open_store(desk.settings)) as session:
        session.execute(text("drop trigger decision_no_update"))
        session.execute(text("update decision set verdict = 'different' where task_id = 'p-city-3'"))
    with pytest.raises(DecisionError, match="core:1001 and core:1003 are kept apart"):
        export_decisions(bank.settings, NEXT, "run")


@pytest.mark.parametrize(
    ("verdict", "reason", "note", "message"),
    [
        ("maybe", "other", "x", "Unknown verdict"),
        ("same", "namesake", "", "reason that fits"),
        ("same", "nonsense", "", "reason that fits"),
        ("same", "other", "  ", "needs a note"),
        ("same", "other", "x" * 301, "at most 300"),
        ("same", "other", "手机 138 0013 8009", "must not carry customer values"),
        ("same", "other", "客户欧阳晓澜本人确认", "must not carry customer values"),
    ],
)
def test_decisions_that_say_nothing_or_too_much_are_refused(desk: Desk, verdict, reason, note, message):
    with pytest.raises(DecisionError, match=message):
        desk.decide("p-city-1", verdict, reason, note=note)
    assert desk.task("p-city-1").status == "open"


def test_a_decided_pair_is_not_decided_twice(desk: Desk):
    desk.decide("p-city-1", "same")
    with pytest.raises(DecisionError, match="decided already"):
        desk.decide("p-city-1", "different", "namesake", actor=OTHER)


def test_a_stale_page_is_told_who_decided_what(desk: Desk):
    desk.decide("p-city-1", "same", actor=OTHER)
    with pytest.raises(StaleDecisionError, match=r"steward\.city handled this pair at .* \(Same\)"):
        desk.decide("p-city-1", "different", "namesake", version=1)


def test_the_same_answer_sent_twice_is_one_decision(desk: Desk):
    first = desk.decide("p-city-1", "same", version=1)
    second = desk.decide("p-city-1", "same", version=1)
    assert first.decision_id == second.decision_id
    with pytest.raises(StaleDecisionError):
        desk.decide("p-city-1", "same", version=1, actor=OTHER)


def test_a_new_run_makes_an_open_page_stale_only_when_the_evidence_is_new(bank: Bank, desk: Desk):
    left, right, _, _ = bank.pairs["p-city-1"]
    bank.pairs["p-city-1"] = (left, right, 0.63, 4.2)
    bank.run(NEXT)
    desk.decide("p-city-1", "same", version=1)
    bank.evidence_hash["p-cross"] = "e2"
    bank.run(THIRD)
    with pytest.raises(StaleDecisionError, match="new run changed"):
        desk.decide("p-cross", "same", version=1)


def test_only_the_own_decision_is_undone_except_by_a_supervisor(desk: Desk):
    decision = desk.decide("p-city-1", "same")
    with pytest.raises(DecisionError, match="your own decisions only"):
        desk.undo(decision.decision_id, actor=OTHER)
    desk.undo(decision.decision_id, actor=BOSS)
    with pytest.raises(StaleDecisionError, match="no longer in force"):
        desk.undo(decision.decision_id)


@pytest.mark.parametrize("table", ["decision", "audit_event"])
@pytest.mark.parametrize("change", ["update {} set reason_code = 'x'", "delete from {}"])
def test_the_database_refuses_to_change_what_people_did(desk: Desk, table, change):
    desk.decide("p-city-1", "same")
    sql = change.format(table).replace("reason_code", "reason_code" if table == "decision" else "reason")
    with pytest.raises(DatabaseError, match="append-only"), writing(open_store(desk.settings)) as session:
        session.execute(text(sql))


def test_names_of_the_error_hold_no_parameters(desk: Desk):
    with pytest.raises(DatabaseError) as raised, writing(open_store(desk.settings)) as session:
        session.execute(text("insert into task values (:secret)"), {"secret": "13800138001"})
    assert "13800138001" not in str(raised.value)


def test_a_task_without_value_tables_still_comes_in(settings: Settings):
    bank = Bank(settings)
    bank.fill()
    with warehouse_store.connect(settings) as con:
        con.execute("drop table customer_360")
        con.execute("drop table golden_xref")
    assert refresh_tasks(settings, DAY, "run")["new"] == 6


def test_the_same_store_on_postgresql(bank: Bank, tmp_path):
    server = EmbeddedPostgres(tmp_path / "pg")
    server.start()
    try:
        url = server.create_database("desk").replace("postgresql://", "postgresql+psycopg://")
        section = bank.settings.stewardship.model_copy(update={"url": url})
        site = bank.settings.model_copy(update={"stewardship": section})
        create_demo_users(site)
        with writing(open_store(site)) as session:
            assert session.get_bind().dialect.name == "postgresql"
        other, desk = Bank(site), Desk(site)
        assert other.run()["new"] == 6
        decision = desk.decide("p-city-1", "same")
        before = content(site)
        assert other.run()["changed"] == 0
        assert content(site) == before
        with reading(open_store(site)) as session:
            scoped = Actor("x", "branch_steward", "801000", branches=frozenset({"801001", "801002", "801004"}))
            assert list_tasks(session, scoped, TaskFilter(status=""))[1] == 3
        with pytest.raises(DatabaseError, match="append-only"), writing(open_store(site)) as session:
            session.execute(text("delete from decision"))
        desk.undo(decision.decision_id)
        with reading(open_store(site)) as session:
            moment = session.scalars(select(Decision)).first().decided_at
        assert moment.tzinfo is not None and abs(dt.datetime.now(dt.UTC) - moment) < dt.timedelta(minutes=5)
        open_store(site).dispose()
    finally:
        server.stop()
