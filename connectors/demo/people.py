"""The truth: people of the demo bank, with everything any system may know about them.

One batch per day: the first day's batch is the stock, later ones are newcomers. Row = person, for ever: batches are
stacked, so a position found once stays valid.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from connectors.demo import injectors_identity as identity
from connectors.demo import names_data
from connectors.demo.columns import Table, choose, join, lookup, missing, numbers, texts
from connectors.demo.documents import draw_unique, lettered, resident_bodies, resident_ids, years_after
from connectors.demo.injecting import Dealer
from connectors.demo.names import draw_given, draw_surnames, positions_of, write_names, write_pinyin
from connectors.demo.places import HOME_SHARE, birth_codes, draw_branches, draw_counties, draw_details, regions
from connectors.demo.randomness import Day, chance, draw

DOCUMENT_TYPES = (
    "resident_id", "household_register", "temporary_id", "hk_macau_permit", "taiwan_permit", "passport",
    "foreign_permanent_resident", "military_id", "residence_permit",
)  # fmt: skip
RESIDENT, HOUSEHOLD, TEMPORARY, HK_MACAU, TAIWAN, PASSPORT, FOREIGN_PR, MILITARY, RESIDENCE = range(9)
NONE = -1
MAINLAND, HONG_KONG, MACAU, TAIWANESE, FOREIGNER, MINORITY = range(6)
_KIND_RATES = {HONG_KONG: 0.0016, MACAU: 0.0006, TAIWANESE: 0.0014, FOREIGNER: 0.0025, MINORITY: 0.006}
_MOBILE_PREFIXES = np.array([
    130, 131, 132, 133, 134, 135, 136, 137, 138, 139, 150, 151, 152, 153, 155, 156, 157, 158, 159, 166, 170, 171, 173,
    175, 176, 177, 178, 180, 181, 182, 183, 184, 185, 186, 187, 188, 189, 191, 193, 195, 198, 199,
])  # fmt: skip
_OCCUPATIONS = (
    "务农",
    "个体经营",
    "企业职员",
    "教师",
    "公务员",
    "医护人员",
    "司机",
    "建筑工人",
    "销售人员",
    "学生",
    "退休",
    "自由职业",
)
_MAIL_HOSTS = ("qq.com", "163.com", "126.com", "sina.com", "139.com", "foxmail.com")


def make_people(day: Day, size: int, before: Table | None, employers: np.ndarray) -> Table:
    """People who become known on one day.

    Args:
        day: the day.
        size: how many.
        before: all people known so far (their ids and mobiles are taken).
        employers: names of organizations.
    """
    start = 0 if before is None else len(before["name"])
    people = _base(day.stream("people"), day, start, size)
    dealer = Dealer(day.stream("traps"), np.flatnonzero(people["kind"] == MAINLAND), size)
    rng = day.stream("identity injectors")
    rates = identity.RATES
    identity.twins(people, dealer, rng, rates["twins"])
    identity.same_name_same_birthday(people, dealer, rng, rates["same_name_same_birthday"])
    families = identity.father_son(people, dealer, rng, rates["father_son_one_phone"])
    _marry(people, day.stream("marriages"))
    _give_documents(people, day.stream("documents"), before)
    _give_mobiles(people, day.stream("mobiles"), before)
    identity.father_son_one_phone(people, families)
    identity.shared_mobile(people, dealer, rng, rates["shared_mobile"])
    identity.reissued_mobile(people, dealer, rng, rates["reissued_mobile"])
    identity.one_id_two_people(people, dealer, rng, rates["one_id_two_people"])
    identity.one_person_two_ids(people, dealer, rng, rates["one_person_two_ids"])
    _name(people, day.stream("names"))
    _give_contacts(people, day.stream("contacts"), employers)
    return people


def _base(rng: Generator, day: Day, start: int, size: int) -> Table:
    age = np.clip(rng.normal(47, 18, size), 3, 96) + rng.random(size)
    birth = years_after(day.date, -age)
    sex = rng.integers(1, 3, size).astype(np.int8)
    county = draw_counties(rng, size, HOME_SHARE)
    given_1, given_2 = draw_given(rng, sex, birth.astype("datetime64[Y]").astype(np.int64) + 1970)
    people = {
        "number": np.arange(start, start + size), "kind": _kinds(rng, size), "sex": sex, "birth": birth,
        "surname": draw_surnames(rng, size), "given_1": given_1, "given_2": given_2,
        "county": county, "region": regions(county), "detail": draw_details(rng, county),
        "branch": draw_branches(rng, day.branches, county), "spouse": np.full(size, NONE),
        "injected": np.zeros(size, dtype=np.uint64), "opened": _opened(rng, day.date, birth),
    }  # fmt: skip
    for column in ("trap", "second_id", "old_document", "other_document", "former_name", "tel", "email", "old_detail"):
        people[column] = texts(None, size)
    people["old_region"] = texts(None, size)
    return people


def _opened(rng: Generator, today: np.datetime64, birth: np.ndarray) -> np.ndarray:
    """When the first relationship began: in the last 25 years, after birth."""
    earliest = np.maximum(birth, today - np.timedelta64(25 * 365, "D"))
    span = (today - earliest).astype(np.int64) - 1
    return earliest + (rng.random(len(birth)) ** 0.8 * span).astype("timedelta64[D]")


def _kinds(rng: Generator, size: int) -> np.ndarray:
    """Most are mainland residents; of every other kind there is at least one."""
    kinds = np.zeros(size, dtype=np.int8)
    order, used = rng.permutation(size), 0
    for kind, rate in _KIND_RATES.items():
        count = max(1 if size >= 100 else 0, round(size * rate))
        kinds[order[used : used + count]] = kind
        used += count
    return kinds


def _marry(people: Table, rng: Generator) -> None:
    """Pair men and women of one county and about one age; a couple shares home and branch."""
    adult = people["birth"] < np.datetime64("2000-01-01")
    single = adult & (people["kind"] == MAINLAND) & missing(people["trap"])
    sides = []
    for sex in (1, 2):
        rows = np.flatnonzero(single & (people["sex"] == sex))
        rows = rows[np.lexsort((people["birth"][rows], people["county"][rows]))]
        county = people["county"][rows].astype(np.int64)
        rank = np.arange(len(rows)) - np.searchsorted(county, county)
        sides.append((rows, county * 10**7 + rank))
    _, left, right = np.intersect1d(sides[0][1], sides[1][1], return_indices=True)
    keep = chance(rng, len(left), 0.6)
    men, women = sides[0][0][left[keep]], sides[1][0][right[keep]]
    people["spouse"][men], people["spouse"][women] = people["number"][women], people["number"][men]
    for column in ("detail", "branch"):
        people[column][women] = people[column][men]


def _give_documents(people: Table, rng: Generator, before: Table | None) -> None:
    size = len(people["sex"])
    home = np.where(chance(rng, size, 0.88), people["county"], draw_counties(rng, size, 0.5))
    people["id_code"] = birth_codes(rng, home)
    kind = people["kind"]
    for foreign, code in ((HONG_KONG, 810000), (MACAU, 820000), (TAIWANESE, 830000)):
        people["id_code"][kind == foreign] = code
    rows = np.flatnonzero(kind == FOREIGNER)
    nation = rng.integers(0, len(names_data.FOREIGN_NATIONS), size)
    state = np.array([int(n) for n in names_data.NATION_NUMBERS])[nation]
    people["id_code"][rows] = (942_000 + state)[rows]

    def redraw(where: np.ndarray) -> np.ndarray:
        # 900 and above stay free for second numbers of one person
        sequence = rng.integers(1, 449, len(where)) * 2 + (people["sex"][where] == 1)
        return resident_bodies(people["id_code"][where], people["birth"][where], sequence)

    taken = np.zeros(0, dtype=np.int64) if before is None else before["id_body"]
    people["id_body"] = draw_unique(rng, taken, redraw(np.arange(size)), redraw)
    people["document"] = resident_ids(people["id_body"])
    people["document_type"] = np.zeros(size, dtype=np.int8)
    people["other_type"] = np.full(size, NONE, dtype=np.int8)
    people["nation"] = choose(kind == FOREIGNER, lookup(names_data.FOREIGN_NATIONS, nation), "CHN")
    _mainland_documents(people, rng)
    _border_documents(people, rng)
    _foreign_documents(people, rng)


def _give_other(people: Table, rows: np.ndarray, kind: int, document: np.ndarray) -> None:
    """Make `document` the first one and keep the resident id (or permit) as the other one."""
    people["other_type"][rows], people["other_document"][rows] = people["document_type"][rows], people["document"][rows]
    people["document_type"][rows], people["document"][rows] = kind, document


def _mainland_documents(people: Table, rng: Generator) -> None:
    size = len(people["sex"])
    mainland = np.isin(people["kind"], (MAINLAND, MINORITY)) & missing(people["trap"])
    people["document_type"][mainland & (people["birth"] > np.datetime64("2010-01-01"))] = HOUSEHOLD
    draw_ = rng.random(size)
    adult = mainland & (people["birth"] < np.datetime64("2005-01-01"))
    people["document_type"][adult & (draw_ < 0.002)] = TEMPORARY
    soldiers = np.flatnonzero(adult & (draw_ > 0.002) & (draw_ < 0.004))
    _give_other(
        people, soldiers, MILITARY, join(lettered("军字第", rng.integers(10**7, 10**8, len(soldiers)), 8), "号")
    )
    travellers = np.flatnonzero(adult & (draw_ > 0.004) & (draw_ < 0.006))
    _give_other(people, travellers, PASSPORT, lettered("E", rng.integers(10**7, 10**8, len(travellers)), 8))
    _renew(people, rng, travellers, lettered("G", rng.integers(10**7, 10**8, len(travellers)), 8))


def _renew(people: Table, rng: Generator, rows: np.ndarray, old: np.ndarray) -> None:
    keep = chance(rng, len(rows), 0.6)
    people["old_document"][rows[keep]] = old[keep]


def _border_documents(people: Table, rng: Generator) -> None:
    """Home-return permits keep nine characters for life, Taiwan permits eight digits; what follows counts renewals."""
    for kind, letter in ((HONG_KONG, "H"), (MACAU, "M")):
        rows = np.flatnonzero(people["kind"] == kind)
        permit = lettered(letter, rng.integers(10**6, 10**8, len(rows)), 8)
        people["document_type"][rows] = RESIDENCE
        _give_other(people, rows, HK_MACAU, permit)
        _renew(people, rng, rows, join(permit, numbers(rng.integers(0, 4, len(rows)), 2)))
    rows = np.flatnonzero(people["kind"] == TAIWANESE)
    permit = numbers(rng.integers(10**6, 10**8, len(rows)), 8)
    people["document_type"][rows] = RESIDENCE
    _give_other(people, rows, TAIWAN, permit)
    _renew(people, rng, rows, join(permit, numbers(rng.integers(1, 9, len(rows)), 2)))
    first = np.flatnonzero(
        np.isin(people["kind"], (HONG_KONG, MACAU, TAIWANESE)) & chance(rng, len(people["sex"]), 0.35)
    )
    _swap_documents(people, first)


def _swap_documents(people: Table, rows: np.ndarray) -> None:
    for one, other in (("document", "other_document"), ("document_type", "other_type")):
        people[one][rows], people[other][rows] = people[other][rows], people[one][rows].copy()
    people["old_document"][rows] = None


def _foreign_documents(people: Table, rng: Generator) -> None:
    rows = np.flatnonzero(people["kind"] == FOREIGNER)
    people["document_type"][rows] = FOREIGN_PR
    passport = lettered(
        lookup("ABCDEFGHJKLMNP", rng.integers(0, 14, len(rows))), rng.integers(10**6, 10**8, len(rows)), 8
    )
    old = lettered(lookup("ABCDEFGHJKLMNP", rng.integers(0, 14, len(rows))), rng.integers(10**6, 10**8, len(rows)), 8)
    _give_other(people, rows, PASSPORT, passport)
    _renew(people, rng, rows, old)
    resident = rows[chance(rng, len(rows), 0.4)]
    _swap_documents(people, resident)
    # the card of 2017 has the country's letters and twelve digits; the one of 2023 is the 18-digit number
    early = resident[chance(rng, len(resident), 0.4)]
    people["document"][early] = join(people["nation"][early], numbers(rng.integers(10**11, 10**12, len(early))))


def _give_mobiles(people: Table, rng: Generator, before: Table | None) -> None:
    size = len(people["sex"])

    def redraw(rows: np.ndarray) -> np.ndarray:
        prefix = _MOBILE_PREFIXES[rng.integers(0, len(_MOBILE_PREFIXES), len(rows))]
        return prefix * 10**8 + rng.integers(10**7, 10**8, len(rows))

    taken = np.zeros(0, dtype=np.int64)
    if before is not None:
        taken = np.concatenate([before["mobile"], before["old_mobile"]])
    both = draw_unique(rng, taken, redraw(np.arange(2 * size)), redraw)
    people["mobile"], people["old_mobile"] = both[:size], both[size:]
    people["had_old_mobile"] = chance(rng, size, 0.12)


def _name(people: Table, rng: Generator) -> None:
    _give_rare_characters(people, rng)
    people["name"], people["latin"] = write_names(people), write_pinyin(people)
    size = len(people["name"])
    older = people.copy()
    years = people["birth"].astype("datetime64[Y]").astype(np.int64) + 1970
    older["given_1"], older["given_2"] = draw_given(rng, people["sex"], years)
    had_other = chance(rng, size, 0.012) & (people["kind"] == MAINLAND) & missing(people["trap"])
    people["former_name"] = choose(had_other, write_names(older), None)
    _name_minorities(people, rng)
    _name_foreigners(people, rng)


def _give_rare_characters(people: Table, rng: Generator) -> None:
    size = len(people["sex"])
    ordinary = (people["kind"] == MAINLAND) & missing(people["trap"])
    order = rng.permutation(np.flatnonzero(ordinary))
    used = 0
    private = "".join(names_data.PRIVATE_USE)
    for pool, rate in ((names_data.RARE_LOST, 0.004), (names_data.RARE_KEPT, 0.001), (private, 0.0006)):
        rows = order[used : used + max(2, round(size * rate))]
        positions = positions_of(pool)
        people["given_2"][rows] = positions[rng.integers(0, len(positions), len(rows))]
        used += len(rows)


def _name_minorities(people: Table, rng: Generator) -> None:
    rows = np.flatnonzero(people["kind"] == MINORITY)
    own = lookup(names_data.MINORITY_OWN, rng.integers(0, len(names_data.MINORITY_OWN), len(rows)))
    father = lookup(names_data.MINORITY_FATHER, rng.integers(0, len(names_data.MINORITY_FATHER), len(rows)))
    people["name"][rows] = join(own, "·", father)
    latin = lookup(names_data.MINORITY_LATIN, rng.integers(0, len(names_data.MINORITY_LATIN), len(rows)))
    people["latin"][rows] = join(latin, " ", lookup(names_data.MINORITY_LATIN, rng.integers(0, 10, len(rows))))


def _name_foreigners(people: Table, rng: Generator) -> None:
    rows = np.flatnonzero(people["kind"] == FOREIGNER)
    family = lookup(names_data.FOREIGN_FAMILY, rng.integers(0, len(names_data.FOREIGN_FAMILY), len(rows)))
    man = lookup(names_data.FOREIGN_GIVEN_M, rng.integers(0, len(names_data.FOREIGN_GIVEN_M), len(rows)))
    woman = lookup(names_data.FOREIGN_GIVEN_F, rng.integers(0, len(names_data.FOREIGN_GIVEN_F), len(rows)))
    given = np.where(people["sex"][rows] == 1, man, woman).astype(object)
    people["name"][rows] = join(family, " ", given)
    people["latin"][rows] = people["name"][rows]


def _give_contacts(people: Table, rng: Generator, employers: np.ndarray) -> None:
    size = len(people["sex"])
    area = choose(np.isin(people["branch"].astype("U3"), ("802",)), "0724-", "0710-")
    tel = join(area, numbers(rng.integers(2_000_000, 8_999_999, size)))
    people["tel"] = choose(chance(rng, size, 0.25), tel, None)
    host = lookup(_MAIL_HOSTS, rng.integers(0, len(_MAIL_HOSTS), size))
    user = np.char.lower(np.char.replace(people["latin"].astype(str), " ", "")).astype(object)
    email = join(user, numbers(rng.integers(10, 99_999, size)), "@", host)
    people["email"] = choose(chance(rng, size, 0.45), email, None)
    job = draw(rng, np.array([20, 14, 18, 5, 4, 4, 6, 8, 8, 4, 6, 3.0]), size)
    people["occupation"] = lookup(_OCCUPATIONS, job)
    employed = np.isin(job, (2, 6, 7, 8)) & chance(rng, size, 0.8)
    people["employer"] = choose(employed, employers[rng.integers(0, len(employers), size)], None)
    moved = chance(rng, size, 0.10)
    county = np.where(chance(rng, size, 0.8), people["county"], draw_counties(rng, size, HOME_SHARE))
    people["old_region"] = choose(moved, regions(county), None)
    people["old_detail"] = choose(moved, draw_details(rng, county), None)
