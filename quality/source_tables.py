"""What quality must know of a source's tables: mode, keys, columns, as `config/sources/<name>.yml` states them.

The readers' own schema of that file is the connectors' business; only these facts are read here.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from warehouse.errors import SettingsError
from warehouse.settings import Settings
from warehouse.site_file import read_yaml


class SourceTable(BaseModel):
    """One table of a source."""

    model_config = ConfigDict(frozen=True)

    mode: str
    keys: tuple[str, ...] = ()
    columns: tuple[str, ...]


def source_names(settings: Settings) -> list[str]:
    """The sources of the site."""
    return sorted(path.stem for path in (settings.config_dir / "sources").glob("*.yml"))


def source_tables(settings: Settings, source: str) -> dict[str, SourceTable]:
    """The tables of a source, by name.

    Raises:
        SettingsError: the file does not describe tables.
    """
    path = settings.config_dir / "sources" / f"{source}.yml"
    document = read_yaml(path)
    try:
        return {name: _table(content) for name, content in document["tables"].items()}
    except (KeyError, TypeError, AttributeError, ValidationError):
        raise SettingsError(f"{path}: no list of tables with mode and columns; correct the file (mdm check)") from None


def _table(content: dict[str, Any]) -> SourceTable:
    columns = tuple(column["name"] for column in content["columns"])
    return SourceTable(mode=content["mode"], keys=tuple(content.get("keys") or ()), columns=columns)
