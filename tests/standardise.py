"""The macros and the standardising models, rendered as dbt renders them and run on plain DuckDB."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment

PROJECT = Path(__file__).parent.parent / "dbt_project"
MACROS = PROJECT / "macros"
BUSINESS_DAY = "2026-03-02"
FILES = (
    "address", "business_day", "card", "characters", "contact", "contract", "document", "hash", "organization_id",
    "organization_name", "person_name", "region", "resident_id", "stated_forms", "typing",
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


def _environment(adapter: Adapter) -> Environment:
    environment = Environment(extensions=["jinja2.ext.do"])
    environment.globals |= {
        "adapter": adapter,
        "return": lambda value: value,
        "ref": lambda name: name,
        "source": lambda group, name: name,
        "config": lambda **settings: "",
        "env_var": lambda name, default: BUSINESS_DAY if name == "MDM_DBT_AS_OF" else default,
    }
    return environment


def _macro_text() -> str:
    return "\n".join((MACROS / f"{name}.sql").read_text(encoding="utf-8") for name in FILES)


@cache
def macros() -> Any:
    """All macros of staging and intermediate models, as a Jinja module."""
    adapter = Adapter()
    adapter.macros = _environment(adapter).from_string(_macro_text()).module
    return adapter.macros


@cache
def model(name: str) -> str:
    """The SQL of one intermediate model; other models are tables of their own name."""
    path = next((PROJECT / "models" / "intermediate").rglob(f"{name}.sql"))
    adapter = Adapter()
    environment = _environment(adapter)
    adapter.macros = macros()
    return environment.from_string(f"{_macro_text()}\n{path.read_text(encoding='utf-8')}").render().strip()


def connect() -> duckdb.DuckDBPyConnection:
    """A plain DuckDB in memory that loads nothing from outside."""
    return duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})


def seed(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """A seed as a table, typed as dbt_project.yml says for codes and years."""
    types = {"code": "varchar", "successor": "varchar", "valid_from": "integer", "valid_to": "integer"}
    path = str(PROJECT / "seeds" / f"{name}.csv")
    relation = con.read_csv(path, header=True, all_varchar=True)
    typed = ", ".join(f"cast({c} as {types.get(c, 'varchar')}) as {c}" for c in relation.columns)
    con.execute(f"create table {name} as select {typed} from relation")


def build(con: duckdb.DuckDBPyConnection, *names: str) -> None:
    """Models as tables, in this order."""
    for name in names:
        con.execute(f"create or replace table {name} as {model(name)}")


def region_models(con: duckdb.DuckDBPyConnection) -> None:
    """The names of regions, as `int_address__region_spelling` and what it is made of."""
    seed(con, "ref_region")
    build(con, *(f"int_address__{name}" for name in ("region", "region_name", "region_spelling")))


def address_models(con: duckdb.DuckDBPyConnection, addresses: Iterable[str]) -> None:
    """The standardised form of these addresses, as `int_address__standardised`."""
    region_models(con)
    con.execute("create table int_party__source_record (address varchar)")
    con.execute("create table contract_contact_change (kind varchar, old_value varchar, new_value varchar)")
    con.execute("insert into int_party__source_record select unnest(?)", [list(addresses)])
    build(con, "int_address__written", "int_address__located", "int_address__standardised")


def sql(name: str, *arguments: Any) -> str:
    """The SQL of one macro."""
    return str(getattr(macros(), name)(*arguments))


def column(expression: str, values: Sequence[Any], sql_type: str = "varchar") -> list[Any]:
    """The expression over a column `value`, in the order of the values."""
    with connect() as con:
        numbered = "select unnest(?) as value, generate_subscripts(?, 1) as position"
        listed = [list(values), list(range(len(values)))]
        con.execute(
            f"create table input as select position, cast(value as {sql_type}) as value from ({numbered})", listed
        )
        return [row[0] for row in con.execute(f"select {expression} from input order by position").fetchall()]


def apply(name: str, *values: Any) -> list[Any]:
    """A macro of one argument over these values."""
    return column(sql(name, "value"), values)
