"""Clear values inside the stewardship store: sealed under keys of their own, bound to the place they stand in."""

from __future__ import annotations

from warehouse import vault
from warehouse.settings import Settings


class Vault(vault.Vault):
    """Seals and opens the store's payloads."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, "stewardship")


def record_place(task_id: str, position: int) -> str:
    """Where a record's payload belongs."""
    return f"task_record/{task_id}/{position}"
