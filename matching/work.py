"""What the parts of a run share: the model with its numbers, the tables, and what an earlier run kept."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np

from matching.decisions import PairDecision
from matching.digest import Delta
from matching.kept import Kept, Tables
from matching.model import MatchModel
from matching.prepared import Prepared
from matching.score import Scorer

Numbers = np.ndarray


@dataclass(frozen=True)
class NumberedDecision:
    """A steward's verdict on two records by number, smaller id first; `effect` as in `PairDecision`."""

    decision_id: int
    left: int
    right: int
    effect: str | None


@dataclass(frozen=True)
class Work:
    """A run of one party type over the scratch relation `prepared`.

    Attributes:
        scorer: weighs pairs; it holds all records, their model and the scratch connection.
        tables: names of the scratch tables.
        records: number of records.
        size: one more than the highest record number.
        decisions: the stewards' word on records that are there.
        kept: what an earlier run kept, when only what changed since is looked at.
    """

    scorer: Scorer
    tables: Tables
    records: int
    size: int
    decisions: tuple[NumberedDecision, ...]
    kept: Kept | None

    @property
    def prepared(self) -> Prepared:
        """All records."""
        return self.scorer.prepared

    @property
    def con(self) -> duckdb.DuckDBPyConnection:
        """The scratch connection."""
        return self.prepared.con

    @property
    def model(self) -> MatchModel:
        """What is compared."""
        return self.prepared.model

    @property
    def keeps(self) -> bool:
        """Whether what is found is kept for the next run (`matching.kept`), which compares digests."""
        return self.prepared.digest is not None

    @property
    def delta(self) -> Delta | None:
        """What changed since the kept run, when only that is looked at."""
        return self.prepared.delta

    def scratch(self, kind: str) -> str:
        """Name of a table or view of this run."""
        return self.tables.scratch(kind)

    def fresh(self, kind: str) -> str:
        """Name of the table of what this run finds: only a part of the whole where an earlier run was kept."""
        return self.scratch(kind + "_fresh" if self.kept else kind)

    def fresh_or_kept(self, kind: str, key: str, outdated: str) -> None:
        """Make the view of a kind: what was kept, without what a relation names by its key, and what is fresh."""
        fresh = self.scratch(kind + "_fresh")
        self.con.execute(
            f"create or replace view {self.scratch(kind)} as select * from {self.tables.kept(kind)}"
            f" anti join {outdated} using ({key}) union all by name select * from {fresh}"
        )


def numbered(
    con: duckdb.DuckDBPyConnection, table: str, decisions: list[PairDecision]
) -> tuple[list[PairDecision], tuple[NumberedDecision, ...]]:
    """The decisions on two records that are there, as given and by number."""
    wanted = sorted({record for d in decisions for record in (d.left, d.right)})
    sql = f"select record_id, record_no from {table} where record_id in (select unnest($wanted::varchar[]))"
    number = dict(con.execute(sql, {"wanted": wanted}).fetchall()) if wanted else {}
    ours = [d for d in decisions if d.left in number and d.right in number and d.left != d.right]
    return ours, tuple(NumberedDecision(d.decision_id, number[d.left], number[d.right], d.effect) for d in ours)
