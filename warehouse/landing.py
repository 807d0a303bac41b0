"""Landing: immutable raw Parquet with a manifest, one folder per (source, table, business day, delivery).

    <landing>/<source>/<table>/as_of=2026-03-02/delivery=1/{data.parquet, manifest.json, gate.json, quarantine.parquet}
    <landing>/<source>/_commits/2026-03-02.0001.json      which delivery of each table makes up the source's day
    <landing>/<source>/_problems/2026-03-02.json          why the last reading of the day failed, one line each
    <landing>/<source>/_received/2026-03-02.json          size and time of the day's files when they were last read
    <landing>/<source>/_dead_letters/2026-03-02/*.json    messages of a queue that could not be read, as they came
    <landing>/<source>/_acknowledged.json                 up to which commit a queue knows that its messages arrived
    <landing>/<source>/_quarantine/2026-03-02/<table>/    the rows in quarantine as of a day, and those that re-enter

A reader of the landing trusts commits only. A commit is written last, by one rename, after all its deliveries stand;
so a source's day arrives whole or not at all, and a killed extraction leaves nothing that anyone would read. A later
commit of the same day is a re-delivery; it names the unchanged tables' deliveries again. The quality gate writes its
verdict beside each delivery; a commit counts as accepted when every delivery in it passed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse.errors import BusyError
from warehouse.lock import exclusive
from warehouse.settings import Settings

DATA, MANIFEST, GATE, QUARANTINE = "data.parquet", "manifest.json", "gate.json", "quarantine.parquet"
LINEAGE = ("_row_number", "_source_file", "_as_of", "_delivery")
ENDED = "_deleted_as_of"  # the business day from which on the source no longer has the row


@dataclass(frozen=True)
class Manifest:
    """What is known of one delivery without opening it.

    `content_hash` covers the rows as the source gave them, not how Parquet stores them; `watermark` is the last
    business day the delivery covers, where the next extraction goes on; `source_counts` are the source's own counts.
    """

    source: str
    table: str
    as_of: dt.date
    delivery: int
    mode: str
    rows: int
    content_hash: str
    schema_fingerprint: str
    columns: dict[str, str]
    new_columns: list[str]
    source_counts: dict[str, int]
    watermark: str | None
    started_at: str
    seconds: float
    files: list[str]


@dataclass(frozen=True)
class RuleResult:
    """How one expectation came out on one delivery: counts, never values.

    A `note` says why there was nothing to compare with (a drift on the first delivery); `checked` is 0 then.
    """

    rule: str
    column: str | None
    severity: str
    level: str
    success: bool
    checked: int
    unexpected: int
    note: str | None = None


@dataclass(frozen=True)
class Gate:
    """The gate's verdict on one delivery.

    `suite` is the fingerprint of the expectations it was judged by; `reasons` say, one line each, what stopped it.
    """

    suite: str
    reasons: list[str]
    quarantined: int
    results: list[RuleResult]

    @property
    def passed(self) -> bool:
        """Whether the delivery may go on."""
        return not self.reasons

    @property
    def status(self) -> str:
        """The verdict in one word, for people who open the file."""
        return "passed" if self.passed else "failed"


@dataclass(frozen=True)
class Delivery:
    """One landed delivery."""

    folder: Path

    @property
    def data(self) -> Path:
        """Its rows."""
        return self.folder / DATA

    @property
    def quarantine(self) -> Path:
        """Row numbers the gate took out, with rule and reason."""
        return self.folder / QUARANTINE

    @property
    def manifest(self) -> Manifest:
        """Its manifest."""
        values = _read_json(self.folder / MANIFEST)
        return Manifest(**{**values, "as_of": dt.date.fromisoformat(values["as_of"])})

    @property
    def gate(self) -> Gate | None:
        """The gate's verdict; None while it has not been judged."""
        path = self.folder / GATE
        if not path.exists():
            return None
        values = _read_json(path)
        values.pop("status")
        return Gate(**{**values, "results": [RuleResult(**result) for result in values["results"]]})

    def write_manifest(self, manifest: Manifest) -> None:
        """Put the manifest beside the rows."""
        write_json(self.folder / MANIFEST, dataclasses.asdict(manifest))

    def write_gate(self, gate: Gate) -> None:
        """Put the gate's verdict beside the rows."""
        write_json(self.folder / GATE, {"status": gate.status, **dataclasses.asdict(gate)})


@dataclass(frozen=True)
class Commit:
    """One complete state of a source's business day."""

    source: str
    as_of: dt.date
    number: int
    deliveries: dict[str, Delivery]

    @property
    def is_accepted(self) -> bool:
        """Every delivery passed the gate."""
        gates = [delivery.gate for delivery in self.deliveries.values()]
        return all(gate is not None and gate.passed for gate in gates)

    @property
    def is_failed(self) -> bool:
        """Some delivery was stopped by the gate."""
        gates = [delivery.gate for delivery in self.deliveries.values()]
        return any(gate is not None and not gate.passed for gate in gates)


def write_json(path: Path, value: object) -> None:
    """Write a JSON file whole or not at all; the same value gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.new")
    text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=str)
    aside.write_text(text + "\n", encoding="utf-8")
    aside.replace(path)


def _read_json(path: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return values


def source_dir(settings: Settings, source: str) -> Path:
    """Where one source lands."""
    return settings.landing_dir / source


def delivery_dir(settings: Settings, source: str, table: str, as_of: dt.date, number: int) -> Path:
    """Where one delivery lies."""
    return source_dir(settings, source) / table / f"as_of={as_of}" / f"delivery={number}"


def commits(settings: Settings, source: str, until: dt.date | None = None) -> list[Commit]:
    """All commits of a source up to a day, oldest day first, within a day the newest last."""
    paths = sorted((source_dir(settings, source) / "_commits").glob("*.json"))
    found = [_commit(settings, source, _read_json(path)) for path in paths]
    return [commit for commit in found if until is None or commit.as_of <= until]


def _commit(settings: Settings, source: str, values: Mapping[str, Any]) -> Commit:
    as_of = dt.date.fromisoformat(values["as_of"])
    folders = {
        table: Delivery(delivery_dir(settings, source, table, as_of, number))
        for table, number in values["deliveries"].items()
    }
    return Commit(source, as_of, values["number"], folders)


def day_commits(settings: Settings, source: str, as_of: dt.date) -> list[Commit]:
    """The commits of one day, the newest last."""
    return [commit for commit in commits(settings, source, as_of) if commit.as_of == as_of]


def accepted(settings: Settings, source: str, until: dt.date) -> list[Commit]:
    """One commit per day up to `until`: the newest whose deliveries all passed. Days without one are left out."""
    newest = {commit.as_of: commit for commit in commits(settings, source, until) if commit.is_accepted}
    return [newest[day] for day in sorted(newest)]


def usable(settings: Settings, source: str, until: dt.date) -> list[Commit]:
    """Like `accepted`, but a commit the gate has not seen yet counts too: the ground the next extraction builds on."""
    newest = {commit.as_of: commit for commit in commits(settings, source, until) if not commit.is_failed}
    return [newest[day] for day in sorted(newest)]


def aside(settings: Settings, source: str) -> Path:
    """Where an extraction sets down what is not landed yet."""
    folder = source_dir(settings, source) / "_aside"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def staging_area(settings: Settings, source: str) -> Iterator[Path]:
    """An empty folder on the landing's own file system, this process's alone; gone after the block.

    Raises:
        BusyError: another process is extracting this source.
    """
    root = source_dir(settings, source)
    busy = BusyError(f"source {source}: another process is extracting it; wait for it (mdm status)")
    with exclusive(root / "_lock", busy):
        shutil.rmtree(root / "_aside", ignore_errors=True)  # what a killed extraction left
        folder = aside(settings, source)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def next_delivery(settings: Settings, source: str, table: str, as_of: dt.date) -> int:
    """The number the next delivery of a table's day gets."""
    known = [commit.deliveries.get(table) for commit in day_commits(settings, source, as_of)]
    numbers = [delivery.manifest.delivery for delivery in known if delivery is not None]
    return max(numbers, default=0) + 1


def commit(settings: Settings, source: str, as_of: dt.date, staged: Mapping[str, Path]) -> int:
    """Bring a source's staged tables (folder with rows and manifest each) into the landing, all or none.

    A table whose content the day already has adds nothing: its earlier delivery is named again.

    Returns:
        How many new deliveries there are; 0 means that the whole day was already there.
    """
    earlier = day_commits(settings, source, as_of)
    numbers: dict[str, int] = {}
    new = 0
    for table, folder in sorted(staged.items()):
        manifest = Delivery(folder).manifest
        same = _same_content(earlier, manifest)
        numbers[table] = same if same is not None else _bring_in(settings, folder, manifest)
        new += same is None
    if not earlier or numbers != _numbers(earlier[-1]):
        number = len(earlier) + 1
        values = {"as_of": as_of, "number": number, "deliveries": numbers}
        write_json(source_dir(settings, source) / "_commits" / f"{as_of}.{number:04}.json", values)
    return new


def _numbers(known: Commit) -> dict[str, int]:
    return {table: delivery.manifest.delivery for table, delivery in known.deliveries.items()}


def _same_content(earlier: list[Commit], manifest: Manifest) -> int | None:
    for known in reversed(earlier):
        delivery = known.deliveries.get(manifest.table)
        if delivery is not None and delivery.manifest.content_hash == manifest.content_hash:
            return delivery.manifest.delivery
    return None


def _bring_in(settings: Settings, folder: Path, manifest: Manifest) -> int:
    place = delivery_dir(settings, manifest.source, manifest.table, manifest.as_of, manifest.delivery)
    shutil.rmtree(place, ignore_errors=True)  # never committed: left by a killed extraction
    place.parent.mkdir(parents=True, exist_ok=True)
    folder.rename(place)
    return manifest.delivery


@dataclass(frozen=True)
class QuarantineBook:
    """What became of the rows the gate took out of one table, as of a business day; see quality/reentry.py.

    A reader trusts `quarantine.parquet` beside the deliveries for what is out, and the book for what came back: without
    a book nothing comes back.
    """

    folder: Path

    @property
    def rows(self) -> Path:
        """Every row in quarantine by rule, with its state."""
        return self.folder / "rows.parquet"

    @property
    def reentered(self) -> Path:
        """The rows that re-enter, as they were corrected, in the schema of their deliveries."""
        return self.folder / "reentered.parquet"


def quarantine_book(settings: Settings, source: str, table: str, as_of: dt.date) -> QuarantineBook:
    """The book of one table as of a day; its files are there only if there is something to tell."""
    return QuarantineBook(source_dir(settings, source) / "_quarantine" / f"{as_of}" / table)


def _problems_path(settings: Settings, source: str, as_of: dt.date) -> Path:
    return source_dir(settings, source) / "_problems" / f"{as_of}.json"


def note_problems(settings: Settings, source: str, as_of: dt.date, problems: tuple[str, ...]) -> None:
    """Remember why the day could not be read; no problems means that it could, and how often it could not before."""
    path = _problems_path(settings, source, as_of)
    tries = failed_tries(settings, source, as_of) + bool(problems)
    if tries:
        write_json(path, {"problems": problems, "failed_tries": tries})


def problems(settings: Settings, source: str, as_of: dt.date) -> list[str]:
    """Why the day's last reading failed; empty when it did not."""
    path = _problems_path(settings, source, as_of)
    return list(_read_json(path)["problems"]) if path.exists() else []


def failed_tries(settings: Settings, source: str, as_of: dt.date) -> int:
    """How many readings of the day have failed."""
    path = _problems_path(settings, source, as_of)
    return int(_read_json(path)["failed_tries"]) if path.exists() else 0


@dataclass(frozen=True)
class Received:
    """A day's files as they were when last read, and how often the same content had come in new files before."""

    files: dict[str, list[int]]
    times_again: int = 0


def _received_path(settings: Settings, source: str, as_of: dt.date) -> Path:
    return source_dir(settings, source) / "_received" / f"{as_of}.json"


def received(settings: Settings, source: str, as_of: dt.date) -> Received | None:
    """What was noted when the day was last read; None for a day never read, and for databases."""
    path = _received_path(settings, source, as_of)
    return Received(**_read_json(path)) if path.exists() else None


def note_received(
    settings: Settings, source: str, as_of: dt.date, files: dict[str, list[int]], *, is_new: bool
) -> None:
    """Remember the files of a day that was read, and whether they brought anything new."""
    before = received(settings, source, as_of)
    again = before.times_again if before else 0
    if before is not None and before.files != files and not is_new:
        again += 1
    write_json(_received_path(settings, source, as_of), dataclasses.asdict(Received(files, again)))


@dataclass(frozen=True)
class SourceState:
    """How fresh a source is for a business day: the day of its last good data and, when that is stale, why."""

    source: str
    as_of: dt.date
    data_as_of: dt.date | None
    is_stale: bool
    reason: str | None
    rows: int


def source_state(settings: Settings, source: str, as_of: dt.date) -> SourceState:
    """The freshness of a source as the gate and the last extraction left it."""
    good = accepted(settings, source, as_of)
    day = good[-1].as_of if good else None
    told = problems(settings, source, as_of) or _gate_reasons(settings, source, as_of)
    is_stale = day != as_of or bool(told)
    reason = "; ".join(told) or f"no delivery of {as_of}" if is_stale else None
    rows = sum(delivery.manifest.rows for delivery in good[-1].deliveries.values()) if good else 0
    return SourceState(source, as_of, day, is_stale, reason, rows)


def _gate_reasons(settings: Settings, source: str, as_of: dt.date) -> list[str]:
    """What stopped the day's newest commit."""
    newest = day_commits(settings, source, as_of)[-1:]
    deliveries = [delivery for known in newest for delivery in known.deliveries.values()]
    return [reason for delivery in deliveries if (gate := delivery.gate) is not None for reason in gate.reasons]
