"""Survivorship as a bank meets it: records in, the golden record out. One case per business situation."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.golden_bench import Compiled, Rows, fresh_bench, parse_table, people

GOLDEN = ["golden", "int_golden", "int_party"]


@pytest.fixture
def bench() -> Iterator[Compiled]:
    yield from fresh_bench()


def golden(bench: Compiled, given: str | dict[str, Rows]) -> Compiled:
    """Run the golden models only, over a table of people or over several tables."""
    tables = people(given) if isinstance(given, str) else given
    return bench.run(tables, [model for model in bench.sql if model.startswith(tuple(GOLDEN))])


def test_valid_id_number_beats_newer_invalid_one(bench: Compiled) -> None:
    golden(
        bench,
        """
        record_id | golden_id | name | document_type | document_number    | document_is_valid | updated_at
        card:1    | G1        | 张三 | resident_id   | 11010519491231002X | true              | 2020-01-01
        core:1    | G1        | 张三 | resident_id   | 110105194912310021 | false             | 2026-01-01
    """,
    )
    assert bench.table("golden_person", "document_number, document_is_valid") == "11010519491231002X | True"
    decided = "golden_provenance where attribute = 'document_number'"
    assert bench.table(decided, "record_id, rule, losers") == 'card:1 | valid | ["core:1"]'


def test_name_with_lost_character_loses_to_whole_name(bench: Compiled) -> None:
    golden(
        bench,
        """
        record_id | golden_id | name
        core:1    | G1        | 张?丰
        card:1    | G1        | 张䶮丰
    """,
    )
    assert bench.table("golden_person", "name") == "张䶮丰"


def test_chinese_name_before_its_pinyin(bench: Compiled) -> None:
    golden(
        bench,
        """
        record_id | golden_id | name
        core:1    | G1        | ZHANG SAN
        call:1    | G1        | 张三
    """,
    )
    assert bench.table("golden_person", "name") == "张三"
    assert bench.table("golden_provenance where attribute = 'name'", "record_id, rule") == "call:1 | script"


def test_renewed_passport_replaces_the_old_number_in_every_source(bench: Compiled) -> None:
    tables = people("""
        record_id | golden_id | document_number | document_key | document_is_valid | is_verified | updated_at
        core:1    | G1        | E11111111       | P:E11111111  | true              | false       | 2025-06-01
        credit:1  | G1        | E11111111       | P:E11111111  | true              | true        | 2026-02-01
    """)
    tables["int_party__document"] = parse_table("""
        record_id | document_key | document_type | document_number | valid_from | valid_to   | origin
        core:1    | P:E11111111  | passport      | E11111111       |            | 2025-12-20 | record
        core:1    | P:E22222222  | passport      | E22222222       | 2025-12-20 | 2035-12-19 | renewal
        credit:1  | P:E11111111  | passport      | E11111111       |            |            | record
    """)
    golden(bench, tables)
    assert bench.table("golden_person", "document_number, document_expiry") == "E22222222 | 2035-12-19"
    assert bench.table("golden_provenance where attribute = 'document_number'", "record_id, rule, losers") == (
        'core:1 | current | ["core:1","credit:1"]'
    )


def test_core_already_shows_the_renewed_document(bench: Compiled) -> None:
    tables = people("""
        record_id | golden_id | document_number | document_key | document_is_valid | document_expiry | updated_at
        core:1    | G1        | E22222222       | P:E22222222  | true              | 2035-12-19      | 2025-12-20
        credit:1  | G1        | E11111111       | P:E11111111  | true              |                 | 2026-02-01
    """)
    tables["int_party__document"] = parse_table("""
        record_id | document_key | document_type | document_number | valid_from | valid_to   | origin
        core:1    | P:E22222222  | passport      | E22222222       | 2025-12-20 | 2035-12-19 | record
        core:1    | P:E11111111  | passport      | E11111111       |            | 2025-12-20 | renewal
        credit:1  | P:E11111111  | passport      | E11111111       |            |            | record
    """)
    golden(bench, tables)
    assert bench.table("golden_person", "document_number, document_expiry") == "E22222222 | 2035-12-19"


def test_permit_renewed_under_the_same_number_takes_the_new_expiry(bench: Compiled) -> None:
    tables = people("""
        record_id | golden_id | document_type   | document_number | document_key | document_is_valid | document_expiry
        core:1    | G1        | hk_macau_permit | H12345678       | H:H12345678  | true              | 2026-01-31
    """)
    tables["int_party__document"] = parse_table("""
        record_id | document_key | document_type   | document_number | valid_from | valid_to   | origin
        core:1    | H:H12345678  | hk_macau_permit | H12345678       | 2026-01-20 | 2036-01-19 | record
    """)
    golden(bench, tables)
    assert bench.table("golden_person", "document_number, document_expiry") == "H12345678 | 2036-01-19"


def test_expired_document_loses_to_current_one(bench: Compiled) -> None:
    golden(
        bench,
        """
        record_id | golden_id | document_type | document_number | document_is_valid | document_expiry
        core:1    | G1        | passport      | E11111111       | true              | 2026-03-01
        wealth:1  | G1        | resident_id   | 11010519491231002X | true           |
    """,
    )
    assert bench.table("golden_person", "document_type, document_number, document_expiry") == (
        "resident_id | 11010519491231002X |"
    )


def test_document_is_current_on_its_last_day(bench: Compiled) -> None:
    golden(
        bench,
        """
        record_id | golden_id | document_type | document_number | document_is_valid | document_expiry
        core:1    | G1        | passport      | E11111111       | true              | 2026-03-02
        wealth:1  | G1        | resident_id   | 11010519491231002X | true           |
    """,
    )
    assert bench.table("golden_person", "document_number") == "E11111111"


def test_address_never_mixes_halves_of_two_records(bench: Compiled) -> None:
    golden(
        bench,
        """
        record_id | golden_id | address                   | province | city   | district | updated_at
        core:1    | G1        | 四川省成都市锦江区红星路1号 | 四川省   | 成都市 | 锦江区   | 2020-01-01
        ebank:1   | G1        | 武侯区人民南路9号            |          |        | 武侯区   | 2026-01-01
    """,
    )
    assert bench.table("golden_person", "address, city, district") == "四川省成都市锦江区红星路1号 | 成都市 | 锦江区"


def test_equally_good_birth_dates_that_differ_stay_empty(bench: Compiled) -> None:
    golden(
        bench,
        """
        record_id | golden_id | name | birth_date
        core:1    | G1        | 张三 | 1980-01-01
        core:2    | G1        | 张三 | 1980-10-01
    """,
    )
    assert bench.table("golden_person", "name, birth_date") == "张三 |"
    assert bench.table("golden_conflict", "attribute, outcome, distinct_values, record_ids") == (
        'birth_date | no_decision | 2 | ["core:1","core:2"]'
    )
    assert bench.table("golden_provenance where attribute = 'birth_date'", "*") == ""


def test_birth_date_in_a_valid_id_number_decides(bench: Compiled) -> None:
    golden(
        bench,
        """
        record_id | golden_id | birth_date | birth_date_document | document_is_valid | document_number
        core:1    | G1        | 1980-10-01 |                     | false             | 123
        card:1    | G1        | 1980-10-01 | 1980-01-01          | true              | 11010519800101002X
    """,
    )
    assert bench.table("golden_person", "birth_date") == "1980-01-01"
    assert bench.table("golden_provenance where attribute = 'birth_date'", "rule") == "valid"


def test_majority_decides_sex_without_an_id_number(bench: Compiled) -> None:
    golden(
        bench,
        """
        record_id | golden_id | sex
        core:1    | G1        | M
        card:1    | G1        | F
        ebank:1   | G1        | F
    """,
    )
    assert bench.table("golden_person", "sex") == "F"


def test_last_tie_break_is_the_record_id_and_is_reported(bench: Compiled) -> None:
    golden(
        bench,
        """
        record_id | golden_id | name | phone        | updated_at
        call:2    | G1        | 张三 | 028-11111111 | 2026-01-01
        call:1    | G1        | 张三 | 028-22222222 | 2026-01-01
    """,
    )
    assert bench.table("golden_person", "phone") == "028-22222222"
    assert bench.table("golden_conflict", "attribute, outcome") == "phone | tie_break"


def test_branch_of_core_before_a_later_relation(bench: Compiled) -> None:
    golden(
        bench,
        """
        record_id | golden_id | branch_code | updated_at
        wealth:1  | G1        | 803001      | 2026-02-01
        core:1    | G1        | 801001      | 2020-01-01
        core:2    | G1        | 802001      | 2021-01-01
    """,
    )
    assert bench.table("golden_person", "branch_code") == "802001"


def test_newest_mobile_of_equally_verified_records(bench: Compiled) -> None:
    golden(
        bench,
        """
        record_id | golden_id | mobile      | is_verified | updated_at
        core:1    | G1        | 13800000001 | true        | 2020-01-01
        ebank:1   | G1        | 13800000002 | true        | 2025-01-01
        call:1    | G1        | 13800000003 | false       | 2026-02-01
    """,
    )
    assert bench.table("golden_person", "mobile") == "13800000002"


def test_organization_takes_public_facts_from_the_registry(bench: Compiled) -> None:
    tables = people(
        """
        record_id | golden_id | name | uscc               | legal_representative_name | opened_date | industry
        core:9    | G2        | 甲厂 | 91110000600037341L | 王五                      | 2011-01-01  |
        registry:91110000600037341L | G2 | 甲有限公司 | 91110000600037341L | 赵六     | 1999-05-01  | C26
    """,
        party_type="organization",
    )
    golden(bench, tables)
    assert bench.table("golden_organization", "name, uscc, legal_representative_name, industry, opened_date") == (
        "甲有限公司 | 91110000600037341L | 赵六 | C26 | 1999-05-01"
    )
    assert bench.table("golden_person", "*") == ""


def test_golden_record_counts_what_stands_behind_it(bench: Compiled) -> None:
    tables = people("""
        record_id | golden_id | name | updated_at | source_as_of
        core:1    | G1        | 张三 | 2025-01-01 | 2026-03-02
        core:2    | G1        | 张三 | 2026-02-01 | 2026-03-02
        card:1    | G1        | 张三 |            | 2026-02-27
    """)
    golden(bench, tables)
    assert bench.table("golden_person", "record_count, source_count, updated_at, source_freshness") == (
        "3 | 2 | 2026-02-01 00:00:00 | 2026-02-27"
    )


def test_record_that_left_its_source_no_longer_counts(bench: Compiled) -> None:
    tables = people("""
        record_id | golden_id | name
        core:1    | G1        | 张三
        core:2    | G1        | 张三丰
    """)
    tables["int_party__record"].pop()
    golden(bench, tables)
    assert bench.table("golden_xref", "record_id") == "core:1"
    assert bench.table("golden_person", "name, record_count") == "张三 | 1"


def test_closed_identity_is_not_read(bench: Compiled) -> None:
    tables = people("""
        record_id | golden_id | name
        core:1    | G1        | 张三
    """)
    closed = {"record_id": "core:1", "golden_id": "G9", "valid_from": "2026-03-01", "valid_to": "2026-03-02"}
    tables["party_identity"].append(closed)
    golden(bench, tables)
    assert bench.table("golden_xref", "record_id, golden_id") == "core:1 | G1"


def test_provenance_and_conflicts_hold_no_values(bench: Compiled) -> None:
    golden(
        bench,
        """
        record_id | golden_id | name   | mobile      | phone        | birth_date | updated_at
        core:1    | G1        | 独孤求败 | 13800138000 | 028-11111111 | 1980-01-01 | 2026-01-01
        core:2    | G1        | 独孤败   | 13900139000 | 028-22222222 | 1981-01-01 | 2026-01-01
    """,
    )
    dump = json.dumps(bench.rows("from golden_provenance") + bench.rows("from golden_conflict"), ensure_ascii=False)
    assert bench.rows("from golden_conflict")
    for value in ("独孤", "138001", "139001", "028-", "1980", "1981"):
        assert value not in dump


def test_every_value_has_one_provenance_row(bench: Compiled) -> None:
    golden(
        bench,
        """
        record_id | golden_id | name | mobile      | document_number | document_type | document_is_valid
        core:1    | G1        | 张三 | 13800138000 | E11111111       | passport      | true
        card:1    | G1        | 张三 |             |                 |               |
    """,
    )
    attributes = bench.table("golden_provenance", "attribute").splitlines()
    assert attributes == [
        "document_is_valid", "document_number", "document_type", "is_verified", "mobile", "name",
    ]  # fmt: skip
