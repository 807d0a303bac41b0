"""Where the demo's people live: counties with their codes, and addresses as they are spoken at a counter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.random import Generator

from connectors.demo import places_data as data
from connectors.demo.columns import join, lookup, numbers
from connectors.demo.randomness import chance, draw

HOME_SHARE = 0.93
_HOME_WEIGHTS = {"420602": 14, "420606": 20, "420607": 14, "420683": 12, "420802": 9, "420804": 6, "420881": 9}
_URBAN_CODES = {"420602", "420606", "420802", "420804"}


@cache
def counties() -> tuple[tuple[str, str, str], ...]:
    """(code, county, `province + city`) of every current county; those of the home region come first."""
    rows = []
    for line in (data.HOME + data.ELSEWHERE).strip().splitlines():
        where, _, listed = line.partition(": ")
        if listed:
            province, city = where.split()
            above = province if province == city else province + city
            rows += [(code, name, above) for code, name in re.findall(r"(\d{6})([^\s\d]+)", listed)]
    return tuple(rows)


def home_count() -> int:
    """How many of `counties` belong to the bank's home region."""
    return len(re.findall(r"\d{6}", data.HOME))


def draw_counties(rng: Generator, size: int, home_share: float) -> np.ndarray:
    """Positions in `counties`: most from the home region, the rest from all over the country."""
    home = [_HOME_WEIGHTS.get(code, 5) for code, _, _ in counties()[: home_count()]]
    inside = draw(rng, np.array(home, dtype=float), size)
    outside = rng.integers(home_count(), len(counties()), size)
    return np.where(chance(rng, size, home_share), inside, outside).astype(np.int16)


def county_codes(positions: np.ndarray) -> np.ndarray:
    """Six-digit codes as numbers."""
    return np.array([int(code) for code, _, _ in counties()])[positions]


def birth_codes(rng: Generator, positions: np.ndarray) -> np.ndarray:
    """The code an identity number begins with: mostly today's, for some a retired code of the same county."""
    codes = county_codes(positions)
    swap = chance(rng, len(codes), 0.08)
    older: dict[int, list[int]] = {}
    for retired, current in data.RETIRED_CODES.items():
        older.setdefault(int(current), []).append(int(retired))
    for code, retired_codes in sorted(older.items()):
        rows = np.flatnonzero(swap & (codes == code))
        codes[rows] = np.array(retired_codes)[rng.integers(0, len(retired_codes), len(rows))]
    return codes


def regions(positions: np.ndarray) -> np.ndarray:
    """`province + city + county` as text."""
    return lookup([above + name for _, name, above in counties()], positions)


def draw_details(rng: Generator, county: np.ndarray) -> np.ndarray:
    """The part of the address below the county: a street, estate and flat, or a township, village and group."""
    urban = np.array([code in _URBAN_CODES or name.endswith("区") for code, name, _ in counties()])[county]
    in_town = rng.random(len(county)) < np.where(urban, 0.85, 0.3)
    detail = _rural(rng, county)
    rows = np.flatnonzero(in_town)
    detail[rows] = _urban(rng, len(rows))
    return detail


def _urban(rng: Generator, size: int) -> np.ndarray:
    def number(low: int, high: int) -> np.ndarray:
        return numbers(rng.integers(low, high, size))

    street = lookup(data.STREETS, rng.integers(0, len(data.STREETS), size))
    estate = lookup(data.ESTATES, rng.integers(0, len(data.ESTATES), size))
    room = numbers(rng.integers(1, 25, size) * 100 + rng.integers(1, 5, size))
    parts = (street, number(1, 399), "号", estate, number(1, 31), "幢", number(1, 5), "单元", room, "室")
    return join(*parts)


def _rural(rng: Generator, county: np.ndarray) -> np.ndarray:
    """Townships belong to their county: each county has its own few of the list."""
    size, is_home = len(county), county < home_count()
    slot = rng.integers(0, 8, size)
    own = lookup(data.TOWNSHIPS, (county * 7 + slot) % len(data.TOWNSHIPS))
    other = lookup(data.OTHER_TOWNSHIPS, slot)
    village = lookup(data.VILLAGES, rng.integers(0, len(data.VILLAGES), size))
    group, house = numbers(rng.integers(1, 13, size)), numbers(rng.integers(1, 120, size))
    return join(np.where(is_home, own, other), village, group, "组", house, "号")


def draw_branches(rng: Generator, branches: Sequence[str], county: np.ndarray) -> np.ndarray:
    """The branch near home: the west city branch serves Jingmen, the others Xiangyang; outsiders go anywhere.

    Args:
        rng: the stream.
        branches: codes of all branches that keep customers.
        county: positions in `counties`.
    """
    code, spread = county_codes(county), rng.random(len(county))
    city = np.where(code // 100 == 4208, 1, np.where(np.isin(code, (420606, 420682, 420683, 420625)), 2, 0))
    city = np.where(county < home_count(), city, (spread * 3).astype(int))
    heads = sorted({branch[:3] for branch in branches})
    groups = [[branch for branch in branches if branch.startswith(head)] for head in heads]
    chosen = np.empty(len(county), dtype=object)
    for position, group in enumerate(groups):
        rows = np.flatnonzero(city % len(groups) == position)
        # each county leans on two or three of the city branch's offices
        offset = (county[rows] * 3 + (rng.random(len(rows)) ** 2 * len(group)).astype(int)) % len(group)
        chosen[rows] = lookup(group, offset)
    return chosen
