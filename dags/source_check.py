"""`mdm source check`: everything a source's day must pass, tried without landing anything.

The day is read and judged in a scratch home beside the real one, whose files it sees by links; nothing stays.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connectors.extract import extract_source
from connectors.onboarding.columns import unclassified_columns
from connectors.readers import open_source
from connectors.registry import Source, load_sources
from quality.gate import gate_raw
from warehouse import landing
from warehouse.errors import GateError, NotFoundError, UserError
from warehouse.ledger import run_id_of
from warehouse.settings import Settings

_OWN = {"landing", "quality", "ledger.sqlite", "dbt", "published", "warehouse.duckdb", "airflow"}


@dataclass(frozen=True)
class Finding:
    """One line of the scorecard."""

    subject: str
    is_good: bool
    text: str


def check_source(settings: Settings, name: str, day: dt.date) -> list[Finding]:
    """Connection, permission to read each table, sample, freshness, gate, and classification of staged columns.

    Raises:
        NotFoundError: the site has no such source.
        SettingsError: a file of the site is wrong.
    """
    sources = load_sources(settings)
    if name not in sources:
        raise NotFoundError(f"source {name}: not in {settings.config_dir / 'sources'}; the site has: {list(sources)}")
    findings = list(_read_samples(settings, sources[name], day))
    if all(finding.is_good for finding in findings):
        findings += _trial(settings, name, day)
    return findings + _policy(settings, name)


def _read_samples(settings: Settings, source: Source, day: dt.date) -> Iterator[Finding]:
    try:
        with open_source(settings, source, day) as read:
            yield Finding("connection", True, f"opened as {source.kind} for {day}")
            for table in source.tables:
                yield from _sample(read, table)
    except UserError as error:
        yield from (Finding("connection", False, problem) for problem in error.problems)


def _sample(read: object, table: str) -> Iterator[Finding]:
    try:
        reading = read(table, None)  # type: ignore[operator]
        first = next(iter(reading.batches), None)
    except UserError as error:
        yield from (Finding(f"table {table}", False, problem) for problem in error.problems)
        return
    rows = first.num_rows if first is not None else 0
    new = f"; not declared: {', '.join(reading.new_columns)}" if reading.new_columns else ""
    yield Finding(f"table {table}", True, f"readable, {rows} rows in the first batch{new}")


@contextmanager
def _scratch(settings: Settings, name: str) -> Iterator[Settings]:
    """A home and a site folder of one source; the sources' own files are seen by links."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="check-", dir=settings.home.parent) as folder:
        home, site = Path(folder) / "home", Path(folder) / "site"
        home.mkdir()
        for entry in settings.home.iterdir():
            if entry.name not in _OWN:
                (home / entry.name).symlink_to(entry)
        for part in ("sources", "quality"):
            (site / part).mkdir(parents=True)
            if (settings.config_dir / part / f"{name}.yml").exists():
                shutil.copy(settings.config_dir / part / f"{name}.yml", site / part)
        yield settings.model_copy(update={"home": home, "config_dir": site})


def _trial(settings: Settings, name: str, day: dt.date) -> list[Finding]:
    with _scratch(settings, name) as trial:
        try:
            counts = extract_source(trial, name, day, run_id_of(day))
        except UserError as error:
            return [Finding("sample", False, problem) for problem in error.problems]
        findings = [Finding("sample", True, f"{counts['rows']:,} rows of {counts['tables']} tables read to the end")]
        findings += _freshness(trial, name, day)
        return [*findings, *_gate(trial, name, day)]


def _freshness(trial: Settings, name: str, day: dt.date) -> Iterator[Finding]:
    for table, delivery in landing.day_commits(trial, name, day)[-1].deliveries.items():
        manifest = delivery.manifest
        if manifest.rows == 0:
            yield Finding("freshness", False, f"table {table}: no rows for {day}")
        elif manifest.watermark:
            yield Finding("freshness", True, f"table {table}: newest row of {manifest.watermark}")


def _gate(trial: Settings, name: str, day: dt.date) -> Iterator[Finding]:
    try:
        counts = gate_raw(trial, day, run_id_of(day))
    except GateError as error:
        yield from (Finding("gate", False, problem) for problem in error.problems[1:] or error.problems)
        return
    yield Finding(
        "gate", True, f"{counts['checks']} checks, {counts['warnings']} warnings, {counts['quarantined']} rows aside"
    )


def _policy(settings: Settings, name: str) -> list[Finding]:
    missing = unclassified_columns(settings, name)
    if missing:
        return [
            Finding("policy", False, f"no entry for {', '.join(missing)}; add them to policy.yml or policy/{name}.yml")
        ]
    return [Finding("policy", True, "every staged column is classified")]
