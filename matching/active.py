"""The records that blocking rules compare, as they are kept: one row per unit and content, its keys under every rule.

`key_0`, `key_1`, …: the numbers of `matching.blocking.record_keys`, a list where the rule has one; null or empty for
none.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matching.blocking import Active, Keyed, is_listed, record_keys
from matching.model import MatchModel
from matching.records import Numbers, Records, maybe_among
from matching.relations import make_table
from matching.side_by_side import side_by_side


def held(numbers: Numbers, unit: Numbers, keys: Sequence[Keyed]) -> Active:
    """What is compared, with all keys at hand."""
    return Active(numbers, unit, lambda _, place: keys[place])


def made(
    con: duckdb.DuckDBPyConnection, model: MatchModel, records: Records, numbers: Numbers, unit: Numbers
) -> Active:
    """The same of records at hand; the numbers ascend."""
    keys = list(side_by_side(con, partial(record_keys, model, records, numbers), range(len(model.blocking))))
    return held(numbers, unit, keys)


def met(
    con: duckdb.DuckDBPyConnection, model: MatchModel, before: Active, gone: Numbers, won: Active, flags: Numbers
) -> tuple[Active, Active]:
    """What was compared and what is, as far as it may have a key in common with what is gone, new or flagged.

    Args:
        con: the scratch connection.
        model: its blocking rules.
        before: what was compared in the kept run.
        gone: by number, the records that are not compared any more.
        won: what is compared in their place.
        flags: by number, more than 0 for what is flagged.
    """
    is_asked = gone | (flags > 0)

    def kept(cursor: duckdb.DuckDBPyConnection, place: int) -> Keyed:
        numbers, keys = before.keyed(cursor, place)
        asked = np.concatenate([keys[is_asked[numbers]], won.keyed(cursor, place)[1]])
        rows = np.flatnonzero(maybe_among(keys, asked))
        return numbers[rows], keys[rows]

    was = list(side_by_side(con, kept, range(len(model.blocking))))
    now = [_replaced(keyed, gone, won.keyed(con, place)) for place, keyed in enumerate(was)]
    stays = before.numbers[~gone[before.numbers]]
    return held(before.numbers, before.unit, was), held(np.concatenate([stays, won.numbers]), won.unit, now)


def _replaced(keyed: Keyed, gone: Numbers, more: Keyed) -> Keyed:
    numbers, keys = keyed
    stays = ~gone[numbers]
    return np.concatenate([numbers[stays], more[0]]), np.concatenate([keys[stays], more[1]])


def write_active(con: duckdb.DuckDBPyConnection, model: MatchModel, active: Active, target: str) -> None:
    """Make the table `target` of what is compared; its numbers ascend, as `made` gives them."""
    columns: dict[str, pa.Array] = {"record_no": pa.array(active.numbers, pa.int32())}
    for place in range(len(model.blocking)):
        numbers, keys = active.keyed(con, place)
        starts = np.searchsorted(numbers, active.numbers)
        ends = np.searchsorted(numbers, active.numbers, "right")
        if is_listed(model, place):
            columns[f"key_{place}"] = pa.ListArray.from_arrays(pa.array(np.append(starts, len(keys)), pa.int32()), keys)
        else:
            first = np.append(keys, np.uint64(0))[np.where(starts < ends, starts, len(keys))]
            columns[f"key_{place}"] = pa.array(first, mask=starts == ends)
    make_table(con, target, columns)


def read_active(con: duckdb.DuckDBPyConnection, model: MatchModel, table: str, unit: Numbers) -> Active:
    """What such a table holds; `unit`: by number."""
    found = con.sql(f"from {table}").to_arrow_table()
    numbers = found["record_no"].to_numpy()

    def keyed(_: duckdb.DuckDBPyConnection, place: int) -> Keyed:
        column = found[f"key_{place}"]
        if is_listed(model, place):
            lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
            return np.repeat(numbers, lengths), pc.list_flatten(column).to_numpy()
        return numbers[column.is_valid().to_numpy()], column.drop_null().to_numpy()

    return held(numbers, unit, list(side_by_side(con, keyed, range(len(model.blocking)))))
