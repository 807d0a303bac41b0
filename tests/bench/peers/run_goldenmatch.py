"""GoldenMatch on the benchmark's records: GOLDENMATCH_PYTHON run_goldenmatch.py auto|configured RECORDS.csv OUT.

`auto`: `goldenmatch.dedupe(file)` on the records as they are, no configuration. `configured`: what its documentation
tells one to write when that is refused or not good enough: blocking in several passes, an exact key for a document and
a probabilistic one (Fellegi-Sunter, numbers learned from the records, its own threshold) for the rest, on records whose
fillers were emptied. Exact and weighted keys without a probabilistic one reached less.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

# what an earlier run learned must not help this one, and a missing native part must not pass for slowness
os.environ |= {"GOLDENMATCH_AUTOCONFIG_MEMORY": "0", "GOLDENMATCH_NATIVE": "1"}

import columns
import goldenmatch
from goldenmatch.config.schemas import (
    BlockingConfig,
    BlockingKeyConfig,
    GoldenMatchConfig,
    MatchkeyConfig,
    MatchkeyField,
)

_SCORERS: dict[str, tuple[str, float]] = {
    "name": ("jaro_winkler", 0.8), "given": ("jaro_winkler", 0.8), "surname": ("jaro_winkler", 0.8),
    "birth": ("levenshtein", 0.85), "document": ("levenshtein", 0.85), "phone": ("levenshtein", 0.85),
    "address": ("jaro_winkler", 0.85),
}  # fmt: skip


def configuration(rows: list[columns.Row]) -> GoldenMatchConfig:
    """Matchkeys and blocking by what the columns hold."""
    graded = [
        MatchkeyField(field=column, scorer=scorer, levels=3, partial_threshold=partial)
        for column in columns.of_kind(rows, *_SCORERS)
        for scorer, partial in [_SCORERS[columns.KINDS[column]]]
    ]
    equal = [
        MatchkeyField(field=column, scorer="exact", levels=2)
        for column in [*columns.of_kind(rows, "email", "sex"), *columns.places(rows)]
    ]
    exact = [
        MatchkeyConfig(name=f"exact_{column}", type="exact", fields=[MatchkeyField(field=column)])
        for column in columns.of_kind(rows, "document")
    ]
    passes = [BlockingKeyConfig(fields=keys) for keys in columns.blocking(rows)]
    return GoldenMatchConfig(
        matchkeys=[*exact, MatchkeyConfig(name="rest", type="probabilistic", fields=[*graded, *equal])],
        blocking=BlockingConfig(
            strategy="multi_pass", keys=passes[:1], passes=passes, max_block_size=1000, skip_oversized=True
        ),
    )


def run(how: str, records: Path, out: Path) -> None:
    """Deduplicate and write `clusters.csv`; a record without duplicate is in no cluster of its result."""
    rows = columns.read(records)
    if how == "auto":
        found = goldenmatch.dedupe(str(records))
    else:
        columns.write(out / "records.csv", rows)
        found = goldenmatch.dedupe(str(out / "records.csv"), config=configuration(rows))
    cluster = {place: name for name, item in found.clusters.items() for place in item["members"]}
    columns.write_clusters(
        out, ((identifier, cluster.get(place, f"alone {place}")) for place, identifier in enumerate(columns.ids(rows)))
    )


if __name__ == "__main__":
    run(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
