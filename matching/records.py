"""Values of prepared records as arrays, from which those of a pair are taken by place.

A value stands once however many records hold it. Two values of one column are equal when their hashes are, so most of
what is asked of a pair is answered by numbers; texts are taken only for the pairs that are then still undecided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import duckdb
import numpy as np
import pyarrow as pa

from matching.relations import quoted, registered

Numbers = np.ndarray
NONE = 0  # hash of a value that is not there
_SPARSE = 16  # times as many places as there are keys that are looked for: few others fall into theirs
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

    def hashes(self, con: duckdb.DuckDBPyConnection, name: str, records: Numbers | slice) -> Numbers:
        """The hashes of some records' values; 0 for none."""
        return np.asarray(self.hashed(con, name)[self.columns[name].places[records]])

    def keys(self, con: duckdb.DuckDBPyConnection, name: str, records: Numbers, *, is_list: bool = False) -> pa.Array:
        """The hashes of some records' values, of lists those of their entries; null for none."""
        if is_list:
            return Column(self.columns[name].places, _entry_hashes(con, self.columns[name].values)).taken(records)
        hashes = self.hashes(con, name, records)
        return pa.array(hashes, mask=hashes == NONE)


def hashes_of(con: duckdb.DuckDBPyConnection, values: pa.Array) -> Numbers:
    """Per value its hash, and one more for no value."""
    with registered(con, "hashed_values", {"value": values}):
        found = con.execute(f"select {hash_sql('value')} as hash from hashed_values").fetchnumpy()["hash"]
    hashes = np.append(np.asarray(found, np.uint64), np.uint64(NONE))
    hashes[:-1][values.is_null().to_numpy(zero_copy_only=False)] = NONE
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
    bits = max(len(keys), _SPARSE * len(others)).bit_length()
    is_there = np.zeros(1 << bits, bool)
    is_there[_last_bits(others, bits)] = True
    return np.asarray(is_there[_last_bits(keys, bits)])


def found_among(keys: Numbers, asked: Numbers) -> Numbers:
    """Places of the keys that are among those asked for, which are few, different and sorted."""
    maybe, at = _met(keys, asked)
    return maybe[at >= 0]


def times_among(keys: Numbers, asked: Numbers) -> Numbers:
    """How often each of the asked keys, which are few, different and sorted, is among keys."""
    _, at = _met(keys, asked)
    return np.bincount(at + 1, minlength=len(asked) + 1)[1:]


def _met(keys: Numbers, asked: Numbers) -> tuple[Numbers, Numbers]:
    """Places of keys that may be among those asked for, and where among these: -1 for not at all."""
    if not len(asked):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    maybe = np.flatnonzero(maybe_among(keys, asked))
    held = keys[maybe]
    at = np.minimum(np.searchsorted(asked, held), len(asked) - 1)
    return maybe, np.where(asked[at] == held, at, -1)


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
    with registered(con, "listed_values", {"value": values}):
        found = con.execute(f"select {key_sql('value', is_list=True)} as value from listed_values").to_arrow_table()
    return found["value"].combine_chunks()


def hash_sql(value: str) -> str:
    """SQL of the hash of a value that is there; never 0, as DuckDB's own is of 0 and false."""
    return f"greatest(hash({value}), 1::ubigint)"


def key_sql(name: str, *, is_list: bool = False) -> str:
    """SQL of the hash of a column's value, of a list those of its entries; null where there is none."""
    column = quoted(name)
    if is_list:
        return f"list_transform(list_distinct({column}), lambda entry: {hash_sql('entry')})"
    return f"case when {column} is not null then {hash_sql(column)} end"
