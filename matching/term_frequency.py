"""How many records share a value: a mobile of a whole village proves less than one of two records.

Counts are divided by the number of records at training, not of today: records that come later and do not share the
value leave every weight as it was. They are also rounded down to half a bit (steps at 1, 2, 3, 4, 6, 8,
12, 16, 23, 32, …), so that one more bearer of a common name does not move the weight of all the others.
"""

from __future__ import annotations

import duckdb

from matching.model import MatchModel


def rounded_count_sql(count: str) -> str:
    """SQL of a count rounded down to half a bit: 2 to the power of k/2."""
    return f"pow(2, floor(2 * log2({count})) / 2)"


def count_sql(model: MatchModel, records: str = "count(*)") -> str:
    """SQL of the number of records that count as sharing a value that so many records hold.

    A model trained on all pairs at once counts the other records with the value: in a small table the record itself
    would make every value look common.
    """
    return records if model.training.blocks else f"greatest({records} - 1, 1)"


def count_shared(con: duckdb.DuckDBPyConnection, model: MatchModel, table: str) -> None:
    """Make `shared_0`, `shared_1`, …: per column whose counts weigh the hashes of values that several records hold.

    Args:
        con: the scratch connection.
        model: what is compared.
        table: all prepared records.
    """
    for place, column in enumerate(model.term_frequency_columns):
        con.execute(
            f"create or replace table shared_{place} as select value, {count_sql(model)} as n"
            f' from (select hash("{column}") as value from {table} where "{column}" is not null)'
            " group by 1 having count(*) > 1"
        )


def gather_compared(
    con: duckdb.DuckDBPyConnection, model: MatchModel, table: str, pairs: str, records: int, target: str
) -> None:
    """Make the view `target`: the records of the pairs with what is compared and, as `tf_…`, the share of its values.

    What is compared stays where it is: only the shares are put into a table, `shares`.

    Args:
        con: the scratch connection, with `count_shared` done.
        model: what is compared.
        table: all prepared records.
        pairs: table of join_key_l, join_key_r.
        records: number of records at training.
        target: view to make, one row per record of the pairs.
    """
    columns, joins = [], []
    for place, column in enumerate(model.term_frequency_columns):
        # one with a hash of its own is the usual case: only the others need to be looked up
        columns.append(", " + _share_sql(model, column, f"shared_{place}", records))
        joins.append(f'left join shared_{place} on shared_{place}.value = hash(record."{column}")')
    con.execute(
        f"create or replace table shares as select record_no{''.join(columns)} from {table} as record"
        f" {' '.join(joins)} where record_no in"
        f" (select join_key_l from {pairs} union all select join_key_r from {pairs})"
    )
    compared = ", ".join(f'"{name}"' for name in model.compared_columns)
    con.execute(
        f"create or replace view {target} as select shares.*, {compared} from {table} as record"
        " join shares using (record_no)"
    )


def drop_compared(con: duckdb.DuckDBPyConnection, target: str) -> None:
    """Drop what `gather_compared` made."""
    con.execute(f"drop view {target}")
    con.execute("drop table shares")


def _share_sql(model: MatchModel, column: str, shared: str, records: int) -> str:
    """The share of the records that hold the same value."""
    share = f"{rounded_count_sql(f'coalesce({shared}.n, 1)')} / {max(records, 1)}::double"
    return f'case when record."{column}" is not null then {share} end as "tf_{column}"'
