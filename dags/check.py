"""What `mdm check` does before a run: every configuration file is read, the key is tried, the disk is looked at."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from dags.pipeline import source_names
from warehouse.errors import SettingsError, UserError
from warehouse.keys import master_key
from warehouse.organization import load_branches
from warehouse.policy import load_policy
from warehouse.settings import Settings
from warehouse.survivorship import dbt_vars

_FREE_BYTES = 2 * 1024**3  # a day of a million records needs about this much beside what is there


def check_site(settings: Settings) -> list[str]:
    """One line for each thing that is in order.

    Raises:
        SettingsError: every problem of every file, at once.
    """
    fine: list[str] = []
    problems: list[str] = []
    for check in _CHECKS:
        try:
            fine.append(check(settings))
        except UserError as error:
            problems += error.problems
    if problems:
        raise SettingsError(*problems)
    return fine


def _key(settings: Settings) -> str:
    master_key(settings)
    return "key: present"


def _branches(settings: Settings) -> str:
    return f"branches: {len(load_branches(settings))}"


def _sources(settings: Settings) -> str:
    from connectors.registry import load_sources

    return f"sources: {', '.join(load_sources(settings))}"


def _quality(settings: Settings) -> str:
    from quality.suites import load_suites

    names = [*source_names(settings), "golden"]
    return f"quality: {sum(len(load_suites(settings.config_dir, name)) for name in names)} tables have expectations"


def _models(settings: Settings) -> str:
    from matching.model import load_model

    paths = sorted((settings.config_dir / "models").glob("*.yml"))
    for path in paths:
        load_model(path)
    return f"match models: {', '.join(path.stem for path in paths)}"


def _policy(settings: Settings) -> str:
    return f"policy: {len(load_policy(settings).tables)} published tables, every column classified"


def _rules(settings: Settings) -> str:
    return f"survivorship and segments: {len(dbt_vars(settings)['segments'])} segments"


def _release(settings: Settings) -> str:
    from matching.release_rules import load_release_rules

    rules = load_release_rules(settings)
    return f"release gate: {len(rules.slices)} slices, limits on {', '.join(rules.changes)}"


def _disk(settings: Settings) -> str:
    settings.home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.home).free
    if free < _FREE_BYTES:
        raise SettingsError(f"{settings.home}: {free // 1024**2} MiB free; a run needs {_FREE_BYTES // 1024**2} MiB")
    return f"disk: {free // 1024**3} GiB free in {settings.home}"


_CHECKS: tuple[Callable[[Settings], str], ...] = (
    _key, _branches, _sources, _quality, _models, _policy, _rules, _release, _disk,
)  # fmt: skip
