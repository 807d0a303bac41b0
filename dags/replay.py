"""Replay: a past day's raw relations and party records, built again from the landing alone.

The day is built aside, in a warehouse of its own below `home/replay/<day>`; the running one is not touched, and no
source is asked. Golden ids are not made again: they are minted once, and history only grows forward.
"""

from __future__ import annotations

import datetime as dt
import shutil

from dags import pipeline
from dags.guard import no_truth
from warehouse.errors import BusyError, NotFoundError
from warehouse.keys import key_path
from warehouse.ledger import run_id_of
from warehouse.lock import exclusive
from warehouse.settings import Settings


def replay_site(settings: Settings, as_of: dt.date) -> Settings:
    """An empty home for the replay of a day, with the same landing, configuration and key.

    Raises:
        NotFoundError: nothing has landed yet.
    """
    if not settings.landing_dir.is_dir():
        raise NotFoundError(f"{settings.landing_dir}: nothing has landed yet; run a day first (mdm run)")
    home = settings.home / "replay" / f"{as_of}"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / "landing").symlink_to(settings.landing_dir)
    return settings.model_copy(update={"home": home, "key_file": key_path(settings)})


def replay_day(settings: Settings, as_of: dt.date) -> tuple[Settings, pipeline.Counts]:
    """Build raw relations, staging and party records as of a past day; returns where, and the counts.

    Raises:
        NotFoundError: nothing has landed yet.
        BusyError: another replay is under way.
        TransformError: a model failed.
    """
    busy = BusyError("another replay is under way; wait for it")
    with exclusive(settings.home / "replay.lock", busy), no_truth(settings.truth_dir):
        site = replay_site(settings, as_of)
        return site, pipeline.stage(site, as_of, run_id_of(as_of))
