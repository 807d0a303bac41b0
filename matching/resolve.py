"""Resolve one party type: prepare, join by strong identifiers, weigh the rest, judge, cluster."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from matching.blocking import Oversize
from matching.decisions import PairDecision
from matching.delta import find_changes
from matching.digest import make_digest
from matching.history import History, joined_before
from matching.kept import Kept, Tables, find_kept, signature
from matching.lifecycle import watch
from matching.model import MatchModel, line_model
from matching.parameters import Parameters, load_parameters
from matching.party import folded_sql
from matching.prepare import prepare
from matching.prepared import Prepared
from matching.regroup import regroup
from matching.relations import count
from matching.score import scorer
from matching.train import parameters_path, trained_parameters
from matching.weigh import weigh
from matching.work import NumberedDecision, Work, numbered
from warehouse.settings import Settings

_FEW = 0.02  # of all records: when fewer changed since, levels are not measured for drift again


@dataclass(frozen=True)
class Resolved:
    """The outcome for one party type, in the scratch relations of `tables` (see `Tables`).

    `home` names all records with the smallest record of their customer, `judged` all pairs. `kept`: what an earlier run
    kept, where only what changed since was looked at; then `rehomed` are the records whose customer is not what it was.
    """

    party_type: str
    model: MatchModel
    version: str
    tables: Tables
    records: int
    pairs: int = 0
    customers: int = 0
    decisions: Sequence[PairDecision] = ()
    numbered: Sequence[NumberedDecision] = ()
    oversize: Sequence[Oversize] = ()
    kept: Kept | None = None
    signature: str | None = None
    joined: bool = False  # whether customers of the day before counted
    drifted: int = 0  # largest stability index of today's data against the training, in per mille
    unmeasured: int | None = None  # records that changed since levels were measured for it; None: they were today

    def scratch(self, kind: str) -> str:
        """Name of a table or view of this run."""
        return self.tables.scratch(kind)

    @property
    def regrouped(self) -> str:
        """Records of customers that are not what they were in the kept run, with unit and customer."""
        return self.scratch("rehomed" if self.kept else "home")


def resolve(
    settings: Settings,
    con: duckdb.DuckDBPyConnection,
    party_type: str,
    decisions: Sequence[PairDecision],
    history: History,
    *,
    whole: bool = False,
) -> Resolved:
    """Find the customers of one party type among the records of `party_<party type>` in the scratch catalog.

    Args:
        settings: the site.
        con: the connection, the scratch catalog its current one.
        party_type: person or organization.
        decisions: what stewards said.
        history: of golden ids, before the day.
        whole: look at everything, whatever an earlier run kept.

    Raises:
        SettingsError: the model file is wrong, or does not fit the trained model.
        GateError: the data drifted, and the model file says stop.
    """
    model = line_model(settings, party_type)
    tables = Tables(party_type)
    records = count(con, f"party_{party_type}")
    if records == 0:
        return Resolved(party_type, model, "untrained", tables, 0)
    known = load_parameters(parameters_path(settings, party_type), model)
    kept = None if whole or known is None else _usable(con, model, known, records, history)
    prepared = find_changes(con, model, tables) if kept else None
    if prepared is None:
        kept, prepared = None, _prepare_all(con, model, tables)
    parameters = trained_parameters(settings, prepared, history.as_of)
    unmeasured = _unmeasured(con, model, tables, kept, records)
    parameters, drifted = watch(settings, prepared, parameters, history.as_of, levels=unmeasured is None)
    drifted = max(drifted, kept.drifted) if kept and unmeasured is not None else drifted
    if kept and known and known.version != parameters.version:  # trained anew, so nothing kept holds
        kept = None
        for kind in ("prepared", "digest"):
            con.execute(f"drop view {tables.scratch(kind)}")
        prepared = _prepare_all(con, model, tables)
    joined = counts_joined(history, party_type, parameters)
    before = joined_before(con, history) if joined and model.limits.keep_joined else None
    found = resolve_prepared(prepared, parameters, decisions, before, kept, history.as_of)
    signed = signature(model, parameters, records)
    return replace(found, drifted=drifted, unmeasured=unmeasured, joined=joined, signature=signed)


def _unmeasured(
    con: duckdb.DuckDBPyConnection, model: MatchModel, tables: Tables, kept: Kept | None, records: int
) -> int | None:
    """Records that changed since levels were measured for drift, while they are few; None: they are to be measured.

    Few changed records cannot move an index, and those of the samples must be read. Where drift decides what happens,
    it is measured every day.
    """
    if kept is None or kept.unmeasured is None or model.training.drift.then != "warn":
        return None
    changed = kept.unmeasured + count(con, tables.scratch("changed"))
    return changed if changed < _FEW * records else None


def _prepare_all(con: duckdb.DuckDBPyConnection, model: MatchModel, tables: Tables) -> Prepared:
    """Make `prepared` and `digest` of all parties."""
    prepared = prepare(con, model, f"party_{model.party_type}", tables.scratch("prepared"))
    digest = tables.scratch("digest")
    make_digest(con, model, prepared.table, f"({folded_sql(model.party_type)})", digest)
    return replace(prepared, digest=digest)


def counts_joined(history: History, party_type: str, parameters: Parameters) -> bool:
    """Whether customers of the day before are evidence: only when the same model made them."""
    return history.models.get(party_type) == parameters.version


def _usable(
    con: duckdb.DuckDBPyConnection, model: MatchModel, parameters: Parameters, records: int, history: History
) -> Kept | None:
    """What an earlier run kept, if nothing but records and decisions can have changed since."""
    limits = model.limits
    if limits.compare_all or limits.max_pairs or any(field.at_most for field in model.fields.values()):
        return None  # what one record is compared with depends on all of them
    kept = find_kept(con, model.party_type, signature(model, parameters, records))
    if kept is None or (limits.keep_joined and kept.joined != counts_joined(history, model.party_type, parameters)):
        return None
    return kept


def resolve_prepared(
    prepared: Prepared,
    parameters: Parameters,
    decisions: Sequence[PairDecision] = (),
    before: str | None = None,
    kept: Kept | None = None,
    as_of: dt.date = dt.date.max,
) -> Resolved:
    """Find who belongs together, with a trained model.

    Args:
        prepared: all records, as the relation `prepared_<party type>`.
        parameters: its numbers.
        decisions: what stewards said.
        before: relation of record_id and golden_id, the customers of the day before where they are evidence.
        kept: look only at what changed since this run (`matching.delta.find_changes` was called).
        as_of: business day.
    """
    con, model = prepared.con, prepared.model
    tables, records = Tables(model.party_type), len(prepared)
    ours, by_number = numbered(con, prepared.table, list(decisions))
    work = Work(scorer(prepared, parameters), tables, records, prepared.size, by_number, kept)
    weighed = weigh(work, as_of)
    if before:
        _keep_joined(work, before)
    customers = regroup(work, weighed.flags)
    return Resolved(
        model.party_type, model, parameters.version, tables, records, weighed.pairs, customers,
        ours, by_number, weighed.oversize, kept,
    )  # fmt: skip


def _keep_joined(work: Work, before: str) -> None:
    """What was one customer the day before, under the same model, stays one while nothing speaks against it.

    A source's record goes on meaning the same person when he moves or changes his name. Only pairs that are doubtful
    today are kept: a conflict, or too little left in common, still parts them.
    """
    con, judged = work.con, work.fresh("judged")
    con.execute(
        "create or replace table doubted as select distinct unnest([record_no_l, record_no_r]) as record_no"
        f" from {judged} where verdict in ('link', 'review') and conflict is null"
    )
    con.execute(
        "create or replace table named as select record_no, record_id"
        f" from (select record_no, record_id from {work.scratch('prepared')}) join doubted using (record_no)"
    )
    con.execute(
        f"create or replace table stayed as select record_no, golden_id from {before} join named using (record_id)"
    )
    con.execute(
        f"create or replace table stayed_pairs as select record_no_l, record_no_r from {judged}"
        " join stayed as l on l.record_no = record_no_l"
        " join stayed as r on r.record_no = record_no_r and r.golden_id = l.golden_id"
        " where verdict in ('link', 'review') and conflict is null"
    )
    con.execute(
        f"""
        update {judged} as pair
        set kept = true, rule = case verdict when 'review' then 'joined_before' else rule end, verdict = 'link'
        from stayed_pairs
        where pair.record_no_l = stayed_pairs.record_no_l and pair.record_no_r = stayed_pairs.record_no_r
        """
    )
    for scratch in ("doubted", "named", "stayed", "stayed_pairs"):
        con.execute(f"drop table {scratch}")
