"""Injectors about who is who: people easily taken for one another, and one person easily taken for two.

They act on the truth while people are made, each on people of its own (`Dealer`), and leave a `trap` name that the
truth file carries, so that an evaluation can ask "were the twins kept apart?".
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from connectors.demo.columns import Table, join, numbers
from connectors.demo.documents import resident_bodies, resident_ids
from connectors.demo.injecting import Dealer, mark
from connectors.demo.names import draw_given

RATES = {
    "twins": 0.0015,
    "same_name_same_birthday": 0.0004,
    "father_son_one_phone": 0.003,
    "shared_mobile": 0.008,
    "reissued_mobile": 0.003,
    "one_id_two_people": 0.0003,
    "one_person_two_ids": 0.0008,
}
_HOME = ("county", "region", "detail", "branch")


def _trap(people: Table, groups: np.ndarray, name: str) -> None:
    mark(people["injected"], groups.ravel(), name)
    for member in groups.T:
        people["trap"][member] = join(f"{name}:", numbers(people["number"][groups[:, 0]], 8))


def _copy(people: Table, columns: tuple[str, ...], source: np.ndarray, target: np.ndarray) -> None:
    for column in columns:
        people[column][target] = people[column][source]


def twins(people: Table, dealer: Dealer, rng: Generator, rate: float) -> None:
    """Two people with one surname, birth date and address, near names (often one shared character), different ids."""
    groups = dealer.deal(rate, 2)
    first, second = groups.T
    _copy(people, ("surname", "birth", "sex", *_HOME), first, second)
    shares = rng.random(len(second)) < 0.7
    people["given_1"][second[shares]] = people["given_1"][first[shares]]
    _make_given_differ(people, rng, first, second)
    _trap(people, groups, "twins")


def same_name_same_birthday(people: Table, dealer: Dealer, rng: Generator, rate: float) -> None:
    """Two strangers with the same name, sex and birth date; homes, mobiles and ids differ."""
    groups = dealer.deal(rate, 2)
    _copy(people, ("surname", "given_1", "given_2", "birth", "sex"), *groups.T)
    _trap(people, groups, "same_name_same_birthday")


def father_son(people: Table, dealer: Dealer, rng: Generator, rate: float) -> np.ndarray:
    """Father and son of one surname and address, 22 to 32 years apart; `father_son_one_phone` gives them one mobile."""
    groups = dealer.deal(rate, 2)
    father, son = groups.T
    _copy(people, ("surname", *_HOME), father, son)
    people["sex"][groups] = 1
    # old enough that the son is of age
    latest = np.datetime64("1975-12-31") - rng.integers(0, 3650, len(father)).astype("timedelta64[D]")
    people["birth"][father] = np.minimum(people["birth"][father], latest)
    apart = rng.integers(22 * 366, 32 * 365, len(son)).astype("timedelta64[D]")
    people["birth"][son] = people["birth"][father] + apart
    people["given_1"][son], people["given_2"][son] = draw_given(rng, people["sex"][son], _years(people, son))
    _make_given_differ(people, rng, father, son)
    _trap(people, groups, "father_son_one_phone")
    return groups


def father_son_one_phone(people: Table, groups: np.ndarray) -> None:
    """The son's records carry the father's mobile."""
    people["mobile"][groups[:, 1]] = people["mobile"][groups[:, 0]]


def shared_mobile(people: Table, dealer: Dealer, rng: Generator, rate: float) -> None:
    """Relatives (two) or the customers of a village agent (six) leave one mobile number at the bank."""
    for members, share in ((2, rate), (6, rate / 16)):
        groups = dealer.deal(share, members)
        people["mobile"][groups[:, 1:]] = people["mobile"][groups[:, :1]]
        _copy_village(people, groups)
        _trap(people, groups, "shared_mobile")


def reissued_mobile(people: Table, dealer: Dealer, rng: Generator, rate: float) -> None:
    """A stranger now has the number someone gave up, while records of the former holder still show it."""
    groups = dealer.deal(rate, 2)
    former, now = groups.T
    people["mobile"][now] = people["old_mobile"][former]
    people["had_old_mobile"][former] = True
    _trap(people, groups, "reissued_mobile")


def one_id_two_people(people: Table, dealer: Dealer, rng: Generator, rate: float) -> None:
    """One resident id number issued to two people (重号): two entities in the truth."""
    groups = dealer.deal(rate, 2)
    first, second = groups.T
    _copy(people, ("document_type", "document", "birth", "sex", "id_code"), first, second)
    people["given_1"][second], people["given_2"][second] = draw_given(
        rng, people["sex"][second], _years(people, second)
    )
    _make_given_differ(people, rng, first, second)
    _trap(people, groups, "one_id_two_people")


def one_person_two_ids(people: Table, dealer: Dealer, rng: Generator, rate: float) -> None:
    """One person holding two resident id numbers (重证, from before 1999 registration was joined): one entity."""
    rows = dealer.deal(rate, 1)[:, 0]
    sequence = 900 + rng.integers(0, 45, len(rows)) * 2 + (people["sex"][rows] == 1)
    bodies = resident_bodies(people["id_code"][rows], people["birth"][rows], sequence)
    people["second_id"][rows] = resident_ids(bodies)
    _trap(people, rows[:, None], "one_person_two_ids")


def _make_given_differ(people: Table, rng: Generator, first: np.ndarray, second: np.ndarray) -> None:
    """Draw the second person's given name again until it differs."""
    while True:
        same = people["given_1"][first] == people["given_1"][second]
        same &= people["given_2"][first] == people["given_2"][second]
        rows = second[same]
        if not len(rows):
            return
        people["given_1"][rows], people["given_2"][rows] = draw_given(rng, people["sex"][rows], _years(people, rows))


def _copy_village(people: Table, groups: np.ndarray) -> None:
    for member in groups.T[1:]:
        _copy(people, ("county", "region", "branch"), groups[:, 0], member)


def _years(people: Table, rows: np.ndarray) -> np.ndarray:
    return people["birth"][rows].astype("datetime64[Y]").astype(np.int64) + 1970
