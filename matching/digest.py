"""What is kept of each record as hashes, so that the next run tells what changed without reading the records again.

Grain of a digest: one row per record. `content`: a hash of its id and of what its party is made of (`matching.party`);
`gaps`: which fields are missing; `value_0`, `value_1`, …: hashes of the values whose number of bearers weighs;
`strong_0`, …: hashes of the strong identifiers. A missing value has no hash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import duckdb
import numpy as np

from matching.gathered import Source
from matching.model import MatchModel
from matching.records import Numbers, key_sql


@dataclass(frozen=True)
class Delta:
    """What a day changed of the records of an earlier run.

    Attributes:
        gone: numbers whose kept row no longer holds.
        fresh: numbers of the records that are new or say something else.
        size: one more than the highest number, of this day and the kept run.
        before: per column of a digest the hash of every record's value in the kept run, by number; 0 for none.
        after: the same of the day.
        unit: by number the unit in the kept run; -1 for none.
        home: the same of the customer.
        sources: where the day's records are read.
    """

    gone: Numbers
    fresh: Numbers
    size: int
    before: Mapping[str, Numbers]
    after: Mapping[str, Numbers]
    unit: Numbers
    home: Numbers
    sources: Sequence[Source]

    @cached_property
    def is_there(self) -> Numbers:
        """By number, which records are there on this day."""
        there = self.unit >= 0
        there[self.gone] = False
        there[self.fresh] = True
        return there

    def with_units(self, chosen: Numbers) -> Numbers:
        """The records chosen by number, and all that were one unit with them."""
        return _with_groups(chosen, self.unit)

    def with_customers(self, chosen: Numbers) -> Numbers:
        """The records chosen by number, and all that were one customer with them."""
        return _with_groups(chosen, self.home)


def _with_groups(chosen: Numbers, group: Numbers) -> Numbers:
    is_touched = np.zeros(len(group), bool)
    is_touched[group[chosen & (group >= 0)]] = True
    return np.asarray(chosen | (is_touched[group] & (group >= 0)))


def make_digest(con: duckdb.DuckDBPyConnection, model: MatchModel, prepared: str, contents: str, target: str) -> None:
    """Make the table `target`: the digest of prepared records.

    Args:
        con: the scratch connection.
        model: names the fields and what is hashed.
        prepared: the prepared records.
        contents: relation of their record_id and content.
        target: table to make.
    """
    hashes = (f"{key_sql(column)} as {name}" for name, column in _hashed(model))
    columns = ", ".join(["record_no", "content", f"{gaps_sql(model)} as gaps", *hashes])
    con.execute(
        f"create or replace table {target} as select {columns} from {prepared}"
        f" join (select record_id, content from {contents}) using (record_id)"
    )


def gaps_sql(model: MatchModel) -> str:
    """SQL of a text with a 1 for every field that is missing in a prepared record, and a 0 for every other."""
    return " || ".join(f"if(\"{name}\" is null, '1', '0')" for name in model.fields)


def read_hashes(con: duckdb.DuckDBPyConnection, model: MatchModel, digest: str, into: Mapping[str, Numbers]) -> None:
    """Write the hashes of a digest into arrays by number, one per hashed column; 0 where there is none."""
    names = dict(_hashed(model))
    shown = (f"coalesce({name}, 0)::ubigint as {name}" for name in names)
    found = con.sql(f"select {', '.join(['record_no', *shown])} from {digest}").to_arrow_table()
    numbers = found["record_no"].to_numpy()
    for name, column in names.items():
        into[column][numbers] = found[name].to_numpy()


def digested_columns(model: MatchModel) -> list[str]:
    """The columns whose hashes a digest holds."""
    return sorted({column for _, column in _hashed(model)})


def _hashed(model: MatchModel) -> Iterator[tuple[str, str]]:
    """Names of the hashes in a digest, and the columns they are of."""
    yield from ((f"value_{place}", column) for place, column in enumerate(model.term_frequency_columns))
    yield from ((f"strong_{place}", item.key) for place, item in enumerate(model.strong_identifiers))
