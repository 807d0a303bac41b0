"""How many records share a value: a mobile of a whole village proves less than one of two records.

Counts are divided by the number of records at training, not of today: records that come later and do not share the
value leave every weight as it was.
"""

from __future__ import annotations

import duckdb
from splink import Linker

from matching.model import MatchModel


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
            f'create or replace table {name} as select "{column}", {count} / {max(records, 1)}::double'
            f' as "tf_{column}" from {table} where "{column}" is not null group by 1 order by 1'
        )
        api = linker._db_api
        linker.table_management.register_term_frequency_lookup(api.register(name), column)
