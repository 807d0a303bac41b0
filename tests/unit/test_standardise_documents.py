"""Documents through the models: which numbers are valid, whom they name, and what is only a warning."""

from __future__ import annotations

import csv
from typing import Any

import pytest

from tests.check_characters import mod_11_2
from tests.standardise import PROJECT, build, connect, seed

COLUMNS = """claim_id varchar, record_id varchar, origin varchar, document_type varchar, document_number varchar,
    valid_from date, valid_to date, handled_date date"""


def read(claims: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """These (type, number) through the document models, in their order."""
    with connect() as con:
        seed(con, "ref_region_code")
        con.execute(f"create table int_party__document_claim ({COLUMNS})")
        con.execute(
            """insert into int_party__document_claim (claim_id, origin, document_type, document_number)
               select position::varchar, 'record', claim[1], claim[2]
               from (select unnest(?) as claim, generate_subscripts(?, 1) as position)""",
            [claims, claims],
        )
        build(con, "int_party__document_written", "int_party__document_standardised")
        result = con.execute("select * from int_party__document_standardised order by claim_id::integer")
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def region_codes() -> list[str]:
    with (PROJECT / "seeds" / "ref_region_code.csv").open(encoding="utf-8") as lines:
        return [row["code"] for row in csv.DictReader(lines)]


def test_every_region_code_that_ever_existed_is_accepted_without_a_warning():
    bodies = [f"{code}19750615{place % 1000:03d}" for place, code in enumerate(region_codes())]
    numbers = [body + mod_11_2(body) for body in bodies]
    rows = read([("resident_id", number) for number in numbers])
    assert len(rows) > 7_000
    assert [row["document_key"] for row in rows] == [f"R:{number}" for number in numbers]
    assert {row["document_warning"] for row in rows} == {None}


def test_every_wrong_check_character_is_rejected():
    bodies = [f"{code}19900{month}28{month}07" for month, code in enumerate(["110105", "440524", "820000"], 1)]
    wrong = [body + check for body in bodies for check in "0123456789X" if check != mod_11_2(body)]
    rows = read([("resident_id", number) for number in wrong])
    assert {(row["document_key"], row["document_issue"]) for row in rows} == {(None, "bad_check_digit")}
    assert len(rows) == 30


@pytest.mark.parametrize(
    "day", ["19990230", "19990229", "19991301", "19990431", "19990000", "19990100", "20261231", "00010000"]
)
def test_impossible_and_future_dates_are_rejected_even_with_a_right_check_character(day):
    body = f"110105{day}001"
    assert read([("resident_id", body + mod_11_2(body))])[0]["document_issue"] == "bad_date"


def test_a_leap_day_is_a_date():
    body = "11010520000229001"
    assert read([("resident_id", body + mod_11_2(body))])[0]["document_is_valid"]


FORMS = {
    ("resident_id", "11010519491231002X"): ("R:11010519491231002X", None, None),
    ("resident_id", "110105 19491231 002x"): ("R:11010519491231002X", None, None),
    ("resident_id", "440524188001010014"): ("R:440524188001010014", None, "implausible_age"),
    ("household_register", "110105491231002"): ("R:11010519491231002X", None, "fifteen_digits"),
    ("residence_permit", "810000199408230021"): ("R:810000199408230021", None, None),
    ("residence_permit", "820000199001010010"): ("R:820000199001010010", None, None),
    ("residence_permit", "830000199201300022"): ("R:830000199201300022", None, None),
    ("foreign_permanent_resident", "931840198506150023"): ("F:931840198506150023", None, None),
    ("foreign_permanent_resident", "USA123456789012"): ("F:USA123456789012", None, None),
    ("resident_id", "110105194912310021"): (None, "bad_check_digit", None),
    ("resident_id", "110105199902300012"): (None, "bad_date", None),
    ("resident_id", "11010519491231"): (None, "bad_format", None),
    ("resident_id", "010105194912310022"): (None, "bad_format", None),
    ("resident_id", "111111111111111111"): (None, "filler", None),
    ("hk_macau_permit", "H1234567802"): ("H:H12345678", None, None),
    ("taiwan_permit", "12345678(B)"): ("T:12345678", None, None),
    ("passport", "EA1234567"): ("P:EA1234567", None, None),
    ("military_id", "军字第12345678号"): ("M:12345678", None, None),
    ("uscc", "91350100M000100Y43"): ("U:91350100M000100Y43", None, None),
    ("uscc", "91310115MA1G4L1WXK"): (None, "bad_check_digit", None),
    ("organization_code", "D2143569-X"): ("O:D2143569X", None, None),
    ("organization_code", "600037342"): (None, "bad_check_digit", None),
    ("registry_number", "110108000000016"): ("G:110108000000016", None, None),
    ("registry_number", "350100M000100Y4"): ("O:M000100Y4", None, None),
    ("UNMAPPED", "123"): (None, "unmapped_type", None),
}


@pytest.mark.parametrize("claim", FORMS)
def test_key_issue_and_warning_of_a_document(claim):
    row = read([claim])[0]
    assert (row["document_key"], row["document_issue"], row["document_warning"]) == FORMS[claim]
    assert row["document_number_raw"] == claim[1]


def test_a_code_that_was_never_listed_is_a_warning_and_no_more():
    body = "69999919900101001"
    row = read([("resident_id", body + mod_11_2(body))])[0]
    assert (row["document_is_valid"], row["document_issue"], row["document_warning"]) == (True, None, "unknown_region")


def test_old_and_new_numbers_of_one_organization_meet_in_its_organization_code():
    numbers = [
        ("uscc", "91350100M000100Y43"),
        ("organization_code", "M000100Y-4"),
        ("registry_number", "350100M000100Y4"),
    ]
    assert [row["organization_code"] for row in read(numbers)] == ["M000100Y4"] * 3
