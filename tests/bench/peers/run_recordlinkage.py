"""recordlinkage on the benchmark's records: RECORDLINKAGE_PYTHON run_recordlinkage.py RECORDS.csv OUT.

By its documentation for deduplication: blocks, `Compare` (Jaro-Winkler from 0.85 for names, equality for what has few
values or no slips, Damerau-Levenshtein from 0.7 for the rest, all binary), the ECM classifier, which needs no label, at
its own cut; connected records are one cluster.
"""

from __future__ import annotations

import sys
from pathlib import Path

import columns
import numpy as np
import pandas as pd
import recordlinkage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

_METHODS: dict[str, tuple[str, float]] = {
    "name": ("jarowinkler", 0.85), "given": ("jarowinkler", 0.85), "surname": ("jarowinkler", 0.85),
    "document": ("damerau_levenshtein", 0.7), "phone": ("damerau_levenshtein", 0.7),
    "address": ("damerau_levenshtein", 0.7), "text": ("damerau_levenshtein", 0.7),
    "birth": ("damerau_levenshtein", 0.7),
}  # fmt: skip


def comparison(rows: list[columns.Row]) -> recordlinkage.Compare:
    """A comparison per column that is mostly filled: it takes a missing value for a different one."""
    compare = recordlinkage.Compare()
    for column in columns.mostly_there(rows, columns.of_kind(rows, *_METHODS)):
        method, threshold = _METHODS[columns.KINDS[column]]
        compare.string(column, column, method=method, threshold=threshold, label=column)
    for column in columns.mostly_there(rows, [*columns.of_kind(rows, "sex", "email"), *columns.places(rows)]):
        compare.exact(column, column, label=column)
    return compare


def run(records: Path, out: Path) -> None:
    """Link the records and write `clusters.csv`."""
    rows = columns.read(records)
    frame = pd.DataFrame(rows).replace({"": None})
    indexer = recordlinkage.Index()
    for keys in columns.blocking(rows):
        indexer.block(keys)
    compared = comparison(rows).compute(indexer.index(frame), frame)
    links = recordlinkage.ECMClassifier().fit_predict(compared)
    left, right = (links.get_level_values(side).to_numpy() for side in (0, 1))
    graph = coo_matrix((np.ones(len(links), np.int8), (left, right)), shape=(len(rows), len(rows)))
    labels = connected_components(graph, directed=False)[1]
    columns.write_clusters(out, zip(columns.ids(rows), labels, strict=True))


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]))
