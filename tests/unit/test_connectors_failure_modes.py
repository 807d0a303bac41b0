"""How files of banks fail, mode by mode, and what survives: a value, a line, the source's other days, or a clear stop.

Modes that end in a stop stand with their readers (test_connectors_readers.py, test_connectors_ebcdic.py), those of
whole days in tests/integration/test_connectors_days.py and test_connectors_extract.py (counts that differ, a full file
suddenly smaller). Here are the modes that do not stop, and the forms of packages and CSV files.
"""

import tarfile

import pytest

from connectors.detect import Dialect, detect_csv, detect_encoding
from connectors.readers import open_source
from connectors.registry import load_sources
from tests.source_files import (
    CARD_ROWS,
    DAY,
    card,
    columns,
    fixed_lines,
    make_site,
    wealth,
    write_fixed,
    write_members,
    write_package,
)
from tests.standardise import apply, column, sql
from warehouse.errors import SourceError

ROWS = [("1", "王小芳", "20260302"), ("2", "买买提·吐尔逊", "20260302")]


def read(settings, source, table):
    with open_source(settings, load_sources(settings)[source], DAY) as read_table:
        reading = read_table(table, None)
        return [tuple(row.values()) for batch in reading.batches for row in batch.to_pylist()]


def customers(settings, text):
    """What survives of the lines of a package's customer table."""
    write_members(settings, DAY, {"CUSTOMER_20260302.txt": text.encode("gb18030")})
    return read(settings, "wealth", "customer")


@pytest.fixture
def bank(tmp_path):
    return make_site(tmp_path, {"wealth": wealth(), "card": card()})


# forms of packages


@pytest.mark.parametrize("separator", ["|+|", "\x01", "\x03", "|", "@!@", ","])
def test_every_separator_banks_use(tmp_path, separator):
    settings = make_site(tmp_path, {"wealth": wealth(separator=separator)})
    write_package(settings, DAY, {"customer": ROWS}, separator=separator)
    assert read(settings, "wealth", "customer") == ROWS


def test_a_character_whose_second_byte_is_the_separator_survives(tmp_path):
    assert "巪".encode("gb18030")[1:] == b"|"
    settings = make_site(tmp_path, {"wealth": wealth(separator="|")})
    write_package(settings, DAY, {"customer": [("1", "巪", "x")]}, separator="|")
    assert read(settings, "wealth", "customer") == [("1", "巪", "x")]


def compressed(content: bytes) -> bytes:
    """What `compress` writes, in its simplest form: single bytes in 9-bit codes, the dictionary cleared in time."""
    clear, codes = 256, []
    for start in range(0, len(content), 247):
        codes += [*content[start : start + 247], clear]
    bits = sum(code << (9 * place) for place, code in enumerate(codes[:-1]))
    return b"\x1f\x9d\x90" + bits.to_bytes((9 * (len(codes) - 1) + 7) // 8, "little")


@pytest.mark.parametrize(("ending", "pack"), [(".tar.Z", compressed), (".tar", bytes)])
def test_packages_of_other_compressions(tmp_path, ending, pack):
    settings = make_site(tmp_path, {"wealth": wealth(package=f"W_{{date}}{ending}")})
    made = write_package(settings, DAY, {"customer": ROWS})
    with tarfile.open(made) as archive, tarfile.open(made.with_suffix(""), "w") as plain:
        for member in archive:
            plain.addfile(member, archive.extractfile(member))
    package = made.with_name(f"W_20260302{ending}")
    package.write_bytes(pack(made.with_suffix("").read_bytes()))
    made.with_name(made.name + ".OK").rename(package.with_name(package.name + ".OK"))
    assert read(settings, "wealth", "customer") == ROWS
    package.write_bytes(b"\x1f\x9d\x90 no package")
    with pytest.raises(SourceError, match=f"cut short, damaged, or not a {ending}"):
        read(settings, "wealth", "customer")


def test_trailing_separators_are_taken_off_where_they_are_declared(tmp_path):
    settings = make_site(tmp_path, {"wealth": wealth(trailing_separator=True)})
    assert customers(settings, "1|+|王|+||+|\n2|+|李|+|x|+|\n") == [("1", "王", None), ("2", "李", "x")]
    with pytest.raises(SourceError, match="line 1: text behind the last separator"):
        customers(settings, "1|+|王|+|x|+|secret\n")


# values


def test_a_carriage_return_ends_a_line_only_at_its_end(bank):
    assert customers(bank, "1|+|王\r小芳|+|x\r\n2|+|李|+|y\r\n") == [("1", "王\r小芳", "x"), ("2", "李", "y")]
    assert customers(bank, "1|+|王|+|x\r\n2|+|李|+|y\r") == [("1", "王", "x"), ("2", "李", "y")]


def test_zero_bytes_become_blanks_that_standardisation_takes_off(bank):
    assert customers(bank, "1|+|王\0芳\0|+|x\n") == [("1", "王 芳 ", "x")]
    assert apply("clean_text", "王 芳 ") == ["王 芳"]


def test_zero_bytes_are_padding_in_fixed_width(bank):
    write_fixed(bank, DAY, b"000001" + "张三".encode("gb18030") + b"\0" * 6 + b"138\0" + b"\0" * 7 + b"\n")
    assert read(bank, "card", "holder") == [("000001", "张三", "138")]


def test_full_width_padding_is_taken_off(bank):
    write_fixed(bank, DAY, fixed_lines([("000001", "张三", None)]))
    assert b"\xa1\xa1" in (bank.home / "in" / "card" / f"HOLDER_{DAY:%Y%m%d}.DAT").read_bytes()
    assert read(bank, "card", "holder") == [("000001", "张三", None)]
    assert customers(bank, "1|+|　张三　|+|x\n") == [("1", "　张三　", "x")]
    assert apply("clean_text", "　张三　") == ["张三"]


def test_words_for_nothing_land_as_they_are_and_become_null(bank):
    words = ["NULL", "(null)", "N/A", "无", "不详", "-"]
    assert [row[1] for row in customers(bank, "".join(f"{n}|+|{word}|+|x\n" for n, word in enumerate(words)))] == words
    assert apply("clean_text", *words) == [None] * len(words)


def test_dates_that_mean_nothing_land_as_they_are_and_become_null(bank):
    dates = ["00000000", "99991231", "18991231", "20230230"]
    assert [row[2] for row in customers(bank, "".join(f"{n}|+|x|+|{day}\n" for n, day in enumerate(dates)))] == dates
    assert apply("to_date", *dates) == [None] * len(dates)


def test_the_code_for_unknown_lands_as_it_is_and_is_no_code_of_ours(bank):
    assert customers(bank, "1|+|X|+|x\n") == [("1", "X", "x")]
    assert column(sql("mapped_code", "value", "null"), ["X"]) == ["UNMAPPED"]


def test_a_last_record_without_line_end_is_a_record(bank):
    content = fixed_lines(CARD_ROWS)
    write_fixed(bank, DAY, content[:-1], stated=(3, len(content) - 1))
    assert read(bank, "card", "holder") == [tuple(row) for row in CARD_ROWS]


@pytest.mark.parametrize(("line_end", "ending"), [("crlf", b"\r\n"), ("none", b"")])
def test_fixed_width_records_with_other_line_ends(tmp_path, line_end, ending):
    settings = make_site(tmp_path, {"card": card() | {"line_end": line_end}})
    content = fixed_lines(CARD_ROWS).replace(b"\n", ending)
    write_fixed(settings, DAY, content, stated=(3, len(content)))
    assert read(settings, "card", "holder") == [tuple(row) for row in CARD_ROWS]
    write_fixed(settings, DAY, content[:40], stated=(3, len(content)))
    with pytest.raises(SourceError, match=r"line 2: record of .* bytes instead of 27"):
        read(settings, "card", "holder")


@pytest.mark.parametrize(
    ("code", "character"),
    [("a1a4", "\u00b7"), ("fe9f", "\u4dae"), ("fe51", "\ue816"), ("8230b731", "\u36c3"), ("fd8c", "\u9f91")],
)
def test_rare_characters_land_as_python_decodes_them(bank, code, character):
    write_fixed(bank, DAY, b"000001" + bytes.fromhex(code).ljust(10) + b" " * 11 + b"\n")
    assert read(bank, "card", "holder") == [("000001", character, None)]


# CSV dialects

PEOPLE = "客户号,姓名,地址\n" + "".join(f"{n},张三丰,浙江省杭州市西湖区文三路{n}号\n" for n in range(9))
TAIWAN = "客戶號,姓名,地址\n" + "".join(f"{n},張學良,臺北市大安區忠孝東路{n}號\n" for n in range(9))


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        (PEOPLE, "utf-8", "utf-8"),
        (PEOPLE, "utf-8-sig", "utf-8-sig"),
        (PEOPLE, "utf-16", "utf-16"),
        (PEOPLE, "utf-16-le", "utf-16-le"),
        (PEOPLE, "utf-16-be", "utf-16-be"),
        (PEOPLE, "gb18030", "gb18030"),
        (PEOPLE + "10,𠮷龑,x\n", "gb18030", "gb18030"),
        (TAIWAN, "big5", "big5"),
        ("a,b\n1,2\n", "ascii", "utf-8"),
        ("", "ascii", "utf-8"),
    ],
)
def test_encodings_are_told_apart(text, encoding, found):
    assert detect_encoding(text.encode(encoding)) == found


@pytest.mark.parametrize("cut", range(1, 7))
def test_a_sample_may_end_inside_a_character(cut):
    assert detect_encoding(PEOPLE.encode("gb18030")[:-cut]) == "gb18030"
    assert detect_encoding(PEOPLE.encode()[:-cut]) == "utf-8"


@pytest.mark.parametrize("separator", [",", "\t", ";", "|", "\x01", "^"])
def test_separators_are_found(tmp_path, separator):
    path = tmp_path / "t.csv"
    lines = [("编号", "姓名", "备注"), ("1", "张三", '"a, b;c|d"'), ("2", "李四", "")]
    path.write_bytes("".join(separator.join(line) + "\n" for line in lines).encode("gb18030"))
    assert detect_csv(path) == Dialect("gb18030", separator)


def test_a_file_that_begins_in_plain_english_is_read_on(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"id,name\n" + b"1,plain\n" * 200_000 + "2,张三\n".encode("gb18030") * 3)
    assert detect_csv(path) == Dialect("gb18030", ",")


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8-sig", "utf-16", "big5"])
def test_csv_lands_whatever_its_dialect_when_that_is_auto(tmp_path, encoding):
    table = {"mode": "full", "keys": ["id"], "from": "c_{date}.csv", "columns": columns("id", "name")}
    source = {"kind": "csv", "folder": "in", "encoding": "auto", "separator": "auto", "tables": {"contact": table}}
    settings = make_site(tmp_path, {"call": source})
    (settings.home / "in").mkdir(parents=True)
    path = settings.home / "in" / "c_20260302.csv"
    path.write_bytes("id;name\n1;張學良\n2;王小明\n".encode(encoding))
    assert read(settings, "call", "contact") == [("1", "張學良"), ("2", "王小明")]
