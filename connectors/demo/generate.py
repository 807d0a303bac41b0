"""Make the demo bank's deliveries, day after day (`mdm demo`)."""

from __future__ import annotations

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor

from connectors.demo import truth as truth_file
from connectors.demo import (
    write_card,
    write_core,
    write_counter,
    write_credit,
    write_ebank,
    write_registry,
    write_wealth,
)
from connectors.demo.files import write_bytes
from connectors.demo.injectors_delivery import late_file, redelivered_file
from connectors.demo.world import Size, World
from warehouse.embedded_pg import EmbeddedPostgres
from warehouse.errors import UserError
from warehouse.organization import load_branches
from warehouse.settings import Settings

DATABASE = "core_banking"
_MARKER = ".state.json"  # the newest day and what the demo was made with
_FILE_WRITERS = {
    "wealth": write_wealth.write,
    "card": write_card.write,
    "ebank": write_ebank.write,
    "counter": write_counter.write,
    "registry": write_registry.write,
}


def generate(settings: Settings, as_of: dt.date | None = None, *, core_url: str | None = None) -> dict[str, int]:
    """Write the deliveries of `as_of`, and of the days since the newest one that were skipped.

    Database systems then show the state of `as_of`; file systems get one set of files per day. Making the newest day
    again writes the same bytes.

    Args:
        settings: where to write, how large, which seed.
        as_of: the day; the demo's first day if not given.
        core_url: a PostgreSQL database to fill in place of the embedded server's.

    Returns:
        Rows written on the last day, by `source.table`.

    Raises:
        UserError: the day lies before the first or the newest day, or the demo was made with another size or seed.
    """
    demo = settings.demo
    day = as_of or demo.first_day
    newest = _newest(settings)
    if day < (newest or demo.first_day):
        raise UserError(
            f"mdm demo --as-of {day}: the demo already shows {newest or demo.first_day}, and its systems do not go "
            f"back; take that day or a later one, or remove {settings.demo_dir} and begin again"
        )
    url = core_url or core_database(settings)
    branches = tuple(b.code for b in load_branches(settings) if b.code[3:] != "000" and b.parent)
    world = World(Size(demo.people, demo.organizations, demo.seed, demo.first_day, branches))
    counts: dict[str, int] = {}
    while world.day < 0 or world.date < day:
        world.run()
        if newest is None or world.date > newest or world.date == day:
            counts = _write(settings, world, url)
            _remember(settings, world.date)
    return counts


def core_database(settings: Settings) -> str:
    """URL of the embedded core banking database; starts its server."""
    server = EmbeddedPostgres(settings.demo_dir / "core" / "pg")
    server.start()
    return server.create_database(DATABASE)


def _write(settings: Settings, world: World, url: str) -> dict[str, int]:
    """Put one day into the forms of the eight systems."""
    counts: dict[str, int] = {}

    def note(source: str, rows: dict[str, int]) -> None:
        counts.update({f"{source}.{table.lower()}": count for table, count in rows.items()})

    with ThreadPoolExecutor(max_workers=1) as beside:  # the database server works while files are written
        core = beside.submit(write_core.write, world, url)
        note("credit", write_credit.write(world, settings.demo_dir / "credit"))
        for source, write in _FILE_WRITERS.items():
            note(source, write(world, settings.demo_dir / source))
        note("call", late_file(world, settings.demo_dir / "call"))
        redelivered_file(world, settings.demo_dir)
        note("core", core.result())
    note("demo", truth_file.write(world, settings.truth_dir))
    return counts


def _identity(settings: Settings) -> dict[str, str]:
    demo = settings.demo
    return {
        "people": str(demo.people), "organizations": str(demo.organizations), "seed": str(demo.seed),
        "first_day": str(demo.first_day),
    }  # fmt: skip


def _newest(settings: Settings) -> dt.date | None:
    path = settings.demo_dir / _MARKER
    if not path.exists():
        return None
    state = json.loads(path.read_text(encoding="utf-8"))
    if state["made_with"] != _identity(settings):
        raise UserError(
            f"{settings.demo_dir}: this demo was made with another size, seed or first day; take those settings "
            "again, or remove the folder and begin again"
        )
    return dt.date.fromisoformat(state["newest"])


def _remember(settings: Settings, day: dt.date) -> None:
    state = {"newest": day.isoformat(), "made_with": _identity(settings)}
    write_bytes(settings.demo_dir / _MARKER, json.dumps(state, indent=1).encode())
