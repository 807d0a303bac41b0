"""JSON Lines files of change events, as a sink of Debezium writes them: one file per table and day."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from connectors.change_event import UnreadableEvent, parse_event
from connectors.event_spool import EventSpool
from connectors.reading import Reading, ReadTable, bad_encoding, require, table_file
from connectors.registry import DebeziumSource
from warehouse.errors import SourceError
from warehouse.landing import aside
from warehouse.settings import Settings


@contextmanager
def open_debezium(settings: Settings, source: DebeziumSource, day: dt.date) -> Iterator[ReadTable]:
    """Read tables from the day's files."""
    with tempfile.TemporaryDirectory(dir=aside(settings, source.name)) as folder, ExitStack() as spools:

        def read(name: str, _since: dt.date | None) -> Reading:
            path = require(table_file(settings, source, name, day), day)
            spool = spools.enter_context(EventSpool(Path(folder) / name, source.tables[name]))
            _set_down(path, source.encoding, spool, _keys(source, name))
            new = spool.undeclared
            return Reading(spool.batches(str(path), new), path.name, new_columns=new)

        yield read


def _keys(source: DebeziumSource, name: str) -> tuple[str, ...]:
    table = source.tables[name]
    return tuple(table.column(key).source_name for key in table.keys)


def _set_down(path: Path, encoding: str, spool: EventSpool, keys: tuple[str, ...]) -> None:
    """Check and set down every line.

    Raises:
        SourceError: a line is no change event, or does not decode.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                event = parse_event(line.decode(encoding), keys)
            except UnicodeDecodeError:
                bad_encoding(path, encoding, number)
            except UnreadableEvent as error:
                raise SourceError(f"{path}, line {number}: {error}; ask for the file again") from None
            if event is not None:
                spool.add(event)
