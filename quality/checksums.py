"""Check digits of whole columns at once (numpy over bytes); a property test holds them equal to `masking.checks`.

A text of another length or with other characters does not hold; whoever wants null to pass takes nulls out first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Numbers = np.ndarray[Any, np.dtype[np.int32]]
Holds = np.ndarray[Any, np.dtype[np.bool_]]

_RESIDENT_WEIGHTS = np.array([2 ** (17 - place) % 11 for place in range(17)], dtype=np.int32)
_RESIDENT_CHECK = np.frombuffer(b"10X98765432", np.uint8)
_USCC_ALPHABET = b"0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_VALUE = np.full(256, -1, dtype=np.int32)
_USCC_VALUE[list(_USCC_ALPHABET)] = np.arange(31)
_USCC_WEIGHTS = np.array([pow(3, place, 31) for place in range(17)], dtype=np.int32)
_LONGEST_CARD = 24


def resident_id(texts: Bytes, lengths: Numbers) -> Holds:
    """GB 11643: 18 characters with a date and ISO 7064 MOD 11-2, or the old 15 digits with a date of 19YY."""
    digits = _digits(texts)
    whole = (lengths == 18) & (digits[:, :17] >= 0).all(axis=1) & _is_date(digits[:, 6:14])
    total = (np.where(digits[:, :17] < 0, 0, digits[:, :17]) * _RESIDENT_WEIGHTS).sum(axis=1)
    last = np.where(texts[:, 17] == ord("x"), ord("X"), texts[:, 17])
    old_date = np.concatenate([np.full((len(digits), 1), 1), np.full((len(digits), 1), 9), digits[:, 6:12]], axis=1)
    old = (lengths == 15) & (digits[:, :15] >= 0).all(axis=1) & _is_date(old_date)
    return whole & (_RESIDENT_CHECK[total % 11] == last) | old


def uscc(texts: Bytes, lengths: Numbers) -> Holds:
    """GB 32100: 18 characters of its alphabet of 31, MOD 31."""
    values = _USCC_VALUE[texts[:, :18]]
    total = (values[:, :17] * _USCC_WEIGHTS).sum(axis=1)
    return (lengths == 18) & (values >= 0).all(axis=1) & ((31 - total % 31) % 31 == values[:, 17])


def luhn(texts: Bytes, lengths: Numbers) -> Holds:
    """ISO/IEC 7812-1: 12 to 19 digits, the last of them the check digit."""
    places = np.arange(texts.shape[1])
    inside = places < lengths[:, None]
    digits = np.where(inside, _digits(texts), 0)
    doubled = ((lengths[:, None] - 1 - places) % 2 == 1) & inside
    value = np.where(doubled, digits * 2 - 9 * (digits > 4), digits)
    return (lengths >= 12) & (lengths <= 19) & (digits >= 0).all(axis=1) & (value.sum(axis=1) % 10 == 0)


SCHEMES: dict[str, Callable[[Bytes, Numbers], Holds]] = {"resident_id": resident_id, "uscc": uscc, "luhn": luhn}
_CHUNK = 100_000  # rows at a time: the number of bytes at once stays small however long the column is


def holds(scheme: str, column: pd.Series[Any]) -> Holds:
    """Which texts of a column (no nulls in it) carry a check digit that holds."""
    parts = [_holds(scheme, column.iloc[at : at + _CHUNK]) for at in range(0, len(column), _CHUNK)]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=bool)


def _holds(scheme: str, column: pd.Series[Any]) -> Holds:
    texts = pa.array(column.astype("str"), pa.large_string(), from_pandas=False)
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    _, ends, content = texts.buffers()
    places = np.frombuffer(ends, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(content, np.uint8) if content is not None else np.zeros(0, np.uint8)
    lengths = np.diff(places).astype(np.int32)
    at = places[:-1, None] + np.arange(_LONGEST_CARD)
    inside = np.arange(_LONGEST_CARD) < lengths[:, None]
    # a text cut off here is refused by its length; zero, behind its end, is no character of a number
    return SCHEMES[scheme](
        np.where(inside, data[np.minimum(at, max(len(data) - 1, 0))] if len(data) else 0, 0), lengths
    )


def _digits(texts: Bytes) -> Numbers:
    digits = texts.astype(np.int32) - ord("0")
    return np.where((digits < 0) | (digits > 9), -1, digits)


def _is_date(digits: Numbers) -> Holds:
    """Whether YYYYMMDD is a day of the calendar."""
    year = digits[:, 0] * 1000 + digits[:, 1] * 100 + digits[:, 2] * 10 + digits[:, 3]
    month, day = digits[:, 4] * 10 + digits[:, 5], digits[:, 6] * 10 + digits[:, 7]
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    longest = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])[np.clip(month, 0, 12)]
    longest = longest + ((month == 2) & leap)
    return (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= longest)
