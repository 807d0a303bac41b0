"""Prepared records that are read when they are asked for, each once.

Reading a few of all records costs nearly as much as reading all of them: who knows what will be asked for asks at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matching.records import Column, Numbers, Records, hashes_of
from matching.relations import quoted, registered
from matching.side_by_side import side_by_side

_PLAIN = ("record_no", "record_id", "record_hash")


@dataclass(frozen=True)
class Source:
    """A relation of prepared records, and by number which of them to take from it (None: all)."""

    table: str
    is_here: Numbers | None = None


class Gathered:
    """The records read so far, by number. One thread reads; what was read may be used by several."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        columns: Iterable[str],
        hashed: Sequence[str],
        sources: Sequence[Source],
        size: int,
    ) -> None:
        """Nothing is read yet.

        Args:
            con: the scratch connection.
            columns: what is read of a record besides its number, its id and its hash.
            hashed: columns whose hashes will be asked for.
            sources: where the records are; each is in one of them.
            size: one more than the highest number.
        """
        self._con = con
        self._hashed = hashed
        self._hashes = dict.fromkeys(hashed, np.zeros(1, np.uint64))
        self._columns = [name for name in sorted(columns) if name not in _PLAIN]
        self._listed = ", ".join(map(quoted, (*_PLAIN, *self._columns)))
        self._sources = sources
        self._places = np.full(size, -1, np.int32)
        self._table = con.execute(f"select {self._listed} from {sources[0].table} limit 0").to_arrow_table()
        self._records = Records({})
        self._ranks: Numbers | None = None

    def holding(self, numbers: Numbers) -> Records:
        """Records by number, these among them; numbers of no record have no values."""
        missing = np.unique(numbers[self._places[numbers] < 0])
        if len(missing) or not self._records.columns:
            self._add(self._read(missing))
        return self._records

    def _add(self, more: pa.Table) -> None:
        made = side_by_side(
            self._con, lambda cursor, name: hashes_of(cursor, more[name].combine_chunks()), self._hashed
        )
        for name, hashes in zip(self._hashed, made, strict=True):
            self._hashes[name] = np.concatenate([self._hashes[name][:-1], hashes])
        self._table = pa.concat_tables([self._table, more])
        self._places = self._places.copy()
        self._places[self._table["record_no"].to_numpy()] = np.arange(len(self._table), dtype=np.int32)
        columns = {name: Column(self._places, self._table[name].combine_chunks()) for name in self._columns}
        self._records = Records(columns, dict(self._hashes))
        self._ranks = None

    def contents(self, numbers: Numbers) -> Numbers:
        """The hashes of what some records say."""
        self.holding(numbers)
        return np.asarray(self._table["record_hash"].to_numpy()[self._places[numbers]])

    def ranks(self, numbers: Numbers) -> Numbers:
        """By number, of some records at least: the place in the order of the ids."""
        self.holding(numbers)
        if self._ranks is None:
            order = pc.sort_indices(self._table["record_id"]).to_numpy()
            self._ranks = np.full(len(self._places), -1, np.int32)
            self._ranks[self._table["record_no"].to_numpy()[order]] = np.arange(len(order), dtype=np.int32)
        return self._ranks

    def in_order(self, numbers: Numbers) -> Numbers:
        """The numbers in the order of their records' ids."""
        return numbers[np.argsort(self.ranks(numbers)[numbers])]

    def _read(self, numbers: Numbers) -> pa.Table:
        found = [self._table.slice(0, 0)]
        for source in self._sources:
            wanted = numbers if source.is_here is None else numbers[source.is_here[numbers]]
            if not len(wanted):
                continue
            query = f"select {self._listed} from {source.table} semi join wanted_records using (record_no)"
            with registered(self._con, "wanted_records", {"record_no": pa.array(wanted, pa.int32())}):
                found.append(self._con.sql(query).to_arrow_table())
        return pa.concat_tables(found)
