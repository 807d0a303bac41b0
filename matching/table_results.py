"""What `mdm match` writes: `clusters`, `pairs` and `review`, each as Parquet and CSV, and a view of the same name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from matching.prepared import Prepared
from matching.records import Numbers
from matching.relations import make_table
from matching.resolve import Resolved
from matching.score import pattern_sql
from matching.side_by_side import Task, all_done

_Rows = Callable[[duckdb.DuckDBPyConnection, Resolved, pa.StringArray], pa.Table]
_PART = 100_000  # rows that are written at once, with their texts

_PAIRS = """
select
    record_no_l, record_no_r, round(match_weight, 4) as match_weight,
    round(match_probability, 9) as match_probability, final_verdict as verdict, final_rule as rule,
    final_conflict as conflict, hash({levels}) as levels
from {told} where final_verdict in ('link', 'review')
"""


def make_results(con: duckdb.DuckDBPyConnection, resolved: Resolved, out: Path, *beside: Task) -> list[Any]:
    """Write all three; make `customers`, the number of each cluster's first record and its records, and `copies`.

    `copies` are the rows that were not compared: place, record_id, the number of the row they follow, that of the
    cluster they joined (none: they stay alone), entity.

    Args:
        con: the scratch connection, with `copied`, the pairs finished (`matching.pairs`), and `doubtful`.
        resolved: names its relations.
        out: folder.
        beside: what else is asked meanwhile, of records' clusters and of `copies`, each on a connection of its own.

    Returns:
        Its answers.
    """
    ids = con.sql(f"select record_id from {resolved.scratch('named')} order by record_no").to_arrow_table()
    con.execute(
        "create or replace table copies as select place, copied.record_id, own.record_no as followed,"
        f" nullif(home, own.record_no) as joined, entity from copied join {resolved.scratch('named')} as own"
        f" on own.record_id = second join {resolved.scratch('home')} using (record_no) order by copied.record_id"
    )
    _write_review(con, resolved, out)

    def written(name: str, rows: _Rows) -> Task:
        return lambda cursor: write_result(cursor, out, name, rows(cursor, resolved, ids["record_id"].combine_chunks()))

    tasks = [written("pairs", _pairs), written("clusters", _clusters), *beside]
    return list(all_done(con, tasks))[2:]


def _write_review(con: duckdb.DuckDBPyConnection, resolved: Resolved, out: Path) -> None:
    fields = ", ".join(
        f'"{name}_{side}"::varchar as "{name}_{side}"' for name in resolved.model.fields for side in "lr"
    )
    listed = con.execute(
        "select record_id_l, record_id_r, round(match_weight, 4) as match_weight,"
        " round(match_probability, 9) as match_probability, final_rule as rule, final_conflict as conflict,"
        f" {fields} from {resolved.scratch('final')} join doubtful using (record_no_l, record_no_r)"
        " where final_verdict = 'review' order by round(match_weight, 4) desc, record_id_l, record_id_r"
    )
    write_result(con, out, "review", listed.to_arrow_table())
    con.execute("drop table doubtful")


def write_result(con: duckdb.DuckDBPyConnection, out: Path, name: str, rows: pa.Table) -> None:
    """Write rows as `name`, Parquet and CSV, and make the view `name`, which reads them from there."""
    parquet, csv = (str(out / f"{name}.{suffix}") for suffix in ("parquet", "csv"))
    shown = pa.schema([(field.name, _plain_type(field.type)) for field in rows.schema])
    # of ids there are too many to tell them apart for it
    repeated = [field.name for field in shown if not field.name.startswith("record_id")]
    with (
        pq.ParquetWriter(parquet, shown, store_schema=False, use_dictionary=repeated) as columns,
        pa_csv.CSVWriter(csv, shown) as lines,
    ):
        for first in range(0, len(rows), _PART):
            part = rows.slice(first, _PART).cast(shown)
            columns.write_table(part)
            lines.write_table(part)
    read = parquet.replace("'", "''")
    con.execute(f"create or replace view {name} as from read_parquet('{read}')")  # need not stand in memory


def _plain_type(given: pa.DataType) -> pa.DataType:
    return given.value_type if pa.types.is_dictionary(given) else given


def show_doubtful(prepared: Prepared, resolved: Resolved) -> None:
    """Make `doubtful`: the pairs to be reviewed by number, with the values of both sides."""
    listed = prepared.con.execute(f"select record_no_l, record_no_r from {resolved.scratch('listed')}").fetchnumpy()
    fields = prepared.holding(listed["record_no_l"], listed["record_no_r"])
    make_table(prepared.con, "doubtful", listed | {
        f"{name}_{side}": fields.columns[name].taken(listed[f"record_no_{side}"])
        for name in prepared.model.fields for side in "lr"
    })  # fmt: skip


def homes(con: duckdb.DuckDBPyConnection, resolved: Resolved) -> Numbers:
    """By the number of a record: that of its cluster's first."""
    found = con.execute(f"select record_no, home from {resolved.scratch('home')}").fetchnumpy()
    home = np.zeros(resolved.records, np.int64)
    home[found["record_no"]] = found["home"]
    return home


def _pairs(con: duckdb.DuckDBPyConnection, resolved: Resolved, ids: pa.StringArray) -> pa.Table:
    """Links and listed pairs in the order of their ids, which numbers have too; long texts stand once."""
    told = resolved.scratch("told")
    levels = ", ".join(f'"gamma_{item.comparison}"' for item in resolved.model.comparisons)
    found = con.sql(_PAIRS.format(told=told, levels=levels)).to_arrow_table()
    left, right = (found[f"record_no_{side}"].to_numpy().astype(np.int64) for side in "lr")
    found = found.take(np.argsort(left << 32 | right))
    texts = con.execute(
        f"select hash({levels}), {pattern_sql(resolved.model)} from (select distinct {levels} from {told})"
    )
    evidence = found["levels"].combine_chunks().dictionary_encode()
    shown = pa.array(map(dict(texts.fetchall()).get, evidence.dictionary.to_pylist()), pa.string())
    columns = {
        f"record_id_{side}": pa.DictionaryArray.from_arrays(found[f"record_no_{side}"].combine_chunks(), ids)
        for side in "lr"
    }
    columns |= {name: found[name] for name in found.column_names[2:-1]}
    return pa.table(columns | {"evidence": pa.DictionaryArray.from_arrays(evidence.indices, shown)})


def _clusters(con: duckdb.DuckDBPyConnection, resolved: Resolved, ids: pa.StringArray) -> pa.Table:
    """Every record with its cluster and the cluster's size, cluster by cluster in the order of their ids.

    A copy, which has no number, stands behind the row it follows. It joins where that row joined the first of their
    content; else it stays alone.
    """
    home = homes(con, resolved)
    copies = con.execute("select record_id, followed, joined is null as is_alone from copies").to_arrow_table()
    second, alone = copies["followed"].to_numpy(), copies["is_alone"].to_numpy()
    sizes = np.bincount(np.append(home, home[second[~alone]]), minlength=len(ids) + len(second))
    sizes[len(ids) :] = 1
    first = np.flatnonzero(home == np.arange(len(home)))
    make_table(con, "customers", {"home": first, "records": sizes[first]})
    named = np.append(home, np.where(alone, len(ids) + np.arange(len(second)), home[second]))
    order = np.argsort(np.append(_key(home, np.arange(len(ids))), _key(home[second], second, alone) + 1), kind="stable")
    named = named[order]
    everybody = pa.concat_arrays([ids, *copies["record_id"].chunks])
    return pa.table({
        "record_id": pa.DictionaryArray.from_arrays(order, everybody),
        "cluster_id": pa.DictionaryArray.from_arrays(named, everybody),
        "records": sizes[named],
    })  # fmt: skip


def _key(home: Numbers, number: Numbers, alone: Numbers | int = 0) -> Numbers:
    """The place of a record by its cluster, then by its own number, with room between one number and the next."""
    return 2 * home + alone << 32 | 2 * number.astype(np.int64)
