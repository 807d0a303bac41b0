"""Which columns of a source's staging models the registry of sensitive data does not know."""

from __future__ import annotations

from warehouse.policy import load_policy
from warehouse.settings import Settings
from warehouse.site_file import read_yaml
from warehouse.site_models import site_dbt


def unclassified_columns(settings: Settings, source: str) -> list[str]:
    """Names of staged columns without an attribute, sorted.

    Raises:
        SettingsError: the registry or a file of the staging models is wrong.
    """
    policy = load_policy(settings)
    folder = site_dbt(settings) / "models" / "staging" / source
    names = {
        column["name"]
        for path in sorted(folder.glob("*.yml"))
        for model in (read_yaml(path) or {}).get("models") or []
        for column in model.get("columns") or []
    }
    return sorted(policy.unclassified(names))
