"""Splink's part: the model's comparisons with their numbers, and what the levels of a pair weigh."""

from __future__ import annotations

from typing import Any

from splink import SettingsCreator
from splink.internals.dialects import SplinkDialect
from splink.internals.predict import predict_from_comparison_vectors_sqls

from matching.model import Comparison, Level, MatchModel
from matching.parameters import Parameters

_REACHED = "__splink__df_comparison_vectors"  # what Splink's own query calls pairs whose levels are known


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


def weighing_sql(settings: SettingsCreator, reached: str) -> str:
    """Query that weighs pairs whose levels are known: `match_weight`, `match_probability`, `mw_…` per comparison.

    `reached` is a relation of record_no_l, record_no_r, match_key, `gamma_…` per comparison, and `tf_…_l`, `tf_…_r` per
    column whose counts weigh. Splink's own `predict` finds the levels by joining every compared value to every pair,
    which would hold clear values in memory many times over; `matching.levels` finds them with less, and Splink's second
    step does the rest. It is a query and no table, so that only what is asked for is computed.
    """
    known = settings.get_settings("duckdb")
    steps = predict_from_comparison_vectors_sqls(
        unique_id_input_columns=known.column_info_settings.unique_id_input_columns,
        core_model_settings=known.core_model_settings,
        sql_dialect=SplinkDialect.from_string("duckdb"),
        retain_intermediate_calculation_columns=True,
        training_mode=True,
    )
    named = [(_REACHED, f"from {reached}"), *((step["output_table_name"], step["sql"]) for step in steps)]
    listed = ", ".join(f"{name} as ({sql})" for name, sql in named)
    return f"with {listed} select * from {named[-1][0]}"
