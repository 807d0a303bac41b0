"""Chinese EBCDIC: vectors of real conversions, pictures of copybooks, and whole files."""

import numpy as np
import pytest

from connectors.ebcdic import TABLES, FieldError, decode, decode_numbers, encode
from connectors.pictures import parse_picture
from connectors.readers import open_source
from connectors.registry import load_sources
from tests.ebcdic_tables import make_tables
from tests.source_files import DAY, make_site
from warehouse.errors import SettingsError, SourceError


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("张三", "0E5B6554FC0F"),
        ("ZHANG SAN 张三", "E9C8C1D5C740E2C1D5400E5B6554FC0F"),
        ("ZHANG SAN", "E9C8C1D5C740E2C1D5"),
        ("欧阳娜娜", "0E5357599552C752C70F"),
    ],
)
@pytest.mark.parametrize("page", ["ibm1388", "ibm935"])
def test_known_texts_in_both_code_pages(text, code, page):
    assert encode(text, page).hex().upper() == code
    assert decode(bytes.fromhex(code), page) == text


def test_a_rare_character_is_in_one_code_page_only():
    assert encode("龑", "ibm1388").hex().upper() == "0ECC580F"
    assert decode(bytes.fromhex("0ECC580F"), "ibm1388") == "龑"
    with pytest.raises(UnicodeEncodeError):
        encode("龑", "ibm935")


def test_the_shipped_tables_are_those_of_the_c_library():
    try:
        made = make_tables()
    except LookupError:
        pytest.skip("this machine's C library has no IBM1388 or IBM935")
    with np.load(TABLES) as shipped:
        assert sorted(shipped) == sorted(made)
        assert all((shipped[name] == table).all() for name, table in made.items())


@pytest.mark.parametrize(
    ("picture", "code", "number"),
    [
        ("S9(11)V99 COMP-3", "0000123456789C", "1234567.89"),
        ("S9(11)V99 COMP-3", "0000123456789D", "-1234567.89"),
        ("S9(5)", "F1F2F3F4C5", "12345"),
        ("S9(5)", "F1F2F3F4D5", "-12345"),
        ("9(5)", "F0F0F3F4F5", "345"),
        ("S9(3)V99 PACKED-DECIMAL", "00005D", "-0.05"),
        ("S9(4) COMP-3", "00000D", "0"),
        ("9(3)V99", "4040F1F2F3", "1.23"),
        ("S9(4)V9 SIGN LEADING SEPARATE", "60F0F0F1F2F5", "-12.5"),
        ("S9(3) SIGN IS TRAILING SEPARATE CHARACTER", "F0F4F24E", "42"),
        ("S9(9) COMP", "FFFFFFFE", "-2"),
        ("9(4)V99 BINARY", "00003039", "123.45"),
        ("S9(18) COMP-5", "8000000000000000", "-9223372036854775808"),
        ("S9(29)V99 COMP-3", "1234567890123456789012345678901C", "12345678901234567890123456789.01"),
        ("S9(5) COMP-3", "404040", None),
        ("S9(5) COMP-3", "000000", None),
        ("S9(5)", "4040404040", None),
    ],
)
def test_numbers_as_their_pictures_say(picture, code, number):
    values = np.frombuffer(bytes.fromhex(code), np.uint8).reshape(1, -1)
    assert parse_picture(picture).width == values.shape[1]
    assert decode_numbers(values, parse_picture(picture)).to_pylist() == [number]


@pytest.mark.parametrize(
    ("picture", "code"),
    [
        ("S9(5) COMP-3", "012340"),  # no sign
        ("S9(5) COMP-3", "0A234C"),  # no digit
        ("S9(4) COMP-3", "12345C"),  # more digits than the picture has
        ("S9(5)", "F1F2C3F4C5"),  # a sign in the middle
        ("S9(5)", "F1F240F4FA"),
        ("S9(3) SIGN LEADING SEPARATE", "F1F0F4F2"),
    ],
)
def test_bytes_that_are_no_number_are_refused_by_row(picture, code):
    good = {"S9(5) COMP-3": "12345C", "S9(4) COMP-3": "01234C", "S9(5)": "F1F2F3F4C5"}.get(picture, "4EF0F4F2")
    values = np.frombuffer(bytes.fromhex(good + code), np.uint8).reshape(2, -1)
    with pytest.raises(FieldError) as error:
        decode_numbers(values, parse_picture(picture))
    assert error.value.row == 1


@pytest.mark.parametrize("code", ["0E5B65", "5B650F", "0E5B0F", "0E5B6554FC0E0F", "41", "0E41FF0F", "0E5B405B0F"])
def test_broken_double_byte_runs_are_refused(code):
    with pytest.raises(FieldError):
        decode(bytes.fromhex(code), "ibm1388")


@pytest.mark.parametrize(
    "picture", ["A(5)", "9(40)", "S9(20) COMP", "", "S9(5) COMP-9", "S9 SIGN LEADING SEPARATE COMP"]
)
def test_what_is_no_picture_is_refused(picture):
    with pytest.raises(ValueError, match=r"picture|digits"):
        parse_picture(picture)


PICTURES = {"cust_no": "9(8)", "name": "X(16)", "alias": "N(4)", "balance": "S9(11)V99 COMP-3", "points": "S9(5)"}


def mainframe_site(tmp_path, content, *, rows=None, size=None, pictures=PICTURES):
    columns = [{"name": name, "picture": picture} for name, picture in pictures.items()]
    table = {"mode": "full", "keys": ["cust_no"], "from": "CUST_{date}.EBC", "columns": columns}
    source = {"kind": "ebcdic", "folder": "in", "control": "C_{date}.CTL", "tables": {"customer": table}}
    settings = make_site(tmp_path, {"host": source})
    (settings.home / "in").mkdir(parents=True, exist_ok=True)
    (settings.home / "in" / "CUST_20260302.EBC").write_bytes(content)
    stated = f"CUST_20260302.EBC|{rows or len(content) // 44}|{size or len(content)}\n"
    (settings.home / "in" / "C_20260302.CTL").write_text(stated)
    return settings


def record(number, name, alias, balance, points):
    padded = encode(name, "ibm1388").ljust(16, b"\x40")
    wide = encode(alias, "ibm1388")[1:-1] if alias else b""
    wide += b"\x40\x40" * (4 - len(wide) // 2)
    return encode(number, "ibm1388") + padded + wide + bytes.fromhex(balance) + bytes.fromhex(points)


GOOD = record("00000001", "张三", "小张", "0000123456789C", "F1F2F3F4D5") + record(
    "00000002", "LI NA 李娜", "", "00000000000000", "4040404040"
)


def read(settings):
    with open_source(settings, load_sources(settings)["host"], DAY) as read_table:
        reading = read_table("customer", None)
        return [tuple(row.values()) for batch in reading.batches for row in batch.to_pylist()], reading


def test_a_mainframe_file_lands_as_text(tmp_path):
    rows, reading = read(mainframe_site(tmp_path, GOOD))
    assert rows == [("1", "张三", "小张", "1234567.89", "-12345"), ("2", "LI NA 李娜", None, None, None)]
    assert reading.expected_rows == 2


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda content: content[:50], "line 2: record of 6 bytes instead of 44"),
        (lambda content: content[:-44] + content[-43:] + b"\x40", "record 2, column cust_no: not 9\\(8\\)"),
        (lambda content: content.replace(b"\x0f", b"\x40", 1), "record 1, column name: not X\\(16\\) in ibm1388"),
        (lambda content: content[:36] + b"\xff" + content[37:], "record 1, column balance: not S9"),
    ],
)
def test_a_damaged_mainframe_file_is_named_by_record_and_column(tmp_path, damage, told):
    content = damage(GOOD)
    with pytest.raises(SourceError, match=told) as error:
        read(mainframe_site(tmp_path, content, rows=2))
    assert "张三" not in str(error.value)


def test_a_size_the_control_file_does_not_state_is_refused(tmp_path):
    with pytest.raises(SourceError, match="88 bytes, its control file says 132"):
        read(mainframe_site(tmp_path, GOOD, size=132))


def test_a_wrong_picture_in_the_configuration_is_named(tmp_path):
    settings = mainframe_site(tmp_path, GOOD, pictures={**PICTURES, "points": "Z(5)"})
    with pytest.raises(SettingsError, match=r"host\.yml: .*'z\(5\)' is not a picture"):
        load_sources(settings)
