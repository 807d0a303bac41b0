"""A model being proposed, and the rules that follow from what its fields hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from matching.library import spelled_out
from matching.recognise import Column

_MANY = 2_000_000  # pairs that a blocking rule may make by chance in any table; in a larger one as many as it has rows
REPRESENTATIVE = "representative"  # field and comparison of who speaks for a company
_OTHER_NAME = ("one_character", "different")  # levels of a Chinese name that is another one


class Draft:
    """A model growing role by role."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.fields: dict[str, dict[str, Any]] = {}
        self.comparisons: list[dict[str, Any]] = []
        self.keys: dict[str, list[str]] = {}  # purpose -> key columns, for blocking and the certain rules
        self.used: dict[str, str] = {}  # column -> what it is used as
        self.left: dict[str, str] = {}  # column -> why it is not used
        self._alike: dict[str, float] = {}  # field -> the share of pairs of rows that hold the same

    def field(self, name: str, columns: Sequence[Column], kind: str, **options: str | int) -> str:
        """Add a field; returns its name, made different from those there are."""
        number = 1
        base = name
        while name in self.fields:
            number += 1
            name = f"{base}_{number}"
        names = [column.name for column in columns]
        source: dict[str, Any] = {"column": names[0]} if len(names) == 1 else {"columns": names}
        self.fields[name] = {**source, "kind": kind, **options}
        self.used |= dict.fromkeys(names, f"{kind} (field {name})")
        self._alike[name] = 0.0 if "at_most" in options else math.prod(column.alike for column in columns)
        return name

    def compare(self, comparison: str, use: str, /, **of: str) -> None:
        """Add a comparison from the library."""
        self.comparisons.append({"comparison": comparison, "use": use, "of": of})

    def key(self, purpose: str, column: str) -> None:
        """Note a key column for blocking."""
        self.keys.setdefault(purpose, []).append(column)

    def compared(self, *uses: str) -> list[str]:
        """The comparisons made with these comparators."""
        return [item["comparison"] for item in self.comparisons if item["use"] in uses]

    def is_crowded(self, rule: Sequence[str]) -> bool:
        """Whether a blocking rule would make more pairs by chance than are worth looking at."""
        fields = {key.rpartition("_")[0] for key in rule}
        pairs = math.prod(self._alike[name] for name in fields) * self.rows * (self.rows - 1) / 2
        return pairs > max(_MANY, self.rows)


def blocking(draft: Draft) -> list[list[str]]:
    """Rules that reach a true pair by several ways, without those that bring too many others together."""
    keys = draft.keys
    alone = ["number", "contact", "birth", "area", "home", "address", "text", "words"]
    rules = [[key] for purpose in alone for key in keys.get(purpose, [])]
    rules += [[key] for key in keys.get("name", [])]
    if keys.get("parts"):
        rules += [keys["parts"], keys["sounds"]]
    spread = [*keys.get("postcode", [])[:1], *keys.get("place", [])[:2], *keys.get("house", [])[:1]]
    for key in [*keys.get("parts", []), *keys.get("name", [])[:1]]:
        rules += [[key, other] for other in spread]
    for key in keys.get("address", []):
        rules += [[key, other] for other in spread]
    for purpose in ("birth", "numbers"):
        for other in keys.get(purpose, [])[:1]:
            rules += [[key, other] for name in ("name", "sound", "damaged", "sounds") for key in keys.get(name, [])]
            rules += [[key, other] for key in (*keys.get("parts", []), *keys.get("beside", []))]
    rules += [[birth, numbers] for birth in keys.get("birth", []) for numbers in keys.get("numbers", [])]
    unique: dict[tuple[str, ...], list[str]] = {tuple(rule): rule for rule in rules}
    telling = [rule for rule in unique.values() if not draft.is_crowded(rule)]
    return telling or list(unique.values()) or [[next(iter(draft.fields))]]


def certain(draft: Draft) -> list[list[str]]:
    """Rules so strict that what they join is nearly always right: where training starts."""
    keys = draft.keys
    names = [*keys.get("name", [])[:1], *(["+"] if keys.get("parts") else [])]
    expanded = [keys["parts"] if name == "+" else [name] for name in names]
    strong = [key for purpose in ("number", "contact", "birth") for key in keys.get(purpose, [])]
    rules = [[*name, key] for name in expanded for key in strong]
    rules += [[key] for key in keys.get("number", [])] if not rules else []
    for purpose in ("home", "address", "text", "place", "postcode"):
        rules += [[*name, key] for name in expanded for key in keys.get(purpose, [])[:1]] if not strong else []
    return (
        rules or [[key] for key in [*strong, *keys.get("name", []), *keys.get("text", [])]][:1] or blocking(draft)[:1]
    )


def conflicts(draft: Draft) -> list[dict[str, str]]:
    """What two records of one party cannot both have."""
    found = [{"conflict": key.rpartition("_")[0], "value": key} for key in draft.keys.get("valid", [])]
    for name, field in draft.fields.items():
        if field["kind"] in ("latin_name", "surname") and name != REPRESENTATIVE:
            found.append({"conflict": "generation", "value": f"{name}_generation"})
    return found


def guards(draft: Draft) -> list[dict[str, Any]]:
    """Another name links by itself only with a number in common; of a document, the strong identifier says how."""
    numbers = ("code", "email") if strong_identifiers(draft) else ("code", "document")
    lifted = {name: ["same"] for name in draft.compared(*numbers)}
    levels = {"latin_name": ["surname", "one_word", "different"], "chinese_name": list(_OTHER_NAME)}
    return [
        {
            "guard": f"other_{item['comparison']}",
            "comparison": item["comparison"],
            "levels": levels[item["use"]],
            "unless": lifted,
        }
        for item in draft.comparisons
        if item["use"] in levels and item["comparison"] != REPRESENTATIVE
    ]


def strong_identifiers(draft: Draft) -> list[dict[str, Any]]:
    """A document's number joins Chinese names at once: a name that may be the same one, or more in common."""
    names = (item for item in draft.comparisons if item["comparison"] != REPRESENTATIVE)
    named = next((item for item in names if item["use"] == "chinese_name"), None)
    numbered = next((item for item in draft.comparisons if item["use"] == "document"), None)
    if named is None or numbered is None:
        return []
    levels = [level["level"] for level in spelled_out(named)["levels"]]
    needs = [{named["comparison"]: [level for level in levels if level not in _OTHER_NAME]}]
    homes = [{name: ["same", "similar", "numbers"]} for name in draft.compared("chinese_address")]
    phones = [{name: ["same"]} for name in draft.compared("telephone")]
    for birth in draft.compared("date"):
        needs.append({named["comparison"]: ["one_character"], birth: ["same", "swapped", "typo", "two_parts"]})
        needs += [{birth: ["same"], **other} for other in (*homes, *phones)]
    needs += [home | phone for home in homes for phone in phones]
    said = {"rule": "same_document", "label_zh": "同一证件", "label_en": "same document"}
    return [{**said, "key": f"{numbered['of']['number']}_key", "needs": needs}]


def support(draft: Draft) -> int:
    """Bits that two groups must have in common: more where names are Chinese, of which a few are borne by very many."""
    return 2 if draft.compared("chinese_name") else -2
