"""Survivorship rules of the site (`config/survivorship.yml`), checked and handed to dbt.

Which value survives is declared per attribute group and executed in SQL (`dbt_project/macros/golden_*.sql`). Here the
declaration is checked against the columns of the golden models: an attribute that does not exist, that no rule covers
or that two rules cover, and a strategy that does not exist or cannot work on its attribute are refused by name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from warehouse import rules
from warehouse.dbt_contract import model_columns
from warehouse.errors import SettingsError
from warehouse.settings import Settings
from warehouse.site_file import SiteModel, load_site_file

PARTY_TYPES = ("person", "organization")
STRATEGIES = (
    "valid", "current", "verified", "trust", "recent", "frequent", "longest", "complete", "earliest", "script",
)  # fmt: skip
MAX_STRATEGIES = 8  # rank columns of int_golden__candidate
# columns of a golden record that are counted or carried, not chosen
_DERIVED = {"golden_id", "record_count", "source_count", "updated_at", "source_freshness"}
# a strategy that reads a flag named after the rule: `document` + `valid` reads `document_is_valid`
_FLAGS = {"valid": "is_valid", "current": "is_current"}


class Rule(SiteModel):
    """How one group of attributes, which move together, survives."""

    attributes: list[str] = Field(min_length=1)
    strategies: list[str] = Field(min_length=1, max_length=MAX_STRATEGIES)
    otherwise: Literal["record_id", "no_decision"]
    trust: list[str] | None = None


class Survivorship(SiteModel):
    """The whole file: rules per party type, by group name."""

    default_trust: list[str]  # empty: the sources in the order of their names
    person: dict[str, Rule]
    organization: dict[str, Rule]

    def rules(self, party_type: str) -> dict[str, Rule]:
        """The rules of one party type."""
        return self.person if party_type == "person" else self.organization


def golden_attributes(party_type: str) -> list[str]:
    """Columns of the golden model that need a rule."""
    return [column for column in model_columns(f"golden_{party_type}") if column not in _DERIVED]


def load_survivorship(settings: Settings) -> Survivorship:
    """Read and check the site's survivorship rules.

    Raises:
        SettingsError: one line per unknown, missing or doubled attribute and per strategy that cannot work.
    """
    path = settings.config_dir / "survivorship.yml"
    survivorship = load_site_file(path, Survivorship)
    sources = {file.stem for file in (settings.config_dir / "sources").glob("*.yml")}
    if not survivorship.default_trust:
        survivorship = survivorship.model_copy(update={"default_trust": sorted(sources)})
    problems = list(_trust_problems("default_trust", survivorship.default_trust, sources))
    for party_type in PARTY_TYPES:
        problems += _coverage_problems(party_type, survivorship.rules(party_type))
        for group, rule in survivorship.rules(party_type).items():
            problems += _strategy_problems(party_type, group, rule)
            problems += _trust_problems(f"{party_type}.{group}.trust", rule.trust or [], sources)
    if problems:
        raise SettingsError(*_prefixed(path, problems))
    return survivorship


def _prefixed(path: Path, problems: list[str]) -> list[str]:
    return [f"{path}: {problem}" for problem in problems]


def _coverage_problems(party_type: str, groups: dict[str, Rule]) -> Iterator[str]:
    known = golden_attributes(party_type)
    covered = Counter(attribute for rule in groups.values() for attribute in rule.attributes)
    for attribute, count in covered.items():
        if attribute not in known:
            yield f"{party_type}: unknown attribute '{attribute}'; golden_{party_type} has {', '.join(known)}"
        elif count > 1:
            yield f"{party_type}: attribute '{attribute}' has {count} rules; keep one"
    for attribute in known:
        if attribute not in covered:
            yield f"{party_type}: attribute '{attribute}' has no rule; add one"


def _strategy_problems(party_type: str, group: str, rule: Rule) -> Iterator[str]:
    where = f"{party_type}.{group}.strategies"
    observed = model_columns("int_golden__observation")
    for strategy in rule.strategies:
        if strategy not in STRATEGIES:
            yield f"{where}: unknown strategy '{strategy}'; use {', '.join(STRATEGIES)}"
        elif strategy in _FLAGS and f"{group}_{_FLAGS[strategy]}" not in observed:
            yield f"{where}: '{strategy}' does not work here, nothing tells it for '{group}'; remove it"
        elif strategy == "earliest" and observed.get(rule.attributes[0]) != "date":
            yield f"{where}: 'earliest' needs a date, '{rule.attributes[0]}' is none; remove it"
    if len(set(rule.strategies)) < len(rule.strategies):
        yield f"{where}: a strategy stands twice; keep one"


def _trust_problems(where: str, trust: list[str], sources: set[str]) -> Iterator[str]:
    for source in trust:
        if sources and source not in sources:
            yield f"{where}: unknown source '{source}'; the sources are {', '.join(sorted(sources))}"
    if len(set(trust)) < len(trust):
        yield f"{where}: a source stands twice; keep one"


def _compiled(survivorship: Survivorship, party_type: str) -> list[dict[str, Any]]:
    return [
        {
            "group": group,
            "attributes": rule.attributes,
            "strategies": rule.strategies,
            "otherwise": rule.otherwise,
            "trust": rule.trust or survivorship.default_trust,
        }
        for group, rule in survivorship.rules(party_type).items()
    ]


def dbt_vars(settings: Settings) -> dict[str, Any]:
    """Variables of the golden, customer_360 and segment models.

    Returns:
        `survivorship` (party type → list of rules), `segments` (list) and `customer_360` (tiers, rates, windows).

    Raises:
        SettingsError: one line per problem of survivorship.yml, rules/segments.yml or rules/customer_360.yml.
    """
    survivorship = load_survivorship(settings)
    return {
        "survivorship": {party_type: _compiled(survivorship, party_type) for party_type in PARTY_TYPES},
        "segments": [segment.model_dump() for segment in rules.load_segments(settings)],
        "customer_360": rules.load_customer_360(settings).model_dump(mode="json", by_alias=True),
    }
