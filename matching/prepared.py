"""The prepared records of one party type: as a relation for SQL, and as arrays by number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import duckdb
import numpy as np
import pyarrow as pa

from matching.digest import Delta
from matching.gathered import Gathered, Source
from matching.model import MatchModel
from matching.records import NONE, Numbers, Records, key_sql
from matching.relations import count, highest, in_batches


@dataclass(frozen=True)
class Prepared:
    """The prepared records of one party type.

    Attributes:
        con: the scratch connection.
        model: what they were prepared for.
        table: relation of `record_no`, `record_id`, `record_hash`, the fields and their keys.
        records: all of them by number, where they are at hand.
        digest: their digest (`matching.digest`), where there is one.
        delta: what the day changed of the records of an earlier run, where that is known.
    """

    con: duckdb.DuckDBPyConnection
    model: MatchModel
    table: str
    records: Records | None = None
    digest: str | None = None
    delta: Delta | None = None

    def __len__(self) -> int:
        return count(self.con, self.table)

    @cached_property
    def gathered(self) -> Gathered:
        """The records that were read so far, where not all are at hand."""
        sources = self.delta.sources if self.delta else [Source(self.table)]
        model = self.model
        return Gathered(self.con, model.used_columns, sorted(model.hashed_columns), sources, self.size)

    @cached_property
    def size(self) -> int:
        """One more than the highest record number."""
        return self.delta.size if self.delta else 1 + highest(self.con, self.table)

    def holding(self, *numbers: Numbers) -> Records:
        """Records by number, these among them."""
        return self.records or self.gathered.holding(np.concatenate(numbers))

    def numbers(self) -> Numbers:
        """The numbers of all records."""
        return np.asarray(self.con.execute(f"select record_no from {self.table}").fetchnumpy()["record_no"])

    def hashes(self, con: duckdb.DuckDBPyConnection, name: str) -> Numbers:
        """By number the hash of every record's value of a column; 0 for none. `con` is this thread's own."""
        if self.delta and name in self.delta.after:
            return self.delta.after[name]
        if self.records is not None:
            return self.records.hashes(con, name, slice(None))
        query = f"select record_no, coalesce({key_sql(name)}, {NONE})::ubigint as value from {self.table}"
        found = con.execute(query).fetchnumpy()
        hashes = np.zeros(1 + int(found["record_no"].max(initial=-1)), np.uint64)
        hashes[found["record_no"]] = found["value"]
        return hashes

    def keyed(self, names: Iterable[str]) -> str:
        """Relation of some columns of all records as hashes, of lists entry by entry, beside `record_no`."""
        numbers, lists = self.numbers(), self.model.list_columns
        records = self.holding(numbers)
        made = {name: records.keys(self.con, name, numbers, is_list=name in lists) for name in sorted(set(names))}
        self.con.register("keyed_records", in_batches(pa.table({"record_no": numbers, **made})))
        return "keyed_records"
