"""Ids that ended resolve, today and as of any day."""

import datetime as dt
import itertools

from matching.lineage import Lineage

DAYS = [dt.date(2026, 3, day) for day in range(1, 10)]
D0, D1, D2, D3, D4, D5, D6, D7, D8 = DAYS
STORY = [
    (D0, "mint", "G1", None), (D0, "mint", "G2", None), (D1, "mint", "G3", None),
    (D3, "merge", "G2", "G3"),  # G3 goes into G2
    (D5, "merge", "G1", "G2"),  # and both into G1
    (D6, "undo", "G2", "G1"),  # G2 comes back
    (D7, "retire", "G2", None),
]  # fmt: skip


def test_a_chain_of_merges_is_followed_as_of_each_day():
    lineage = Lineage(STORY)
    assert [lineage.at("G3", day) for day in DAYS] == [
        None, ("active", "G3"), ("active", "G3"), ("merged", "G2"), ("merged", "G2"), ("merged", "G1"),
        ("merged", "G2"), ("retired", None), ("retired", None),
    ]  # fmt: skip
    assert lineage.at("G1", D8) == ("active", "G1")


def test_spans_tell_the_same_without_gaps():
    lineage = Lineage(STORY)
    for identifier in lineage.ids:
        spans = lineage.spans(identifier)
        assert all(one.valid_to == two.valid_from for one, two in itertools.pairwise(spans))
        assert spans[-1].valid_to is None
        for day in DAYS:
            found = [s for s in spans if s.valid_from <= day and (s.valid_to is None or day < s.valid_to)]
            assert ([(s.status, s.stands_for) for s in found] or [None]) == [lineage.at(identifier, day)]


def test_an_id_given_and_taken_back_on_one_day_leads_to_its_heir():
    lineage = Lineage([(D0, "mint", "G1", None), (D1, "merge", "G1", "G2"), (D1, "mint", "G2", None)])
    assert lineage.at("G2", D1) == ("merged", "G1")
    assert lineage.at("G2", D0) is None
