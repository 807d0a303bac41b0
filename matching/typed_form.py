"""What a clerk types, standardised as a run standardises a source's record: by the run's own compiled models.

The models of the standardising layer run over a warehouse of one row in memory; only the reference tables (regions) and
the holders of renewed documents are copied from the real one. Nothing of it is a second way to standardise.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import duckdb

from matching.party import document_holders, gather_parties
from matching.relations import make_table, registered
from warehouse import store
from warehouse.dbt import compiled_sql
from warehouse.errors import SettingsError
from warehouse.settings import Settings

_MODELS = (
    "int_party__source_record", "int_party__document_claim", "int_party__document_written",
    "int_party__document_standardised", "int_party__person_name", "int_party__organization_name",
    "int_party__contact_standardised", "int_address__written", "int_address__located", "int_address__standardised",
    "int_party__record",
)  # fmt: skip
_REFERENCE = ("ref_region_code", "int_address__region_spelling")
_EMPTY = (
    "contract_party", "contract_document_renewal", "contract_contact_change", "source_status", "int_party__document",
    "int_party__contact_point",
)  # fmt: skip
_DATES = ("birth_date", "document_expiry", "opened_date")
_KEY = {"source": "typed", "source_key": "1"}


class TypedForm:
    """The form of one party as a source would deliver it, ready to standardise what is typed; see `open_form`."""

    def __init__(self, con: duckdb.DuckDBPyConnection, models: Mapping[str, str], holders: Mapping[str, str]) -> None:
        self._con, self._models, self._holders = con, models, holders
        described = con.execute("describe warehouse.main.contract_party").fetchall()
        self.columns = [str(row[0]) for row in described if row[0] not in _KEY]

    def standardise(self, party_type: str, typed: Mapping[str, Any]) -> dict[str, Any]:
        """The columns of the model's input, made of what was typed.

        Args:
            party_type: person or organization.
            typed: columns of the contract `party`, in the words of the canonical code sets.

        Raises:
            SettingsError: an unknown field, or a date that is none; one line for each, without values.
        """
        row = self._checked(party_type, typed)
        self._con.execute("use warehouse")
        self._con.execute("delete from contract_party")
        with registered(self._con, "typed", {name: [value] for name, value in row.items()}):
            self._con.execute("insert into contract_party by name select * from typed")
        for name, sql in self._models.items():
            self._con.execute(f"create or replace table {name} as {sql}")
        self._con.execute("use memory")
        gather_parties(self._con)
        result = self._con.execute(f"select * from party_{party_type}")
        names = [str(column[0]) for column in result.description or []]
        found = dict(zip(names, result.fetchone() or (), strict=True))
        holder = found.get("document_holder")
        return found | {"document_holder": self._holders.get(holder, holder)} if holder else found

    def _checked(self, party_type: str, typed: Mapping[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(typed) - set(self.columns))
        problems = [f"typed field '{name}': unknown; there are {', '.join(self.columns)}" for name in unknown]
        row: dict[str, Any] = {**_KEY, **{name: value for name, value in typed.items() if value not in (None, "")}}
        for name in _DATES:
            if name in row:
                try:
                    row[name] = dt.date.fromisoformat(str(row[name]))
                except ValueError:
                    problems.append(f"typed field '{name}': not a date; write YYYY-MM-DD")
        if problems:
            raise SettingsError(*problems)
        return row | {"party_type": party_type}


def open_form(settings: Settings) -> TypedForm:
    """The form, with the models of the newest run.

    Raises:
        NotFoundError: no run was made yet.
    """
    models = {name: compiled_sql(settings, name) for name in _MODELS}
    con = duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": False})
    con.execute(f"attach ':memory:' as {store.CATALOG}")
    with store.connect(settings, read_only=True) as real:
        for name in (*_REFERENCE, *_EMPTY):
            rows = real.execute(f"from {name}{' limit 0' if name in _EMPTY else ''}").to_arrow_table()
            make_table(con, f"{store.CATALOG}.main.{name}", rows)
        holders = document_holders(real)
    return TypedForm(con, models, holders)
