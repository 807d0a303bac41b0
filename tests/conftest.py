"""Shared fixtures: a site of its own below a temporary folder, never the repository's `var/`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from warehouse.embedded_pg import stop_all
from warehouse.keys import create_key
from warehouse.settings import Settings, load_settings

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


_DEMO_DAYS = ("test_day.py", "test_lookup_form.py")  # they look at one demo bank, which takes minutes to build
_LONGEST = (*_DEMO_DAYS, "test_faults.py", "test_matching_incremental.py", "test_golden_days.py", "test_onboarding.py",
            "test_standardise_models.py", "test_matching_link.py", "test_matching_release.py")  # fmt: skip


class _ByFile(LoadFileScheduling):
    """A file's tests stay on one worker, and so do those of the files that share a demo bank."""

    def _split_scope(self, nodeid: str) -> str:
        path = str(super()._split_scope(nodeid))
        return "demo days" if path.endswith(_DEMO_DAYS) else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _ByFile:
    """Workers take files as they become free."""
    return _ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files begin, so that no worker is left with one of them at the end."""
    items.sort(key=lambda item: _LONGEST.index(item.path.name) if item.path.name in _LONGEST else len(_LONGEST))


def make_site(home: Path, people: int, organizations: int) -> Settings:
    """A demo site of its own with its own key."""
    size = {"MDM_DEMO__PEOPLE": str(people), "MDM_DEMO__ORGANIZATIONS": str(organizations)}
    site = load_settings(environ={"MDM_HOME": str(home), **size})
    create_key(site)
    return site


@pytest.fixture(scope="session")
def site_factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Settings]]:
    """Makes sites that live as long as the test session; their servers are stopped at its end."""
    made: list[Settings] = []

    def make(people: int, organizations: int) -> Settings:
        made.append(make_site(tmp_path_factory.mktemp("site") / "var", people, organizations))
        return made[-1]

    yield make
    for site in made:
        stop_all(site)


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """A small demo site with its own key."""
    site = make_site(tmp_path / "var", people=300, organizations=30)
    yield site
    stop_all(site)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser, the machine's own chromium."""
    if _CHROMIUM is None:
        pytest.skip("no chromium on this machine (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=_CHROMIUM, args=_CHROMIUM_ARGUMENTS)
        yield running
        running.close()
