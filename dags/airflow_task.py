"""What an Airflow task calls: a step, with our errors told as Airflow failures of one line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowFailException

from dags.pipeline import Counts
from dags.runner import run_extract, run_step
from warehouse.errors import UserError
from warehouse.ledger import run_id_of
from warehouse.settings import Settings


@contextmanager
def _one_line() -> Iterator[None]:
    try:
        yield
    except UserError as error:
        raise AirflowFailException(str(error)) from None


def extract_task(settings: Settings, source: str, as_of: dt.date) -> Counts:
    """Extract one source."""
    with _one_line():
        return run_extract(settings, source, as_of, run_id_of(as_of))


def step_task(settings: Settings, name: str, as_of: dt.date) -> Counts:
    """Run one step."""
    with _one_line():
        return run_step(settings, name, as_of, run_id_of(as_of))
