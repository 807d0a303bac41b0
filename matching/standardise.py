"""Comparison keys: what two spellings of one value have in common.

A field's *kind* says which keys are made of it. Keys are made once per distinct value in Python, ordinary values all at
once (`matching.many_values`), and put beside the records by place (`matching.prepare`). A value with a lost character
has no exact key: what is lost cannot agree.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa

from matching import many_values, plain_values
from matching.characters import (
    DOT,
    LOST,
    is_han,
    shape,
    simplified,
    sound,
    surname_length,
    surname_readings,
)
from matching.latin_names import full_names, generation, latin, name_words, word_sound

Keys = dict[str, object]

# longest first; what is left when they are cut off the end of a company's name is its distinctive part
_COMPANY_WORDS = """
股份有限公司 有限责任公司 集团股份有限公司 集团有限公司 有限公司 股份公司 总公司 集团 公司 合伙企业 有限合伙 普通合伙
特殊普通合伙 事务所 合作社 专业合作社 经营部 商行 个体工商户 厂 店
inc llc ltd limited corp corporation co company gmbh ag plc
"""
_COMPANY_FORMS = sorted(_COMPANY_WORDS.split(), key=len, reverse=True)
_REGION_WORDS = str.maketrans("", "", "省市县区")
_NOT_LETTERS = re.compile(r"[^0-9a-z\u3400-\u9fff\ue000-\ufaff\U00020000-\U0003ffff]+")
_HOUSE_WORDS = re.compile(f"[{many_values.HOUSE_WORDS}]+")
_NUMERAL = re.compile(f"[〇{many_values.NUMERALS}](?=[{many_values.NUMBERED}])")
_DIGITS = re.compile(r"\d+")
_MAIL = re.compile(r"([\w.+\-']+)@([\w\-]+(?:\.[\w\-]+)*)")
_AT_ONCE = 50_000  # values
_CHINESE_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")


@dataclass(frozen=True)
class Kind:
    """How keys are made of one kind of value; `columns` are suffixes with their Arrow types.

    `derive` makes the keys of one value; `many`, where there is one, those of all ordinary values at once.
    """

    columns: dict[str, pa.DataType]
    derive: Callable[[str], Keys]
    many: many_values.Many | None = None


def person_name(name: str) -> Keys:
    """Keys of a person's name in Chinese or Latin script."""
    words = unicodedata.normalize("NFKC", name).replace("\u30fb", DOT).strip()
    key = "".join(map(simplified, words))
    if any(map(is_han, key)):
        return _chinese_name(key)
    return _latin_name(key)


def _chinese_name(key: str) -> Keys:
    plain = key.replace(DOT, "").replace(" ", "")
    if LOST in plain:
        return _damaged_name(plain)
    cut = surname_length(key)
    given = "".join(map(sound, key[cut:]))
    readings = surname_readings(key[:cut]) if cut else ("",)
    return {
        "key": key,
        "typed": plain,
        "plain": plain,
        "sound": readings[0] + given,
        "latin": _romanised(readings, given),
        "shape": "".join(map(shape, plain)),
        "holes": [plain[:i] + LOST + plain[i + 1 :] for i in range(len(plain))] if len(plain) > 1 else None,
        "long_holes": [plain[:i] + LOST + plain[i + 1 :] for i in range(1, len(plain))] if len(plain) > 2 else None,
        "surname": key[0],
        "is_latin": False,
    }


def _damaged_name(plain: str) -> Keys:
    """Keys of a name with lost characters; two marks may stand for the two bytes of one character."""
    return {
        "typed": plain,
        "pattern": re.sub(r"\?{2,}", "%", plain).replace(LOST, "_"),
        "holes": [plain] if plain.count(LOST) == 1 else None,
        "surname": plain[0] if plain[0] != LOST else None,
        "is_latin": False,
    }


def _romanised(readings: Iterable[str], given: str) -> list[str]:
    """Every usual romanisation of a Chinese name, joined: 吕 is LV on cards, LYU in passports, LU elsewhere."""
    forms = {reading + given for reading in readings}
    for typed in ("yu", "u"):
        forms |= {re.sub(r"(?<=[ln])v", typed, form) for form in tuple(forms)}
    return sorted(forms)


def _latin_name(key: str) -> Keys:
    tokens = _NOT_LETTERS.sub(" ", key.lower().replace("ü", "v")).split()
    if not tokens or LOST in key:
        return {"is_latin": True}
    return {
        "key": " ".join(sorted(tokens)),
        "typed": " ".join(tokens),
        "plain": " ".join(tokens),
        "latin": sorted({"".join(tokens), "".join([tokens[-1], *tokens[:-1]])}),
        "surname": tokens[0],
        "is_latin": True,
    }


def organization_name(name: str) -> Keys:
    """Keys of a company's name: the whole name without signs, and its distinctive part without region brackets."""
    folded = "".join(map(simplified, unicodedata.normalize("NFKC", name))).lower()
    key = _NOT_LETTERS.sub("", folded)
    if LOST in folded or not key:
        return {}
    core = key
    for form in _COMPANY_FORMS:
        if core.endswith(form) and len(core) > len(form) + 1:
            core = core.removesuffix(form)
            break
    # 宏达(襄阳)商贸 and 襄阳市宏达商贸 have the same letters
    return {"key": key, "core": core, "letters": "".join(sorted(core.translate(_REGION_WORDS)))}


def address(text: str) -> Keys:
    """Keys of an address: its numbers in order (12-3-501), its words without house words, and both as one text."""
    folded = "".join(map(simplified, unicodedata.normalize("NFKC", text))).lower()
    folded = _NUMERAL.sub(lambda numeral: numeral[0].translate(_CHINESE_DIGITS), folded)
    key = _NOT_LETTERS.sub("", folded)
    numbers = "-".join(_DIGITS.findall(folded))
    words = _HOUSE_WORDS.sub("", _DIGITS.sub("", key))
    return {"key": key or None, "numbers": numbers or None, "words": words or None}


def plain_text(text: str) -> Keys:
    """One key: simplified, lower case, letters and digits only."""
    folded = "".join(map(simplified, unicodedata.normalize("NFKC", text))).lower()
    return {"key": _NOT_LETTERS.sub("", folded) or None}


def email(text: str) -> Keys:
    """The part before the @: people move it from one provider to another."""
    local, _, domain = text.partition("@")
    return {"local": local if domain and len(local) > 3 else None}


def mail_address(text: str) -> Keys:
    """An e-mail address out of what was typed (`"Jay" <jay@x.org>`): the whole, user and domain."""
    found = _MAIL.search(text.lower())
    return {"key": found[0], "user": found[1], "domain": found[2]} if found else {}


def given_name(text: str) -> Keys:
    """Keys of given names in Latin letters: the first word counts, and what names it may stand for."""
    words = name_words(text)
    if not words:
        return {}
    return {
        "key": "".join(words),
        "first": words[0],
        "full": sorted(full_names(words[0])),
        "sound": word_sound(words[0]),
    }


def surname(text: str) -> Keys:
    """Keys of a surname in Latin letters; `words` for double names."""
    words = name_words(text)
    if not words:
        return {}
    key = "".join(words)
    return {"key": key, "words": sorted(set(words)), "sound": word_sound(key), "generation": generation(text)}


def latin_name(text: str) -> Keys:
    """Keys of a whole name in Latin letters (native spellings romanised): words in any order."""
    words = name_words(text)
    if not words:
        return {}
    return {
        "key": " ".join(sorted(words)),
        "plain": "".join(words),
        "words": sorted(set(words)),
        "full": sorted({full for word in words for full in full_names(word)} | set(words)),
        "first": words[0],
        "last": words[-1],
        "sound": " ".join(sorted(map(word_sound, words))),
        "generation": generation(text),
    }


def company(text: str) -> Keys:
    """Keys of a company's name in any script: without signs and legal form, and its words."""
    keys = organization_name(text if any(map(is_han, text)) else latin(text))
    words = [word for word in name_words(text) if word not in _COMPANY_FORMS]
    return {**keys, "words": sorted(set(words)) or None} if keys else {}


_TEXT, _LIST, _FLAG = pa.string(), pa.list_(pa.string()), pa.bool_()
_DATE_KEYS = {"date": pa.date32(), "digits": _TEXT, "year": _TEXT, "month": _TEXT, "day": _TEXT}

KINDS: dict[str, Kind] = {
    "value": Kind({}, lambda _: {}),
    "list": Kind({}, lambda _: {}),
    "person_name": Kind(
        {
            "key": _TEXT, "typed": _TEXT, "plain": _TEXT, "sound": _TEXT, "latin": _LIST, "shape": _TEXT,
            "holes": _LIST, "long_holes": _LIST, "pattern": _TEXT, "surname": _TEXT, "is_latin": _FLAG,
        },
        person_name,
        many_values.person_names,
    ),
    "organization_name": Kind({"key": _TEXT, "core": _TEXT, "letters": _TEXT}, organization_name),
    "address": Kind({"key": _TEXT, "numbers": _TEXT, "words": _TEXT}, address, many_values.addresses),
    "text": Kind({"key": _TEXT}, plain_text),
    "email": Kind({"local": _TEXT}, email),
    "mail_address": Kind(
        {"key": _TEXT, "user": _TEXT, "domain": _TEXT}, mail_address, many_values.mail_addresses
    ),
    "given_name": Kind({"key": _TEXT, "first": _TEXT, "full": _LIST, "sound": _TEXT}, given_name),
    "surname": Kind({"key": _TEXT, "words": _LIST, "sound": _TEXT, "generation": _TEXT}, surname),
    "latin_name": Kind(
        {
            "key": _TEXT, "plain": _TEXT, "words": _LIST, "full": _LIST, "first": _TEXT, "last": _TEXT, "sound": _TEXT,
            "generation": _TEXT,
        },
        latin_name,
    ),
    "company": Kind({"key": _TEXT, "core": _TEXT, "letters": _TEXT, "words": _LIST}, company),
    "date": Kind(_DATE_KEYS, partial(plain_values.calendar_date, month_first=False)),
    "date_month_first": Kind(_DATE_KEYS, partial(plain_values.calendar_date, month_first=True)),
    "telephone": Kind({"number": _TEXT, "tail": _TEXT}, plain_values.telephone, many_values.telephones),
    "code": Kind({"key": _TEXT}, plain_values.code),
    "document": Kind(
        {"key": _TEXT, "form": _TEXT, "valid": _TEXT, "birth": _TEXT, "sex": _TEXT},
        plain_values.document,
        many_values.documents,
    ),
    "uscc": Kind({"key": _TEXT, "valid": _TEXT, "code": _TEXT}, plain_values.uscc),
    "number": Kind({"number": pa.float64()}, plain_values.amount),
    "street": Kind({"key": _TEXT, "words": _LIST, "names": _TEXT, "house": _TEXT}, plain_values.street),
    "free_text": Kind({"key": _TEXT, "words": _LIST, "grams": _LIST}, plain_values.free_text),
}  # fmt: skip


def keys_of(kind: Kind, texts: pa.StringArray, wanted: Sequence[str]) -> dict[str, pa.Array]:
    """The wanted keys of values, none of them null: ordinary ones many at once, the rest one by one."""
    # in parts: their characters stay in the processor's cache, and what is made on the way takes little room
    parts = [texts.slice(first, _AT_ONCE) for first in range(0, max(len(texts), 1), _AT_ONCE)]
    made = [_keys_of_part(kind, part, wanted) for part in parts]
    return {suffix: pa.concat_arrays([keys[suffix] for keys in made]) for suffix in wanted}


def _keys_of_part(kind: Kind, texts: pa.StringArray, wanted: Sequence[str]) -> dict[str, pa.Array]:
    if kind.many is None:
        return one_by_one(kind, texts, wanted)
    ordinary, found = kind.many(texts, wanted)
    rest = one_by_one(kind, texts.filter(pa.array(~ordinary)), wanted)
    places = np.where(ordinary, np.cumsum(ordinary) - 1, ordinary.sum() + np.cumsum(~ordinary) - 1)
    taken = pa.array(places.astype(np.int64))
    return {suffix: pa.concat_arrays([found[suffix], rest[suffix]]).take(taken) for suffix in wanted}


def one_by_one(kind: Kind, texts: pa.StringArray, wanted: Sequence[str]) -> dict[str, pa.Array]:
    """The wanted keys of values, each value by itself."""
    made = [kind.derive(text) for text in texts.to_pylist()]
    return {suffix: pa.array([keys.get(suffix) for keys in made], kind.columns[suffix]) for suffix in wanted}
