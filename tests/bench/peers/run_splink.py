"""Splink on the benchmark's public sets, as its tutorials do: SPLINK_PYTHON run_splink.py RECORDS.csv OUT.

Its comparison library by what a column holds, blocks of one column each, u by random sampling, EM over the names and
over the birth date, everything else at its defaults, cut at 0.95 as in its demos. The Chinese records have a recipe of
their own (`tests.bench.bare_splink library`).
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import columns
import duckdb
import pandas as pd
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

RECALL = 0.8  # of the rules that are nearly always right
THRESHOLD = 0.95


def comparison(column: str) -> Any:  # Splink exports no common type
    """What its library has for a kind of column."""
    kind = columns.KINDS[column]
    if kind in {"given", "surname", "name"}:
        return cl.NameComparison(column).configure(term_frequency_adjustments=True)
    if kind == "birth":
        return cl.DateOfBirthComparison(column, input_is_string=True)
    if kind == "email":
        return cl.EmailComparison(column)
    if kind in {"document", "phone", "address"}:
        return cl.LevenshteinAtThresholds(column, [1, 2])
    return cl.ExactMatch(column).configure(term_frequency_adjustments=True)


def run(records: Path, out: Path) -> None:
    """Train, link and write `clusters.csv`."""
    rows = columns.read(records)
    names, births = columns.of_kind(rows, "name", "given", "surname"), columns.of_kind(rows, "birth")
    keys = [*names, *births, *columns.of_kind(rows, "document", "phone", "email")]
    identifier = columns.of_kind(rows, "id")[0]
    others = columns.of_kind(rows, "address", "place", "text", "sex")
    con = duckdb.connect()
    con.register("records", pd.DataFrame(rows).replace({"": None}))
    con.execute("create table prepared as from records")
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name=identifier,
        comparisons=[comparison(column) for column in [*keys, *others]],
        blocking_rules_to_generate_predictions=[block_on(key) for key in keys],
    )
    linker = Linker(
        DuckDBAPI(con).register("prepared", dataset_display_name="records"), settings, log_level=logging.ERROR
    )
    certain: list[Any] = [block_on(name, *births) for name in names]
    certain += [block_on(key) for key in columns.of_kind(rows, "email")]
    linker.training.estimate_probability_two_random_records_match(certain, recall=RECALL)
    linker.training.estimate_u_using_random_sampling(seed=1)
    for rule in (names, births):
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*rule))
    predicted = linker.inference.predict(threshold_match_probability=THRESHOLD)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, THRESHOLD)
    found = con.execute(f"select {identifier}, cluster_id from {clusters.physical_name}").fetchall()
    columns.write_clusters(out, found)


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]))
