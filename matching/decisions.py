"""Stewards' decisions as the linker sees them: the last one per pair made before this day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb

from warehouse.store import CATALOG, table_exists

# the stewards' five verdicts; "same_apart": one party that is two customers on purpose
VERDICTS = ("same", "different", "same_apart", "related", "unsure")
ONE_PARTY = ("same", "same_apart")
TWO_PARTIES = ("different", "related")


@dataclass(frozen=True)
class PairDecision:
    """A verdict in force on two records (smaller first)."""

    decision_id: int
    left: str
    right: str
    verdict: str  # one of VERDICTS

    @property
    def effect(self) -> str | None:
        """What the linker does with the two: `same` joins, `different` keeps apart, None leaves it to weights."""
        if self.verdict == "unsure":
            return None
        return "same" if self.verdict == "same" else "different"

    @property
    def is_match(self) -> bool | None:
        """What the verdict says as a label: one party or two; None says nothing."""
        return None if self.verdict == "unsure" else self.verdict in ONE_PARTY


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
