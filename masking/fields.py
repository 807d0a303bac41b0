"""Masks of single values, by name as `config/policy.yml` uses them.

The same masks stand in SQL (`dbt_project/macros/mask_*.sql`); a property test holds both equal. Python's serve the
steward's page, the command line and free text; SQL's serve the published tables. The digits shown follow the market's
convention (JR/T 0171-2020 Annex A leaves them to the bank): see docs/policy.md.

No mask shows a value of two or more characters as it is. Those for mobiles, cards, accounts, e-mails and numbers give
their own result when applied again. Patterns are kept to what DuckDB's RE2 and Python's `re` read alike.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

ADDRESS = (
    r"^((?:[^0-9]{2,8}?(?:省|自治区|特别行政区))?"
    r"(?:[^0-9省路街村镇乡号]{1,9}?(?:市|自治州|盟|地区))?"
    r"(?:[^0-9市路街村镇乡号巷弄]{0,7}?[^0-9市路街村镇乡号巷弄小社园校厂](?:区|县|旗)"
    r"|[^0-9市路街村镇乡号巷弄]{1,7}?[^0-9市路街村镇乡号巷弄超]市)?)"
)
LANDLINE = r"(010|02[0-9]|0[3-9][0-9]{2})-?([0-9*]{3,4})([0-9]{4})(?:-[0-9]+)?"
EMAIL = r"([^@])[^@]*@([^@]+)"
_FOREIGN_NAME = r"[·A-Za-z]"


def _stars(count: int) -> str:
    return "*" * max(count, 0)


def _keep(value: str, first: int, last: int) -> str:
    """First and last characters stay, the length too."""
    return value[:first] + _stars(len(value) - first - last) + value[len(value) - last :]


def mask_name(value: str) -> str:
    """张三丰 → **丰; with a middle dot or Latin letters the first character stays: 阿卜来提·… → 阿****….

    A name of one character becomes as long as one of two, so that length tells nothing.
    """
    if len(value) < 2:
        return "**"
    return _keep(value, 1, 0) if re.search(_FOREIGN_NAME, value) else _keep(value, 0, 1)


def mask_organization(value: str) -> str:
    """杭州示范科技有限公司 → 杭州****有限公司: where it is and what form it has, not its trade name."""
    if len(value) < 4:
        return _stars(4)
    return _keep(value, 2, 4) if len(value) >= 8 else _keep(value, 0, 2)


def mask_document(value: str) -> str:
    """11010519491231002X → 110105********002X (6+4); shorter documents keep one and two."""
    if len(value) < 8:
        return _stars(max(len(value), 4))
    return _keep(value, 6, 4) if len(value) >= 15 else _keep(value, 1, 2)


def mask_document_strict(value: str) -> str:
    """11010519491231002X → 1****************X (1+1)."""
    return _keep(value, 1, 1) if len(value) >= 8 else _stars(max(len(value), 4))


def mask_last_four(value: str) -> str:
    """91350100M000100Y43 → **************0Y43."""
    return _keep(value, 0, 4) if len(value) >= 8 else _stars(max(len(value), 4))


def mask_mobile(value: str) -> str:
    """13812345678 → 138****5678; Taiwan 2+3, Hong Kong and Macau 2+2."""
    if len(value) >= 11:
        return _keep(value, 3, 4)
    if len(value) >= 8:
        return _keep(value, 2, 3 if len(value) > 8 else 2)
    return _stars(max(len(value), 4))


def mask_phone(value: str) -> str:
    """0571-88886666 → 0571-****6666; an extension is dropped; what is no landline is masked like a mobile."""
    if landline := re.fullmatch(LANDLINE, value):
        return f"{landline[1]}-{_stars(len(landline[2]))}{landline[3]}"
    return mask_mobile(value)


def mask_card(value: str) -> str:
    """6228480402564890018 → 622848*********0018 (6+4, the most that PCI DSS allows)."""
    return _keep(value, 6, 4) if len(value) >= 15 else mask_last_four(value)


def mask_account(value: str) -> str:
    """Account numbers of 12 or more characters keep four and four."""
    return _keep(value, 4, 4) if len(value) >= 12 else mask_last_four(value)


def mask_email(value: str) -> str:
    """zhangsan@163.com → z***@163.com."""
    found = re.fullmatch(EMAIL, value)
    return f"{found[1]}***@{found[2]}" if found else "***"


def mask_address(value: str) -> str:
    """北京市海淀区中关村大街1号 → 北京市海淀区********: down to the district, then always eight stars."""
    found = re.search(ADDRESS, value)
    return (found[1] if found else "") + _stars(8)


def mask_text(value: str) -> str:
    """Nothing stays, not even the length."""
    return "***"


def mask_date_to_year(value: str) -> str:
    """2031-05-06 → 2031."""
    return value[:4]


def mask_date_to_decade(value: str) -> str:
    """1985-06-15 → 1980s."""
    return f"{value[:3]}0s"


def mask_none(value: str) -> str:
    """As it is."""
    return value


MASKS: dict[str, Callable[[str], str]] = {
    "none": mask_none,
    "name": mask_name,
    "organization": mask_organization,
    "document": mask_document,
    "document_strict": mask_document_strict,
    "last_four": mask_last_four,
    "mobile": mask_mobile,
    "phone": mask_phone,
    "card": mask_card,
    "account": mask_account,
    "email": mask_email,
    "address": mask_address,
    "text": mask_text,
    "date_to_year": mask_date_to_year,
    "date_to_decade": mask_date_to_decade,
    "note": mask_text,  # a note that was not masked as free text is not shown at all
}
_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def token(key: str, value: str) -> str:
    """A name for a value that only the holder of the key can link to it: 20 letters a-p, 80 bits.

    Letters only, so that no run of digits in it is taken for a phone or card number.
    """
    return hashlib.sha256(f"{key}:{value}".encode()).hexdigest()[:20].translate(_LETTERS)


def mask(name: str, value: str | None) -> str | None:
    """Mask a value by the mask's name; nothing and the empty text stay what they are.

    Raises:
        KeyError: no such mask, or `token`, which needs a key.
    """
    return MASKS[name](value) if value else value
