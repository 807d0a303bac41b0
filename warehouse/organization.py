"""The bank's organization tree: head office, branches, sub-branches (`config/branches.yml`)."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import TypeAdapter, ValidationError

from warehouse.errors import SettingsError
from warehouse.settings import Settings
from warehouse.site_file import SiteModel, read_yaml


class Branch(SiteModel):
    """One node of the tree; the head office has no parent."""

    code: str
    name_zh: str
    name_en: str
    parent: str | None


def load_branches(settings: Settings) -> list[Branch]:
    """All branches in file order.

    Raises:
        SettingsError: unreadable file, unknown key, duplicate code, or a parent that does not exist.
    """
    path = settings.config_dir / "branches.yml"
    try:
        branches = TypeAdapter(list[Branch]).validate_python(read_yaml(path)["branches"])
    except (KeyError, TypeError, ValidationError) as error:
        raise SettingsError(f"{path}: not a list of branches ({type(error).__name__}); see docs/settings.md") from None
    codes = [branch.code for branch in branches]
    problems = [f"{path}: branch {code} stands twice" for code in sorted(set(codes)) if codes.count(code) > 1]
    problems += [
        f"{path}: branch {branch.code}: parent {branch.parent} does not exist"
        for branch in branches
        if branch.parent is not None and branch.parent not in codes
    ]
    if problems:
        raise SettingsError(*problems)
    return branches


def scope(branches: Iterable[Branch], code: str) -> set[str]:
    """The branch itself and every branch below it."""
    children: dict[str | None, list[str]] = {}
    for branch in branches:
        children.setdefault(branch.parent, []).append(branch.code)
    found: set[str] = set()
    waiting = [code]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting.extend(children.get(current, []))
    return found
