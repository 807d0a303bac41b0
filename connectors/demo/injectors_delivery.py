"""Injectors about deliveries: files that come again, files that come late."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from connectors.demo import write_call, write_card, write_wealth
from connectors.demo.files import write_bytes
from connectors.demo.world import World

REDELIVERY_DAY = 1
LATE_DAY = 2


def redelivered_file(world: World, demo_dir: Path) -> list[str]:
    """On the second day card and wealth deliver the first day again, unchanged; returns the names of the files."""
    if world.day != REDELIVERY_DAY:
        return []
    day = world.date - dt.timedelta(days=1)
    package = write_wealth.package_name(day)
    again = [demo_dir / "card" / name for name in write_card.file_names(day)]
    again += [demo_dir / "wealth" / package, demo_dir / "wealth" / f"{package}.OK"]
    present = [path for path in again if path.exists()]
    for path in present:
        write_bytes(path, path.read_bytes())
    return [path.name for path in present]


def late_file(world: World, folder: Path) -> dict[str, int]:
    """Call-centre files; those of the third day are held back until the fourth brings both days."""
    if world.day == LATE_DAY:
        return write_call.write(world, folder / ".late")
    if world.day == LATE_DAY + 1:
        for path in sorted((folder / ".late").glob("*.csv")):
            write_bytes(folder / path.name, path.read_bytes())
    return write_call.write(world, folder)
