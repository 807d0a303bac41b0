"""A bank's merged customer records, as many as wanted: seeded, in chunks, with the true party (`entity_id`).

Usage: python -m tests.bench.chinese_people 1000000 easy OUT.parquet [SEED]

The people (households with couples, children, twins, shared and reissued mobiles) are made here; how eight systems hold
them, with gaps and slips at the rates of a mode, in `tests.bench.chinese_records`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.random import Generator

from connectors.demo import names, places, places_data
from connectors.demo.columns import Table
from connectors.demo.randomness import draw
from tests.bench.chinese_records import MODES, Rates, as_held

RECORDS_PER_PERSON = 2.1987
PEOPLE_A_CHUNK = 200_000
COPIES = np.array([0.36, 0.31, 0.18, 0.09, 0.04, 0.02])  # people with 1, 2 … 6 records
HOUSEHOLDS = np.array([0.45, 0.30, 0.17, 0.08])  # of 1, 2, 3, 4 customers
YEAR = 365.25
_DAY = np.datetime64("1970-01-01")
_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_MOBILE_PREFIXES = np.array(
    [*range(130, 140), *range(150, 154), *range(155, 160), 166, 173, *range(176, 184), *range(185, 190), 191, 198, 199]
)


@dataclass(frozen=True)
class Chunk:
    """A part of the bank's people: which of how many, and where its people and records begin."""

    number: int
    of: int
    people: int
    first_person: int
    records: int
    first_record: int


def plan(records: int) -> list[Chunk]:
    """Chunks of nearly equal size that make exactly so many records."""
    people = max(1, round(records / RECORDS_PER_PERSON))
    count = -(-people // PEOPLE_A_CHUNK)
    person = [people * i // count for i in range(count + 1)]
    record = [records * i // count for i in range(count + 1)]
    return [
        Chunk(i, count, person[i + 1] - person[i], person[i], record[i + 1] - record[i], record[i])
        for i in range(count)
    ]


def chunks(records: int, mode: str, seed: int) -> Iterator[pa.Table]:
    """The records, a chunk at a time: a chunk's memory (about 400 MB) is the bound, whatever the size."""
    rates: Rates = MODES[mode]
    for chunk in plan(records):
        rng = np.random.default_rng([seed, chunk.number, records])
        people = make_people(rng, chunk)
        owner = rng.permutation(np.repeat(np.arange(chunk.people), _copies(rng, chunk)))
        yield as_held(rng, people, owner, rates, (chunk.first_record, chunk.first_person))


def generate(records: int, mode: str, seed: int = 20261128) -> pa.Table:
    """All records in memory.

    Args:
        records: how many; about 2.2 per person.
        mode: `easy` or `hard`, see `tests.bench.chinese_records.MODES`.
        seed: another seed, other people.
    """
    return pa.concat_tables(chunks(records, mode, seed))


def write(records: int, mode: str, path: Path, seed: int = 20261128) -> None:
    """Write them as one Parquet file."""
    writer = None
    for table in chunks(records, mode, seed):
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table, row_group_size=122_880)
    if writer:
        writer.close()


def _copies(rng: Generator, chunk: Chunk) -> np.ndarray:
    """How many records each person has; sums to the chunk's records."""
    copies = draw(rng, COPIES, chunk.people) + 1
    surplus = int(copies.sum()) - chunk.records
    while surplus:
        able = np.flatnonzero(copies > 1) if surplus > 0 else np.arange(chunk.people)
        if not len(able):
            raise ValueError("fewer records than people")
        chosen = rng.choice(able, min(abs(surplus), len(able)), replace=False)
        copies[chosen] -= np.sign(surplus)
        surplus = int(copies.sum()) - chunk.records
    return copies


def make_people(rng: Generator, chunk: Chunk) -> Table:
    """Columns of whole numbers, one row per person; texts are only written when a record is."""
    people = _households(rng, chunk.people)
    people |= _family(rng, people)
    people["given_1"], people["given_2"] = _given(rng, people)
    people["county"] = places.draw_counties(rng, chunk.people, 0.6)[people["head"]]
    people["born_in"] = _birth_codes(rng, people)
    people["id_body"] = _id_bodies(people, chunk)
    people["id_check"] = (_digits(people["id_body"]) * _WEIGHTS).sum(axis=1) % 11
    people["passport"] = np.where(rng.random(chunk.people) < 0.012, _unique(chunk, 10_000_000), -1)
    people |= _mobiles(rng, people) | _mail(rng, chunk.people)
    people["employer"] = np.where(rng.random(chunk.people) < 0.35, _skewed(rng, 3_000, chunk.people), -1)
    people |= {f"home_{name}": column[people["head"]] for name, column in _homes(rng, people["county"]).items()}
    people["old_county"] = places.draw_counties(rng, chunk.people, 0.6)
    return people | {f"old_{name}": column for name, column in _homes(rng, people["old_county"]).items()}


def _unique(chunk: Chunk, start: int) -> np.ndarray:
    return start + chunk.first_person + np.arange(chunk.people)


def _skewed(rng: Generator, kinds: int, size: int) -> np.ndarray:
    return draw(rng, 1 / (np.arange(kinds) + 20.0), size)


def _households(rng: Generator, size: int) -> Table:
    """`head`: row of the first of the household; `member`: 0 head, 1 spouse, 2 and 3 children (or parents)."""
    sizes = draw(rng, HOUSEHOLDS, size) + 1
    starts = np.cumsum(sizes) - sizes
    head = np.repeat(starts, sizes)[:size]
    return {"head": head, "member": np.arange(size) - head}


def _family(rng: Generator, people: Table) -> Table:
    """Birth days (since 1970), sexes (1 man, 2 woman), surnames and which rows are the second of twins."""
    head, member = people["head"], people["member"]
    size, before = len(head), np.maximum(np.arange(len(head)) - 1, 0)
    eldest = (rng.triangular(1938, 1976, 2004, size)[head] - 1970) * YEAR
    apart = rng.uniform(22, 34, size) * YEAR * np.where(eldest < 8 * YEAR, 1, -1)
    twin = (member == 3) & (rng.random(size) < 0.12)
    apart = np.where(twin, apart[before], apart)
    birth = eldest + np.where(member == 1, rng.normal(0, 4 * YEAR, size), np.where(member > 1, apart, 0))
    sex = rng.integers(1, 3, size)
    sex = np.where(member == 1, 3 - sex[head], sex)
    sex = np.where(twin & (rng.random(size) < 0.3), sex[before], sex)
    father = np.where(sex[head] == 1, head, np.minimum(head + 1, size - 1))
    surname = names.draw_surnames(rng, size)
    surname = np.where(member > 1, surname[father], surname)
    return {"birth": np.floor(birth).astype(np.int64), "sex": sex, "surname": surname, "twin": twin}


def _given(rng: Generator, people: Table) -> tuple[np.ndarray, np.ndarray]:
    """Given names; two thirds of brothers and sisters share their first character."""
    year = (_DAY + people["birth"]).astype("datetime64[Y]").astype(int) + 1970
    first, second = names.draw_given(rng, people["sex"], year)
    before = np.maximum(np.arange(len(first)) - 1, 0)
    alike = (people["member"] == 3) & (rng.random(len(first)) < 0.66) & (second >= 0) & (second[before] >= 0)
    first = np.where(alike & (second != second[before]), first[before], first)
    return first, second


def _birth_codes(rng: Generator, people: Table) -> np.ndarray:
    codes = places.birth_codes(rng, people["county"])
    away = places.birth_codes(rng, places.draw_counties(rng, len(codes), 0.3))
    codes = np.where(rng.random(len(codes)) < 0.15, away, codes)
    before = np.maximum(np.arange(len(codes)) - 1, 0)
    return np.where(people["twin"], codes[before], codes)


def _id_bodies(people: Table, chunk: Chunk) -> np.ndarray:
    """The first 17 digits as a number; numbered through within region, day and sex, so no two people share one.

    Twins of one sex follow each other: their numbers differ in the sequence and the check digit only.
    """
    day = (_DAY + people["birth"]).astype("datetime64[D]").astype(str)
    written = np.char.replace(day, "-", "").astype(np.int64)
    cell = (people["born_in"].astype(np.int64) * 100_000_000 + written) * 10 + people["sex"]
    order = np.argsort(cell, kind="stable")
    sorted_cell = cell[order]
    rank = np.empty(len(cell), dtype=np.int64)
    rank[order] = np.arange(len(cell)) - np.searchsorted(sorted_cell, sorted_cell, side="left")
    room = 500 // chunk.of
    if rank.max(initial=0) >= room:
        raise ValueError("more people of one region, day and sex than there are identity numbers")
    slot = chunk.number * room + (rank + cell // 10 % 97) % room
    return cell // 10 * 1000 + slot * 2 + (people["sex"] == 1)


def _digits(body: np.ndarray) -> np.ndarray:
    """The 17 digits of each number, a column each."""
    return body[:, None] // 10 ** np.arange(16, -1, -1, dtype=np.int64) % 10


def _mobiles(rng: Generator, people: Table) -> Table:
    """The mobile in use, and two others: former ones, of which some were given to somebody else since."""
    size, head = len(people["head"]), people["head"]

    def new() -> np.ndarray:
        return _MOBILE_PREFIXES[rng.integers(0, len(_MOBILE_PREFIXES), size)] * 10**8 + rng.integers(0, 10**8, size)

    mobile, second, third = new(), new(), new()
    shares = (people["member"] > 0) & (rng.random(size) < 0.028)
    mobile = np.where(shares, mobile[head], mobile)
    reissued = rng.random(size) < 0.006
    second = np.where(reissued, mobile[rng.permutation(size)], second)
    return {"mobile": mobile, "mobile_2": second, "mobile_3": third}


def _mail(rng: Generator, size: int) -> Table:
    """`mail_kind` -1 for people without e-mail; its digits; and whether it is a number or begins with the name."""
    kind = np.where(rng.random(size) < 0.45, rng.integers(0, 5, size), -1)
    return {
        "mail_kind": kind,
        "mail_digits": rng.integers(10**5, 10**9, size),
        "mail_tail": rng.integers(1, 9999, size),
    }


def _homes(rng: Generator, county: np.ndarray) -> Table:
    """Parts of an address: street and numbers in town, village and numbers on the land."""
    size = len(county)
    urban = np.array([name.endswith("区") for _, name, _ in places.counties()])[county]
    return {
        "in_town": rng.random(size) < np.where(urban, 0.9, 0.45),
        "street": _skewed(rng, len(places_data.STREETS), size),
        "number": rng.integers(1, 399, size),
        "estate": rng.integers(0, len(places_data.ESTATES), size),
        "building": rng.integers(1, 31, size),
        "unit": rng.integers(1, 5, size),
        "room": rng.integers(1, 25, size) * 100 + rng.integers(1, 5, size),
        "township": (county * 7 + rng.integers(0, 8, size)) % len(places_data.TOWNSHIPS),
        "village": rng.integers(0, len(places_data.VILLAGES), size),
    }


if __name__ == "__main__":
    write(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), *map(int, sys.argv[4:]))
