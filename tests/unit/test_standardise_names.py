"""Names of people and organizations through the models: what becomes of each spelling, and its reason code."""

from __future__ import annotations

from typing import Any

import pytest

from tests.standardise import build, connect, region_models

# as written → name, issue, former name, second holder
PEOPLE: dict[str, tuple[str | None, str | None, str | None, str | None]] = {
    # the vectors of the standard spelling of minority names, and blanks and widths
    "阿卜来提•如则托合提": ("阿卜来提·如则托合提", None, None, None),
    "阿卜来提.如则托合提": ("阿卜来提·如则托合提", None, None, None),
    "阿卜来提・如则托合提": ("阿卜来提·如则托合提", None, None, None),
    "阿卜来提．如则托合提": ("阿卜来提·如则托合提", None, None, None),
    "阿卜来提 · 如则托合提": ("阿卜来提·如则托合提", None, None, None),
    "阿卜来提⋅如则托合提·": ("阿卜来提·如则托合提", None, None, None),
    " 张　三 ": ("张三", None, None, None),
    "ＺＨＡＮＧ　ＳＡＮ": ("ZHANG SAN", None, None, None),
    "zhang  san": ("ZHANG SAN", None, None, None),
    "⼩明": ("小明", None, None, None),
    # rare characters stay, private ones are mapped or lost, lost ones are wildcards
    "𫖯𬱖": ("𫖯𬱖", None, None, None),
    "李䶮": ("李䶮", None, None, None),
    "王\ue816": ("王\U00020087", "private_use", None, None),
    "王\ue000": ("王?", "lost_character", None, None),
    "李□国": ("李?国", "lost_character", None, None),
    "李＊国": ("李?国", "lost_character", None, None),
    "李\ufffd国": ("李?国", "lost_character", None, None),
    "李?国先生": ("李?国", "lost_character", None, None),
    # titles
    "李建国先生": ("李建国", "title_removed", None, None),
    "李建国老板": ("李建国", "title_removed", None, None),
    "王芳老板娘": ("王芳", "title_removed", None, None),
    "欧阳锋老师": ("欧阳锋", "title_removed", None, None),
    "李建国总经理": ("李建国", "title_removed", None, None),
    "李建国主任": ("李建国", "title_removed", None, None),
    "李先生": ("李先生", None, None, None),
    "于总": ("于总", None, None, None),
    "MR ZHANG SAN": ("ZHANG SAN", None, None, None),
    # aliases, former names, account suffixes
    "李建国（小李）": ("李建国", "alias_removed", None, None),
    "李建国(曾用名李卫东)": ("李建国", "alias_removed", "李卫东", None),
    "李建国原名李卫东": ("李建国", "alias_removed", "李卫东", None),
    "李建国（李明代）": ("李建国", "alias_removed", None, None),
    "李建国（已故": ("李建国", "alias_removed", None, None),
    "李建国-养老": ("李建国", "suffix_removed", None, None),
    "李建国1": ("李建国", "suffix_removed", None, None),
    "李建国户主": ("李建国", "suffix_removed", None, None),
    # two holders
    "李建国/王芳": ("李建国", "joint_names", None, "王芳"),
    "李建国、王芳": ("李建国", "joint_names", None, "王芳"),
    "李建国和王芳": ("李建国", "joint_names", None, "王芳"),
    "李建国＆王芳": ("李建国", "joint_names", None, "王芳"),
    "李和平": ("李和平", None, None, None),
    "张与之": ("张与之", None, None, None),
    # fillers
    "测试客户": (None, "filler", None, None),
    "无名氏": (None, "filler", None, None),
    "1111111": (None, "filler", None, None),
    "某某": (None, "filler", None, None),
    "先生": (None, "filler", None, None),
    "???": (None, "filler", None, None),
    # Latin letters
    "Lü, Bu": ("LU BU", None, None, None),
    "O'Neill-Smith": ("O'NEILL-SMITH", None, None, None),
    "ZHANG/SANFENG": ("ZHANG SANFENG", None, None, None),
}

# as written → name, region, own name, trade, form, issue, former name
COMPANIES: dict[str, tuple[str | None, ...]] = {
    "湖北汇泰食品有限公司": ("湖北汇泰食品有限公司", "湖北省", "汇泰", "食品", "有限公司", None, None),
    "汇泰（湖北）食品有限公司": ("汇泰(湖北)食品有限公司", "湖北省", "汇泰", "食品", "有限公司", None, None),
    "武汉市长虹网络科技股份有限公司": (
        "武汉市长虹网络科技股份有限公司", "湖北省武汉市", "长虹", "网络科技", "股份有限公司", None, None,
    ),
    "襄樊市樊城区兴隆粮油经营部": (
        "襄樊市樊城区兴隆粮油经营部", "湖北省襄阳市樊城区", "兴隆", "粮油", "经营部", None, None,
    ),
    "兴隆（集团）有限公司": ("兴隆集团有限公司", None, "兴隆", None, "集团有限公司", None, None),
    "兴隆投资管理合伙企业（有限合伙）": (
        "兴隆投资管理合伙企业(有限合伙)", None, "兴隆", "投资管理", "合伙企业(有限合伙)", None, None,
    ),
    "兴隆 粮油 有限责任公司": ("兴隆粮油有限责任公司", None, "兴隆", "粮油", "有限责任公司", None, None),
    "兴□粮油有限公司": ("兴?粮油有限公司", None, "兴?", "粮油", "有限公司", "lost_character", None),
    "兴隆粮油有限公司（原枣阳粮油公司）": (
        "兴隆粮油有限公司", None, "兴隆", "粮油", "有限公司", "alias_removed", "枣阳粮油公司",
    ),
    "兴隆粮油有限公司枣阳分公司": (
        "兴隆粮油有限公司枣阳分公司", None, "兴隆粮油有限公司枣阳", None, "分公司", None, None,
    ),
    "测试公司": (None, None, None, None, None, "filler", None),
}  # fmt: skip


def _read(con: Any, table: str, columns: str) -> dict[str, tuple[Any, ...]]:
    return {row[0]: row[1:] for row in con.execute(f"select name_raw, {columns} from {table}").fetchall()}


@pytest.fixture(scope="module")
def names() -> dict[str, tuple[Any, ...]]:
    with connect() as con:
        region_models(con)
        con.execute(
            """create table int_party__source_record (
                   record_id varchar, party_type varchar, name varchar, latin_name varchar, former_name varchar)"""
        )
        insert = "insert into int_party__source_record select name, ?, name, null, null from unnest(?) as t(name)"
        con.execute(insert, ["person", list(PEOPLE)])
        con.execute(insert, ["organization", list(COMPANIES)])
        build(con, "int_party__person_name", "int_party__organization_name")
        people = _read(con, "int_party__person_name", "name, name_issue, former_name, joint_name")
        columns = "name, org_region, org_brand, org_industry, org_form, name_issue, former_name"
        return people | _read(con, "int_party__organization_name", columns)


@pytest.mark.parametrize("written", PEOPLE)
def test_name_of_a_person(names, written):
    assert names[written] == PEOPLE[written]


@pytest.mark.parametrize("written", COMPANIES)
def test_name_of_an_organization(names, written):
    assert names[written] == COMPANIES[written]
