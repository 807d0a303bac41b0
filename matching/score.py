"""Weigh pairs: Splink's match weight, and per comparison which level was reached and what it was worth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from matching.engine import Linker, linker_on, splink_settings, weighing_sql
from matching.model import Comparison, MatchModel
from matching.parameters import Parameters, prior_shift
from matching.term_frequency import count_shared, drop_compared, gather_compared


def scoring_linker(
    con: duckdb.DuckDBPyConnection, model: MatchModel, parameters: Parameters, table: str, records: int
) -> Linker:
    """Splink with the trained model over a prepared table, ready to weigh pairs with `score`."""
    count_shared(con, model, table)
    return linker_on(con, table, splink_settings(model, parameters, prior_shift(parameters, records)))


def score(
    con: duckdb.DuckDBPyConnection,
    linker: Linker,
    model: MatchModel,
    parameters: Parameters,
    table: str,
    pairs: str,
    target: str,
) -> None:
    """Weigh pairs.

    Args:
        con: the scratch connection.
        linker: of `scoring_linker` on the same table.
        model: what is compared.
        parameters: the model's numbers.
        table: all prepared records.
        pairs: table of match_key, join_key_l, join_key_r.
        target: table to make, one row per pair: record_no_l, record_no_r, rule, match_weight, match_probability, and
            `gamma_…`, `weight_…` per comparison (gamma -1: nothing to compare).
    """
    with scoring_sql(con, linker, model, parameters, table, pairs) as scored:
        con.execute(f"create or replace table {target} as {scored}")


@contextmanager
def scoring_sql(
    con: duckdb.DuckDBPyConnection,
    linker: Linker,
    model: MatchModel,
    parameters: Parameters,
    table: str,
    pairs: str,
) -> Iterator[str]:
    """Query that weighs pairs, to be run inside the context: whoever reads on need not keep what it gives."""
    gather_compared(con, model, table, pairs, parameters.records, "compared")
    columns = ", ".join(
        [
            "record_no_l, record_no_r, match_key as rule, match_weight, match_probability",
            *(f'"gamma_{c.comparison}", {_weight(c)} as "weight_{c.comparison}"' for c in model.comparisons),
        ]
    )
    yield f"select {columns} from ({weighing_sql(linker, 'compared', pairs)})"
    drop_compared(con, "compared")


def evidence_sql(model: MatchModel) -> str:
    """SQL of the evidence of a scored pair: a JSON list of what was compared."""
    entries = ", ".join(map(_evidence, model.comparisons))
    return f"to_json(list_filter([{entries}], lambda x: x is not null))::varchar"


def pattern_sql(model: MatchModel) -> str:
    """SQL of the levels a scored pair reached: `name=exact,birth_date=same`."""
    return f"concat_ws(',', {', '.join(map(_pattern, model.comparisons))})"


def _weight(item: Comparison) -> str:
    frequency = any(level.term_frequency for level in item.levels)
    adjustment = f' + "mw_tf_adj_{item.comparison}"' if frequency else ""
    return f'("mw_{item.comparison}"{adjustment})'


def _evidence(item: Comparison) -> str:
    """SQL of one entry of the evidence list; null when there was nothing to compare."""
    cases = []
    for level in item.levels:
        labels = {
            "field": item.comparison,
            "level": level.level,
            "label_zh": f"{item.label_zh}：{level.label_zh}",
            "label_en": f"{item.label_en}: {level.label_en}",
        }
        texts = ", ".join(f"{key} := {_literal(text)}" for key, text in labels.items())
        packed = f'struct_pack({texts}, weight := round("weight_{item.comparison}", 2))'
        cases.append(f'when "gamma_{item.comparison}" = {item.code(level.level)} then {packed}')
    return f"case {' '.join(cases)} end"


def _pattern(item: Comparison) -> str:
    cases = [
        f"when \"gamma_{item.comparison}\" = {item.code(level.level)} then '{item.comparison}={level.level}'"
        for level in item.levels
    ]
    return f"case {' '.join(cases)} end"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
