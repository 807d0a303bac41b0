"""Names of the demo's people: drawn with real frequencies, written in Chinese and in pinyin."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.random import Generator
from pypinyin import Style, lazy_pinyin

from connectors.demo import names_data as data
from connectors.demo.columns import Table, lookup
from connectors.demo.randomness import chance, draw

GENERATIONS = (1900, 1960, 1980, 1995)
_SURNAMES = re.findall(r"([^\sa-z0-9]+)([a-z]+)(\d+)", data.SURNAMES)
_RARE = data.RARE_LOST + data.RARE_KEPT + "".join(data.PRIVATE_USE)
# the last entry is "no second character", so that index -1 finds it
_USUAL = sorted(set("".join([*data.GIVEN.values(), *data.POPULAR.values()])) - {" ", *_RARE})
CHARACTERS = (*_USUAL, *_RARE, "")
_INDEX = {character: index for index, character in enumerate(CHARACTERS)}


@dataclass(frozen=True)
class _Pool:
    """What given names of one sex and generation are made of."""

    weights: np.ndarray  # of each entry of CHARACTERS but the last
    popular: np.ndarray  # pairs of positions, -1 for none
    single_share: float


@cache
def pinyin_of_characters() -> tuple[str, ...]:
    """Pinyin of every entry of CHARACTERS, upper case, without tones."""
    spoken = [data.RARE_PINYIN.get(c) or "".join(lazy_pinyin(c, style=Style.NORMAL)) for c in CHARACTERS]
    return tuple(text.upper() for text in spoken)


def surname_texts() -> list[str]:
    """Surnames in the order of their index."""
    return [surname for surname, _, _ in _SURNAMES]


def _pair(name: str) -> tuple[int, int]:
    return _INDEX[name[0]], _INDEX[name[1]] if len(name) > 1 else -1


@cache
def _pool(sex: str, generation: int) -> _Pool:
    """Ranked characters fall off like 1/(rank + 6); every other character stays possible in a thin tail."""
    weights = np.zeros(len(CHARACTERS) - 1)
    weights[: len(_USUAL)] = 0.12 / len(_USUAL)
    ranked = data.GIVEN[sex, generation]
    share = 1 / (np.arange(len(ranked)) + 6.0)
    weights[[_INDEX[c] for c in ranked]] += 0.88 * share / share.sum()
    popular = np.array([_pair(name) for name in data.POPULAR[sex, generation].split()])
    single = {1900: 0.12, 1960: 0.22, 1980: 0.33, 1995: 0.10}[generation]
    return _Pool(weights, popular, single)


def draw_given(rng: Generator, sex: np.ndarray, birth_year: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two character positions for each person (sex 1 man, 2 woman); the second is -1 for one-character names."""
    first, second = np.zeros(len(sex), dtype=np.int16), np.full(len(sex), -1, dtype=np.int16)
    generation = np.searchsorted(GENERATIONS, birth_year, side="right") - 1
    for code, letter in ((1, "M"), (2, "F")):
        for position, start in enumerate(GENERATIONS):
            rows = np.flatnonzero((sex == code) & (generation == position))
            first[rows], second[rows] = _given_of_pool(rng, _pool(letter, start), len(rows))
    return first, second


def _given_of_pool(rng: Generator, pool: _Pool, size: int) -> tuple[np.ndarray, np.ndarray]:
    first = draw(rng, pool.weights, size).astype(np.int16)
    second = draw(rng, pool.weights, size).astype(np.int16)
    second[chance(rng, size, pool.single_share)] = -1
    popular = np.flatnonzero(chance(rng, size, 0.06))
    chosen = pool.popular[draw(rng, 1 / (np.arange(len(pool.popular)) + 4.0), len(popular))]
    first[popular], second[popular] = chosen[:, 0], chosen[:, 1]
    return first, second


def draw_surnames(rng: Generator, size: int) -> np.ndarray:
    """Surname positions with their real shares."""
    return draw(rng, np.array([int(share) for _, _, share in _SURNAMES], dtype=float), size).astype(np.int16)


def write_names(people: Table) -> np.ndarray:
    """Chinese names from the positions in `surname`, `given_1`, `given_2`."""
    given = lookup(CHARACTERS, people["given_1"]) + lookup(CHARACTERS, people["given_2"])
    return lookup(surname_texts(), people["surname"]) + given


def write_pinyin(people: Table) -> np.ndarray:
    """Romanised names, `ZHANG SANFENG` (GB/T 28039: surname first, given name joined)."""
    spoken = pinyin_of_characters()
    given = lookup(spoken, people["given_1"]) + lookup(spoken, people["given_2"])
    return lookup([text.upper() for _, text, _ in _SURNAMES], people["surname"]) + " " + given


def positions_of(characters: str) -> np.ndarray:
    """Positions of these characters in CHARACTERS."""
    return np.array([_INDEX[character] for character in characters], dtype=np.int16)


@cache
def homophones() -> dict[str, str]:
    """For each given-name character the others that sound alike (without tones)."""
    groups: dict[str, str] = {}
    for character, spoken in zip(CHARACTERS[:-1], pinyin_of_characters(), strict=False):
        if character not in _RARE:
            groups[spoken] = groups.get(spoken, "") + character
    return {c: group.replace(c, "") for group in groups.values() if len(group) > 1 for c in group}
