"""Check digits and phone numbers against short references written another way than the SQL."""

from __future__ import annotations

import datetime as dt
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.standardise import apply, column, sql

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CODE_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
few = settings(max_examples=25, deadline=None, derandomize=True)


def mod_11_2(body: str) -> str:
    """ISO 7064 MOD 11-2 in its recursive form."""
    product = 0
    for digit in body:
        product = (product + int(digit)) * 2 % 11
    return "0123456789X"[(12 - product) % 11]


def resident_id_is_valid(number: str) -> bool:
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number) or mod_11_2(number[:17]) != number[17]:
        return False
    try:
        dt.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return True


days = st.dates(dt.date(1880, 1, 1), dt.date(2026, 3, 2))


@st.composite
def resident_ids(draw):
    """Mostly right numbers; some with one character changed or cut."""
    body = f"{draw(st.integers(100000, 999999))}{draw(days):%Y%m%d}{draw(st.integers(0, 999)):03d}"
    number = body + mod_11_2(body)
    position = draw(st.integers(0, 40))
    if position < 18:
        number = number[:position] + draw(st.sampled_from("0123456789X")) + number[position + 1 :]
    return number[: draw(st.sampled_from([18, 18, 18, 17]))]


@few
@given(st.lists(resident_ids(), min_size=1, max_size=60))
def test_resident_ids(numbers):
    expression = f"{sql('resident_id_check_holds', 'value')} and {sql('resident_id_birth_date', 'value')} is not null"
    assert column(expression, numbers) == [resident_id_is_valid(number) for number in numbers]


@few
@given(st.lists(st.tuples(st.integers(100000, 699999), days, st.integers(0, 999)), min_size=1, max_size=60))
def test_upgraded_numbers_hold_and_keep_their_digits(parts):
    short = [f"{region}{day:%y%m%d}{sequence:03d}" for region, day, sequence in parts]
    full = apply("resident_id_upgraded", *short)
    assert all(mod_11_2(number[:17]) == number[17] for number in full)
    assert [number[:6] + number[8:17] for number in full] == short
    assert [number[6:8] for number in full] == ["18" if number[12:] >= "996" else "19" for number in short]


def uscc_is_valid(number: str) -> bool:
    if not re.fullmatch(f"[{USCC_ALPHABET}]{{2}}[0-9]{{6}}[{USCC_ALPHABET}]{{10}}", number):
        return False
    return (
        sum(USCC_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(number[:17] + "0")) % 31
        == (31 - USCC_ALPHABET.index(number[17])) % 31
    )


uscc_parts = st.tuples(
    st.text(USCC_ALPHABET, min_size=2, max_size=2),
    st.integers(0, 999999),
    st.text(USCC_ALPHABET, min_size=9, max_size=9),
)


@few
@given(st.lists(uscc_parts, min_size=1, max_size=20))
def test_usccs_have_exactly_one_check_character(parts):
    bodies = [f"{kind}{region:06d}{code}" for kind, region, code in parts]
    numbers = [body + check for body in bodies for check in CODE_ALPHABET]
    assert apply("uscc_holds", *numbers) == [uscc_is_valid(number) for number in numbers]
    assert sum(apply("uscc_holds", *numbers)) == len(bodies)


def organization_code_check(body: str) -> str:
    remainder = sum(CODE_ALPHABET.index(c) * w for c, w in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    return {10: "X", 11: "0"}.get(11 - remainder, str(11 - remainder))


@few
@given(st.lists(st.text(CODE_ALPHABET, min_size=8, max_size=8), min_size=1, max_size=20))
def test_organization_codes(bodies):
    numbers = [body + check for body in bodies for check in "0123456789X"]
    assert apply("organization_code_holds", *numbers) == [
        number[8] == organization_code_check(number[:8]) for number in numbers
    ]


@few
@given(st.lists(st.integers(0, 10**14 - 1), min_size=1, max_size=20))
def test_registration_numbers_have_exactly_one_check_digit(bodies):
    numbers = [f"{body:014d}{check}" for body in bodies for check in range(10)]
    held = apply("registry_number_holds", *numbers)
    assert [sum(held[start : start + 10]) for start in range(0, len(numbers), 10)] == [1] * len(bodies)


mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
prefixes = st.sampled_from(["", "0", "86", "+86", "0086", "+86-", "86 ", "+86（"])
separators = st.sampled_from(["", " ", "-", "．", "　"])


@few
@given(st.lists(st.tuples(mobiles, prefixes, separators), min_size=1, max_size=60))
def test_mobiles_of_all_spellings_come_back(parts):
    written = [f"{prefix}{number[:3]}{sign}{number[3:7]}{sign}{number[7:]}" for number, prefix, sign in parts]
    digits = apply("phone_digits", *apply("clean_code", *written))
    assert apply("mobile_national", *digits) == [number for number, _, _ in parts]


@few
@given(st.lists(st.text(max_size=20), min_size=1, max_size=40))
def test_mobile_format_never_accepts_anything_else(values):
    texts = [value.replace("\x00", "") for value in values]
    digits = apply("phone_digits", *texts)
    assert apply("mobile_holds", *digits) == [
        bool(value and re.fullmatch(r"1[3-9][0-9]{9}", value)) for value in digits
    ]


names = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=15)


@few
@given(st.lists(names, min_size=1, max_size=40))
def test_standardising_a_name_again_changes_nothing(values):
    def standardised(raw):
        return apply("person_name_signs", *apply("compatible_form", *raw))

    once = standardised(values)
    assert standardised(once) == once
