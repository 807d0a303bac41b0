"""Golden ids: form, check digit, order."""

from __future__ import annotations

import pytest

from matching.golden_id import check_digit, golden_id, golden_ids, is_golden_id, number_of


def test_form_and_order():
    assert golden_id(1) == "G0000000014"
    assert [number_of(golden_id(n)) for n in (1, 42, 999_999_999)] == [1, 42, 999_999_999]
    assert golden_id(9) < golden_id(10) < golden_id(1000)


def test_check_digit_is_that_of_business_registration_numbers():
    assert check_digit("11010800000001") == "6"  # GS 15-2006 uses the same ISO 7064 MOD 11,10


@pytest.mark.parametrize("number", [0, -1, 10**9])
def test_there_is_no_id_outside_nine_digits(number):
    with pytest.raises(ValueError, match="count from 1"):
        golden_id(number)


def test_every_single_wrong_digit_is_found():
    right = golden_id(123_456_789)
    for place in range(1, len(right)):
        for digit in "0123456789":
            wrong = right[:place] + digit + right[place + 1 :]
            assert is_golden_id(wrong) == (wrong == right)


@pytest.mark.parametrize("text", ["", "G", "G000000014", "H0000000014", "G00000000144", "g0000000014", "G000000001４"])
def test_other_texts_are_not_golden_ids(text):
    assert not is_golden_id(text)


def test_many_at_once_are_made_as_one_by_one():
    assert golden_ids(0, 0).to_pylist() == []
    for after in (0, 8, 999, 123_456_789, 10**9 - 101):
        assert golden_ids(after, 100).to_pylist() == [golden_id(after + place) for place in range(1, 101)]
    with pytest.raises(ValueError, match="count from 1"):
        golden_ids(10**9 - 101, 101)
