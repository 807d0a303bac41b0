"""People change: a new mobile, a move, a new name, another employer.

Core hears of most changes at the counter, the other systems of less than half.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from connectors.demo import counter
from connectors.demo.columns import Table, height, missing, numbers, stack, take
from connectors.demo.documents import draw_unique
from connectors.demo.injecting import mark
from connectors.demo.names import draw_given, write_names, write_pinyin
from connectors.demo.people import MAINLAND
from connectors.demo.places import HOME_SHARE, draw_counties, draw_details, regions
from connectors.demo.randomness import Day, chance, draw

CHANGED_SHARE = 0.013  # of people; as not every system hears of it, about one per cent of records changes
_ITEMS = ("手机号", "地址", "姓名", "单位")
_WEIGHTS = np.array([45, 35, 6, 14.0])
_STALE = {"手机号": "stale_mobile", "地址": "stale_address", "姓名": "former_name"}


def change_people(day: Day, people: Table, records: dict[str, Table]) -> Table:
    """Change some people and the records that hear of it; returns the counter's rows."""
    rng = day.stream("changes")
    steady = missing(people["trap"]) & (people["kind"] == MAINLAND)
    chosen = np.flatnonzero(steady & chance(rng, height(people), CHANGED_SHARE))
    item = draw(rng, _WEIGHTS, len(chosen))
    rows: Table | None = None
    for position, name in enumerate(_ITEMS):
        persons = chosen[item == position]
        _CHANGES[name](rng, people, persons)
        told = _tell_core(rng, day, name, people, records["core"], persons)
        rows = stack(rows, told)
        for source in ("credit", "wealth", "card", "ebank", "call"):
            _tell(rng, day, name, people, records[source], persons)
    assert rows is not None
    return take(rows, np.argsort(rows["key"].astype(str), kind="stable"))


def _change_mobile(rng: Generator, people: Table, persons: np.ndarray) -> None:
    taken = np.concatenate([people["mobile"], people["old_mobile"]])

    def redraw(rows: np.ndarray) -> np.ndarray:
        return 18_600_000_000 + rng.integers(0, 10**8, len(rows))

    new = draw_unique(rng, taken, redraw(persons), redraw)
    people["old_mobile"][persons], people["mobile"][persons] = people["mobile"][persons], new


def _move(rng: Generator, people: Table, persons: np.ndarray) -> None:
    county = draw_counties(rng, len(persons), HOME_SHARE)
    people["old_region"][persons], people["old_detail"][persons] = people["region"][persons], people["detail"][persons]
    people["region"][persons], people["county"][persons] = regions(county), county
    people["detail"][persons] = draw_details(rng, county)


def _rename(rng: Generator, people: Table, persons: np.ndarray) -> None:
    people["former_name"][persons] = people["name"][persons]
    years = people["birth"][persons].astype("datetime64[Y]").astype(np.int64) + 1970
    people["given_1"][persons], people["given_2"][persons] = draw_given(rng, people["sex"][persons], years)
    named = take(people, persons, ("surname", "given_1", "given_2"))
    people["name"][persons], people["latin"][persons] = write_names(named), write_pinyin(named)


def _change_job(rng: Generator, people: Table, persons: np.ndarray) -> None:
    people["employer"][persons] = people["employer"][rng.integers(0, height(people), len(persons))]


_CHANGES = {"手机号": _change_mobile, "地址": _move, "姓名": _rename, "单位": _change_job}


def _value(records: Table, rows: np.ndarray, item: str) -> np.ndarray:
    if item == "地址":
        return records["region"][rows] + records["detail"][rows]
    return records[{"手机号": "mobile", "姓名": "name", "单位": "employer"}[item]][rows].copy()


def _update(rng: Generator, day: Day, item: str, people: Table, records: Table, rows: np.ndarray) -> None:
    person = records["person"][rows]
    if item == "手机号":
        records["mobile"][rows] = numbers(people["mobile"][person])
    elif item == "地址":
        records["region"][rows], records["detail"][rows] = people["region"][person], people["detail"][person]
    elif item == "姓名":
        records["name"][rows], records["latin"][rows] = people["name"][person], people["latin"][person]
    else:
        records["employer"][rows] = people["employer"][person]
    counter.touch(rng, records, rows, day)


def _tell_core(rng: Generator, day: Day, item: str, people: Table, core: Table, persons: np.ndarray) -> Table:
    rows = np.flatnonzero(np.isin(core["person"], persons))
    told = rows[chance(rng, len(rows), 0.85)]
    old = _value(core, told, item)
    _update(rng, day, item, people, core, told)
    _mark_stale(core, np.setdiff1d(rows, told), item)
    new = _value(core, told, item)
    return counter.change_rows(core, told, item, old, new, np.full(len(told), day.date))


def _tell(rng: Generator, day: Day, item: str, people: Table, records: Table, persons: np.ndarray) -> None:
    rows = np.flatnonzero(np.isin(records["person"], persons))
    told = rows[chance(rng, len(rows), 0.45)]
    _update(rng, day, item, people, records, told)
    _mark_stale(records, np.setdiff1d(rows, told), item)


def _mark_stale(records: Table, rows: np.ndarray, item: str) -> None:
    if item in _STALE:
        mark(records["injected"], rows, _STALE[item])
