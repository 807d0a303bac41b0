"""Numbers of documents, organizations and phones: every macro against vectors of its standard."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.standardise import apply

# GB 11643-1999 (its annex examples among them), residence permits of 2018, foreign permanent residents of 2023
RESIDENT_IDS = {
    "11010519491231002X": True,
    "440524188001010014": True,
    "110105194912310021": False,
    "810000199408230021": True,
    "830000199201300022": True,
    "820000199001010010": True,
    "931840198506150023": True,
    "11010519491231002": False,
    "": False,
}


def test_resident_id_check_character():
    assert apply("resident_id_check_holds", *RESIDENT_IDS) == list(RESIDENT_IDS.values())


def test_resident_id_without_value_does_not_hold():
    assert apply("resident_id_check_holds", None) == [False]


def test_date_inside_resident_id_must_exist():
    assert apply("resident_id_birth_date", "11010519491231002X", "110105199902300012") == [dt.date(1949, 12, 31), None]


def test_sex_inside_resident_id():
    assert apply("resident_id_sex", "11010519491231002X", "440524188001010014") == ["F", "M"]


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("110105491231002", "11010519491231002X"),
        ("130503670401001", "130503196704010016"),
        ("440524800101999", "440524188001019991"),  # a centenarian of the time before 1999
        ("11010519491231002X", "11010519491231002X"),
        ("E12345678", "E12345678"),
    ],
)
def test_fifteen_digits_become_eighteen(short, full):
    assert apply("resident_id_upgraded", short) == [full]


@pytest.mark.parametrize(
    "written",
    ["11010519491231002x", "110105 19491231 002X", "110105-19491231-002X", "11010519491231002Х", "11010519491231002*"],
)
def test_signs_of_a_document_number(written):
    assert apply("document_characters", written) == ["11010519491231002X"]


def test_uscc_of_gb_32100():
    numbers = {
        "91350100M000100Y43": True,
        "91110000600037341L": True,
        "91310115MA1G4L1WXK": False,
        "91350100M000100Y4I": False,
        "91350100M000100Y4": False,
    }
    assert apply("uscc_holds", *numbers) == list(numbers.values())


def test_organization_code_of_gb_11714():
    numbers = {"D2143569X": True, "M000100Y4": True, "600037341": True, "600037342": False, "D2143569": False}
    assert apply("organization_code_holds", *numbers) == list(numbers.values())


def test_card_numbers_of_luhn():
    numbers = {
        "6228480402564890018": True,
        "4111111111111111": True,
        "6217000012345678907": True,
        "6225881234567898": True,
        "6225750000001236": True,
        "6222021234567890128": True,
        "6217000000000000000": False,
        "62258812345678981": False,
        "622588123456": False,
    }
    assert apply("card_number_holds", *numbers) == list(numbers.values())
    assert apply("card_digits", "6225 8812-3456 7898") == ["6225881234567898"]


def test_old_tax_number_holds_the_organization_code():
    numbers = {"350100M000100Y4": "M000100Y4", "110000600037341": "600037341", "110000600037342": None}
    assert apply("organization_code_of_tax_number", *numbers) == list(numbers.values())


def test_registration_number_of_gs_15():
    numbers = {"110108000000016": True, "110108000000017": False, "11010800000001": False}
    assert apply("registry_number_holds", *numbers) == list(numbers.values())


def test_permits_name_the_holder_whatever_the_issue():
    assert apply("hk_macau_permit_holder", "H12345678", "H1234567802", "M12345678", "H1234567") == [
        "H12345678", "H12345678", "M12345678", None,
    ]  # fmt: skip
    assert apply("taiwan_permit_holder", "12345678", "1234567802", "12345678(B)", "1234567") == [
        "12345678", "12345678", "12345678", None,
    ]  # fmt: skip


def test_passports_officers_cards_and_the_foreign_card_of_2017():
    assert apply("passport_number", "E12345678", "EA1234567", "ABCDEFG", "E1") == ["E12345678", "EA1234567", None, None]
    assert apply("military_digits", "军字第12345678号", "武字第1234567号", "军字第号") == ["12345678", "1234567", None]
    assert apply("foreign_resident_number", "USA123456789012", "US123456789012") == ["USA123456789012", None]


def test_fillers_of_document_fields():
    values = {"111111111111111": True, "000000": True, "123456789012345678": True, "110105491231002": False}
    assert apply("document_is_filler", *values) == list(values.values())


@pytest.mark.parametrize(
    "written", ["13812345679", "+8613812345679", "008613812345679", "8613812345679", "013812345679", "138 1234-5679/x"]
)
def test_mobile_of_many_spellings(written):
    digits = apply("phone_digits", written)
    assert apply("mobile_national", *digits) == ["13812345679"]


def test_mobile_format_and_fillers():
    assert apply("mobile_holds", "13812345679", "12812345679", "1381234567", None) == [True, False, False, False]
    assert apply("mobile_is_filler", "13800000000", "11111111111", "13800138000", "13912345670") == [
        True, True, True, False,
    ]  # fmt: skip


def test_landlines():
    written = {
        "0571-88886666": "0571-88886666",
        "(010)66668888": "010-66668888",
        "0571 8888 6666": "0571-88886666",
        "0571-88886666-801": "0571-88886666",
        "+86-571-88886666": "0571-88886666",
        "0086(0571)88886666": "0571-88886666",
        "86123456": "86123456",
        "66668888": "66668888",
        "4008001234": "4008001234",
        "000000": None,
        "0571-88888888": None,
        "13812345679": None,
    }
    assert apply("landline", *written) == list(written.values())


def test_email_addresses():
    written = {"Zhang.San@163.com": "zhang.san@163.com", "test@163.com": None, "zhangsan": None, "a@b": None}
    assert apply("email_address", *written) == list(written.values())
