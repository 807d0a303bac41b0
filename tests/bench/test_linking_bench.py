"""The linking engine beside bare Splink and an exact-key floor, on the same records in one run (make bench).

Sizes and modes by environment: MDM_LINK_RECORDS=1000000,5000000 MDM_LINK_MODES=easy,hard. Every tool is a process of
its own; its CPU seconds and peak memory are the child's (`os.wait4`), start and imports included.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.bench.bare_splink import MODEL
from tests.bench.chinese_people import write
from tests.bench.processes import run

SIZES = [int(size) for size in os.environ.get("MDM_LINK_RECORDS", "1000000").split(",")]
MODES = os.environ.get("MDM_LINK_MODES", "easy,hard").split(",")
SEED = 20261129  # the model file was tuned on another
LEAST_F1 = {"easy": 0.997, "hard": 0.965}
LEAST_PRECISION = 0.999
_HEADER = f"{'':22}{'wall s':>9}{'CPU s':>9}{'peak GB':>9}{'CPU ratio':>11}{'precision':>11}{'recall':>9}{'F1':>9}"


@dataclass(frozen=True)
class Outcome:
    """One process: what it took, and what it printed."""

    name: str
    wall: float
    cpu: float
    peak_gb: float
    printed: dict[str, Any]

    def line(self, reference: Outcome) -> str:
        """A line of the table; the ratio is to the reference's CPU seconds."""
        rates = (self.printed[name] for name in ("precision", "recall", "f1"))
        shown = f"{self.name:22}{self.wall:9.1f}{self.cpu:9.1f}{self.peak_gb:9.2f}{self.cpu / reference.cpu:11.2f}"
        return shown + "".join(f"{rate:{width}.5f}" for rate, width in zip(rates, (11, 9, 9), strict=True))


def outcome(name: str, *arguments: object) -> Outcome:
    """Run a module of this project and wait for it."""
    done = run([sys.executable, "-m", *arguments])
    assert done.ended == "ok", name
    return Outcome(name, done.wall, done.cpu, done.peak_gb, json.loads(done.printed))


def outcomes(records: Path, out: Path) -> Iterator[Outcome]:
    """All tools, one after the other."""
    for keys in ("two", "three"):
        yield outcome(f"exact keys, {keys}", "tests.bench.exact_keys", keys, records, out / keys)
    yield from _ours("mdm match", records, MODEL, out / "ours")
    yield from _ours("proposed model", records, _proposed(records, out / "proposed.yml"), out / "proposed")
    for kind in ("same", "tuned", "library"):
        bare = ("tests.bench.bare_splink", kind, records)
        yield outcome(f"Splink {kind}, trained", *bare, out / kind)
        if kind != "tuned":  # how it was trained makes no difference any more
            yield outcome(f"Splink {kind}, saved", *bare, out / f"{kind}_saved", out / kind / "model.json")


def _ours(name: str, records: Path, model: Path, out: Path) -> Iterator[Outcome]:
    command = ("dags", "match", records, "--model", model, "--truth", "entity_id", "--format", "json", "--out")
    yield outcome(f"{name}, trained", *command, out)
    yield outcome(f"{name}, saved", *command, f"{out}_saved", "--parameters", out / "parameters.json")


def _proposed(records: Path, model: Path) -> Path:
    """What `mdm match --propose` makes of the records, as it is."""
    options = ["--propose", "--truth", "entity_id", "--model", str(model)]
    subprocess.run([sys.executable, "-m", "dags", "match", str(records), *options], check=True, stdout=subprocess.PIPE)
    return model


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", SIZES)
def test_linking_beside_bare_splink(tmp_path: Path, size: int, mode: str):
    records = tmp_path / "records.parquet"
    write(size, mode, records, SEED)
    found = {item.name: item for item in outcomes(records, tmp_path)}
    reference = found["Splink same, trained"]
    lines = [f"{size:,} records, {mode}", _HEADER, *(item.line(reference) for item in found.values())]
    lines += [f"{item.name}: {item.printed['stages']}" for item in found.values() if "stages" in item.printed]
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
    ours = [found[f"{name}, {how}"] for name in ("mdm match", "proposed model") for how in ("trained", "saved")]
    assert min(item.printed["f1"] for item in ours) >= LEAST_F1[mode]
    assert min(item.printed["precision"] for item in ours) >= LEAST_PRECISION
    trained, saved, *_ = ours
    assert trained.cpu <= 0.5 * reference.cpu
    assert saved.cpu <= 0.25 * reference.cpu
