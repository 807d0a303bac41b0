"""`mdm match`: the engine on any table, with no pipeline around it.

Rows with the same content are compared once and share one fate. Nothing is kept but the results: the working tables
live in memory, spilling to a folder below the results when they must.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from matching.labels import Label, register_labels
from matching.measure import measure
from matching.model import MatchModel, load_model
from matching.pairs import finish_pairs
from matching.parameters import Parameters, read_parameters, save_parameters
from matching.prepare import field_values, put_prepared
from matching.records import Prepared
from matching.relations import count, quoted, register
from matching.resolve import Resolved, resolve_prepared
from matching.score import pattern_sql
from matching.table_files import Say, load_table, shown
from matching.train import train
from warehouse.errors import SettingsError, SourceError

_COPIES = 2  # rows of one content that are compared; the others go where the second goes


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
    pa.set_memory_pool(pa.system_memory_pool())  # it gives back at once what a step needed no longer
    model = load_model(model_path)
    out.mkdir(parents=True, exist_ok=True)
    con = _connect(out, memory)
    notices = _gather(con, model, sources, truth, say)
    return match_rows(con, model, out, truth is not None, notices, say, learnt)


def _connect(out: Path, memory: str | None) -> duckdb.DuckDBPyConnection:
    config: dict[str, Any] = {"temp_directory": str(out / ".spill"), "preserve_insertion_order": True}
    try:
        return duckdb.connect(config=config | ({"memory_limit": memory} if memory else {}))
    except duckdb.Error:
        raise SettingsError(f"memory '{memory}': not a size; write it like 1GB or 800MB") from None


def match_rows(
    con: duckdb.DuckDBPyConnection,
    model: MatchModel,
    out: Path,
    has_truth: bool,
    notices: list[str],
    say: Say,
    learnt: Learnt = NOTHING,
) -> Matched:
    """Match the rows of `gathered` (record_id, the model's columns, `entity_id` when the truth is known)."""
    notices += _empty_columns(con, model)
    copies = _collapse(con, model)
    if copies:
        notices.append(f"{copies:,} rows have the content of another row; they are compared once")
    table = f"prepared_{model.party_type}"
    prepared = put_prepared(con, model, _taken(con, model, has_truth), table)
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
    _show_doubtful(prepared, resolved)
    con.unregister(table)  # the results need no values any more, but room to be sorted in
    del prepared
    pa.default_memory_pool().release_unused()
    _make_results(con, resolved, out)
    rates = _rates(con) if has_truth else None
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
    _write(
        con, out, "labelled",
        "select labels.l as record_id_l, labels.r as record_id_r, is_match,"
        " one.cluster_id = two.cluster_id as is_joined, pairs.match_weight, pairs.verdict"
        " from labels join clusters as one on one.record_id = labels.l join clusters as two on two.record_id = labels.r"
        " left join pairs on pairs.record_id_l = labels.l and pairs.record_id_r = labels.r order by 1, 2",
    )  # fmt: skip
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


def _rates(con: duckdb.DuckDBPyConnection) -> dict[str, float]:
    """Figures against the truth; a record without a known entity is one of its own."""
    found = measure(
        con,
        "(select hash(cluster_id) as cluster_id, coalesce(entity, hash('alone ' || record_id)) as entity_id"
        " from clusters left join truth using (record_id))",
    )
    return {name: round(getattr(found, name), 6) for name in ("precision", "recall", "f1", "b3_f1")}


def _gather(
    con: duckdb.DuckDBPyConnection, model: MatchModel, sources: Sequence[str], truth: str | None, say: Say
) -> list[str]:
    """Make `gathered` from all tables; returns what the user should know."""
    wanted = sorted({column for field in model.fields.values() for column in field.sources})
    notices: list[str] = []
    problems: list[str] = []
    for number, source in enumerate(sources):
        needed = [*wanted, *([model.id] if model.id else []), *([truth] if truth else [])]
        columns = load_table(con, source, f"input_{number}", say, needed)
        problems += _missing(source, model, needed, columns)
    if problems:
        raise SourceError(*problems)
    values = [*map(quoted, wanted), *([f"{quoted(truth)}::varchar as entity_id"] if truth else [])]
    for number, source in enumerate(sources):
        key, prefix = _key_sql(model), _prefix(source, sources)
        made = "insert into gathered" if number else "create or replace table gathered as"
        before = _next_row(con) if number else 0
        try:
            con.execute(f"{made} select '{prefix}' || {key} as record_id, {', '.join(values)} from input_{number}")
        except duckdb.Error as error:
            raise SourceError(f"{shown(source)}: not readable ({type(error).__name__}); write it again") from None
        con.unregister(f"input_{number}")
        _name_nameless(con, prefix, before)
    repeated = _tell_apart(con)
    if model.id and repeated:
        notices.append(f"column '{model.id}': {repeated:,} rows repeat an id; they are told apart by #2, #3, …")
    return notices


def _key_sql(model: MatchModel) -> str:
    """SQL of what names a row of a table: its id, or the row's number where the table has none."""
    return f"{quoted(model.id)}::varchar" if model.id else _numbered("row_number() over ()")


def _numbered(number: str) -> str:
    return f"lpad({number}::varchar, 9, '0')"


def _next_row(con: duckdb.DuckDBPyConnection) -> int:
    row = con.execute("select max(rowid) + 1 from gathered").fetchone()
    return int(row[0]) if row else 0


def _name_nameless(con: duckdb.DuckDBPyConnection, prefix: str, before: int) -> None:
    """Give rows without an id their number in their table, whose rows are those from `before` on."""
    if count(con, "gathered where record_id is null"):  # numbers take time
        con.execute(
            f"update gathered set record_id = '{prefix}row ' || {_numbered('n')} from (select rowid as place,"
            f" row_number() over (order by rowid) as n from gathered where rowid >= {before})"
            " where gathered.rowid = place and record_id is null"
        )


def _tell_apart(con: duckdb.DuckDBPyConnection) -> int:
    """Make every `record_id` of `gathered` its own; returns how many rows repeated another's."""
    _find_alike(con, "record_id", 1)
    con.execute(
        "create or replace table repeated as select rowid as place, row_number() over (partition by record_id order by"
        " rowid) as n from gathered where rowid in (select place from alike)"
    )
    con.execute(
        "update gathered set record_id = record_id || '#' || n from repeated where gathered.rowid = place and n > 1"
    )
    number = count(con, "repeated where n > 1")
    con.execute("drop table repeated")
    return number


def _find_alike(con: duckdb.DuckDBPyConnection, columns: str, more_than: int) -> None:
    """Make the relation `alike`: places of the rows of `gathered` that agree with so many others, by a hash."""
    hashes = con.sql(f"select hash({columns}) as hash from gathered").to_arrow_table()["hash"].to_numpy()
    ordered = np.sort(hashes)
    repeated = np.unique(ordered[more_than:][ordered[more_than:] == ordered[: len(ordered) - more_than]])
    # most rows are told apart by the last bits of their hashes, which a table of flags answers
    last_bits = np.uint64((1 << 22) - 1)
    flagged = np.zeros(int(last_bits) + 1, bool)
    flagged[repeated & last_bits] = True
    maybe = np.flatnonzero(flagged[hashes & last_bits])
    register(con, "alike", {"place": maybe[np.isin(hashes[maybe], repeated)]})


def table_columns(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """The columns of a table, in order."""
    return [str(row[0]) for row in con.execute(f"describe {table}").fetchall()]


def _prefix(source: str, sources: Sequence[str]) -> str:
    """What goes before a record's id so that ids of several tables do not meet."""
    if len(sources) == 1:
        return ""
    stems = [Path(item.partition("#")[2] or item).stem for item in sources]
    name = Path(source.partition("#")[2] or source).stem
    if stems.count(name) > 1:
        name = f"{name}_{list(sources).index(source) + 1}"
    return name.replace("'", "") + ":"


def _missing(source: str, model: MatchModel, wanted: Sequence[str], columns: list[str]) -> list[str]:
    problems = []
    for column in dict.fromkeys(wanted):
        if column in columns:
            continue
        fields = [name for name, field in model.fields.items() if column in field.sources]
        used = f" (field {', '.join(fields)})" if fields else ""
        near = difflib.get_close_matches(column, columns, 1)
        hint = f"did you mean '{near[0]}'?" if near else f"it has {', '.join(columns[:20])}"
        problems.append(f"{shown(source)}: no column '{column}'{used}; {hint}")
    return problems


def _empty_columns(con: duckdb.DuckDBPyConnection, model: MatchModel) -> list[str]:
    notices = []
    for name, field in model.fields.items():
        known = " or ".join(f"{quoted(column)} is not null" for column in field.sources)
        if not count(con, f"gathered where {known}"):
            notices.append(f"field '{name}': no value in any row; it says nothing")
    return notices


def _collapse(con: duckdb.DuckDBPyConnection, model: MatchModel) -> int:
    """Make `different_rows`, at most two rows of each content, and `copied` (record, row it follows)."""
    columns = ", ".join(sorted({quoted(column) for field in model.fields.values() for column in field.sources}))
    _find_alike(con, columns, _COPIES)
    con.execute(
        "create or replace table copied as"
        " select place, record_id, second from (select rowid as place, record_id, row_number() over same as copy,"
        " nth_value(record_id, 2) over (same rows between unbounded preceding and unbounded following) as second"
        " from gathered where rowid in (select place from alike)"
        f" window same as (partition by {columns} order by record_id)) where copy > {_COPIES}"
    )
    con.execute("create or replace view different_rows as from gathered where rowid not in (select place from copied)")
    return count(con, "copied")


def _taken(con: duckdb.DuckDBPyConnection, model: MatchModel, has_truth: bool) -> pa.Table:
    """What the rows hold for the fields; the rows are dropped, of the truth a hash per record is kept in `truth`."""
    given = field_values(con, model, "different_rows")
    if has_truth:
        con.execute(
            "create or replace table truth as select record_id, hash(entity_id) as entity from gathered"
            " where entity_id is not null"
        )
    con.execute("drop view different_rows")
    con.execute("drop table gathered")
    return given


def _make_results(con: duckdb.DuckDBPyConnection, resolved: Resolved, out: Path) -> None:
    """Write `clusters`, `pairs` and `review`, and make `customers`: per cluster its first record and its records."""
    _count_customers(con, resolved)
    _write(con, out, "clusters", _clusters_sql(resolved))
    # the evidence is long and made after sorting
    _write(
        con, out, "pairs",
        "select record_id_l, record_id_r, round(match_weight, 4) as match_weight,"
        " round(match_probability, 9) as match_probability, final_verdict as verdict, final_rule as rule,"
        f" final_conflict as conflict, {pattern_sql(resolved.model)} as evidence from (from {resolved.scratch('final')}"
        " where final_verdict in ('link', 'review') order by record_no_l, record_no_r)",
    )  # fmt: skip
    fields = ", ".join(
        f'"{name}_{side}"::varchar as "{name}_{side}"' for name in resolved.model.fields for side in "lr"
    )
    _write(
        con, out, "review",
        "select record_id_l, record_id_r, round(match_weight, 4) as match_weight,"
        " round(match_probability, 9) as match_probability, final_rule as rule, final_conflict as conflict,"
        f" {fields} from {resolved.scratch('final')} join doubtful using (record_no_l, record_no_r)"
        " where final_verdict = 'review' order by round(match_weight, 4) desc, record_id_l, record_id_r",
    )  # fmt: skip
    con.unregister("doubtful")


def _show_doubtful(prepared: Prepared, resolved: Resolved) -> None:
    """Make `doubtful`: the pairs to be reviewed by number, with the values of both sides."""
    listed = prepared.con.execute(f"select record_no_l, record_no_r from {resolved.scratch('listed')}").fetchnumpy()
    fields, _, _ = prepared.of(prepared.model.fields, listed["record_no_l"], listed["record_no_r"])
    register(prepared.con, "doubtful", listed | {
        f"{name}_{side}": fields.columns[name].taken(listed[f"record_no_{side}"])
        for name in prepared.model.fields for side in "lr"
    })  # fmt: skip


def _count_customers(con: duckdb.DuckDBPyConnection, resolved: Resolved) -> None:
    """Make `customers` (home, records) and `copies` (record, home; null where it stays alone)."""
    # a copy joins where the second row of its content joined the first; alone it stays alone
    con.execute(
        "create or replace table copies as select copied.record_id, nullif(home, record_no) as home"
        f" from copied join {resolved.scratch('named')} as own"
        f" on own.record_id = second join {resolved.scratch('home')} using (record_no)"
    )
    con.execute(
        "create or replace table customers as select home, count(*) as records from"
        f" (select home from {resolved.scratch('home')} union all select home from copies where home is not null)"
        " group by home"
    )


def _clusters_sql(resolved: Resolved) -> str:
    """Query of every record with its cluster and the cluster's size, in the order of their ids.

    Numbers are in the order of the ids and quicker to sort; a copy, which has none, stands behind the record before it.
    """
    own = resolved.scratch("named")
    return f"""
        with placed as (
            select record_id, home from {resolved.scratch("home")} join {own} using (record_no)
            union all
            from copies where home is not null
        ),
        named as (select home, record_id as cluster_id, records from customers join {own} on record_no = home)
        select record_id, cluster_id, records
        from (
            select record_id, cluster_id, records, 2 * home as place from placed join named using (home)
            union all
            select copies.record_id, copies.record_id, 1, 2 * coalesce(record_no, -1) + 1
            from copies asof left join {own} as own on copies.record_id > own.record_id where home is null
        )
        order by place, record_id
    """


def _write(con: duckdb.DuckDBPyConnection, out: Path, name: str, query: str) -> None:
    """Write what a query gives as `name`, Parquet and CSV, and make the view `name`, which reads it from there."""
    parquet, csv = (str(out / f"{name}.{suffix}").replace("'", "''") for suffix in ("parquet", "csv"))
    con.execute(f"copy ({query}) to '{parquet}' (format parquet)")
    con.execute(f"create or replace view {name} as from read_parquet('{parquet}')")  # need not stand in memory
    con.execute(f"copy (from {name}) to '{csv}' (format csv, header)")
