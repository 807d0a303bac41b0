"""What must hold for any seed and size of the demo bank."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.demo import truth
from connectors.demo.documents import cards, organization_codes, registry_numbers, usccs
from connectors.demo.people import FOREIGNER, HOUSEHOLD, RESIDENCE, RESIDENT, TEMPORARY
from connectors.demo.randomness import unit
from connectors.demo.sources import PERSON_SOURCES
from tests.demo_bank import (
    is_card,
    is_organization_code,
    is_registry_number,
    is_resident_id,
    is_uscc,
    world,
)

few = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
seeds = st.integers(0, 2**31 - 1)


@few
@given(seed=seeds, people=st.integers(10, 300), organizations=st.integers(2, 40))
def test_every_record_has_one_row_of_truth(seed, people, organizations):
    made = world(3, people, organizations, seed)
    rows = truth.truth(made).to_pandas()
    listed = [f"{source}:{key}" for source in PERSON_SOURCES for key in made.records[source]["key"]]
    listed += [f"{s}:{key}" for s, records in made.organization_records.items() for key in records["key"]]
    listed += [f"registry:{code}" for code in made.organizations["uscc"][made.registered]]
    assert sorted(listed) == sorted(rows["record_id"])
    assert rows["record_id"].is_unique
    assert rows["entity_id"].notna().all()
    assert set(rows.loc[rows.entity_id.str.startswith("P"), "party_type"]) == {"person"}
    assert rows.loc[rows.party_type == "person", "entity_id"].nunique() == len(made.people["name"])


@few
@given(seed=seeds)
def test_numbers_are_valid_unless_an_injector_says_otherwise(seed):
    made = world(2, 400, 40, seed)
    people = made.people
    national = np.isin(people["document_type"], (RESIDENT, HOUSEHOLD, TEMPORARY, RESIDENCE))
    assert all(map(is_resident_id, people["document"][national]))
    assert all(map(is_resident_id, people["second_id"][people["second_id"] != np.array(None)]))
    assert all(map(is_uscc, made.organizations["uscc"]))
    assert all(map(is_organization_code, made.organizations["code"]))
    assert all(map(is_registry_number, made.organizations["registry_number"]))
    debit = [number for number in made.ledger.accounts["card"] if number]
    assert all(is_card(number) and len(number) == 19 for number in debit)
    assert all(is_card(number) and len(number) == 16 for number in made.cards.cards["card"])
    assert len(set(debit)) == len(debit)


@few
@given(seed=seeds)
def test_a_resident_id_tells_birth_date_and_sex(seed):
    people = world(1, 300, 5, seed).people
    rows = np.flatnonzero(np.isin(people["document_type"], (RESIDENT, HOUSEHOLD, TEMPORARY)))
    for row in rows:
        number = people["document"][row]
        assert number[6:14] == str(people["birth"][row]).replace("-", "")
        assert int(number[16]) % 2 == people["sex"][row] % 2


@few
@given(seed=seeds)
def test_resident_ids_and_mobiles_are_unique_but_for_the_traps(seed):
    made = world(3, 600, 5, seed)
    people = made.people
    plain = people["trap"] == np.array(None)
    for column in ("id_body", "mobile"):
        values = people[column][plain]
        assert len(set(values)) == len(values), column
    assert not set(people["mobile"][plain]) & set(people["old_mobile"])


@few
@given(seed=seeds, days=st.integers(2, 4))
def test_balances_follow_from_transactions(seed, days):
    made = world(1, 200, 20, seed)
    for _ in range(days):
        before = made.ledger.accounts["balance"].copy()
        made.run()
        moved = made.ledger.transactions
        after = np.concatenate([before, np.zeros(len(made.ledger.accounts["balance"]) - len(before), dtype=np.int64)])
        np.add.at(after, moved["row"], np.where(moved["direction"] == "C", moved["cents"], -moved["cents"]))
        assert (after == made.ledger.accounts["balance"]).all()
        assert (after >= 0).all()
        assert (moved["cents"] > 0).all()
        assert (moved["time"].astype("datetime64[D]") == made.today).all()


@few
@given(seed=seeds)
def test_the_same_seed_gives_the_same_bank_and_another_seed_another(seed):
    first, second, other = world(2, 120, 8, seed), world(2, 120, 8, seed), world(2, 120, 8, seed + 1)
    for source in PERSON_SOURCES:
        assert first.records[source].keys() == second.records[source].keys()
        for column, values in first.records[source].items():
            assert np.array_equal(values.astype(str), second.records[source][column].astype(str)), column
    assert not np.array_equal(first.people["name"], other.people["name"])


@few
@given(seed=seeds)
def test_a_day_touches_few_records_and_only_those_it_says(seed):
    made = world(1, 3000, 20, seed)
    before = {s: {n: c.copy() for n, c in made.records[s].items()} for s in PERSON_SOURCES}
    made.run()
    changed = 0
    for source in PERSON_SOURCES:
        old, new = before[source], made.records[source]
        size = len(old["key"])
        for column in ("name", "mobile", "region", "detail", "employer", "document", "key"):
            differ = old[column].astype(str) != new[column][:size].astype(str)
            assert set(new["changed_on"][:size][differ]) <= {1}, (source, column)
        assert (new["changed_on"][size:] == 1).all()
        changed += int((new["changed_on"][:size] == 1).sum())
    total = sum(len(before[source]["key"]) for source in PERSON_SOURCES)
    assert 0.003 < changed / total < 0.02


@few
@given(seed=seeds)
def test_only_grown_ups_are_known_outside_core(seed):
    made = world(1, 500, 5, seed)
    of_age = made.today - np.timedelta64(18 * 365, "D")
    for source in PERSON_SOURCES[1:]:
        assert (made.people["birth"][made.records[source]["person"]] < of_age).all()


@few
@given(seed=seeds)
def test_foreigners_are_few_and_named_in_latin(seed):
    people = world(1, 500, 5, seed).people
    rows = people["kind"] == FOREIGNER
    assert 1 <= rows.sum() <= 10
    assert all(text.isascii() for text in people["name"][rows])


@given(st.lists(st.integers(0, 10**8 - 1), min_size=1, max_size=20))
def test_made_numbers_pass_their_standards(bodies):
    body = np.array(bodies, dtype=np.int64)
    region = np.full(len(body), 420606)
    codes = organization_codes(body)
    assert all(map(is_organization_code, codes))
    assert all(map(is_registry_number, registry_numbers(region, body)))
    plain = codes[[code[8] != "X" for code in codes]]
    kinds = np.full(len(plain), "91", dtype=object)
    if len(plain):
        assert all(map(is_uscc, usccs(kinds, region[: len(plain)], plain)))
    assert all(map(is_card, cards(628366, body, 16)))


@given(seeds, st.integers(0, 10**9), st.integers(0, 10**5))
def test_unit_is_a_function_of_its_arguments(seed, number, other):
    one = unit(seed, "a", np.array([number]), other)
    assert one == unit(seed, "a", np.array([number, number]), other)[1]
    assert 0 <= one[0] < 1
    assert one != unit(seed, "b", np.array([number]), other)


def test_unit_spreads_evenly():
    values = unit(1, "x", np.arange(20_000))
    assert np.histogram(values, bins=10, range=(0, 1))[0].min() > 1800


@pytest.mark.parametrize("days", [1, 2])
def test_dates_are_not_after_the_day(days):
    made = world(days, 300, 20)
    last = np.datetime64(made.date) + 1
    for source, records in made.records.items():
        assert (records["opened"] < last).all(), source
        assert (records["updated"] < last).all(), source
    assert made.date == dt.date(2026, 3, 1) + dt.timedelta(days=days)
    assert (made.ledger.transactions["time"] < last).all()
    assert (made.digital.new_devices["bound"] < last).all()
    assert (made.calls.notes["time"] < last).all()
