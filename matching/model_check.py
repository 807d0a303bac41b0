"""What is wrong with a model file: every problem at once, each with its line and key."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from matching.rules import RULES, condition
from matching.standardise import KINDS

if TYPE_CHECKING:
    from matching.model import Comparison, Condition, Level, MatchModel

Place = tuple[str | int, ...]
Problem = tuple[Place, str]
LINKED_TABLE, LINKED_ROW = "linked_table", "linked_row"  # fields that hold rows of a table apart
_RESERVED = frozenset(("record_id", "unit", "key", "n", LINKED_TABLE, LINKED_ROW))


def told(path: Path, problems: Iterable[Problem]) -> list[str]:
    """Problems of a file as lines for the user."""
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    return [f"{path}, line {_line(root, place)}: {text}" for place, text in problems]


def _line(root: Any, place: Place) -> int:  # noqa: ANN401  # PyYAML's nodes
    """The line of a key, or of the nearest thing around it that the file does hold."""
    node, line = root, 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def schema_problem(item: Any) -> Problem:  # noqa: ANN401  # pydantic's error dictionaries are untyped
    """What the schema says of a file: a key missing, unknown or of a wrong form."""
    where = ".".join(str(part) for part in item["loc"]) or "file"
    words = {"extra_forbidden": "unknown key; remove it or correct its name", "missing": "missing; add it"}
    text = words.get(item["type"]) or f"{item['msg'].removeprefix('Value error, ')}; correct it"
    return item["loc"], f"{where}: {text}"


def model_problems(model: MatchModel) -> Iterator[Problem]:
    """What a file of the right form still gets wrong: names that lead nowhere, rules without their columns."""
    for name in sorted(_RESERVED.intersection(model.fields)):
        yield ("fields", name), f"fields.{name}: this name is used inside; choose another"
    unknown = [name for name, field in model.fields.items() if field.kind not in KINDS]
    for name in unknown:
        text = f"fields.{name}: unknown kind '{model.fields[name].kind}'; kinds are {', '.join(KINDS)}"
        yield ("fields", name, "kind"), text
    if unknown:
        return
    for place, item in enumerate(model.comparisons):
        yield from (((("comparisons", place, *inner)), text) for inner, text in _comparison_problems(model, item))
    yield from _duplicates(model)
    yield from _reference_problems(model)
    if not model.thresholds.review <= model.thresholds.link:
        yield ("thresholds",), "thresholds: review is above link; it must not be"


def _duplicates(model: MatchModel) -> Iterator[Problem]:
    for section, names in (
        ("comparisons", [item.comparison for item in model.comparisons]),
        ("blocking", [item.rule for item in model.blocking]),
    ):
        for place, name in enumerate(names):
            if name in names[:place]:
                yield (section, place), f"{section}: two are called '{name}'; rename one"


def _comparison_problems(model: MatchModel, item: Comparison) -> Iterator[Problem]:
    where = f"comparison '{item.comparison}'"
    if len({level.level for level in item.levels}) < len(item.levels):
        yield (), f"{where}: two levels have the same name; rename one"
    if item.levels[-1].when != "otherwise" or any(level.when == "otherwise" for level in item.levels[:-1]):
        yield (), f"{where}: exactly the last level must be 'otherwise'"
    for text in _unknown(where, "column", item.absent, model.columns):
        yield ("absent",), text
    if item.incomparable:
        for text in _condition_problems(where, item.incomparable, model.columns):
            yield ("incomparable",), text
    for place, level in enumerate(item.levels):
        for key, text in _level_problems(where, item, level, model):
            yield ("levels", place, key), text


def _level_problems(where: str, item: Comparison, level: Level, model: MatchModel) -> Iterator[tuple[str, str]]:
    if isinstance(level.when, dict):
        for text in _condition_problems(where, level.when, model.columns):
            yield "when", text
    for text in _unknown(where, "level", [level.like] if level.like else [], [other.level for other in item.levels]):
        yield "like", text
    frequency = [level.term_frequency] if level.term_frequency else []
    for text in _unknown(where, "column", frequency, model.columns):
        yield "term_frequency", text
    if frequency and not any(other.when == {"same": level.term_frequency} for other in item.levels):
        yield "term_frequency", f"{where}: no level is 'same: {level.term_frequency}', which its term frequency needs"


def _condition_problems(where: str, conditions: Condition, columns: Container[str]) -> Iterator[str]:
    yield from _unknown(where, "rule", conditions, RULES)
    for name, arguments in conditions.items():
        given = arguments if isinstance(arguments, list) else [arguments]
        yield from _unknown(where, "column", [text for text in given if isinstance(text, str)], columns)
        if name in RULES:
            try:
                condition({name: arguments})
            except TypeError:
                yield f"{where}: rule '{name}' takes other arguments; see docs/matching.md"


def _reference_problems(model: MatchModel) -> Iterator[Problem]:
    for place, rule in enumerate(model.blocking):
        where = f"blocking rule '{rule.rule}'"
        for text in _unknown(where, "column", rule.keys, model.columns):
            yield ("blocking", place, "keys"), text
        if len(model.list_columns.intersection(rule.keys)) > 1:
            yield ("blocking", place, "keys"), f"{where}: more than one list among its keys; keep one list column"
    yield from _strong_problems(model)
    yield from _guard_problems(model)
    for place, item in enumerate(model.exclusive):
        used = [item.value, *([item.within] if item.within else [])]
        for text in _unknown(f"exclusive '{item.conflict}'", "column", used, model.columns):
            yield ("exclusive", place), text
    for name, rules in (("blocks", model.training.blocks), ("certain", model.training.certain)):
        for place, keys in enumerate(rules):
            for text in _unknown("training", "column", keys, model.columns):
                yield ("training", name, place), text
    if not model.training.blocks and not model.training.certain and not model.strong_identifiers:
        yield ("training",), "training: give 'certain' rules (or 'blocks'), so that there is a start; add one"


def _strong_problems(model: MatchModel) -> Iterator[Problem]:
    levels_of = {item.comparison: [level.level for level in item.levels] for item in model.comparisons}
    for place, strong in enumerate(model.strong_identifiers):
        where = f"strong identifier '{strong.rule}'"
        for text in _unknown(where, "column", [strong.key], model.columns):
            yield ("strong_identifiers", place, "key"), text
        for name, levels in (entry for alternative in strong.needs for entry in alternative.items()):
            for text in (*_unknown(where, "comparison", [name], levels_of), *_levels(where, levels, levels_of, name)):
                yield ("strong_identifiers", place, "needs"), text


def _guard_problems(model: MatchModel) -> Iterator[Problem]:
    levels_of = {item.comparison: [level.level for level in item.levels] for item in model.comparisons}
    for place, guard in enumerate(model.guards):
        where = f"guard '{guard.guard}'"
        named = [*(guard.only or []), *([guard.comparison] if guard.comparison else [])]
        for text in _unknown(where, "comparison", named, levels_of):
            yield ("guards", place), text
        for text in _levels(where, guard.levels or [], levels_of, guard.comparison or ""):
            yield ("guards", place, "levels"), text
        for name, levels in guard.unless.items():
            for text in (*_unknown(where, "comparison", [name], levels_of), *_levels(where, levels, levels_of, name)):
                yield ("guards", place, "unless"), text


def _levels(where: str, levels: list[str], levels_of: dict[str, list[str]], comparison: str) -> list[str]:
    return list(_unknown(where, "level", levels, levels_of[comparison])) if comparison in levels_of else []


def _unknown(where: str, what: str, used: Iterable[str], known: Container[str]) -> Iterator[str]:
    for name in used:
        if name not in known:
            yield f"{where}: unknown {what} '{name}'; correct it"
