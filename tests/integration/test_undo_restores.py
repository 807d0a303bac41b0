"""Undoing merges gives back both customers exactly: identities, attributes with provenance, relations, tags."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from matching.link import link
from tests.golden_bench import DAY, Compiled, Rows, fresh_bench, parse_table
from tests.matching_bench import fill_warehouse, identities, make_people, write_decisions
from warehouse.settings import Settings

DAYS = [DAY + dt.timedelta(days=number) for number in range(4)]
# numbers of people of the bench; the last merge makes one customer of three
MERGES = [("000003", "000004"), ("000010", "000011"), ("000020", "000035"), ("000040", "000041", "000042")]
CONTENT = {
    "golden_person": "golden_id",
    "golden_provenance": "golden_id, attribute",
    "customer_relation": "golden_id, related_golden_id, relation_type",
    "customer_household": "golden_id",
    "segment_member": "golden_id, segment_code",
    "customer_360": "golden_id",
}


@pytest.fixture(scope="module")
def bench() -> Iterator[Compiled]:
    yield from fresh_bench()


def upstream(rows: Rows, golden: dict[str, str]) -> dict[str, Rows]:
    """What the golden models read of a day with these identities."""
    records = [{**row, "source_key": row["record_id"].partition(":")[2], "source_as_of": DAY} for row in rows]
    numbers = sorted(row["source_key"] for row in records if row["source"] == "core")
    people = [number for merge in MERGES for number in merge]
    stated = [
        {"relation_key": f"s{number}", "source": "core", "record_id": f"core:{number}", "relation_type": "spouse",
         "related_record_id": "core:000050"} for number in people
    ]  # fmt: skip
    stated += [
        {"relation_key": f"g{left}", "source": "credit", "record_id": f"core:{left}", "relation_type": "guarantor",
         "related_record_id": f"core:{right}"} for left, right, *_ in MERGES
    ]  # fmt: skip
    accounts = [
        {"account_no": f"A{number}", "customer_no": number, "account_kind": "demand", "currency": "CNY",
         "status": "active"} for number in numbers
    ]  # fmt: skip
    balances = [
        {"account_no": f"A{number}", "balance_date": DAY, "balance": 300_000 + 10_000 * place}
        for place, number in enumerate(numbers)
    ]
    return {
        "int_party__record": records,
        "party_identity": [{"record_id": key, "golden_id": value, "valid_from": DAY} for key, value in golden.items()],
        "int_relation__stated": stated,
        "stg_core__account": accounts,
        "stg_core__daily_balance": balances,
        "source_status": parse_table("source | as_of | data_as_of\ncore | 2026-03-02 | 2026-03-02"),
    }


def content(bench: Compiled, rows: Rows, golden: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
    bench.run(upstream(rows, golden))
    return {table: bench.rows(f"select * from {table} order by {key}") for table, key in CONTENT.items()}


def joined(golden: dict[str, str]) -> list[int]:
    return [len({golden[f"core:{number}"] for number in merge}) for merge in MERGES]


def test_undoing_merges_one_by_one_restores_every_customer(bench: Compiled, settings: Settings):
    rows = make_people(60, seed=7)[0]
    fill_warehouse(settings, rows)

    def run(day: dt.date, merges: list[tuple[str, ...]]) -> dict[str, str]:
        pairs = [(f"core:{one}", f"core:{two}") for merge in merges for one, two in itertools.pairwise(merge)]
        write_decisions(settings, [(one, two, "same", DAYS[0]) for one, two in pairs])
        link(settings, day, f"run-{day}")
        return identities(settings)

    first = run(DAYS[0], [])
    before = content(bench, rows, first)
    assert joined(first) == [2, 2, 2, 3]
    assert all(before.values()), {table: len(found) for table, found in before.items()}

    merged = run(DAYS[1], MERGES)
    assert joined(merged) == [1, 1, 1, 1]
    after = content(bench, rows, merged)
    assert [table for table in CONTENT if after[table] == before[table]] == []  # a merge shows in every table

    partly = run(DAYS[2], MERGES[2:])
    assert joined(partly) == [2, 2, 1, 1]
    changed = {first[f"core:{number}"] for merge in MERGES[2:] for number in merge}
    now = content(bench, rows, partly)
    own = [row for row in before["golden_person"] if row["golden_id"] not in changed]
    assert [row for row in now["golden_person"] if row["golden_id"] not in changed] == own

    restored = run(DAYS[3], [])
    assert restored == first
    again = content(bench, rows, restored)
    for table in CONTENT:
        assert again[table] == before[table], table
