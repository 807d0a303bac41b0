"""Every way a delivery can be broken, by what the reader says about it; and what it does not say: any value."""

import datetime as dt
import gzip
import json
import sqlite3

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.readers import open_source
from connectors.reading import first_bad_line
from connectors.registry import load_sources
from tests.source_files import (
    CARD_ROWS,
    DAY,
    card,
    columns,
    fixed_lines,
    make_site,
    wealth,
    wealth_day,
    write_fixed,
    write_members,
    write_package,
)
from warehouse.errors import SourceError


def read(settings, source, table, day=DAY, since=None):
    with open_source(settings, load_sources(settings)[source], day) as read_table:
        reading = read_table(table, since)
        rows = [tuple(row.values()) for batch in reading.batches for row in batch.to_pylist()]
    return rows, reading


def refused(settings, source, table, match):
    """The reader refuses with one line that matches and holds none of the test's names and numbers."""
    with pytest.raises(SourceError, match=match) as error:
        read(settings, source, table)
    (line,) = error.value.problems
    assert not [value for value in ("张三", "王小芳", "13812345678", "secret") if value in line]
    return line


@pytest.fixture
def bank(tmp_path):
    return make_site(tmp_path, {"wealth": wealth(), "card": card()})


# packages


def test_a_package_is_read_with_its_counts(bank):
    write_package(bank, DAY, wealth_day())
    rows, reading = read(bank, "wealth", "customer")
    assert rows == [("1", "王小芳", "20260302"), ("2", "买买提·吐尔逊", "20260302")]
    assert (reading.expected_rows, reading.file) == (2, "W_20260302.tar.gz/CUSTOMER_20260302.txt")


def test_empty_fields_are_null_and_rare_characters_survive(bank):
    write_package(bank, DAY, wealth_day(customer=[("1", None, "20260302"), ("2", "𠮷龑䶮", None)]))
    assert read(bank, "wealth", "customer")[0] == [("1", None, "20260302"), ("2", "𠮷龑䶮", None)]


def test_the_second_byte_of_a_character_is_not_a_separator(bank):
    names = [("1", "鮸|鮸", "20260302"), ("2", "|", "x")]  # 鮸 ends with the byte of '|' in GB18030
    assert "鮸".encode("gb18030")[1:] == b"|"
    write_package(bank, DAY, wealth_day(customer=names))
    assert read(bank, "wealth", "customer")[0] == names


def test_a_missing_flag_file_means_late(bank):
    package = write_package(bank, DAY, wealth_day())
    package.with_name(package.name + ".OK").unlink()
    refused(bank, "wealth", "customer", r"\.OK: not there; the delivery of 2026-03-02 is late")


def test_a_flag_file_without_package_means_late(bank):
    write_package(bank, DAY, wealth_day()).unlink()
    refused(bank, "wealth", "customer", r"tar\.gz: not there")


@pytest.mark.parametrize("kept", [0, 40, 150, -200, -5])
def test_a_truncated_package_is_refused(bank, kept):
    package = write_package(bank, DAY, wealth_day(customer=[(str(n), "王小芳", f"{n * 7919}") for n in range(500)]))
    package.write_bytes(package.read_bytes()[:kept])
    refused(bank, "wealth", "customer", "cut short, damaged, or not a .tar.gz")


def test_a_damaged_byte_in_a_package_is_refused(bank):
    package = write_package(bank, DAY, wealth_day(customer=[(str(n), "王小芳", f"{n * 7919}") for n in range(500)]))
    content = bytearray(package.read_bytes())
    content[-6] ^= 1  # in the checksum: only who reads to the end notices
    package.write_bytes(content)
    refused(bank, "wealth", "customer", "cut short, damaged, or not a .tar.gz")


def test_a_package_that_is_no_archive_is_refused(bank):
    write_package(bank, DAY, wealth_day()).write_bytes(gzip.compress(b"secret" * 1000))
    refused(bank, "wealth", "customer", "cut short, damaged, or not a .tar.gz")


def test_a_table_missing_in_the_package_is_named(bank):
    day = wealth_day()
    del day["product"]
    write_package(bank, DAY, day)
    refused(bank, "wealth", "product", "has no row count of PRODUCT_20260302.txt")


def test_a_table_counted_but_not_packed_is_named(bank):
    package = write_package(bank, DAY, wealth_day())
    flag = package.with_name(package.name + ".OK").read_text()
    day = wealth_day()
    del day["product"]
    write_package(bank, DAY, day)
    package.with_name(package.name + ".OK").write_text(flag)
    refused(bank, "wealth", "product", "PRODUCT_20260302.txt is not in it")


def test_a_flag_file_of_another_form_is_refused(bank):
    package = write_package(bank, DAY, wealth_day())
    package.with_name(package.name + ".OK").write_text("secret\n")
    refused(bank, "wealth", "customer", r"line 1: not of the form")


@pytest.mark.parametrize(
    "line",
    [
        "2|+|张三",  # cut short, or a line break in a value
        "2|+|张|+|三|+|20260302",  # a separator in a value
        "2|+|张三|+|20260302|+|",  # a separator at the end
        "",
    ],
)
def test_a_line_with_another_number_of_fields_is_named(bank, line):
    content = f"1|+|王小芳|+|20260302\n{line}\n3|+|李四|+|20260302\n".encode("gb18030")
    write_members(bank, DAY, {"CUSTOMER_20260302.txt": content})
    refused(bank, "wealth", "customer", r"CUSTOMER_20260302.txt, line 2: \d fields instead of 3")


def test_a_last_line_without_line_feed_is_still_a_line(bank):
    write_members(bank, DAY, {"CUSTOMER_20260302.txt": "1|+|王|+|x\n2|+|李|+|y".encode("gb18030")})
    assert len(read(bank, "wealth", "customer")[0]) == 2


def test_bytes_of_another_encoding_are_named_with_their_line(bank):
    lines = [b"1|+|ab|+|x\n", "2|+|王小芳|+|y\n".encode("gb18030"), b"3|+|\xff\xff|+|z\n"]
    write_members(bank, DAY, {"CUSTOMER_20260302.txt": b"".join(lines)})
    refused(bank, "wealth", "customer", "line 3: bytes are not valid gb18030")


def test_a_package_cannot_write_outside_of_its_folder(bank):
    write_members(bank, DAY, {"../CUSTOMER_20260302.txt": b"1|+|a|+|b\n", "CUSTOMER_20260302.txt": b"2|+|a|+|b\n"})
    assert read(bank, "wealth", "customer")[0] == [("2", "a", "b")]
    assert list((bank.home / "tmp").iterdir()) == []


def test_what_a_killed_extraction_left_unpacked_is_gone_after_the_next(bank):
    write_package(bank, DAY, wealth_day())
    with open_source(bank, load_sources(bank)["wealth"], DAY):
        (folder,) = (bank.home / "tmp").iterdir()
    folder.mkdir()
    (folder / "OLD_20260301.txt").write_text("secret")
    read(bank, "wealth", "customer")
    assert not folder.exists()


# fixed width


def test_fixed_width_fields_are_cut_by_bytes_and_unpadded(bank):
    write_fixed(bank, DAY, fixed_lines(CARD_ROWS))
    rows, reading = read(bank, "card", "holder")
    assert rows == [tuple(row) for row in CARD_ROWS]
    assert reading.expected_rows == 3


def test_a_missing_control_file_means_late(bank):
    path = write_fixed(bank, DAY, fixed_lines(CARD_ROWS))
    path.with_name("CARD_20260302.CTL").unlink()
    refused(bank, "card", "holder", r"CARD_20260302.CTL: not there; .* is late")


def test_a_file_the_control_file_does_not_know_is_refused(bank):
    path = write_fixed(bank, DAY, fixed_lines(CARD_ROWS))
    path.with_name("CARD_20260302.CTL").write_text("OTHER.DAT|3|84\n")
    refused(bank, "card", "holder", "has no line for HOLDER_20260302.DAT")


def test_a_file_cut_in_the_middle_of_a_character_is_named_with_its_line(bank):
    content = fixed_lines(CARD_ROWS)
    cut = 28 + 6 + 3  # second record, in the middle of its second Chinese character
    write_fixed(bank, DAY, content[:cut], stated=(3, len(content)))
    refused(bank, "card", "holder", "line 2: record of 9 bytes instead of 27")


def test_a_record_that_lost_a_byte_is_named_with_its_line(bank):
    content = bytearray(fixed_lines(CARD_ROWS))
    del content[28 + 7]
    write_fixed(bank, DAY, bytes(content))
    refused(bank, "card", "holder", "line 2: record of 26 bytes instead of 27")


def test_a_line_break_inside_a_value_is_named_with_its_line(bank):
    content = bytearray(fixed_lines(CARD_ROWS))
    content[56 + 8] = 0x0A
    write_fixed(bank, DAY, bytes(content))
    refused(bank, "card", "holder", "line 3: record of 8 bytes instead of 27")


def test_a_character_cut_at_a_fields_end_is_named_with_line_and_column(bank):
    content = bytearray(fixed_lines(CARD_ROWS))
    content[28 + 14 : 28 + 16] = b" \xd5"  # the name now ends with the first half of a character
    write_fixed(bank, DAY, bytes(content))
    refused(bank, "card", "holder", "line 2, column name_cn: bytes are not valid gb18030")


def test_a_size_that_differs_from_the_control_files_is_refused(bank):
    content = fixed_lines(CARD_ROWS)
    write_fixed(bank, DAY, content, stated=(4, len(content) + 28))
    refused(bank, "card", "holder", "84 bytes, its control file says 112")


# CSV


def csv_site(tmp_path, text, encoding="utf-8-sig", declared="utf-8-sig"):
    table = {"mode": "changed", "keys": ["id"], "from": "contacts_{date}.csv", "columns": columns("id", "name", "note")}
    settings = make_site(
        tmp_path, {"call": {"kind": "csv", "folder": "in", "encoding": declared, "tables": {"contact": table}}}
    )
    (settings.home / "in").mkdir(parents=True, exist_ok=True)
    (settings.home / "in" / "contacts_20260302.csv").write_bytes(text.encode(encoding))
    return settings


def test_csv_with_mark_quotes_line_breaks_and_another_column_order(tmp_path):
    text = 'name,id,extra,note\r\n"张三",1,x,"说:""好""\n再见,谢谢"\r\n李四,2,,\r\n'
    rows, reading = read(csv_site(tmp_path, text), "call", "contact")
    assert rows == [("1", "张三", '说:"好"\n再见,谢谢', "x"), ("2", "李四", None, None)]
    assert reading.new_columns == ["extra"]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "empty, not even a header line"),
        ("id,name\n1,张三\n", "column note is missing"),
        ("id,name,name,note\n1,张三,张三,\n", "column name is there twice"),
        ("id,name,note\n1,张三\n", "line 2: 2 fields instead of 3"),
        ('id,name,note\n1,张三,"secret', "line 2: broken quoting, or the file is cut short"),
    ],
)
def test_broken_csv_is_refused(tmp_path, text, match):
    refused(csv_site(tmp_path, text), "call", "contact", match)


def test_csv_with_empty_lines_and_headers_that_mean_nothing(tmp_path):
    rows, reading = read(csv_site(tmp_path, "id,name,note,x,x,\n1,张三,,a,b,c\n\n"), "call", "contact")
    assert rows == [("1", "张三", None)]
    assert reading.new_columns == []


def test_csv_in_another_encoding_is_named_with_its_line(tmp_path):
    refused(csv_site(tmp_path, "id,name,note\n1,a,b\n2,张三,c\n", "gb18030"), "call", "contact", "line 3: bytes")


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030", "utf-8"])
def test_the_bad_line_is_found_in_every_encoding(tmp_path, encoding):
    good = "id,name,note\n" + "1,上海上,x\n" * 200_000
    bad = {"utf-16": b"\x00\xd8,\x00", "gb18030": b"\xff", "utf-8": "上".encode()[:2]}[encoding]
    path = tmp_path / "t.csv"
    path.write_bytes(good.encode(encoding) + bad + "\n2,b,c\n".encode(encoding.replace("16", "16-le")))
    assert first_bad_line(path, encoding) == 200_002
    path.write_bytes(good.encode(encoding)[:-1] if encoding == "utf-16" else good.encode(encoding) + bad)
    assert first_bad_line(path, encoding) == 200_001 + (encoding != "utf-16")


def test_csv_in_gb18030_by_configuration(tmp_path):
    settings = csv_site(tmp_path, "id,name,note\n1,张三,\n", "gb18030", declared="gb18030")
    assert read(settings, "call", "contact")[0] == [("1", "张三", None)]


# Excel


def excel_site(tmp_path, rows, sheet="客户信息变更"):
    names = [{"name": "serial_no", "from": "流水号"}, {"name": "day", "from": "办理日期"}]
    table = {"mode": "append", "keys": ["serial_no"], "from": "客户信息变更", "columns": names}
    source = {"kind": "excel", "folder": "in", "workbook": "c_{date}.xlsx", "tables": {"change": table}}
    settings = make_site(tmp_path, {"counter": source})
    (settings.home / "in").mkdir(parents=True, exist_ok=True)
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    book.save(settings.home / "in" / "c_20260302.xlsx")
    return settings


def test_excel_headers_become_raw_names_and_cells_text(tmp_path):
    rows = [["流水号", "备注", "办理日期"], ["S1", "x", dt.datetime(2026, 3, 2)], [None, None, None], [17, "", " 3月 "]]
    found, reading = read(excel_site(tmp_path, rows), "counter", "change")
    assert found == [("S1", "2026-03-02", "x"), ("17", "3月", None)]
    assert reading.new_columns == ["备注"]


def test_a_sheet_without_rows_is_an_empty_day(tmp_path):
    assert read(excel_site(tmp_path, [["流水号", "办理日期"]]), "counter", "change")[0] == []


def test_a_missing_sheet_or_header_is_named(tmp_path):
    refused(excel_site(tmp_path / "a", [["流水号"]], sheet="别的"), "counter", "change", "sheet 客户信息变更 is not in")
    refused(excel_site(tmp_path / "b", [["流水号"]]), "counter", "change", "column 办理日期 is missing")


def test_a_truncated_workbook_is_refused(tmp_path):
    settings = excel_site(tmp_path, [["流水号", "办理日期"], ["S1", "x"]])
    path = settings.home / "in" / "c_20260302.xlsx"
    path.write_bytes(path.read_bytes()[:-200])
    refused(settings, "counter", "change", "cut short or not an Excel workbook")


# JSON Lines


def jsonl_site(tmp_path, lines, encoding="utf-8"):
    names = [{"name": "id"}, {"name": "cert_no", "from": "profile.cert.no"}, {"name": "verified", "from": "kyc.face"}]
    table = {"mode": "changed", "keys": ["id"], "from": "users_{date}.jsonl", "columns": [*names, {"name": "detail"}]}
    settings = make_site(tmp_path, {"ebank": {"kind": "jsonl", "folder": "in", "tables": {"user": table}}})
    (settings.home / "in").mkdir(parents=True, exist_ok=True)
    (settings.home / "in" / "users_20260302.jsonl").write_bytes("\n".join(lines).encode(encoding))
    return settings


FULL = {"id": "U1", "profile": {"cert": {"no": "11"}}, "kyc": {"face": True}, "detail": {"a": [1, "甲"]}, "new": 1}


def test_nested_json_becomes_flat_text(tmp_path):
    bare = {"id": 7, "profile": None, "kyc": {}, "detail": None}
    rows, reading = read(jsonl_site(tmp_path, [json.dumps(FULL), "", json.dumps(bare)]), "ebank", "user")
    assert rows == [("U1", "11", "true", '{"a":[1,"甲"]}', "1"), ("7", None, None, None, None)]
    assert reading.new_columns == ["new"]


def test_an_empty_file_is_an_empty_day(tmp_path):
    assert read(jsonl_site(tmp_path, []), "ebank", "user")[0] == []


@pytest.mark.parametrize("line", ['{"id": "secret', '["secret"]', "secret", '{"id": 1} trailing'])
def test_a_line_that_is_no_object_is_named(tmp_path, line):
    refused(jsonl_site(tmp_path, [json.dumps(FULL), line]), "ebank", "user", r"line 2: not a whole JSON object")


def test_a_path_that_no_line_has_is_a_missing_column(tmp_path):
    renamed = {**FULL, "profile": {"certificate": {"no": "11"}}}
    refused(jsonl_site(tmp_path, [json.dumps(renamed)]), "ebank", "user", "column profile.cert.no is missing")


def test_json_in_another_encoding_is_named_with_its_line(tmp_path):
    lines = [json.dumps(FULL), json.dumps(FULL, ensure_ascii=False)]
    refused(jsonl_site(tmp_path, lines, "gb18030"), "ebank", "user", "line 2: bytes are not valid utf-8")


# Parquet


def parquet_site(tmp_path, table):
    names = [{"name": "uscc"}, {"name": "since", "type": "date"}, {"name": "capital", "type": "decimal(18,2)"}]
    source = {"mode": "full", "keys": ["uscc"], "from": "o_{date}.parquet", "columns": names}
    settings = make_site(tmp_path, {"registry": {"kind": "parquet", "folder": "in", "tables": {"o": source}}})
    (settings.home / "in").mkdir(parents=True, exist_ok=True)
    pq.write_table(table, settings.home / "in" / "o_20260302.parquet")
    return settings


GOOD = pa.table({"capital": [1.5, None], "uscc": ["A", "B"], "since": [dt.date(2020, 1, 1), None], "more": [1, 2]})


def test_parquet_columns_take_their_declared_types(tmp_path):
    rows, reading = read(parquet_site(tmp_path, GOOD), "registry", "o")
    assert [tuple(map(str, row)) for row in rows] == [("A", "2020-01-01", "1.50", "1"), ("B", "None", "None", "2")]
    assert reading.new_columns == ["more"]


def test_a_missing_parquet_column_is_named(tmp_path):
    refused(parquet_site(tmp_path, GOOD.drop(["capital"])), "registry", "o", "column capital is missing")


def test_a_retyped_parquet_column_is_named(tmp_path):
    retyped = GOOD.set_column(2, "since", pa.array(["secret", None]))
    refused(parquet_site(tmp_path, retyped), "registry", "o", "column since does not fit its declared type date")


def test_a_truncated_parquet_file_is_refused(tmp_path):
    settings = parquet_site(tmp_path, GOOD)
    path = settings.home / "in" / "o_20260302.parquet"
    path.write_bytes(path.read_bytes()[:-30])
    refused(settings, "registry", "o", "cut short or not a Parquet file")


# SQL (SQLite here; PostgreSQL in tests/integration)


def sqlite_site(tmp_path, *statements):
    names = [{"name": "id", "type": "integer"}, {"name": "name"}, {"name": "amount", "type": "decimal(9,2)"}]
    table = {"mode": "append", "keys": ["id"], "watermark": "day", "columns": [*names, {"name": "day"}]}
    source = {"kind": "sql", "url": "sqlite:///in/credit.db", "tables": {"loan": table}}
    settings = make_site(tmp_path, {"credit": source})
    (settings.home / "in").mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(settings.home / "in" / "credit.db") as con:
        con.execute("create table loan (id integer, name text, amount real, day text, new text)")
        for statement in statements:
            con.execute(statement)
    con.close()
    return settings


ROWS = "insert into loan values (2, '张三', 0.1, '2026-03-02', 'x'), (1, null, 7, '2026-03-01 23:59:59', null)"


def test_sqlite_rows_come_ordered_by_key_in_their_declared_types(tmp_path):
    rows, reading = read(sqlite_site(tmp_path, ROWS), "credit", "loan")
    assert [tuple(map(str, row)) for row in rows] == [
        ("1", "None", "7.00", "2026-03-01 23:59:59", "None"),
        ("2", "张三", "0.10", "2026-03-02", "x"),
    ]
    assert reading.new_columns == ["new"]


def test_an_append_table_gives_what_came_after_the_watermark_up_to_the_day(tmp_path):
    settings = sqlite_site(tmp_path, ROWS)
    assert [row[0] for row in read(settings, "credit", "loan", DAY, dt.date(2026, 3, 1))[0]] == [2]
    assert [row[0] for row in read(settings, "credit", "loan", dt.date(2026, 3, 1))[0]] == [1]


def test_a_dropped_database_is_not_made_anew(tmp_path):
    settings = sqlite_site(tmp_path)
    path = settings.home / "in" / "credit.db"
    path.unlink()
    refused(settings, "credit", "loan", "credit.db: no such database")
    assert not path.exists()


def test_a_file_that_is_no_database_is_refused(tmp_path):
    settings = sqlite_site(tmp_path)
    (settings.home / "in" / "credit.db").write_bytes(b"secret" * 1000)
    refused(settings, "credit", "loan", "not reachable, dropped, or refused")


def test_a_dropped_table_or_column_is_named(tmp_path):
    refused(sqlite_site(tmp_path / "a", "drop table loan"), "credit", "loan", "table loan: no such table")
    missing = sqlite_site(tmp_path / "b", "alter table loan drop column amount")
    refused(missing, "credit", "loan", "table loan: column amount is missing")


def test_a_retyped_database_column_is_named_with_its_rows(tmp_path):
    settings = sqlite_site(tmp_path, "insert into loan values (1, 'a', 'secret', '2026-03-02', null)")
    refused(settings, "credit", "loan", "rows 1 to 1: column amount has values that do not fit")


def test_a_missing_password_file_is_named(tmp_path):
    table = {"mode": "full", "keys": ["id"], "columns": columns("id")}
    source = {
        "kind": "sql",
        "url": "postgresql://u@127.0.0.1:1/x",
        "password_file": "keys/x.pw",
        "tables": {"t": table},
    }
    refused(make_site(tmp_path, {"core": source}), "core", "t", "x.pw: password file not found")
