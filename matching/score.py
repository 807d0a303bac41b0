"""Weigh pairs: Splink's match weight, and per comparison which level was reached and what it was worth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from matching.engine import Linker, linker_on, splink_settings, weighing_sql
from matching.model import Comparison, MatchModel
from matching.parameters import Parameters, prior_shift
from matching.term_frequency import count_shared, drop_compared, gather_compared


@dataclass(frozen=True)
class Scorer:
    """A trained model over prepared records, ready to weigh pairs.

    Of a pair it tells record_no_l, record_no_r, rule, match_weight, match_probability, and `gamma_…`, `weight_…` per
    comparison (gamma -1: nothing to compare).

    Attributes:
        con: the scratch connection.
        model: what is compared.
        parameters: the model's numbers.
        linker: Splink with both.
    """

    con: duckdb.DuckDBPyConnection
    model: MatchModel
    parameters: Parameters
    linker: Linker

    def weigh(self, table: str, pairs: str, target: str) -> None:
        """Make the table `target`, one row per pair; arguments as of `weighing`."""
        with self.weighing(table, pairs) as weighed:
            self.con.execute(f"create or replace table {target} as {weighed}")

    @contextmanager
    def weighing(self, table: str, pairs: str) -> Iterator[str]:
        """Query that weighs pairs, to be run inside the context: whoever reads on need not keep what it gives.

        Args:
            table: the prepared records, or those of the pairs.
            pairs: table of match_key, join_key_l, join_key_r.
        """
        gather_compared(self.con, self.model, table, pairs, self.parameters.records, "compared")
        columns = ", ".join(
            [
                "record_no_l, record_no_r, match_key as rule, match_weight, match_probability",
                *(f'"gamma_{c.comparison}", {_weight(c)} as "weight_{c.comparison}"' for c in self.model.comparisons),
            ]
        )
        yield f"select {columns} from ({weighing_sql(self.linker, 'compared', pairs)})"
        drop_compared(self.con, "compared")


def scorer(
    con: duckdb.DuckDBPyConnection, model: MatchModel, parameters: Parameters, table: str, records: int
) -> Scorer:
    """Count what the weights need of all prepared records, and make Splink ready.

    Args:
        con: the scratch connection.
        model: what is compared.
        parameters: the model's numbers.
        table: all prepared records.
        records: their number.
    """
    count_shared(con, model, table)
    linker = linker_on(con, table, splink_settings(model, parameters, prior_shift(parameters, records)))
    return Scorer(con, model, parameters, linker)


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
