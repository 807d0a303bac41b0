"""Survivorship in SQL against a short Python reference, on made-up customers; and what must hold for any input."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.golden_bench import DAY, Compiled, Rows, fresh_bench
from warehouse.settings import load_settings
from warehouse.survivorship import PARTY_TYPES, Rule, Survivorship, golden_attributes, load_survivorship

RULES = load_survivorship(load_settings(environ={}))
SOURCES = ["core", "credit", "wealth", "card", "ebank", "call", "registry"]
MODELS = ("golden", "int_golden", "int_party")


# --- the reference -------------------------------------------------------------------------------------------------
def observe(record: dict[str, Any]) -> dict[str, Any]:
    """A record as survivorship sees it: values a valid id number implies go before stated ones; flags."""
    row = dict(record)
    valid = bool(row["document_is_valid"])
    for attribute in ("birth_date", "sex"):
        implied = row[f"{attribute}_document"]
        row[f"{attribute}_is_valid"] = valid and implied is not None
        row[attribute] = implied if row[f"{attribute}_is_valid"] else row[attribute]
    row["is_verified"] = bool(row["is_verified"])
    row["name_is_valid"] = row["name"] is not None and "?" not in row["name"]
    row["document_is_current"] = row["document_expiry"] is None or row["document_expiry"] >= DAY
    return row


def rank(strategy: str, group: str, rule: Rule, survivorship: Survivorship, row: dict, rows: list[dict]) -> int:
    """The smaller, the better."""
    leading = rule.attributes[0]
    trust = rule.trust or survivorship.default_trust
    ranks = {
        "valid": lambda: not row[f"{group}_is_valid"],
        "current": lambda: not row["document_is_current"],
        "verified": lambda: not row["is_verified"],
        "trust": lambda: trust.index(row["source"]) if row["source"] in trust else len(trust),
        "recent": lambda: -row["updated_at"].timestamp() if row["updated_at"] else 2**63,
        "frequent": lambda: -sum(other[leading] == row[leading] for other in rows),
        "longest": lambda: -len(row[leading]),
        "complete": lambda: -sum(row[attribute] is not None for attribute in rule.attributes),
        "earliest": lambda: row[leading].toordinal(),
        "script": lambda: not re.search("[\u3400-\u9fff]", row[leading]),
    }
    return ranks[strategy]()


def survive(records: list[dict], party_type: str, survivorship: Survivorship) -> dict[str, tuple[Any, str, str]]:
    """Attribute → (value, winning record, rule that decided) of one customer; undecided attributes are left out."""
    golden = {}
    rows = [observe(record) for record in records]
    for group, rule in survivorship.rules(party_type).items():
        found = [row for row in rows if row[rule.attributes[0]] is not None]
        keys = {r["record_id"]: [rank(s, group, rule, survivorship, r, found) for s in rule.strategies] for r in found}
        found.sort(key=lambda row: (keys[row["record_id"]], row["record_id"]))
        others = [row for row in found if row[rule.attributes[0]] != found[0][rule.attributes[0]]]
        decided = "agreed"
        if others:
            pairs = zip(rule.strategies, keys[found[0]["record_id"]], keys[others[0]["record_id"]], strict=True)
            decided = next((strategy for strategy, own, other in pairs if own != other), rule.otherwise)
        if found and decided != "no_decision":
            for attribute in rule.attributes:
                if found[0][attribute] is not None:
                    golden[attribute] = (found[0][attribute], found[0]["record_id"], decided)
    return golden


# --- made-up customers ---------------------------------------------------------------------------------------------
def maybe(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([None, *values])


DATES = [dt.date(1980, 1, 1), dt.date(1980, 10, 1), dt.date(2026, 3, 1), DAY, dt.date(2031, 5, 5)]
RECORD = st.fixed_dictionaries(
    {
        "source": st.sampled_from(SOURCES),
        "name": maybe("张三", "张?", "ZHANG SAN", "欧阳三丰"),
        "former_name": maybe("张四", "李四"),
        "latin_name": maybe("ZHANG SAN", "SAN"),
        "document_type": maybe("resident_id", "passport"),
        "document_number": maybe("N1", "N2", "N3"),
        "document_expiry": maybe(*DATES),
        "document_is_valid": maybe(True, False),
        "birth_date": maybe(*DATES[:2]),
        "birth_date_document": maybe(*DATES[:2]),
        "sex": maybe("M", "F"),
        "sex_document": maybe("M", "F"),
        "nationality": maybe("CHN", "KOR"),
        "mobile": maybe("13800000001", "13800000002"),
        "phone": maybe("028-1", "028-22"),
        "email": maybe("a@b.cn", "c@d.cn"),
        "address": maybe("甲路1号", "乙路22号", "丙路3号院"),
        "province": maybe("四川省"),
        "city": maybe("成都市", "绵阳市"),
        "district": maybe("锦江区"),
        "employer": maybe("甲厂", "乙公司"),
        "occupation": maybe("教师", "农民"),
        "spouse_name": maybe("王五", "赵六"),
        "uscc": maybe("U1", "U2"),
        "organization_code": maybe("O1", "O2"),
        "registry_number": maybe("R1", "R2"),
        "legal_representative_name": maybe("王五", "赵六"),
        "branch_code": maybe("801001", "802001"),
        "is_verified": maybe(True, False),
        "opened_date": maybe(*DATES[:2]),
        "updated_at": maybe(dt.datetime(2025, 1, 1), dt.datetime(2025, 1, 1, 8), dt.datetime(2026, 2, 1)),
    }
)
CUSTOMER = st.tuples(st.sampled_from(PARTY_TYPES), st.lists(RECORD, min_size=1, max_size=5))
CUSTOMERS = st.lists(CUSTOMER, min_size=1, max_size=20)
SMALL = hypothesis_settings(
    max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def tables_of(customers: list[tuple[str, list[dict]]]) -> dict[str, Rows]:
    records, identities = [], []
    for number, (party_type, rows) in enumerate(customers):
        for place, row in enumerate(rows):
            record_id = f"{row['source']}:{number}-{place}"
            more = {"source_key": f"{number}-{place}", "party_type": party_type, "source_as_of": DAY}
            records.append(row | {"record_id": record_id} | more)
            identities.append({"record_id": record_id, "golden_id": f"G{number:03}", "valid_from": DAY})
    return {"int_party__record": records, "party_identity": identities}


@pytest.fixture(scope="module")
def bench() -> Iterator[Compiled]:
    yield from fresh_bench()


def run(bench: Compiled, tables: dict[str, Rows]) -> Compiled:
    return bench.run(tables, [model for model in bench.sql if model.startswith(MODELS)])


@SMALL
@given(CUSTOMERS)
def test_sql_agrees_with_the_reference(bench: Compiled, customers: list[tuple[str, list[dict]]]) -> None:
    tables = tables_of(customers)
    run(bench, tables)
    golden = {r["golden_id"]: r for name in PARTY_TYPES for r in bench.rows(f"from golden_{name}")}
    chosen = {
        (r["golden_id"], r["attribute"]): (r["record_id"], r["rule"]) for r in bench.rows("from golden_provenance")
    }
    expected_chosen = {}
    for number, (party_type, _) in enumerate(customers):
        golden_id = f"G{number:03}"
        belonging = {row["record_id"] for row in tables["party_identity"] if row["golden_id"] == golden_id}
        records = [row for row in tables["int_party__record"] if row["record_id"] in belonging]
        survived = survive(records, party_type, RULES)
        for attribute in golden_attributes(party_type):
            value = survived.get(attribute, (None,))[0]
            assert golden[golden_id][attribute] == value, (golden_id, attribute)
        expected_chosen |= {(golden_id, name): (won[1], won[2]) for name, won in survived.items()}
    assert chosen == expected_chosen


@SMALL
@given(CUSTOMERS)
def test_golden_value_is_a_value_of_its_own_winning_record(
    bench: Compiled, customers: list[tuple[str, list[dict]]]
) -> None:
    tables = tables_of(customers)
    run(bench, tables)
    records = {row["record_id"]: row for row in tables["int_party__record"]}
    owner = {row["record_id"]: row["golden_id"] for row in tables["party_identity"]}
    golden = {r["golden_id"]: r for name in PARTY_TYPES for r in bench.rows(f"from golden_{name}")}
    for row in bench.rows("from golden_provenance"):
        record, attribute = records[row["record_id"]], row["attribute"]
        given_values = [record.get(attribute), record.get(f"{attribute}_document")]
        if attribute == "is_verified":
            given_values.append(bool(record["is_verified"]))
        assert golden[row["golden_id"]][attribute] in given_values
        assert owner[row["record_id"]] == row["golden_id"]


@SMALL
@given(CUSTOMERS, st.randoms(use_true_random=False))
def test_order_of_records_does_not_matter(
    bench: Compiled, customers: list[tuple[str, list[dict]]], shuffle: random.Random
) -> None:
    tables = tables_of(customers)
    outcome = []
    for _ in range(2):
        run(bench, tables)
        names = ("golden_person", "golden_organization", "golden_provenance", "golden_conflict", "golden_history")
        outcome.append([bench.rows(f"from {name} order by all") for name in names])
        tables = {name: shuffle.sample(rows, len(rows)) for name, rows in tables.items()}
    assert outcome[0] == outcome[1]
