"""Every parser of standardisation: values come back from any of their spellings, and nothing comes back wrong."""

from __future__ import annotations

import datetime as dt
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.check_characters import (
    ORGANIZATION_ALPHABET,
    USCC_ALPHABET,
    luhn_check,
    mod_11_2,
    organization_code_check,
    uscc_check,
)
from tests.standardise import apply, column, sql

few = settings(max_examples=25, deadline=None, derandomize=True)
blanks = st.sampled_from(["", " ", "-", "　", "\u200b"])


def full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def spaced(text: str, sign: str) -> str:
    return sign.join(text[start : start + 4] for start in range(0, len(text), 4))


@st.composite
def written_numbers(draw, numbers):
    """A number and one of the spellings people give it: with signs, in small letters, in full width."""
    number = draw(numbers)
    text = spaced(number, draw(blanks))
    text = text.lower() if draw(st.booleans()) else text
    return number, full_width(text) if draw(st.booleans()) else text


bodies = st.tuples(
    st.integers(110000, 659999), st.dates(dt.date(1900, 1, 1), dt.date(2026, 3, 1)), st.integers(0, 995)
).map(lambda parts: f"{parts[0]}{parts[1]:%Y%m%d}{parts[2]:03d}")
resident_ids = bodies.map(lambda body: body + mod_11_2(body))


def read_number(values: list[str]) -> list[str]:
    return apply("document_characters", *apply("half_width", *values))


@few
@given(st.lists(written_numbers(resident_ids), min_size=1, max_size=40))
def test_resident_ids_come_back_from_any_spelling(pairs):
    numbers = read_number([text for _, text in pairs])
    assert numbers == [number for number, _ in pairs]
    assert all(apply("resident_id_check_holds", *numbers))
    assert [f"{day:%Y%m%d}" for day in apply("resident_id_birth_date", *numbers)] == [n[6:14] for n in numbers]


@few
@given(st.lists(resident_ids.filter(lambda number: number.startswith("19", 6)), min_size=1, max_size=40))
def test_fifteen_digits_become_the_eighteen_they_came_from(numbers):
    short = [number[:6] + number[8:17] for number in numbers]
    assert apply("resident_id_upgraded", *short) == numbers
    assert apply("resident_id_upgraded", *numbers) == numbers


def codes(alphabet: str) -> st.SearchStrategy[str]:
    """Organization codes of these characters."""
    return st.text(alphabet, min_size=8, max_size=8).map(lambda body: body + organization_code_check(body))


registrars = st.sampled_from(["91", "12", "52", "Y1"])


@few
@given(st.lists(st.tuples(registrars, st.integers(110000, 659999), codes(USCC_ALPHABET)), min_size=1, max_size=40))
def test_the_organization_code_leads_from_tax_numbers_to_unified_codes(parts):
    unified = [f"{kind}{region}{code}" for kind, region, code in parts]
    unified = [body + uscc_check(body) for body in unified]
    assert all(apply("uscc_holds", *unified))
    inside = apply("organization_code_holds", *(number[8:17] for number in unified))
    from_tax = apply("organization_code_of_tax_number", *(number[2:17] for number in unified))
    assert all(inside)
    assert from_tax == [code for _, _, code in parts]


@few
@given(st.lists(written_numbers(codes(ORGANIZATION_ALPHABET)), min_size=1, max_size=40))
def test_organization_codes_come_back_without_their_hyphen(pairs):
    numbers = read_number([text for _, text in pairs])
    assert numbers == [number for number, _ in pairs]
    assert all(apply("organization_code_holds", *numbers))


@few
@given(
    st.lists(st.tuples(st.sampled_from("HM"), st.integers(0, 99999999), st.integers(0, 99)), min_size=1, max_size=40)
)
def test_permits_of_one_holder_have_one_key_for_life(parts):
    holders = [f"{letter}{number:08d}" for letter, number, _ in parts]
    issues = [f"{holder}{renewal:02d}" for holder, (_, _, renewal) in zip(holders, parts, strict=True)]
    assert apply("hk_macau_permit_holder", *holders) == holders == apply("hk_macau_permit_holder", *issues)
    digits = [f"{number:08d}" for _, number, _ in parts]
    assert (
        apply("taiwan_permit_holder", *(f"{d}{r:02d}(B)" for d, (_, _, r) in zip(digits, parts, strict=True))) == digits
    )


passports = st.one_of(
    st.from_regex(r"E[0-9]{8}", fullmatch=True),
    st.from_regex(r"E[A-HJ-NP-Z][0-9]{7}", fullmatch=True),
    st.from_regex(r"G[0-9]{8}", fullmatch=True),
    st.from_regex(r"(?:DE|SE|PE)[0-9]{7}", fullmatch=True),
)


@few
@given(st.lists(written_numbers(passports), min_size=1, max_size=40))
def test_passports_come_back_from_any_spelling(pairs):
    assert apply("passport_number", *read_number([text for _, text in pairs])) == [number for number, _ in pairs]


cards = st.text("0123456789", min_size=12, max_size=18).map(lambda body: body + luhn_check(body))


@few
@given(st.lists(cards, min_size=1, max_size=40), st.integers(1, 9), st.sampled_from([" ", "-", ""]))
def test_cards_hold_and_no_single_wrong_digit_does(numbers, change, sign):
    digits = apply("card_digits", *(spaced(number, sign) for number in numbers))
    assert digits == numbers
    assert all(apply("card_number_holds", *numbers))
    wrong = [number[:5] + str((int(number[5]) + change) % 10) + number[6:] for number in numbers]
    assert not any(apply("card_number_holds", *wrong))


areas = st.sampled_from(["010", "021", "0571", "0710", "0898"])
lines = st.from_regex(r"[2-8][0-9]{6,7}", fullmatch=True).filter(lambda n: not re.search(r"(\d)\1{6}|1234567", n))


@few
@given(st.lists(st.tuples(areas, lines, st.integers(0, 5), st.integers(1, 999)), min_size=1, max_size=40))
def test_landlines_come_back_as_area_and_number(parts):
    forms = ["{a}-{n}", "{a}{n}", "({a}){n}", "{a} {n}", "+86-{b}-{n}", "{a}-{n}-{x}"]
    written = [forms[form].format(a=area, b=area[1:], n=number, x=desk) for area, number, form, desk in parts]
    assert apply("landline", *written) == [f"{area}-{number}" for area, number, _, _ in parts]


addresses = st.from_regex(r"[a-z][a-z0-9_]{4,9}@[a-z0-9]{2,8}[.](?:com|cn|com[.]cn)", fullmatch=True)


@few
@given(st.lists(addresses, min_size=1, max_size=40), st.booleans())
def test_email_addresses_come_back_in_small_letters(values, capitals):
    written = [value.upper() if capitals else value for value in values]
    fillers = apply("email_is_filler", *values)
    expected = [None if filler else value for value, filler in zip(values, fillers, strict=True)]
    assert apply("email_address", *written) == expected


FORMS = ["%Y%m%d", "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M%S"]
SENTINELS = {dt.date(1899, 12, 30), dt.date(1899, 12, 31), dt.date(1900, 1, 1), dt.date(2099, 12, 31)}
known_days = st.dates(dt.date(1800, 1, 1), dt.date(2199, 12, 31)).filter(lambda day: day not in SENTINELS)


@few
@given(st.lists(st.tuples(known_days, st.sampled_from(FORMS), st.booleans()), min_size=1, max_size=60))
def test_dates_come_back_from_any_spelling(parts):
    written = [day.strftime(form) for day, form, _ in parts]
    written = [full_width(text) if wide else text for text, (_, _, wide) in zip(written, parts, strict=True)]
    assert apply("to_date", *written) == [day for day, _, _ in parts]


@few
@given(st.lists(st.text("0123456789", min_size=8, max_size=8), min_size=1, max_size=60))
def test_eight_digits_are_that_day_or_nothing(values):
    def day(text: str) -> dt.date | None:
        try:
            found = dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
        except ValueError:
            return None
        return found if 1800 <= found.year < 2200 and found not in SENTINELS else None

    assert apply("to_date", *values) == [day(value) for value in values]


@few
@given(st.lists(st.text(max_size=12), min_size=1, max_size=60))
def test_any_text_is_a_day_written_in_it_or_nothing(values):
    texts = [value.replace("\x00", "") for value in values]
    for text, day in zip(texts, apply("to_date", *texts), strict=True):
        digits = re.sub(r"\D", "", text)
        assert day is None or str(day.year) in digits or str(day.year) in "".join(str(int(d)) for d in digits)


@few
@given(st.lists(resident_ids, min_size=1, max_size=20))
def test_the_check_of_an_eighteen_character_number_is_one_of_eleven(numbers):
    expression = f"{sql('resident_id_check_holds', 'value')}"
    every = [number[:17] + check for number in numbers for check in "0123456789X"]
    assert sum(column(expression, every)) == len(numbers)
