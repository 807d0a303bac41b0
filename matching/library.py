"""The comparator library: comparisons ready to use, named under `use:` in a model file (`library.yml`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from warehouse.site_file import read_yaml

_ROLE = re.compile(r"\$([a-z]+)")
_KEYS = ("use", "of")


class LibraryError(ValueError):
    """A comparison names no comparator of the library, or not the fields it needs."""


@cache
def comparators() -> dict[str, dict[str, Any]]:
    """Every comparator by name, as written in the library."""
    content: dict[str, dict[str, Any]] = read_yaml(Path(__file__).with_name("library.yml"))
    return content


def roles(name: str) -> tuple[set[str], set[str]]:
    """The roles a comparator must have filled, and those it can do without."""
    made = comparators()[name]
    needed = _roles_in(made["absent"])
    return needed, _roles_in(made) - needed


def spelled_out(comparison: Mapping[str, Any]) -> dict[str, Any]:
    """A comparison with `use` and `of` written out with all its levels; any other as it is.

    What the model states beside `use` (labels, `levels`) replaces what the library says.

    Raises:
        LibraryError: the comparator or a role is unknown, or a role is not filled.
    """
    if "use" not in comparison:
        return dict(comparison)
    name, of = comparison["use"], comparison.get("of") or {}
    if name not in comparators():
        raise LibraryError(f"unknown comparator '{name}'; the library has {', '.join(sorted(comparators()))}")
    if not isinstance(of, Mapping):
        raise LibraryError(f"'of' must give a field per role, such as of: {{{min(roles(name)[0])}: my_field}}")
    needed, optional = roles(name)
    for role in sorted(needed - set(of)):
        raise LibraryError(f"comparator '{name}' needs a field for '{role}'; add it under 'of'")
    for role in sorted(set(of) - needed - optional):
        raise LibraryError(f"comparator '{name}' has no role '{role}'; it has {', '.join(sorted(needed | optional))}")
    parts = {key: value for key, value in comparators()[name].items() if key == "levels" or _roles_in(value) <= set(of)}
    parts["levels"] = [level for level in parts["levels"] if _roles_in(level) <= set(of)]
    own = {key: value for key, value in comparison.items() if key not in _KEYS}
    return {**_filled(parts, of), **own}


def _roles_in(value: object) -> set[str]:
    if isinstance(value, str):
        return set(_ROLE.findall(value))
    if isinstance(value, Mapping):
        return set().union(*map(_roles_in, value.values()))
    return set().union(*map(_roles_in, value)) if isinstance(value, list) else set()


def _filled(value: Any, of: Mapping[str, str]) -> Any:  # noqa: ANN401  # YAML
    """The value with every role replaced by its field."""
    if isinstance(value, str):
        return _ROLE.sub(lambda found: str(of[found[1]]), value)
    if isinstance(value, Mapping):
        return {key: _filled(part, of) for key, part in value.items()}
    return [_filled(part, of) for part in value] if isinstance(value, list) else value
