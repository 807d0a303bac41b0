"""What is kept of each record as hashes, so that the next run tells what changed without reading the records again.

Grain of a digest: one row per record. `content`: a hash of its id and of what its party is made of (`matching.party`);
`gaps`: which fields are missing; `value_0`, `value_1`, …: hashes of the values whose number of bearers weighs;
`strong_0`, …: hashes of the strong identifiers. A missing value has no hash.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from matching.model import MatchModel
from matching.records import key_sql


def make_digest(con: duckdb.DuckDBPyConnection, model: MatchModel, prepared: str, contents: str, target: str) -> None:
    """Make the table `target`: the digest of prepared records.

    Args:
        con: the scratch connection.
        model: names the fields and what is hashed.
        prepared: the prepared records.
        contents: relation of their record_id and content.
        target: table to make.
    """
    values = _hashes("value", model.term_frequency_columns)
    strong = _hashes("strong", (item.key for item in model.strong_identifiers))
    columns = ", ".join(["record_no", "content", f"{gaps_sql(model)} as gaps", *values, *strong])
    con.execute(
        f"create or replace table {target} as select {columns} from {prepared}"
        f" join (select record_id, content from {contents}) using (record_id)"
    )


def gaps_sql(model: MatchModel) -> str:
    """SQL of a text with a 1 for every field that is missing in a prepared record, and a 0 for every other."""
    return " || ".join(f"if(\"{name}\" is null, '1', '0')" for name in model.fields)


def _hashes(kind: str, columns: Iterable[str]) -> list[str]:
    return [f"{key_sql(column)} as {kind}_{n}" for n, column in enumerate(columns)]
