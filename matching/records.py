"""Prepared records: as a relation for SQL, and as arrays from which the values of a pair are taken by place.

A value stands once however many records hold it. Two values of one column are equal when their hashes are, so most of
what is asked of a pair is answered by numbers; texts are taken only for the pairs that are then still undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import duckdb
import numpy as np
import pyarrow as pa

from matching.model import MatchModel
from matching.relations import count, in_batches, quoted

Numbers = np.ndarray
_NONE = 0  # hash of a value that is not there
SPREAD = np.uint64(0x9E3779B97F4A7C15)  # an odd number: times it, small numbers differ in all bits


@dataclass(frozen=True)
class Column:
    """Values, and for every record the place of its own among them (-1: none)."""

    places: Numbers
    values: pa.Array

    def taken(self, records: Numbers) -> pa.Array:
        """The values of some records."""
        places = self.places[records]
        return self.values.take(pa.array(places, mask=places < 0))

    @cached_property
    def missing(self) -> Numbers:
        """Which records have no value."""
        return np.append(self.values.is_null().to_numpy(zero_copy_only=False), True)[self.places]

    def all_values(self) -> pa.Array:
        """The values of all records; texts and lists as their places, which takes no room for the same one twice.

        A null is one of the places, never one of the values: DuckDB's filters look at the places only.
        """
        if pa.types.is_primitive(self.values.type):
            return self.taken(np.arange(len(self.places)))
        valid = np.packbits(~self.missing, bitorder="little")
        buffers = [pa.py_buffer(valid), pa.py_buffer(np.ascontiguousarray(self.places, np.int32))]
        places = pa.Array.from_buffers(pa.int32(), len(self.places), buffers)
        return pa.DictionaryArray.from_arrays(places, self.values)


@dataclass(frozen=True)
class Records:
    """Columns of records, all of the same length, and hashes of their values as DuckDB makes them."""

    columns: Mapping[str, Column]
    _hashes: dict[str, Numbers] = field(default_factory=dict)

    def hashed(self, con: duckdb.DuckDBPyConnection, name: str) -> Numbers:
        """Per value of a column its hash, and one more for no value."""
        if name not in self._hashes:
            self._hashes[name] = hashes_of(con, self.columns[name].values)
        return self._hashes[name]

    def hashes(self, con: duckdb.DuckDBPyConnection, name: str, records: Numbers) -> Numbers:
        """The hashes of some records' values; 0 for none."""
        return np.asarray(self.hashed(con, name)[self.columns[name].places[records]])

    def keys(self, con: duckdb.DuckDBPyConnection, name: str, records: Numbers, *, is_list: bool = False) -> pa.Array:
        """The hashes of some records' values, of lists those of their entries; null for none."""
        if is_list:
            return Column(self.columns[name].places, _entry_hashes(con, self.columns[name].values)).taken(records)
        hashes = self.hashes(con, name, records)
        return pa.array(hashes, mask=hashes == _NONE)


def hashes_of(con: duckdb.DuckDBPyConnection, values: pa.Array) -> Numbers:
    """Per value its hash, and one more for no value."""
    con.register("hashed_values", pa.table({"value": values}))
    found = con.execute(f"select {hash_sql('value')} as hash from hashed_values").fetchnumpy()["hash"]
    con.unregister("hashed_values")
    hashes = np.append(np.asarray(found, np.uint64), np.uint64(_NONE))
    hashes[:-1][values.is_null().to_numpy(zero_copy_only=False)] = _NONE
    return hashes


def runs(keys: Numbers) -> tuple[Numbers, Numbers]:
    """Places of keys so that equal ones stand together, in any order among themselves, and how many are in each run."""
    order = np.argsort(keys)  # several times as fast as what keeps the order of equal ones
    ordered, is_new = keys[order], np.ones(len(keys), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_new[1:])
    del ordered  # of a list with an entry for every character these arrays are the largest of a run
    return order, np.diff(np.flatnonzero(is_new), append=len(keys))


def maybe_shared(keys: Numbers, owners: Numbers) -> Numbers:
    """Places of keys that several owners may have: all that do, and some whose last bits others have.

    Where most keys are of one owner, this takes a quarter of the time of sorting them all.
    """
    bits = len(keys).bit_length()
    parts = _last_bits(keys, bits)
    some_owner = np.zeros(1 << bits, owners.dtype)
    some_owner[parts] = owners
    is_mixed = np.zeros(1 << bits, bool)
    is_mixed[parts[some_owner[parts] != owners]] = True
    return np.flatnonzero(is_mixed[parts])


def maybe_among(keys: Numbers, others: Numbers) -> Numbers:
    """Which keys may be among others: all that are, and some whose last bits are those of another."""
    bits = len(keys).bit_length()
    is_there = np.zeros(1 << bits, bool)
    is_there[_last_bits(others, bits)] = True
    return np.asarray(is_there[_last_bits(keys, bits)])


def _last_bits(keys: Numbers, bits: int) -> Numbers:
    return (keys & np.uint64((1 << bits) - 1)).astype(np.int64)


def _entry_hashes(con: duckdb.DuckDBPyConnection, values: pa.ListArray) -> pa.Array:
    """The hashes of the entries of lists, each once."""
    hashes = hashes_of(con, values.flatten())[:-1]
    lengths = values.value_lengths().fill_null(0).to_numpy()
    told_apart = hashes ^ np.repeat(np.arange(len(values), dtype=np.uint64), lengths) * SPREAD
    told_apart.sort()
    if hashes.all() and (np.diff(told_apart) != 0).all():
        missing = np.append(values.is_null().to_numpy(zero_copy_only=False), False)
        starts = pa.array(np.append(0, np.cumsum(lengths)), pa.int32(), mask=missing)
        return pa.ListArray.from_arrays(starts, hashes)
    con.register("listed_values", pa.table({"value": values}))
    found = con.execute(f"select {key_sql('value', is_list=True)} as value from listed_values").to_arrow_table()
    con.unregister("listed_values")
    return found["value"].combine_chunks()


@dataclass(frozen=True)
class Prepared:
    """The prepared records of one party type.

    Attributes:
        con: the scratch connection.
        model: what they were prepared for.
        table: relation of `record_no`, `record_id`, `record_hash`, the fields and their keys.
        records: all of them by number, where they were prepared in this process and numbered from 0 on.
        digest: their digest (`matching.digest`), where there is one.
        gather: gives a relation with the records of a relation of record_no (`matching.gathered`), where reading a few
            of all is dear.
    """

    con: duckdb.DuckDBPyConnection
    model: MatchModel
    table: str
    records: Records | None = None
    digest: str | None = None
    gather: Callable[[str], str] | None = None

    def __len__(self) -> int:
        return count(self.con, self.table)

    def keyed(self, names: Iterable[str], wanted: str | None = None) -> str:
        """Relation of some columns as hashes, entry by entry where they are lists, beside `record_no`.

        Args:
            names: the columns.
            wanted: relation whose `record_no` are the records that are asked for, its other columns stay beside; all
                records when not given.
        """
        lists = self.model.list_columns
        if self.records is None:
            columns = ", ".join(
                f"{key_sql(name, is_list=name in lists)} as {quoted(name)}" for name in sorted(set(names))
            )
            if wanted is None:
                return f"(select record_no, {columns} from {self.table})"
            return (
                f"(select wanted.*, {columns} from {self._holding(wanted)} join {wanted} as wanted using (record_no))"
            )
        asked = f"from {wanted}" if wanted else f"select record_no from {self.table}"
        made = self.con.execute(asked).fetchnumpy()
        numbers = made["record_no"]
        made |= {name: self.records.keys(self.con, name, numbers, is_list=name in lists) for name in sorted(set(names))}
        self.con.register("keyed_records", in_batches(pa.table(made)))
        return "keyed_records"

    def hashed_column(self, name: str) -> str:
        """Relation of `record_no` and `value`: the hashes of one column's values, null where there is none."""
        keys = [item.key for item in self.model.strong_identifiers]
        for kind, columns in (("strong", keys), ("value", self.model.term_frequency_columns)):
            if self.digest and name in columns:
                return f"(select record_no, {kind}_{columns.index(name)} as value from {self.digest})"
        return f"(select record_no, {quoted(name)} as value from {self.keyed([name])})"

    def _holding(self, wanted: str | None) -> str:
        """A relation that holds the records of `wanted`, or all."""
        return self.gather(wanted) if self.gather and wanted else self.table

    def of(
        self, columns: Iterable[str], left: Numbers, right: Numbers, hashed: Collection[str] = ()
    ) -> tuple[Records, Numbers, Numbers]:
        """The records of pairs given by number: at least these columns, and the places of both sides in them.

        `hashed`: columns whose hashes will be asked for, which are made best while the records are read.
        """
        if self.records is not None:
            return self.records, left, right
        numbers = np.unique(np.concatenate([left, right]))
        read = self._read(sorted(columns), numbers, hashed)
        return read, np.searchsorted(numbers, left), np.searchsorted(numbers, right)

    def foresee(self, pairs: str) -> None:
        """Let the records of pairs be read that will be asked for in parts."""
        if self.gather:
            self.gather(f"(select unnest([join_key_l, join_key_r]) as record_no from {pairs})")

    def _read(self, columns: Sequence[str], numbers: Numbers, hashed: Collection[str]) -> Records:
        """Some records, in the order of their numbers."""
        self.con.register("wanted_records", pa.table({"record_no": pa.array(numbers, pa.int32())}))
        known = [name for name in columns if name in hashed]
        made = (f"coalesce({key_sql(name)}, {_NONE}) as {quoted(f'hash of {name}')}" for name in known)
        listed = [*map(quoted, columns), *made]
        found = self.con.execute(
            f"select record_no, {', '.join(listed)} from {self._holding('wanted_records')}"
            " semi join wanted_records using (record_no) order by record_no"
        ).to_arrow_table()
        self.con.unregister("wanted_records")
        places = np.arange(len(found), dtype=np.int32)
        hashes = {name: np.append(found[f"hash of {name}"].to_numpy(), np.uint64(_NONE)) for name in known}
        return Records({name: Column(places, found[name].combine_chunks()) for name in columns}, hashes)


def hash_sql(value: str) -> str:
    """SQL of the hash of a value that is there; never 0, as DuckDB's own is of 0 and false."""
    return f"greatest(hash({value}), 1::ubigint)"


def key_sql(name: str, *, is_list: bool = False) -> str:
    """SQL of the hash of a column's value, of a list those of its entries; null where there is none."""
    column = quoted(name)
    if is_list:
        return f"list_transform(list_distinct({column}), lambda entry: {hash_sql('entry')})"
    return f"case when {column} is not null then {hash_sql(column)} end"
