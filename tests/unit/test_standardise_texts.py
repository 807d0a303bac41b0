"""Typing of source columns, names and addresses: each rule with the spellings it is for."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from tests.standardise import FILES, MACROS, apply, column, sql

FILLERS = [
    "",
    "  ",
    "　",
    "NULL",
    "(null)",
    "N/A",
    "无",
    " 不详 ",
    "-",
    "--",
    "\\N",
    "@N",
    "null",
    "n/a",
    "<NA>",
    "#N/A",
    "未填",
    "没有",
    "未提供",
    "暂无",
    "??",
    "/",
]
SENTINELS = ["00000000", "0000-00-00", "99999999", "99991231", "9999-12-31", "18991231", "18991230", "19000101"]
IMPOSSIBLE = ["20230230", "20230229", "20261301", "20260001", "1990年闰2月30日", "二〇二〇年一月一日", "0202-03-02"]
NO_DATES = ["45000", "2023", "10000-01-01", "infinity", "-infinity", "epoch", "now", "无", "x", None]


def test_every_macro_file_of_this_room_is_under_test():
    others = ("golden_", "mask_", "generate_schema_name")
    assert sorted(path.stem for path in MACROS.glob("*.sql") if not path.stem.startswith(others)) == sorted(FILES)


@pytest.mark.parametrize("filler", FILLERS)
def test_fillers_are_null(filler):
    assert apply("clean_text", filler) == [None]
    assert apply("clean_code", filler) == [None]


def test_blanks_of_all_kinds_go_from_both_ends():
    assert apply("clean_text", "\ufeff 张三　\t\n", "a\x00", "张 三") == ["张三", "a", "张 三"]


def test_codes_are_in_half_width():
    assert apply("clean_code", "１２３ＡＢ", "　12　", "（0571）") == ["123AB", "12", "(0571)"]


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-02",
        "2026-3-2",
        "20260302",
        "2026/03/02",
        "2026年3月2日",
        "2026.03.02",
        "2026-03-02 08:09:10",
        " 20260302 ",
        "２０２６０３０２",
        "20260302 08:09:10",
    ],
)
def test_dates_of_many_spellings(written):
    assert apply("to_date", written) == [dt.date(2026, 3, 2)]


@pytest.mark.parametrize("sentinel", SENTINELS + IMPOSSIBLE + NO_DATES)
def test_sentinels_and_impossible_dates_are_null(sentinel):
    assert apply("to_date", sentinel) == [None]


def test_typed_columns_pass_unchanged():
    day, moment = dt.date(2026, 3, 2), dt.datetime(2026, 3, 2, 8, 9, 10)
    assert column(sql("to_date", "value"), [day], "date") == [day]
    assert column(sql("to_timestamp", "value"), [moment], "timestamp") == [moment]
    assert column(sql("to_decimal", "value"), [Decimal("12.30")], "decimal(18, 2)") == [Decimal("12.30")]


def test_times():
    moment = dt.datetime(2026, 3, 2, 8, 9, 10)
    assert apply("to_timestamp", "2026-03-02 08:09:10", "2026-03-02T08:09:10", "20260302080910") == [moment] * 3
    assert apply("to_timestamp", "20260302") == [dt.datetime(2026, 3, 2)]


def test_amounts():
    assert apply("to_decimal", "1,234.5", "-3", "x") == [Decimal("1234.50"), Decimal("-3.00"), None]
    assert apply("implied_decimal", "0000000012345", "-00000000012345", "x") == [
        Decimal("123.45"), Decimal("-123.45"), None,
    ]  # fmt: skip


def test_booleans_and_numbers():
    assert apply("to_boolean", "Y", "n", "true", "0", "是", "X") == [True, False, True, False, True, None]
    assert apply("to_integer", "3", " 3 ", "x") == [3, 3, None]
    assert apply("to_rate", "0.0435", "x") == [Decimal("0.043500"), None]


def test_unknown_codes_stay_visible():
    assert column(sql("mapped_code", "value", "null"), ["77", None]) == ["UNMAPPED", None]
    assert column(sql("mapped_code", "value", "'M'"), ["1"]) == ["M"]


def test_compatible_form_of_characters():
    assert apply("compatible_form", "（ＡＢ）　１", "⼩明", "龟", "张三") == ["(AB) 1", "小明", "龟", "张三"]


def test_all_private_use_codes_of_gb_18030_2005_get_their_assigned_character():
    pairs = {"\ue81e": "\u9fb4", "\ue816": "\U00020087", "\ue855": "\U000241fe", "\ue864": "\u9fbb", "\ue78d": "\ufe10"}
    assert apply("compatible_form", *pairs) == list(pairs.values())


@pytest.mark.parametrize("dot", ["•", "・", "‧", "∙", "⋅", "●", ".", "。", "｡", "･", " · ", "··"])
def test_one_middle_dot(dot):
    assert apply("person_name_signs", f"阿卜来提{dot}如则托合提") == ["阿卜来提·如则托合提"]


def test_blanks_and_lost_characters_in_names():
    assert apply("person_name_signs", "张 三", "王□", "李*", "赵\ufffd", "孙\ue000", "张三") == [
        "张三", "王?", "李?", "赵?", "孙?", "张三",
    ]  # fmt: skip


def test_latin_names():
    assert apply("latin_name", "zhang  san", "ZHANG/SANFENG", "MR ZHANG SAN", "Lü Bu", "张") == [
        "ZHANG SAN", "ZHANG SANFENG", "ZHANG SAN", "LU BU", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("macro", "written", "kept"),
    [
        ("without_title", "李建国先生", "李建国"),
        ("without_title", "李先生", "李先生"),
        ("without_title", "李建国经理", "李建国"),
        ("without_title", "于总", "于总"),
        ("without_title", "欧阳锋老师", "欧阳锋"),
        ("without_suffix", "李建国1", "李建国"),
        ("without_suffix", "李建国-养老", "李建国"),
        ("without_suffix", "李建国户主", "李建国"),
        ("without_suffix", "王之子", "王之子"),
        ("without_alias", "李建国(小)", "李建国"),
        ("without_alias", "李建国(王芳代)", "李建国"),
        ("without_alias", "李建国(曾用", "李建国"),
        ("told_former_name", "李建国(曾用名李卫东)", "李卫东"),
        ("told_former_name", "李建国", None),
    ],
)
def test_what_does_not_belong_to_a_name(macro, written, kept):
    assert apply(macro, written) == [kept]


def test_fillers_of_name_fields():
    values = {
        "测试客户": True,
        "TEST01": True,
        "某某": True,
        "??": True,
        "无名": True,
        "张三": False,
        "ZHANG SAN": False,
    }
    assert apply("person_name_is_filler", *values) == list(values.values())


def test_parts_of_organization_names():
    names = {
        "兴隆粮油股份有限公司": "股份有限公司",
        "兴隆(有限合伙)": "(有限合伙)",
        "兴隆集团有限公司": "集团有限公司",
        "兴隆": None,
    }
    assert apply("organization_form", *names) == list(names.values())
    assert apply("organization_name_without_form", "兴隆粮油股份有限公司", "兴隆") == ["兴隆粮油", "兴隆"]
    assert apply("organization_name_signs", "兴隆【上海】 Abc") == ["兴隆(上海)ABC"]
    assert apply("organization_name_is_filler", "测试", "兴隆") == [True, False]


def test_details_of_addresses():
    details = {
        "长虹路12号阳光小区3幢2单元501室(老)": "长虹路12号阳光小区3栋2单元501室",
        "中山路3号楼2门301": "中山路3栋2单元301室",
        "双河镇三桥村3小组4号": "双河镇三桥村3组4号",
    }
    assert apply("address_detail", *details) == list(details.values())
    assert apply("address_signs", "春熙路 12#，") == ["春熙路12号"]


def test_numerals_before_a_unit():
    written = {
        "三组": "3组",
        "十二栋": "12栋",
        "二十三号": "23号",
        "二十号": "20号",
        "一〇二室": "102室",
        "三桥村": "三桥村",
    }
    assert apply("address_numerals", *written) == list(written.values())


def test_a_street_named_after_a_place():
    assert apply("continues_place_name", "路12号", "北路", "王城镇") == [True, True, False]


def test_short_names_of_regions():
    assert apply("province_short", "广西壮族自治区", "湖北省", "北京市") == ["广西", "湖北", "北京"]
    assert apply("city_short", "恩施土家族苗族自治州", "喀什地区", "襄阳市") == ["恩施", "喀什", "襄阳"]
    assert apply("district_short", "浦东新区", "枣阳市", "城区", "长阳土家族自治县") == [
        "浦东", "枣阳", "城区", "长阳",
    ]  # fmt: skip


def test_other_names_of_autonomous_regions():
    names = {
        "长阳土家族自治县": "长阳县",
        "文山壮族苗族自治州": "文山州",
        "广西壮族自治区": "广西省",
        "鄂伦春自治旗": "鄂伦春自治旗",
        "枣阳市": None,
    }
    assert apply("region_alias", *names) == list(names.values())


def test_content_hash_tells_null_from_empty_and_column_from_column():
    hashes = column(sql("content_hash", ["value", "'x'"]), ["a", "", None, "a"])
    assert hashes[0] == hashes[3]
    assert len(set(hashes)) == 3
    assert column(sql("content_hash", ["'x'", "value"]), ["a"]) != hashes[:1]
