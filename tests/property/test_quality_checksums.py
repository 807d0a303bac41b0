"""Check digits over a whole column agree with the ones worked out number by number."""

import pandas as pd
from hypothesis import example, given
from hypothesis import strategies as st

from masking.checks import is_luhn, is_old_resident_id, is_resident_id, is_uscc
from quality.checksums import holds

DIGITS = "0123456789"
NUMBERS = st.lists(
    st.one_of(
        st.text(DIGITS, min_size=11, max_size=20),
        st.builds("{}{}{:02}{:02}{}{}".format, st.sampled_from(["110105", "440524"]), st.integers(1880, 2030),
                  st.integers(0, 13), st.integers(0, 32), st.text(DIGITS, min_size=3, max_size=3),
                  st.sampled_from("0123456789Xx")),
        st.text("0123456789ABCDEFGHIJKLMNPQRTUWXYZ", min_size=17, max_size=19),
        st.text(max_size=30),
    ),
    min_size=1, max_size=40,
)  # fmt: skip


def _ascii_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _is_resident(text: str) -> bool:
    return text.isascii() and (is_resident_id(text) or (_ascii_digits(text) and is_old_resident_id(text)))


def _is_card(text: str) -> bool:
    return 12 <= len(text) <= 19 and _ascii_digits(text) and is_luhn(text)


@given(NUMBERS)
@example(["11010519491231002X", "110105194912310021", "91350100M000100Y43", "6228480402564890018", "\x00" * 18, ""])
def test_columns_and_single_numbers_agree(numbers):
    column = pd.Series(numbers, dtype="object")
    assert list(holds("resident_id", column)) == [_is_resident(text) for text in numbers]
    assert list(holds("uscc", column)) == [is_uscc(text) for text in numbers]
    assert list(holds("luhn", column)) == [_is_card(text) for text in numbers]


def test_every_last_character_of_a_code_is_tried():
    body = "91350100M000100Y4"
    good = [body + letter for letter in "0123456789ABCDEFGHJKLMNPQRTUWXY"]
    assert sum(holds("uscc", pd.Series(good))) == 1
