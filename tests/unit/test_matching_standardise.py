"""Comparison keys of single values: what two spellings of one name, company or address have in common."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest

from matching import plain_values
from matching.characters import is_han, shape, simplified, sound, surname_length
from matching.characters_of import Table
from matching.standardise import KINDS, address, email, keys_of, organization_name, person_name


@pytest.mark.parametrize(
    ("name", "sound_key"),
    [
        ("张三丰", "zhangsanfeng"),
        ("單雄信", "shanxiongxin"),  # traditional; a surname's own reading
        ("曾国藩", "zengguofan"),
        ("仇英", "qiuying"),
        ("尉迟恭", "yuchigong"),  # compound surname
        ("欧阳修", "ouyangxiu"),
        ("吕布", "lvbu"),
        ("欧阳", "ouyang"),  # two characters: 欧 is the surname
        ("阿卜来提·阿卜杜热合曼", "abulaitiabudureheman"),
    ],
)
def test_sound_of_a_name(name, sound_key):
    assert person_name(name)["sound"] == sound_key


def test_traditional_and_simplified_share_a_key_though_the_name_stays():
    assert person_name("陳龍")["key"] == person_name("陈龙")["key"] == "陈龙"


def test_dots_are_kept_in_the_key_and_dropped_in_plain():
    keys = person_name("古丽娜尔·买买提")
    assert keys["key"] == "古丽娜尔·买买提"
    assert keys["plain"] == person_name("古丽娜尔买买提")["plain"]


def test_a_lost_character_leaves_no_exact_key():
    keys = person_name("王?")
    assert "key" not in keys and "sound" not in keys and "latin" not in keys
    assert keys["pattern"] == "王_"
    assert keys["typed"] == "王?"


def test_two_marks_may_be_one_lost_character():
    assert person_name("王??明")["pattern"] == "王%明"


@pytest.mark.parametrize("typed", ["LYU BU", "LV BU", "LU BU", "BU LV", "Lü Bu", "lyubu"])
def test_every_usual_romanisation_meets_the_chinese_name(typed):
    assert set(person_name("吕布")["latin"]) & set(person_name(typed)["latin"])


def test_other_names_do_not_meet():
    assert not set(person_name("吕布")["latin"]) & set(person_name("LIU BEI")["latin"])


def test_latin_names_are_the_same_in_any_order():
    assert person_name("SMITH John")["key"] == person_name("john smith")["key"]


def test_holes_leave_out_one_character_each():
    keys = person_name("王小明")
    assert keys["holes"] == ["?小明", "王?明", "王小?"]
    assert keys["long_holes"] == ["王?明", "王小?"]  # never the surname


def test_two_character_names_have_no_long_holes():
    assert person_name("王明")["long_holes"] is None


@pytest.mark.parametrize(
    ("one", "two", "key"),
    [
        ("襄阳市宏达商贸有限公司", "襄阳市宏达商贸有限责任公司", "core"),
        ("襄阳市宏达商贸有限公司", "宏达(襄阳)商贸有限公司", "letters"),
        ("襄阳市宏达商贸有限公司", "襄阳市宏达商贸 有限公司", "key"),
        ("宏达（襄阳）商贸有限公司", "宏达(襄阳)商贸有限公司", "key"),
        ("Acme Trading Co.", "ACME TRADING CO", "key"),
        ("Acme Trading Co.", "Acme Trading Ltd", "core"),
    ],
)
def test_spellings_of_a_company(one, two, key):
    assert organization_name(one)[key] == organization_name(two)[key]


def test_a_branch_company_has_another_core_than_its_parent():
    assert organization_name("宏达商贸有限公司")["core"] != organization_name("宏达商贸有限公司襄阳分公司")["core"]


def test_a_company_name_with_a_lost_character_has_no_keys():
    assert organization_name("宏?商贸有限公司") == {}


def test_address_numbers_and_words():
    keys = address("人民路171号教师新村12栋2单元2401室")
    assert keys["numbers"] == "171-12-2-2401"
    assert keys["words"] == "人民路教师新村"
    assert address("人民路171号教师新村十栋")["numbers"] == "171"


def test_email_local_part_only_when_it_says_something():
    assert email("zhangsan@163.com")["local"] == "zhangsan"
    assert email("ab@163.com")["local"] is None
    assert email("zhangsan")["local"] is None


def test_characters():
    assert simplified("陳") == "陈" and simplified("A") == "A"
    assert sound("好") == "hao" and sound("A") == "a" and sound("·") == ""
    assert shape("未") == shape("末") and shape("张") != shape("王")
    assert is_han("䶮") and is_han("𫖯") and is_han("\ue816") and not is_han("A")
    assert surname_length("欧阳修") == 2 and surname_length("王伟") == 1 and surname_length("阿·买") == 0


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_derived_tables_have_the_declared_columns(kind):
    made = keys_of(KINDS[kind], pa.array(["王小明", "ACME", "x@y.cn"]), list(KINDS[kind].columns))
    assert {suffix: keys.type for suffix, keys in made.items()} == KINDS[kind].columns
    assert all(len(keys) == 3 for keys in made.values())


def test_a_table_is_asked_by_one_thread_at_a_time():
    """Fields are prepared side by side: a number given twice, or seen before its reading is there, mixes names up."""
    seen: list[str] = []

    def ask(character: str) -> int:
        number = len(seen)
        time.sleep(0.0002)
        seen.append(character)
        return number

    table, codes = Table(ask), np.arange(0x4E00, 0x4E00 + 200, dtype=np.uint32)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: table.of(codes), range(4)))
    assert len(seen) == len(codes)
    for answer in answers:
        assert [seen[number] for number in answer] == [chr(code) for code in codes]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("91110000600037341l", {"key": "91110000600037341L", "valid": "91110000600037341L", "code": "600037341"}),
        ("9111 0000 6000 3734 1L", {"key": "91110000600037341L", "valid": "91110000600037341L", "code": "600037341"}),
        ("91110000600037341M", {"key": "91110000600037341M", "code": None}),
        ("D2143569-X", {"key": "D2143569X", "code": "D2143569X"}),
        ("600037341", {"key": "600037341", "code": "600037341"}),
        ("600037342", {"key": "600037342", "code": None}),
        ("无", {"key": None, "code": None}),
    ],
)
def test_an_organization_code_is_found_alone_and_inside_a_credit_code(text, keys):
    assert plain_values.uscc(text) == keys


@pytest.mark.parametrize(
    "text",
    ["91310115A12345678901234567890-1-1", "1-99999999999999999999-3", f"1 {'9' * 5000} 3", "20261301", "2026-2-30"],
)
def test_long_runs_of_digits_are_no_date(text):
    assert plain_values.calendar_date(text, month_first=False).get("date") is None
