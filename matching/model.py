"""A match model as data: `config/models/<party type>.yml`, checked, and turned into Splink's settings.

The file says what is compared and what each degree of agreement is called; numbers in it are the stated defaults,
used until training has seen enough (`matching.train`). This module reads one file and does nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import pyarrow as pa
from pydantic import Field

from matching.rules import RULES, Argument, condition
from matching.standardise import KINDS
from warehouse.errors import SettingsError
from warehouse.settings import Settings
from warehouse.site_file import SiteModel, load_site_file

PARTY_TYPES = ("person", "organization")
_NAME = r"^[a-z][a-z0-9_]*$"
Condition = dict[str, Argument | list[Argument]]


class FieldModel(SiteModel):
    """A column of the input and the kind of value in it; the kind decides which comparison keys are derived."""

    column: str = Field(pattern=_NAME)
    kind: str = "value"


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
                for given in rules.values():
                    found += [a for a in (given if isinstance(given, list) else [given]) if isinstance(a, str)]
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
    """

    guard: str = Field(pattern=_NAME)
    only: list[str] | None = None
    comparison: str | None = None
    levels: list[str] | None = None


class Thresholds(SiteModel):
    """Match weights in bits: at least `link` joins, at least `review` is shown to a steward, below is dropped.

    `conflict_review`: a pair kept apart by an exclusive value is shown when all the rest weighs at least so much.
    """

    link: float
    review: float
    conflict_review: float


class Limits(SiteModel):
    """Guards against merging too much."""

    max_block: int = Field(ge=2)  # records sharing a blocking key; larger blocks are reported and left out
    max_cluster: int = Field(ge=2)  # records of one customer
    ambiguity_margin: float = Field(ge=0)  # bits between the best and the next customer a record could belong to
    keep_joined: bool  # doubtful pairs of one customer of the day before stay together (docs/matching.md)
    review_per_thousand: float = Field(gt=0)  # review pairs per thousand records, the heaviest first


class Training(SiteModel):
    """The recipe: chance agreement from random pairs, the rest by expectation maximisation, run once per `blocks`."""

    random_pairs: int = Field(ge=1000)
    seed: int
    blocks: list[list[str]] = Field(min_length=1)
    block_pairs: int = Field(ge=1000)  # at most so many pairs of each block
    stated_pairs: float = Field(ge=0)  # how many matches the stated defaults are worth when mixed with what was seen
    certain_recall: float = Field(gt=0, le=1)  # share of all matches that the strong identifiers find


class MatchModel(SiteModel):
    """Everything that decides who is the same party."""

    party_type: Literal["person", "organization"]
    fields: dict[str, FieldModel]
    comparisons: list[Comparison] = Field(min_length=1)
    strong_identifiers: list[StrongIdentifier]
    blocking: list[BlockingRule] = Field(min_length=1)
    exclusive: list[Exclusive]
    guards: list[Guard]
    thresholds: Thresholds
    limits: Limits
    training: Training

    def comparison(self, name: str) -> Comparison:
        """The comparison of this name."""
        return next(item for item in self.comparisons if item.comparison == name)

    @property
    def term_frequency_columns(self) -> list[str]:
        """Columns whose value counts weigh."""
        found = {level.term_frequency for item in self.comparisons for level in item.levels if level.term_frequency}
        return sorted(found)

    @property
    def columns(self) -> dict[str, str]:
        """Every column a rule may use, and the field it comes from."""
        known = {name: name for name in self.fields}
        for name, field in self.fields.items():
            known |= {f"{name}_{suffix}": name for suffix in KINDS[field.kind].columns}
        return known

    @property
    def list_columns(self) -> set[str]:
        """Columns that hold several values of a record."""
        found = {name for name, field in self.fields.items() if field.kind == "list"}
        for name, field in self.fields.items():
            found |= {
                f"{name}_{suffix}" for suffix, kind in KINDS[field.kind].columns.items() if pa.types.is_list(kind)
            }
        return found

    @property
    def structure_hash(self) -> str:
        """Hash of what trained numbers depend on: fields, comparisons without labels, training recipe."""
        shown = self.model_dump(mode="json", include={"fields", "comparisons", "training"})
        for item in shown["comparisons"]:
            for part in (item, *item["levels"]):
                part.pop("label_zh"), part.pop("label_en")
        return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:16]


def model_path(settings: Settings, party_type: str) -> Path:
    """Where the model of a party type stands."""
    return settings.config_dir / "models" / f"{party_type}.yml"


def load_model(path: Path) -> MatchModel:
    """Read and check a model file.

    Raises:
        SettingsError: one line per unknown or missing key, unknown rule, column, level or comparison.
    """
    model = load_site_file(path, MatchModel)
    problems = [f"{path}: {problem}" for problem in _problems(model)]
    if problems:
        raise SettingsError(*problems)
    return model


def _problems(model: MatchModel) -> Iterator[str]:
    for name, field in model.fields.items():
        if field.kind not in KINDS:
            yield f"fields.{name}: unknown kind '{field.kind}'; kinds are {', '.join(KINDS)}"
            return
    for item in model.comparisons:
        yield from _comparison_problems(model, item)
    yield from _reference_problems(model)


def _comparison_problems(model: MatchModel, item: Comparison) -> Iterator[str]:
    where = f"comparison '{item.comparison}'"
    names = [level.level for level in item.levels]
    if len(set(names)) < len(names):
        yield f"{where}: two levels have the same name; rename one"
    if item.levels[-1].when != "otherwise" or any(level.when == "otherwise" for level in item.levels[:-1]):
        yield f"{where}: exactly the last level must be 'otherwise'"
    yield from _unknown(where, "column", item.absent, model.columns)
    for conditions in (item.incomparable, *(level.when for level in item.levels)):
        if isinstance(conditions, dict):
            yield from _condition_problems(where, conditions, model.columns)
    for level in item.levels:
        yield from _unknown(where, "level", [level.like] if level.like else [], names)
        frequency = [level.term_frequency] if level.term_frequency else []
        yield from _unknown(where, "column", frequency, model.columns)
        if frequency and not any(other.when == {"same": level.term_frequency} for other in item.levels):
            yield f"{where}: no level is 'same: {level.term_frequency}', which its term frequency needs"


def _condition_problems(where: str, conditions: Condition, columns: dict[str, str]) -> Iterator[str]:
    yield from _unknown(where, "rule", conditions, RULES)
    for arguments in conditions.values():
        given = arguments if isinstance(arguments, list) else [arguments]
        yield from _unknown(where, "column", [text for text in given if isinstance(text, str)], columns)


def _reference_problems(model: MatchModel) -> Iterator[str]:
    comparisons = {item.comparison: [level.level for level in item.levels] for item in model.comparisons}
    for rule in model.blocking:
        yield from _unknown(f"blocking rule '{rule.rule}'", "column", rule.keys, model.columns)
        if len(model.list_columns.intersection(rule.keys)) > 1:
            yield f"blocking rule '{rule.rule}': more than one list among its keys; keep one list column"
    for strong in model.strong_identifiers:
        yield from _unknown(f"strong identifier '{strong.rule}'", "column", [strong.key], model.columns)
        for name, levels in (entry for alternative in strong.needs for entry in alternative.items()):
            yield from _unknown(f"strong identifier '{strong.rule}'", "level", levels, comparisons.get(name, []))
    for guard in model.guards:
        named = [*(guard.only or []), *([guard.comparison] if guard.comparison else [])]
        yield from _unknown(f"guard '{guard.guard}'", "comparison", named, comparisons)
        yield from _unknown(
            f"guard '{guard.guard}'", "level", guard.levels or [], comparisons.get(guard.comparison or "", [])
        )
    for item in model.exclusive:
        used = [item.value, *([item.within] if item.within else [])]
        yield from _unknown(f"exclusive '{item.conflict}'", "column", used, model.columns)
    for block in model.training.blocks:
        yield from _unknown("training", "column", block, model.columns)
    if not model.thresholds.review <= model.thresholds.link:
        yield "thresholds: review is above link; it must not be"


def _unknown(where: str, what: str, used: Sequence[str] | Condition, known: object) -> Iterator[str]:
    for name in used:
        if name not in known:  # type: ignore[operator]
            yield f"{where}: unknown {what} '{name}'; correct it"
