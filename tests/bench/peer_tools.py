"""The tools of the comparison, each as a command on the same CSV, and the table of what became of them."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.bench.pair_scores import Scores, score
from tests.bench.processes import Finished, Limits, run

SCRIPTS = Path(__file__).parent / "peers"
LIMITS = Limits(
    float(os.environ.get("MDM_PEER_SECONDS", "900")), float(os.environ.get("MDM_PEER_GIGABYTES", "16"))
)  # fmt: skip
HEADER = f"{'':26}{'wall s':>9}{'CPU s':>9}{'peak GB':>9}{'precision':>11}{'recall':>9}{'F1':>9}  outcome"


@dataclass(frozen=True)
class Peer:
    """A row of the table: its tool, which is also the name of its environment, and how its script is called."""

    name: str
    tool: str
    options: tuple[str, ...] = ()
    labels: bool = False


PEERS = (
    Peer("goldenmatch, by itself", "goldenmatch", ("auto",)),
    Peer("goldenmatch, configured", "goldenmatch", ("configured",)),
    Peer("recordlinkage, ECM", "recordlinkage"),
    Peer("custmatch, 500 labels", "custmatch", labels=True),
    Peer("dedupe, 500 labels", "dedupe", labels=True),
)


@dataclass(frozen=True)
class Task:
    """Records for the tools, the truth for the score, and our models for them by the name of the row."""

    records: Path
    truth: Path
    out: Path
    models: dict[str, Path] = field(default_factory=dict)

    def folder(self, name: str) -> Path:
        """An empty folder of a row's own."""
        made = self.out / name.replace(", ", "_").replace(" ", "_")
        made.mkdir(parents=True)
        return made


@dataclass(frozen=True)
class Row:
    """What became of one tool; no scores if it did not finish."""

    name: str
    free_of_labels: bool
    done: Finished
    scores: Scores | None
    reason: str

    def line(self) -> str:
        """A line of the table."""
        shown = f"{self.name:26}{self.done.wall:9.1f}{self.done.cpu:9.1f}{self.done.peak_gb:9.2f}"
        if self.scores is None:
            return f"{shown}{'':29}  {self.reason}"
        return f"{shown}{self.scores.precision:11.5f}{self.scores.recall:9.5f}{self.scores.f1:9.5f}  ok"


def ours(task: Task) -> Iterator[Row]:
    """`mdm match` with each model, and with the one it proposes, which takes the time of the proposal as well."""
    command = [sys.executable, "-m", "dags", "match", task.records]
    for name, model in task.models.items():
        out = task.folder(name)
        yield _row(
            name, task, out, run([*command, "--model", model, "--format", "json", "--out", out], LIMITS, _log(out))
        )
    name = "mdm match, proposed"
    out = task.folder(name)
    model = out / "proposed.yml"
    done = run([*command, "--propose", "--model", model], LIMITS, _log(out))
    if done.ended == "ok":
        done = done.then(run([*command, "--model", model, "--format", "json", "--out", out], LIMITS, _log(out)))
    yield _row(name, task, out, done)


def peers(task: Task, environments: Path) -> Iterator[Row]:
    """The peers that are installed, one after the other; `missing` names the others."""
    for peer in PEERS:
        if peer.tool in missing(environments):
            continue
        out = task.folder(peer.name)
        truth = [task.truth] if peer.labels else []
        command = [_python(environments, peer.tool), SCRIPTS / f"run_{peer.tool}.py", *peer.options, task.records, out]
        done = run([*command, *truth], LIMITS, _log(out), _alone(out))
        yield _row(peer.name, task, out, done, free_of_labels=not peer.labels)


def splink(task: Task, *command: object) -> Row:
    """Splink, from our own environment: a command that takes the folder of results last."""
    out = task.folder("Splink, library levels")
    return _row("Splink, library levels", task, out, run([sys.executable, *command, out], LIMITS, _log(out)))


def missing(environments: Path) -> list[str]:
    """Tools without an environment in the folder."""
    return sorted({peer.tool for peer in PEERS if not _python(environments, peer.tool).exists()})


def versions(environments: Path) -> dict[str, str]:
    """The version of each tool that is installed."""
    code = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"
    tools = sorted({peer.tool for peer in PEERS} - set(missing(environments)))
    told = {
        tool: subprocess.run(
            [_python(environments, tool), "-c", code, tool], check=True, capture_output=True, text=True
        ).stdout.strip()
        for tool in tools
    }
    return told | {"splink": importlib.metadata.version("splink")}


def _python(environments: Path, tool: str) -> Path:
    return environments / tool / "bin" / "python"


def _alone(home: Path) -> dict[str, str]:
    """An environment without our variables, keys or caches, in which nothing can be downloaded."""
    nowhere = "http://127.0.0.1:9"
    return {
        "PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "PYTHONHASHSEED": "0",
        "http_proxy": nowhere, "https_proxy": nowhere, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1",
    }  # fmt: skip


def _log(out: Path) -> Path:
    return out / "errors.log"


def _row(name: str, task: Task, out: Path, done: Finished, free_of_labels: bool = True) -> Row:
    scores = score(out, task.truth) if done.ended == "ok" else None
    said = _log(out).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    reason = done.ended if "limit" in done.ended or not said else f"{done.ended}: {said[-1][:100]}"
    return Row(name, free_of_labels, done, scores, reason)


def table(title: str, rows: list[Row]) -> str:
    """The rows as text."""
    return "\n".join(["", title, HEADER, *(row.line() for row in rows), ""])


def check_ahead(rows: list[Row], least_f1: float, least_precision: float) -> None:
    """Every row of ours is right enough, and no peer without labels is more right than any of them."""
    mine = [row for row in rows if row.name.startswith("mdm match")]
    assert [row.name for row in mine if row.scores is None] == []
    scored = [(row, row.scores) for row in rows if row.scores]
    best = max((scores.f1 for row, scores in scored if row not in mine and row.free_of_labels), default=0.0)
    for row, scores in scored:
        if row in mine:
            assert scores.f1 >= max(best, least_f1), row.name
            assert scores.precision >= least_precision, row.name


def folder_of(variable: str) -> Path | None:
    """A folder named by the environment."""
    given = os.environ.get(variable)
    if not given:
        return None
    if not Path(given).is_dir():
        pytest.fail(f"{variable}: no folder {given}")
    return Path(given)
