"""What the comparison with peers rests on: the scorer, the limits of a process, the rule of who is ahead."""

import sys
from pathlib import Path

import pytest

from tests.bench.pair_scores import Scores, score
from tests.bench.peer_tools import Row, check_ahead
from tests.bench.processes import Finished, Limits, run


def written(folder: Path, name: str, column: str, groups: str) -> Path:
    """Records 0, 1, 2 … in the groups that the letters name."""
    lines = [f"record_id,{column}", *(f"{place},{letter}" for place, letter in enumerate(groups))]
    (folder / name).write_text("\n".join(lines), encoding="utf-8")
    return folder / name


def test_scores_count_pairs(tmp_path: Path):
    truth = written(tmp_path, "truth.csv", "entity_id", "aaabbc")  # four true pairs
    written(tmp_path, "clusters.csv", "cluster_id", "xxyyyz")  # four found, two of them right
    assert score(tmp_path, truth) == Scores(0.5, 0.5, 0.5)


def test_a_record_left_out_is_no_score(tmp_path: Path):
    truth = written(tmp_path, "truth.csv", "entity_id", "aab")
    written(tmp_path, "clusters.csv", "cluster_id", "xx")
    with pytest.raises(AssertionError, match="not the same records"):
        score(tmp_path, truth)


@pytest.mark.parametrize(
    ("code", "limits", "ended"),
    [
        ("print(1)", Limits(), "ok"),
        ("raise SystemExit(3)", Limits(), "exit code 3"),
        ("import time; time.sleep(60)", Limits(seconds=0.5), "time limit"),
        ("import time; x = bytearray(200_000_000); time.sleep(60)", Limits(gigabytes=0.1), "memory limit"),
    ],
)
def test_a_process_ends_at_a_limit(code: str, limits: Limits, ended: str):
    done = run([sys.executable, "-c", code], limits)
    assert done.ended == ended
    assert done.wall < 30


def row(name: str, f1: float, free_of_labels: bool = True) -> Row:
    return Row(name, free_of_labels, Finished("ok", 1, 1, 1, ""), Scores(1, f1, f1), "ok")


def test_only_peers_without_labels_must_be_behind():
    ours, labelled, best = row("mdm match", 0.98), row("custmatch", 0.99, free_of_labels=False), row("splink", 0.97)
    check_ahead([ours, labelled, best], 0.9, 0.9)
    with pytest.raises(AssertionError, match="mdm match"):
        check_ahead([ours, labelled, row("splink", 0.985)], 0.9, 0.9)
    with pytest.raises(AssertionError, match="mdm match"):
        check_ahead([ours], 0.981, 0.9)
