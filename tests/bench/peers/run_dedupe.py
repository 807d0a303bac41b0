"""dedupe on the benchmark's records, with 500 labelled pairs: DEDUPE_PYTHON run_dedupe.py RECORDS.csv OUT TRUTH.csv.

By its documentation: a variable per column by what it holds, active learning (`uncertain_pairs`, `mark_pairs`) on a
sample of at most 2,000 records (on all of 10,000 it asks for more than 16 GB), answered from the truth, `train`, and
`partition` at its default threshold of 0.5.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import columns
import dedupe
import numpy as np
from dedupe import variables

LABELS = 500
SAMPLE = 2_000
SEED = 20261129
_VARIABLES = {
    "name": variables.ShortString, "given": variables.ShortString, "surname": variables.ShortString,
    "birth": variables.ShortString, "sex": variables.Exact, "document": variables.ShortString,
    "phone": variables.ShortString, "email": variables.ShortString, "address": variables.String,
    "text": variables.ShortString,
}  # fmt: skip


def definition(rows: list[columns.Row]) -> list[variables.base.Variable]:
    """A variable for every column that is mostly filled: each costs it minutes."""
    chosen = columns.mostly_there(rows, [*columns.of_kind(rows, *_VARIABLES), *columns.places(rows)])
    return [
        _VARIABLES.get(columns.KINDS[column], variables.ShortString)(
            column, has_missing=any(not row[column] for row in rows)
        )
        for column in chosen
    ]


def teach(deduper: dedupe.Dedupe, truth: dict[str, str]) -> None:
    """Answer the pairs it asks about; a record carries its id under `record_id`, which is no variable."""
    for _ in range(LABELS):
        pair = deduper.uncertain_pairs()[0]
        same = truth[pair[0]["record_id"]] == truth[pair[1]["record_id"]]
        deduper.mark_pairs({"match": [pair] if same else [], "distinct": [] if same else [pair]})


def run(records: Path, out: Path, truth: Path) -> None:
    """Train, partition and write `clusters.csv`."""
    random.seed(SEED)
    np.random.seed(SEED)  # what dedupe draws from
    rows = columns.read(records)
    data = {
        identifier: {column: value or None for column, value in row.items()} | {"record_id": identifier}
        for identifier, row in zip(columns.ids(rows), rows, strict=True)
    }
    deduper = dedupe.Dedupe(definition(rows))
    drawn = random.sample(sorted(data), min(SAMPLE, len(data)))
    deduper.prepare_training({identifier: data[identifier] for identifier in drawn})
    teach(deduper, columns.true_entities(truth))
    deduper.train()
    found = deduper.partition(data)
    columns.write_clusters(
        out, ((identifier, number) for number, (members, _) in enumerate(found) for identifier in members)
    )


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
