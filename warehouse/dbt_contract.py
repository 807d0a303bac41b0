"""What the dbt models promise: columns and types as their YAML describes them.

The YAML beside the models is the one place where a table's columns stand; dbt enforces it when it builds them
(`contract: enforced`), and the rules of a site are checked against it here.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from warehouse.settings import ROOT

MODELS = ROOT / "dbt_project" / "models"


@cache
def _models(folder: Path) -> dict[str, dict[str, dict[str, str]]]:
    models: dict[str, dict[str, dict[str, str]]] = {}
    for path in sorted(folder.rglob("*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models") or []:
            models[model["name"]] = {column["name"]: column for column in model.get("columns", [])}
    return models


def model_columns(model: str, folder: Path = MODELS) -> dict[str, str]:
    """Column names of a dbt model, in order, with their data types.

    Raises:
        KeyError: no such model; a defect of the project, not of a site.
    """
    return {name: column.get("data_type", "varchar") for name, column in _models(folder)[model].items()}


def model_descriptions(model: str, folder: Path = MODELS) -> dict[str, str]:
    """Column names of a dbt model, in order, with their descriptions.

    Raises:
        KeyError: no such model; a defect of the project, not of a site.
    """
    return {name: column["description"] for name, column in _models(folder)[model].items()}
