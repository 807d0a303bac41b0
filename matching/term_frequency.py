"""How many records share a value: a mobile of a whole village proves less than one of two records.

Counts are divided by the number of records at training, not of today: records that come later and do not share the
value leave every weight as it was. They are also rounded down to half a bit (steps at 1, 2, 3, 4, 6, 8,
12, 16, 23, 32, …), so that one more bearer of a common name does not move the weight of all the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import duckdb
import numpy as np

from matching.model import MatchModel
from matching.prepared import Prepared
from matching.records import Numbers, Records, runs, times_among
from matching.relations import registered
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


def counted(model: MatchModel, records: Numbers) -> Numbers:
    """As `count_sql`, of numbers of records at hand."""
    return records if model.training.blocks else np.maximum(records - 1, 1)


def rounding_step(counts: Numbers) -> Numbers:
    """Twice the binary logarithm of counts, rounded down: counts of one step are rounded to the same one."""
    return np.floor(np.log2(counts.astype(np.int64) ** 2)).astype(np.int64)


@dataclass(frozen=True)
class Shares:
    """Which share of the records at training hold the same value, rounded; see `count_shares`."""

    prepared: Prepared
    trained_on: int
    _known: list[tuple[Records, Mapping[str, Numbers]]] = field(default_factory=list)

    def by_value(self, records: Records) -> Mapping[str, Numbers]:
        """Per column whose value counts weigh the share of every value, and one more for no value."""
        if not self._known or self._known[-1][0] is not records:
            count = self._counted if records is self.prepared.records else self._looked_up
            self._known[:] = [(records, self._side_by_side(lambda con, column: count(con, records, column)))]
        return self._known[-1][1]

    def _side_by_side(self, make: Callable[[duckdb.DuckDBPyConnection, str], Numbers]) -> Mapping[str, Numbers]:
        columns = self.prepared.model.term_frequency_columns
        return dict(zip(columns, side_by_side(self.prepared.con, make, columns), strict=True))

    def _counted(self, con: duckdb.DuckDBPyConnection, records: Records, column: str) -> Numbers:
        """The shares of the values of all records."""
        hashes = records.hashed(con, column)
        order, sizes = runs(hashes)
        held = np.bincount(records.columns[column].places + 1, minlength=len(hashes))
        held = np.append(held[1:], 0)[order]
        bearers = np.empty(len(hashes), np.int64)
        bearers[order] = np.repeat(np.add.reduceat(held, np.cumsum(sizes) - sizes), sizes)
        return self._rounded(con, bearers, hashes)

    def _looked_up(self, con: duckdb.DuckDBPyConnection, records: Records, column: str) -> Numbers:
        """The shares of values of some records: how many of all records hold them is counted now."""
        hashes = records.hashed(con, column)
        asked, places = np.unique(hashes, return_inverse=True)
        counts = times_among(self.prepared.hashes(con, column), asked)
        return self._rounded(con, counts[places], hashes)

    def _rounded(self, con: duckdb.DuckDBPyConnection, counts: Numbers, hashes: Numbers) -> Numbers:
        """Shares from counts; not a number where there is no value."""
        counts = np.maximum(counts, 1)
        different = np.flatnonzero(np.bincount(counts))
        shown = count_sql(self.prepared.model, "records")
        with registered(con, "different_counts", {"records": different}):
            shares = con.execute(
                f"select {rounded_count_sql(shown)} / {max(self.trained_on, 1)}::double as share from different_counts"
                " order by records"
            ).fetchnumpy()["share"]
        of_count = np.zeros(different[-1] + 1)
        of_count[different] = shares
        return np.where(hashes != 0, of_count[counts], np.nan)


def count_shares(prepared: Prepared, trained_on: int) -> Shares:
    """Make ready to tell which share of the records hold a value.

    Args:
        prepared: all records.
        trained_on: number of records at training.
    """
    shares = Shares(prepared, trained_on)
    if prepared.records is not None:
        shares.by_value(prepared.records)
    return shares
