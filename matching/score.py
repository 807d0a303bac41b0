"""Weigh pairs: Splink's match weight, and per comparison which level was reached and what it was worth."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import duckdb
import pyarrow as pa

from matching.engine import splink_settings, weighing_sql
from matching.levels import Chunk, in_chunks
from matching.model import Comparison, MatchModel
from matching.parameters import Parameters, prior_shift
from matching.prepared import Prepared
from matching.records import Numbers
from matching.relations import in_batches, registered
from matching.side_by_side import begun, side_by_side
from matching.term_frequency import Shares, count_shares
from matching.verdict import class_columns

Shape = Callable[[str], str]
_AT_ONCE = 1_000_000  # pairs whose levels stand in memory before they are weighed


def _as_it_is(query: str) -> str:
    return f"from {query}"


@dataclass(frozen=True)
class Scorer:
    """A trained model over prepared records, ready to weigh pairs.

    Attributes:
        prepared: all records.
        parameters: the model's numbers.
        weighing: gives Splink's query over `reached_pairs`.
        shares: how common values are.
    """

    prepared: Prepared
    parameters: Parameters
    weighing: Callable[[], str]
    shares: Shares

    def weigh(self, pairs: str, target: str, shape: Shape = _as_it_is, *, append: bool = False) -> None:
        """Weigh pairs and make the table `target`, or add to it: one row per pair.

        Known of a pair are record_no_l, record_no_r, rule, match_weight, match_probability, `gamma_…` and `weight_…`
        per comparison (gamma -1: nothing to compare), and of each column it is judged by (`matching.verdict`) a hash
        of the value on both sides, `<column>_l` and `<column>_r`; of a class the value itself.

        Args:
            pairs: relation of match_key, join_key_l, join_key_r.
            target: table to make.
            shape: what to write, as a query over a query in parentheses; everything when not given.
            append: whether the table is there already.
        """
        con = self.prepared.con
        found = con.sql(f"select match_key, join_key_l, join_key_r from {pairs}").to_arrow_table()
        query = shape(f"({self._weighed_sql()})")
        records = self.prepared.holding(*(found[f"join_key_{side}"].to_numpy() for side in "lr"))
        made = partial(self._reached, shares=self.shares.by_value(records))
        for first in range(0, max(len(found), 1), _AT_ONCE):
            chunks = in_chunks(con, records, found.slice(first, _AT_ONCE))
            reached = pa.concat_tables(side_by_side(con, made, chunks))
            begin = f"insert into {target}" if append else f"create or replace table {target} as"
            with registered(con, "reached_pairs", in_batches(reached)):
                con.execute(f"{begin} {query}")
            append = True

    def _weighed_sql(self) -> str:
        """Query of what is known of the pairs in `reached_pairs`."""
        model = self.prepared.model
        columns = ["record_no_l, record_no_r, match_key.rule, match_weight, match_probability"]
        columns += [f'"gamma_{c.comparison}", {_weight(c)} as "weight_{c.comparison}"' for c in model.comparisons]
        columns += [f'match_key."{name}_{side}"' for name in model.judged_columns for side in "lr"]
        return f"select {', '.join(columns)} from ({self.weighing()})"

    def _reached(self, con: duckdb.DuckDBPyConnection, chunk: Chunk, shares: Mapping[str, Numbers]) -> pa.Table:
        """Pairs with the levels they reach, how common their values are, and what they are judged by.

        Splink hands `match_key` through, so whatever it does not ask for stands in there.
        """
        model, records = self.prepared.model, chunk.records
        made: dict[str, object] = {f"record_no_{side}": chunk.given[f"join_key_{side}"] for side in "lr"}
        made |= {f"gamma_{name}": codes for name, codes in chunk.levels(con, model.comparisons).items()}
        carried = {"rule": chunk.given["match_key"].combine_chunks()}
        for name in model.term_frequency_columns:
            for side, numbers in (("l", chunk.left), ("r", chunk.right)):
                share = shares[name][records.columns[name].places[numbers]]
                made[f"tf_{name}_{side}"] = pa.array(share, from_pandas=True)
        for side, wanted in (("l", chunk.left), ("r", chunk.right)):
            for name in model.judged_columns:
                is_class = name in class_columns(model)
                column = records.columns[name]
                carried[f"{name}_{side}"] = column.taken(wanted) if is_class else records.keys(con, name, wanted)
        return pa.table(made | {"match_key": pa.StructArray.from_arrays(list(carried.values()), list(carried))})


def scorer(prepared: Prepared, parameters: Parameters) -> Scorer:
    """Count what the weights need of all prepared records, and make Splink ready.

    Args:
        prepared: all records.
        parameters: the model's numbers.
    """
    settings = splink_settings(prepared.model, parameters, prior_shift(parameters, len(prepared)))
    weighing = begun(partial(weighing_sql, settings, "reached_pairs"))  # while values are counted and records read
    return Scorer(prepared, parameters, weighing, count_shares(prepared, parameters.records))


def evidence_sql(model: MatchModel) -> str:
    """SQL of the evidence of a scored pair: a JSON list of what was compared.

    It is put together as text: JSON made of structures takes half as long again.
    """
    entries = ", ".join(map(_evidence, model.comparisons))
    return f"'[' || concat_ws(',', {entries}) || ']'"


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
        entry = {
            "field": item.comparison,
            "level": level.level,
            "label_zh": f"{item.label_zh}：{level.label_zh}",
            "label_en": f"{item.label_en}: {level.label_en}",
        }
        begin = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).removesuffix("}") + ',"weight":'
        packed = f"concat({_literal(begin)}, round(\"weight_{item.comparison}\", 2), '}}')"
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
