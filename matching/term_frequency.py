"""How many records share a value: a mobile of a whole village proves less than one of two records.

Counts are divided by the number of records at training, not of today: records that come later and do not share the
value leave every weight as it was. They are also rounded down to half a bit (steps at 1, 2, 3, 4, 6, 8,
12, 16, 23, 32, …), so that one more bearer of a common name does not move the weight of all the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from matching.model import MatchModel
from matching.records import Numbers, Prepared, Records


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
    _by_value: dict[str, Numbers] = field(default_factory=dict)

    def of(self, records: Records, column: str, wanted: Numbers) -> pa.Array:
        """The shares of some records' values; null where there is no value."""
        if records is not self.prepared.records:
            shares = self._looked_up(records.hashed(self.prepared.con, column), column)
        else:
            if column not in self._by_value:
                self._by_value[column] = self._counted(records, column)
            shares = self._by_value[column]
        found = shares[records.columns[column].places[wanted]]
        return pa.array(found, mask=np.isnan(found))

    def _counted(self, records: Records, column: str) -> Numbers:
        """The share of every value when all records are at hand."""
        hashes = records.hashed(self.prepared.con, column)
        _, places = np.unique(hashes, return_inverse=True)
        held = np.bincount(records.columns[column].places + 1, minlength=len(hashes))
        held = np.append(held[1:], 0)
        return self._rounded(np.bincount(places, held)[places].astype(np.int64), hashes)

    def _looked_up(self, hashes: Numbers, column: str) -> Numbers:
        """The shares of values of some records: all records were counted into `shared_0`, …."""
        con, place = self.prepared.con, self.prepared.model.term_frequency_columns.index(column)
        con.register("asked_values", pa.table({"value": np.unique(hashes)}))
        found = con.execute(
            f"select value, n from shared_{place} semi join asked_values using (value) order by value"
        ).fetchnumpy()
        con.unregister("asked_values")
        counts = np.ones(len(hashes), np.int64)
        if len(found["value"]):
            at = np.minimum(np.searchsorted(found["value"], hashes), len(found["value"]) - 1)
            counts = np.where(found["value"][at] == hashes, found["n"][at], 1)
        return self._rounded(counts, hashes, is_counted=True)

    def _rounded(self, counts: Numbers, hashes: Numbers, *, is_counted: bool = False) -> Numbers:
        """Shares from counts; not a number where there is no value."""
        different, places = np.unique(np.maximum(counts, 1), return_inverse=True)
        self.prepared.con.register("different_counts", pa.table({"records": different}))
        shown = "records" if is_counted else count_sql(self.prepared.model, "records")
        shares = self.prepared.con.execute(
            f"select {rounded_count_sql(shown)} / {max(self.trained_on, 1)}::double as share from different_counts"
            " order by records"
        ).fetchnumpy()["share"]
        self.prepared.con.unregister("different_counts")
        return np.where(hashes != 0, shares[places], np.nan)


def count_shares(prepared: Prepared, trained_on: int) -> Shares:
    """Make ready to tell which share of the records hold a value.

    Args:
        prepared: all records.
        trained_on: number of records at training.
    """
    if prepared.records is None:
        _count_shared(prepared)
    return Shares(prepared, trained_on)


def _count_shared(prepared: Prepared) -> None:
    """Make `shared_0`, `shared_1`, …: per column whose counts weigh the hashes of values that several records hold."""
    for place, column in enumerate(prepared.model.term_frequency_columns):
        prepared.con.execute(
            f"create or replace table shared_{place} as select value, {count_sql(prepared.model)} as n"
            f" from {prepared.hashed_column(column)} where value is not null group by 1 having count(*) > 1"
        )
