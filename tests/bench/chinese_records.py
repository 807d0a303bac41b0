"""How a bank's systems hold its people: names, numbers and addresses as text, with gaps and slips at stated rates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.random import Generator
from opencc import OpenCC

from connectors.demo import names, names_data, places, places_data
from connectors.demo.columns import Table
from connectors.demo.randomness import draw


@dataclass(frozen=True)
class Rates:
    """Shares of records; `other` means another true value of the person (a former mobile, a former address)."""

    id_missing: float
    id_old: float  # 15 digits
    id_typo: float
    mobile_missing: float
    mobile_other: float
    name_variant: float
    birth_missing: float
    birth_wrong: float
    sex_missing: float
    email_missing: float
    email_other: float
    address_missing: float
    address_otherwise: float  # the same address in other words
    address_other: float


MODES = {
    "easy": Rates(0.10, 0.05, 0.01, 0.03, 0.10, 0.03, 0.01, 0.01, 0.01, 0.25, 0.05, 0.03, 0.20, 0.05),
    "hard": Rates(0.35, 0.05, 0.03, 0.25, 0.30, 0.08, 0.03, 0.03, 0.03, 0.50, 0.15, 0.08, 0.40, 0.20),
}
SOURCES = ("core", "card", "ebank", "credit", "wealth", "call")
_SOURCE_SHARES = np.array([0.34, 0.22, 0.18, 0.10, 0.08, 0.08])
_NO_ID = ("无", "000000000000000000", "111111111111111111", "不详")
_NO_MOBILE = ("无", "13800000000", "00000000000", "13888888888")
_MAIL_HOSTS = ("qq.com", "qq.com", "163.com", "126.com", "sina.com")
_EMPLOYERS = """
第一中学 实验小学 人民医院 中医医院 供电公司 自来水公司 公安局 税务局 邮政局 建筑工程有限公司 汽车零部件有限公司
纺织有限公司 商贸有限公司 农业开发有限公司 食品有限公司 物流有限公司 机械制造有限公司 化工有限公司 装饰工程有限公司 超市
"""


def pick(values: tuple[str, ...] | list[str], index: np.ndarray) -> pa.Array:
    """The texts at these positions; null for -1."""
    return pa.array(values, pa.string()).take(pa.array(index.astype(np.int32), mask=index < 0))


def _join(*parts: pa.Array | str) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")


def _number(values: np.ndarray, width: int = 0) -> pa.Array:
    text = pa.array(values.astype(np.int64)).cast(pa.string())
    return pc.utf8_lpad(text, width, "0") if width else text


def _fill(rng: Generator, column: pa.Array, rate: float, fillers: tuple[str, ...], filled: float) -> pa.Array:
    """Some values missing; a part of those written as a filler."""
    size = len(column)
    missing = rng.random(size) < rate
    filler = np.where(rng.random(size) < filled, rng.integers(0, len(fillers), size), -1)
    return pc.if_else(pa.array(missing), pick(fillers, filler), column)


def as_held(rng: Generator, people: Table, owner: np.ndarray, rates: Rates, first: tuple[int, int]) -> pa.Table:
    """Records of these owners (rows of `people`).

    Args:
        rng: the stream.
        people: from `chinese_people.make_people`.
        owner: for each record its person.
        rates: how often what goes wrong.
        first: number of the first record and of the first person.
    """
    of = {name: column[owner] for name, column in people.items()}
    source = pick(SOURCES, draw(rng, _SOURCE_SHARES, len(owner)))
    moved = rng.random(len(owner)) < rates.address_other
    home = {name: np.where(moved, of[f"old_{name}"], of[f"home_{name}"]) for name in _PARTS}
    county = np.where(moved, of["old_county"], of["county"])
    gone = pa.array(rng.random(len(owner)) < rates.address_missing)
    columns = {
        "record_id": _join(source, ":", _number(first[0] + np.arange(len(owner)), 9)),
        "source": source,
        "name": _names(rng, of, rates.name_variant),
        **_documents(rng, of, rates),
        "birth_date": _births(rng, of["birth"], rates),
        "sex": _sexes(rng, of["sex"], rates.sex_missing),
        "mobile": _mobiles(rng, of, rates),
        "email": _mails(rng, of, rates),
        "address": pc.if_else(gone, None, _addresses(rng, home, county, rates.address_otherwise)),
        "district": pc.if_else(gone, None, pick([name for _, name, _ in places.counties()], county)),
        "employer": _employers(rng, of["employer"]),
        "entity_id": pa.array(first[1] + owner),
    }
    return pa.table(columns)


# --- names ---


@cache
def _alphabet() -> list[str]:
    """Characters of given names, then every other form one of them may be written in."""
    known = [character for character in names.CHARACTERS if character]
    other = {form for forms in _look_alikes().values() for form in forms}
    other |= set(map(_traditional, known))
    return [*known, *sorted(other - set(known)), "?"]


@cache
def _converter() -> OpenCC:
    return OpenCC("s2t")


def _traditional(text: str) -> str:
    converted: str = _converter().convert(text)
    return converted


@cache
def _look_alikes() -> dict[str, str]:
    return {pair[0]: pair[1] for pair in names_data.LOOK_ALIKE.split()}


@cache
def _forms() -> dict[str, np.ndarray]:
    """kind -> for each character up to six positions in the alphabet of what may be written instead (-1: nothing)."""
    alphabet = _alphabet()
    position = {character: index for index, character in enumerate(alphabet)}
    sounds = names.homophones()
    table = {kind: np.full((len(alphabet), 6), -1) for kind in ("sound", "shape", "traditional", "lost")}
    for index, character in enumerate(alphabet):
        forms = {"sound": sounds.get(character, "")[:6], "shape": _look_alikes().get(character, ""), "lost": "?"}
        forms["traditional"] = _traditional(character).replace(character, "")
        for kind, written in forms.items():
            found = [position[form] for form in written if form in position]
            table[kind][index] = (found * 6)[:6] if found else -1
    return table


def _written(rng: Generator, characters: np.ndarray, kind: str, rows: np.ndarray) -> np.ndarray:
    """The characters with those of `rows` written in another form of this kind, where there is one."""
    other = _forms()[kind][characters, rng.integers(0, 6, len(characters))]
    return np.where(rows & (characters >= 0) & (other >= 0), other, characters)


def _names(rng: Generator, of: Table, rate: float) -> pa.Array:
    """Names; a share of them with one given-name character otherwise, or the whole in traditional characters."""
    first, second = of["given_1"].astype(np.int64), of["given_2"].astype(np.int64)
    size = len(first)
    # half of the characters have no form of a kind; a few more tries keep the rate
    kind = np.where(rng.random(size) < rate * 1.6, draw(rng, np.array([40, 25, 20, 15]), size), -1)
    on_second = (rng.random(size) < 0.6) & (second >= 0)
    for number, name in enumerate(("sound", "shape", "traditional", "lost")):
        rows = kind == number
        whole = name == "traditional"
        first = _written(rng, first, name, rows & (whole | ~on_second))
        second = _written(rng, second, name, rows & (whole | on_second))
    surnames = names.surname_texts()
    forms = [*surnames, *map(_traditional, surnames)]
    surname = of["surname"] + len(surnames) * (kind == 2)
    alphabet = _alphabet()
    return _join(pick(forms, surname), pick(alphabet, first), pc.fill_null(pick(alphabet, second), ""))


# --- numbers ---


def _documents(rng: Generator, of: Table, rates: Rates) -> dict[str, pa.Array]:
    body, size = of["id_body"], len(of["id_body"])
    body = np.where(rng.random(size) < rates.id_typo, _mistyped(rng, body, 17), body)
    long = _join(_number(body, 17), pick(list("10X98765432"), of["id_check"]))
    old = (of["birth"] < 16 * 365) & (rng.random(size) < rates.id_old * 1.4)
    short = _number(body // 10**11 * 10**9 + body % 10**9, 15)
    number = pc.if_else(pa.array(old), short, long)
    abroad = of["passport"] >= 0
    number = pc.if_else(pa.array(abroad), _join("E", _number(of["passport"], 8)), number)
    number = _fill(rng, number, rates.id_missing, _NO_ID, 0.15)
    kind = pick(("居民身份证", "护照"), abroad.astype(int))
    return {"id_type": pc.if_else(pc.is_null(number), None, kind), "id_no": number}


def _mistyped(rng: Generator, body: np.ndarray, digits: int) -> np.ndarray:
    """One digit wrong, or two neighbours swapped; never the first."""
    place = 10 ** rng.integers(0, digits - 2, len(body))
    right, left = body // place % 10, body // (place * 10) % 10
    wrong = body + ((right + rng.integers(1, 10, len(body))) % 10 - right) * place
    swapped = body + (left - right) * place + (right - left) * place * 10
    return np.where((rng.random(len(body)) < 0.4) & (left != right), swapped, wrong)


def _births(rng: Generator, birth: np.ndarray, rates: Rates) -> pa.Array:
    """Dates; wrong ones by a day, a month or years, with day and month swapped, or the first of January."""
    size = len(birth)
    day = np.datetime64("1970-01-01") + birth
    year, month = day.astype("datetime64[Y]"), day.astype("datetime64[M]")
    months, days = (month - year).astype(int), (day.astype("datetime64[D]") - month).astype(int)
    swapped = (year.astype("datetime64[M]") + np.minimum(days, 11)).astype("datetime64[D]") + np.minimum(months, 27)
    slips = np.array([-10, -9, -3, -2, -1, 1, 2, 3, 9, 10])
    other_day = day + slips[rng.integers(0, 10, size)]
    other_year = day + np.rint(slips[rng.integers(0, 10, size)] * 365.25).astype(np.int64)
    kinds = [day, swapped, other_day, other_year, year.astype("datetime64[D]")]
    kind = np.where(rng.random(size) < rates.birth_wrong, draw(rng, np.array([2, 4, 3, 1]), size) + 1, 0)
    held = np.choose(kind, [column.astype("datetime64[D]") for column in kinds])
    return pa.array(held, pa.date32(), mask=rng.random(size) < rates.birth_missing)


def _sexes(rng: Generator, sex: np.ndarray, missing: float) -> pa.Array:
    size = len(sex)
    held = np.where(rng.random(size) < 0.002, 3 - sex, sex)
    return pick(("男", "女"), np.where(rng.random(size) < missing, -1, held - 1))


def _mobiles(rng: Generator, of: Table, rates: Rates) -> pa.Array:
    size = len(of["mobile"])
    other = np.where(rng.random(size) < 0.6, of["mobile_2"], of["mobile_3"])
    mobile = np.where(rng.random(size) < rates.mobile_other, other, of["mobile"])
    mobile = np.where(rng.random(size) < 0.003, _mistyped(rng, mobile, 11), mobile)
    return _fill(rng, _number(mobile), rates.mobile_missing, _NO_MOBILE, 0.15)


def _mails(rng: Generator, of: Table, rates: Rates) -> pa.Array:
    size = len(of["mail_kind"])
    other = rng.random(size) < rates.email_other
    kind = np.where(rng.random(size) < rates.email_missing, -1, of["mail_kind"])
    kind = np.where(other & (kind >= 0), (kind + 2) % 5, kind)
    spoken = [text.lower() for text in names.pinyin_of_characters()]
    surname = pick([text for _, text in _surname_sounds()], of["surname"])
    given = _join(pick(spoken, of["given_1"]), pc.fill_null(pick(spoken, of["given_2"]), ""))
    named = _join(surname, given, _number(of["mail_tail"] + 7 * other))
    user = pc.if_else(pa.array(kind < 2), _number(of["mail_digits"] + 131 * other), named)
    return _join(user, "@", pick(_MAIL_HOSTS, kind))


@cache
def _surname_sounds() -> list[tuple[str, str]]:
    return [
        (word.rstrip("abcdefghijklmnopqrstuvwxyz0123456789"), "".join(c for c in word if c.isascii() and c.isalpha()))
        for word in names_data.SURNAMES.split()
    ]


# --- addresses and employers ---

_PARTS = ("in_town", "street", "number", "estate", "building", "unit", "room", "township", "village")


def _addresses(rng: Generator, home: Table, county: np.ndarray, otherwise: float) -> pa.Array:
    """Addresses in the usual words; a share without province or city, with hyphens, 栋 for 幢, or no estate."""
    size = len(county)
    style = np.where(rng.random(size) < otherwise, rng.integers(1, 7, size), 0)
    above = [text for _, _, text in places.counties()]
    province = [text[: text.find("省") + 1 or text.find("区") + 1 or text.find("市") + 1] for text in above]
    city = [text.removeprefix(front) or text for text, front in zip(above, province, strict=True)]
    region = pc.if_else(pa.array(style == 1), pick(city, county), pick(above, county))
    region = pc.if_else(pa.array((style == 2) | (style == 5)), "", region)
    detail = pc.if_else(pa.array(home["in_town"]), _in_town(home, style), _on_the_land(home, style))
    return _join(region, pick([name for _, name, _ in places.counties()], county), detail)


def _in_town(home: Table, style: np.ndarray) -> pa.Array:
    number, building, unit, room = (_number(home[name]) for name in ("number", "building", "unit", "room"))
    estate = pc.if_else(pa.array(style == 4), "", pick(places_data.ESTATES, home["estate"]))
    front = _join(pick(places_data.STREETS, home["street"]), number, "号", estate)
    house = pc.if_else(pa.array((style == 3) | (style == 6)), "栋", "幢")
    full = _join(front, building, house, unit, "单元", room, pc.if_else(pa.array(style == 6), "", "室"))
    short = _join(front, building, "-", unit, "-", room)
    return pc.if_else(pa.array((style == 4) | (style == 5)), short, full)


def _on_the_land(home: Table, style: np.ndarray) -> pa.Array:
    township = pick(places_data.TOWNSHIPS, home["township"])
    township = pc.if_else(pa.array(style == 4), "", township)
    group = pc.if_else(pa.array(style == 3), "社", "组")
    end = pc.if_else(pa.array(style == 6), "", "号")
    number = _number(home["number"] % 120 + 1)
    return _join(
        township, pick(places_data.VILLAGES, home["village"]), _number(home["building"] % 12 + 1), group, number, end
    )


@cache
def _employer_names() -> list[str]:
    kinds = _EMPLOYERS.split()
    return [county + kind for kind in kinds for _, county, _ in places.counties()]


def _employers(rng: Generator, employer: np.ndarray) -> pa.Array:
    written = _employer_names()
    gone = (employer < 0) | (rng.random(len(employer)) < 0.4)
    return pick(written, np.where(gone, -1, employer % len(written)))
