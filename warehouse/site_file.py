"""Files of the site folder: YAML, checked against a schema, every problem told at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from warehouse.errors import SettingsError


class SiteModel(BaseModel):
    """Base of every schema of a site file: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one is ten times faster where PyYAML has it

Schema = TypeVar("Schema", bound=BaseModel)


def _parsed(text: str) -> Any:  # noqa: ANN401  # whatever the text holds
    """The fast parser's result; where it fails the exact one tells the line."""
    try:
        return yaml.load(text, Loader=_LOADER)
    except yaml.YAMLError:
        return yaml.safe_load(text)


def read_yaml(path: Path) -> Any:  # noqa: ANN401  # whatever the file holds; a schema checks it next
    """The content of a YAML file.

    Raises:
        SettingsError: the file is missing or is not YAML.
    """
    try:
        return _parsed(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such file; restore it from the shipped config folder") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise SettingsError(f"{path}{line}: not readable as YAML; correct the file") from None


def load_site_file(path: Path, schema: type[Schema]) -> Schema:
    """Read and check a site file.

    Raises:
        SettingsError: one line per missing, unknown or wrong key.
    """
    try:
        return schema.model_validate(read_yaml(path))
    except ValidationError as error:
        raise SettingsError(*(_problem(path, item) for item in error.errors())) from None


def _problem(path: Path, error: Any) -> str:  # noqa: ANN401  # pydantic's error dictionaries are untyped
    where = ".".join(str(part) for part in error["loc"]) or "file"
    if error["type"] == "extra_forbidden":
        return f"{path}: {where}: unknown key; remove it or correct its name"
    if error["type"] == "missing":
        return f"{path}: {where}: missing; add it"
    return f"{path}: {where}: {error['msg']}; correct it"
