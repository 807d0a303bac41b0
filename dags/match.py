"""`mdm match`: progress on standard error, so that what is printed can be read by a program."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import typer

from warehouse.settings import without_phrases


def _say(line: str) -> None:
    typer.echo(f"  {line}", err=True)


@contextmanager
def _uncollected() -> Iterator[None]:
    """What a run makes in cycles is little, and looking for it among the objects of all modules takes time.

    A process that ends looks several times; it does not look at what is frozen.
    """
    gc.disable()
    atexit.register(gc.freeze)
    try:
        yield
    finally:
        gc.enable()


def run_match(
    files: Sequence[str],
    model: Path,
    out: Path,
    truth: str | None,
    labels: Path | None,
    parameters: Path | None,
    memory: str | None,
) -> dict[str, Any]:
    """Match and write the results; returns the rates when the truth is known, else the counts."""
    without_phrases()
    with _uncollected(), ThreadPoolExecutor(1) as beside:
        from matching.table_rows import open_tables

        loaded = beside.submit(import_module, "matching.report")  # takes as long as reading a million rows
        given = open_tables(files, model, out, truth, _say, memory)
        loaded.result()
        from matching.labels import read_labels
        from matching.report import write_report
        from matching.table_match import Learnt, match_given

        matched = match_given(given, out, _say, Learnt(read_labels(labels) if labels else (), parameters))
        report = write_report(matched, out)
    for name, value in (matched.rates or {}).items():
        _say(f"{name} {value}")
    typer.echo(f"results: {out} (open {report})", err=True)
    return dict(matched.rates) if matched.rates else matched.counts


def run_propose(files: Sequence[str], model: Path | None, truth: str | None) -> None:
    """Look at a table, say what is used as what, and write a starting model."""
    from matching.propose import propose_model

    path = model or Path(f"{Path(files[0].partition('#')[2] or files[0]).stem}.yml")
    for line in propose_model(files, path, truth, _say):
        typer.echo(f"  {line}")
    typer.echo(f"model: {path}; run it with: mdm match {' '.join(files)} --model {path}")
