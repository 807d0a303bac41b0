"""Comparison keys of ordinary values, all at once: the same keys that `matching.standardise` makes value by value.

Each function says which of the values are ordinary, and gives the wanted keys of those. Whatever is rare (Latin names,
lost characters, compound surnames, readings in doubt, damaged numbers) is left to the rules for single values, which
stay the only place where a rule is written in full; a property test holds the two together.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matching.characters import COMPOUND_SURNAMES, LOST, shape, simplified, sound, surname_readings
from matching.characters_of import Characters, Numbers, Table, is_any, is_basic_han, is_digit

Keys = dict[str, pa.Array]
Many = Callable[[pa.StringArray, Sequence[str]], tuple[Numbers, Keys]]

HOUSE_WORDS = "号號栋棟幢座单元室楼层弄巷附之组"
NUMBERED = "号栋幢座单室楼层"  # a Chinese numeral before one of these is a number
NUMERALS = "零一二三四五六七八九"
_LONGEST_NAME = 4
_IN_DOUBT = re.compile("[ln]v")  # 吕 is LV, LYU or LU
_WEIGHTS = np.array((7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2))
_CHECK = np.frombuffer(b"10X98765432", np.uint8)
_OLDEST = 1850
_MAIL = r"^[A-Za-z0-9_.+'-]+@[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$"


def _one(character: str) -> int:
    """Its simplified form; 0 where that is not one Chinese character of the basic plane."""
    found = simplified(character)
    return ord(found) if len(found) == 1 and 0x3400 <= ord(found) <= 0x9FFF else 0


class _Readings:
    """Readings of characters by number: in a given name, and as a surname."""

    def __init__(self) -> None:
        self.spelled: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, reading: str) -> int:
        """The reading's number; -1 for one that is written in several ways."""
        if _IN_DOUBT.search(reading):
            return -1
        if reading not in self._numbers:
            self._numbers[reading] = len(self.spelled)
            self.spelled.append(reading)
        return self._numbers[reading]

    def given(self, character: str) -> int:
        """Of a character in a given name."""
        return self.number(sound(character))

    def surname(self, character: str) -> int:
        """Of a character as a surname; -1 where there are several."""
        readings = surname_readings(character)
        return self.number(readings[0]) if len(readings) == 1 else -1


_READINGS = _Readings()
_OF_GIVEN, _OF_SURNAME = Table(_READINGS.given), Table(_READINGS.surname)
_SIMPLE = Table(_one)
_SHAPE = Table(lambda character: ord(shape(character)))


def _made(ways: dict[str, Callable[[], pa.Array]], wanted: Sequence[str]) -> Keys:
    return {suffix: ways[suffix]() for suffix in wanted}


def person_names(texts: pa.StringArray, wanted: Sequence[str]) -> tuple[Numbers, Keys]:
    """Chinese names of two to four characters with one reading."""
    given = Characters.of(texts)
    is_short = (given.lengths >= 2) & (given.lengths <= _LONGEST_NAME)
    ordinary = is_short & (given.count(~is_basic_han(given.codes)) == 0)
    names, readings = _readable(given.chosen(ordinary), ordinary)
    places = np.arange(len(names.starts))
    ways: dict[str, Callable[[], pa.Array]] = {
        "key": names.texts, "typed": names.texts, "plain": names.texts,
        "sound": lambda: _sounds(names, readings),
        "latin": lambda: pa.ListArray.from_arrays(pa.array(places, pa.int32()), _sounds(names, readings)),
        "shape": lambda: Characters(_SHAPE.of(names.codes).astype(np.uint32), names.starts).texts(),
        "holes": lambda: _holes(names, 0), "long_holes": lambda: _holes(names, 1),
        "pattern": lambda: pa.nulls(len(places) - 1, pa.string()),
        "surname": lambda: Characters(names.codes[names.starts[:-1]], places).texts(),
        "is_latin": lambda: pa.array(np.zeros(len(places) - 1, bool)),
    }  # fmt: skip
    return ordinary, _made(ways, wanted)


def _readable(names: Characters, ordinary: Numbers) -> tuple[Characters, Numbers]:
    """Simplified names and the readings of their characters; names in doubt are struck out of `ordinary` and gone."""
    codes = _SIMPLE.of(names.codes)
    first = np.zeros(len(codes), bool)
    first[names.starts[:-1]] = True
    readings = np.where(first, _OF_SURNAME.of(codes), _OF_GIVEN.of(codes))
    simple = Characters(codes.astype(np.uint32), names.starts)
    doubtful = (simple.count((codes == 0) | (readings < 0)) > 0) | _compound(simple)
    ordinary[np.flatnonzero(ordinary)[doubtful]] = False
    return simple.chosen(~doubtful), readings[np.repeat(~doubtful, simple.lengths)]


def _compound(names: Characters) -> Numbers:
    """Names whose surname has two characters."""
    begins = names.starts[:-1]
    pairs = names.codes[begins].astype(np.int64) << 16 | names.codes[begins + 1]
    known = np.array([ord(name[0]) << 16 | ord(name[1]) for name in COMPOUND_SURNAMES])
    return np.asarray((names.lengths > 2) & np.isin(pairs, known))


def _sounds(names: Characters, readings: Numbers) -> pa.Array:
    spelled = pa.array(_READINGS.spelled, pa.string())
    parts = spelled.take(pa.array(readings))
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(names.starts, pa.int32()), parts), "")


def _holes(names: Characters, begin: int) -> pa.Array:
    """Each name without one of its characters, from place `begin` on; none where the surname would stand alone."""
    made, order = [], []
    for length in range(2, _LONGEST_NAME + 1):
        wanted = names.lengths == length
        table = names.chosen(wanted).codes.reshape(-1, length)
        if length == 2 and begin:
            made.append(pa.nulls(len(table), pa.list_(pa.string())))
        else:
            made.append(_holes_of_length(table, begin))
        order.append(np.flatnonzero(wanted))
    places = np.argsort(np.concatenate(order))
    return pa.concat_arrays(made).take(pa.array(places))


def _holes_of_length(table: Numbers, begin: int) -> pa.Array:
    size, length = table.shape
    several = np.repeat(table[:, None, :], length - begin, axis=1)
    for place in range(begin, length):
        several[:, place - begin, place] = ord(LOST)
    count = size * (length - begin)
    parts = Characters(several.reshape(-1), np.arange(count + 1) * length).texts()
    return pa.ListArray.from_arrays(pa.array(np.arange(size + 1) * (length - begin), pa.int32()), parts)


def documents(texts: pa.StringArray, wanted: Sequence[str]) -> tuple[Numbers, Keys]:
    """Numbers of the form of a resident id (GB 11643-1999), valid or not, and those of 15 digits."""
    given = Characters.of(texts)
    ordinary = (given.lengths == 18) | (given.lengths == 15)
    table, is_formed = _resident_ids(given.chosen(ordinary))
    ordinary[np.flatnonzero(ordinary)[~is_formed]] = False
    table = table[is_formed]
    return ordinary, _made(
        {
            "key": lambda: _joined(table), "form": lambda: pa.repeat("R", len(table)),
            "valid": lambda: _where_valid(table, _joined(table)),
            "birth": lambda: _where_valid(table, _joined(np.insert(table[:, 6:14], (4, 6), ord("-"), axis=1))),
            "sex": lambda: _where_valid(table, pc.if_else(pa.array(table[:, 16] % 2 == 1), "M", "F")),
        },
        wanted,
    )  # fmt: skip


def _resident_ids(given: Characters) -> tuple[Numbers, Numbers]:
    """Numbers of 15 or 18 signs as rows of 18, and which of them have the form of a resident id."""
    is_old = given.lengths == 15
    table = np.empty((len(is_old), 18), np.uint32)
    is_formed = np.empty(len(is_old), bool)
    table[~is_old] = given.chosen(~is_old).codes.reshape(-1, 18)
    table[is_old], is_formed[is_old] = _lengthened(given.chosen(is_old).codes.reshape(-1, 15))
    new = table[~is_old]
    is_formed[~is_old] = is_digit(new[:, :17]).all(axis=1) & (is_digit(new[:, 17]) | (new[:, 17] == ord("X")))
    is_formed &= (table != table[:, :1]).any(axis=1)  # a repeated sign is a filler
    return table, is_formed


def _lengthened(old: Numbers) -> tuple[Numbers, Numbers]:
    """Numbers of 15 digits with the century and the check character, and which hold a day of the calendar."""
    table = np.insert(np.insert(old, (6, 6), (ord("1"), ord("9")), axis=1), 17, ord("0"), axis=1)
    digits = table[:, :17].astype(np.int64) - ord("0")
    are_digits = is_digit(table[:, :17]).all(axis=1)
    digits[~are_digits] = 0
    table[:, 17] = _check_characters(digits)
    return table, are_digits & _are_days(digits[:, 6:14]) & (old != old[:, :1]).any(axis=1)


def _check_characters(digits: Numbers) -> Numbers:
    """The check character of rows of seventeen digits (ISO 7064, MOD 11-2)."""
    return np.asarray(_CHECK[(digits * _WEIGHTS).sum(axis=1) % 11])


def _joined(table: Numbers) -> pa.Array:
    """Rows of characters as texts."""
    return Characters(table.reshape(-1), np.arange(len(table) + 1) * table.shape[1]).texts()


def _where_valid(table: Numbers, values: pa.Array) -> pa.Array:
    """The values of resident ids with the right check digit and a day of the calendar."""
    digits = table[:, :17].astype(np.int64) - ord("0")
    is_valid = (_check_characters(digits) == table[:, 17]) & _are_days(digits[:, 6:14])
    return pc.if_else(pa.array(is_valid), values, pa.scalar(None, pa.string()))


def _are_days(digits: Numbers) -> Numbers:
    """Which rows of eight digits are a day of the calendar."""
    year = digits[:, :4] @ np.array((1000, 100, 10, 1))
    month, day = digits[:, 4] * 10 + digits[:, 5], digits[:, 6] * 10 + digits[:, 7]
    begins = (np.clip(year, _OLDEST, dt.MAXYEAR) - 1970) * 12 + np.clip(month, 1, 12) - 1
    first = begins.astype("datetime64[M]")
    days = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
    return np.asarray((year >= _OLDEST) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= days))


def telephones(texts: pa.StringArray, wanted: Sequence[str]) -> tuple[Numbers, Keys]:
    """Chinese mobiles: eleven digits from 13 on."""
    given = Characters.of(texts)
    ordinary = given.lengths == 11
    table = given.chosen(ordinary).codes.reshape(-1, 11)
    is_mobile = is_digit(table).all(axis=1) & (table[:, 0] == ord("1")) & (table[:, 1] >= ord("3"))
    ordinary[np.flatnonzero(ordinary)[~is_mobile]] = False
    table = table[is_mobile]
    return ordinary, _made({"number": lambda: _joined(table), "tail": lambda: _joined(table[:, 4:])}, wanted)


def mail_addresses(texts: pa.StringArray, wanted: Sequence[str]) -> tuple[Numbers, Keys]:
    """Nothing but an address, in ASCII."""
    matched = pc.match_substring_regex(texts, _MAIL)
    lower = pc.ascii_lower(texts.filter(matched))
    halves = pc.split_pattern(lower, "@", max_splits=1)
    ways: dict[str, Callable[[], pa.Array]] = {
        "key": lambda: lower,
        "user": lambda: pc.list_element(halves, 0),
        "domain": lambda: pc.list_element(halves, 1),
    }
    return matched.to_numpy(zero_copy_only=False), _made(ways, wanted)


def addresses(texts: pa.StringArray, wanted: Sequence[str]) -> tuple[Numbers, Keys]:
    """Addresses of Chinese characters and printable ASCII."""
    given = Characters.of(texts)
    is_ascii = (given.codes >= 0x20) & (given.codes <= 0x7E)
    ordinary = given.count(~(is_ascii | is_basic_han(given.codes))) == 0
    typed = given.chosen(ordinary)
    simple = Characters(
        np.where(typed.codes < 0x80, typed.codes, _SIMPLE.of(typed.codes).view(np.uint32)), typed.starts
    )
    strange = simple.count(simple.codes == 0) > 0
    ordinary[np.flatnonzero(ordinary)[strange]] = False
    folded = simple.chosen(~strange)
    codes = folded.codes
    codes[(codes >= ord("A")) & (codes <= ord("Z"))] += 32
    numbered = np.flatnonzero(is_any(codes, NUMERALS) & folded.followed_by(is_any(codes, NUMBERED)))
    for digit, numeral in enumerate(NUMERALS):
        codes[numbered[codes[numbered] == ord(numeral)]] = ord("0") + digit
    is_letter = (codes >= ord("a")) & (codes <= ord("z")) | is_basic_han(codes)
    return ordinary, _made(
        {
            "key": lambda: _known(folded.kept(is_letter | is_digit(codes))),
            "numbers": lambda: _known(_numbers(folded)),
            "words": lambda: _known(folded.kept(is_letter & ~is_any(codes, HOUSE_WORDS))),
        },
        wanted,
    )


def _numbers(folded: Characters) -> Characters:
    """The numbers of each text in order, with a dash between two."""
    digits = is_digit(folded.codes)
    summed = np.cumsum(digits, dtype=np.int32)
    before = np.concatenate([np.zeros(1, np.int32), summed])[folded.starts[:-1]]
    is_later = summed > np.repeat(before, folded.lengths)
    dashes = ~digits & folded.followed_by(digits) & is_later
    return Characters(np.where(dashes, ord("-"), folded.codes).astype(np.uint32), folded.starts).kept(digits | dashes)


def _known(texts: Characters) -> pa.Array:
    """The texts, null where nothing is left."""
    made = texts.texts()
    return pc.if_else(pa.array(texts.lengths > 0), made, pa.scalar(None, pa.string()))
