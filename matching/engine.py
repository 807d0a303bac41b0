"""Splink on the scratch connection: the model's comparisons with their numbers, and what their levels weigh."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import Any

import duckdb
import splink
from splink import DuckDBAPI, SettingsCreator
from splink.internals.dialects import SplinkDialect
from splink.internals.pipeline import CTEPipeline
from splink.internals.predict import predict_from_comparison_vectors_sqls

from matching.model import Comparison, Level, MatchModel
from matching.parameters import Parameters


def splink_settings(
    model: MatchModel, parameters: Parameters, prior_shift: float = 0.0, *, frequencies: bool = True
) -> SettingsCreator:
    """The model in Splink's form.

    Args:
        model: what is compared.
        parameters: m and u of every level.
        prior_shift: bits by which the prior is lowered because there are more records than at training.
        frequencies: whether values that many records share weigh less.
    """
    odds = parameters.prior / (1 - parameters.prior) * 2.0**-prior_shift
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_no",
        comparisons=[_comparison(item, parameters, frequencies) for item in model.comparisons],
        blocking_rules_to_generate_predictions=[],
        probability_two_random_records_match=odds / (1 + odds),
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=True,
    )


def _comparison(item: Comparison, parameters: Parameters, frequencies: bool) -> dict[str, Any]:
    absent = {"sql_condition": item.absent_sql, "label_for_charts": "absent", "is_null_level": True}
    levels = [_level(level, *parameters.of(item.comparison, level.level), frequencies) for level in item.levels]
    return {"output_column_name": item.comparison, "comparison_levels": [absent, *levels]}


def _level(level: Level, m: float, u: float, frequencies: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "sql_condition": level.sql,
        "label_for_charts": level.level,
        "m_probability": m,
        "u_probability": u,
    }
    if level.term_frequency and frequencies:
        shown |= {"tf_adjustment_column": level.term_frequency, "tf_adjustment_weight": 1.0}
    return shown


class Linker(splink.Linker):
    """Splink's linker with the SQL that weighs pairs made once: making it costs as much as weighing many pairs."""

    @cached_property
    def weigh_steps(self) -> list[dict[str, str]]:
        """What the levels of each pair weigh together."""
        return predict_from_comparison_vectors_sqls(
            unique_id_input_columns=self._settings_obj.column_info_settings.unique_id_input_columns,
            core_model_settings=self._settings_obj.core_model_settings,
            sql_dialect=SplinkDialect.from_string("duckdb"),
            retain_intermediate_calculation_columns=True,
            training_mode=True,
        )


def linker_on(con: duckdb.DuckDBPyConnection, table: str, settings: SettingsCreator) -> Linker:
    """A Splink linker over a prepared table of the scratch catalog."""
    api = DuckDBAPI(connection=con)
    # the model file was checked already (matching.model), more cheaply and with its own words
    return Linker(
        api.register(table, dataset_display_name="party"), settings, log_level=logging.CRITICAL, validate_settings=False
    )


def weighing_sql(linker: Linker, reached: str) -> str:
    """Query that weighs pairs whose levels are known: `match_weight`, `match_probability`, `mw_…` per comparison.

    `reached` is a relation of record_no_l, record_no_r, match_key, `gamma_…` per comparison, and `tf_…_l`, `tf_…_r` per
    column whose counts weigh. Splink's own `predict` finds the levels by joining every compared value to every pair,
    which would hold clear values in memory many times over; `matching.levels` finds them with less, and Splink's second
    step does the rest. It is a query and no table, so that only what is asked for is computed.
    """
    pipeline = CTEPipeline([linker._db_api.table_to_splink_dataframe("__splink__df_comparison_vectors", reached)])
    pipeline.enqueue_list_of_sqls(linker.weigh_steps)
    return str(pipeline.generate_cte_pipeline_sql())
