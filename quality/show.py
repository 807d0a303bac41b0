"""Rows in quarantine as people may see them: the suite's masks decide, what has no mask stays sealed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq

from masking.fields import mask
from quality.quarantine import PURPOSE, open_payload
from quality.reentry import unreleasable_rules
from quality.source_tables import source_tables
from quality.suites import TableSuite, source_suites
from warehouse import landing, store
from warehouse.settings import Settings
from warehouse.vault import Vault

_ITEMS = """
    select item, source, table_name, max(branch_code), min(first_seen), list_sort(list(distinct rule)),
        any_value(state), any_value(closed_by), count(distinct (as_of, delivery, row_number)),
        max(as_of), max(delivery), any_value(payload)
    from (
        select * from quarantine
        qualify dense_rank() over (partition by item order by as_of desc, delivery desc) = 1
    )
    group by item, source, table_name
    order by source, table_name, min(first_seen), item
"""


@dataclass(frozen=True)
class Item:
    """A row in quarantine, once per content: where, whose, since when, which rules, in which state."""

    item: str
    source: str
    table: str
    branch_code: str | None
    first_seen: dt.date
    rules: list[str]
    state: str
    closed_by: str | None
    rows: int
    delivered_on: dt.date
    delivery: int
    payload: bytes | None

    def shown(self, vault: Vault, suite: TableSuite | None) -> dict[str, str]:
        """Its values as the masks of the suite let them through."""
        masks = suite.masks if suite else {}
        clear = self.clear(vault)
        # a token says nothing to a reader
        return {
            name: mask("text" if how == "token" else how, clear[name]) or ""
            for name, how in masks.items()
            if name in clear
        }

    def clear(self, vault: Vault) -> dict[str, str]:
        """Its values; empty once they have expired."""
        return {} if self.payload is None else open_payload(vault, self.item, self.payload)


def quarantine_items(settings: Settings) -> list[Item]:
    """Every item of the newest run, by source and table; empty before the first run."""
    with store.connect(settings, read_only=True) as con:
        if not store.table_exists(con, "quarantine"):
            return []
        rows = con.execute(_ITEMS).fetchall()
    return [Item(*row) for row in rows]


def as_document(settings: Settings, items: list[Item]) -> list[dict[str, Any]]:
    """Items for people and programs, masked."""
    vault = Vault(settings, PURPOSE)
    suites = {source: source_suites(settings, source) for source in {item.source for item in items}}
    return [
        {
            "item": one.item, "source": one.source, "table": one.table, "branch_code": one.branch_code,
            "first_seen": one.first_seen.isoformat(), "rules": one.rules, "state": one.state,
            "closed_by": one.closed_by, "rows": one.rows, "values": one.shown(vault, suites[one.source].get(one.table)),
        }
        for one in items
    ]  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """What must be known to answer for an item: the table's columns with their types, and rules nobody can release."""

    columns: dict[str, Any]  # Arrow types
    unreleasable: set[str]


def facts_of(settings: Settings, item: Item) -> Facts:
    """The facts of an item's table, types as its newest delivery has them."""
    folder = landing.delivery_dir(settings, item.source, item.table, item.delivered_on, item.delivery)
    schema = pq.read_schema(landing.Delivery(folder).data)
    columns = {one.name: one.type for one in schema if one.name not in landing.LINEAGE}
    suite = source_suites(settings, item.source).get(item.table)
    table = source_tables(settings, item.source)[item.table]
    return Facts(columns, unreleasable_rules(suite, table) if suite else set())
