"""A row in quarantine is never lost: it comes back repaired, or waits with reason, owner and its sealed content."""

import datetime as dt

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.extract import extract_source
from connectors.raw import register_raw
from quality.gate import gate_raw
from quality.quarantine import PURPOSE, open_payload
from quality.reentry import Answer
from tests.source_files import DAY, DAY_2, DAY_3, make_site, wealth, wealth_day, write_package
from warehouse import store
from warehouse.vault import Vault

RUN = "run-test"
BRANCHES = [
    {"code": "800001", "name_zh": "总行", "name_en": "Head Office", "parent": None},
    {"code": "801001", "name_zh": "东门", "name_en": "East", "parent": "800001"},
]
NUMBER = {"check": "not_null", "column": "no", "level": "row"}
NAME = {"check": "not_null", "column": "name", "level": "row"}
LEVEL = {"check": "in_set", "column": "level", "values": ["C1", "C2"], "level": "row"}
KEY = {"check": "not_null", "column": "id", "level": "row"}
SUITES = {
    "customer": {"quarantine_limit": 1, "branch": "upd", "checks": [NUMBER, NAME]},
    "product": {"quarantine_limit": 1, "checks": [{"check": "not_null", "column": "title", "level": "row"}]},
    "assessment": {"quarantine_limit": 1, "checks": [KEY, LEVEL, {"check": "unique", "column": "id"}]},
}


@pytest.fixture
def bank(tmp_path):
    site = make_site(tmp_path, {"wealth": wealth()}, {"wealth": SUITES})
    (site.config_dir / "branches.yml").write_text(yaml.safe_dump({"branches": BRANCHES}, allow_unicode=True))
    return site


def run(site, day, answers=(), **tables):
    """One day: delivered when tables are given, judged, registered."""
    if tables:
        write_package(site, day, wealth_day(**tables))
        extract_source(site, "wealth", day, RUN)
    counts = gate_raw(site, day, RUN, {answer.item: answer for answer in answers})
    register_raw(site, day, RUN)
    return counts


def ask(site, sql):
    with store.connect(site, read_only=True) as con:
        return con.execute(sql).fetchall()


def waiting(site, columns="row_number, state, closed_by"):
    return ask(site, f"select {columns} from quarantine order by table_name, as_of, delivery, row_number, rule")


def test_a_row_goes_to_quarantine_with_rule_owner_first_day_and_its_sealed_content(bank):
    rows = [("1", None, "801001"), ("2", None, "nobody's"), ("3", "王小芳", "801001")]
    run(bank, DAY, customer=rows)
    told = waiting(bank, "row_number, rule, reason, branch_code, first_seen, state")
    reason = "the value is missing"
    assert told == [
        (1, "not_null(name)", reason, "801001", DAY, "open"),
        (2, "not_null(name)", reason, None, DAY, "open"),
    ]
    vault = Vault(bank, PURPOSE)
    (item, payload), _ = waiting(bank, "item, payload")
    assert open_payload(vault, item, payload) == {"no": "1", "upd": "801001"}
    assert b"801001" not in bytes(payload)


def test_a_full_table_whose_source_repairs_the_row_takes_it_back_by_itself(bank):
    run(bank, DAY, product=[("P1", None), ("P2", "稳健")])
    run(bank, DAY_2, product=[("P1", "进取"), ("P2", "稳健")])
    assert ask(bank, "select code from raw_wealth__product order by code") == [("P1",), ("P2",)]
    assert waiting(bank) == [(1, "fixed", "source")]


def test_an_appended_row_sent_again_rightly_closes_the_wrong_one(bank):
    run(bank, DAY, assessment=[("A1", "1", "C9"), ("A2", "1", "C1")])
    run(bank, DAY_2, assessment=[("A1", "1", "C2")])
    assert ask(bank, "select id, level from raw_wealth__assessment order by id") == [("A1", "C2"), ("A2", "C1")]
    assert waiting(bank) == [(1, "fixed", "source")]
    run(bank, DAY_3, assessment=[("A3", "1", "C9")])
    assert waiting(bank) == [(1, "fixed", "source"), (1, "open", None)]


def test_an_appended_row_sent_again_still_wrong_stays(bank):
    run(bank, DAY, assessment=[("A1", "1", "C9")])
    run(bank, DAY_2, assessment=[("A1", "1", "C8")])
    assert waiting(bank) == [(1, "open", None), (1, "open", None)]
    assert ask(bank, "select count(*) from raw_wealth__assessment") == [(0,)]


def test_a_row_repaired_by_a_person_passes_the_gate_again_and_stays_repaired(bank):
    run(bank, DAY, product=[("P1", None), ("P2", "稳健")])
    (item,) = [row[0] for row in waiting(bank, "item")]
    fix = Answer(item, "fix", "wang", {"title": "进取"})
    assert run(bank, DAY_2, [fix], product=[("P1", None), ("P2", "稳健")])["reentered"] == 1
    assert ask(bank, "select code, title from raw_wealth__product order by code") == [("P1", "进取"), ("P2", "稳健")]
    assert waiting(bank, "as_of, first_seen, state, closed_by") == [(DAY_2, DAY, "fixed", "wang")]
    run(bank, DAY_3, [fix], product=[("P1", "改名"), ("P2", "稳健")])  # the source's own correction wins
    assert ("P1", "改名") in ask(bank, "select code, title from raw_wealth__product")


def test_a_correction_that_does_not_pass_leaves_the_row_where_it_is(bank):
    run(bank, DAY, assessment=[("A1", "1", "C9"), ("A2", "1", "C1"), (None, "1", "C1")])
    wrong, key = [row[0] for row in waiting(bank, "item")]
    still_wrong = Answer(wrong, "fix", "wang", {"level": "C8"})
    twice = Answer(key, "fix", "wang", {"id": "A2"})  # the whole table would break `unique`
    for answer in (still_wrong, twice):
        assert run(bank, DAY_2, [answer])["reentered"] == 0
        assert [state for _, state, _ in waiting(bank)] == ["open", "open"]
    assert ask(bank, "select id from raw_wealth__assessment") == [("A2",)]


def test_a_released_row_comes_back_as_it_is_unless_it_has_no_key(bank):
    run(bank, DAY, assessment=[("A1", "1", "C9"), (None, "1", "C1")])
    wrong, key = [row[0] for row in waiting(bank, "item")]
    run(bank, DAY_2, [Answer(wrong, "release", "wang"), Answer(key, "release", "wang")])
    assert waiting(bank) == [(1, "released", "wang"), (2, "open", None)]
    assert ask(bank, "select id, level from raw_wealth__assessment") == [("A1", "C9")]


def test_a_row_nobody_repairs_expires_and_only_the_landing_keeps_its_content(bank):
    site = bank.model_copy(update={"quality": bank.quality.model_copy(update={"quarantine_days": 1})})
    run(site, DAY, assessment=[("A1", "1", "C9")])
    run(site, DAY_2)
    assert waiting(site) == [(1, "open", None)]
    run(site, DAY_3)
    assert waiting(site, "state, payload") == [("expired", None)]
    assert ask(site, "select count(*) from raw_wealth__assessment") == [(0,)]


def test_without_a_book_nothing_comes_back_and_nothing_slips_in(bank):
    run(bank, DAY, product=[("P1", None), ("P2", "稳健")])
    write_package(bank, DAY_2, wealth_day(product=[("P1", None), ("P3", None)]))
    extract_source(bank, "wealth", DAY_2, RUN)
    gate_raw(bank, DAY_2, RUN)
    for path in bank.landing_dir.rglob("_quarantine/*/product/*.parquet"):
        path.unlink()
    register_raw(bank, DAY_2, RUN)
    assert ask(bank, "select count(*) from raw_wealth__product") == [(0,)]
    assert waiting(bank) == [(1, "open", None), (2, "open", None)]


def test_a_rerun_of_the_day_finds_the_same(bank):
    run(bank, DAY, product=[("P1", None), ("P2", "稳健")], assessment=[("A1", "1", "C9")])
    before = waiting(bank, "* exclude payload")
    run(bank, DAY)
    assert waiting(bank, "* exclude payload") == before


# the promise

VALUE = st.sampled_from([None, "x", "y"])
TABLES = st.fixed_dictionaries(
    {
        "customer": st.lists(st.tuples(st.sampled_from([None, "1", "2", "3"]), VALUE, VALUE), max_size=6),
        "product": st.lists(st.tuples(st.sampled_from(["P1", "P2", "P3"]), VALUE), min_size=1, max_size=4),
        "assessment": st.lists(st.tuples(st.sampled_from([None, "A", "B"]), VALUE, VALUE), max_size=5),
    }
)
ANSWERS = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(["fix", "release"]), st.sampled_from(["x", "y", None])), max_size=4
)
DAYS = [DAY + dt.timedelta(days=number) for number in range(3)]
PROMISE = {
    "customer": {"quarantine_limit": 1, "checks": [NUMBER, NAME]},
    "product": SUITES["product"],
    "assessment": {"quarantine_limit": 1, "checks": [KEY, {**LEVEL, "values": ["x"]}]},
}
CORRECTED = {"customer": "name", "product": "title", "assessment": "level"}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(TABLES, min_size=1, max_size=3), ANSWERS)
def test_every_delivered_row_is_in_raw_or_in_quarantine_and_never_in_both(tmp_path_factory, days, said):
    site = make_site(tmp_path_factory.mktemp("bank"), {"wealth": wealth()}, {"wealth": PROMISE})
    answers: list[Answer] = []
    for day, tables in zip(DAYS, days, strict=False):
        run(site, day, answers, **tables)
        known = ask(site, "select distinct item, table_name from quarantine order by all")
        answers += [
            Answer(known[place][0], kind, "wang", {CORRECTED[known[place][1]]: value} if kind == "fix" else {})
            for place, kind, value in said
            if place < len(known) and known[place][0] not in {answer.item for answer in answers}
        ]
        assert_nothing_is_lost(site, day)


def assert_nothing_is_lost(site, day):
    with store.connect(site, read_only=True) as con:
        for table, mode in (("customer", "changed"), ("product", "full"), ("assessment", "append")):
            glob = f"{site.landing_dir}/wealth/{table}/*/*/data.parquet"
            newest = f" where _as_of = '{day}'" if mode == "full" else ""
            con.execute(
                f"create or replace temp table landed as select * from read_parquet('{glob}', union_by_name = true, "
                f"hive_partitioning = false){newest}"
            )
            lost = con.execute(f"""
                with held as (
                    select distinct as_of, delivery, row_number, coalesce(closed_by, 'source') <> 'source' as is_back
                    from quarantine where table_name = '{table}'
                )
                , fate as (
                    select
                        (select count(*) from raw_wealth__{table} as raw
                         where (raw._as_of, raw._delivery, raw._row_number)
                            = (landed._as_of, landed._delivery, landed._row_number)) as in_raw,
                        (select count(*) from held where not held.is_back
                            and (held.as_of, held.delivery, held.row_number)
                            = (landed._as_of, landed._delivery, landed._row_number)) as in_quarantine,
                        {
                "exists (select 1 from raw_wealth__customer as newer where newer.no = landed.no)"
                if mode == "changed"
                else "false"
            } as is_superseded
                    from landed
                )
                select count(*) from fate
                where in_raw + in_quarantine <> 1 and not (in_raw + in_quarantine = 0 and is_superseded)
            """).fetchone()
            assert lost == (0,), table
