"""Comparison keys of dates, telephone numbers, codes, amounts and Latin-script addresses of any table."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from functools import cache

from masking.checks import is_uscc
from matching.characters import simplified
from matching.latin_names import latin

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMBERS = re.compile(r"\d+")
_MONTH_WORD = re.compile(r"[a-z]+")
_TIME = re.compile(r"[ t]\d{1,2}:\d\d.*$")
_LONGEST = 4  # digits of a part of a date
_PIVOT = 30  # two-digit years up to this one belong to our century
_NOT_CODE = re.compile(r"[^0-9A-Z]+")
_EXTENSION = re.compile(r"(ext|x|转).*$")
_NORTH_AMERICA = re.compile(r"\s*(\+1|1[^0-9]|1[0-2])")  # 13… to 19… without a sign is a Chinese mobile
_AMOUNT = re.compile(r"[^0-9.+\-eE]")

# words of streets, written in full or short; the short form stands in the keys
_STREET_WORDS = """
street st str; road rd; avenue ave av; lane ln; drive dr drv; court ct crt; place pl; crescent cres cr; boulevard
blvd; terrace tce ter terr; circuit cct circ; close cl; highway hwy; parade pde; square sq; grove gr gve; way wy;
apartment apt appt; unit un; suite ste; building bld bldg; floor fl; north n; south s; east e; west w; saint snt;
mount mt; strasse str; heights hts; parkway pkwy; esplanade esp; number no nr
"""


@cache
def _short_words() -> dict[str, str]:
    found: dict[str, str] = {}
    for group in _STREET_WORDS.split(";"):
        full, short, *others = group.split()
        found |= dict.fromkeys((full, *others), short)
    return found


def calendar_date(text: str, *, month_first: bool) -> dict[str, object]:
    """Keys of a date in any usual writing; a date that does not exist keeps its digits and parts."""
    year, month, day = _date_parts(_TIME.sub("", text.strip().lower()), month_first=month_first)
    if year is None:
        return {}
    try:
        date = dt.date(int(year), int(month or 0), int(day or 0))
    except ValueError:
        date = None
    digits = f"{year}{month}{day}" if month and day else None
    return {"date": date, "digits": digits, "year": year, "month": month, "day": day}


def _date_parts(text: str, *, month_first: bool) -> tuple[str | None, str | None, str | None]:
    numbers = _NUMBERS.findall(text)
    word = next((w[:3] for w in _MONTH_WORD.findall(text) if w[:3] in _MONTHS), None)
    if word:
        return _with_month_word(numbers, _MONTHS.index(word) + 1)
    if len(numbers) == 1 and len(numbers[0]) in (8, 14):
        return numbers[0][:4], numbers[0][4:6], numbers[0][6:8]
    if len(numbers) == 1 and len(numbers[0]) == 4:
        return numbers[0], None, None
    if len(numbers) < 3 or max(map(len, numbers[:3])) > _LONGEST:
        return None, None, None
    one, two, three = numbers[:3]
    if len(one) == 4:
        return one, two.zfill(2), three.zfill(2)
    first, second = (one, two) if month_first else (two, one)
    if int(first) > 12 >= int(second):
        first, second = second, first
    return _century(three), first.zfill(2), second.zfill(2)


def _with_month_word(numbers: list[str], month: int) -> tuple[str | None, str | None, str | None]:
    years = [number for number in numbers if len(number) == 4]
    days = [number for number in numbers if len(number) <= 2]
    if not years and len(days) > 1:
        years = [_century(days.pop())]
    if not years:
        return None, None, None
    return years[0], f"{month:02d}", days[0].zfill(2) if days else None


def _century(year: str) -> str:
    if len(year) != 2:
        return year
    return f"20{year}" if int(year) <= _PIVOT else f"19{year}"


def telephone(text: str) -> dict[str, object]:
    """The digits without country code and extension, and the last seven of them."""
    typed = _EXTENSION.sub("", unicodedata.normalize("NFKC", text).lower())
    digits = "".join(_NUMBERS.findall(typed)).removeprefix("00")
    if len(digits) == 13 and digits.startswith("861"):
        digits = digits[2:]
    if len(digits) == 11 and _NORTH_AMERICA.match(typed):
        digits = digits[1:]
    digits = digits.lstrip("0")
    return {"number": digits, "tail": digits[-7:]} if len(digits) >= 6 else {}


def code(text: str) -> dict[str, object]:
    """Capital letters and digits of an identifier; one of nothing but a repeated sign is a filler and has no key."""
    key = _NOT_CODE.sub("", unicodedata.normalize("NFKC", text).upper())
    return {"key": key} if len(set(key)) > 1 else {}


def document(text: str) -> dict[str, object]:
    """Keys of a document number: the number (15-digit resident ids made 18), its form, and what a valid one implies.

    Source of the rules: GB 11643-1999 (check digit ISO 7064 MOD 11-2, odd sequence male).
    """
    number = str(code(text).get("key") or "")
    if not number:
        return {}
    if re.fullmatch(r"\d{15}", number) and _is_day(f"19{number[6:12]}"):
        number = f"{number[:6]}19{number[6:]}"
        number += _check_digit(number)
    if not re.fullmatch(r"\d{17}[\dX]", number):
        return {"key": number, "form": "C" if number.isdigit() else number[0]}
    if _check_digit(number) != number[17] or not _is_day(number[6:14]):
        return {"key": number, "form": "R"}
    birth = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
    return {"key": number, "form": "R", "valid": number, "birth": birth, "sex": "FM"[int(number[16]) % 2]}


def uscc(text: str) -> dict[str, object]:
    """Keys of a unified social credit code (GB 32100-2015), and the organization code that a valid one holds.

    A bare organization code with the right check character (GB 11714-1997) has that key as well.
    """
    number = str(code(text).get("key") or "")
    if is_uscc(number):
        return {"key": number, "valid": number, "code": number[8:17]}
    return {"key": number or None, "code": number if is_organization_code(number) else None}


def is_organization_code(number: str) -> bool:
    """Eight digits or letters and a check character (GB 11714-1997, MOD 11)."""
    if not re.fullmatch(r"[0-9A-Z]{8}[0-9X]", number):
        return False
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(sign, 36) * weight for sign, weight in zip(number, weights, strict=False))
    return "0X987654321"[total % 11] == number[8]


def _check_digit(number: str) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False)) % 11]


def _is_day(digits: str) -> bool:
    try:
        return dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year >= 1850
    except ValueError:
        return False


def amount(text: str) -> dict[str, object]:
    """The number in a text such as `$ 1,299.00`."""
    try:
        return {"number": float(_AMOUNT.sub("", text.replace(",", "")))}
    except ValueError:
        return {}


def street(text: str) -> dict[str, object]:
    """Keys of a Latin-script address: words in their short forms, the same without gaps, its numbers."""
    words = [_short_words().get(word, word) for word in latin(text).split()]
    numbers = [word for word in words if word[0].isdigit()]
    plain = [word for word in words if not word[0].isdigit()]
    return {
        "key": "".join(words) or None,
        "words": sorted(set(words)) or None,
        "names": "".join(plain) or None,
        "house": numbers[0] if numbers else None,
    }


def free_text(text: str) -> dict[str, object]:
    """Keys of any text: letters and digits, its words, its groups of three letters (two for Chinese)."""
    folded = "".join(map(simplified, unicodedata.normalize("NFKC", text))).lower()
    words = re.findall(r"[0-9a-z]+|[^\W_a-z0-9]+", folded)
    key = "".join(words)
    size = 3 if key.isascii() else 2
    grams = sorted({key[i : i + size] for i in range(max(len(key) - size + 1, 1))}) if key else None
    return {"key": key or None, "words": sorted(set(words)) or None, "grams": grams}
