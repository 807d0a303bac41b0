"""While a step runs, this process cannot open the demo bank's truth: the linker never sees the answers.

DuckDB connections have the same limit of their own (`warehouse.store` allows only the folders of the line).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_forbidden: ContextVar[str | None] = ContextVar("forbidden", default=None)
_installed = False


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    folder = _forbidden.get()
    if folder is None or event not in ("open", "os.listdir", "os.scandir"):
        return
    target = arguments[0]
    if isinstance(target, str | bytes | os.PathLike) and os.fsdecode(target).startswith(folder):
        raise PermissionError("a step of the line may not read the demo truth")


@contextmanager
def no_truth(truth_dir: Path) -> Iterator[None]:
    """Refuse every open and listing below `truth_dir` within the block (PermissionError)."""
    global _installed
    if not _installed:
        sys.addaudithook(_hook)  # a hook cannot be removed, so it is added once and steered by the variable
        _installed = True
    token = _forbidden.set(str(truth_dir))
    try:
        yield
    finally:
        _forbidden.reset(token)
