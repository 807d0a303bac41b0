"""A match model as data: `config/models/<party type>.yml` for the line, any other file for any table.

The file says what is compared and what each degree of agreement is called; numbers in it are the stated defaults,
used until training has seen enough (`matching.train`). What can be wrong with it: `matching.model_check`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
from pydantic import Field, ValidationError, model_validator

from matching.library import spelled_out
from matching.model_check import LINKED_ROW, LINKED_TABLE, model_problems, schema_problem, told
from matching.rules import Argument, asked_columns, condition
from matching.standardise import KINDS
from warehouse.errors import SettingsError
from warehouse.settings import Settings
from warehouse.site_file import SiteModel, read_yaml

PARTY_TYPES = ("person", "organization")
BY_HASH = ("same", "differ")  # what a level asks that hashes of values tell
_NAME = r"^[a-z][a-z0-9_]*$"
Condition = dict[str, Argument | list[Argument]]


class FieldModel(SiteModel):
    """A column of the input and the kind of value in it; the kind decides which comparison keys are derived.

    `columns`: several columns read as one value, with `joined_by` between them (given name and surname; year, month and
    day). `missing`: values that mean nothing (`unknown`, `N/A`), whatever their case. `separator`: a text that holds
    several values, for the kind `list`. `at_most`: a value that more records share means nothing either (info@…).
    """

    column: str | None = Field(None, min_length=1)
    columns: list[str] | None = Field(None, min_length=1)
    joined_by: str = " "
    kind: str = "value"
    missing: list[str] = Field(default_factory=list)
    separator: str | None = Field(None, min_length=1)
    at_most: int | None = Field(None, ge=2)

    @model_validator(mode="after")
    def _one_or_several(self) -> FieldModel:
        if (self.column is None) == (self.columns is None):
            raise ValueError("give either 'column' or 'columns'")
        return self

    @property
    def sources(self) -> list[str]:
        """The columns of the input it is read from."""
        return self.columns or [self.column or ""]

    @property
    def is_plain(self) -> bool:
        """Whether its value is that of one column as it stands."""
        return len(self.sources) == 1 and not (self.missing or self.separator or self.at_most)


class TableModel(SiteModel):
    """One of several tables: what it calls the model's columns (null: it has none), and whether its rows are distinct.

    `distinct`: no two of its rows are one party, so that they are linked with other tables and not with one another.
    """

    columns: dict[str, str | None] = Field(default_factory=dict)
    distinct: bool = False

    def called(self, column: str) -> str | None:
        """What the table calls a column of the model."""
        return self.columns.get(column, column)


class Level(SiteModel):
    """One degree of agreement. `m` and `u`: how often it is seen among matches, among non-matches (stated default).

    `like` names a level of the same comparison whose weight this one has, `less` so many bits: for spellings too rare
    to be counted among non-matches.
    """

    level: str = Field(pattern=_NAME)
    label_zh: str = Field(min_length=1)
    label_en: str = Field(min_length=1)
    when: Condition | Literal["otherwise"]
    m: float = Field(gt=0, lt=1)
    u: float = Field(gt=0, lt=1)
    term_frequency: str | None = None
    like: str | None = None
    less: float = Field(0, ge=0)

    @property
    def sql(self) -> str:
        """The level's condition over `<column>_l` and `<column>_r`."""
        return "ELSE" if self.when == "otherwise" else condition(self.when)


class Comparison(SiteModel):
    """One kind of evidence, its levels from strongest to none; nothing is said when an `absent` column is null."""

    comparison: str = Field(pattern=_NAME)
    label_zh: str = Field(min_length=1)
    label_en: str = Field(min_length=1)
    absent: list[str] = Field(min_length=1)
    incomparable: Condition | None = None
    levels: list[Level] = Field(min_length=2)

    @model_validator(mode="before")
    @classmethod
    def _from_library(cls, given: Any) -> Any:  # noqa: ANN401  # whatever the file holds
        return spelled_out(given) if isinstance(given, Mapping) else given

    @property
    def absent_sql(self) -> str:
        """When there is nothing to compare."""
        nulls = [f'"{column}_{side}" is null' for column in self.absent for side in "lr"]
        return " or ".join([*nulls, condition(self.incomparable)] if self.incomparable else nulls)

    @property
    def columns(self) -> list[str]:
        """Every column the comparison looks at."""
        found = list(self.absent)
        for rules in (self.incomparable, *(level.when for level in self.levels)):
            if isinstance(rules, dict):
                found += asked_columns(rules)
        return sorted(set(found))

    def code(self, name: str) -> int:
        """Splink's number of a level: the last is 0, the first the highest."""
        return next(len(self.levels) - 1 - i for i, level in enumerate(self.levels) if level.level == name)


class BlockingRule(SiteModel):
    """Records that agree on all these keys are compared; a list column counts each of its entries."""

    rule: str = Field(pattern=_NAME)
    keys: list[str] = Field(min_length=1)


class StrongIdentifier(SiteModel):
    """An identifier that joins records, provided each comparison of one of the alternatives is at a named level.

    Where it agrees and no alternative holds, the pair goes to review (two people under one number, 一证两人).
    """

    rule: str = Field(pattern=_NAME)
    label_zh: str
    label_en: str
    key: str
    needs: list[dict[str, list[str]]] = Field(min_length=1)


class Exclusive(SiteModel):
    """A value of which a customer has at most one: within each class, when `within` is given."""

    conflict: str = Field(pattern=_NAME)
    value: str
    within: str | None = None
    classes: list[str] | None = None


class Guard(SiteModel):
    """Pairs that never link by themselves, whatever their weight; they go to review.

    `only`: agreement in these comparisons and no other. `comparison` and `levels`: the comparison is at such a level.
    `unless`: comparison -> levels; one of them reached lifts the guard (another surname, but the same passport).
    """

    guard: str = Field(pattern=_NAME)
    only: list[str] | None = None
    comparison: str | None = None
    levels: list[str] | None = None
    unless: dict[str, list[str]] = Field(default_factory=dict)


class Thresholds(SiteModel):
    """Match weights in bits: at least `link` joins, at least `review` is shown to a steward, below is dropped.

    `conflict_review`: a pair kept apart by an exclusive value is shown when all the rest weighs at least so much.
    """

    link: float
    review: float
    conflict_review: float = 14


class Limits(SiteModel):
    """Guards against merging too much."""

    max_block: int = Field(60, ge=2)  # records sharing a blocking key; larger blocks are reported and left out
    max_pairs: int | None = Field(None, ge=1000)  # of one blocking rule; its largest blocks are left out above that
    max_cluster: int = Field(40, ge=2)  # records of one customer
    ambiguity_margin: float = Field(0, ge=0)  # bits between the best and the next customer a record could belong to
    keep_joined: bool = False  # doubtful pairs of one customer of the day before stay together (docs/matching.md)
    review_per_thousand: float = Field(50, gt=0)  # review pairs per thousand records, the heaviest first
    support: float | None = None  # bits that all pairs between two groups must weigh on average to join them
    compare_all: int = Field(0, ge=0)  # up to so many records every pair is compared, whatever the blocking rules


class DriftRule(SiteModel):
    """When data no longer looks like the training data, and what a run does then."""

    index: float = Field(0.2, gt=0)  # population stability index of a field's gaps or a comparison's levels
    records: float = Field(4, gt=1)  # times as many or as few records
    then: Literal["warn", "stop", "retrain"] = "warn"


class Training(SiteModel):
    """The recipe: chance agreement from random pairs, the rest by expectation maximisation.

    With `blocks`, once per block, and the prior from the strong identifiers. Without, over all compared pairs at once,
    which estimates the prior as well; it starts from the pairs that agree on the keys of a `certain` rule.
    """

    random_pairs: int = Field(1_000_000, ge=1000)
    seed: int = 20260302
    blocks: list[list[str]] = Field(default_factory=list)
    block_pairs: int = Field(200_000, ge=1000)  # at most so many pairs of each block
    stated_pairs: float = Field(100, ge=0)  # matches the stated defaults are worth when mixed with what was seen
    certain: list[list[str]] = Field(
        default_factory=list
    )  # rules so strict that what agrees on all keys is nearly always a match
    label_weight: float = Field(1, ge=0, le=1)  # what a labelled pair is worth: 1 is certain, 0 is not looked at
    certain_recall: float = Field(0.8, gt=0, le=1)  # share of all matches that these or the strong identifiers find
    drift: DriftRule = DriftRule()


class MatchModel(SiteModel):
    """Everything that decides who is the same party.

    `id`: the column that names a record of a table. `tables`: what is special about some of the tables that
    `mdm match` reads, by their names (`matching.several_tables`).
    """

    party_type: str = Field("record", pattern=_NAME)
    id: str | None = None
    tables: dict[str, TableModel] = Field(default_factory=dict)
    fields: dict[Annotated[str, Field(pattern=_NAME)], FieldModel]
    comparisons: list[Comparison] = Field(min_length=1)
    strong_identifiers: list[StrongIdentifier] = Field(default_factory=list)
    blocking: list[BlockingRule] = Field(min_length=1)
    exclusive: list[Exclusive] = Field(default_factory=list)
    guards: list[Guard] = Field(default_factory=list)
    thresholds: Thresholds
    limits: Limits = Limits()
    training: Training = Training()

    def comparison(self, name: str) -> Comparison:
        """The comparison of this name."""
        return next(item for item in self.comparisons if item.comparison == name)

    @property
    def term_frequency_columns(self) -> list[str]:
        """Columns whose value counts weigh."""
        found = {level.term_frequency for item in self.comparisons for level in item.levels if level.term_frequency}
        return sorted(found)

    @property
    def compared_columns(self) -> list[str]:
        """Columns that some comparison looks at."""
        return sorted({column for item in self.comparisons for column in item.columns})

    @property
    def columns(self) -> dict[str, str]:
        """Every column a rule may use, and the field it comes from."""
        known = {name: name for name in self.fields}
        for name, field in self.fields.items():
            known |= {f"{name}_{suffix}": name for suffix in KINDS[field.kind].columns}
        return known

    @property
    def used_columns(self) -> set[str]:
        """The columns that some rule of the model does use."""
        rules = [rule.keys for rule in self.blocking] + [*self.training.blocks, *self.training.certain]
        return {*self.weighed_columns, *(key for keys in rules for key in keys)}

    @property
    def weighed_columns(self) -> set[str]:
        """The columns that a pair is weighed and judged by."""
        return {*self.judged_columns, *self.compared_columns, *self.term_frequency_columns}

    @property
    def judged_columns(self) -> list[str]:
        """The columns whose values on both sides decide besides the levels."""
        classes = {item.within for item in self.exclusive if item.within}
        keys = {strong.key for strong in self.strong_identifiers}
        return sorted({item.value for item in self.exclusive} | classes | keys)

    @property
    def hashed_columns(self) -> set[str]:
        """Columns whose values are compared by their hashes, somewhere between blocks and verdicts."""
        asked = [
            rules for item in self.comparisons for rules in (item.incomparable, *(level.when for level in item.levels))
        ]
        compared = {str(rules[name]) for rules in asked if isinstance(rules, dict) for name in BY_HASH if name in rules}
        blocks = {key for rule in self.blocking for key in rule.keys}
        return {*compared, *blocks, *self.judged_columns, *self.term_frequency_columns} - self.list_columns

    @property
    def list_columns(self) -> set[str]:
        """Columns that hold several values of a record."""
        found = {name for name, field in self.fields.items() if field.kind == "list" or field.separator}
        for name, field in self.fields.items():
            found |= {
                f"{name}_{suffix}" for suffix, kind in KINDS[field.kind].columns.items() if pa.types.is_list(kind)
            }
        return found

    @property
    def has_distinct(self) -> bool:
        """Whether some table's rows are told to be distinct."""
        return any(table.distinct for table in self.tables.values())

    def linking(self) -> MatchModel:
        """The model with the rule that a party has at most one row of a `distinct` table."""
        if not self.has_distinct:
            return self
        fields = self.fields | {name: FieldModel(column=name) for name in (LINKED_TABLE, LINKED_ROW)}
        rule = Exclusive(conflict="same_table", value=LINKED_ROW, within=LINKED_TABLE)
        return self.model_copy(update={"fields": fields, "exclusive": [*self.exclusive, rule]})

    @property
    def structure_hash(self) -> str:
        """Hash of what trained numbers depend on: fields, comparisons without labels, training recipe."""
        shown = self.model_dump(mode="json", include={"fields", "comparisons", "training"}, exclude_defaults=True)
        shown.get("training", {}).pop("drift", None)  # when to train anew changes no number
        if not shown.get("training", True):
            del shown["training"]
        for item in shown["comparisons"]:
            for part in (item, *item["levels"]):
                part.pop("label_zh"), part.pop("label_en")
        return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:16]


def model_path(settings: Settings, party_type: str) -> Path:
    """Where the model of a party type stands."""
    return settings.config_dir / "models" / f"{party_type}.yml"


def line_model(settings: Settings, party_type: str) -> MatchModel:
    """The model of a party type, which the line's one table of records is matched with.

    Raises:
        SettingsError: as of `load_model`; or it speaks of tables of `mdm match`.
    """
    path = model_path(settings, party_type)
    model = load_model(path)
    if model.tables:
        raise SettingsError(
            *told(path, [(("tables",), "tables: only for mdm match; the line has one table; remove it")])
        )
    return model


def load_model(path: Path) -> MatchModel:
    """Read and check a model file.

    Raises:
        SettingsError: one line per unknown or missing key, unknown rule, column, level or comparison.
    """
    content = read_yaml(path)
    try:
        model = MatchModel.model_validate(content)
    except ValidationError as error:
        raise SettingsError(*told(path, map(schema_problem, error.errors()))) from None
    problems = list(model_problems(model))
    if problems:
        raise SettingsError(*told(path, problems))
    return model
