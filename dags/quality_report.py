"""What `mdm quality` prints: scores with their change, and rows in quarantine as far as masks let them through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from quality.scorecard import Score
from warehouse.errors import NotFoundError


def score_document(scores: Sequence[Score]) -> list[dict[str, Any]]:
    """Scores for programs."""
    return [
        {"source": one.source, "dimension": one.dimension, "element": one.element, "numerator": one.numerator,
         "denominator": one.denominator, "score": round(one.value, 6), "trend": [round(v, 6) for v in one.trend]}
        for one in scores
    ]  # fmt: skip


def print_scores(scores: Sequence[Score], title: str, console: Console) -> None:
    """Scores for people."""
    table = Table(title=title)
    for heading in ("source", "dimension", "element", "score", "change", "good", "counted"):
        table.add_column(heading, justify="right" if heading in ("score", "change", "good", "counted") else "left")
    for one in scores:
        change = "" if one.change is None else f"{one.change * 100:+.2f}"
        shown = (f"{one.value * 100:.2f} %", change, f"{one.numerator:,}", f"{one.denominator:,}")
        table.add_row(one.source, one.dimension, one.element or "all", *shown)
    console.print(table)


def print_items(items: Sequence[dict[str, Any]], console: Console) -> None:
    """Rows in quarantine for people."""
    table = Table(title=f"quarantine: {len(items)} rows")
    for heading in (
        "item",
        "source",
        "table",
        "branch",
        "rules",
        "first seen",
        "state",
        "closed by",
        "masked values",
    ):
        table.add_column(heading)
    for one in items:
        values = ", ".join(f"{name}={value}" for name, value in one["values"].items())
        rules, branch = ", ".join(one["rules"]), one["branch_code"] or "head office"
        table.add_row(one["item"][:12], one["source"], one["table"], branch, rules, one["first_seen"], one["state"],
                      one["closed_by"] or "", values)  # fmt: skip
    console.print(table)


def parse_settings(pairs: Sequence[str]) -> tuple[dict[str, str | None], list[str]]:
    """Corrections as typed: `column=value`, `column=` for no value, or a column alone, whose value is asked for.

    Returns:
        Values by column, and the columns to ask for.

    Raises:
        NotFoundError: a part without a column name.
    """
    if any(pair.startswith("=") for pair in pairs):
        raise NotFoundError("option --set: no column name before '='; write column=value")
    given = [pair.partition("=") for pair in pairs]
    return {name: value or None for name, sign, value in given if sign}, [name for name, sign, _ in given if not sign]
