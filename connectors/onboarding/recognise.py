"""What a column holds, told from its values: which share of them has a form. Values are looked at, never kept."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence

from masking.checks import is_luhn, is_old_resident_id, is_resident_id, is_uscc

_MOBILE = re.compile(r"(?:\+?86[- ]?)?1[3-9][0-9]{9}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_LANDLINE = re.compile(r"0[0-9]{2,3}-?[2-9][0-9]{6,7}")
_ORGANIZATION = re.compile(r".*(?:公司|厂|店|合作社|银行|中心|医院|学校|大学|集团|委员会|事务所|经营部|商行)")
_PERSON = re.compile(r"[\u3400-\u9fff〇]{2,4}|[\u3400-\u9fff]{1,10}[·•・][\u3400-\u9fff]{1,10}")
_ADDRESS = re.compile(r"(?=.*[省市区县州盟旗])(?=.*[路街道巷村镇乡号组栋幢]).{6,}")
_ISO = re.compile(r"[0-9]{4}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?(?P<time>[ T][0-9:.]+)?")
_EIGHT = re.compile(r"(?:19|20)[0-9]{6}(?P<time>[0-9]{6})?")
_SIX = re.compile(r"[0-9]{6}(?: [0-9:]+)?")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[+-]?[0-9]*\.?[0-9]+")


def _day(year: int, month: int, day: int) -> bool:
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True


def _short_year(text: str) -> bool:
    return bool(_SIX.fullmatch(text)) and _day(1900 + int(text[:2]), int(text[2:4]), int(text[4:6]))


def _birth_number(text: str) -> bool:
    digits = text.replace("/", "")
    if not re.fullmatch(r"[0-9]{6}(?:[0-9]{3,4})?", digits):
        return False
    month = int(digits[2:4])
    return _day(1900 + int(digits[:2]), month - 50 if month > 50 else month, int(digits[4:6]))


def _long_date(text: str) -> bool:
    match = _ISO.fullmatch(text)
    parts = re.findall(r"[0-9]+", text)[:3] if match else [text[:4], text[4:6], text[6:8]]
    return bool(match or _EIGHT.fullmatch(text)) and _day(*(int(part) for part in parts))


def _has_time(text: str) -> bool:
    match = _ISO.fullmatch(text) or _EIGHT.fullmatch(text)
    return bool(match and match["time"])


def _card(text: str) -> bool:
    digits = text.replace(" ", "")
    return bool(re.fullmatch(r"[3-9][0-9]{12,18}", digits)) and is_luhn(digits) and not is_uscc(digits)


# in the order in which a column is given one: the special before the general
FORMS: dict[str, Callable[[str], bool]] = {
    "resident_id": lambda text: is_resident_id(text) or is_old_resident_id(text),
    "uscc": lambda text: bool(re.search("[A-Z]", text)) and is_uscc(text),
    "mobile": lambda text: bool(_MOBILE.fullmatch(text)),
    "card": _card,
    "email": lambda text: bool(_EMAIL.fullmatch(text)),
    "landline": lambda text: bool(_LANDLINE.fullmatch(text)),
    "organization_name": lambda text: bool(_ORGANIZATION.fullmatch(text)),
    "address": lambda text: bool(_ADDRESS.fullmatch(text)),
    "person_name": lambda text: bool(_PERSON.fullmatch(text)),
    "timestamp": lambda text: _long_date(text) and _has_time(text),
    "date": _long_date,
    "short_year_date": _short_year,
    "birth_number": _birth_number,
    "integer": lambda text: bool(_INTEGER.fullmatch(text)),
    "decimal": lambda text: bool(_DECIMAL.fullmatch(text)),
}
# from this share on a column has the form; sources are dirty, but a form that holds by chance proves nothing
_ENOUGH = {"card": 0.9, "person_name": 0.7, "organization_name": 0.7, "address": 0.6, "integer": 1.0, "decimal": 1.0}
_USUAL = 0.8


def form_of(values: Sequence[str]) -> tuple[str, float]:
    """The form most of the values have, with their share; `text` when none has enough."""
    if not values:
        return "text", 0.0
    for form, holds in FORMS.items():
        share = sum(holds(value) for value in values) / len(values)
        if share >= _ENOUGH.get(form, _USUAL):
            return form, share
    return "text", 1.0
