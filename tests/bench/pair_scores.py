"""How right clusters are, told in two ways that share no code: pandas here, DuckDB in `matching.measure`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from matching.measure import measure


@dataclass(frozen=True)
class Scores:
    """Over pairs of records within the final clusters; a rate is 1 where nothing could be wrong."""

    precision: float
    recall: float
    f1: float


def score(folder: Path, truth: Path) -> Scores:
    """Compare the clusters a tool wrote with the truth.

    Args:
        folder: holds `clusters.csv` or `clusters.parquet` with `record_id` and `cluster_id`.
        truth: CSV with `record_id` and `entity_id`; its records and those of the clusters must be the same.
    """
    true = pd.read_csv(truth, dtype=str, keep_default_na=False)
    found = _clusters(folder)
    both = true.merge(found, on="record_id", validate="one_to_one")
    assert len(both) == len(true) == len(found), f"{folder}: not the same records as the truth"
    right, joined, wanted = (
        _pairs(both.groupby(keys).size()) for keys in (["entity_id", "cluster_id"], "cluster_id", "entity_id")
    )
    f1 = 2 * right / (joined + wanted) if joined + wanted else 1.0
    scores = Scores(right / joined if joined else 1.0, right / wanted if wanted else 1.0, f1)
    _check(both, scores)
    return scores


def _clusters(folder: Path) -> pd.DataFrame:
    written = folder / "clusters.csv"
    if written.exists():
        return pd.read_csv(written, dtype=str, keep_default_na=False)[["record_id", "cluster_id"]]
    return pd.read_parquet(folder / "clusters.parquet")[["record_id", "cluster_id"]].astype(str)


def _pairs(sizes: pd.Series[int]) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def _check(both: pd.DataFrame, scores: Scores) -> None:
    """The other way to the same figures."""
    con = duckdb.connect()
    con.register("clusters", both)
    other = measure(con, "clusters")
    assert (other.precision, other.recall) == pytest.approx((scores.precision, scores.recall), abs=1e-12)
    assert other.f1 == pytest.approx(scores.f1, abs=1e-12)
