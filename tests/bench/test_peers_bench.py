"""Peers side by side with `mdm match`: the same records, machine and run, a process each (docs/benchmarks.md).

MDM_PEERS=/folder holds an environment per tool, named after it; without it everything here is skipped. Sizes and modes
of the Chinese records: MDM_PEER_RECORDS=10000,100000 MDM_PEER_MODES=easy,hard. MDM_PEER_SETS=/folder holds public sets
(SET/SET.parquet or .csv with `unique_id` and the truth in `cluster`), none of which this project ships. A tool is ended
after MDM_PEER_SECONDS (900) or above MDM_PEER_GIGABYTES (16).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.bench import peer_tools
from tests.bench.chinese_people import write
from tests.bench.peer_tools import Row, Task
from warehouse.settings import ROOT

PEERS = peer_tools.folder_of("MDM_PEERS")
SETS = peer_tools.folder_of("MDM_PEER_SETS")
SIZES = [int(size) for size in os.environ.get("MDM_PEER_RECORDS", "10000").split(",")]
MODES = os.environ.get("MDM_PEER_MODES", "easy,hard").split(",")
SEED = 20261129  # the model file was tuned on another
LEAST_F1 = {
    "easy": 0.997,
    "hard": 0.965,
    "febrl3": 0.9995,
    "fake_1000": 0.92,
    "senzing_truthset": 0.9,
    "RLdata500": 0.95,
}
LEAST_PRECISION = 0.999  # of the Chinese records; the public sets have no floor
MODEL = Path(__file__).with_name("chinese_people.yml")

pytestmark = pytest.mark.skipif(PEERS is None, reason="MDM_PEERS names no folder with the peers' environments")


def public_sets() -> list[Path]:
    """The files of the sets."""
    return sorted(
        path for kind in ("parquet", "csv") for path in (SETS.glob(f"*/*.{kind}") if SETS else ()) if _own(path)
    )


def _own(path: Path) -> bool:
    return path.stem == path.parent.name


def split(records: pd.DataFrame, identifier: str, truth: str, out: Path) -> tuple[Path, Path]:
    """The records without the truth, and the truth, as two CSV files."""
    files = out / "records.csv", out / "truth.csv"
    records.drop(columns=truth).to_csv(files[0], index=False)
    named = records[[identifier, truth]].rename(columns={identifier: "record_id", truth: "entity_id"})
    named.to_csv(files[1], index=False)
    return files


def measured(title: str, task: Task, splink: tuple[object, ...]) -> list[Row]:
    """All tools, one after the other, and their table."""
    assert PEERS
    rows = [*peer_tools.ours(task), peer_tools.splink(task, *splink), *peer_tools.peers(task, PEERS)]
    told = ", ".join(f"{tool} {version}" for tool, version in peer_tools.versions(PEERS).items())
    absent = "".join(f"\nleft out, no environment {PEERS}/{tool}" for tool in peer_tools.missing(PEERS))
    sys.stdout.write(peer_tools.table(f"{title} ({told}){absent}", rows))
    return rows


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", SIZES)
def test_peers_on_chinese_records(tmp_path: Path, size: int, mode: str):
    whole = tmp_path / "whole.parquet"
    write(size, mode, whole, SEED)
    task = Task(*split(pd.read_parquet(whole), "record_id", "entity_id", tmp_path), tmp_path, {"mdm match": MODEL})
    rows = measured(f"{size:,} records, {mode}", task, ("-m", "tests.bench.bare_splink", "library", whole))
    peer_tools.check_ahead(rows, LEAST_F1[mode], LEAST_PRECISION)


@pytest.mark.parametrize("path", public_sets(), ids=lambda path: path.stem)
def test_peers_on_public_sets(tmp_path: Path, path: Path):
    records = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype=str)
    model = ROOT / "config" / "models" / "examples" / f"{path.stem.lower()}.yml"
    models = {"mdm match": model} if model.exists() else {}
    task = Task(*split(records, "unique_id", "cluster", tmp_path), tmp_path, models)
    rows = measured(
        f"{path.stem}, {len(records):,} records", task, (peer_tools.SCRIPTS / "run_splink.py", task.records)
    )
    peer_tools.check_ahead(rows, LEAST_F1.get(path.stem, 0.0), 0.0)
