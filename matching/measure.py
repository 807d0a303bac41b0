"""How right a grouping is where the truth is known: pairs and B-cubed over the final clusters."""

from __future__ import annotations

import duckdb


def measure(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, float]:
    """Compare clusters with the truth.

    Args:
        con: any connection.
        table: relation with `cluster_id` and `entity_id` per record; a null entity is one of its own.

    Returns:
        precision, recall and f1 over pairs of records; b3_f1 (B-cubed).
    """
    known = f"(select cluster_id, coalesce(entity_id, 'alone ' || row_number() over ()) as entity_id from {table})"
    right = _pairs(con, known, "cluster_id, entity_id")
    joined, wanted = _pairs(con, known, "cluster_id"), _pairs(con, known, "entity_id")
    precision = right / joined if joined else 1.0
    recall = right / wanted if wanted else 1.0
    row = con.execute(
        f"""
        select fsum(shared / in_cluster) / count(*), fsum(shared / in_entity) / count(*)
        from (
            select
                count(*) over (partition by cluster_id)::double as in_cluster,
                count(*) over (partition by entity_id)::double as in_entity,
                count(*) over (partition by cluster_id, entity_id)::double as shared
            from {known}
        )
        """
    ).fetchone()
    b3_precision, b3_recall = row if row and row[0] is not None else (1.0, 1.0)
    return {
        "precision": round(precision, 6),
        "recall": round(recall, 6),
        "f1": _f1(precision, recall),
        "b3_f1": _f1(b3_precision, b3_recall),
    }


def _pairs(con: duckdb.DuckDBPyConnection, known: str, group: str) -> int:
    row = con.execute(
        f"select coalesce(sum(n * (n - 1) // 2), 0)::bigint from (select count(*) as n from {known} group by {group})"
    ).fetchone()
    return int(row[0]) if row else 0


def _f1(precision: float, recall: float) -> float:
    return round(2 * precision * recall / (precision + recall), 6) if precision + recall else 0.0
