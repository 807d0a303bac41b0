"""The forms of the masks, one by one (domain: masking forms of the Chinese market)."""

import datetime as dt

import duckdb
import pytest

from masking.checks import is_luhn, is_old_resident_id, is_resident_id, is_uscc
from masking.fields import MASKS, mask, token
from tests.mask_macros import sql_mask, sql_token

FORMS = [
    ("name", "张三", "*三"),
    ("name", "张三丰", "**丰"),
    ("name", "欧阳娜娜", "***娜"),
    ("name", "阿卜来提·如则托合提", "阿*********"),
    ("name", "ZHANG SAN", "Z********"),
    ("name", "张", "**"),
    ("name", "𫖯𬱖", "*𬱖"),
    ("document", "11010519491231002X", "110105********002X"),
    ("document", "110105491231002", "110105*****1002"),
    ("document", "H12345678", "H******78"),
    ("document", "E123", "****"),
    ("document_strict", "11010519491231002X", "1****************X"),
    ("last_four", "91350100M000100Y43", "**************0Y43"),
    ("mobile", "13812345678", "138****5678"),
    ("mobile", "90123485", "90****85"),
    ("mobile", "901234856", "90****856"),
    ("mobile", "110", "****"),
    ("phone", "0571-88886666", "0571-****6666"),
    ("phone", "01088886666", "010-****6666"),
    ("phone", "0571-88886666-8001", "0571-****6666"),
    ("phone", "13812345678", "138****5678"),
    ("card", "6228480402564890018", "622848*********0018"),
    ("card", "6225881234567898", "622588******7898"),
    ("account", "6217000012345678907", "6217***********8907"),
    ("account", "12345678", "****5678"),
    ("email", "zhangsan@163.com", "z***@163.com"),
    ("email", "z@163.com", "z***@163.com"),
    ("email", "nobody", "***"),
    ("address", "北京市海淀区中关村大街1号", "北京市海淀区********"),
    ("address", "浙江省杭州市西湖区文三路20号", "浙江省杭州市西湖区********"),
    ("address", "浙江杭州西湖区文三路20号", "浙江杭州西湖区********"),
    ("address", "内蒙古自治区呼和浩特市新城区海拉尔东街", "内蒙古自治区呼和浩特市新城区********"),
    ("address", "浙江省杭州市建德市新安江街道", "浙江省杭州市建德市********"),
    ("address", "杭州市阳光小区3幢", "杭州市********"),
    ("address", "文三路20号", "********"),
    ("organization", "杭州示范科技有限公司", "杭州****有限公司"),
    ("organization", "示范大学", "**大学"),
    ("organization", "联社", "****"),
    ("text", "任何内容", "***"),
    ("date_to_year", "2031-05-06", "2031"),
    ("date_to_decade", "1985-06-15", "1980s"),
    ("none", "杭州", "杭州"),
]


@pytest.mark.parametrize(("name", "clear", "masked"), FORMS)
def test_the_form_of_a_mask_in_python_and_sql(name, clear, masked):
    assert mask(name, clear) == masked
    assert sql_mask(name)([clear]) == [masked]


@pytest.mark.parametrize("name", sorted(set(MASKS) - {"note"}))
def test_nothing_stays_nothing(name):
    assert mask(name, None) is None
    assert sql_mask(name)([None]) == [None]


def test_dates_are_masked_as_dates_in_sql():
    with duckdb.connect() as con:
        query = sql_mask("date_to_decade")
        assert query([str(con.execute("select date '1985-06-15'").fetchone()[0])]) == ["1980s"]
    assert mask("date_to_decade", dt.date(1985, 6, 15).isoformat()) == "1980s"


def test_a_token_needs_its_key_and_holds_no_digit():
    first, other = token("a" * 64, "6217000012345678907"), token("b" * 64, "6217000012345678907")
    assert first != other
    assert len(first) == 20
    assert set(first) <= set("abcdefghijklmnop")
    assert sql_token("a" * 64, ["6217000012345678907"]) == [first]


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014", "810000199408230021"])
def test_valid_resident_ids(number):
    assert is_resident_id(number)


@pytest.mark.parametrize("number", ["110105194912310021", "110105199902300012", "1101051949123100", "abc"])
def test_invalid_resident_ids(number):
    assert not is_resident_id(number)


def test_old_resident_ids_need_a_date():
    assert is_old_resident_id("110105491231002")
    assert not is_old_resident_id("110105491331002")


def test_card_and_organization_numbers():
    assert is_luhn("6228480402564890018")
    assert not is_luhn("6217000000000000000")
    assert is_uscc("91350100M000100Y43")
    assert is_uscc("91110000600037341L")
    assert not is_uscc("91310115MA1G4L1WXK")
