"""Chinese EBCDIC: IBM1388 (the characters of GBK) and IBM935 (those of GB 2312), decoded and encoded.

Single-byte characters are plain EBCDIC; a run of double-byte characters stands between SO (0E) and SI (0F). Python has
no codec for either, and a bank's machine may lack the C library's converters, so both tables are shipped with the
project (`ebcdic_tables.npz`; `tests/ebcdic_tables.py` makes them from glibc's facts and a test compares them).
Columns of a whole block are decoded at once, as byte matrices.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.pictures import Picture

TABLES = Path(__file__).parent / "ebcdic_tables.npz"
SO, SI = 0x0E, 0x0F
FIRST, LAST = 0x40, 0xFE  # the bytes double-byte characters are made of
_NONE = 0xFFFF  # no character (U+FFFF is none)
_LF = 0x0A
_PLUS, _MINUS = (0xA, 0xC, 0xE, 0xF), (0xB, 0xD)


class FieldError(ValueError):
    """The field of one row is not what its picture says; `row` counts from 0 within the block."""

    def __init__(self, row: int) -> None:
        self.row = row
        super().__init__(f"row {row}")


@dataclass(frozen=True)
class CodePage:
    """One code page: character of each byte, and of each pair of bytes from 40 to FE."""

    name: str
    single: np.ndarray
    double: np.ndarray

    @property
    def encoder(self) -> dict[str, bytes]:
        """Bytes of each character, without shifts."""
        return _encoder(self.name)


@cache
def code_page(name: str) -> CodePage:
    """The code page `ibm1388` or `ibm935`."""
    with np.load(TABLES) as tables:
        return CodePage(name, tables[f"{name}_single"], tables[f"{name}_double"])


@cache
def _encoder(name: str) -> dict[str, bytes]:
    page = code_page(name)
    pairs = np.argwhere(page.double != _NONE)
    table = {chr(page.double[high, low]): bytes([high + FIRST, low + FIRST]) for high, low in pairs}
    return table | {chr(code): bytes([byte]) for byte, code in enumerate(page.single) if code != _NONE}


def encode(text: str, name: str) -> bytes:
    """Text as EBCDIC, each double-byte run between SO and SI.

    Raises:
        UnicodeEncodeError: the code page lacks a character.
    """
    table = code_page(name).encoder
    result, is_double = b"", False
    for place, character in enumerate(text):
        code = table.get(character)
        if code is None:
            raise UnicodeEncodeError(name, text, place, place + 1, "not in the code page")
        if (len(code) == 2) is not is_double:
            is_double = not is_double
            result += bytes([SO if is_double else SI])
        result += code
    return result + (bytes([SI]) if is_double else b"")


def decode(content: bytes, name: str) -> str:
    """Text of EBCDIC bytes.

    Raises:
        FieldError: a byte that is no character, a run without end, half of a character.
    """
    return decode_texts(np.frombuffer(content, np.uint8).reshape(1, -1), code_page(name))[0]


def decode_texts(values: np.ndarray, page: CodePage, *, is_double: bool = False) -> list[str]:
    """The texts of a matrix of bytes, one value per row; `is_double`: double-byte characters only, without shifts.

    Raises:
        FieldError: naming the first row that does not decode.
    """
    inside = np.ones(values.shape, bool) if is_double else _inside(values)
    starts = _run_starts(values, inside, is_double=is_double)
    codes = np.where(inside, 0, page.single[values]).astype(np.uint16)
    pairs = values[:, :-1].astype(np.intp) - FIRST, values[:, 1:].astype(np.intp) - FIRST
    size = page.double.shape[0]
    known = (pairs[0] >= 0) & (pairs[0] < size) & (pairs[1] >= 0) & (pairs[1] < size)
    double = np.where(known, page.double[pairs[0] % size, pairs[1] % size], _NONE)
    codes[:, :-1][starts[:, :-1]] = double[starts[:, :-1]]
    shown = starts | ~(inside | (values == SO) | (values == SI)) if not is_double else starts
    _refuse((shown & (codes == _NONE)).any(axis=1))
    # one decode call for all values: a line feed behind each, which no field holds as a character of its own
    ends = np.full((len(values), 1), _LF, np.uint16)
    text = np.concatenate([np.where(codes == _LF, ord(" "), codes), ends], axis=1)
    kept = np.concatenate([shown, np.ones((len(values), 1), bool)], axis=1)
    return text[kept].tobytes().decode("utf-16-le", "surrogatepass").split("\n")[:-1]


def _refuse(bad: np.ndarray) -> None:
    if bad.any():
        raise FieldError(int(np.argmax(bad)))


def _inside(values: np.ndarray) -> np.ndarray:
    """Which bytes belong to double-byte characters: those behind an SO, up to the SI."""
    opened, closed = values == SO, values == SI
    depth = np.cumsum(opened.astype(np.int16) - closed, axis=1, dtype=np.int16)
    _refuse(((depth < 0) | (depth > 1)).any(axis=1) | (depth[:, -1] != 0))
    return (depth == 1) & ~opened


def _run_starts(values: np.ndarray, inside: np.ndarray, *, is_double: bool) -> np.ndarray:
    """The first byte of each double-byte character: every second one from the beginning of its run."""
    place = np.arange(values.shape[1])
    before = np.where(inside, -1, place)
    last_outside = np.maximum.accumulate(before, axis=1) if not is_double else np.full(values.shape, -1)
    distance = place - last_outside
    starts = inside & (distance % 2 == 1)
    next_inside = np.concatenate([inside[:, 1:], np.zeros((len(values), 1), bool)], axis=1)
    _refuse((starts & ~next_inside).any(axis=1))
    return starts


def decode_numbers(values: np.ndarray, picture: Picture) -> pa.Array:
    """The numbers of a matrix of bytes as texts like `-1234567.89`; a field of blanks or zero bytes is null.

    Raises:
        FieldError: naming the first row that is no number of that picture.
    """
    empty = (values == 0x40).all(axis=1)
    if picture.form != "binary":
        empty |= (values == 0).all(axis=1)
    digits, negative, bad = _READ[picture.form](values, picture)
    bad |= negative & (not picture.signed)
    _refuse(bad & ~empty)
    _refuse((digits > 9).any(axis=1) & ~empty)
    return _number_texts(digits, negative, empty, picture.scale)


def _packed(values: np.ndarray, picture: Picture) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    halves = np.stack([values >> 4, values & 0xF], axis=2).reshape(len(values), -1)
    sign = halves[:, -1]
    digits = halves[:, -1 - picture.digits : -1]
    leading = (halves[:, : -1 - picture.digits] != 0).any(axis=1)
    return digits, np.isin(sign, _MINUS), ~np.isin(sign, _PLUS + _MINUS) | leading


def _zoned(values: np.ndarray, picture: Picture) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if picture.sign:
        place = 0 if picture.sign == "LEADING" else -1
        sign = values[:, place]
        values = values[:, 1:] if picture.sign == "LEADING" else values[:, :-1]
        negative, known = sign == 0x60, np.isin(sign, (0x4E, 0x60, 0x40))
    else:
        zone = values[:, -1] >> 4
        negative, known = np.isin(zone, _MINUS), np.isin(zone, _PLUS + _MINUS)
        values = np.concatenate([values[:, :-1], (values[:, -1:] & 0xF) | 0xF0], axis=1)
    values = np.where(values == 0x40, 0xF0, values)  # blanks in place of leading zeros
    return values & 0xF, negative, ~known | ((values >> 4) != 0xF).any(axis=1)


def _binary(values: np.ndarray, picture: Picture) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    kind = f">{'i' if picture.signed else 'u'}{picture.width}"
    numbers = np.ascontiguousarray(values).view(kind).reshape(-1)
    negative = numbers < 0
    size = np.where(negative, -numbers.astype(np.int64), numbers).astype(np.uint64)
    powers = np.array([10**n for n in reversed(range(19))], np.uint64)
    digits = (size[:, None] // powers % np.uint64(10)).astype(np.uint8)
    return digits, negative, np.zeros(len(values), bool)


_READ = {"packed": _packed, "zoned": _zoned, "binary": _binary}


def _number_texts(digits: np.ndarray, negative: np.ndarray, empty: np.ndarray, scale: int) -> pa.Array:
    rows = len(digits)
    minus = np.where(negative & digits.any(axis=1), ord("-"), ord(" ")).astype(np.uint8).reshape(rows, 1)
    whole = digits[:, : digits.shape[1] - scale] + ord("0")
    parts: list[np.ndarray] = [minus, np.full((rows, 1), ord("0"), np.uint8), whole.astype(np.uint8)]
    if scale:
        point = np.full((rows, 1), ord("."), np.uint8)
        parts += [point, (digits[:, digits.shape[1] - scale :] + ord("0")).astype(np.uint8)]
    lines = np.concatenate([*parts, np.full((rows, 1), _LF, np.uint8)], axis=1)
    lines[empty] = np.where(lines[empty] == _LF, _LF, ord(" "))
    texts = pc.utf8_trim_whitespace(pa.array(lines.tobytes().decode("ascii").split("\n")[:-1], pa.string()))
    numbers = pc.replace_substring_regex(texts, r"^(-?)0+([0-9])", r"\1\2")
    return pc.if_else(pa.array(empty), pa.scalar(None, pa.string()), numbers)
