"""REST APIs: a table is one list of the API, read page by page; JSON lands as text like in files.

An API shows only its present. A list that breaks off for good (page 7 of 10) leaves nothing of the source's day behind.
"""

from __future__ import annotations

import datetime as dt
import itertools
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pyarrow as pa

from connectors.credentials import read_credential, trusted
from connectors.json_path import ABSENT, follow, parse_path, value_text
from connectors.json_spool import JsonSpool, undeclared_keys
from connectors.reading import Reading, ReadTable, require_columns, text_batch
from connectors.registry import RestSource, Table
from connectors.rest_api import RestObject
from connectors.rest_client import Answer, RestClient
from connectors.rest_paging import Page
from warehouse.errors import SourceError
from warehouse.landing import aside
from warehouse.settings import Settings

_FIRST_DAY = dt.date(1970, 1, 1)
_Values = Mapping[str, object]


@contextmanager
def open_rest(settings: Settings, source: RestSource, day: dt.date) -> Iterator[ReadTable]:
    """Read the credentials and open one client for all tables."""
    secrets = {name: read_credential(settings, name, one) for name, one in source.credentials.items()}
    with ExitStack() as opened:
        client = RestClient(source, secrets, opened.enter_context(_http(settings, source)))
        folder = opened.enter_context(tempfile.TemporaryDirectory(dir=aside(settings, source.name)))

        def read(name: str, since: dt.date | None) -> Reading:
            table, item = source.tables[name], source.list_of(name)
            spool = opened.enter_context(JsonSpool(Path(folder) / name))
            keys = _List(client, source, item, _day_values(table, day, since)).set_down(table, spool)
            where = f"{urlsplit(source.base_url).netloc}/{item}"
            new = undeclared_keys(table, keys)
            return Reading(_batches(where, table, spool, new), where, new_columns=new)

        yield read


def _http(settings: Settings, source: RestSource) -> httpx.Client:
    """A client that verifies certificates and heeds no variable of the environment."""
    verify = trusted(settings, source.ca_file)
    return httpx.Client(timeout=source.limits.timeout, proxy=source.proxy, trust_env=False, verify=verify)


def _day_values(table: Table, day: dt.date, since: dt.date | None) -> dict[str, object]:
    return {
        "date": day.isoformat(),
        "until": (day + dt.timedelta(days=1)).isoformat(),
        "since": (since or _FIRST_DAY).isoformat(),
        "columns": ",".join(column.source_name for column in table.columns),
    }


@dataclass(frozen=True)
class _Record:
    """One record with the values it was asked for with; its keys may hold dots and then are no paths (`is_flat`)."""

    value: object
    asked: _Values
    is_flat: bool = False

    def at(self, name: str) -> object:
        """What it has in a column; `$value` is the record itself, `$name` what the list was asked for with."""
        if name == "$value":
            return self.value
        if name.startswith("$"):
            return self.asked.get(name.removeprefix("$"), ABSENT)
        return follow(self.value, (name,) if self.is_flat else parse_path(name))


@dataclass
class _List:
    """One list of an API being read."""

    client: RestClient
    source: RestSource
    name: str
    known: _Values
    _pages: int = field(default=0, init=False)

    def set_down(self, table: Table, spool: JsonSpool) -> set[str]:
        """Set all records down; returns the keys of their top level.

        Raises:
            SourceError: a call failed for good.
        """
        item = self.source.objects[self.name]
        records = self._records(item)
        keys: set[str] = set()
        for record in _distinct(records, table) if item.distinct else records:
            spool.add((record.value, record.asked, record.is_flat))
            if isinstance(record.value, dict) and not record.is_flat:
                keys.update(record.value)
        return keys

    def _records(self, item: RestObject) -> Iterator[_Record]:
        if item.each is None:
            return self._pages_of(item, {})
        return itertools.chain.from_iterable(
            self._pages_of(item, {item.each.name: value}) for value in self._each(item)
        )

    def _each(self, item: RestObject) -> Iterator[object]:
        """The values a list is asked for with, one by one or in arrays."""
        each = item.each
        if each is None:
            return
        parent = self.source.objects[each.object]
        values = self._tree(parent, each.name, each.roots) if each.roots is not None else self._flat(parent)
        if each.batch is None:
            yield from values
        else:
            while chunk := list(itertools.islice(values, each.batch)):
                yield chunk

    def _flat(self, parent: RestObject) -> Iterator[object]:
        return (record.value for record in self._records(parent))

    def _tree(self, parent: RestObject, name: str, roots: Sequence[str | int]) -> Iterator[object]:
        waiting: deque[object] = deque(roots)
        known = set(map(str, roots))
        while waiting:
            value = waiting.popleft()
            yield value
            children = [record.value for record in self._pages_of(parent, {name: value})]
            waiting += [child for child in children if str(child) not in known]
            known.update(map(str, children))

    def _pages_of(self, item: RestObject, asked: _Values) -> Iterator[_Record]:
        """The records of one list, page by page.

        Raises:
            SourceError: an answer holds no list, the same page comes twice, or fewer records than the API counts.
        """
        sent = item.paging.first()
        before: list[object] = []
        count, number = 0, 1
        while True:
            where = f", page {number}"
            answer = self.client.call(item, {**self.known, **asked, **sent}, item.errors, where)
            records = self._found(item, answer, where)
            if item.positional:
                records = self._named(records, where)
            if records and records == before:
                raise SourceError(
                    f"{self._place(item)}{where}: the same records as the page before; correct its 'paging'"
                )
            yield from (_Record(record, asked, item.positional) for record in records)
            count += len(records)
            following = item.paging.following(sent, Page(answer.body, len(records), answer.link))
            if following is None:
                break
            sent, before, number = following, records, number + 1
        self._check_total(item, answer, count)

    def _found(self, item: RestObject, answer: Answer, where: str) -> list[object]:
        records = follow(answer.body, parse_path(item.records))
        if records is None:
            return []
        if not isinstance(records, list):
            raise SourceError(f"{self._place(item)}{where}: no list at '{item.records}'; correct its 'records'")
        return records

    def _named(self, records: list[object], where: str) -> list[object]:
        """Arrays of values as flat records, by what the table's columns are called."""
        names = str(self.known["columns"]).split(",")
        if any(not isinstance(record, list) or len(record) != len(names) for record in records):
            place = self._place(self.source.objects[self.name])
            raise SourceError(
                f"{place}{where}: a record has not the {len(names)} values asked for; correct the columns"
            )
        return [dict(zip(names, record, strict=True)) for record in records if isinstance(record, list)]

    def _check_total(self, item: RestObject, answer: Answer, count: int) -> None:
        total = follow(answer.body, parse_path(item.total)) if item.total else ABSENT
        if str(total).isdecimal() and int(str(total)) != count:
            raise SourceError(f"{self._place(item)}: {count} records, the API counts {total}; run again")

    def _place(self, item: RestObject) -> str:
        return f"{urlsplit(self.source.base_url).netloc}{item.path}"


def _batches(where: str, table: Table, spool: JsonSpool, new: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The records set down, as text columns.

    Raises:
        SourceError: a declared column occurs in no record.
    """
    names = [column.source_name for column in table.columns]
    seen: set[str] = set()
    rows = 0
    for chunk in spool.batches():
        records = [_Record(*parts) for parts in chunk]
        rows += len(records)
        undeclared = [[value_text(follow(record.value, (name,))) for record in records] for name in new]
        yield text_batch(table, [*(_column(records, name, seen) for name in names), *undeclared], new)
    if rows:
        require_columns(where, table, list(seen))


def _column(records: Sequence[_Record], name: str, seen: set[str]) -> list[str | None]:
    values = [record.at(name) for record in records]
    if any(value is not ABSENT for value in values):
        seen.add(name)
    return [value_text(value) for value in values]


def _distinct(records: Iterator[_Record], table: Table) -> Iterator[_Record]:
    """Records whose keys did not come before."""
    keys = [table.column(key).source_name for key in table.keys]
    known: set[tuple[str | None, ...]] = set()
    for record in records:
        key = tuple(value_text(record.at(name)) for name in keys)
        if key not in known:
            known.add(key)
            yield record
