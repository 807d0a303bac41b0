"""The demo bank as a whole: everybody, every system's records, and what one more day does to them.

A world is replayed from its seed: `World.run(0)`, `run(1)` … always gives the same days. It knows nothing of files;
the `write_…` modules put a day into the forms of the eight systems.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from connectors.demo import counter
from connectors.demo.accounts import Ledger, make_accounts
from connectors.demo.carding import Cards
from connectors.demo.changes import change_people
from connectors.demo.columns import Table, height, present, stack
from connectors.demo.contacts import CallCentre
from connectors.demo.digital import DigitalBank
from connectors.demo.lending import Book
from connectors.demo.organizations import (
    appoint,
    choose_organization_members,
    grow,
    make_organization_records,
    make_organizations,
)
from connectors.demo.people import make_people
from connectors.demo.randomness import Day, chance
from connectors.demo.records import add_duplicates, choose_members, hide_documents, make_records
from connectors.demo.sources import PERSON_SOURCES
from connectors.demo.wealth import Shelf

_NEW_PEOPLE, _NEW_ORGANIZATIONS, _CROSS_SOLD = 0.002, 0.001, 0.001
_CALLERS_SAYING_ID = 0.3


@dataclass(frozen=True)
class Size:
    """How large a world is and where it begins."""

    people: int
    organizations: int
    seed: int
    first_day: dt.date
    branches: tuple[str, ...]


class World:
    """Everything there is on one day. Attributes are tables; `day` is the index of the newest day run."""

    def __init__(self, size: Size) -> None:
        self.size = size
        self.day = -1
        self.people: Table = {}
        self.organizations: Table = {}
        self.records: dict[str, Table] = {}
        self.organization_records: dict[str, Table] = {}
        self.registered = np.zeros(0, dtype=np.int64)
        self.known: dict[str, np.ndarray] = {}
        self.ledger, self.book, self.shelf = Ledger(), Book(), Shelf()
        self.cards, self.digital, self.calls = Cards(), DigitalBank(), CallCentre()
        self.renewals: Table = {}
        self.changes: Table = {}
        self.forms: Table = {}

    @property
    def date(self) -> dt.date:
        """The newest day."""
        return self.size.first_day + dt.timedelta(days=self.day)

    @property
    def now(self) -> Day:
        """The newest day, as the makers of things need it."""
        return Day(self.size.seed, self.day, self.today, self.size.branches)

    @property
    def today(self) -> np.datetime64:
        """The newest day for NumPy."""
        return np.datetime64(self.date)

    def run(self) -> None:
        """One more day."""
        self.day += 1
        if self.day:
            self._work_at_the_counter()
        new_organizations = self._found()
        new = self._welcome()
        self._appoint(new_organizations)
        self._open_organization_accounts(new_organizations)
        if self.day == 0:
            self._look_back()
        self._do_business(new)

    def _work_at_the_counter(self) -> None:
        rng, core = self.now.stream("counter"), self.records["core"]
        self.renewals = counter.renew(rng, self.now, core, self.people)
        self.changes = change_people(self.now, self.people, self.records)
        self.forms = counter.sign(rng, self.today, core, 0.002)

    def _look_back(self) -> None:
        rng, core = self.now.stream("counter"), self.records["core"]
        self.renewals = counter.first_renewals(rng, self.today, core, self.people)
        self.changes = counter.first_changes(rng, self.today, core, self.people)
        self.forms = counter.sign(rng, self.today, core, 0.005)

    def _newcomers(self, total: int, rate: float) -> int:
        return total if self.day == 0 else max(1, round(total * rate))

    def _found(self) -> np.ndarray:
        """New organizations; returns their rows."""
        size, before = self.size, self.organizations or None
        count = self._newcomers(size.organizations, _NEW_ORGANIZATIONS)
        new = make_organizations(self.now, count, before)
        self.organizations = grow(before, new)
        return np.arange(height(self.organizations) - count, height(self.organizations))

    def _welcome(self) -> dict[str, Table]:
        """New people and, on later days, known people who open their first record in one more system."""
        size, before = self.size, self.people or None
        count = self._newcomers(size.people, _NEW_PEOPLE)
        employers = self.organizations["name"]
        new = make_people(self.now, count, before, employers)
        self.people = stack(before, new)
        rows = np.arange(height(self.people) - count, height(self.people))
        members = choose_members(self.now, self.people, rows)
        if self.day:
            self._cross_sell(members, rows[0])
        return {source: self._admit(source, members[source]) for source in PERSON_SOURCES}

    def _cross_sell(self, members: dict[str, np.ndarray], known_people: int) -> None:
        rng = self.now.stream("cross selling")
        adult = self.people["birth"][:known_people] < self.today - np.timedelta64(18 * 366, "D")
        picked = np.flatnonzero(adult & chance(rng, known_people, _CROSS_SOLD))
        source = rng.integers(0, len(PERSON_SOURCES), len(picked))
        for position, name in enumerate(PERSON_SOURCES):
            rows = picked[(source == position) & ~self.known[name][picked]]
            members[name] = np.concatenate([rows, members[name]])

    def _admit(self, source: str, persons: np.ndarray) -> Table:
        existing = self.records.get(source)
        listed = add_duplicates(self.now, source, persons)
        first = 1 if existing is None else height(existing) + 1
        new = make_records(self.now, source, self.people, listed, first)
        if source == "call":
            hide_documents(new, self.now.stream("callers"), _CALLERS_SAYING_ID)
        new["changed_on"] = np.full(height(new), self.day)
        self.records[source] = stack(existing, new)
        known = np.zeros(height(self.people), dtype=bool)
        known[self.records[source]["person"]] = True
        self.known[source] = known
        return new

    def _appoint(self, rows: np.ndarray) -> None:
        appoint(self.now, self.organizations, self.people, rows)
        members = choose_organization_members(self.now, rows)
        self.registered = np.concatenate([self.registered, members["registry"]])
        for source in ("core", "credit"):
            existing = self.organization_records.get(source)
            first = 1 if existing is None else height(existing) + 1
            new = make_organization_records(self.now, source, self.organizations, self.people, members[source], first)
            self.organization_records[source] = stack(existing, new)

    def _open_organization_accounts(self, rows: np.ndarray) -> None:
        day = self.now
        new = {s: _tail(table, rows[0]) for s, table in self.organization_records.items()}
        accounts = make_accounts(day, new["core"], self.ledger.next_number(), organizations=True)
        self.ledger.open(accounts)
        self.book.lend(day, new["credit"], self.people, organizations=True)

    def _do_business(self, new: dict[str, Table]) -> None:
        day = self.now
        self.ledger.open(make_accounts(day, new["core"], self.ledger.next_number()))
        self.ledger.run(day, self.people["name"])
        self.book.lend(day, new["credit"], self.people)
        self.shelf.run(day, new["wealth"])
        self.cards.issue(day, new["card"])
        self.digital.run(day, self.records["ebank"], new["ebank"])
        self.calls.run(day, self.records["call"], self.people, self.card_of_person())

    def card_of_person(self) -> np.ndarray:
        """A debit card number for each person that has one."""
        accounts, core = self.ledger.accounts, self.records["core"]
        assert accounts is not None
        owned = np.flatnonzero(present(accounts["card"]))
        # customer numbers of people are '1' and a running number: row + 1
        row = np.array([int(key[1:]) - 1 for key in accounts["key"][owned]], dtype=np.int64)
        cards = np.full(height(self.people), None, dtype=object)
        cards[core["person"][row]] = accounts["card"][owned]
        return cards


def _tail(records: Table, first_organization: int) -> Table:
    """Records of organizations from this row on: the newest."""
    rows = np.flatnonzero(records["person"] >= first_organization)
    return {name: column[rows] for name, column in records.items()}
