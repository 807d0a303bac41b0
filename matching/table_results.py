"""What `mdm match` writes: `clusters`, `pairs` and `review`, each as Parquet and CSV, and a view of the same name."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from matching.records import Prepared
from matching.relations import in_batches, register
from matching.resolve import Resolved
from matching.score import pattern_sql

_PAIRS = """
select
    record_no_l, record_no_r, round(match_weight, 4) as match_weight,
    round(match_probability, 9) as match_probability, final_verdict as verdict, final_rule as rule,
    final_conflict as conflict, hash({levels}) as levels
from {ruled}
left join (select *, true as is_listed from {listed}) using (record_no_l, record_no_r)
where final_verdict = 'link' or (final_verdict = 'review' and is_listed)
"""


def make_results(con: duckdb.DuckDBPyConnection, resolved: Resolved, out: Path) -> None:
    """Write all three, and make `customers`: per cluster its first record and its records.

    Args:
        con: the scratch connection, with `copied`, the pairs finished (`matching.pairs`), and `doubtful`.
        resolved: names its relations.
        out: folder.
    """
    _count_customers(con, resolved)
    write_result(con, out, "clusters", _clusters_sql(resolved))
    con.register("final_pairs", in_batches(_pairs(con, resolved)))
    write_result(con, out, "pairs", "from final_pairs")
    con.unregister("final_pairs")
    fields = ", ".join(
        f'"{name}_{side}"::varchar as "{name}_{side}"' for name in resolved.model.fields for side in "lr"
    )
    write_result(
        con, out, "review",
        "select record_id_l, record_id_r, round(match_weight, 4) as match_weight,"
        " round(match_probability, 9) as match_probability, final_rule as rule, final_conflict as conflict,"
        f" {fields} from {resolved.scratch('final')} join doubtful using (record_no_l, record_no_r)"
        " where final_verdict = 'review' order by round(match_weight, 4) desc, record_id_l, record_id_r",
    )  # fmt: skip
    con.unregister("doubtful")


def write_result(con: duckdb.DuckDBPyConnection, out: Path, name: str, query: str) -> None:
    """Write what a query gives as `name`, Parquet and CSV, and make the view `name`, which reads it from there."""
    parquet, csv = (str(out / f"{name}.{suffix}").replace("'", "''") for suffix in ("parquet", "csv"))
    con.execute(f"copy ({query}) to '{parquet}' (format parquet)")
    con.execute(f"create or replace view {name} as from read_parquet('{parquet}')")  # need not stand in memory
    con.execute(f"copy (from {name}) to '{csv}' (format csv, header)")


def show_doubtful(prepared: Prepared, resolved: Resolved) -> None:
    """Make `doubtful`: the pairs to be reviewed by number, with the values of both sides."""
    listed = prepared.con.execute(f"select record_no_l, record_no_r from {resolved.scratch('listed')}").fetchnumpy()
    fields, _, _ = prepared.of(prepared.model.fields, listed["record_no_l"], listed["record_no_r"])
    register(prepared.con, "doubtful", listed | {
        f"{name}_{side}": fields.columns[name].taken(listed[f"record_no_{side}"])
        for name in prepared.model.fields for side in "lr"
    })  # fmt: skip


def _pairs(con: duckdb.DuckDBPyConnection, resolved: Resolved) -> pa.Table:
    """Links and listed pairs in the order of their ids, which numbers have too; long texts stand once."""
    names = {kind: resolved.scratch(kind) for kind in ("ruled", "listed", "named")}
    levels = ", ".join(f'"gamma_{item.comparison}"' for item in resolved.model.comparisons)
    found = con.sql(_PAIRS.format(**names, levels=levels)).to_arrow_table()
    left, right = (found[f"record_no_{side}"].to_numpy().astype(np.int64) for side in "lr")
    found = found.take(np.argsort(left << 32 | right))
    ids = con.sql(f"select record_id from {names['named']} order by record_no").to_arrow_table()["record_id"]
    texts = con.execute(
        f"select hash({levels}), {pattern_sql(resolved.model)} from (select distinct {levels} from {names['ruled']})"
    )
    evidence = found["levels"].combine_chunks().dictionary_encode()
    shown = pa.array(map(dict(texts.fetchall()).get, evidence.dictionary.to_pylist()), pa.string())
    columns = {f"record_id_{side}": _named(found[f"record_no_{side}"].combine_chunks(), ids) for side in "lr"}
    columns |= {name: found[name] for name in found.column_names[2:-1]}
    return pa.table(columns | {"evidence": _named(evidence.indices, shown)})


def _named(places: pa.Array, names: pa.Array | pa.ChunkedArray) -> pa.DictionaryArray:
    whole = names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names
    return pa.DictionaryArray.from_arrays(places, whole)


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
