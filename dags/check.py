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
from warehouse.site_models import dbt_vars as site_vars
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
    from quality.scorecard import load_card
    from quality.suites import check_suites

    measures = sum(len(part.measures) for part in load_card(settings).values())
    return f"quality: {check_suites(settings)} tables have expectations, {measures} measures on the scorecard"


def _models(settings: Settings) -> str:
    from matching.model import line_model

    names = sorted(path.stem for path in (settings.config_dir / "models").glob("*.yml"))
    for name in names:
        line_model(settings, name)
    return f"match models: {', '.join(names)}"


def _site_models(settings: Settings) -> str:
    provided = site_vars(settings)["contracts"]
    return f"contracts: {sum(map(bool, provided.values()))} of {len(provided)} provided by the site's models"


def _classified(settings: Settings) -> str:
    from connectors.onboarding.columns import unclassified_columns

    missing = {name: unclassified_columns(settings, name) for name in source_names(settings)}
    problems = [
        f"{settings.config_dir}: columns of {name} without an entry: {', '.join(columns)}; add them to policy.yml"
        for name, columns in missing.items()
        if columns
    ]
    if problems:
        raise SettingsError(*problems)
    return "staging: every column classified"


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
    _key, _branches, _sources, _quality, _models, _site_models, _classified, _policy, _rules, _release, _disk,
)  # fmt: skip
