"""The rows of a user's tables, as `mdm match` compares them: named, told apart, each content at most twice.

The rows are arrays. Of the truth, where it is known, they hold a hash (`ENTITY`).
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matching.model import MatchModel, TableModel, load_model
from matching.prepare import row_values
from matching.records import Numbers, hashes_of, maybe_shared, runs
from matching.relations import quoted, registered
from matching.several_tables import apart, not_given, own_names, renamed, table_names, together, told_of
from matching.side_by_side import all_done
from matching.table_csv import Say
from matching.table_files import load_table, shown
from warehouse.errors import SettingsError, SourceError

ENTITY = "entity hash"  # no field has a name like this
_COPIES = 2  # rows of one content that are compared; the others go where the second goes
_OF_LISTS = ("list", "value")  # kinds of field
_DIGITS = 9  # of a row's number where the table has no ids


@dataclass(frozen=True)
class Given:
    """Tables that were read for a run, and its scratch connection (see `read_rows`)."""

    con: duckdb.DuckDBPyConnection
    model: MatchModel
    has_truth: bool
    notices: list[str]
    _values: list[pa.Table]

    def taken(self) -> pa.Table:
        """The values, handed over: nothing else holds them, so that they are let go once they are encoded."""
        return self._values.pop()


@dataclass(frozen=True)
class _Read:
    """A table that was read: where from, its name, what the model says of it, its columns, and those that are read.

    `table` has the names of the model.
    """

    source: str
    name: str
    told: TableModel
    columns: list[str]
    table: pa.Table


def open_tables(
    sources: Sequence[str], model_path: Path, out: Path, truth: str | None, say: Say, memory: str | None = None
) -> Given:
    """Read what a run of `mdm match` needs; arguments and errors as of `matching.table_match.match_files`."""
    pa.set_memory_pool(pa.system_memory_pool())  # it gives back at once what a step needed no longer
    if not model_path.exists():
        raise SettingsError(f"{model_path}: no such file; check the path, or let --propose write a model")
    model = load_model(model_path)
    out.mkdir(parents=True, exist_ok=True)
    con = _connect(out, memory)
    notices: list[str] = []
    values = read_rows(con, model, sources, truth, say, notices)
    return Given(con, model.linking(), truth is not None, notices, [values])


def _connect(out: Path, memory: str | None) -> duckdb.DuckDBPyConnection:
    config: dict[str, Any] = {"temp_directory": str(out / ".spill"), "preserve_insertion_order": True}
    try:
        return duckdb.connect(config=config | ({"memory_limit": memory} if memory else {}))
    except duckdb.Error:
        raise SettingsError(f"memory '{memory}': not a size; write it like 1GB or 800MB") from None


def read_rows(
    con: duckdb.DuckDBPyConnection,
    model: MatchModel,
    sources: Sequence[str],
    truth: str | None,
    say: Say,
    notices: list[str],
) -> pa.Table:
    """Read one or several tables: per row the values of the fields of a linking model (`matching.prepare.row_values`).

    Args:
        con: the scratch connection.
        model: says which columns are read.
        sources: files or `URL#table`.
        truth: column that names the true party of a record.
        say: called with a line per table.
        notices: gets what the user should know.

    Raises:
        SourceError: a table cannot be read, or lacks columns the model names.
    """
    rows = _gathered(con, model, sources, truth, say)
    pa.default_memory_pool().release_unused()
    entity = quoted(_name_of(truth)) if truth else "null::varchar"
    hashed = {ENTITY: f"case when {entity} is not null then hash({entity}) end"}
    told_apart = partial(_told_apart, ids=rows["record_id"].combine_chunks())
    values_of = partial(row_values, model=model.linking(), rows=rows, also=hashed)
    (ids, repeated), values = all_done(con, [told_apart, values_of])
    if model.id and repeated:
        notices.append(f"column '{model.id}': {repeated:,} rows repeat an id; they are told apart by #2, #3, …")
    notices += [*not_given(model, table_names(sources)), *_empty_fields(model, rows)]
    return values.set_column(0, "record_id", pa.chunked_array([ids]))


def _name_of(truth: str) -> str:
    """What the column of the truth is called among the rows, where a field may read the same column."""
    return f"truth {truth}"


def _gathered(
    con: duckdb.DuckDBPyConnection, model: MatchModel, sources: Sequence[str], truth: str | None, say: Say
) -> pa.Table:
    """The rows of all tables: `record_id`, the model's columns, the truth."""
    wanted = sorted({column for field in model.fields.values() for column in field.sources})
    needed = [*wanted, *([model.id] if model.id else []), *([truth] if truth else [])]
    names = table_names(sources)
    read = [_read(con, source, name, model, needed, say) for source, name in zip(sources, names, strict=True)]
    _refuse([problem for item in read for problem in _missing(item, model, needed)])
    _refuse([problem for item in read for problem in _misplaced_lists(item, model)])
    made = [_rows(item, model, wanted, truth, f"{item.name}:" if len(read) > 1 else "") for item in read]
    _refuse([problem for item, rows in zip(read, made, strict=True) for problem in _other_kinds(item, rows, made[0])])
    gathered = together(made)
    for column, values in apart(model, {item.name: len(item.table) for item in read}).items():
        gathered = gathered.append_column(column, values)
    return gathered


def _read(
    con: duckdb.DuckDBPyConnection, source: str, name: str, model: MatchModel, needed: Sequence[str], say: Say
) -> _Read:
    told = told_of(model, name)
    table, columns = load_table(con, source, say, own_names(told, needed))
    return _Read(source, name, told, columns, renamed(told, table, needed))


def _rows(read: _Read, model: MatchModel, wanted: Sequence[str], truth: str | None, prefix: str) -> pa.Table:
    columns = {"record_id": _ids(read.table, model, prefix)} | {name: read.table[name] for name in wanted}
    return pa.table(columns | ({_name_of(truth): read.table[truth]} if truth else {}))


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        raise SourceError(*problems)


def _misplaced_lists(read: _Read, model: MatchModel) -> list[str]:
    """Columns of lists that are read as something else."""
    single = {model.id: "an id takes"} if model.id else {}
    for name, field in model.fields.items():
        if field.kind not in _OF_LISTS or field.separator or len(field.sources) > 1:
            single |= dict.fromkeys(field.sources, f"field '{name}' of kind {field.kind} takes")
    kinds = {name: read.table.schema.field(name).type for name in single}
    lists = [name for name, kind in kinds.items() if kind not in (pa.string(), pa.null())]
    return [
        f"{shown(read.source)}: column '{read.told.called(name)}' holds lists, and {single[name]} single values;"
        " use kind list, or another column"
        for name in lists
    ]


def _other_kinds(read: _Read, rows: pa.Table, first: pa.Table) -> list[str]:
    kinds = {field.name: (field.type, first.schema.field(field.name).type) for field in rows.schema}
    return [
        f"{shown(read.source)}: column '{name}' holds {kind}, in the first table {other}; give it one type"
        for name, (kind, other) in kinds.items()
        if kind != other and pa.null() not in (kind, other)
    ]


def _ids(table: pa.Table, model: MatchModel, prefix: str) -> pa.ChunkedArray:
    """What names the rows: their ids, or their number in the table where they have none."""
    numbers = pc.utf8_lpad(pa.array(np.arange(1, len(table) + 1)).cast(pa.string()), _DIGITS, "0")
    if model.id is None:
        return pa.chunked_array([_joined(prefix, numbers)])
    ids = table[model.id].cast(pa.string())
    named = _joined(prefix, ids) if prefix else ids
    return pc.coalesce(named, _joined(f"{prefix}row ", numbers)) if ids.null_count else named


def _joined(prefix: str, texts: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(prefix, texts, "")


def _told_apart(con: duckdb.DuckDBPyConnection, ids: pa.StringArray) -> tuple[pa.StringArray, int]:
    """The ids, each one's own, and how many repeated another's."""
    alike = _alike(hashes_of(con, ids)[:-1], 1)
    seen: Counter[str] = Counter()
    names = []
    for name in ids.take(pa.array(alike)).to_pylist():
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    repeated = len(names) - len(seen)
    if not repeated:
        return ids, 0
    mask = np.zeros(len(ids), bool)
    mask[alike] = True
    return pc.replace_with_mask(ids, mask, pa.array(names, pa.string())), repeated


def _alike(hashes: Numbers, more_than: int) -> Numbers:
    """Places whose hash so many others have too, in order."""
    maybe = maybe_shared(hashes, np.arange(len(hashes), dtype=np.int32))
    order, sizes = runs(hashes[maybe])
    return np.sort(maybe[order[np.repeat(sizes > more_than, sizes)]])


def _missing(read: _Read, model: MatchModel, wanted: Sequence[str]) -> list[str]:
    problems = []
    for column in dict.fromkeys(wanted):
        called = read.told.called(column)
        if called is None or called in read.columns:
            continue
        fields = [name for name, field in model.fields.items() if column in field.sources]
        used = [*([f"field {', '.join(fields)}"] if fields else [])]
        used += [f"'{column}' by tables.{read.name}.columns"] if called != column else []
        near = difflib.get_close_matches(called, read.columns, 1)
        hint = f"did you mean '{near[0]}'?" if near else f"it has {', '.join(read.columns[:20])}"
        where = f" ({'; '.join(used)})" if used else ""
        problems.append(f"{shown(read.source)}: no column '{called}'{where}; {hint}")
    return problems


def _empty_fields(model: MatchModel, rows: pa.Table) -> list[str]:
    return [
        f"field '{name}': no value in any row; it says nothing"
        for name, field in model.fields.items()
        if all(rows[column].null_count == len(rows) for column in field.sources)
    ]


def find_copied(values: pa.Table, con: duckdb.DuckDBPyConnection) -> Numbers:
    """Make `copied` (place, record_id, second, entity): rows beyond two of a content, with the row they follow.

    Returns:
        Their places.
    """
    hashes = values["record_hash"].to_numpy()
    alike = _alike(hashes, _COPIES)
    shown = values.select(["record_id", ENTITY]).take(pa.array(alike))
    columns = {"place": alike, "content": hashes[alike], "record_id": shown["record_id"], "entity": shown[ENTITY]}
    with registered(con, "alike", columns):
        con.execute(
            "create or replace table copied as select * exclude (content, copy) from ("
            "select *, row_number() over same as copy,"
            " nth_value(record_id, 2) over (same rows between unbounded preceding and unbounded following) as second"
            f" from alike window same as (partition by content order by record_id)) where copy > {_COPIES}"
        )
    return np.asarray(con.execute("select place from copied").fetchnumpy()["place"])
