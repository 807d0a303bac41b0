"""Pairs whose truth a person stated: stewards' decisions, or a file beside a table; they take part in training.

Labels mostly come from doubtful pairs, so they are no fair sample:
they are never added to what was counted. A labelled pair stays where it is among the compared pairs; only its
responsibility is no longer estimated. That is maximum likelihood as long as what was chosen for labelling was chosen by
how the pair looks (R. J. A. Little and D. B. Rubin: missing at random). Chance agreement (u) comes from random pairs,
so labelled non-matches cannot move it.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from matching.decisions import ONE_PARTY, TWO_PARTIES, PairDecision
from matching.expectation import Pattern
from matching.levels import level_patterns
from matching.prepared import Prepared
from matching.relations import count, registered
from warehouse.errors import SourceError

_WORDS = (
    dict.fromkeys(ONE_PARTY, True)
    | dict.fromkeys(TWO_PARTIES, False)
    | {"1": True, "0": False, "true": True, "false": False}
)


@dataclass(frozen=True, order=True)
class Label:
    """Two records (smaller first) and whether they are one party."""

    left: str
    right: str
    is_match: bool


def labels_of(decisions: Iterable[PairDecision]) -> list[Label]:
    """The labels in stewards' decisions in force."""
    return sorted(Label(d.left, d.right, d.is_match) for d in decisions if d.is_match is not None)


def read_labels(path: Path) -> list[Label]:
    """Labels of a CSV file with columns record_id_l, record_id_r, and verdict or match (1 or 0).

    A verdict that says nothing (unsure, empty) is left out; a pair given twice counts once.

    Raises:
        SourceError: the file cannot be read, lacks a column, holds an unknown word, or contradicts itself.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            column = _verdict_column(path, reader.fieldnames or [])
            stated = [_stated(path, line, row, column) for line, row in enumerate(reader, start=2)]
    except (OSError, UnicodeDecodeError, csv.Error):
        raise SourceError(f"{path}: cannot be read as CSV in UTF-8; check the file") from None
    return _agreed(path, [(line, label) for line, label in stated if label is not None])


def _verdict_column(path: Path, columns: Sequence[str]) -> str:
    missing = [name for name in ("record_id_l", "record_id_r") if name not in columns]
    found = [name for name in ("verdict", "match") if name in columns]
    if missing or not found:
        named = ", ".join([*missing, *([] if found else ["verdict or match"])])
        raise SourceError(f"{path}: no column {named}; labels need record_id_l, record_id_r, and verdict or match")
    return found[0]


def _stated(path: Path, line: int, row: Mapping[str, str | None], column: str) -> tuple[int, Label | None]:
    left, right = sorted(((row["record_id_l"] or "").strip(), (row["record_id_r"] or "").strip()))
    word = (row[column] or "").strip().lower()
    if not left or left == right:
        raise SourceError(f"{path}, line {line}: needs two different record ids; correct it")
    if word in ("", "unsure"):
        return line, None
    if word not in _WORDS:
        raise SourceError(f"{path}, line {line}: unknown {column}; it is one of {', '.join(_WORDS)}, unsure")
    return line, Label(left, right, _WORDS[word])


def _agreed(path: Path, stated: Iterable[tuple[int, Label]]) -> list[Label]:
    first: dict[tuple[str, str], tuple[int, Label]] = {}
    for line, label in stated:
        before = first.setdefault((label.left, label.right), (line, label))
        if before[1].is_match != label.is_match:
            raise SourceError(f"{path}, line {line}: says the opposite of line {before[0]}; remove one")
    return sorted(label for _line, label in first.values())


def register_labels(con: duckdb.DuckDBPyConnection, labels: Sequence[Label]) -> None:
    """Make the scratch table `labels` (l, r, is_match), empty when there are none."""
    columns = {
        "l": pa.array([label.left for label in labels], pa.string()),
        "r": pa.array([label.right for label in labels], pa.string()),
        "is_match": pa.array([label.is_match for label in labels], pa.bool_()),
    }
    with registered(con, "given_labels", columns):
        con.execute("create or replace table labels as select distinct * from given_labels order by l, r")


def with_labels(
    prepared: Prepared, pairs: str, names: list[str], patterns: Sequence[Pattern], weight: float
) -> list[Pattern]:
    """The patterns of a table of pairs, knowing which of these pairs are labelled.

    Args:
        prepared: the records, with `labels` on their connection.
        pairs: table of match_key, join_key_l, join_key_r.
        names: comparisons of the patterns.
        patterns: what all the pairs look like.
        weight: what a label is worth, 0 (nothing) to 1 (certain).
    """
    matches = _labelled(prepared, pairs, names, matched=True)
    others = _labelled(prepared, pairs, names, matched=False)
    return [
        replace(item, matches=weight * matches[item.levels], others=weight * others[item.levels]) for item in patterns
    ]


def _labelled(prepared: Prepared, pairs: str, names: list[str], *, matched: bool) -> Counter[tuple[int, ...]]:
    con, table = prepared.con, prepared.table
    con.execute(
        f"create or replace table labelled_pairs as select pairs.* from {pairs} as pairs"
        f" join {table} as a on a.record_no = join_key_l join {table} as b on b.record_no = join_key_r"
        " join labels on a.record_id = l and b.record_id = r"
        f" where is_match = {matched}"
    )
    found = level_patterns(prepared, "labelled_pairs", names) if count(con, "labelled_pairs") else []
    return Counter({tuple(levels): int(number) for *levels, number in found})
