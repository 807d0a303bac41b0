"""What the errors of real life have in common: a name, a rate, the rows they may hit, and a mark in the truth.

An injector never changes who a record belongs to; it changes what the record says. The truth keeps, per record, the
list of injectors that touched it, as bits while the data is being made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from connectors.demo.columns import Table, height

NAMES = (
    # documents
    "document_15_digit", "document_renewed", "document_replaced", "hk_macau_permit", "taiwan_permit",
    "residence_permit", "foreign_permit", "document_typo", "document_missing", "filler_values",
    # names
    "name_rare_character", "name_private_use", "name_rare", "minority_name_dots", "minority_name_truncated",
    "traditional", "pinyin_name", "former_name", "title_in_name", "suffix_in_name", "homophone", "look_alike_character",
    # contacts
    "stale_mobile", "stale_address", "abbreviated_address", "retired_region",
    # identities
    "shared_mobile", "reissued_mobile", "twins", "same_name_same_birthday", "father_son_one_phone",
    "one_person_two_ids", "one_id_two_people", "duplicate_record",
    # organizations
    "org_code_only", "registry_number_only", "org_name_variant", "org_former_name", "branch_company_trap",
    "same_core_name_trap",
    # deliveries
    "redelivered_file", "late_file",
)  # fmt: skip
_BITS = {name: np.uint64(1 << position) for position, name in enumerate(NAMES)}


def mark(column: np.ndarray, rows: np.ndarray, name: str) -> None:
    """Note in an `injected` column that these rows were touched."""
    column[rows] |= _BITS[name]


def has(column: np.ndarray, name: str) -> np.ndarray:
    """Which rows carry an injector's mark."""
    return (column & _BITS[name]) != 0


@dataclass
class Batch:
    """Records of one source, made on one day, on their way from what is true to what the system holds.

    Attributes:
        source: name of the source.
        records: the rows that injectors change.
        people: the truth about everybody (row = person); injectors read it.
        rng: the stream of the injector at work.
    """

    source: str
    records: Table
    people: Table
    rng: Generator

    def true(self, column: str) -> np.ndarray:
        """What is true for each record's person."""
        return self.people[column][self.records["person"]]

    def pick(self, eligible: np.ndarray, rate: float) -> np.ndarray:
        """Rows hit: each eligible row with this chance."""
        return np.flatnonzero(eligible & (self.rng.random(len(eligible)) < rate))

    def size(self) -> int:
        """Number of records."""
        return height(self.records)


@dataclass(frozen=True)
class Injector:
    """One kind of error in records.

    Attributes:
        name: as the truth lists it.
        change: changes some rows of a batch at a rate and returns which.
        rate: share of the rows it may hit.
        sources: the systems it happens in.
    """

    name: str
    change: Callable[[Batch, float], np.ndarray]
    rate: float
    sources: tuple[str, ...]

    def apply(self, batch: Batch) -> None:
        """Change the batch and mark the rows."""
        mark(batch.records["injected"], self.change(batch, self.rate), self.name)


class Dealer:
    """Deals out people who get a part in an identity trap, so that nobody gets two.

    Args:
        rng: the stream that shuffles.
        candidates: positions of people who may take part.
        size: number of people the rates refer to.
    """

    def __init__(self, rng: Generator, candidates: np.ndarray, size: int) -> None:
        self._left = rng.permutation(candidates)
        self._size = size

    def deal(self, rate: float, members: int) -> np.ndarray:
        """Groups as rows of a matrix: at least one while people last, otherwise `rate` groups per person."""
        groups = min(max(1, round(self._size * rate)), len(self._left) // members)
        taken, self._left = self._left[: groups * members], self._left[groups * members :]
        return taken.reshape(groups, members)
