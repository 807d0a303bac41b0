"""Who keeps, gets, loses and gets back a golden id."""

from __future__ import annotations

import datetime as dt

from matching.golden_id import golden_id
from matching.identity import Change, Past, assign, changes

G1, G2, G3, G4 = (golden_id(n) for n in range(1, 5))
D1, D2 = dt.date(2026, 3, 2), dt.date(2026, 3, 3)


def past(current: dict[str, str], **more) -> Past:
    highest = max((int(g[1:10]) for g in current.values()), default=0)
    return Past(current=current, since=dict.fromkeys(current, D1), **{"highest": highest, **more})


def clusters(*texts: str) -> list[tuple[str, ...]]:
    return sorted(tuple(sorted(text)) for text in texts)


def test_the_first_run_mints_in_order_of_records():
    assert assign(clusters("cd", "ab"), Past()) == {"a": G1, "b": G1, "c": G2, "d": G2}


def test_untouched_customers_keep_their_id_and_a_new_one_gets_the_next():
    before = {"a": G1, "b": G1, "c": G2}
    assert assign(clusters("ab", "c", "z"), past(before)) == {**before, "z": G3}


def test_a_merge_keeps_the_older_id_even_of_the_smaller_customer():
    assert assign(clusters("abc"), past({"a": G1, "b": G2, "c": G2})) == dict.fromkeys("abc", G1)


def test_a_split_leaves_the_id_with_most_records():
    assert assign(clusters("a", "bc"), past({"a": G1, "b": G1, "c": G1})) == {"a": G2, "b": G1, "c": G1}


def test_an_even_split_leaves_it_with_the_first_record():
    assert assign(clusters("a", "b"), past({"a": G1, "b": G1})) == {"a": G1, "b": G2}


def merged(current: dict[str, str], new: str = "") -> Past:
    """State after c and d (G2) were merged into G1 on the second day; `new` came to it afterwards."""
    since = {r: D2 if r in "cd" + new else D1 for r in current}
    return Past(
        current=current, since=since, former={r: frozenset({G2}) for r in current if r in "cd"},
        grown={G1: D2}, last_members={G2: frozenset("cd")}, highest=2,
    )  # fmt: skip


def test_the_undo_of_a_merge_gives_both_their_ids_back():
    after = assign(clusters("ab", "cd"), merged(dict.fromkeys("abcd", G1)))
    assert after == {"a": G1, "b": G1, "c": G2, "d": G2}


def test_records_that_moved_to_an_older_customer_do_not_take_its_id_with_them():
    """A steward's word took c and d of "cde" to "ab", whose id is the older one, and is taken back."""
    moved = Past(
        current={**dict.fromkeys("abcd", G1), "e": G2}, since={r: D2 if r in "cd" else D1 for r in "abcde"},
        former={"c": frozenset({G2}), "d": frozenset({G2})}, grown={G1: D2}, highest=2,
    )  # fmt: skip
    assert assign(clusters("ab", "cde"), moved) == {"a": G1, "b": G1, **dict.fromkeys("cde", G2)}


def test_also_when_new_records_came_to_the_merged_customer():
    after = assign(clusters("ab", "cdef"), merged(dict.fromkeys("abcdef", G1), new="ef"))
    assert after == {"a": G1, "b": G1, **dict.fromkeys("cdef", G2)}


def test_an_id_is_given_back_once():
    after = assign(clusters("ab", "c", "d"), merged(dict.fromkeys("abcd", G1)))
    assert after == {"a": G1, "b": G1, "c": G2, "d": G3}


def test_a_customer_that_returns_gets_its_id_back():
    gone = Past(current={}, former={"a": frozenset({G1})}, last_members={G1: frozenset("a")}, highest=1)
    assert assign(clusters("a"), gone) == {"a": G1}


def test_a_number_is_never_given_again():
    assert assign(clusters("z"), Past(highest=7)) == {"z": golden_id(8)}


def test_changes_of_a_day():
    before = {"a": G1, "b": G2, "c": G3, "d": G3}
    after = {"a": G1, "b": G1, "c": G3, "d": G4}
    assert changes(before, after, frozenset({G1, G2, G3})) == [
        Change("merge", G1, G2),
        Change("mint", G4),
        Change("split", G3, G4),
    ]


def test_retire_and_undo():
    known = frozenset({G1, G2})
    assert changes({"a": G1}, {}, known) == [Change("retire", G1)]
    assert changes(dict.fromkeys("ab", G1), {"a": G1, "b": G2}, known) == [Change("undo", G2, G1)]
    assert changes({}, {"a": G1}, known) == [Change("undo", G1)]
    assert changes({"a": G1}, {"a": G1}, known) == []
