"""What becomes of rows in quarantine: the book of a table as of a business day, and the rows that re-enter.

A row leaves quarantine in one of four ways. Its source delivers it again, right (`fixed`, closed by `source`). A person
corrects it and the corrected row passes the gate (`fixed`, closed by the person). A person says that it is right as it
is (`released`). Or nobody does anything for too long (`expired`): it stays out, but waits no longer. Everything is
worked out anew from the deliveries and the answers up to the day, so any day can be repeated.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from quality.prepare import Scene
from quality.quarantine import SCHEMA, read_rows, write_table
from quality.source_tables import SourceTable
from quality.suites import TableSuite
from quality.validate import ROW_NUMBER, validate
from warehouse import landing
from warehouse.landing import Delivery
from warehouse.settings import Settings

BOOK = pa.schema([*SCHEMA, ("first_seen", pa.date32()), ("state", pa.string()), ("closed_by", pa.string())])
SOURCE = "source"  # closed_by: the source system itself
_ROW = ["as_of", "delivery", "row_number"]


@dataclass(frozen=True)
class Answer:
    """What a person said about an item: `fix` with the right values of some columns, or `release` as it is."""

    item: str
    kind: Literal["fix", "release"]
    by: str
    values: Mapping[str, str | None] = field(default_factory=dict)


SceneOf = Callable[[Delivery], Scene]
RowKey = tuple[dt.date, int, int]  # business day, delivery, row number


@dataclass(frozen=True)
class Shelf:
    """One table of a source as of a business day, with all its book needs.

    `used` are the deliveries the table is made of, `past` the other accepted ones, both oldest first.
    """

    settings: Settings
    name: str
    table: SourceTable
    suite: TableSuite
    as_of: dt.date
    used: Sequence[Delivery]
    past: Sequence[Delivery]
    book: landing.QuarantineBook


def shelf(settings: Settings, source: str, name: str, table: SourceTable, suite: TableSuite, as_of: dt.date) -> Shelf:
    """Find the deliveries of a table: a `full` one is its newest delivery, any other all of its days."""
    good = [known.deliveries[name] for known in landing.accepted(settings, source, as_of) if name in known.deliveries]
    passed = [known.deliveries[name] for known in landing.commits(settings, source, as_of)
              if known.is_accepted and name in known.deliveries]  # fmt: skip
    used = good[-1:] if table.mode == "full" else good
    past = [one for one in dict.fromkeys(passed) if one not in used]
    return Shelf(
        settings, name, table, suite, as_of, used, past, landing.quarantine_book(settings, source, name, as_of)
    )


def refresh_book(shelf: Shelf, answers: Mapping[str, Answer], scene_of: SceneOf) -> Counter[str]:
    """Write a table's book of the day; how many rows are in each state, and `reentered` because a person answered."""
    rows, past = _frame(shelf.used), _frame(shelf.past)
    if rows.empty and past.empty:
        shelf.book.rows.unlink(missing_ok=True)
        shelf.book.reentered.unlink(missing_ok=True)
        return Counter()
    first_seen = pd.concat([rows, past]).groupby("item")["as_of"].min()
    closed = _closed(shelf, past[~past["item"].isin(rows["item"])])
    back, reentered = _reenter(shelf, rows, answers, scene_of)
    states = _states(shelf, rows, first_seen, back, answers)
    rows = rows.assign(state=[state for state, _ in states], closed_by=[by for _, by in states])
    book = pd.concat([closed, rows]).assign(first_seen=lambda all_rows: all_rows["item"].map(first_seen))
    book.loc[book["state"] == "expired", "payload"] = None  # the landing still holds the row
    book = book.sort_values([*_ROW, "rule"])
    write_table(shelf.book.rows, pa.Table.from_pandas(book[BOOK.names], BOOK, preserve_index=False))
    write_table(shelf.book.reentered, reentered) if reentered else shelf.book.reentered.unlink(missing_ok=True)
    return Counter(book.drop_duplicates(_ROW)["state"]) + Counter(reentered=len(back))


def _frame(deliveries: Iterable[Delivery]) -> pd.DataFrame:
    parts = [pq.read_table(one.quarantine) for one in deliveries if one.quarantine.exists()]
    return pa.concat_tables([SCHEMA.empty_table(), *parts]).to_pandas()


def _closed(shelf: Shelf, gone: pd.DataFrame) -> pd.DataFrame:
    """Rows that stand no longer in what is used: the newest appearance of each, for as long as rows are waited for."""
    since = shelf.as_of - dt.timedelta(days=shelf.settings.quality.quarantine_days)
    recent = gone[gone["as_of"] >= since]
    newest = recent.sort_values(_ROW).drop_duplicates("item", keep="last")[_ROW]
    return recent.merge(newest, on=_ROW).assign(state="fixed", closed_by=SOURCE)


def _states(
    shelf: Shelf,
    rows: pd.DataFrame,
    first_seen: Mapping[str, dt.date],
    back: set[RowKey],
    answers: Mapping[str, Answer],
) -> list[tuple[str, str | None]]:
    """State and who closed it, for each row of the frame."""
    redelivered = _redelivered(shelf, rows)
    last = shelf.as_of - dt.timedelta(days=shelf.settings.quality.quarantine_days)
    return [
        _state(key, answers.get(item), back, redelivered, is_old=first_seen[item] < last)
        for key, item in zip(_keys(rows), rows["item"], strict=True)
    ]


def _state(
    key: RowKey, answer: Answer | None, back: set[RowKey], redelivered: set[RowKey], *, is_old: bool
) -> tuple[str, str | None]:
    if answer is not None and key in back:
        return ("fixed" if answer.kind == "fix" else "released"), answer.by
    if key in redelivered:
        return "fixed", SOURCE
    return ("expired" if is_old else "open"), None


def _keys(rows: pd.DataFrame) -> list[RowKey]:
    return list(zip(rows["as_of"], rows["delivery"].astype(int), rows["row_number"].astype(int), strict=True))


def _redelivered(shelf: Shelf, rows: pd.DataFrame) -> set[RowKey]:
    """Rows whose keys a later delivery brought again, in a row that is right."""
    if rows.empty or not shelf.table.keys or len(shelf.used) < 2:
        return set()
    names = [f'"{key}"' for key in shelf.table.keys]
    since = rows["as_of"].min()
    files = [str(one.data) for one in shelf.used if one.manifest.as_of >= since]
    sql = f"""
        with landed as (
            select _as_of, _delivery, _row_number, {", ".join(names)}
            from read_parquet($files, union_by_name = true, hive_partitioning = false)
        )
        , wrong as (select distinct as_of, delivery, row_number from bad)
        , bad_row as (
            select landed.* from landed
            inner join wrong on (as_of, delivery, row_number) = (_as_of, _delivery, _row_number)
        )
        , good_row as (
            select landed.* from landed
            anti join wrong on (as_of, delivery, row_number) = (_as_of, _delivery, _row_number)
        )
        select distinct bad_row._as_of, bad_row._delivery, bad_row._row_number
        from bad_row
        inner join good_row on good_row._as_of > bad_row._as_of
            and {" and ".join(f"good_row.{name} = bad_row.{name}" for name in names)}
    """
    with duckdb.connect(config={"memory_limit": shelf.settings.warehouse.memory_limit}) as con:
        con.register("bad", pa.Table.from_pandas(rows[_ROW], preserve_index=False))
        return {(day, delivery, row) for day, delivery, row in con.execute(sql, {"files": files}).fetchall()}


def _reenter(
    shelf: Shelf, rows: pd.DataFrame, answers: Mapping[str, Answer], scene_of: SceneOf
) -> tuple[set[RowKey], pa.Table | None]:
    """The rows that come back because a person answered, as they come back."""
    back: set[RowKey] = set()
    tables = []
    answered = rows[rows["item"].isin(list(answers))]
    for delivery in shelf.used:
        manifest = delivery.manifest
        mine = answered[(answered["as_of"] == manifest.as_of) & (answered["delivery"] == manifest.delivery)]
        if mine.empty:
            continue
        said = {int(number): answers[item] for number, item in zip(mine["row_number"], mine["item"], strict=True)}
        table = _passing(shelf, delivery, said, mine, scene_of)
        tables.append(table)
        back |= {(manifest.as_of, manifest.delivery, number) for number in table[ROW_NUMBER].to_pylist()}
    return back, pa.concat_tables(tables, promote_options="default") if back else None


def _passing(
    shelf: Shelf, delivery: Delivery, said: Mapping[int, Answer], rows: pd.DataFrame, scene_of: SceneOf
) -> pa.Table:
    """The answered rows that may come back: released ones, and corrected ones that pass every check of the table."""
    corrected = corrected_rows(read_rows(delivery, sorted(said)), said)
    fixes = {number for number, answer in said.items() if answer.kind == "fix"}
    bad = _failing(shelf, delivery, corrected, scene_of(delivery)) if fixes else set()
    held = {int(n) for n, rule in zip(rows["row_number"], rows["rule"], strict=True) if rule in unreleasable(shelf)}
    keep = [number not in (bad if number in fixes else held) for number in corrected[ROW_NUMBER].to_pylist()]
    return corrected.filter(pa.array(keep))


def unreleasable(shelf: Shelf) -> set[str]:
    """Rules about the keys: a row that breaks one has no identity, nobody can release it."""
    return unreleasable_rules(shelf.suite, shelf.table)


def unreleasable_rules(suite: TableSuite, table: SourceTable) -> set[str]:
    """The rules `not_null` and `unique` of key columns."""
    return {
        one.rule
        for one in suite.checks
        if one.kind in ("not_null", "unique") and set(one.columns_used) & set(table.keys)
    }


def corrected_rows(table: pa.Table, said: Mapping[int, Answer]) -> pa.Table:
    """Rows of a delivery with the corrections in place, in the delivery's own types.

    A value that does not fit its column's type leaves the row as it was delivered, so that it fails the gate again.
    """
    rows = table.to_pylist()
    for row in rows:
        answer = said[row[ROW_NUMBER]]
        try:
            row |= {name: typed(table.schema.field(name).type, text) for name, text in answer.values.items()}
        except (pa.ArrowInvalid, KeyError):
            continue
    return pa.Table.from_pylist(rows, table.schema)


def typed(kind: pa.DataType, text: str | None) -> Any:  # noqa: ANN401 - a value of that type
    """A text as a value of an Arrow type.

    Raises:
        ArrowInvalid: it is none.
    """
    return pa.scalar(text, pa.string()).cast(kind).as_py()


def _failing(shelf: Shelf, delivery: Delivery, corrected: pa.Table, scene: Scene) -> set[int]:
    """Numbers of corrected rows that do not pass when the whole delivery is checked with them.

    All of them, if the table as a whole would now be stopped.
    """
    checks = [check for check in shelf.suite.checks if check.severity == "fail"]
    columns = [*shelf.suite.columns, ROW_NUMBER]
    frame = pq.read_table(delivery.data, columns=columns).to_pandas()
    numbers = corrected[ROW_NUMBER].to_pylist()
    whole = pd.concat([frame[~frame[ROW_NUMBER].isin(numbers)], corrected.select(columns).to_pandas()])
    outcomes = validate(shelf.name, whole.reset_index(drop=True), checks, scene)
    if any(outcome.stops for outcome in outcomes):
        return set(numbers)
    return {row for outcome in outcomes for row in outcome.rows} & set(numbers)
