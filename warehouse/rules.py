"""Business rules of the site as data: segments and the figures of the customer view (`config/rules/*.yml`).

A segment's condition is a small piece of SQL over the columns of `customer_360`. It is taken in only after two checks:
its words are known (columns, operators, literals; no function, no sub-query), and DuckDB accepts it as a true/false
expression over columns of these types.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import duckdb
from pydantic import Field

from warehouse.dbt_contract import model_columns
from warehouse.errors import SettingsError
from warehouse.settings import Settings
from warehouse.site_file import SiteModel, load_site_file

_CODE = r"^[a-z][a-z0-9_]{0,62}$"
_WORDS = {"and", "or", "not", "is", "null", "in", "between", "true", "false"}
_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<number>\d+(?:\.\d+)?)|(?P<text>'[^'\\{}]*')|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<sign><=|>=|<>|[=<>+\-*/(),])|(?P<other>.)"
)


class Segment(SiteModel):
    """A named group of customers."""

    code: str = Field(pattern=_CODE)
    name_zh: str = Field(min_length=1)
    name_en: str = Field(min_length=1)
    description: str = Field(min_length=1)
    condition: str = Field(min_length=1)


class _Segments(SiteModel):
    segments: list[Segment]


class Tier(SiteModel):
    """Customers whose assets under management reach `from` (CNY)."""

    code: str = Field(pattern=_CODE)
    name_zh: str
    name_en: str
    from_: Decimal = Field(alias="from", ge=0)


class Windows(SiteModel):
    """Lengths in days, counted back from the business day."""

    wage_days: int = Field(ge=1)
    activity_days: int = Field(ge=1)
    login_days: int = Field(ge=1)
    comparison_days: int = Field(ge=1)


class Customer360Rules(SiteModel):
    """Figures behind the customer view."""

    tiers: list[Tier] = Field(min_length=1)
    exchange_rates: dict[str, Decimal]
    passive_transaction_types: list[str]
    windows: Windows


def load_customer_360(settings: Settings) -> Customer360Rules:
    """Read and check the figures of the customer view; tiers come back highest first.

    Raises:
        SettingsError: one line per problem.
    """
    path = settings.config_dir / "rules" / "customer_360.yml"
    figures = load_site_file(path, Customer360Rules)
    problems = list(_figure_problems(figures))
    if problems:
        raise SettingsError(*(f"{path}: {problem}" for problem in problems))
    tiers = sorted(figures.tiers, key=lambda tier: tier.from_, reverse=True)
    return figures.model_copy(update={"tiers": tiers})


def _figure_problems(figures: Customer360Rules) -> Iterator[str]:
    for name, values in (("code", [t.code for t in figures.tiers]), ("from", [t.from_ for t in figures.tiers])):
        if len(set(values)) < len(values):
            yield f"tiers: two tiers have the same {name}; change one"
    if min(tier.from_ for tier in figures.tiers) != 0:
        yield "tiers: no tier starts at 0; every customer needs one"
    for currency, rate in figures.exchange_rates.items():
        if not re.fullmatch(r"[A-Z]{3}", currency) or rate <= 0:
            yield f"exchange_rates.{currency}: needs a three-letter currency and a rate above 0; correct it"
    if figures.exchange_rates.get("CNY") != 1:
        yield "exchange_rates.CNY: must be 1; amounts are in CNY"
    for transaction_type in figures.passive_transaction_types:
        if not re.fullmatch(_CODE, transaction_type):
            yield "passive_transaction_types: a type is not a plain code; correct it"


def load_segments(settings: Settings) -> list[Segment]:
    """Read and check the segments, in the order of the file.

    Raises:
        SettingsError: one line per unknown column, forbidden word or condition that is none.
    """
    path = settings.config_dir / "rules" / "segments.yml"
    segments = load_site_file(path, _Segments).segments
    codes = Counter(segment.code for segment in segments)
    problems = [f"segment '{code}' stands {count} times; keep one" for code, count in codes.items() if count > 1]
    for segment in segments:
        found = condition_problems(segment.condition, model_columns("customer_360"))
        problems += [f"segment '{segment.code}': {problem}" for problem in found]
    if problems:
        raise SettingsError(*(f"{path}: {problem}" for problem in problems))
    return segments


def condition_problems(condition: str, columns: dict[str, str]) -> list[str]:
    """What is wrong with a condition over typed columns; empty when it can be used."""
    problems = list(_word_problems(condition, columns))
    return problems or list(_type_problems(condition, columns))


def _word_problems(condition: str, columns: dict[str, str]) -> Iterator[str]:
    if "--" in condition or "/*" in condition:
        yield "a comment is not allowed in a condition; use the description"
    depth, before = 0, ""
    for token in _TOKEN.finditer(condition):
        kind, text = token.lastgroup, token.group()
        if kind == "space":
            continue
        if kind == "word" and text.lower() not in _WORDS and text not in columns:
            yield f"unknown column '{text}'; customer_360 has {', '.join(columns)}"
        if kind == "other":
            yield f"character {token.start() + 1}: {text!r} is not allowed in a condition; remove it"
        if text == "(" and before in columns:
            yield f"'{before}(…)': functions are not allowed in a condition; use the columns of customer_360"
        depth += {"(": 1, ")": -1}.get(text, 0)
        if depth < 0 or (text == "," and depth == 0):
            yield f"character {token.start() + 1}: {text!r} stands outside of parentheses; correct it"
            return
        before = text
    if depth > 0:
        yield "a parenthesis is not closed; close it"


def _type_problems(condition: str, columns: dict[str, str]) -> Iterator[str]:
    row = ", ".join(f'cast(null as {kind}) as "{name}"' for name, kind in columns.items())
    with duckdb.connect() as con:
        try:
            result = con.execute(f"select ({condition}) as fulfilled from (select {row})").description
        except duckdb.Error as error:
            yield f"not a condition ({str(error).splitlines()[0]}); correct it"
            return
    if str(result[0][1]).upper() not in ("BOOL", "BOOLEAN"):
        yield "gives a value, not true or false; compare it with something"
