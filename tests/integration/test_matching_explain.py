"""How a customer grew, why two records are two, and old ids as of past days, on a small linked warehouse."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from matching.explain import explain
from matching.link import link
from matching.whynot import compare_records
from tests.matching_bench import (
    company,
    fill_warehouse,
    identities,
    make_people,
    person,
    read,
    resident,
    write_decisions,
)
from warehouse.errors import NotFoundError

D1, D2, D3 = (dt.date(2026, 3, day) for day in (2, 3, 4))
ANNA, BERT = "420602198003050016", "420602198003050032"  # check digits are right
HOME = {
    "district": "襄城区", "address_detail": "人民路1号2单元301室", "address": "湖北省襄阳市襄城区人民路1号2单元301室",
    "birth_date": dt.date(1980, 3, 5), "mobile": "13899990000",
}  # fmt: skip


def anna(record_id, number=ANNA, **fields):
    return person(record_id, "欧阳晓燕", **{**resident(number), **HOME, **fields})


@pytest.fixture
def linked(settings):
    """Three records of one person, a look-alike with another number, and others; linked on the first day."""
    rows = [*make_people(60, seed=7)[0], anna("core:a"), anna("card:a"), person("call:a", "欧阳晓燕", **HOME),
            anna("core:b", BERT, mobile="13711112222"), person("call:c", "司马光明"),
            company("registry:1", "襄阳市宏达商贸有限公司")]  # fmt: skip
    fill_warehouse(settings, rows)
    link(settings, D1, "run-1")
    return settings, rows


def test_a_pair_is_weighed_as_the_run_weighed_it(linked):
    settings, _ = linked
    for left, right, weight in read(settings, "select record_id_l, record_id_r, match_weight from match_pair limit 5"):
        report = compare_records(settings, right, left)
        assert report["pair"]["match_weight"] == pytest.approx(weight, abs=1e-3)
        assert report["compared"] and report["held"]["match_weight"] == weight
        assert report["pair"]["waterfall"][-1]["total"] == pytest.approx(weight, abs=0.05)


def test_two_numbers_are_told_as_the_reason(linked):
    settings, _ = linked
    report = compare_records(settings, "core:a", "core:b")
    assert not report["same_customer"] and report["pair"]["conflict"] == "document"
    assert next(change["kind"] for change in report["changes"]) == "conflict"
    assert report["changes"][-1]["kind"] == "steward"


def test_records_that_no_rule_compares_hear_which_rule_is_nearest(linked):
    settings, _ = linked
    report = compare_records(settings, "call:c", "core:a")
    assert not report["compared"] and {rule["result"] for rule in report["blocking"]} <= {"missing", "differs"}
    assert "not_compared" in [change["kind"] for change in report["changes"]]


def test_one_customer_shows_the_path_that_joins_two_records(linked):
    settings, _ = linked
    assert len({identities(settings)[record] for record in ("core:a", "card:a")}) == 1
    report = compare_records(settings, "core:a", "card:a")
    assert report["same_customer"] and report["path"][0]["rule"] == "same_document"
    rules = {rule["rule"]: rule for rule in report["blocking"]}
    assert rules["same_document"]["result"] == "compares" and rules["mobile"]["block_size"] == 3


def test_a_person_and_an_organization_are_never_compared(linked):
    settings, _ = linked
    report = compare_records(settings, "registry:1", "core:a")
    assert report["party_type"] is None and report["changes"][0]["kind"] == "party_type"


@pytest.mark.parametrize("pair", [("core:a", "core:a"), ("core:a", "core:zz")])
def test_records_that_cannot_be_compared_are_refused(linked, pair):
    with pytest.raises(NotFoundError):
        compare_records(linked[0], *pair)


def test_no_value_of_a_record_is_shown(linked):
    shown = json.dumps(compare_records(linked[0], "core:a", "core:b"), ensure_ascii=False, default=str)
    assert not any(value in shown for value in ("欧阳", ANNA, BERT, "13899990000", "人民路"))


def test_an_old_id_is_what_it_was_on_each_day(linked):
    settings, _rows = linked
    before = identities(settings)
    one, two = sorted([before["core:a"], before["core:b"]])
    write_decisions(settings, [("core:a", "core:b", "same", D1)])
    link(settings, D2, "run-2")
    write_decisions(settings, [])
    link(settings, D3, "run-3")
    then = explain(settings, two, D2)
    assert (then["golden_id"], then["asked_for"], then["merged_ids"]) == (one, two, [two])
    assert {"core:a", "core:b"} <= {record["record_id"] for record in then["records"]}
    assert "merge" in {step["action"] for step in then["growth"]}
    assert explain(settings, two, D1)["golden_id"] == explain(settings, two)["golden_id"] == two
    assert [(span["status"], span["stands_for"]) for span in explain(settings, two)["history"]] == [
        ("active", two), ("merged", one), ("active", two),
    ]  # fmt: skip
    assert identities(settings) == before
    with pytest.raises(NotFoundError, match="not given yet"):
        explain(settings, two, dt.date(2026, 1, 1))
