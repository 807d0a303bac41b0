"""Every level of the shipped models, asked about two literals; what is missing never agrees."""

from __future__ import annotations

import datetime as dt
from functools import cache

import duckdb
import pytest

from matching.model import PARTY_TYPES, MatchModel, load_model
from matching.prepare import prepare
from warehouse.settings import ROOT

NUMBER = "11010519491231002X"
DAY = dt.date(1980, 3, 5)

PERSON = [
    # comparison, level, one side, other side
    ("name", "exact", {"name": "王小明"}, {"name": "王小明"}),
    ("name", "traditional", {"name": "陳龍"}, {"name": "陈龙"}),
    ("name", "dots_removed", {"name": "古丽娜尔·买买提"}, {"name": "古丽娜尔买买提"}),
    ("name", "truncated", {"name": "阿卜来提·阿卜杜热合曼"}, {"name": "阿卜来提·阿卜杜"}),
    ("name", "former", {"name": "王小明", "former_name": "王大山"}, {"name": "王大山"}),
    ("name", "romanised", {"name": "王小明"}, {"name": "WANG XIAOMING"}),
    ("name", "romanised", {"name": "王小明"}, {"name": "XIAOMING WANG"}),
    ("name", "latin_order", {"name": "阿?", "latin_name": "JOHN SMITH"}, {"name": "SMITH JOHN"}),
    ("name", "homophone", {"name": "王小明"}, {"name": "王晓鸣"}),
    ("name", "look_alike", {"name": "王未"}, {"name": "王末"}),
    ("name", "lost_character", {"name": "王?明"}, {"name": "王小明"}),
    ("name", "lost_character", {"name": "王??"}, {"name": "王堃"}),
    ("name", "one_character", {"name": "王小明"}, {"name": "王小刚"}),
    ("name", "different", {"name": "王小明"}, {"name": "李小明"}),  # another surname is another name
    ("name", "different", {"name": "王明"}, {"name": "王刚"}),
    ("name", "different", {"name": "王?"}, {"name": "李伟"}),
    ("name", "different", {"name": "王?"}, {"name": "王小明刚"}),
    ("document", "same", {"document_number": NUMBER, "document_holder": "R:1"}, {"document_holder": "R:1"}),
    ("document", "same", {"document_number": "E1", "document_holder": "P:E9"}, {"document_holder": "P:E9"}),
    ("document", "same_invalid", {"document_number": NUMBER}, {"document_number": NUMBER}),
    ("document", "near", {"document_number": NUMBER}, {"document_number": "11010519491231003X"}),
    ("document", "near", {"document_number": NUMBER}, {"document_number": "11010519491230102X"}),
    ("document", "near", {"document_number": NUMBER}, {"document_number": "1101051949123002X"}),
    ("document", "different", {"document_number": NUMBER}, {"document_number": "110105194912310119"}),
    ("birth_date", "same", {"birth_date": DAY}, {"birth_date": DAY}),
    ("birth_date", "stated", {"birth_date": DAY, "birth_dates": [DAY, dt.date(1980, 3, 6)]},
     {"birth_date": dt.date(1980, 3, 6), "birth_dates": [dt.date(1980, 3, 6)]}),
    ("birth_date", "swapped", {"birth_date": DAY}, {"birth_date": dt.date(1980, 5, 3)}),
    ("birth_date", "near", {"birth_date": DAY}, {"birth_date": dt.date(1980, 3, 15)}),
    ("birth_date", "near", {"birth_date": DAY}, {"birth_date": dt.date(1981, 3, 5)}),
    ("birth_date", "different", {"birth_date": DAY}, {"birth_date": dt.date(1991, 7, 5)}),
    ("sex", "same", {"sex": "M"}, {"sex": "M"}),
    ("sex", "different", {"sex": "M"}, {"sex": "F"}),
    ("mobile", "same", {"mobile": "13812345678"}, {"mobile": "13812345678"}),
    ("mobile", "second", {"mobile": "13812345678", "mobiles": ["13812345678", "13900001111"]},
     {"mobile": "13900001111", "mobiles": ["13900001111"]}),
    ("mobile", "former", {"mobile": "13812345678", "all_mobiles": ["13812345678", "13900001111"]},
     {"mobile": "13900001111", "all_mobiles": ["13900001111"]}),
    ("mobile", "near", {"mobile": "13812345678"}, {"mobile": "13812354678"}),
    ("mobile", "different", {"mobile": "13812345678"}, {"mobile": "18611112222"}),
    ("email", "same", {"email": "zhangsan@163.com"}, {"email": "zhangsan@163.com"}),
    ("email", "local", {"email": "zhangsan@163.com"}, {"email": "zhangsan@qq.com"}),
    ("email", "different", {"email": "zhangsan@163.com"}, {"email": "lisi@163.com"}),
    ("address", "same", {"address_detail": "人民路1号2单元3室"}, {"address_detail": "人民路1号2单元3室"}),
    ("address", "similar", {"address_detail": "人民路1号阳光小区2栋301室"}, {"address_detail": "人民路1号2栋301"}),
    ("address", "former", {"address_detail": "人民路1号", "address": "湖北省襄阳市襄城区人民路1号"},
     {"address_detail": "中山路2号", "address": "中山路2号", "former_addresses": ["湖北省襄阳市襄城区人民路1号"]}),
    ("address", "district", {"address_detail": "人民路1号", "district": "襄城区"},
     {"address_detail": "中山路2号", "district": "襄城区"}),
    ("address", "different", {"address_detail": "人民路1号", "district": "襄城区"},
     {"address_detail": "中山路2号", "district": "樊城区"}),
    ("employer", "same", {"employer": "宏达商贸有限公司"}, {"employer": "宏达商贸有限公司"}),
    ("employer", "similar", {"employer": "襄阳宏达商贸有限公司"}, {"employer": "宏达商贸"}),
    ("employer", "different", {"employer": "宏达商贸有限公司"}, {"employer": "利阳纺织有限公司"}),
    ("spouse", "same_document", {"spouse_name": "李红", "spouse_document_number": "1"},
     {"spouse_name": "李宏", "spouse_document_number": "1"}),
    ("spouse", "same", {"spouse_name": "李红"}, {"spouse_name": "李红"}),
    ("spouse", "different", {"spouse_name": "李红"}, {"spouse_name": "赵敏"}),
]  # fmt: skip

ORGANIZATION = [
    ("name", "exact", {"name": "襄阳宏达商贸有限公司"}, {"name": "襄阳宏达商贸有限公司"}),
    ("name", "former", {"name": "宏达商贸有限公司", "former_name": "利阳纺织有限公司"}, {"name": "利阳纺织有限公司"}),
    ("name", "same_core", {"name": "襄阳宏达商贸有限公司"}, {"name": "襄阳宏达商贸有限责任公司"}),
    ("name", "rearranged", {"name": "襄阳市宏达商贸有限公司"}, {"name": "宏达(襄阳)商贸有限公司"}),
    ("name", "former_core", {"name": "宏达商贸有限公司", "former_name": "利阳纺织有限公司"},
     {"name": "利阳纺织有限责任公司"}),
    ("name", "contained", {"name": "宏达商贸有限公司"}, {"name": "襄阳市宏达商贸有限公司樊城分公司"}),
    ("name", "brand", {"name": "襄阳宏达商贸有限公司", "org_core_name": "宏达"},
     {"name": "荆门宏达物流有限公司", "org_core_name": "宏达"}),
    ("name", "different", {"name": "襄阳宏达商贸有限公司"}, {"name": "荆门利阳纺织有限公司"}),
    ("organization_code", "same", {"organization_code": "600037341"}, {"organization_code": "600037341"}),
    ("organization_code", "near", {"organization_code": "600037341"}, {"organization_code": "600037314"}),
    ("organization_code", "different", {"organization_code": "600037341"}, {"organization_code": "135651935"}),
    ("registry_number", "same", {"registry_number": "110108000000016"}, {"registry_number": "110108000000016"}),
    ("registry_number", "near", {"registry_number": "110108000000016"}, {"registry_number": "110108000000019"}),
    ("registry_number", "different", {"registry_number": "110108000000016"}, {"registry_number": "420624000004607"}),
    ("legal_representative", "same", {"legal_representative_name": "張濤"}, {"legal_representative_name": "张涛"}),
    ("legal_representative", "sound", {"legal_representative_name": "张涛"}, {"legal_representative_name": "张韬"}),
    ("legal_representative", "different", {"legal_representative_name": "张涛"}, {"legal_representative_name": "李涛"}),
    ("phone", "same", {"phone": "0710-3366944"}, {"phone": "0710-3366944"}),
    ("phone", "different", {"phone": "0710-3366944"}, {"phone": "0710-3213388"}),
    ("address", "same", {"address_detail": "人民路1号"}, {"address_detail": "人民路1号"}),
    ("address", "similar", {"address_detail": "清溪镇谢家垱村7组46号"}, {"address_detail": "谢家垱村7组46号"}),
    ("address", "district", {"address_detail": "人民路1号", "district": "襄城区"},
     {"address_detail": "中山路2号", "district": "襄城区"}),
    ("address", "different", {"address_detail": "人民路1号", "district": "襄城区"},
     {"address_detail": "中山路2号", "district": "樊城区"}),
]  # fmt: skip

CASES = [("person", *case) for case in PERSON] + [("organization", *case) for case in ORGANIZATION]
_TYPES = {
    "birth_date": "date", "birth_date_document": "date", "birth_dates": "date[]", "mobiles": "varchar[]",
    "former_mobiles": "varchar[]", "all_mobiles": "varchar[]", "former_addresses": "varchar[]",
}  # fmt: skip


@cache
def model_of(party_type: str) -> MatchModel:
    return load_model(ROOT / "config" / "models" / f"{party_type}.yml")


def levels_of(party_type: str, pairs: list[tuple[dict, dict]]) -> list[dict[str, str | None]]:
    """For each pair the level of every comparison; None where there was nothing to compare."""
    model = model_of(party_type)
    columns = sorted({field.column for field in model.fields.values()})
    described = ", ".join(f"{name} {_TYPES.get(name, 'varchar')}" for name in columns)
    with duckdb.connect() as con:
        con.execute(f"create table party (record_id varchar, {described})")
        for number, pair in enumerate(pairs):
            for side, values in zip("lr", pair, strict=True):
                row = [f"{side}{number:04d}", *(values.get(name) for name in columns)]
                con.execute(f"insert into party values ({', '.join('?' * len(row))})", row)
        prepare(con, model, "party", "prepared")
        con.execute("create table pair as select " + _sides(con))
        reached = ", ".join(_reached(c) for c in model.comparisons)
        rows = con.execute(f"select {reached} from pair order by record_id_l").fetchall()
    return [dict(zip((c.comparison for c in model.comparisons), row, strict=True)) for row in rows]


def levels_reached(party_type: str, left: dict, right: dict) -> dict[str, str | None]:
    return levels_of(party_type, [(left, right)])[0]


@cache
def cases_reached() -> dict[tuple[int, str], dict[str, str | None]]:
    """Every case, its mirror image, and its left side against an empty record; asked at once, for speed."""
    found = {}
    for party_type in PARTY_TYPES:
        numbers = [n for n, case in enumerate(CASES) if case[0] == party_type]
        sides = [filled(party_type, CASES[n][1], *CASES[n][3:]) for n in numbers]
        asked = {"case": sides, "mirror": [(r, left) for left, r in sides], "empty": [(left, {}) for left, _ in sides]}
        for name, pairs in asked.items():
            found |= {(n, name): levels for n, levels in zip(numbers, levels_of(party_type, pairs), strict=True)}
    return found


def _sides(con: duckdb.DuckDBPyConnection) -> str:
    names = [row[0] for row in con.execute("describe prepared").fetchall()]
    return ", ".join(f'{s}."{n}" as "{n}_{s}"' for s in "lr" for n in names) + (
        " from prepared as l join prepared as r on l.record_id[2:] = r.record_id[2:]"
        " where l.record_id[1] = 'l' and r.record_id[1] = 'r'"
    )


def _reached(comparison) -> str:
    cases = [f"when {comparison.absent_sql} then null"]
    cases += [f"when {level.sql} then '{level.level}'" for level in comparison.levels[:-1]]
    return f"case {' '.join(cases)} else '{comparison.levels[-1].level}' end"


def filled(party_type: str, comparison: str, left: dict, right: dict) -> tuple[dict, dict]:
    """Add what the comparison needs besides the values at stake."""
    if (party_type, comparison) == ("person", "document"):
        base = {"document_number": "0" * 18, "document_space": "R"}
        return {**base, **left}, {**base, **right}
    return left, right


NAMES = [f"{n}-{case[1]}-{case[2]}" for n, case in enumerate(CASES)]


@pytest.mark.parametrize("number", range(len(CASES)), ids=NAMES)
def test_level(number):
    _, comparison, level, *_ = CASES[number]
    assert cases_reached()[number, "case"][comparison] == level
    assert cases_reached()[number, "mirror"][comparison] == level, "a comparison does not know left from right"


@pytest.mark.parametrize("party_type", PARTY_TYPES)
def test_every_level_has_a_case(party_type):
    declared = {(c.comparison, level.level) for c in model_of(party_type).comparisons for level in c.levels}
    assert declared == {(case[1], case[2]) for case in CASES if case[0] == party_type}


@pytest.mark.parametrize("party_type", PARTY_TYPES)
def test_two_empty_records_agree_in_nothing(party_type):
    assert set(levels_reached(party_type, {}, {}).values()) == {None}


@pytest.mark.parametrize("number", range(len(CASES)), ids=NAMES)
def test_what_one_side_lacks_is_no_evidence(number):
    assert set(cases_reached()[number, "empty"].values()) == {None}


def test_numbers_of_different_kinds_say_nothing():
    left = {"document_number": "E12345678", "document_space": "P", "document_holder": "P:E12345678"}
    right = {"document_number": NUMBER, "document_space": "R", "document_holder": f"R:{NUMBER}"}
    assert levels_reached("person", left, right)["document"] is None


def test_two_names_with_the_same_lost_character_are_not_the_same_name():
    assert levels_reached("person", {"name": "王?"}, {"name": "王?"})["name"] == "lost_character"
