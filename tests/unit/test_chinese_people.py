"""The bench's records are what they claim: as many as asked, seeded, one number per person, gaps at stated rates."""

import pytest

from matching.plain_values import document
from tests.bench import chinese_people
from tests.bench.chinese_records import MODES


def test_exactly_as_many_records_as_asked_and_the_same_again():
    table = chinese_people.generate(5_000, "easy", seed=3)
    assert table.num_rows == 5_000
    assert len(set(table["record_id"].to_pylist())) == 5_000
    assert len(set(table["entity_id"].to_pylist())) == round(5_000 / chinese_people.RECORDS_PER_PERSON)
    assert table.equals(chinese_people.generate(5_000, "easy", seed=3))
    assert not table.equals(chinese_people.generate(5_000, "easy", seed=4))


def test_a_valid_number_is_one_person_also_across_chunks(monkeypatch):
    monkeypatch.setattr(chinese_people, "PEOPLE_A_CHUNK", 1_000)
    assert len(chinese_people.plan(20_000)) > 5
    table = chinese_people.generate(20_000, "hard")
    holders: dict[str, set[int]] = {}
    for number, entity in zip(table["id_no"].to_pylist(), table["entity_id"].to_pylist(), strict=True):
        valid = document(number).get("valid") if number else None
        if valid:
            holders.setdefault(str(valid), set()).add(entity)
    assert len(holders) > 5_000
    assert [people for people in holders.values() if len(people) > 1] == []


@pytest.mark.parametrize("mode", MODES)
def test_gaps_at_the_stated_rates(mode):
    table = chinese_people.generate(30_000, mode)
    rates = MODES[mode]
    # 15 % of what is missing is written as a filler
    assert table["id_no"].null_count / 30_000 == pytest.approx(rates.id_missing * 0.85, abs=0.01)
    assert table["mobile"].null_count / 30_000 == pytest.approx(rates.mobile_missing * 0.85, abs=0.01)
    assert table["birth_date"].null_count / 30_000 == pytest.approx(rates.birth_missing, abs=0.005)
    assert table["address"].null_count / 30_000 == pytest.approx(rates.address_missing, abs=0.01)
