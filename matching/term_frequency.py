"""How many records share a value: a mobile of a whole village proves less than one of two records.

Counts are divided by the number of records at training, not of today: records that come later and do not share the
value leave every weight as it was. They are also rounded down to half a bit (steps at 1, 2, 3, 4, 6, 8,
12, 16, 23, 32, …), so that one more bearer of a common name does not move the weight of all the others.
"""

from __future__ import annotations

import duckdb
from splink import Linker

from matching.model import MatchModel


def rounded_count_sql(count: str) -> str:
    """SQL of a count rounded down to half a bit: 2 to the power of k/2."""
    return f"pow(2, floor(2 * log2({count})) / 2)"


def register_frequencies(
    con: duckdb.DuckDBPyConnection, linker: Linker, model: MatchModel, table: str, records: int
) -> None:
    """Give Splink the share of every value of the columns whose counts weigh.

    A model trained on all pairs at once counts the other records with the value: in a small table the record itself
    would make every value look common.
    """
    count = "count(*)" if model.training.blocks else "greatest(count(*) - 1, 1)"
    for column in model.term_frequency_columns:
        name = f"frequency_of_{column}"
        con.execute(
            f'create or replace table {name} as select "{column}", {rounded_count_sql(count)}'
            f' / {max(records, 1)}::double as "tf_{column}" from {table} where "{column}" is not null'
            " group by 1"
        )
        api = linker._db_api
        linker.table_management.register_term_frequency_lookup(api.register(name), column)
