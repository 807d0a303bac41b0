"""Extraction: one source's business day from the source system into the landing, whole or not at all.

Files that carry only what is new (`append`, `changed`, `cdc`) leave a hole for ever when a day is missed, so earlier
days that were never landed are read first, each under its own day; so are days whose files changed since they were
read. A database shows only its present: a day once landed is not read again unless the gate refused it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from connectors.readers import open_source
from connectors.reading import ReadTable, day_stamps, days_present
from connectors.registry import FileSource, RestSource, Source, SqlSource, Table, load_sources
from connectors.stage_delivery import Place, stage
from warehouse import landing
from warehouse.errors import NotFoundError, SourceError
from warehouse.landing import Commit, Delivery, Manifest
from warehouse.settings import Settings

_GUARDED_ROWS = 50  # in smaller tables a third fewer rows is everyday noise


def extract_source(settings: Settings, source: str, as_of: dt.date, run_id: str) -> dict[str, int]:
    """Land one source's delivery of a business day.

    Returns:
        Rows read, new deliveries (0 when everything had been landed before), tables, missed days caught up, and days
        read again because their files changed.

    Raises:
        SourceError: what is wrong with the source, one line each; nothing of it was landed for that day.
        BusyError: another process is extracting the same source.
        NotFoundError: the site has no such source.
    """
    del run_id  # what lands depends on the source and the day alone
    sources = load_sources(settings)
    if source not in sources:
        raise NotFoundError(f"source {source}: not in {settings.config_dir / 'sources'}; the site has: {list(sources)}")
    with landing.staging_area(settings, source) as area:
        try:
            counts = _extract(settings, source, sources[source], as_of, area)
        except SourceError as error:
            problems = tuple(f"source {source}: {problem}" for problem in error.problems)
            landing.note_problems(settings, source, as_of, problems)
            raise SourceError(*problems) from None
        landing.note_problems(settings, source, as_of, ())
    return counts


def _extract(settings: Settings, name: str, source: Source, as_of: dt.date, area: Path) -> dict[str, int]:
    if isinstance(source, SqlSource | RestSource) and _is_final(settings, name, as_of):
        return _counts(landing.day_commits(settings, name, as_of)[-1])
    restated = _restated_days(settings, name, source, as_of)
    missed = _missed_days(settings, name, source, as_of)
    tables = dict.fromkeys(missed, _incremental(source)) | restated | {as_of: list(source.tables)}
    days = sorted(tables)
    stamps = {day: day_stamps(settings, source, day) for day in days if isinstance(source, FileSource)}
    manifests: list[Manifest] = []
    new = 0
    with ExitStack() as opened:  # a reader is left in order only when its rows are landed: a queue acknowledges then
        for day in days:
            read = opened.enter_context(open_source(settings, source, day))
            manifests += _stage_day(settings, name, source, day, tables[day], area, read)
        for day in days:
            folders = {
                manifest.table: _folder(area, manifest.table, day) for manifest in manifests if manifest.as_of == day
            }
            brought = landing.commit(settings, name, day, folders)
            if day in stamps:
                landing.note_received(settings, name, day, stamps[day], is_new=brought > 0)
            new += brought
    return {
        "rows": sum(manifest.rows for manifest in manifests),
        "deliveries": new,
        "tables": len(source.tables),
        "days_caught_up": len(missed),
        "days_read_again": len(restated),
    }


def _is_final(settings: Settings, name: str, as_of: dt.date) -> bool:
    known = landing.day_commits(settings, name, as_of)
    return bool(known) and not known[-1].is_failed


def _counts(known: Commit) -> dict[str, int]:
    rows = sum(delivery.manifest.rows for delivery in known.deliveries.values())
    return {"rows": rows, "deliveries": 0, "tables": len(known.deliveries), "days_caught_up": 0, "days_read_again": 0}


def _incremental(source: Source) -> list[str]:
    return [name for name, table in source.tables.items() if table.mode != "full"]


def _missed_days(settings: Settings, name: str, source: Source, as_of: dt.date) -> list[dt.date]:
    """Earlier days whose files are there and were never landed."""
    tables = _incremental(source)
    if not isinstance(source, FileSource) or not tables:
        return []
    patterns = [source.marker] if source.marker else [source.file_patterns[table] for table in tables]
    landed = {known.as_of for known in landing.commits(settings, name)}
    return sorted(day for day in days_present(settings, source, patterns) if day < as_of and day not in landed)


def _restated_days(settings: Settings, name: str, source: Source, as_of: dt.date) -> dict[dt.date, list[str]]:
    """Landed days before this one whose files changed since they were read, each with the tables it landed."""
    if not isinstance(source, FileSource) or not _incremental(source):
        return {}
    since = as_of - dt.timedelta(days=source.look_back)
    known = {one.as_of: list(one.deliveries) for one in landing.commits(settings, name) if since <= one.as_of < as_of}
    restated = {}
    for day, tables in known.items():
        before, now = landing.received(settings, name, day), day_stamps(settings, source, day)
        if before is None or now.keys() != before.files.keys():  # files are often cleared away after some days
            continue
        if now != before.files:
            restated[day] = [table for table in tables if table in source.tables]
    return restated


def _folder(area: Path, table: str, day: dt.date) -> Path:
    return area / f"{day}" / table


def _stage_day(
    settings: Settings,
    name: str,
    source: Source,
    day: dt.date,
    tables: Sequence[str],
    area: Path,
    read: ReadTable,
) -> list[Manifest]:
    """Read one day's tables into the staging area; all problems of all tables are raised together."""
    earlier = landing.usable(settings, name, day)
    manifests: list[Manifest] = []
    problems: list[str] = []
    for table in tables:
        number = landing.next_delivery(settings, name, table, day)
        place = Place(name, table, day, number)
        try:
            manifests.append(_stage_table(read, place, source.tables[table], _folder(area, table, day), earlier))
        except SourceError as error:
            problems += error.problems
    if problems:
        raise SourceError(*problems)
    return manifests


def _stage_table(read: ReadTable, place: Place, table: Table, folder: Path, earlier: Sequence[Commit]) -> Manifest:
    before = [known.deliveries[place.table] for known in earlier if place.table in known.deliveries]
    manifest = stage(folder, place, table, read(place.table, _covered(before, place.as_of)))
    if before and table.mode == "full":
        _guard_shrinking(manifest, before[-1].manifest, table.shrink_limit)
    return manifest


def _covered(before: Sequence[Delivery], day: dt.date) -> dt.date | None:
    """The last business day that deliveries of earlier days cover."""
    earlier = [delivery.manifest for delivery in before if delivery.manifest.as_of < day]
    return max((dt.date.fromisoformat(one.watermark) for one in earlier if one.watermark), default=None)


def _guard_shrinking(new: Manifest, last: Manifest, limit: float) -> None:
    if last.rows >= _GUARDED_ROWS and new.rows < last.rows * (1 - limit):
        raise SourceError(
            f"{new.files[0]}: {new.rows} rows, the last full delivery ({last.as_of}) had {last.rows}; ask the source, "
            f"or raise shrink_limit of table {new.table} in config/sources if this is right"
        )
