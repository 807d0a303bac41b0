"""Randomness that depends on names, not on order: every use has its own stream, so one more use moves no other.

Two kinds: `stream` for what is drawn once (a person, a record), and `unit` for what is a function of a thing and a day
(a statement's balance), so that no history must be kept to know it.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True)
class Day:
    """One day of the demo.

    Attributes:
        seed: the demo's seed.
        number: days since the demo's first day, which is 0.
        date: the calendar day.
        branches: codes of the branches that keep customers.
    """

    seed: int
    number: int
    date: np.datetime64
    branches: tuple[str, ...]

    @property
    def is_first(self) -> bool:
        """Whether systems deliver their whole stock."""
        return self.number == 0

    def stream(self, purpose: str) -> Generator:
        """The generator for one purpose on this day."""
        return np.random.default_rng([self.seed, self.number, zlib.crc32(purpose.encode())])


def unit(seed: int, purpose: str, *numbers: np.ndarray | int) -> np.ndarray:
    """A number in [0, 1) for each row of `numbers`: a hash (splitmix64), the same whenever it is asked."""
    state = np.array([(seed * 0x100000001 + zlib.crc32(purpose.encode())) & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64)
    with np.errstate(over="ignore"):
        for number in numbers:
            state = _scramble(state ^ np.asarray(number).astype(np.uint64)) + _GAMMA
        return (_scramble(state) >> np.uint64(11)).astype(np.float64) / 2.0**53


def _scramble(value: np.ndarray) -> np.ndarray:
    value = (value ^ (value >> np.uint64(30))) * _MIX_1
    value = (value ^ (value >> np.uint64(27))) * _MIX_2
    return value ^ (value >> np.uint64(31))


def draw(rng: Generator, weights: np.ndarray, size: int) -> np.ndarray:
    """Indexes drawn with these weights (need not sum to 1)."""
    edges = np.cumsum(weights, dtype=np.float64)
    return np.searchsorted(edges, rng.random(size) * edges[-1], side="right")


def chance(rng: Generator, size: int, rate: float) -> np.ndarray:
    """A boolean for each row, true at this rate."""
    return rng.random(size) < rate
