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

from matching.model import MatchModel, load_model
from matching.prepare import row_values
from matching.records import Numbers, hashes_of, maybe_shared, runs
from matching.relations import quoted, registered
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


def open_tables(
    sources: Sequence[str], model_path: Path, out: Path, truth: str | None, say: Say, memory: str | None = None
) -> Given:
    """Read what a run of `mdm match` needs; arguments and errors as of `matching.table_match.match_files`."""
    pa.set_memory_pool(pa.system_memory_pool())  # it gives back at once what a step needed no longer
    model = load_model(model_path)
    out.mkdir(parents=True, exist_ok=True)
    con = _connect(out, memory)
    notices: list[str] = []
    return Given(con, model, truth is not None, notices, [read_rows(con, model, sources, truth, say, notices)])


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
    """Read one or several tables: per row the values of the model's fields (`matching.prepare.row_values`).

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
    (ids, repeated), values = all_done(con, [told_apart, partial(row_values, model=model, rows=rows, also=hashed)])
    if model.id and repeated:
        notices.append(f"column '{model.id}': {repeated:,} rows repeat an id; they are told apart by #2, #3, …")
    notices += _empty_fields(model, rows)
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
    loaded = [load_table(con, source, say, needed) for source in sources]
    read = list(zip(sources, loaded, strict=True))
    _refuse([problem for source, (_, columns) in read for problem in _missing(source, model, needed, columns)])
    _refuse([problem for source, (table, _) in read for problem in _misplaced_lists(source, model, table.schema)])
    made = []
    for source, (table, _) in read:
        columns = {"record_id": _ids(table, model, _prefix(source, sources))} | {name: table[name] for name in wanted}
        made.append(pa.table(columns | ({_name_of(truth): table[truth]} if truth else {})))
    _refuse([
        problem
        for source, table in zip(sources, made, strict=True)
        for problem in _other_kinds(source, table.schema, made[0].schema)
    ])  # fmt: skip
    return pa.concat_tables(made)


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        raise SourceError(*problems)


def _misplaced_lists(source: str, model: MatchModel, schema: pa.Schema) -> list[str]:
    """Columns of lists that are read as something else."""
    single = {model.id: "an id takes"} if model.id else {}
    for name, field in model.fields.items():
        if field.kind not in _OF_LISTS or field.separator or len(field.sources) > 1:
            single |= dict.fromkeys(field.sources, f"field '{name}' of kind {field.kind} takes")
    return [
        f"{shown(source)}: column '{column}' holds lists, and {what} single values; use kind list, or another column"
        for column, what in single.items()
        if not pa.types.is_string(schema.field(column).type)
    ]


def _other_kinds(source: str, schema: pa.Schema, first: pa.Schema) -> list[str]:
    kinds = {field.name: (field.type, first.field(field.name).type) for field in schema}
    return [
        f"{shown(source)}: column '{name}' holds {kind}, in the first table {other}; give it one type"
        for name, (kind, other) in kinds.items()
        if kind != other
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


def _prefix(source: str, sources: Sequence[str]) -> str:
    """What goes before a record's id so that ids of several tables do not meet."""
    if len(sources) == 1:
        return ""
    stems = [Path(item.partition("#")[2] or item).stem for item in sources]
    name = Path(source.partition("#")[2] or source).stem
    if stems.count(name) > 1:
        name = f"{name}_{list(sources).index(source) + 1}"
    return f"{name}:"


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
