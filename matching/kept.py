"""What the link step keeps of a party type in the warehouse, so that the next day looks only at what changed.

A record keeps its number for as long as it is known. The kept tables belong to one run: of one model with its numbers,
one engine, one day. Whatever else comes by finds nothing kept and looks at everything, with the same result.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import version

import duckdb

from matching.model import MatchModel
from matching.parameters import Parameters, prior_shift
from matching.party import folded_sql, party_sql
from matching.relations import count
from warehouse.store import CATALOG

_STATE = f"{CATALOG}.main.match_state"
_DRIFT = f"{CATALOG}.main.match_drift"
_FORMAT = 4  # goes up when what is kept, or how the engine decides, changes
_ENGINES = ("duckdb", "splink")  # hashes and distances are theirs
_KINDS = ("prepared", "digest", "active", "judged", "home", "refused", "decided")
_DEAD = 1.5  # times as many rows as are alive: of a table of at least so many, the dead ones are worth dropping
_LARGE = 100_000


@dataclass(frozen=True)
class Tables:
    """Names of the tables of one party type: in the scratch catalog, and as kept in the warehouse.

    prepared: records with their keys. digest: their hashes (`matching.digest`). active: one record per unit and
    content, with its blocking keys (`matching.active`). judged: pairs that are not rejected. home: per record its unit
    and its customer, after and before decisions. refused: pairs that a constraint kept from joining. decided: the
    stewards' word.
    """

    party_type: str

    def scratch(self, kind: str) -> str:
        """A table or view of this run."""
        return f"{kind}_{self.party_type}"

    def kept(self, kind: str) -> str:
        """The table of the run before."""
        return f"{CATALOG}.main.match_{kind}_{self.party_type}"

    @property
    def outdated(self) -> str:
        """Query in parentheses of the records that are gone or grouped anew."""
        kinds = ("gone", "home_fresh")
        return f"({' union all '.join(f'select record_no from {self.scratch(kind)}' for kind in kinds)})"


@dataclass(frozen=True)
class Kept:
    """What an earlier run kept: its day, and whether customers of the day before it counted.

    `unmeasured`: records that changed since levels were last measured for drift, None when they never were;
    `drifted`: the largest stability index then, in per mille.
    """

    tables: Tables
    as_of: dt.date
    joined: bool
    unmeasured: int | None
    drifted: int


def signature(model: MatchModel, parameters: Parameters, records: int) -> str:
    """What kept tables depend on besides the records and the decisions."""
    depends = {
        "model": model.model_dump(mode="json"),
        "version": parameters.version,
        "shift": prior_shift(parameters, records),
        "parties": party_sql(model.party_type, folded_sql(model.party_type)),
        "engines": [version(name) for name in _ENGINES],
        "format": _FORMAT,
    }
    return hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()[:16]


def find_kept(con: duckdb.DuckDBPyConnection, party_type: str, signed: str) -> Kept | None:
    """What an earlier run of the same model kept; None when there is nothing usable."""
    row = con.execute(
        f"select as_of, joined, unmeasured, coalesce(per_mille, 0) from {_STATE} left join {_DRIFT} using (party_type)"
        " where party_type = ? and signature = ?",
        [party_type, signed],
    ).fetchone()
    return Kept(Tables(party_type), *row) if row else None


def note_drift(con: duckdb.DuckDBPyConnection, party_type: str, unmeasured: int | None, drifted: int) -> None:
    """Say how many records changed since levels were measured (None: they were today), and what was found then."""
    if unmeasured is not None:
        con.execute(f"update {_DRIFT} set unmeasured = ? where party_type = ?", [unmeasured, party_type])
        return
    con.execute(f"delete from {_DRIFT} where party_type = ?", [party_type])
    con.execute(f"insert into {_DRIFT} values (?, 0, ?)", [party_type, drifted])


def sign(con: duckdb.DuckDBPyConnection, party_type: str, signed: str | None, as_of: dt.date, *, joined: bool) -> None:
    """Say which run the kept tables of a party type are of; None: of none. The caller holds the transaction."""
    con.execute(f"delete from {_STATE} where party_type = ?", [party_type])
    if signed is not None:
        con.execute(f"insert into {_STATE} values (?, ?, ?, ?)", [party_type, signed, as_of, joined])


def keep_all(con: duckdb.DuckDBPyConnection, tables: Tables) -> None:
    """Keep the tables of a whole run; the caller holds the transaction."""
    for kind in _KINDS:
        con.execute(f"create or replace table {tables.kept(kind)} as from {tables.scratch(kind)}")


def keep_changes(con: duckdb.DuckDBPyConnection, tables: Tables) -> None:
    """Bring the kept tables up to a run that looked at what changed; the caller holds the transaction."""
    scratch = tables.scratch
    outdated = {
        "prepared": f"record_no in (select record_no from {scratch('gone')})",
        "digest": f"record_no in (select record_no from {scratch('gone')})",
        "active": f"record_no in (select record_no from {scratch('dirty')})",
        "judged": f"(record_no_l, record_no_r) in (select (record_no_l, record_no_r) from {scratch('stale')})",
        "refused": f"l in {tables.outdated} or r in {tables.outdated}",
        "decided": "true",
    }
    for kind, condition in outdated.items():
        con.execute(f"delete from {tables.kept(kind)} where {condition}")
        con.execute(f"insert into {tables.kept(kind)} by name from {scratch(kind + '_fresh')}")
    _keep_homes(con, tables)


def _keep_homes(con: duckdb.DuckDBPyConnection, tables: Tables) -> None:
    kept, other = tables.kept("home"), tables.scratch("home_other")
    con.execute(
        f"delete from {kept} where record_no in (select record_no from {other}) or record_no in"
        f" (select record_no from {tables.scratch('gone')} anti join {tables.scratch('home_fresh')} using (record_no))"
    )
    con.execute(f"insert into {kept} by name from {other}")


def has_dead_rows(con: duckdb.DuckDBPyConnection, tables: Tables) -> bool:
    """Whether so many rows of a large table were deleted since it was written that it is worth writing it anew."""
    sizes = con.execute("select table_name, estimated_size from duckdb_tables() where database_name = ?", [CATALOG])
    written = dict(sizes.fetchall())
    for name in ("match_pair", "match_cluster", *(f"match_{kind}_{tables.party_type}" for kind in _KINDS)):
        if name in written and written[name] > _DEAD * max(count(con, f"{CATALOG}.main.{name}"), _LARGE):
            return True
    return False
