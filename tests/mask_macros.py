"""The mask macros of dbt, rendered without dbt, so that DuckDB can run them by the thousand."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2

from warehouse.settings import ROOT

MACROS = ROOT / "dbt_project" / "macros"


@cache
def _module() -> Any:
    text = "".join((MACROS / name).read_text(encoding="utf-8") for name in ("mask_fields.sql", "mask_column.sql"))
    found: dict[str, Any] = {}
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], undefined=jinja2.StrictUndefined)
    environment.globals |= {
        "return": lambda value: value,
        "adapter": SimpleNamespace(dispatch=lambda name: getattr(found["module"], f"duckdb__{name}")),
        "source": lambda schema, table: table,
    }
    found["module"] = environment.from_string(text).module
    return found["module"]


def sql_mask(name: str) -> Callable[[list[str | None]], list[str | None]]:
    """A mask of SQL as a function over a list of values."""
    query = f"select {_module().mask_value(name, 'value')} from (select unnest($values::varchar[]) as value)"
    con = duckdb.connect()

    def apply(values: list[str | None]) -> list[str | None]:
        return [row[0] for row in con.execute(query, {"values": values}).fetchall()]

    return apply


def sql_token(key: str, values: list[str]) -> list[str]:
    """Tokens of SQL."""
    with duckdb.connect() as con:
        con.execute("create table token_key (key varchar)")
        con.execute("insert into token_key values (?)", [key])
        query = f"select {_module().mask_token('value')} from (select unnest($values::varchar[]) as value)"
        return [row[0] for row in con.execute(query, {"values": values}).fetchall()]
