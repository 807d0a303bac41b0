"""Check characters written another way than the SQL, for tests that make numbers."""

from __future__ import annotations

ORGANIZATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def mod_11_2(body: str) -> str:
    """ISO 7064 MOD 11-2 in its recursive form."""
    product = 0
    for digit in body:
        product = (product + int(digit)) * 2 % 11
    return "0123456789X"[(12 - product) % 11]


def organization_code_check(body: str) -> str:
    """Check character of GB 11714 for eight characters."""
    remainder = (
        sum(ORGANIZATION_ALPHABET.index(c) * w for c, w in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    )
    return {10: "X", 11: "0"}.get(11 - remainder, str(11 - remainder))


def uscc_check(body: str) -> str:
    """Check character of GB 32100-2015 for seventeen characters."""
    total = sum(USCC_ALPHABET.index(c) * pow(3, place, 31) for place, c in enumerate(body))
    return USCC_ALPHABET[-total % 31]


def luhn_check(body: str) -> str:
    """Check digit of ISO/IEC 7812-1."""
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(body))]
    return str(-sum(value // 10 + value % 10 for value in doubled) % 10)
