"""The life of a trained model: train anew, keep what was before, go back, watch for drift.

The file in force is `parameters.json`; each one it replaced lies beside it as `parameters-<version>.json`. What is
trained or put back by a person counts from the next run on.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from matching.decisions import load_decisions
from matching.drift import Drift, drift, profiled
from matching.explain import newest_day
from matching.labels import Label, labels_of
from matching.model import PARTY_TYPES, MatchModel, line_model
from matching.parameters import Parameters, load_parameters, prior_shift, read_parameters, save_parameters
from matching.party import gather_parties
from matching.prepare import prepare
from matching.prepared import Prepared
from matching.train import parameters_path, train
from warehouse import store
from warehouse.errors import GateError, NotFoundError
from warehouse.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bench:
    """The newest standardised records of a party type, prepared in memory, and the newest linked day."""

    prepared: Prepared
    day: dt.date

    @property
    def con(self) -> duckdb.DuckDBPyConnection:
        """The connection they were read on."""
        return self.prepared.con

    @property
    def model(self) -> MatchModel:
        """What they were prepared for."""
        return self.prepared.model


@dataclass(frozen=True)
class Trained:
    """A training: what was in force, what is now, and whether that is something new."""

    model: MatchModel
    before: Parameters | None
    after: Parameters
    is_new: bool


def model_of(settings: Settings, party_type: str) -> MatchModel:
    """The model file of a party type.

    Raises:
        NotFoundError: there is no such party type.
    """
    if party_type not in PARTY_TYPES:
        raise NotFoundError(f"party type '{party_type}': unknown; it is one of {', '.join(PARTY_TYPES)}")
    return line_model(settings, party_type)


def in_force(settings: Settings, model: MatchModel) -> Parameters:
    """The trained numbers of a party type.

    Raises:
        NotFoundError: there are none yet.
        SettingsError: they do not fit the model file any more.
    """
    path = parameters_path(settings, model.party_type)
    parameters = load_parameters(path, model)
    if parameters is None:
        raise NotFoundError(f"{path}: no trained model; run the line first (mdm run)")
    return parameters


@contextmanager
def prepared(settings: Settings, party_type: str) -> Iterator[Bench]:
    """The newest standardised records of a party type; the warehouse is only read.

    Raises:
        NotFoundError: unknown party type, nothing linked yet, or no record of it.
    """
    model = model_of(settings, party_type)
    with store.connect(settings, read_only=True) as con:
        day = newest_day(con)
        con.execute("use memory")
        gather_parties(con)
        found = prepare(con, model, f"party_{party_type}", f"prepared_{party_type}")
        if not len(found):
            raise NotFoundError(f"party type '{party_type}': no record in the warehouse; run the line first (mdm run)")
        yield Bench(found, day)


def train_anew(settings: Settings, party_type: str, *, labels: bool = False, keep_prior: bool = False) -> Trained:
    """Train on the newest standardised records and put the numbers in force; the old file is kept beside.

    The same records and labels give the same numbers; then nothing is written.

    Args:
        settings: the site.
        party_type: person or organization.
        labels: whether the stewards' decisions in the warehouse take part.
        keep_prior: leave the chance of a match as today's runs have it, so that only evidence is learnt.

    Raises:
        NotFoundError: unknown party type, nothing linked yet, or no record of it.
    """
    with prepared(settings, party_type) as bench:
        known = labels_of(load_decisions(bench.con, dt.date.max)) if labels else []
        after = _trained(bench.prepared, bench.day, known)
    path = parameters_path(settings, party_type)
    before = read_parameters(path) if path.exists() else None
    if before is not None and keep_prior:
        after = after.model_copy(update={"prior": kept_prior(before, after.records)})
    is_new = before is None or before.version != after.version
    if is_new:
        replace_parameters(path, before, after)
    return Trained(bench.model, before, after, is_new)


def _trained(prepared: Prepared, day: dt.date, labels: Sequence[Label]) -> Parameters:
    """Train with the labels on records that are there."""
    there = {row[0] for row in prepared.con.execute(f"select record_id from {prepared.table}").fetchall()}
    ours = [label for label in labels if {label.left, label.right} <= there]
    return profiled(prepared, train(prepared, day, ours))


def kept_prior(before: Parameters, records: int) -> float:
    """The prior that a run with the old numbers would use on so many records."""
    odds = before.prior / (1 - before.prior) * 2.0 ** -prior_shift(before, records)
    return float(f"{odds / (1 + odds):.8g}")


def replace_parameters(path: Path, before: Parameters | None, after: Parameters) -> None:
    """Put numbers in force; those they replace are kept first, so that no moment is without either."""
    if before is not None:
        save_parameters(kept_path(path, before.version), before)
        after = after.model_copy(update={"replaces": before.version})
    save_parameters(path, after)


def kept_path(path: Path, version: str) -> Path:
    """Where replaced numbers lie."""
    return path.with_name(f"parameters-{version}.json")


def roll_back(settings: Settings, party_type: str) -> Trained:
    """Put the numbers back that the ones in force replaced; those in force are kept beside.

    Raises:
        NotFoundError: they replaced none, or the kept file is gone.
        SettingsError: the older numbers do not fit the model file.
    """
    model = model_of(settings, party_type)
    path = parameters_path(settings, party_type)
    if not path.exists():
        raise NotFoundError(f"{path}: no trained model; run the line first (mdm run)")
    current = read_parameters(path)
    if current.replaces is None:
        raise NotFoundError(f"{path}: replaced no earlier numbers; there is nothing to put back")
    older = load_parameters(kept_path(path, current.replaces), model)
    if older is None:
        raise NotFoundError(f"{kept_path(path, current.replaces)}: gone; restore it, or train anew (mdm model train)")
    save_parameters(kept_path(path, current.version), current)
    save_parameters(path, older)
    return Trained(model, current, older, is_new=True)


def watch(
    settings: Settings, prepared: Prepared, parameters: Parameters, as_of: dt.date, *, levels: bool = True
) -> tuple[Parameters, int]:
    """Measure drift in a run and do what the model file says: warn, stop, or train anew.

    Args:
        settings: the site.
        prepared: records of the day; `training.drift` of their model says what to do.
        parameters: the numbers in force.
        as_of: the day.
        levels: see `matching.drift.drift`.

    Returns:
        The numbers to use today, and the largest stability index in per mille.

    Raises:
        GateError: there is drift, and the model file says stop.
    """
    model, con = prepared.model, prepared.con
    found = drift(prepared, parameters, levels=levels)
    over = [item for item in found if item.is_over]
    for item in over:
        log.warning("%s: %s", model.party_type, told(item))
    largest = max((item.index for item in found if item.kind != "records"), default=0.0)
    if over and model.training.drift.then == "stop":
        hint = f"train anew (mdm model train {model.party_type}) or raise training.drift in the model file"
        raise GateError(*(f"{model.party_type}: {told(item)}; {hint}" for item in over))
    if over and model.training.drift.then == "retrain":
        fresh = _trained(prepared, as_of, labels_of(load_decisions(con, as_of)) if parameters.labels else [])
        replace_parameters(parameters_path(settings, model.party_type), parameters, fresh)
        parameters = fresh
    return parameters, round(1000 * largest)


def told(item: Drift) -> str:
    """A drift in words."""
    if item.kind == "records":
        return f"{item.index:g} times as many or as few records as at training (limit {item.limit:g})"
    what = {"missing": "missing values of", "random": "levels among random pairs of", "blocked": "levels in blocks of"}
    return f"{what[item.kind]} {item.name} drifted, index {item.index:g} (limit {item.limit:g})"
