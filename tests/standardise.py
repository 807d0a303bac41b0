"""The dbt macros of staging and intermediate models, rendered as dbt renders them and run on plain DuckDB."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment

MACROS = Path(__file__).parent.parent / "dbt_project" / "macros"
FILES = (
    "address", "characters", "contact", "document", "hash", "organization_id", "organization_name", "person_name",
    "region", "resident_id", "typing",
)  # fmt: skip


class Adapter:
    """Finds a macro's implementation for DuckDB, as dbt's own adapter does."""

    def __init__(self) -> None:
        self.macros: Any = None

    def dispatch(self, name: str, package: str) -> Callable[..., str]:
        """The implementation `duckdb__<name>`, or `default__<name>`."""
        assert package == "customer_mdm"
        found = getattr(self.macros, f"duckdb__{name}", None) or getattr(self.macros, f"default__{name}", None)
        assert found is not None, f"macro {name} has no implementation"
        return found


@cache
def macros() -> Any:
    """All macros of staging and intermediate models, as a Jinja module."""
    adapter = Adapter()
    environment = Environment(extensions=["jinja2.ext.do"])
    environment.globals |= {"adapter": adapter, "return": lambda value: value}
    text = "\n".join((MACROS / f"{name}.sql").read_text(encoding="utf-8") for name in FILES)
    adapter.macros = environment.from_string(text).module
    return adapter.macros


def sql(name: str, *arguments: Any) -> str:
    """The SQL of one macro."""
    return str(getattr(macros(), name)(*arguments))


def column(expression: str, values: Sequence[Any], sql_type: str = "varchar") -> list[Any]:
    """The expression over a column `value`, in the order of the values."""
    with duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}) as con:
        con.execute(f"create table input (position integer, value {sql_type})")
        con.executemany("insert into input values (?, ?)", list(enumerate(values)))
        return [row[0] for row in con.execute(f"select {expression} from input order by position").fetchall()]


def apply(name: str, *values: Any) -> list[Any]:
    """A macro of one argument over these values."""
    return column(sql(name, "value"), values)
