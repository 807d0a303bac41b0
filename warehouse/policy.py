"""The registry of sensitive data: `config/policy.yml`, with attributes of one source in `config/policy/<source>.yml`.

It says of every column how sensitive it is, how it is masked and who may read it. `attributes` classify by column name
wherever the name occurs (staging, party records, golden, published); `tables` list the published tables, whose columns
take over the attribute of their name and add who may read them. Masks in SQL, the descriptions in the published file,
PostgreSQL's grants and the leak scan all read this one file, so a column that is missing in it cannot be published.

Levels are those of JR/T 0197-2020 (1 public … 5 important data), classes those of JR/T 0171-2020 (C1 internal,
C2 identifies a person or tells the financial situation, C3 authenticates a user).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from warehouse.errors import SettingsError
from warehouse.settings import Settings
from warehouse.site_file import SiteModel, load_site_file

MaskName = Literal[
    "none",
    "name",
    "organization",
    "document",
    "document_strict",
    "last_four",
    "mobile",
    "phone",
    "card",
    "account",
    "email",
    "address",
    "text",
    "token",
    "date_to_year",
    "date_to_decade",
    "note",  # free text, masked by the step `mask` before SQL sees it
]
DataClass = Literal["none", "C1", "C2", "C3"]
# JR/T 0197: from this level on, nothing leaves the warehouse
_NEVER_PUBLISHED = 4
PUBLISHED_PREFIX = "published_"


class Attribute(SiteModel):
    """What a column name means and how sensitive it is, in any table."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)
    level: int = Field(ge=1, le=5)
    data_class: DataClass = Field("none", alias="class")
    mask: MaskName = "none"
    organization_mask: MaskName | None = None  # rows of organizations, where it differs from persons


class Role(SiteModel):
    """A kind of reader; `branch` makes one login per branch, which sees that branch and those below it."""

    zh: str
    en: str
    rows: Literal["all", "branch"]


class _Column(SiteModel):
    """A published column as the file states it: an override of the attribute of its name."""

    roles: list[str] = Field(min_length=1)
    attribute: str | None = None  # when it is not the column's own name
    zh: str | None = None
    en: str | None = None


class _Table(SiteModel):
    zh: str
    en: str
    key: list[str] = Field(min_length=1)
    columns: dict[str, _Column] = Field(min_length=1)


class _File(SiteModel):
    roles: dict[str, Role] = Field(min_length=1)
    attributes: dict[str, Attribute]
    tables: dict[str, _Table]


class _Attributes(SiteModel):
    """A file of `policy/`: attributes of one source's columns."""

    attributes: dict[str, Attribute]


class Column(SiteModel):
    """One published column, complete."""

    name: str
    zh: str
    en: str
    level: int
    data_class: DataClass
    mask: MaskName
    organization_mask: MaskName
    roles: tuple[str, ...]

    @property
    def description(self) -> str:
        """The text beside the column in every catalogue: dbt, DuckDB, PostgreSQL."""
        label = f"level {self.level}" if self.data_class == "none" else f"level {self.level}, {self.data_class}"
        return f"{self.en} ({self.zh}) [{label}]"


class Table(SiteModel):
    """One published table: grain and columns, in order."""

    name: str
    zh: str
    en: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def description(self) -> str:
        """The text beside the table in every catalogue."""
        return f"{self.en} ({self.zh})"

    def readable_by(self, role: str) -> list[str]:
        """Columns a role may read, in order."""
        return [column.name for column in self.columns if role in column.roles]


class Policy(SiteModel):
    """The whole registry."""

    roles: dict[str, Role]
    attributes: dict[str, Attribute]
    tables: dict[str, Table]
    fingerprint: str  # of the file: a changed description or mask makes a new published version

    def unclassified(self, columns: Iterable[str]) -> list[str]:
        """Column names without an attribute; the lineage columns, which begin with `_`, need none."""
        return [name for name in columns if not name.startswith("_") and name not in self.attributes]

    def differences(self, table: str, columns: Iterable[str]) -> list[str]:
        """What does not agree between a published table as built and as the registry has it, in both directions."""
        known = [column.name for column in self.tables[table].columns] if table in self.tables else []
        built = list(columns)
        if not known:
            return [f"published table {table} has no entry; add tables.{table}"]
        missing = [f"published column {table}.{name} has no entry; add it" for name in built if name not in known]
        missing += [f"tables.{table}.columns.{name} is not published; remove it" for name in known if name not in built]
        if not missing and built != known:
            missing.append(f"tables.{table}: columns stand in another order than published; use {', '.join(built)}")
        return missing


def policy_path(settings: Settings) -> Path:
    """Where the site's registry lies."""
    return settings.config_dir / "policy.yml"


def load_policy(settings: Settings) -> Policy:
    """Read and check the registry.

    Raises:
        SettingsError: one line per unknown key, unknown role or attribute, C3 column, or published clear identifier.
    """
    path = policy_path(settings)
    file = _with_sources(settings, load_site_file(path, _File))
    problems = [f"{path}: {problem}" for problem in _problems(file)]
    if problems:
        raise SettingsError(*problems)
    tables = {name: _table(file, name, table) for name, table in file.tables.items()}
    fingerprint = hashlib.sha256(file.model_dump_json().encode()).hexdigest()
    return Policy(roles=file.roles, attributes=file.attributes, tables=tables, fingerprint=fingerprint)


def _with_sources(settings: Settings, file: _File) -> _File:
    """The registry with the attributes of `policy/<source>.yml`, which `mdm source add` writes."""
    attributes = dict(file.attributes)
    problems: list[str] = []
    for path in sorted((settings.config_dir / "policy").glob("*.yml")):
        more = load_site_file(path, _Attributes).attributes
        problems += [
            f"{path}: attribute '{name}' stands elsewhere too; keep one" for name in more if name in attributes
        ]
        attributes |= more
    if problems:
        raise SettingsError(*problems)
    return file.model_copy(update={"attributes": attributes})


def _problems(file: _File) -> Iterator[str]:
    for table_name, table in file.tables.items():
        where = f"tables.{table_name}"
        for key in table.key:
            if key not in table.columns:
                yield f"{where}.key: '{key}' is no column; correct it"
        for name, column in table.columns.items():
            yield from _column_problems(file, f"{where}.columns.{name}", column, column.attribute or name)
        yield from _combination_problems(file, where, table)


def _column_problems(file: _File, where: str, column: _Column, attribute: str) -> Iterator[str]:
    for role in column.roles:
        if role not in file.roles:
            yield f"{where}.roles: unknown role '{role}'; use {', '.join(file.roles)}"
    if attribute not in file.attributes:
        yield f"{where}: no attribute '{attribute}'; classify it under attributes"
        return
    entry = file.attributes[attribute]
    if entry.data_class == "C3" or entry.level >= _NEVER_PUBLISHED:
        yield f"{where}: level {entry.level}, {entry.data_class} is never published; remove the column"


def _combination_problems(file: _File, where: str, table: _Table) -> Iterator[str]:
    """A birth date in clear would fill in the digits that the mask of the number beside it hides."""
    masks = {name: file.attributes[c.attribute or name].mask for name, c in table.columns.items()
             if (c.attribute or name) in file.attributes}  # fmt: skip
    if "document" not in masks.values():
        return
    for name, mask in masks.items():
        if "birth" in name and mask in ("none", "date_to_year"):
            yield f"{where}.columns.{name}: stands beside a masked document number; use mask date_to_decade"


def _table(file: _File, name: str, table: _Table) -> Table:
    columns = tuple(_column(file, column_name, column) for column_name, column in table.columns.items())
    return Table(name=name, zh=table.zh, en=table.en, key=tuple(table.key), columns=columns)


def _column(file: _File, name: str, column: _Column) -> Column:
    attribute = file.attributes[column.attribute or name]
    return Column(
        name=name,
        zh=column.zh or attribute.zh,
        en=column.en or attribute.en,
        level=attribute.level,
        data_class=attribute.data_class,
        mask=attribute.mask,
        organization_mask=attribute.organization_mask or attribute.mask,
        roles=tuple(column.roles),
    )


def dbt_vars(settings: Settings) -> dict[str, Any]:
    """Variables of the published models.

    Returns:
        `policy_masks`: published table → column → `{"person": mask, "organization": mask}`.

    Raises:
        SettingsError: the registry is wrong.
    """
    policy = load_policy(settings)
    return {
        "policy_masks": {
            table.name: {c.name: {"person": c.mask, "organization": c.organization_mask} for c in table.columns}
            for table in policy.tables.values()
        }
    }
