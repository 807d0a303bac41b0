"""The prepared records that a run which looks at what changed weighs: each is read once, however often it is asked for.

Reading a few of all records costs nearly as much as reading all of them, so what will be asked for is foreseen.
"""

from __future__ import annotations

import duckdb

from matching.kept import Tables
from matching.model import MatchModel


def begin_gathering(con: duckdb.DuckDBPyConnection, model: MatchModel, tables: Tables) -> None:
    """Make the empty `gathered`, and `foreseen`: what changed, its old units, and who shares a strong identifier.

    Args:
        con: the scratch connection, with the changes found (`matching.delta.find_changes`).
        model: says what is weighed.
        tables: of the party type.
    """
    columns = ", ".join(f'"{name}"' for name in ("record_no", *sorted(model.used_columns)))
    fresh, home, digest = tables.scratch("prepared_fresh"), tables.kept("home"), tables.scratch("digest")
    con.execute(f"create or replace table {tables.scratch('gathered')} as select {columns} from {fresh} limit 0")
    con.execute(
        f"create or replace table foreseen as select record_no from {fresh} union select record_no from {home}"
        f" where unit in (select unit from {home} semi join {tables.scratch('gone')} using (record_no))"
    )
    for place in range(len(model.strong_identifiers)):
        con.execute(
            f"insert into foreseen select record_no from {digest} where strong_{place} in"
            f" (select strong_{place} from {digest} semi join foreseen using (record_no))"
        )


def gather(con: duckdb.DuckDBPyConnection, tables: Tables, records: str) -> str:
    """Name of a table that holds, among others, the prepared records of a relation of record_no."""
    gathered, fresh = tables.scratch("gathered"), tables.scratch("prepared_fresh")
    con.execute(
        f"create or replace table wanted as from (select record_no from {records} union from foreseen)"
        f" anti join {gathered} using (record_no)"
    )
    con.execute("truncate foreseen")
    if con.execute("from wanted limit 1").fetchone():
        columns = ", ".join(f'"{row[0]}"' for row in con.execute(f"describe {gathered}").fetchall())
        con.execute(
            f"insert into {gathered} select {columns} from {tables.kept('prepared')} semi join wanted using (record_no)"
            f" anti join {tables.scratch('gone')} using (record_no)"
            f" union all select {columns} from {fresh} semi join wanted using (record_no)"
        )
    return gathered
