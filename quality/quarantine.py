"""Rows the gate takes out of a delivery: which rule, why, whose branch, and the row itself, sealed.

`quarantine.parquet` lies beside the delivery; grain: row and rule. A row is known by its `item`, a keyed fingerprint of
its whole content: the same row in the next delivery is the same item, a changed one is another. Keys and values stand
in the sealed payload only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from quality.checks import AnyCheck
from quality.suites import TableSuite
from quality.validate import ROW_NUMBER
from warehouse.errors import SettingsError
from warehouse.landing import LINEAGE, Delivery
from warehouse.organization import load_branches
from warehouse.settings import Settings
from warehouse.vault import Vault

PURPOSE = "quarantine"
SCHEMA = pa.schema(
    [
        ("as_of", pa.date32()),
        ("delivery", pa.int32()),
        ("row_number", pa.int64()),
        ("column_name", pa.string()),
        ("rule", pa.string()),
        ("reason", pa.string()),
        ("item", pa.string()),
        ("branch_code", pa.string()),
        ("payload", pa.binary()),
    ]
)
_ITEM_LENGTH = 32  # hexadecimal digits: 128 bits
REASONS = {
    "not_null": "the value is missing",
    "unique": "the value occurs more than once",
    "in_set": "the value is none of the known codes",
    "matches_regex": "the value does not have the expected form",
    "date_between": "the value is no date, or outside of the expected time",
    "value_between": "the value is no number, or outside of the expected range",
    "length_between": "the value is too short or too long",
    "checksum": "the check digit does not hold",
    "references": "the other table has no such value",
}


def place_of(item: str) -> str:
    """Where an item's payload belongs."""
    return f"quarantine/{item}"


@dataclass(frozen=True)
class Failure:
    """One check of severity `fail` at row level, and the numbers of the rows that break it."""

    check: AnyCheck
    rows: list[int]


class Sealer:
    """Makes items of rows; one per run of the gate."""

    def __init__(self, settings: Settings) -> None:
        self._vault = Vault(settings, PURPOSE)
        self._branches = _branch_codes(settings)

    def item(self, where: str, values: Mapping[str, str]) -> str:
        """The item of a row of `<source>.<table>`."""
        return self._vault.tag({**values, "_table": where})[:_ITEM_LENGTH]

    def write(self, delivery: Delivery, suite: TableSuite, failures: Iterable[Failure]) -> None:
        """Write `quarantine.parquet` beside a delivery; none when no row fails."""
        broken = [(failure.check, row) for failure in failures for row in failure.rows]
        if not broken:
            delivery.quarantine.unlink(missing_ok=True)
            return
        manifest = delivery.manifest
        items = self._items(delivery, suite, sorted({row for _, row in broken}))
        rows = [
            (
                manifest.as_of,
                manifest.delivery,
                row,
                check.columns_used[0],
                check.rule,
                REASONS[check.kind],
                *items[row],
            )
            for check, row in broken
        ]
        table = pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], SCHEMA)
        write_table(delivery.quarantine, table.sort_by([("row_number", "ascending"), ("rule", "ascending")]))

    def _items(self, delivery: Delivery, suite: TableSuite, numbers: list[int]) -> dict[int, tuple[object, ...]]:
        where = f"{delivery.manifest.source}.{delivery.manifest.table}"
        found: dict[int, tuple[object, ...]] = {}
        for number, values in rows_as_text(read_rows(delivery, numbers)):
            item = self.item(where, values)
            branch = values.get(suite.branch) if suite.branch else None
            # a branch nobody knows is the head office's business, and may be any text
            owner = branch if branch in self._branches else None
            found[number] = (item, owner, self._vault.seal_values(place_of(item), values))
        return found


def _branch_codes(settings: Settings) -> set[str]:
    try:
        return {branch.code for branch in load_branches(settings)}
    except SettingsError:
        return set()  # a site without a tree: `mdm check` says so; every row is the head office's


def read_rows(delivery: Delivery, numbers: list[int]) -> pa.Table:
    """These rows of a delivery, whole."""
    file, wanted, parts = pq.ParquetFile(delivery.data), pa.array(numbers, pa.int64()), []
    for group in range(file.num_row_groups):  # one at a time: a broken row more costs no memory
        own = file.read_row_group(group, columns=[ROW_NUMBER])[ROW_NUMBER].combine_chunks()
        places = pc.indices_nonzero(pc.is_in(own, wanted))
        if len(places):
            parts.append(file.read_row_group(group).take(places))
    return pa.concat_tables([file.schema_arrow.empty_table(), *parts])


def rows_as_text(table: pa.Table) -> Iterable[tuple[int, dict[str, str]]]:
    """Row number and values as texts; nulls are left out."""
    content = table.drop_columns([name for name in LINEAGE if name in table.column_names])
    texts = content.cast(pa.schema([(name, pa.string()) for name in content.column_names])).to_pylist()
    for number, row in zip(table[ROW_NUMBER].to_pylist(), texts, strict=True):
        yield number, {name: value for name, value in row.items() if value is not None}


def write_table(path: Path, table: pa.Table) -> None:
    """Write a Parquet file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    pq.write_table(table, aside)
    aside.replace(path)


def open_payload(vault: Vault, item: str, payload: Any) -> dict[str, str]:  # noqa: ANN401 - bytes of a frame's cell
    """The values of a row in quarantine."""
    return vault.open_values(place_of(item), bytes(payload))
