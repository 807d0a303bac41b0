"""`mdm match`: the engine on any table, with no pipeline around it.

Rows with the same content are compared once and share one fate. Nothing is kept but the results: the working tables
live in memory, spilling to a folder below the results when they must.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from matching.labels import Label, register_labels
from matching.measure import measure
from matching.model import MatchModel
from matching.pairs import finish_pairs
from matching.parameters import Parameters, read_parameters, save_parameters
from matching.prepare import put_prepared
from matching.prepared import Prepared
from matching.relations import count, quoted
from matching.resolve import Resolved, resolve_prepared
from matching.table_csv import Say
from matching.table_results import make_results, show_doubtful, write_result
from matching.table_rows import ENTITY, Given, find_copied, open_tables
from matching.train import train
from warehouse.errors import SettingsError


@dataclass(frozen=True)
class Matched:
    """What a run found: `pairs`, `clusters` and `review`, read from their files, and the numbers behind them."""

    con: duckdb.DuckDBPyConnection
    model: MatchModel
    parameters: Parameters
    resolved: Resolved
    rates: dict[str, float] | None
    notices: list[str]
    labelled: dict[str, int] | None = None

    @cached_property
    def counts(self) -> dict[str, Any]:
        """What the run found, in numbers."""
        verdicts = dict(self.con.execute("select verdict, count(*) from pairs group by 1 order by 1").fetchall())
        row = self.con.execute(
            "select count(*), count(*) filter (record_id = cluster_id), max(records) from clusters"
        ).fetchone()
        records, clusters, largest = row or (0, 0, 0)
        return {
            "records": records,
            "clusters": clusters,
            "largest_cluster": largest,
            "pairs_compared": self.resolved.pairs,
            "links": verdicts.get("link", 0),
            "reviews": verdicts.get("review", 0),
            "notices": self.notices,
        } | (self.labelled or {})


@dataclass(frozen=True)
class Learnt:
    """What is known beforehand: pairs whose truth is stated, and numbers trained before."""

    labels: Sequence[Label] = ()
    parameters: Path | None = None


NOTHING = Learnt()


def match_files(
    sources: Sequence[str],
    model_path: Path,
    out: Path,
    truth: str | None,
    say: Say,
    learnt: Learnt = NOTHING,
    memory: str | None = None,
) -> Matched:
    """Match the records of one or several tables and write pairs, clusters and the review list.

    Args:
        sources: files or `URL#table`; several are linked and deduplicated together.
        model_path: the model.
        out: folder of the results, made when there is none.
        truth: column that names the true party of a record; compared with the result, never used before.
        say: called with a line per step.
        learnt: labelled pairs, and numbers to use in place of training.
        memory: what the tables may take, as DuckDB writes it (`1GB`); above it they spill below `out`.

    Raises:
        SettingsError: the model or the memory is wrong, or the numbers were trained for another one.
        SourceError: a table cannot be read, or lacks columns the model names.
    """
    return match_given(open_tables(sources, model_path, out, truth, say, memory), out, say, learnt)


def match_given(given: Given, out: Path, say: Say, learnt: Learnt = NOTHING) -> Matched:
    """Match what was read; `match_files` in two steps, for who has something to do meanwhile."""
    con, model, notices = given.con, given.model, given.notices
    table = f"prepared_{model.party_type}"
    prepared = put_prepared(con, model, given.taken(), table, find_copied)
    if copies := count(con, "copied"):
        notices.append(f"{copies:,} rows have the content of another row; they are compared once")
    say(f"prepared {len(prepared):,} different records")
    parameters = _parameters(prepared, learnt)
    say(f"{'loaded' if learnt.parameters else 'trained'}: one pair in {1 / parameters.prior:,.0f} is a match")
    resolved = resolve_prepared(prepared, parameters)
    for block in resolved.oversize:
        notices.append(
            f"blocking rule '{block.rule}': {block.blocks:,} blocks left out, the largest with {block.largest:,}"
            " records (limits.max_block, max_pairs); add a key to the rule"
        )
    say(f"compared {resolved.pairs:,} pairs: {resolved.customers:,} clusters")
    finish_pairs(con, resolved)
    show_doubtful(prepared, resolved)
    if given.has_truth:
        con.execute(f"create or replace table truth as select record_no, {quoted(ENTITY)} as entity from {table}")
    con.unregister(prepared.table)  # the results need no values any more, but room to be sorted in
    del prepared
    pa.default_memory_pool().release_unused()
    asked = [partial(_rates, resolved=resolved)] if given.has_truth else []
    (rates,) = make_results(con, resolved, out, *asked) or [None]
    save_parameters(out / "parameters.json", parameters)
    labelled = _report_labels(con, out, learnt.labels, notices) if learnt.labels else None
    for notice in notices:
        say(f"note: {notice}")
    return Matched(con, model, parameters, resolved, rates, notices, labelled)


def _parameters(prepared: Prepared, learnt: Learnt) -> Parameters:
    """The numbers of this run: those trained before, or trained now."""
    if learnt.parameters is None:
        labels = _compared(prepared.con, prepared.table, learnt.labels)
        trained = train(prepared, dt.date.today(), labels)
        return trained.model_copy(update={"trained_as_of": ""})  # a result does not depend on the day
    found = read_parameters(learnt.parameters)
    if found.structure_hash != prepared.model.structure_hash:
        raise SettingsError(
            f"{learnt.parameters}: trained for another model (fields, comparisons or training differ);"
            " name the file of a run with this model, or leave --parameters out to train"
        )
    return found


def _compared(con: duckdb.DuckDBPyConnection, table: str, labels: Sequence[Label]) -> list[Label]:
    """Labels on the rows that are compared: a copy stands for the second row of its content."""
    if not labels:
        return []
    known = {row[0] for row in con.execute(f"select record_id from {table}").fetchall()}
    second = dict(con.execute("select record_id, second from copied").fetchall())
    pairs: dict[tuple[str, str], set[bool]] = {}
    for label in labels:
        left, right = sorted((second.get(label.left, label.left), second.get(label.right, label.right)))
        if left != right and {left, right} <= known:
            pairs.setdefault((left, right), set()).add(label.is_match)
    # copies of one content may be labelled both ways: then the content says nothing
    return [Label(*pair, said.pop()) for pair, said in sorted(pairs.items()) if len(said) == 1]


def _report_labels(
    con: duckdb.DuckDBPyConnection, out: Path, labels: Sequence[Label], notices: list[str]
) -> dict[str, int]:
    """Write `labelled`: every labelled pair of known records beside what became of it."""
    register_labels(con, labels)
    labelled = con.execute(
        "select labels.l as record_id_l, labels.r as record_id_r, is_match,"
        " one.cluster_id = two.cluster_id as is_joined, pairs.match_weight, pairs.verdict"
        " from labels join clusters as one on one.record_id = labels.l join clusters as two on two.record_id = labels.r"
        " left join pairs on pairs.record_id_l = labels.l and pairs.record_id_r = labels.r order by 1, 2"
    )
    write_result(con, out, "labelled", labelled.to_arrow_table())
    row = con.execute(
        "select count(*), count(*) filter (is_match), count(*) filter (is_match and not is_joined),"
        " count(*) filter (is_joined and not is_match) from labelled"
    ).fetchone()
    names = ("labels", "labelled_matches", "labelled_matches_apart", "labelled_others_joined")
    found = dict(zip(names, map(int, row or (0, 0, 0, 0)), strict=True))
    if found["labels"] < len(labels):
        notices.append(f"labels: {len(labels) - found['labels']:,} pairs name records that are not in the table")
    if found["labelled_matches_apart"] or found["labelled_others_joined"]:
        notices.append(
            f"labels: {found['labelled_matches_apart']:,} labelled matches are apart,"
            f" {found['labelled_others_joined']:,} labelled non-matches are joined (labelled.csv)"
        )
    return found


def _rates(con: duckdb.DuckDBPyConnection, resolved: Resolved) -> dict[str, float]:
    """Figures against the truth; a record without a known entity is one of its own."""
    found = measure(
        con,
        "(select home as cluster_id, coalesce(entity, hash('alone', record_no)) as entity_id"
        f" from {resolved.scratch('home')} join truth using (record_no) union all"
        " select coalesce(joined, -1 - place), coalesce(entity, hash('alone', -1 - place)) from copies)",
    )
    return {name: round(getattr(found, name), 6) for name in ("precision", "recall", "f1", "b3_f1")}
