"""Check digits of numbers that stand in free text; they tell a real number from one that only looks like it."""

from __future__ import annotations

import datetime as dt

_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def is_date(text: str) -> bool:
    """Whether YYYYMMDD is a day of the calendar."""
    try:
        dt.date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return False
    return True


def is_resident_id(text: str) -> bool:
    """Eighteen characters with a real date and the check digit of GB 11643 (ISO 7064 MOD 11-2)."""
    digits = text.upper()
    if len(digits) != 18 or not digits[:17].isdecimal() or not is_date(digits[6:14]):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, _RESIDENT_WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == digits[17]


def is_old_resident_id(text: str) -> bool:
    """Fifteen digits whose middle is a date of the twentieth century."""
    return len(text) == 15 and text.isdecimal() and is_date("19" + text[6:12])


def is_luhn(text: str) -> bool:
    """Check digit of card numbers (ISO/IEC 7812-1)."""
    total = 0
    for position, digit in enumerate(reversed(text)):
        value = int(digit) * (1 + position % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_uscc(text: str) -> bool:
    """Check character of the unified social credit code (GB 32100-2015, MOD 31)."""
    if len(text) != 18 or any(letter not in _USCC_ALPHABET for letter in text):
        return False
    total = sum(_USCC_ALPHABET.index(letter) * pow(3, place, 31) for place, letter in enumerate(text[:17]))
    return _USCC_ALPHABET[-total % 31] == text[17]
