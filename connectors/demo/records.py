"""Person records: who is known to which system, and what that system holds about them (row = record)."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from connectors.demo.columns import Table, choose, height, join, lookup, numbers, present, texts
from connectors.demo.documents import years_after
from connectors.demo.injecting import mark
from connectors.demo.injectors import inject
from connectors.demo.people import HOUSEHOLD, NONE, RESIDENT, TEMPORARY
from connectors.demo.places import draw_branches
from connectors.demo.randomness import Day, chance
from connectors.demo.sources import PERSON_SOURCES, accepts

# share of people known to a system: those with a core customer number, the others
_COVERAGE = {
    "credit": (0.28, 0.18),
    "wealth": (0.30, 0.13),
    "card": (0.38, 0.28),
    "ebank": (0.58, 0.15),
    "call": (0.13, 0.10),
}
_CORE = 0.62
_DUPLICATES = {"core": 0.008, "credit": 0.004, "wealth": 0.002, "card": 0.002, "ebank": 0.003, "call": 0.01}
_KEYS = {
    "core": ("1", 9),
    "credit": ("A", 8),
    "wealth": ("W", 8),
    "card": ("6", 11),
    "ebank": ("U", 9),
    "call": ("K", 8),
}


def choose_members(day: Day, people: Table, rows: np.ndarray) -> dict[str, np.ndarray]:
    """For each system the people it knows; everybody is known to one at least, children to core only."""
    rng = day.stream("members")
    size = len(rows)
    adult = people["birth"][rows] < day.date - np.timedelta64(18 * 366, "D")
    trapped = present(people["trap"][rows])
    core = chance(rng, size, _CORE) | ~adult | trapped
    members = {"core": core}
    known = core.copy()
    for source, (with_core, without) in _COVERAGE.items():
        share = np.where(core, with_core, without) + trapped * 0.2
        members[source] = adult & (rng.random(size) < share)
        known |= members[source]
    members["core"] = core | ~known
    return {source: rows[mask] for source, mask in members.items()}


def add_duplicates(day: Day, source: str, persons: np.ndarray) -> np.ndarray:
    """People twice: some have two numbers in one system."""
    rng = day.stream(f"duplicates/{source}")
    again = persons[chance(rng, len(persons), _DUPLICATES[source])]
    return np.concatenate([persons, again])


def make_records(day: Day, source: str, people: Table, persons: np.ndarray, first_number: int) -> Table:
    """Records of these people in one system, with the errors of life.

    Args:
        day: the day; the records are opened on it or, if it is the first, in the years before.
        source: the system.
        people: everybody.
        persons: whose records to make; a person may occur twice.
        first_number: running number of the first record.
    """
    records = plain_records(day, source, people, persons, first_number)
    inject(day, source, records, people)
    return records


def plain_records(day: Day, source: str, people: Table, persons: np.ndarray, first_number: int) -> Table:
    """Records that say what is true (see `make_records`)."""
    rng = day.stream(f"records/{source}")
    persons = rng.permutation(persons)  # keys must not tell who is who
    records = _copy_truth(people, persons, source)
    size = len(persons)
    records["key"] = _keys(source, first_number, size)
    records["injected"] = people["injected"][persons].copy()
    mark(records["injected"], _later_of_same(persons), "duplicate_record")
    _add_dates(records, rng, day)
    _add_own(records, rng, people, persons)
    _move_some(records, rng, people["county"][persons], day.branches)
    _fit_documents(records, people, persons, source)
    return records


def _later_of_same(persons: np.ndarray) -> np.ndarray:
    order = np.argsort(persons, kind="stable")
    same = persons[order[1:]] == persons[order[:-1]]
    return order[1:][same]


def _keys(source: str, first: int, size: int) -> np.ndarray:
    letter, width = _KEYS[source]
    return join(letter, numbers(np.arange(first, first + size), width))


def _copy_truth(people: Table, persons: np.ndarray, source: str) -> Table:
    columns = (
        "name", "latin", "document_type", "document", "sex", "birth", "tel", "email", "region", "detail", "employer",
        "occupation", "nation", "branch",
    )  # fmt: skip
    records = {column: people[column][persons] for column in columns}
    records["person"] = persons
    records["mobile"] = numbers(people["mobile"][persons])
    if source == "call":
        records["birth"] = np.full(len(persons), np.datetime64("NaT"), dtype="datetime64[D]")
    return records


def _add_dates(records: Table, rng: Generator, day: Day) -> None:
    """First day: opened in the last 20 years and changed since; later days: opened today."""
    size = height(records)
    span = rng.random(size) ** 0.8 * 20 if day.is_first else np.zeros(size)
    opened = years_after(day.date, -span) - (1 if day.is_first else 0)
    since = (day.date - opened).astype(np.int64)
    records["opened"] = opened
    changed = opened + (rng.random(size) * since).astype("timedelta64[D]")
    seconds = rng.integers(8 * 3600, 18 * 3600, size).astype("timedelta64[s]")
    records["updated"] = changed.astype("datetime64[s]") + seconds
    expiry = years_after(day.date, rng.random(size) * 21 - 1)
    expiry[chance(rng, size, 0.12)] = np.datetime64("2099-12-31")
    records["expiry"] = expiry


def _add_own(records: Table, rng: Generator, people: Table, persons: np.ndarray) -> None:
    size = len(persons)
    records["verified"] = chance(rng, size, 0.9)
    spouse = people["spouse"][persons]
    shown = (spouse != NONE) & chance(rng, size, 0.6)
    records["spouse_name"] = choose(shown, people["name"][spouse], None)
    documented = shown & chance(rng, size, 0.7)
    records["spouse_document"] = choose(documented, people["document"][spouse], None)
    records["mobile_second"] = choose(shown & chance(rng, size, 0.4), numbers(people["mobile"][spouse]), None)
    records["is_married"] = spouse != NONE
    records["former_name"] = texts(None, size)


def _move_some(records: Table, rng: Generator, county: np.ndarray, branches: tuple[str, ...]) -> None:
    """A tenth of the records is kept by another branch than the one near home."""
    rows = np.flatnonzero(chance(rng, height(records), 0.1))
    records["branch"][rows] = draw_branches(rng, branches, county[rows])
    elsewhere = rows[chance(rng, len(rows), 0.2)]
    records["branch"][elsewhere] = lookup(branches, rng.integers(0, len(branches), len(elsewhere)))


def _fit_documents(records: Table, people: Table, persons: np.ndarray, source: str) -> None:
    """A system without a code for a document takes the resident id in its place, or none."""
    kinds, numbers_ = records["document_type"], records["document"]
    same_number = ~accepts(source, kinds) & np.isin(kinds, (HOUSEHOLD, TEMPORARY))
    kinds[same_number] = RESIDENT
    other = people["other_type"][persons]
    rows = ~accepts(source, kinds) & accepts(source, other)
    kinds[rows], numbers_[rows] = other[rows], people["other_document"][persons][rows]
    rest = ~accepts(source, kinds)
    kinds[rest], numbers_[rest] = NONE, None


def hide_documents(records: Table, rng: Generator, shown: float) -> None:
    """Callers mostly do not say their id number."""
    rows = np.flatnonzero(~chance(rng, height(records), shown))
    records["document_type"][rows], records["document"][rows] = NONE, None


__all__ = ["PERSON_SOURCES", "add_duplicates", "choose_members", "hide_documents", "make_records"]
