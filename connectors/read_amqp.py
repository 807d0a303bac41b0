"""A queue of change events on an AMQP 0-9-1 broker (RabbitMQ).

A reading takes what is in the queue when it begins, and acknowledges it when the day's commit stands, not before. A day
read twice keeps what it has and adds what came since. Whoever is killed in between gets the messages again; those that
landed already are known again. A message that is no change event is set aside as it came, never lost.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import logging
import ssl
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pika
import pika.exceptions
import pyarrow as pa
import pyarrow.parquet as pq
from pika.adapters.blocking_connection import BlockingChannel

from connectors.change_event import Event, UnreadableEvent, parse_event
from connectors.credentials import read_credential, trusted
from connectors.event_spool import EventSpool, event_moment
from connectors.reading import BATCH_ROWS, EVENT_NAMES, Reading, ReadTable, events_schema
from connectors.registry import AmqpSource, Table
from warehouse import landing
from warehouse.errors import SourceError
from warehouse.landing import Commit, Delivery
from warehouse.settings import Settings

logging.getLogger("pika").setLevel(logging.WARNING)  # below that it logs frames, bodies and all
_LOG = logging.getLogger(__name__)

_HEARTBEAT = 600  # seconds; nothing answers the broker while rows are being landed
_QUIET = 5  # seconds without a message after which the queue counts as read, whatever its counter said
_LARGEST_PREFETCH = 65_535
_LOST = (pika.exceptions.AMQPError, OSError)


@contextmanager
def open_amqp(settings: Settings, source: AmqpSource, day: dt.date) -> Iterator[ReadTable]:
    """Take the queue's messages, and acknowledge them once they are landed."""
    commits = landing.commits(settings, source.name)
    with tempfile.TemporaryDirectory(dir=landing.aside(settings, source.name)) as folder, ExitStack() as opened:
        spools = {
            name: opened.enter_context(EventSpool(Path(folder) / name, table)) for name, table in source.tables.items()
        }
        queue: _Queue | None = None
        if not commits or commits[-1].as_of <= day:  # a past day gets nothing of today's
            queue = _Queue(settings, source, day, opened.enter_context(_channel(settings, source)))
            queue.drain(spools)
        today = [commit for commit in commits if commit.as_of == day]
        unconfirmed = _unconfirmed(settings, source.name, commits)

        def read(name: str, _since: dt.date | None) -> Reading:
            before = today[-1].deliveries.get(name) if today else None
            new = before.manifest.new_columns if before is not None else []
            new += [key for key in spools[name].undeclared if key not in new]
            again = _Again(source.tables[name], [one.deliveries[name] for one in unconfirmed if name in one.deliveries])
            where = f"queue {source.queue}, table {name}"
            batches = _batches(where, source.tables[name], before, spools[name], new, again)
            counts = {"dead_letters": _dead_letters(settings, source.name, day)}
            return Reading(batches, f"{source.queue}/{name}", new_columns=new, counts=counts)

        yield read
        if queue is not None:
            queue.confirm(landing.commits(settings, source.name)[-1])


class _Again:
    """Tells events that the broker delivers again, because it never heard that they were landed.

    What came back from the landing is compared, so an event is what landed of it: operation, time, declared columns.
    """

    def __init__(self, table: Table, landed: Sequence[Delivery]) -> None:
        self._names = [column.name for column in table.columns]
        schema = events_schema(table)
        rows = (batch for delivery in landed for batch in _landed_rows(delivery, schema))
        self._waiting = Counter(mark for batch in rows for mark in self._marks(batch))

    def without(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch without the events that are landed; each landed one stands for one delivered again."""
        if not self._waiting:
            return batch
        keep = []
        for mark in self._marks(batch):
            keep.append(self._waiting[mark] == 0)
            self._waiting[mark] -= not keep[-1]
        return batch.filter(pa.array(keep, pa.bool_()))

    def _marks(self, batch: pa.RecordBatch) -> Iterator[bytes]:
        operations, places = (batch.column(name).to_pylist() for name in EVENT_NAMES)
        values = zip(*(batch.column(name).to_pylist() for name in self._names), strict=True)
        for operation, place, row in zip(operations, places, values, strict=True):
            text = json.dumps([operation, event_moment(place), *row])
            yield hashlib.blake2b(text.encode(), digest_size=16).digest()


def _batches(
    where: str, table: Table, before: Delivery | None, spool: EventSpool, new: Sequence[str], again: _Again
) -> Iterator[pa.RecordBatch]:
    """What the day has already, then what came since."""
    taken = np.array([], np.int64)
    if before is not None:
        taken = pq.read_table(before.data, columns=[EVENT_NAMES[1]])[EVENT_NAMES[1]].to_numpy()
        yield from _landed_rows(before, events_schema(table, new))
    for batch in spool.batches(where, new, taken):
        yield again.without(batch)


def _landed_rows(delivery: Delivery, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """A delivery's rows in these columns; null where it has none."""
    for batch in pq.ParquetFile(delivery.data).iter_batches(BATCH_ROWS):
        columns = [
            batch.column(field.name) if field.name in batch.schema.names else pa.nulls(batch.num_rows, field.type)
            for field in schema
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _commit_id(commit: Commit) -> str:
    return f"{commit.as_of}.{commit.number:04}"


def _confirmed_path(settings: Settings, source: str) -> Path:
    return landing.source_dir(settings, source) / "_acknowledged.json"


def _unconfirmed(settings: Settings, source: str, commits: list[Commit]) -> list[Commit]:
    """The commits whose messages the broker may deliver again; of each day the newest, which holds the others' rows."""
    path = _confirmed_path(settings, source)
    last = json.loads(path.read_text(encoding="utf-8"))["commit"] if path.is_file() else ""
    newest = {commit.as_of: commit for commit in commits if _commit_id(commit) > last}
    return list(newest.values())


@contextmanager
def _channel(settings: Settings, source: AmqpSource) -> Iterator[BlockingChannel]:
    """A channel to the broker; leaving it gives unacknowledged messages back.

    Raises:
        SourceError: no connection, or the broker refuses the user.
    """
    parameters = _parameters(settings, source)
    where = f"broker {parameters.host}:{parameters.port}"
    try:
        connection = pika.BlockingConnection(parameters)
    except (pika.exceptions.ProbableAuthenticationError, pika.exceptions.ProbableAccessDeniedError):
        raise SourceError(f"{where}: refuses the user or his virtual host; check user, password and url") from None
    except ssl.SSLError:
        raise SourceError(f"{where}: its certificate is not trusted; name the bank's authority in ca_file") from None
    except _LOST:
        raise SourceError(f"{where}: no connection; run again when it is well, or correct url") from None
    try:
        yield connection.channel()
    finally:
        with suppress(*_LOST):
            connection.close()


def _parameters(settings: Settings, source: AmqpSource) -> pika.ConnectionParameters:
    parts = urlsplit(source.url)
    host = parts.hostname or ""
    is_encrypted = parts.scheme == "amqps"
    password = read_credential(settings, "password", source.password)
    return pika.ConnectionParameters(
        host,
        parts.port or (5671 if is_encrypted else 5672),
        unquote(parts.path.removeprefix("/")) or "/",
        pika.PlainCredentials(source.user, password, erase_on_connect=True),
        heartbeat=_HEARTBEAT,
        ssl_options=pika.SSLOptions(trusted(settings, source.ca_file), host) if is_encrypted else None,
        socket_timeout=source.timeout,
        blocked_connection_timeout=source.timeout,
    )


@dataclass
class _Queue:
    """The queue of one reading."""

    settings: Settings
    source: AmqpSource
    day: dt.date
    channel: BlockingChannel
    last_tag: int | None = None
    dead: int = 0

    def drain(self, spools: dict[str, EventSpool]) -> None:
        """Set down every message that is in the queue now.

        Raises:
            SourceError: no such queue, the connection broke, or too many messages are unreadable; all stay in it.
        """
        where = f"queue {self.source.queue}"
        try:
            waiting = self.channel.queue_declare(self.source.queue, passive=True).method.message_count
            self._take(waiting, spools)
        except pika.exceptions.ChannelClosedByBroker as error:
            raise SourceError(
                f"{where}: refused by the broker ({error.reply_code}); check its name and rights"
            ) from None
        except _LOST:
            raise SourceError(f"{where}: the connection broke off; run again, nothing is lost") from None
        if self.dead:
            _LOG.warning("%s: %d messages are no change events of its tables; see _dead_letters", where, self.dead)

    def _take(self, waiting: int, spools: dict[str, EventSpool]) -> None:
        if not waiting:
            return
        self.channel.basic_qos(prefetch_count=waiting if waiting <= _LARGEST_PREFETCH else 0)
        taken = self.channel.consume(self.source.queue, inactivity_timeout=_QUIET)
        for number, (method, _, body) in enumerate(taken, start=1):
            if method is None:
                break
            self._set_down(method.routing_key, body, spools)
            self.last_tag = method.delivery_tag
            if number == waiting:
                break
        self.channel.cancel()

    def _set_down(self, routing_key: str, body: bytes, spools: dict[str, EventSpool]) -> None:
        try:
            event = parse_event(body, self._keys(routing_key))
            if event is not None:
                spools[self._table(event, routing_key)].add(event)
        except UnreadableEvent as error:
            self._set_aside(str(error), routing_key, body)

    def _keys(self, routing_key: str) -> tuple[str, ...]:
        named = [table for name, table in self.source.tables.items() if (table.origin or name) == routing_key]
        return tuple(named[0].column(key).source_name for key in named[0].keys) if named else ()

    def _table(self, event: Event, routing_key: str) -> str:
        names = (routing_key, *event.tables)
        for name, table in self.source.tables.items():
            if (table.origin or name) in names:
                return name
        raise UnreadableEvent("belongs to no table of the source file")

    def _set_aside(self, reason: str, routing_key: str, body: bytes) -> None:
        """Keep a message as it came; the same message has the same file."""
        self.dead += 1
        if self.dead > self.source.dead_letters:
            raise SourceError(
                f"queue {self.source.queue}: more than {self.source.dead_letters} messages are no change events of its "
                f"tables (the last: {reason}); correct the tables, or raise dead_letters"
            )
        digest = hashlib.blake2b(routing_key.encode() + b"\0" + body, digest_size=16).hexdigest()
        path = _dead_letter_folder(self.settings, self.source.name, self.day) / f"{digest}.json"
        letter = {"reason": reason, "routing_key": routing_key, "body_base64": base64.b64encode(body).decode()}
        landing.write_json(path, letter)

    def confirm(self, commit: Commit) -> None:
        """Tell the broker that everything taken is landed; where it does not hear it, it delivers again."""
        try:
            acknowledge(self.channel, self.last_tag)
        except _LOST:
            return
        path = _confirmed_path(self.settings, self.source.name)
        landing.write_json(path, {"commit": _commit_id(commit)})


def acknowledge(channel: BlockingChannel, last_tag: int | None) -> None:
    """Acknowledge all messages up to the last one taken."""
    if last_tag is not None:
        channel.basic_ack(last_tag, multiple=True)


def _dead_letter_folder(settings: Settings, source: str, day: dt.date) -> Path:
    return landing.source_dir(settings, source) / "_dead_letters" / f"{day}"


def _dead_letters(settings: Settings, source: str, day: dt.date) -> int:
    return sum(1 for _ in _dead_letter_folder(settings, source, day).glob("*.json"))
