"""Run steps of the line: one of them, or the whole day in this process (the `mdm` skin)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from dags import pipeline
from dags.guard import no_truth
from warehouse import ledger
from warehouse.errors import BusyError, NotFoundError, SourceError
from warehouse.lock import exclusive
from warehouse.settings import Settings

Report = Callable[[str, str], None]  # (step, message)


def run_extract(settings: Settings, source: str, as_of: dt.date, run_id: str) -> pipeline.Counts:
    """Extract one source, recorded in the ledger.

    Raises:
        SourceError: the source could not deliver; its last good data stays in use, marked stale.
    """
    with ledger.record_step(settings, run_id, f"extract {source}") as counts, no_truth(settings.truth_dir):
        counts |= pipeline.extract(settings, as_of, run_id, source)
    return counts


def run_step(settings: Settings, name: str, as_of: dt.date, run_id: str) -> pipeline.Counts:
    """Run one step after `extract`, recorded in the ledger; the last step closes the run.

    Raises:
        NotFoundError: there is no such step.
        UserError: what the step has to say.
    """
    step = next((step for step in pipeline.STEPS if step.name == name), None)
    if step is None:
        raise NotFoundError(f"step '{name}': no such step; steps are {', '.join(pipeline.STEP_NAMES)}")
    try:
        with ledger.record_step(settings, run_id, name) as counts, no_truth(settings.truth_dir):
            counts |= step.run(settings, as_of, run_id)
    except BaseException:
        ledger.end_run(settings, run_id, "failed")
        raise
    if step is pipeline.STEPS[-1]:
        ledger.end_run(settings, run_id, "succeeded")
    return counts


def run_day(settings: Settings, as_of: dt.date, report: Report) -> str:
    """Run the whole line for one business day in this process.

    A source that cannot deliver is reported and left behind; everything else goes on.

    Raises:
        BusyError: another run is under way.
        NotFoundError: a later day was already run.
    """
    refuse_past_day(settings, as_of)
    with exclusive(settings.home / "run.lock", BusyError("another run is under way; see mdm status")):
        run_id = ledger.start_run(settings, as_of, "mdm")
        extract_all(settings, as_of, run_id, report)
        for step in pipeline.STEPS:
            counts = run_step(settings, step.name, as_of, run_id)
            report(step.name, as_text(counts))
    return run_id


def extract_all(settings: Settings, as_of: dt.date, run_id: str, report: Report) -> None:
    """Extract every source, one after the other; failures are reported, not raised."""
    for source in pipeline.source_names(settings):
        try:
            report(f"extract {source}", as_text(run_extract(settings, source, as_of, run_id)))
        except SourceError as error:
            for problem in error.problems:
                report(f"extract {source}", f"STOPPED: {problem}")


def refuse_past_day(settings: Settings, as_of: dt.date) -> None:
    """History only grows forward: a day before the newest one cannot be run any more (NotFoundError)."""
    newest = ledger.newest_day(settings)
    if newest is not None and as_of < newest:
        raise NotFoundError(f"day {as_of}: {newest} was already run; run {newest} again or a later day")


def as_text(counts: pipeline.Counts) -> str:
    """Counts for people: `rows 5, files 2`."""
    return ", ".join(f"{key.replace('_', ' ')} {value:,}" for key, value in counts.items())
