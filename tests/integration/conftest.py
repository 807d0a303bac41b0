"""A small demo bank that lives through two days, and a stewards' desk after its first: what this folder looks at."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.demo.generate import generate
from dags.runner import run_day
from stewardship.store import open_store
from tests import steward_desk
from warehouse.settings import Settings

FIRST = dt.date(2026, 3, 2)
DAYS = [FIRST, FIRST + dt.timedelta(days=1)]


def manifest(settings: Settings) -> dict[str, Any]:
    return json.loads((settings.published_dir / "current" / "manifest.json").read_text(encoding="utf-8"))


def versions(settings: Settings) -> list[str]:
    return sorted(path.name for path in (settings.published_dir / "versions").iterdir())


def published(settings: Settings, sql: str) -> list[tuple]:
    with duckdb.connect(str(settings.published_dir / "current" / "customer.duckdb"), read_only=True) as con:
        return con.execute(sql).fetchall()


def xref(settings: Settings) -> dict[str, str]:
    return dict(published(settings, "select record_id, golden_id from customer_xref"))


@dataclass
class Day:
    """What one run left: the manifest of the published version, the cross-reference, what was said."""

    content: dict[str, Any]
    xref: dict[str, str]
    said: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Bank:
    """A demo bank after two days, the second of them run twice."""

    settings: Settings
    days: dict[dt.date, Day]
    rerun: Day
    versions_before_rerun: list[str]
    versions_after_rerun: list[str]


def run(settings: Settings, day: dt.date) -> Day:
    said: list[tuple[str, str]] = []
    run_day(settings, day, lambda step, message: said.append((step, message)))
    return Day(manifest(settings), xref(settings), said)


@pytest.fixture(scope="session")
def demo_days(site_factory) -> Bank:
    settings = site_factory(people=400, organizations=40)
    days: dict[dt.date, Day] = {}
    for day in DAYS:
        generate(settings, None if day == FIRST else day)
        days[day] = run(settings, day)
    before = versions(settings)
    rerun = run(settings, DAYS[-1])
    after = versions(settings)
    return Bank(settings, days, rerun, before, after)


def canaries(settings: Settings) -> list[str]:
    """Every planted clear value, flat."""
    found = json.loads((settings.truth_dir / "canaries.json").read_text(encoding="utf-8"))
    groups = found.values() if isinstance(found, dict) else [found]
    return sorted({value for group in groups for value in group})


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


@pytest.fixture(scope="session")
def desk_day(site_factory) -> Settings:
    """A site with a few doubtful pairs after its first day, with users; tests work on copies."""
    return steward_desk.after_first_day(site_factory(300, 30))


@pytest.fixture
def site(desk_day: Settings, tmp_path) -> Iterator[Settings]:
    """The stewards' desk of one test."""
    copy = steward_desk.copied(desk_day, tmp_path / "var")
    yield copy
    open_store(copy).dispose()


@pytest.fixture
def server(site: Settings) -> Iterator[steward_desk.Server]:
    """Its page."""
    with steward_desk.serving(site) as running:
        yield running
