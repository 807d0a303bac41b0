"""The line, from source systems to published customers. This file is the story; the rooms do the work.

`STEPS` is run in this order by two skins, the Airflow DAG (`customer_mdm.py`) and `mdm run` (`runner.py`). Every step
is `step(settings, as_of, run_id) -> counts`, gives the same result when run again, and writes aside before it swaps.
Rooms are imported inside the steps: Airflow reads this file every few seconds and must not load Splink for it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from warehouse.settings import Settings

Counts = dict[str, int]
# what the step `stage` builds: the site's models, and the engine's up to the party records
STAGE_MODELS = "resource_type:seed contract staging canonical intermediate"
StepFunction = Callable[[Settings, dt.date, str], Counts]


def gate_raw(settings: Settings, as_of: dt.date, run_id: str) -> Counts:
    """Check every new delivery; a source that fails stops alone, bad rows go to quarantine, repaired ones come back."""
    from quality.gate import gate_raw as gate
    from stewardship.corrections import answers_for

    return gate(settings, as_of, run_id, answers_for(settings, as_of))


def stage(settings: Settings, as_of: dt.date, run_id: str) -> Counts:
    """Register accepted deliveries as raw relations; rename, type and standardise them into party records."""
    from connectors.raw import register_raw
    from warehouse.dbt import run_dbt

    counts = register_raw(settings, as_of, run_id)
    return counts | run_dbt(settings, STAGE_MODELS, as_of, run_id)


def decisions(settings: Settings, as_of: dt.date, run_id: str) -> Counts:
    """Bring in the stewards' decisions made before this day."""
    from stewardship.decisions import export_decisions

    return export_decisions(settings, as_of, run_id)


def link(settings: Settings, as_of: dt.date, run_id: str) -> Counts:
    """Resolve records into customers with stable golden ids."""
    from matching.link import link as resolve

    return resolve(settings, as_of, run_id)


def golden(settings: Settings, as_of: dt.date, run_id: str) -> Counts:
    """Let one value per attribute survive, with provenance, conflicts and history."""
    from warehouse.dbt import run_dbt

    return run_dbt(settings, "golden", as_of, run_id)


def customer_360(settings: Settings, as_of: dt.date, run_id: str) -> Counts:
    """Gather accounts, holdings, loans, contacts per customer; put customers into segments."""
    from warehouse.dbt import run_dbt

    return run_dbt(settings, "customer_360 segments", as_of, run_id)


def gate_golden(settings: Settings, as_of: dt.date, run_id: str) -> Counts:
    """Score the records; stop before publishing when golden customers are not unique, complete and cross-referenced."""
    from quality.gate import gate_golden as gate
    from quality.scorecard import score

    counts = score(settings, as_of, run_id)  # first: a day that is stopped needs its scores most
    return counts | gate(settings, as_of, run_id)


def review(settings: Settings, as_of: dt.date, run_id: str) -> Counts:
    """Hand the doubtful pairs to the stewards, and what is in quarantine or has no mapping."""
    from stewardship.exceptions import refresh_exceptions
    from stewardship.tasks import refresh_tasks

    return refresh_tasks(settings, as_of, run_id) | refresh_exceptions(settings, as_of, run_id)


def mask(settings: Settings, as_of: dt.date, run_id: str) -> Counts:
    """Mask free text and columns by policy into the published models, then scan them for leaks."""
    from masking.leakscan import scan
    from masking.notes import mask_notes
    from warehouse.dbt import run_dbt

    counts = mask_notes(settings, as_of, run_id)
    counts |= run_dbt(settings, "published", as_of, run_id)
    return counts | scan(settings, as_of, run_id)


def release_gate(settings: Settings, as_of: dt.date, run_id: str) -> Counts:
    """Stop before publishing when precision, past decisions or the number of changed customers break a limit."""
    from matching.release import release_gate as gate
    from stewardship.release import approvals

    return gate(settings, as_of, run_id, approvals(settings, run_id))


def publish(settings: Settings, as_of: dt.date, run_id: str) -> Counts:
    """Build the published version aside and swap it: DuckDB file, Parquet, PostgreSQL."""
    from matching.release import refuse_unreleased
    from warehouse.publish import publish as swap

    refuse_unreleased(settings, run_id)
    return swap(settings, as_of, run_id)


@dataclass(frozen=True)
class Step:
    """One step of the line."""

    name: str
    run: StepFunction
    writes_warehouse: bool

    @property
    def doc(self) -> str:
        """What the step does, in one sentence."""
        return (self.run.__doc__ or "").strip()


def extract(settings: Settings, as_of: dt.date, run_id: str, source: str) -> Counts:
    """Land one source's delivery of the day as immutable Parquet with a manifest; sources run in parallel."""
    from connectors.extract import extract_source

    return extract_source(settings, source, as_of, run_id)


STEPS = (
    Step("gate_raw", gate_raw, writes_warehouse=False),
    Step("stage", stage, writes_warehouse=True),
    Step("decisions", decisions, writes_warehouse=True),
    Step("link", link, writes_warehouse=True),
    Step("golden", golden, writes_warehouse=True),
    Step("customer_360", customer_360, writes_warehouse=True),
    Step("gate_golden", gate_golden, writes_warehouse=True),
    Step("review", review, writes_warehouse=False),
    Step("mask", mask, writes_warehouse=True),
    Step("release_gate", release_gate, writes_warehouse=True),  # after mask: it compares what readers would see
    Step("publish", publish, writes_warehouse=False),
)
WRITER_POOL = "warehouse_writer"  # Airflow pool of one slot: the DuckDB file has one writer
STEP_NAMES = ("extract", *(step.name for step in STEPS))


def source_names(settings: Settings) -> list[str]:
    """The sources of the site: one file each in `config/sources/`."""
    return sorted(path.stem for path in (settings.config_dir / "sources").glob("*.yml"))
