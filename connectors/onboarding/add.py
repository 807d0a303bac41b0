"""`mdm source add`: look at a source, propose, write the files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.onboarding.canonical import Bank, CanonicalModel, map_tables
from connectors.onboarding.discover import Draft, discover_path, discover_url
from connectors.onboarding.profile import TableProfile, profile_source
from connectors.onboarding.propose import TableProposal, propose
from connectors.onboarding.write import Onboarding, files_of, write_files
from connectors.readers import open_source
from connectors.registry import read_source, source_name
from warehouse.errors import SettingsError
from warehouse.policy import load_policy
from warehouse.settings import Settings


@dataclass(frozen=True)
class Place:
    """Where a source lies: a folder or file, or a database."""

    path: Path | None = None
    kind: str | None = None
    url: str | None = None
    password_file: Path | None = None
    schema: str | None = None


@dataclass(frozen=True)
class Report:
    """What was proposed, what was left out and why, which files were written and which were there already."""

    tables: Mapping[str, TableProposal]
    models: Sequence[CanonicalModel]
    notes: Sequence[str]
    written: Sequence[str]
    kept: Sequence[str]


def add_source(settings: Settings, name: str, place: Place, currency: str = "CNY") -> Report:
    """Profile a source and write a proposal of all its files into the site folder.

    Raises:
        SourceError: the source cannot be read.
        SettingsError: the name is no source's name, neither or both of path and URL are given, or the password file
            is missing.
    """
    draft = _draft(settings, source_name(name), place)
    profiles = _profiles(settings, draft)
    dated = draft.newest is not None
    tables = propose(profiles, dated_files=dated)
    models, notes = map_tables(Bank(name, tables, currency))
    head = {key: value for key, value in draft.values.items() if key != "tables"}
    policy = load_policy(settings)
    onboarding = Onboarding(name, head, tables, tuple(models), lambda column: column in policy.attributes)
    written, kept = write_files(settings.config_dir, files_of(onboarding))
    left_out = [f"left out: {note}" for note in draft.left_out]
    columns = [f"{table.name}: {note}" for table in tables.values() for note in table.notes]
    return Report(tables, models, [*left_out, *notes, *columns], written, kept)


def _draft(settings: Settings, name: str, place: Place) -> Draft:
    if (place.path is None) == (place.url is None):
        raise SettingsError(f"source {name}: give either --path or --url")
    if place.path is not None:
        return discover_path(place.path, place.kind)
    password = None
    if place.password_file is not None:
        path = settings.home / place.password_file
        if not path.is_file():
            raise SettingsError(f"{path}: password file not found; write it (owner-only), relative to home or absolute")
        password = path.read_text(encoding="utf-8").strip()
    draft = discover_url(place.url or "", password, place.schema)
    if place.password_file is not None:
        draft.values["password_file"] = str(place.password_file)
    return draft


def _profiles(settings: Settings, draft: Draft) -> dict[str, TableProfile]:
    """Read the drafted source with its own reader, as the line will."""
    tables: dict[str, Any] = draft.values["tables"]
    plain = {name: {key: value for key, value in table.items() if value is not None} for name, table in tables.items()}
    source = read_source(draft.values | {"tables": plain})
    day = draft.newest or dt.datetime.now(dt.UTC).date()
    with open_source(settings, source, day) as read:
        return profile_source(source, read, draft.comments)
