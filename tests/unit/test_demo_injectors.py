"""Every error the demo makes, one test each: what it changes, and that it changes nothing else."""

import re

import numpy as np
import pytest

from connectors.demo import injectors_contact as contact
from connectors.demo import injectors_document as document
from connectors.demo import injectors_name as name
from connectors.demo import injectors_organization as organization
from connectors.demo import names_data
from connectors.demo.columns import take
from connectors.demo.injecting import NAMES, Batch, Dealer, has
from connectors.demo.injectors import RECORD_INJECTORS
from connectors.demo.injectors_identity import RATES
from connectors.demo.names import pinyin_of_characters
from connectors.demo.organizations import ORGANIZATION_INJECTORS, make_organizations
from connectors.demo.people import HK_MACAU, MINORITY, NONE, RESIDENCE, RESIDENT, TAIWAN, TAIWANESE
from tests.demo_bank import (
    batch,
    day,
    is_organization_code,
    is_registry_number,
    is_resident_id,
    is_uscc,
    population,
    world,
)

RARE = names_data.RARE_LOST + names_data.RARE_KEPT


def after(change, source="credit", rate=1.0, made=None):
    """The batch, the rows an injector changed, and the records as they were."""
    made = made or batch(source)
    before = take(made.records, np.arange(made.size()))
    rows = change(made, rate)
    assert len(rows), "the injector must find somebody in a population of this size"
    assert len(set(rows)) == len(rows)
    return made, rows, before


def changed_columns(made, before):
    def same(column):
        return all(a is b or a == b or a != a for a, b in zip(before[column], made.records[column], strict=True))

    return {column for column in before if not same(column)}


def test_document_15_digit():
    made, rows, before = after(document.document_15_digit)
    old, new = before["document"][rows], made.records["document"][rows]
    assert all(long[:6] + long[8:17] == short for long, short in zip(old, new, strict=True))
    assert all(long[6:8] == "19" for long in old)
    assert changed_columns(made, before) == {"document"}


def test_document_renewed_shows_the_number_before():
    made, rows, before = after(document.document_renewed)
    assert list(made.records["document"][rows]) == list(made.true("old_document")[rows])
    assert changed_columns(made, before) == {"document"}


def test_document_replaced_shows_another_type():
    made, rows, before = after(document.document_replaced)
    assert (made.records["document_type"][rows] != before["document_type"][rows]).all()
    assert list(made.records["document"][rows]) == list(made.true("other_document")[rows])


def test_hk_macau_permits_keep_nine_characters():
    made, rows, before = after(document.hk_macau_permit)
    assert set(before["document_type"][rows]) == {HK_MACAU}
    assert all(re.fullmatch(r"[HMhm]\d{8}(\d\d)?", number) for number in made.records["document"][rows])
    renewed = after(document.document_renewed)[0]
    both = zip(renewed.records["document"], renewed.true("document"), renewed.records["document_type"], strict=True)
    assert all(old[:9] == new[:9] for old, new, kind in both if kind == HK_MACAU)


def test_taiwan_permits_keep_eight_digits():
    made = batch("credit", np.repeat(np.flatnonzero(population()["kind"] == TAIWANESE), 20))
    made, rows, _ = after(document.taiwan_permit, made=made)
    numbers = made.records["document"][rows]
    assert all(re.fullmatch(r"\d{8}(\(B\))?", number) for number in numbers)
    assert any(number.endswith("(B)") for number in numbers)
    renewed = after(document.document_renewed)[0]
    both = zip(renewed.records["document"], renewed.true("document"), renewed.records["document_type"], strict=True)
    assert all(old[:8] == new[:8] for old, new, kind in both if kind == TAIWAN)


def test_residence_permits_are_valid_and_untouched():
    made, rows, before = after(document.residence_permit)
    numbers = made.records["document"][rows]
    assert {number[:6] for number in numbers} <= {"810000", "820000", "830000"}
    assert all(map(is_resident_id, numbers))
    assert set(made.records["document_type"][rows]) == {RESIDENCE}
    assert changed_columns(made, before) == set()


def test_foreign_permits_have_latin_names_in_either_order():
    made, rows, before = after(document.foreign_permit)
    assert all(re.fullmatch(r"[A-Z]+ [A-Z]+", text) for text in made.records["name"][rows])
    turned = [text for text, was in zip(made.records["name"], before["name"], strict=True) if text != was]
    assert all(sorted(text.split()) for text in turned)
    assert changed_columns(made, before) <= {"name"}


def test_foreign_permanent_residents_hold_the_card_of_2017_or_of_2023():
    people = population()
    cards = [n for n, kind in zip(people["document"], people["document_type"], strict=True) if kind == 6]
    assert cards
    assert all(re.fullmatch(r"[A-Z]{3}\d{12}", card) or (card[0] == "9" and is_resident_id(card)) for card in cards)


def test_document_typo_breaks_the_check_digit():
    made, rows, before = after(document.document_typo)
    assert all(map(is_resident_id, before["document"][rows]))
    assert not any(map(is_resident_id, made.records["document"][rows]))


def test_document_missing():
    made, rows, _ = after(document.document_missing)
    assert set(made.records["document_type"][rows]) == {NONE}
    assert set(made.records["document"][rows]) == {None}


def test_filler_values_fill_what_was_not_said():
    made, rows, before = after(document.filler_values)
    records = made.records
    mobiles = {new for new, old in zip(records["mobile"], before["mobile"], strict=True) if new != old}
    assert mobiles == {"13800000000", "13900000000", "11111111111"}
    assert np.datetime64("1900-01-01") in set(records["birth"][rows])
    assert {"000000"} <= set(records["tel"][rows])
    assert "无" in set(records["detail"][rows])
    assert "111111111111111" in set(records["document"][rows])


def test_one_person_two_ids_shows_the_second_valid_number():
    made, rows, before = after(document.one_person_two_ids)
    first, second = before["document"][rows], made.records["document"][rows]
    assert all(map(is_resident_id, second))
    assert all(a != b and a[:14] == b[:14] for a, b in zip(first, second, strict=True))
    assert has(made.records["injected"], "one_person_two_ids")[rows].all()


def test_name_rare_character_is_lost():
    made, rows, before = after(name.name_rare_character)
    assert all("?" in text for text in made.records["name"][rows])
    assert all(len(a) == len(b) for a, b in zip(before["name"], made.records["name"], strict=True))


def test_name_rare_arrives_whole():
    made, rows, before = after(name.name_rare)
    assert all(set(text) & set(RARE) for text in made.records["name"][rows])
    assert changed_columns(made, before) == set()


def test_name_private_use_can_be_mapped_back():
    made, rows, before = after(name.name_private_use)
    back = str.maketrans({private: assigned for assigned, private in names_data.PRIVATE_USE.items()})
    assert all("\ue000" <= max(text) <= "\uf8ff" for text in made.records["name"][rows])
    assert [text.translate(back) for text in made.records["name"]] == list(before["name"])


def test_private_use_points_are_those_where_python_and_newer_tables_differ():
    two_bytes = {private.encode("gb18030").hex() for private in names_data.PRIVATE_USE.values()}
    assert two_bytes == {"fe51", "fe61", "fe67", "fe90", "fe91", "fea0"}


def test_minority_name_dots_come_in_every_form():
    made = batch("core", np.repeat(np.flatnonzero(population()["kind"] == MINORITY), 40))
    made, rows, before = after(name.minority_name_dots, made=made)
    own_and_father = [text.split("·") for text in before["name"][rows]]
    pieces = zip(made.records["name"][rows], own_and_father, strict=True)
    used = {text[len(own) : len(text) - len(father)] for text, (own, father) in pieces}
    assert used == set(name.DOTS)


def test_minority_name_truncated():
    made, rows, before = after(name.minority_name_truncated)
    assert {len(text) for text in made.records["name"][rows]} == {8}
    assert all(a.startswith(b) for a, b in zip(before["name"], made.records["name"], strict=True))


def test_traditional():
    made, rows, before = after(name.traditional)
    pairs = set("".join(before["name"][rows])), set("".join(made.records["name"][rows]))
    assert {"张", "刘", "陈"} <= pairs[0]
    assert {"張", "劉", "陳"} <= pairs[1]
    assert all(len(a) == len(b) for a, b in zip(before["name"], made.records["name"], strict=True))


def test_pinyin_name():
    made, rows, _ = after(name.pinyin_name)
    assert all(re.fullmatch(r"[A-Z]+ [A-Z]+", text) for text in made.records["name"][rows])


def test_former_name_replaces_the_name_or_stands_behind_it_in_core():
    made, rows, _ = after(name.former_name)
    assert list(made.records["name"][rows]) == list(made.true("former_name")[rows])
    made, rows, before = after(name.former_name, "core")
    texts = zip(before["name"][rows], made.true("former_name")[rows], made.records["name"][rows], strict=True)
    assert all(now == f"{present}（曾用名{former}）" for present, former, now in texts)


def test_title_in_name_fits_the_sex():
    made, rows, before = after(name.title_in_name, "call")
    titles = {(sex, now[len(was) :]) for was, now, sex in zip(
        before["name"][rows], made.records["name"][rows], made.records["sex"][rows], strict=True
    )}  # fmt: skip
    assert {(1, "先生"), (2, "女士")} <= titles
    assert not {(2, "先生"), (1, "女士")} & titles


def test_suffix_in_name():
    made, rows, before = after(name.suffix_in_name)
    suffixes = {now[len(was) :] for was, now in zip(before["name"][rows], made.records["name"][rows], strict=True)}
    assert {"（已故）", "1", "-养老"} <= suffixes


def test_homophone_sounds_alike():
    made, rows, before = after(name.homophone)
    from connectors.demo.names import CHARACTERS

    spoken = dict(zip(CHARACTERS, pinyin_of_characters(), strict=True))
    for was, now in zip(before["name"][rows], made.records["name"][rows], strict=True):
        assert was[:-1] == now[:-1]
        assert was[-1] != now[-1]
        assert spoken[was[-1]] == spoken[now[-1]]


def test_look_alike_character():
    made, rows, before = after(name.look_alike_character)
    pairs = {a[-1] + b[-1] for a, b in zip(before["name"][rows], made.records["name"][rows], strict=True)}
    assert pairs <= set(names_data.LOOK_ALIKE.split())


def test_stale_mobile_is_the_holders_former_number():
    made, rows, _ = after(contact.stale_mobile)
    assert list(made.records["mobile"][rows]) == [str(number) for number in made.true("old_mobile")[rows]]


def test_stale_address_is_the_former_home():
    made, rows, _ = after(contact.stale_address)
    assert list(made.records["detail"][rows]) == list(made.true("old_detail")[rows])


def test_abbreviated_address_leaves_out_the_province():
    made, rows, before = after(contact.abbreviated_address)
    assert not any("省" in text or "自治区" in text for text in made.records["region"][rows])
    kinds = set(zip(before["region"][rows], made.records["region"][rows], strict=True))
    assert ("湖北省襄阳市樊城区", "襄阳市樊城区") in kinds
    assert ("湖北省襄阳市樊城区", "樊城区") in kinds
    assert ("湖北省襄阳市樊城区", "襄阳樊城") in kinds


def test_retired_region_uses_names_of_the_past():
    made, rows, before = after(contact.retired_region)
    pairs = set(zip(before["region"][rows], made.records["region"][rows], strict=True))
    assert ("湖北省襄阳市襄州区", "湖北省襄樊市襄阳区") in pairs
    assert ("湖北省荆门市京山市", "湖北省荆门市京山县") in pairs


def members(trap):
    people = population()
    named = [(text, row) for row, text in enumerate(people["trap"]) if text and text.startswith(trap + ":")]
    groups = {}
    for text, row in named:
        groups.setdefault(text, []).append(row)
    assert groups, trap
    # the group's number is that of its first member
    return people, [sorted(rows, key=lambda row: int(text[-8:]) != row) for text, rows in groups.items()]


def test_twins_are_two_people_of_one_home():
    people, groups = members("twins")
    for first, second in groups:
        for column in ("surname", "birth", "region", "detail"):
            assert people[column][first] == people[column][second]
        assert people["document"][first] != people["document"][second]
        assert people["name"][first] != people["name"][second]
        assert people["mobile"][first] != people["mobile"][second]


def test_same_name_same_birthday_share_nothing_else():
    people, groups = members("same_name_same_birthday")
    for first, second in groups:
        assert people["name"][first] == people["name"][second]
        assert people["birth"][first] == people["birth"][second]
        for column in ("document", "mobile", "detail"):
            assert people[column][first] != people[column][second]


def test_father_and_son_share_phone_home_and_surname():
    people, groups = members("father_son_one_phone")
    for father, son in groups:
        for column in ("surname", "mobile", "detail"):
            assert people[column][father] == people[column][son]
        assert people["sex"][father] == people["sex"][son] == 1
        assert people["name"][father] != people["name"][son]
    ages = [(people["birth"][son] - people["birth"][father]).astype(int) / 365.25 for father, son in groups]
    assert min(ages) > 20


def test_shared_mobile_in_families_and_at_a_village_agent():
    people, groups = members("shared_mobile")
    assert {len(group) for group in groups} == {2, 6}
    assert all(len(set(people["mobile"][group])) == 1 for group in groups)
    assert all(len(set(people["document"][group])) == len(group) for group in groups)


def test_reissued_mobile_was_a_strangers():
    people, groups = members("reissued_mobile")
    assert all(people["mobile"][now] == people["old_mobile"][former] for former, now in groups)
    assert all(people["had_old_mobile"][former] for former, _ in groups)


def test_one_id_two_people():
    people, groups = members("one_id_two_people")
    for first, second in groups:
        assert people["document"][first] == people["document"][second]
        assert people["name"][first] != people["name"][second]
        assert people["mobile"][first] != people["mobile"][second]


def test_duplicate_records_are_of_one_person_in_one_system():
    made = world(people=2000)
    records = made.records["core"]
    later = has(records["injected"], "duplicate_record")
    assert later.any()
    assert np.isin(records["person"][later], records["person"][~later]).all()


def test_nobody_gets_two_parts():
    dealer = Dealer(np.random.default_rng(1), np.arange(30), 1000)
    dealt = np.concatenate([dealer.deal(0.005, 2).ravel(), dealer.deal(0.002, 6).ravel(), dealer.deal(0.5, 2).ravel()])
    assert len(dealt) == len(set(dealt)) == 30


def organizations():
    made = make_organizations(day(), 600, None)
    size = len(made["name"])
    records = {
        "person": np.arange(size), "name": made["name"].copy(), "document": made["uscc"].copy(),
        "document_type": np.full(size, organization.USCC, dtype=object),
    }  # fmt: skip
    return Batch("credit", records, made, np.random.default_rng(1))


def test_org_code_only_is_part_of_the_uscc():
    made = organizations()
    rows = organization.org_code_only(made, 1.0)
    codes = [number.replace("-", "") for number in made.records["document"][rows]]
    assert codes == [number[8:17] for number in made.true("uscc")]
    assert all(map(is_organization_code, codes))
    assert any("-" in number for number in made.records["document"])


def test_registry_number_only():
    made = organizations()
    rows = organization.registry_number_only(made, 1.0)
    assert all(map(is_registry_number, made.records["document"][rows]))
    assert len(set(made.records["document"])) == len(rows)


def test_org_former_name():
    made = organizations()
    rows = organization.org_former_name(made, 1.0)
    assert list(made.records["name"][rows]) == list(made.true("former_name")[rows])


def test_org_name_variant_writes_the_same_name_otherwise():
    made = organizations()
    rows = organization.org_name_variant(made, 1.0)
    was, now = made.true("name")[rows], made.records["name"][rows]
    assert all(a != b for a, b in zip(was, now, strict=True))
    together = "".join(now)
    assert "(" in together
    assert "（" in together
    assert " 有限" in together
    changed = {(a[-6:], b[-6:]) for a, b in zip(was, now, strict=True)}
    assert any(a == "有限责任公司" and b.endswith("有限公司") for a, b in changed)


def test_branch_company_trap_is_another_registration():
    made = organizations().people
    names, codes = list(made["name"]), list(made["uscc"])
    branches = [text for text in names if text.endswith("分公司")]
    assert branches
    assert all(any(text.startswith(parent) for parent in names if parent != text) for text in branches)
    assert len(set(codes)) == len(codes)
    assert all(map(is_uscc, codes))


def test_same_core_name_trap_differs_in_the_region():
    made = organizations().people
    rows = np.flatnonzero(has(made["injected"], "same_core_name_trap"))
    groups = {}
    for row in rows:
        groups.setdefault(made["trap"][row], []).append(row)
    assert groups
    for first, second in groups.values():
        assert made["core_name"][first] == made["core_name"][second]
        assert made["name"][first] != made["name"][second]


@pytest.mark.parametrize("injector", [*RECORD_INJECTORS, *ORGANIZATION_INJECTORS], ids=lambda i: i.name)
def test_every_injector_is_documented_and_rated(injector):
    assert injector.name in NAMES
    assert injector.change.__doc__
    assert 0 < injector.rate <= 1
    assert injector.sources


def test_every_name_of_the_truth_is_made_by_somebody():
    made_by_function = {injector.name for injector in (*RECORD_INJECTORS, *ORGANIZATION_INJECTORS)}
    elsewhere = {"duplicate_record", "redelivered_file", "late_file", *organization.RATES, *RATES}
    assert made_by_function | elsewhere == set(NAMES)


def test_resident_ids_go_where_a_system_has_no_code_for_the_document():
    made = batch("call")
    assert set(made.records["document_type"]) <= {RESIDENT, NONE}
    assert all(map(is_resident_id, made.records["document"][made.records["document_type"] == RESIDENT]))
