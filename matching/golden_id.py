"""Golden ids: `G`, nine digits that count up, one check digit. Minted, never derived from content, never reused."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_FORM = re.compile(r"^G[0-9]{10}$")
_DIGITS = 9


def golden_id(number: int) -> str:
    """The id with this running number.

    Raises:
        ValueError: the number has no room in nine digits.
    """
    if not 0 < number < 10**_DIGITS:
        raise ValueError("golden ids count from 1 to 999,999,999")
    digits = f"{number:0{_DIGITS}d}"
    return f"G{digits}{check_digit(digits)}"


def golden_ids(after: int, number: int) -> pa.StringArray:
    """The ids with the next running numbers, as `golden_id` makes them one by one.

    Raises:
        ValueError: a number has no room in nine digits.
    """
    if after + number >= 10**_DIGITS:
        raise ValueError("golden ids count from 1 to 999,999,999")
    numbers = np.arange(after + 1, after + 1 + number, dtype=np.int64)
    product = np.full(number, 10)
    for power in range(_DIGITS - 1, -1, -1):
        product = (product + numbers // 10**power) % 10
        product = np.where(product == 0, 10, product) * 2 % 11
    checked = pa.array(numbers * 10 + (11 - product) % 10).cast(pa.string())
    return pc.binary_join_element_wise("G", pc.utf8_lpad(checked, _DIGITS + 1, "0"), "")


def number_of(identifier: str) -> int:
    """The running number of a golden id; a smaller one is older."""
    return int(identifier[1 : 1 + _DIGITS])


def is_golden_id(text: str) -> bool:
    """Whether form and check digit are right: a typed id with one slip is not."""
    return bool(_FORM.match(text)) and text[-1] == check_digit(text[1:-1])


def check_digit(digits: str) -> str:
    """Check digit of ISO 7064 MOD 11,10: finds every single wrong digit and nearly every swap of neighbours."""
    product = 10
    for digit in digits:
        product = (product + int(digit)) % 10 or 10
        product = product * 2 % 11
    return str((11 - product) % 10)
