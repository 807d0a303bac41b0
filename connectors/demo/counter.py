"""What clerks do at the counter in a day: renew documents, change customer data, take signed forms.

The functions return the rows of the counter's workbook. Renewals and changes alter the truth and the core record; the
other systems hear of a change of data later or never, and of a renewed number never.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from connectors.demo.columns import Table, height, join, lookup, numbers, present, texts
from connectors.demo.documents import lettered, years_after
from connectors.demo.people import FOREIGN_PR, HK_MACAU, PASSPORT, RESIDENT, TAIWAN
from connectors.demo.randomness import Day, chance
from connectors.demo.sources import DOCUMENT_CODES

_FORMS = ("个人账户开户申请书", "电子银行服务协议", "理财产品风险揭示书", "征信查询授权书", "个人信息使用授权书")
_RENEWABLE = (PASSPORT, HK_MACAU, TAIWAN, FOREIGN_PR)


def first_renewals(rng: Generator, today: np.datetime64, core: Table, people: Table) -> Table:
    """Renewals of the last half year: numbers that changed before the first day, and resident ids that did not."""
    person = core["person"]
    current = np.equal(core["document"], people["document"][person])
    changed = np.flatnonzero(current & present(people["old_document"][person]))
    same = np.flatnonzero(current & (core["document_type"] == RESIDENT) & chance(rng, height(core), 0.002))
    rows = np.concatenate([changed, same])
    old = np.concatenate([people["old_document"][person[changed]], core["document"][same]])
    handled = today - rng.integers(0, 180, len(rows)).astype("timedelta64[D]")
    handled = np.maximum(handled, core["opened"][rows])
    return _renewal_rows(rng, core, rows, old, handled)


def renew(rng: Generator, day: Day, core: Table, people: Table) -> Table:
    """Renewals of one day: resident ids keep their number, passports and permits get a new one."""
    kinds = core["document_type"]
    current = np.equal(core["document"], people["document"][core["person"]])
    changed = np.flatnonzero(current & np.isin(kinds, _RENEWABLE) & chance(rng, len(kinds), 0.01))
    _, first = np.unique(core["person"][changed], return_index=True)
    changed = changed[first]
    same = np.flatnonzero(current & (kinds == RESIDENT) & chance(rng, len(kinds), 0.0004))
    old = np.concatenate([core["document"][changed], core["document"][same]])
    new = _new_numbers(rng, kinds[changed], core["document"][changed])
    people["old_document"][core["person"][changed]] = core["document"][changed]
    people["document"][core["person"][changed]] = new
    core["document"][changed] = new
    rows = np.concatenate([changed, same])
    touch(rng, core, rows, day)
    return _renewal_rows(rng, core, rows, old, np.full(len(rows), day.date))


def touch(rng: Generator, records: Table, rows: np.ndarray, day: Day) -> None:
    """Note that records changed today in opening hours."""
    seconds = rng.integers(28_800, 64_800, len(rows)).astype("timedelta64[s]")
    records["updated"][rows], records["changed_on"][rows] = day.date.astype("datetime64[s]") + seconds, day.number


def _new_numbers(rng: Generator, kinds: np.ndarray, old: np.ndarray) -> np.ndarray:
    size = len(old)
    passport = lettered(lookup("EFGHJKLMN", rng.integers(0, 9, size)), rng.integers(10**6, 10**8, size), 8)
    count = numbers(rng.integers(4, 10, size), 2)
    new = []
    for kind, number, fresh, turn in zip(kinds, old, passport, count, strict=True):
        if kind == PASSPORT:
            new.append(fresh)
        elif kind == HK_MACAU:
            new.append(number[:9].upper() + turn)
        elif kind == TAIWAN:
            new.append(number[:8] + turn)
        else:
            new.append(number[:3] + fresh[1:] + turn * 2 if number[0].isalpha() else number)
    return np.array(new, dtype=object)


def _renewal_rows(rng: Generator, core: Table, rows: np.ndarray, old: np.ndarray, handled: np.ndarray) -> Table:
    codes = DOCUMENT_CODES["counter"]
    expiry = years_after(handled, rng.choice(np.array([5.0, 10, 20]), len(rows)))
    core["expiry"][rows] = expiry
    return {
        "key": core["key"][rows], "name": core["name"][rows],
        "document_type": np.array([codes[kind] for kind in core["document_type"][rows]], dtype=object),
        "old": old, "new": core["document"][rows], "expiry": expiry, "handled": handled, "branch": core["branch"][rows],
    }  # fmt: skip


def change_rows(
    core: Table, rows: np.ndarray, item: str, old: np.ndarray, new: np.ndarray, handled: np.ndarray
) -> Table:
    """Rows of 客户信息变更 for core records."""
    return {
        "key": core["key"][rows], "name": core["name"][rows], "item": texts(item, len(rows)), "old": old, "new": new,
        "handled": handled, "branch": core["branch"][rows],
    }  # fmt: skip


def first_changes(rng: Generator, today: np.datetime64, core: Table, people: Table) -> Table:
    """Some of the mobile numbers that changed in the quarter before the first day."""
    person = core["person"]
    known = np.equal(core["mobile"], numbers(people["mobile"][person]))
    rows = np.flatnonzero(known & people["had_old_mobile"][person] & chance(rng, height(core), 0.15))
    handled = np.maximum(today - rng.integers(0, 90, len(rows)).astype("timedelta64[D]"), core["opened"][rows])
    return change_rows(core, rows, "手机号", numbers(people["old_mobile"][person[rows]]), core["mobile"][rows], handled)


def sign(rng: Generator, today: np.datetime64, core: Table, share: float) -> Table:
    """Forms signed today."""
    rows = np.flatnonzero(chance(rng, height(core), share))
    image = rng.integers(0, 10**9, len(rows))
    return {
        "key": core["key"][rows], "form": lookup(_FORMS, rng.integers(0, len(_FORMS), len(rows))),
        "signed": np.full(len(rows), today), "image": join("IMG", numbers(image, 10)), "branch": core["branch"][rows],
    }  # fmt: skip
