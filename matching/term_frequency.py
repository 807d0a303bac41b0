"""How many records share a value: a mobile of a whole village proves less than one of two records.

Counts are divided by the number of records at training, not of today: records that come later and do not share the
value leave every weight as it was. They are also rounded down to half a bit (steps at 1, 2, 3, 4, 6, 8,
12, 16, 23, 32, …), so that one more bearer of a common name does not move the weight of all the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import duckdb
import numpy as np
import pyarrow as pa

from matching.model import MatchModel
from matching.records import Numbers, Prepared, Records, runs
from matching.side_by_side import side_by_side


def rounded_count_sql(count: str) -> str:
    """SQL of a count rounded down to half a bit: 2 to the power of k/2."""
    return f"pow(2, floor(2 * log2({count})) / 2)"


def count_sql(model: MatchModel, records: str = "count(*)") -> str:
    """SQL of the number of records that count as sharing a value that so many records hold.

    A model trained on all pairs at once counts the other records with the value: in a small table the record itself
    would make every value look common.
    """
    return records if model.training.blocks else f"greatest({records} - 1, 1)"


@dataclass(frozen=True)
class Shares:
    """Which share of the records at training hold the same value, rounded; see `count_shares`."""

    prepared: Prepared
    trained_on: int
    by_value: Mapping[str, Numbers] = field(default_factory=dict)

    def of(
        self, con: duckdb.DuckDBPyConnection, records: Records, column: str, sides: Sequence[Numbers]
    ) -> list[pa.Array]:
        """The shares of some records' values, once for each side of pairs; null where there is no value."""
        shares = self.by_value.get(column)
        if shares is None:
            shares = self._looked_up(con, records.hashed(con, column), column)
        found = (shares[records.columns[column].places[wanted]] for wanted in sides)
        return [pa.array(side, from_pandas=True) for side in found]

    def counted(self, con: duckdb.DuckDBPyConnection, records: Records, column: str) -> Numbers:
        """The share of every value when all records are at hand."""
        hashes = records.hashed(con, column)
        order, sizes = runs(hashes)
        held = np.bincount(records.columns[column].places + 1, minlength=len(hashes))
        held = np.append(held[1:], 0)[order]
        bearers = np.empty(len(hashes), np.int64)
        bearers[order] = np.repeat(np.add.reduceat(held, np.cumsum(sizes) - sizes), sizes)
        return self._rounded(con, bearers, hashes)

    def _looked_up(self, con: duckdb.DuckDBPyConnection, hashes: Numbers, column: str) -> Numbers:
        """The shares of values of some records: how many of all records hold them is counted now."""
        con.register("asked_values", pa.table({"value": np.unique(hashes)}))
        found = con.execute(
            f"select value, {count_sql(self.prepared.model)} as n from {self.prepared.hashed_column(column)} as held"
            " semi join asked_values using (value) group by value order by value"
        ).fetchnumpy()
        con.unregister("asked_values")
        counts = np.ones(len(hashes), np.int64)
        if len(found["value"]):
            at = np.minimum(np.searchsorted(found["value"], hashes), len(found["value"]) - 1)
            counts = np.where(found["value"][at] == hashes, found["n"][at], 1)
        return self._rounded(con, counts, hashes, is_counted=True)

    def _rounded(
        self, con: duckdb.DuckDBPyConnection, counts: Numbers, hashes: Numbers, *, is_counted: bool = False
    ) -> Numbers:
        """Shares from counts; not a number where there is no value."""
        counts = np.maximum(counts, 1)
        different = np.flatnonzero(np.bincount(counts))
        con.register("different_counts", pa.table({"records": different}))
        shown = "records" if is_counted else count_sql(self.prepared.model, "records")
        shares = con.execute(
            f"select {rounded_count_sql(shown)} / {max(self.trained_on, 1)}::double as share from different_counts"
            " order by records"
        ).fetchnumpy()["share"]
        con.unregister("different_counts")
        of_count = np.zeros(different[-1] + 1)
        of_count[different] = shares
        return np.where(hashes != 0, of_count[counts], np.nan)


def count_shares(prepared: Prepared, trained_on: int) -> Shares:
    """Make ready to tell which share of the records hold a value.

    Args:
        prepared: all records.
        trained_on: number of records at training.
    """
    shares, records = Shares(prepared, trained_on), prepared.records
    if records is None:
        return shares
    columns = prepared.model.term_frequency_columns
    counted = side_by_side(prepared.con, lambda con, column: shares.counted(con, records, column), columns)
    return replace(shares, by_value=dict(zip(columns, counted, strict=True)))
