"""How right a grouping is where the truth is known: pairs and B-cubed over the final clusters.

B-cubed averages, over records, the share of a record's cluster that is its entity's (precision) and the share of its
entity that is in its cluster (recall); Bagga & Baldwin 1998.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

# a cell is what a cluster and an entity have in common: n records, m of which count
_SQL = """
with cell as materialized (
    select {column} as cluster, entity_id as entity, count(*) as n, count(*) filter ({member}) as m
    from {relation} group by all
),
whole_cluster as (
    select sum(n)::bigint as n, sum(m)::bigint as m, sum(m * n)::bigint as common from cell group by cluster
),
whole_entity as (
    select sum(n)::bigint as n, sum(m)::bigint as m, sum(m * n)::bigint as common from cell group by entity
)
select found, joined, wanted, coalesce(records, 0), b3_precision, b3_recall
from (select {pairs} as found, sum(m) as records from cell)
cross join (select {pairs} as joined, fsum(common / n) / sum(m) as b3_precision from whole_cluster)
cross join (select {pairs} as wanted, fsum(common / n) / sum(m) as b3_recall from whole_entity)
"""
# pairs within the groups, without those of which neither record counts
_PAIRS = "coalesce(sum(n * (n - 1) // 2 - (n - m) * (n - m - 1) // 2), 0)::bigint"


@dataclass(frozen=True)
class Figures:
    """Counts and rates of one grouping; rates are 1 where nothing could be wrong."""

    records: int
    pairs_joined: int
    pairs_wanted: int
    precision: float
    recall: float
    b3_precision: float
    b3_recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of the pairwise rates."""
        return _f1(self.precision, self.recall)

    @property
    def b3_f1(self) -> float:
        """Harmonic mean of the B-cubed rates."""
        return _f1(self.b3_precision, self.b3_recall)


def measure(con: duckdb.DuckDBPyConnection, relation: str, column: str = "cluster_id", member: str = "true") -> Figures:
    """Compare clusters with the truth.

    Args:
        con: any connection.
        relation: table, or query in parentheses, with `entity_id` and the clusters per record.
        column: its column of clusters.
        member: the records that count, as a condition; pairs count when at least one of the two does.
    """
    row = con.execute(_SQL.format(pairs=_PAIRS, column=column, relation=relation, member=member)).fetchone()
    right, joined, wanted, records, b3_precision, b3_recall = row or (0,) * 6
    precision, recall = right / joined if joined else 1.0, right / wanted if wanted else 1.0
    b3_precision, b3_recall = (b3_precision, b3_recall) if records else (1.0, 1.0)
    return Figures(int(records), int(joined), int(wanted), precision, recall, b3_precision, b3_recall)


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
