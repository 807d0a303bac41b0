"""A small demo bank in memory for tests, and check digits worked out the slow way, number by number."""

from __future__ import annotations

from functools import cache

import numpy as np

from connectors.demo.columns import Table, texts
from connectors.demo.injecting import Batch
from connectors.demo.people import make_people
from connectors.demo.randomness import Day
from connectors.demo.records import plain_records
from connectors.demo.world import Size, World
from warehouse.settings import DemoSettings

BRANCHES = tuple(f"80{city}00{office}" for city in (1, 2, 3) for office in range(1, 9))
FIRST_DAY = DemoSettings().first_day


def day(number: int = 0, seed: int = 7) -> Day:
    return Day(seed, number, np.datetime64(FIRST_DAY) + number, BRANCHES)


@cache
def population(size: int = 6000) -> Table:
    """People nobody may change: `batch` hands out copies of their records."""
    return make_people(day(), size, None, texts("襄阳市某某商贸有限公司", 3))


def batch(source: str, persons: np.ndarray | None = None) -> Batch:
    """True records of everybody (or of some) in one system, ready for an injector."""
    people = population()
    rows = np.arange(len(people["name"])) if persons is None else persons
    return Batch(source, plain_records(day(), source, people, rows, 1), people, np.random.default_rng(1))


def world(days: int = 1, people: int = 400, organizations: int = 40, seed: int = 7) -> World:
    made = World(Size(people, organizations, seed, FIRST_DAY, BRANCHES))
    for _ in range(days):
        made.run()
    return made


def is_resident_id(text: str) -> bool:
    """GB 11643-1999: ISO 7064 MOD 11-2 over 18 characters gives 1."""
    value = 0
    for letter in text:
        value = (value * 2 + (10 if letter == "X" else int(letter))) % 11
    return len(text) == 18 and value == 1


def is_card(text: str) -> bool:
    """Luhn (ISO/IEC 7812-1)."""
    total = 0
    for place, letter in enumerate(reversed(text)):
        number = int(letter) * (1 + place % 2)
        total += number // 10 + number % 10
    return total % 10 == 0


def is_organization_code(text: str) -> bool:
    """GB 11714-1997."""
    total = sum(int(letter) * weight for letter, weight in zip(text[:8], (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    return text[8] == {10: "X", 11: "0"}.get(11 - total % 11, str(11 - total % 11))


def is_uscc(text: str) -> bool:
    """GB 32100-2015."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    total = sum(alphabet.index(letter) * 3**place for place, letter in enumerate(text[:17]))
    return len(text) == 18 and alphabet.index(text[17]) == (31 - total % 31) % 31


def is_registry_number(text: str) -> bool:
    """GS 15-2006: ISO 7064 MOD 11,10 over 15 digits ends with 1."""
    product = 10
    for letter in text[:14]:
        product = ((product + int(letter)) % 10 or 10) * 2 % 11
    return len(text) == 15 and (product + int(text[14])) % 10 == 1
