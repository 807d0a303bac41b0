"""Numbers with valid check digits, made for whole columns at once.

Resident ids (GB 11643-1999), USCC (GB 32100-2015), organization codes (GB 11714-1997), business registration numbers
(GS 15-2006, ISO 7064 MOD 11,10), cards (Luhn, ISO/IEC 7812-1), permits and passports.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.random import Generator

from connectors.demo.columns import join, lookup, numbers, to_numpy

_RESIDENT_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = np.array([pow(3, power, 31) for power in range(17)])
_CODE_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])


def digits(values: np.ndarray, width: int) -> np.ndarray:
    """Digits of whole numbers as a matrix, most significant first."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return (values[:, None] // powers) % 10


def resident_bodies(code: np.ndarray, birth: np.ndarray, sequence: np.ndarray) -> np.ndarray:
    """The first 17 digits (region, birth date, sequence) as a number."""
    month = birth.astype("datetime64[M]")
    year = birth.astype("datetime64[Y]").astype(np.int64) + 1970
    months = month.astype(np.int64) % 12 + 1
    day = (birth - month).astype(np.int64) + 1
    date = year * 10_000 + months * 100 + day
    return (code.astype(np.int64) * 10**8 + date) * 1000 + sequence


def resident_ids(bodies: np.ndarray) -> np.ndarray:
    """18-character numbers from 17-digit bodies."""
    remainder = digits(bodies, 17) @ _RESIDENT_WEIGHTS % 11
    return join(numbers(bodies), lookup("10X98765432", remainder))


def shorten(resident: np.ndarray) -> np.ndarray:
    """The 15-digit form that numbers had until 1999: without century and check digit."""
    column = pa.array(resident, type=pa.string())
    return join(to_numpy(pc.utf8_slice_codeunits(column, 0, 6)), to_numpy(pc.utf8_slice_codeunits(column, 8, 17)))


def draw_unique(rng: Generator, taken: np.ndarray, first: np.ndarray, redraw: object) -> np.ndarray:
    """Numbers that occur neither twice nor in `taken`; `redraw(rows)` gives new ones for the rows in the way."""
    values = first.copy()
    while True:
        order = np.argsort(values, kind="stable")
        again = np.zeros(len(values), dtype=bool)
        again[order[1:]] = values[order[1:]] == values[order[:-1]]
        rows = np.flatnonzero(again | np.isin(values, taken))
        if not len(rows):
            return values
        values[rows] = redraw(rows)  # type: ignore[operator]


def cards(prefix: int, body: np.ndarray, width: int) -> np.ndarray:
    """Card numbers of `width` digits: prefix, running number, Luhn digit."""
    shift = 10 ** (width - 1 - len(str(prefix)))
    payload = prefix * shift + body.astype(np.int64)
    matrix = digits(payload, width - 1)[:, ::-1]
    doubled = matrix[:, ::2] * 2
    total = (doubled - 9 * (doubled > 9)).sum(axis=1) + matrix[:, 1::2].sum(axis=1)
    return join(numbers(payload), numbers(-total % 10))


def organization_codes(body: np.ndarray) -> np.ndarray:
    """9-character organization codes from 8-digit numbers."""
    check = -(digits(body, 8) @ _CODE_WEIGHTS) % 11
    return join(numbers(body, 8), lookup("0123456789X", check))


def usccs(kind: np.ndarray, region: np.ndarray, organization_code: np.ndarray) -> np.ndarray:
    """Unified social credit codes: kind (`91`, `93` …), region, organization code, check character."""
    first = join(kind, numbers(region, 6), organization_code)
    index = {character: position for position, character in enumerate(_USCC_ALPHABET)}
    matrix = np.array([[index[character] for character in text] for text in first]).reshape(-1, 17)
    return join(first, lookup(_USCC_ALPHABET, -(matrix @ _USCC_WEIGHTS) % 31))


def registry_numbers(region: np.ndarray, body: np.ndarray) -> np.ndarray:
    """15-digit registration numbers: region, 8 digits, check digit (MOD 11,10)."""
    values = region.astype(np.int64) * 10**8 + body
    carry = np.full(len(values), 10)
    for column in digits(values, 14).T:
        total = (carry + column) % 10
        carry = np.where(total == 0, 10, total) * 2 % 11
    return join(numbers(values), numbers((11 - carry) % 10))


def lettered(letters: np.ndarray | str, body: np.ndarray, width: int) -> np.ndarray:
    """Letters and a number of `width` digits: passports, permits, military ids."""
    return join(letters, numbers(body, width))


def typo(number: str, position: int, step: int) -> str:
    """The number with one digit wrong; for a resident id this always breaks the check digit.

    Digits 1 to 10 places on are never equal modulo 11 times a weight prime to 11, so one wrong digit always shows.
    """
    digit = (int(number[position]) + step) % 10
    return number[:position] + str(digit) + number[position + 1 :]


def years_after(day: np.datetime64 | np.ndarray, years: np.ndarray) -> np.ndarray:
    """Dates some years (not whole ones) after a day."""
    span: np.ndarray = (years * 365.25).astype("timedelta64[D]")
    return day + span
