"""Golden ids over random histories: untouched customers keep theirs, nothing is given twice, undo restores."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from hypothesis import example, given
from hypothesis import strategies as st

from matching.golden_id import number_of
from matching.identity import Past, assign, changes

RECORDS = "abcdefghij"
# a day: for each record the number of its cluster, or None when it is not delivered
DAYS = st.lists(st.lists(st.none() | st.integers(0, 5), min_size=10, max_size=10), min_size=1, max_size=6)
FIRST = dt.date(2026, 3, 2)


def clusters_of(day: list[int | None]) -> list[tuple[str, ...]]:
    groups: dict[int, list[str]] = defaultdict(list)
    for record, number in zip(RECORDS, day, strict=True):
        if number is not None:
            groups[number].append(record)
    return sorted(tuple(group) for group in groups.values())


class Book:
    """A plain history of ids, kept the slow and obvious way."""

    def __init__(self) -> None:
        self.days: list[dict[str, str]] = []
        self.grown: dict[str, dt.date] = {}
        self.known: set[str] = set()

    def past(self) -> Past:
        current = self.days[-1] if self.days else {}
        former: dict[str, set[str]] = defaultdict(set)
        last: dict[str, frozenset[str]] = {}
        ended: dict[str, dt.date] = {}
        since: dict[str, dt.date] = {}
        for number, day in enumerate(self.days):
            for identifier in set(day.values()):
                last[identifier] = frozenset(r for r, g in day.items() if g == identifier)
                ended[identifier] = FIRST + dt.timedelta(number + 1)
            for record, identifier in day.items():
                if identifier != current.get(record):
                    former[record].add(identifier)
                if number == 0 or self.days[number - 1].get(record) != identifier:
                    since[record] = FIRST + dt.timedelta(number)
        alive = set(current.values())
        return Past(
            current=current,
            since=since,
            former={record: frozenset(ids) for record, ids in former.items()},
            grown=self.grown,
            last_members={i: members for i, members in last.items() if i not in alive},
            ended={i: day for i, day in ended.items() if i not in alive},
            highest=max(map(number_of, self.known), default=0),
        )

    def add(self, day: list[int | None]) -> dict[str, str]:
        after = assign(clusters_of(day), self.past())
        before = self.days[-1] if self.days else {}
        today = FIRST + dt.timedelta(len(self.days))
        for record, identifier in after.items():
            if before.get(record, identifier) != identifier and identifier in before.values():
                self.grown[identifier] = today
        self.days.append(after)
        self.known |= set(after.values())
        return after


@given(DAYS)
def test_one_customer_one_id_and_no_number_twice(days):
    book = Book()
    for day in days:
        known = set(book.known)
        after = book.add(day)
        groups = clusters_of(day)
        assert len({after[group[0]] for group in groups}) == len(groups)
        assert all(len({after[record] for record in group}) == 1 for group in groups)
        minted = sorted(number_of(i) for i in set(after.values()) - known)
        assert minted == list(range(len(known) + 1, len(known) + 1 + len(minted)))


@given(DAYS)
def test_customers_untouched_by_a_day_keep_their_id(days):
    book = Book()
    before: dict[str, str] = {}
    old: list[tuple[str, ...]] = []
    for day in days:
        after = book.add(day)
        for group in clusters_of(day):
            if group in old:
                assert after[group[0]] == before[group[0]]
        before, old = after, clusters_of(day)


@given(DAYS)
def test_a_day_run_again_gives_the_same(days):
    book = Book()
    for day in days:
        after = book.add(day)
        assert assign(clusters_of(day), book.past()) == after


_NOBODY: list[int | None] = [None] * 10
_TWICE = [[0, *[None] * 6, 1, 2, 0], _NOBODY, [*[None] * 8, 0, 0], [1, *[None] * 6, 0, None, 1]]


@given(DAYS, st.integers(0, 5), st.integers(0, 5), st.integers(1, 3))
@example(_TWICE, 0, 1, 1)  # two ids held the same records once
def test_undoing_a_merge_restores_both_customers(days, one, two, later):
    book = Book()
    for day in days:
        before = book.add(day)
    last = days[-1]
    if one == two or one not in last or two not in last:
        return
    joined = [one if number == two else number for number in last]
    for _ in range(later):
        book.add(joined)
    assert book.add(last) == before


@given(DAYS)
def test_changes_tell_the_whole_story(days):
    book = Book()
    before: dict[str, str] = {}
    for day in days:
        known = frozenset(book.known)
        after = book.add(day)
        found = changes(before, after, known)
        assert {c.identifier for c in found if c.kind in ("mint", "undo")} == set(after.values()) - set(before.values())
        gone = {c.other for c in found if c.kind == "merge"} | {c.identifier for c in found if c.kind == "retire"}
        assert gone == set(before.values()) - set(after.values())
        before = after
