"""Plain Splink 5 on the same records, as a process of its own: what our engine is measured against (make bench).

Usage: python -m tests.bench.bare_splink same|tuned|library RECORDS.parquet OUT [MODEL.json]

`same`: the comparisons, conditions, prepared columns and blocking rules of our model file, and Splink as it comes: u by
random sampling, EM, predict, connected components, everything else at its defaults. `tuned`: the same with EM on a
sample of the pairs and without term frequencies, as its documentation advises for speed. `library`: what a user of
Splink would write with its own comparison library on plainly cleaned columns. With MODEL.json a model that an earlier
run saved (OUT/model.json) is used.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.internals.splink_dataframe import SplinkDataFrame

from matching.measure import measure
from matching.model import BlockingRule, Comparison, MatchModel, load_model
from matching.prepare import prepare

MODEL = Path(__file__).with_name("chinese_people.yml")
_TRICKS: dict[str, Any] = {"max_pairs": 1e6, "estimate_without_term_frequencies": True}  # of EM, `tuned`
CERTAIN_RECALL = 0.8
THRESHOLD = 0.95  # Splink's own demos

# what a user would clean: fillers away, 15-digit numbers as they are
_CLEANED = """
create table prepared as select
    record_id, name, left(name, 1) as surname, birth_date::varchar as birth_date, sex, email, address, district,
    nullif(employer, '') as employer,
    case when regexp_matches(id_no, '[0-9]{8}') and id_no not in ('000000000000000000', '111111111111111111')
        then id_no end as id_no,
    case when mobile not in ('无', '13800000000', '00000000000', '13888888888') then mobile end as mobile,
    regexp_extract(address, '[^省市区县镇乡]+(路|街|道|村)[0-9]+') as street
from gathered
"""


@dataclass
class Clock:
    """Seconds of each stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what runs inside."""
        begin = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - begin, 2)


@dataclass(frozen=True)
class Recipe:
    """A Splink model and how it is trained."""

    settings: SettingsCreator
    certain: list[Any]  # rules nearly always right, for the prior
    training: list[Any]  # blocks for EM


def same_recipe(model: MatchModel) -> Recipe:
    """Our model file as plain Splink; `like`, guards and strong identifiers have no counterpart there."""
    return Recipe(
        SettingsCreator(
            link_type="dedupe_only",
            unique_id_column_name="record_id",
            comparisons=[_comparison(item) for item in model.comparisons],
            blocking_rules_to_generate_predictions=[
                *(block_on(item.key) for item in model.strong_identifiers),
                *(_blocking(rule, model.list_columns) for rule in model.blocking),
            ],
            retain_matching_columns=False,
        ),
        [block_on(*keys) for keys in model.training.certain],
        [block_on("name_key", "birth_digits"), block_on("mobile_number"), block_on("number_key")],
    )


def _comparison(item: Comparison) -> dict[str, Any]:
    absent = {"sql_condition": item.absent_sql, "label_for_charts": "absent", "is_null_level": True}
    levels = []
    for level in item.levels:
        shown: dict[str, Any] = {
            "sql_condition": level.sql, "label_for_charts": level.level, "m_probability": level.m,
            "u_probability": level.u,
        }  # fmt: skip
        if level.term_frequency:
            shown["tf_adjustment_column"] = level.term_frequency
        levels.append(shown)
    return {"output_column_name": item.comparison, "comparison_levels": [absent, *levels]}


def _blocking(rule: BlockingRule, lists: set[str]) -> Any:  # Splink exports no common type
    listed = [key for key in rule.keys if key in lists]
    return block_on(*rule.keys, arrays_to_explode=listed) if listed else block_on(*rule.keys)


def library_recipe() -> Recipe:
    """Splink's comparison library on cleaned columns."""
    return Recipe(
        SettingsCreator(
            link_type="dedupe_only",
            unique_id_column_name="record_id",
            comparisons=[
                cl.JaroWinklerAtThresholds("name", 0.8).configure(term_frequency_adjustments=True),
                cl.LevenshteinAtThresholds("id_no", [1, 2]),
                cl.DateOfBirthComparison("birth_date", input_is_string=True),
                cl.ExactMatch("sex"),
                cl.LevenshteinAtThresholds("mobile", 1).configure(term_frequency_adjustments=True),
                cl.EmailComparison("email"),
                # an edit distance of Chinese addresses takes fifty times as long
                cl.JaroWinklerAtThresholds("address", [0.95, 0.88]).configure(term_frequency_adjustments=True),
                cl.ExactMatch("employer").configure(term_frequency_adjustments=True),
            ],
            blocking_rules_to_generate_predictions=[
                block_on("id_no"), block_on("mobile"), block_on("name", "birth_date"), block_on("email"),
                block_on("name", "street"), block_on("birth_date", "street"),
                block_on("surname", "birth_date", "district"),
            ],
            retain_matching_columns=False,
        ),
        [block_on("id_no"), block_on("name", "birth_date", "mobile")],
        [block_on("name", "birth_date"), block_on("mobile"), block_on("id_no")],
    )  # fmt: skip


def run(kind: str, records: Path, out: Path, saved: Path | None) -> dict[str, Any]:
    """Link the records and write `clusters.parquet`; returns seconds by stage, pairs, and the figures."""
    clock = Clock()
    con = duckdb.connect(config={"temp_directory": str(out / ".spill")})
    with clock.stage("read"):
        con.execute(f"create table gathered as from '{records}'")
    model = load_model(MODEL)
    with clock.stage("standardise"):
        if kind != "library":
            prepare(con, model, "gathered", "made")
            con.execute("create table prepared as from made")
        else:
            con.execute(_CLEANED)
    recipe = library_recipe() if kind == "library" else same_recipe(model)
    linker = _linker(con, saved or recipe.settings)
    if saved is None:
        with clock.stage("train"):
            _train(linker, recipe, _TRICKS if kind == "tuned" else {})
        linker.misc.save_model_to_json(str(out / "model.json"), overwrite=True)
    with clock.stage("score"):
        predicted = linker.inference.predict(threshold_match_probability=THRESHOLD)
    with clock.stage("cluster"):
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, THRESHOLD)
        con.execute(f"copy (from {clusters.physical_name}) to '{out / 'clusters.parquet'}' (format parquet)")
    return {"stages": clock.seconds, "pairs": _count(con, predicted), **_figures(con, clusters)}


def _linker(con: duckdb.DuckDBPyConnection, settings: SettingsCreator | Path) -> Linker:
    return Linker(
        DuckDBAPI(con).register("prepared", dataset_display_name="records"), settings, log_level=logging.ERROR
    )


def _train(linker: Linker, recipe: Recipe, options: dict[str, Any]) -> None:
    linker.training.estimate_probability_two_random_records_match(recipe.certain, recall=CERTAIN_RECALL)
    linker.training.estimate_u_using_random_sampling()
    for rule in recipe.training:
        linker.training.estimate_parameters_using_expectation_maximisation(rule, **options)


def _count(con: duckdb.DuckDBPyConnection, table: SplinkDataFrame) -> int:
    row = con.execute(f"select count(*) from {table.physical_name}").fetchone()
    return int(row[0]) if row else 0


def _figures(con: duckdb.DuckDBPyConnection, clusters: SplinkDataFrame) -> dict[str, float]:
    found = measure(
        con, f"(select cluster_id, entity_id from {clusters.physical_name} join gathered using (record_id))"
    )
    return {name: round(getattr(found, name), 5) for name in ("precision", "recall", "f1")}


if __name__ == "__main__":
    folder = Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    given = Path(sys.argv[4]) if len(sys.argv) > 4 else None
    sys.stdout.write(json.dumps(run(sys.argv[1], Path(sys.argv[2]), folder, given)) + "\n")
