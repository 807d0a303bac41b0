"""Stewards' decisions as the linker sees them: the last one per pair made before this day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb

from warehouse.store import CATALOG, table_exists


@dataclass(frozen=True)
class PairDecision:
    """A verdict in force on two records (smaller first)."""

    decision_id: int
    left: str
    right: str
    verdict: str  # same, different, unsure


def load_decisions(con: duckdb.DuckDBPyConnection, as_of: dt.date) -> list[PairDecision]:
    """Decisions a run of this day obeys; none when there is no steward yet.

    A decision made while day D was the newest (`seen_as_of` = D) counts from the next day on, so that a rerun of D
    repeats it exactly.
    """
    if not table_exists(con, "steward_decision"):
        return []
    rows = con.execute(
        f"""
        select decision_id, least(record_id_l, record_id_r), greatest(record_id_l, record_id_r), verdict
        from {CATALOG}.main.steward_decision
        where seen_as_of < ?
        qualify row_number() over (partition by least(record_id_l, record_id_r), greatest(record_id_l, record_id_r)
            order by decision_id desc) = 1
        order by 2, 3
        """,
        [as_of],
    ).fetchall()
    return [PairDecision(int(number), left, right, verdict) for number, left, right, verdict in rows]
