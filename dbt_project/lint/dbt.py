"""What `dbt` is while sqlfluff renders a model: its date macros as plain expressions."""

from __future__ import annotations


def datediff(first_date: str, second_date: str, datepart: str) -> str:
    """Days, months, … from the first to the second date."""
    return f"date_diff('{datepart}', {first_date}, {second_date})"


def dateadd(datepart: str, interval: int, from_date_or_timestamp: str) -> str:
    """The date so many days, months, … later."""
    return f"{from_date_or_timestamp} + interval ({interval}) {datepart}"
