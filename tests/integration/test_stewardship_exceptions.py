"""Exceptions and corrections: who sees them, who may answer, and that the next day's gate obeys."""

import pytest
import yaml
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from connectors.extract import extract_source
from connectors.raw import register_raw
from dags.pipeline import gate_raw
from quality.reentry import Answer
from quality.show import as_document, quarantine_items
from stewardship.corrections import Wish, answers_for, keep_correction
from stewardship.exceptions import list_exceptions, refresh_exceptions, shown_code
from stewardship.permissions import Actor
from stewardship.store import AuditEvent, Correction, open_store, reading, writing
from stewardship.users import add_user, sign_in
from tests.source_files import DAY, DAY_2, DAY_3, make_site, wealth, wealth_day, write_package
from tests.steward_desk import copied
from warehouse import store
from warehouse.errors import DecisionError, NotFoundError
from warehouse.settings import Settings

RUN = "run-test"
PASSWORD = "correct horse battery"
BRANCHES = [
    {"code": code, "name_zh": code, "name_en": code, "parent": parent}
    for code, parent in (("800001", None), ("801000", "800001"), ("802000", "800001"))
]
SUITE = {
    "quarantine_limit": 1,
    "branch": "upd",
    "masks": {"no": "last_four", "upd": "none"},
    "checks": [
        {"check": "not_null", "column": "no", "level": "row"},
        {"check": "matches_regex", "column": "name", "pattern": "[^0-9]+", "level": "row"},
    ],
}
ROWS = [
    ("10000001", "王小芳9", "801000"),
    ("10000002", "钱七7", "802000"),
    (None, "赵六", "801000"),
    ("10000004", "李四", "801000"),
]
HEAD = Actor("hq", "head_office_steward", "800001", branches=None, language="en")
EAST = Actor("east", "branch_steward", "801000", branches=frozenset({"801000"}), language="en")
AUDITOR = Actor("auditor", "auditor", "800001", branches=None, language="en")


@pytest.fixture(scope="module")
def first_day(tmp_path_factory) -> Settings:
    """A site after its first day; tests work on copies."""
    site = make_site(tmp_path_factory.mktemp("site"), {"wealth": wealth()}, {"wealth": {"customer": SUITE}})
    (site.config_dir / "branches.yml").write_text(yaml.safe_dump({"branches": BRANCHES}), encoding="utf-8")
    for login, role, branch in (("hq", "head_office_steward", "800001"), ("east", "branch_steward", "801000")):
        add_user(site, login, role, branch, login, login, PASSWORD)
    run(site, DAY, customer=ROWS)
    open_store(site).dispose()
    return site


@pytest.fixture
def bank(first_day, tmp_path) -> Settings:
    return copied(first_day, tmp_path / "var")


def run(site, day, **tables):
    if tables:
        write_package(site, day, wealth_day(**tables))
        extract_source(site, "wealth", day, RUN)
    gate_raw(site, day, RUN)
    register_raw(site, day, RUN)
    return refresh_exceptions(site, day, RUN)


def listed(site, actor, status="open"):
    with reading(open_store(site)) as session:
        return [(one["code"], one["rows"]) for one in list_exceptions(session, actor, status)[0]]


def item_of(site, rule):
    return next(item.item for item in quarantine_items(site) if item.rules == [rule])


NAME_RULE, KEY_RULE = "matches_regex(name)", "not_null(no)"


def test_one_exception_per_delivery_and_rule_with_the_rows_of_ones_branches(bank):
    assert sorted(listed(bank, HEAD)) == [(NAME_RULE, 2), (KEY_RULE, 1)]
    assert sorted(listed(bank, EAST)) == [(NAME_RULE, 1), (KEY_RULE, 1)]
    west = Actor("west", "branch_steward", "802000", branches=frozenset({"802000"}))
    assert listed(bank, west) == [(NAME_RULE, 1)]


def test_a_rerun_changes_nothing_and_a_repaired_source_closes_them(bank):
    assert run(bank, DAY) == {"new_exceptions": 0, "closed_exceptions": 0, "open_exceptions": 2}
    later = run(bank, DAY_2, customer=[("10000001", "王小芳", "801000"), ("10000002", "钱七", "802000")])
    assert later == {"new_exceptions": 0, "closed_exceptions": 1, "open_exceptions": 1}
    assert listed(bank, HEAD, "closed") == [(NAME_RULE, 2)]


def test_a_list_of_rows_shows_masked_columns_only(bank):
    shown = {tuple(one["rules"]): one["values"] for one in as_document(bank, quarantine_items(bank))}
    assert shown[(KEY_RULE,)] == {"upd": "801000"}
    assert {"no": "****0001", "upd": "801000"} in [
        one["values"] for one in as_document(bank, quarantine_items(bank)) if one["rules"] == [NAME_RULE]
    ]


def test_a_correction_is_on_record_and_obeyed_the_next_day_only(bank):
    item = next(
        one["item"] for one in as_document(bank, quarantine_items(bank)) if one["values"].get("no") == "****0001"
    )
    keep_correction(bank, EAST, Wish(item[:10], "fix", "客户核实", {"name": "王小芳"}))
    run(bank, DAY)
    names = "select name from raw_wealth__customer order by no"
    with store.connect(bank, read_only=True) as con:
        assert con.execute(names).fetchall() == [("李四",)]
    run(bank, DAY_2)
    with store.connect(bank, read_only=True) as con:
        assert con.execute(names).fetchall() == [("王小芳",), ("李四",)]
    assert sorted(listed(bank, HEAD)) == [(NAME_RULE, 1), (KEY_RULE, 1)]
    with reading(open_store(bank)) as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "correct")).one()
        kept = session.scalars(select(Correction)).one()
    assert (event.actor, event.columns, event.reason) == ("east", ["name"], "fix: 客户核实")
    assert event.object == f"quarantine:wealth.customer:{item}"
    assert "王小芳".encode() not in kept.content


def test_an_answer_can_be_taken_back_and_the_newest_one_counts(bank):
    item = item_of(bank, KEY_RULE)
    keep_correction(bank, HEAD, Wish(item, "fix", "a", {"no": "5"}))
    assert answers_for(bank, DAY) == {}
    assert answers_for(bank, DAY_2) == {item: Answer(item, "fix", "hq", {"no": "5"})}
    keep_correction(bank, HEAD, Wish(item, "withdraw", "b", {}))
    assert list(answers_for(bank, DAY_2)) == [item]  # a rerun of a day is what it was
    assert answers_for(bank, DAY_3) == {}


@pytest.mark.parametrize(
    ("actor", "kind", "reason", "values", "told"),
    [
        (AUDITOR, "fix", "why", {"no": "1"}, "role"),
        (HEAD, "fix", "why", {}, "at least one column"),
        (HEAD, "fix", "why", {"nr": "1"}, "no column: nr"),
        (HEAD, "fix", " ", {"no": "1"}, "reason is needed"),
        (HEAD, "fix", "客户13812345678来电", {"no": "1"}, "customer values"),
        (HEAD, "fix", "是赵六本人", {"no": "1"}, "customer values"),
        (HEAD, "release", "why", {}, "cannot be released"),
    ],
)
def test_a_wrong_answer_is_refused_with_its_reason(bank, actor, kind, reason, values, told):
    with pytest.raises(DecisionError, match=told):
        keep_correction(bank, actor, Wish(item_of(bank, KEY_RULE), kind, reason, values))
    with reading(open_store(bank)) as session:
        assert session.scalars(select(Correction)).all() == []


def test_a_row_of_another_branch_does_not_exist(bank):
    west = next(item.item for item in quarantine_items(bank) if item.branch_code == "802000")
    with pytest.raises(NotFoundError):
        keep_correction(bank, EAST, Wish(west, "release", "why", {}))


def test_corrections_are_append_only(bank):
    keep_correction(bank, HEAD, Wish(item_of(bank, KEY_RULE), "fix", "why", {"no": "5"}))
    for sql in ("update correction set reason = ''", "delete from correction"):
        with pytest.raises(DatabaseError), writing(open_store(bank)) as session:
            session.execute(text(sql))


def test_signing_in_at_the_terminal_is_audited_and_braked(bank):
    assert sign_in(bank, "east", PASSWORD).branches == frozenset({"801000"})
    for _ in range(5):
        with pytest.raises(DecisionError, match="wrong"):
            sign_in(bank, "east", "something else")
    with pytest.raises(DecisionError, match="Too many"):
        sign_in(bank, "east", PASSWORD)
    with reading(open_store(bank)) as session:
        actions = list(session.scalars(select(AuditEvent.action).where(AuditEvent.ip == "terminal")))
    assert actions == ["login", *["login_failed"] * 5, "login_blocked"]


# codes without a mapping


def unmapped(site, *rows):
    with store.connect(site) as con:
        con.execute(
            "create or replace table int_reference__unmapped_code "
            "(source varchar, code_set varchar, source_code varchar, rows bigint)"
        )
        for row in rows:
            con.execute("insert into int_reference__unmapped_code values (?, ?, ?, ?)", row)


def test_a_code_without_a_mapping_is_one_exception_of_the_head_office_until_it_is_mapped(bank):
    unmapped(bank, ("core", "document_type", "Z9", 12), ("core", "sex", "3", 2), ("card", "sex", "3", 1))
    refresh_exceptions(bank, DAY, RUN)
    codes = [row for row in listed(bank, HEAD) if row[0] not in (NAME_RULE, KEY_RULE)]
    assert sorted(codes) == [("3", 1), ("3", 2), ("Z9", 12)]
    assert [row for row in listed(bank, EAST) if row[0] in ("3", "Z9")] == []
    unmapped(bank, ("core", "sex", "3", 5))
    assert refresh_exceptions(bank, DAY_2, RUN)["closed_exceptions"] == 2
    assert ("3", 5) in listed(bank, HEAD)
    unmapped(bank, ("core", "sex", "3", 5), ("core", "document_type", "Z9", 1))
    assert refresh_exceptions(bank, DAY_3, RUN)["new_exceptions"] == 0  # known, open again
    assert ("Z9", 1) in listed(bank, HEAD)


def test_an_older_day_leaves_the_exceptions_alone(bank):
    unmapped(bank, ("core", "sex", "3", 5))
    run(bank, DAY_2)
    unmapped(bank)
    assert refresh_exceptions(bank, DAY, RUN)["closed_exceptions"] == 0
    assert ("3", 5) in listed(bank, HEAD)


@pytest.mark.parametrize(
    ("code", "shown"),
    [("01", "01"), ("IND-01", "IND-01"), ("身份证", "身份证"), ("13812345678", "***"), ("王 小芳", "***"), (None, "∅")],
)
def test_what_does_not_look_like_a_code_is_not_shown(code, shown):
    assert shown_code(code) == shown
