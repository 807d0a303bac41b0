"""The link step: from standardised records to customers with stable golden ids.

Clear values are copied into the connection's own memory catalog, worked on there, and gone with it; the encrypted
warehouse receives record ids, weights and labels, and prepared records for the next day and for lookups
(`matching.kept`), in one transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import duckdb

from matching.bridge import find_bridges
from matching.decisions import load_decisions
from matching.history import SCHEMA, History, create_tables, read_history, write_day
from matching.kept import has_dead_rows, keep_all, keep_changes, note_drift, sign
from matching.model import PARTY_TYPES
from matching.pairs import finish_pairs, write_clusters, write_pairs
from matching.party import gather_parties
from matching.resolve import Resolved, resolve
from matching.settle import settle
from warehouse import store
from warehouse.settings import Settings


def link(settings: Settings, as_of: dt.date, run_id: str, *, whole: bool = False) -> dict[str, int]:
    """Resolve all records into customers; the same day run again gives the same result.

    What an earlier run kept is used where it can be, and only what changed since is looked at; the result is the same.

    Args:
        settings: the site.
        as_of: business day.
        run_id: run of that day, written beside what it changed.
        whole: look at everything, whatever an earlier run kept.

    Returns:
        Counts of records, customers, pairs by verdict and changes of identity.

    Raises:
        UserError: a later day was linked already.
        SettingsError: a model file is wrong, or does not fit the trained model.
    """
    with store.connect(settings) as con:
        create_tables(con)
        history = read_history(con, as_of)
        decisions = load_decisions(con, as_of)
        con.execute("use memory")
        gather_parties(con)
        outcomes = [resolve(settings, con, kind, decisions, history, whole=whole) for kind in PARTY_TYPES]
        return _write(con, outcomes, history, as_of, run_id)


def _write(
    con: duckdb.DuckDBPyConnection, outcomes: Sequence[Resolved], history: History, as_of: dt.date, run_id: str
) -> dict[str, int]:
    """Write everything of the day in one transaction; what needs scratch tables is made before it begins."""
    filled = [outcome for outcome in outcomes if outcome.records]
    for outcome in filled:
        finish_pairs(con, outcome)
    _gather_customers(con, outcomes)
    settled = settle(con, history)
    bridges = find_bridges(con, filled, settled)
    cause = "model" if _model_changed(outcomes, history) else "run"
    if any(outcome.kept is None or has_dead_rows(con, outcome.tables) for outcome in filled):
        store.let_compact(con)
    con.execute("begin")
    con.execute(f"delete from {SCHEMA}.match_run where as_of = ?", [as_of])
    counts: dict[str, int] = {}
    for outcome in outcomes:
        if not outcome.records:
            _forget(con, outcome)
            continue
        verdicts = write_pairs(con, outcome)
        write_clusters(con, outcome)
        (keep_changes if outcome.kept else keep_all)(con, outcome.tables)
        sign(con, outcome.party_type, outcome.signature, as_of, joined=outcome.joined)
        note_drift(con, outcome.party_type, outcome.unmeasured, outcome.drifted)
        counts |= _counts(outcome, verdicts)
        _write_run(con, outcome, verdicts, as_of, run_id)
    changed = write_day(con, history, run_id, settled.found, bridges, cause)
    con.execute("commit")
    return counts | {f"ids_{kind}": changed.get(kind, 0) for kind in ("mint", "merge", "split", "undo", "retire")}


def _forget(con: duckdb.DuckDBPyConnection, outcome: Resolved) -> None:
    """There is no record of this party type any more."""
    for table in ("match_pair", "match_cluster"):
        con.execute(f"delete from {SCHEMA}.{table} where party_type = ?", [outcome.party_type])
    sign(con, outcome.party_type, None, dt.date.min, joined=False)


def _gather_customers(con: duckdb.DuckDBPyConnection, outcomes: Sequence[Resolved]) -> None:
    """Make `clustered` and `vanished` (see `matching.settle`) of what every party type's run looked at."""
    con.execute("create or replace temp table clustered (record_id varchar, customer varchar)")
    con.execute("create or replace temp table vanished (record_id varchar)")
    for outcome in outcomes:
        if outcome.records:
            name = outcome.scratch("named")
            con.execute(
                f"insert into clustered select own.record_id, first.record_id from {outcome.regrouped} as home"
                f" join {name} as own using (record_no) join {name} as first on first.record_no = home.home"
            )
        if outcome.kept:
            con.execute(f"insert into vanished select record_id from {outcome.scratch('changed')} where not is_there")
        else:
            con.execute(
                f"insert into vanished select record_id from {SCHEMA}.match_cluster where party_type = ?"
                " and record_id not in (select record_id from clustered)",
                [outcome.party_type],
            )


def _counts(outcome: Resolved, verdicts: Mapping[str, int]) -> dict[str, int]:
    prefix = outcome.party_type
    return {
        f"{prefix}_records": outcome.records,
        f"{prefix}_customers": outcome.customers,
        f"{prefix}_pairs": outcome.pairs,
        f"{prefix}_links": verdicts.get("link", 0),
        f"{prefix}_reviews": verdicts.get("review", 0),
        f"{prefix}_drift_per_mille": outcome.drifted,
        f"{prefix}_oversize_blocks": sum(block.blocks for block in outcome.oversize),
    }


def _write_run(
    con: duckdb.DuckDBPyConnection, outcome: Resolved, verdicts: Mapping[str, int], as_of: dt.date, run_id: str
) -> None:
    con.execute(
        f"insert into {SCHEMA}.match_run values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            as_of, run_id, outcome.party_type, outcome.version, outcome.records, outcome.pairs,
            verdicts.get("link", 0), verdicts.get("review", 0), outcome.customers,
        ],
    )  # fmt: skip


def _model_changed(outcomes: Sequence[Resolved], history: History) -> bool:
    """Whether a party type was linked before with another model."""
    return any(history.models.get(o.party_type, o.version) != o.version for o in outcomes if o.records)
