"""How right a grouping is where the truth is known: pairs and B-cubed over the final clusters.

B-cubed averages, over records, the share of a record's cluster that is its entity's (precision) and the share of its
entity that is in its cluster (recall); Bagga & Baldwin 1998.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb


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
    right = _pairs(con, relation, f"{column}, entity_id", member)
    joined, wanted = _pairs(con, relation, column, member), _pairs(con, relation, "entity_id", member)
    row = con.execute(
        f"""
        select count(*), fsum(shared / in_cluster) / count(*), fsum(shared / in_entity) / count(*)
        from (
            select
                {member} as is_member,
                count(*) over (partition by {column})::double as in_cluster,
                count(*) over (partition by entity_id)::double as in_entity,
                count(*) over (partition by {column}, entity_id)::double as shared
            from {relation}
        )
        where is_member
        """
    ).fetchone()
    records, b3_precision, b3_recall = row if row and row[0] else (0, 1.0, 1.0)
    precision, recall = right / joined if joined else 1.0, right / wanted if wanted else 1.0
    return Figures(int(records), joined, wanted, precision, recall, b3_precision, b3_recall)


def _pairs(con: duckdb.DuckDBPyConnection, relation: str, group: str, member: str) -> int:
    """Pairs within the groups, without those of which neither record counts."""
    row = con.execute(
        f"""
        select coalesce(sum(n * (n - 1) // 2 - u * (u - 1) // 2), 0)::bigint
        from (select count(*) as n, count(*) filter (not ({member})) as u from {relation} group by {group})
        """
    ).fetchone()
    return int(row[0]) if row else 0


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
