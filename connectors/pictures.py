"""COBOL pictures: what a copybook says of a field, as far as files of banks use it.

`X(20)` text, `N(10)` or `G(10)` double-byte text without shifts, `S9(5)` and `9(8)` zoned decimals, `S9(11)V99 COMP-3`
packed decimals, `S9(9) COMP` binary; `SIGN LEADING SEPARATE` and `SIGN TRAILING SEPARATE` for a sign of its own byte.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_USAGE = {
    "": "zoned", "DISPLAY": "zoned", "COMP-3": "packed", "PACKED-DECIMAL": "packed", "COMP": "binary",
    "COMP-4": "binary", "COMP-5": "binary", "BINARY": "binary",
}  # fmt: skip
_NUMBER = re.compile(r"(S?)(9*)(?:V(9*))?(?: (LEADING|TRAILING) SEPARATE)?(?: ([A-Z0-9-]+))?")
_MOST_DIGITS = 31


@dataclass(frozen=True)
class Picture:
    """A field: its form, its length in bytes, and for numbers digits, decimals and where the sign stands."""

    form: Literal["text", "double_byte", "zoned", "packed", "binary"]
    width: int
    digits: int = 0
    scale: int = 0
    signed: bool = False
    sign: Literal["", "LEADING", "TRAILING"] = ""


def parse_picture(text: str) -> Picture:
    """Read a picture clause.

    Raises:
        ValueError: not a picture this project reads.
    """
    clause = re.sub(r"\bPIC(TURE)?\b|\bUSAGE\b|\bIS\b|\bSIGN\b|\bCHARACTER\b|\.$", " ", text.upper())
    clause = re.sub(r"([XNG9])\(([0-9]+)\)", lambda match: match[1] * int(match[2]), " ".join(clause.split()))
    if re.fullmatch("X+", clause):
        return Picture("text", len(clause))
    if re.fullmatch("N+|G+", clause):
        return Picture("double_byte", 2 * len(clause))
    match = _NUMBER.fullmatch(clause)
    if match is None or (match[5] or "") not in _USAGE:
        raise ValueError(f"'{text}' is not a picture like X(20), N(10), S9(5)V99, 9(8) COMP-3 or S9(9) COMP")
    return _number(text, _USAGE[match[5] or ""], match)


def _number(text: str, form: str, match: re.Match[str]) -> Picture:
    scale = len(match[3] or "")
    digits = len(match[2]) + scale
    if not 1 <= digits <= _MOST_DIGITS or (form == "binary" and digits > 18) or (match[4] and form != "zoned"):
        raise ValueError(f"'{text}': 1 to {_MOST_DIGITS} digits (binary 18); a separate sign only without COMP")
    signed = bool(match[1])
    if form == "packed":
        return Picture("packed", digits // 2 + 1, digits, scale, signed)
    if form == "binary":
        return Picture("binary", 2 if digits <= 4 else 4 if digits <= 9 else 8, digits, scale, signed)
    sign: Literal["", "LEADING", "TRAILING"] = "LEADING" if match[4] == "LEADING" else "TRAILING" if match[4] else ""
    return Picture("zoned", digits + bool(sign), digits, scale, signed, sign)
