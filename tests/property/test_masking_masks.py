"""Masks: SQL and Python agree on any text; what they promise holds for any value."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masking.fields import MASKS, mask, token
from tests.mask_macros import sql_mask, sql_token

DATES = ["date_to_decade", "date_to_year"]
NAMES = sorted(set(MASKS) - {"note", *DATES})
STARRED = sorted(set(NAMES) - {"none"})
IDEMPOTENT = ["document", "document_strict", "last_four", "mobile", "card", "account", "email", "text"]

letters = st.sampled_from("张王欧阳娜·ABxyz0123456789-@.北京市海淀区省县路街小社号 \n㐀𫖯")
free = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
values = st.one_of(st.text(alphabet=letters, max_size=30), free)
clear = values.filter(lambda text: len(text) >= 2 and "*" not in text)
APPLY = {name: sql_mask(name) for name in [*NAMES, *DATES]}


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(batch=st.lists(values, max_size=20))
def test_sql_and_python_mask_alike(name, batch):
    assert APPLY[name](batch) == [mask(name, value) for value in batch]


@pytest.mark.parametrize("name", DATES)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(days=st.lists(st.dates(), max_size=20))
def test_dates_are_masked_alike(name, days):
    texts = [day.isoformat() for day in days]
    assert APPLY[name](texts) == [mask(name, text) for text in texts]


@pytest.mark.parametrize("name", STARRED)
@settings(max_examples=50, deadline=None, derandomize=True)
@given(value=clear)
def test_a_masked_value_is_never_the_clear_one(name, value):
    masked = mask(name, value)
    assert masked != value
    assert "*" in masked


@pytest.mark.parametrize("name", IDEMPOTENT)
@settings(max_examples=50, deadline=None, derandomize=True)
@given(value=values)
def test_masking_twice_changes_nothing(name, value):
    assert mask(name, mask(name, value)) == mask(name, value)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(value=st.text(alphabet="0123456789", min_size=11, max_size=30))
def test_numbers_show_at_most_ten_digits_and_keep_their_length(value):
    for name in ("document", "card", "account", "mobile"):
        masked = mask(name, value)
        assert len(masked) == len(value)
        assert sum(letter != "*" for letter in masked) <= 10


@settings(max_examples=50, deadline=None, derandomize=True)
@given(first=st.text(alphabet="张王李", min_size=1, max_size=2), last=st.sampled_from("三四"))
def test_names_of_one_and_two_characters_look_alike(first, last):
    assert len(mask("name", first[:1])) == len(mask("name", first[:1] + last)) == 2


@settings(max_examples=10, deadline=None, derandomize=True)
@given(batch=st.lists(values.filter(bool), min_size=1), key=st.text("0123456789abcdef", min_size=64, max_size=64))
def test_tokens_are_alike_in_sql_and_python_and_hold_no_digit(batch, key):
    made = [token(key, value) for value in batch]
    assert sql_token(key, batch) == made
    assert not any(letter.isdigit() for text in made for letter in text)
