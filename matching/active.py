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
from matching.records import Numbers, Records
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


def replaced(con: duckdb.DuckDBPyConnection, model: MatchModel, before: Active, gone: Numbers, now: Active) -> Active:
    """What is compared, with other records in place of some; `gone`: by number, which ones."""

    def merged(cursor: duckdb.DuckDBPyConnection, place: int) -> Keyed:
        (numbers, keys), (more_numbers, more_keys) = (part.keyed(cursor, place) for part in (before, now))
        stays = ~gone[numbers]
        return np.concatenate([numbers[stays], more_numbers]), np.concatenate([keys[stays], more_keys])

    keyed = list(side_by_side(con, merged, range(len(model.blocking))))
    return held(np.concatenate([before.numbers[~gone[before.numbers]], now.numbers]), now.unit, keyed)


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
