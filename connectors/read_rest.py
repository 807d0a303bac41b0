"""REST APIs: a table is one list of the API, read page by page; JSON lands as text like in files.

An API shows only its present. A list that breaks off for good (page 7 of 10) leaves nothing of the source's day behind.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pyarrow as pa

from connectors.credentials import read_credential
from connectors.json_path import ABSENT, follow, parse_path, value_text
from connectors.reading import Reading, ReadTable, require_columns, text_batch
from connectors.registry import RestSource, Table
from connectors.rest_api import RestObject
from connectors.rest_client import Answer, RestClient
from connectors.rest_paging import Page
from warehouse.errors import SourceError
from warehouse.settings import Settings

_BATCH_ROWS = 10_000  # records of APIs are wide
_FIRST_DAY = dt.date(1970, 1, 1)
_Values = Mapping[str, object]


@contextmanager
def open_rest(settings: Settings, source: RestSource, day: dt.date) -> Iterator[ReadTable]:
    """Read the credentials and open one client for all tables."""
    secrets = {name: read_credential(settings, name, one) for name, one in source.credentials.items()}
    with _http(settings, source) as http:
        client = RestClient(source, secrets, http)

        def read(name: str, since: dt.date | None) -> Reading:
            new: list[str] = []  # complete once the last batch is read
            known = _day_values(source.tables[name], day, since)
            batches = _List(client, source, source.list_of(name), known).batches(source.tables[name], new)
            return Reading(batches, f"{urlsplit(source.base_url).netloc}/{source.list_of(name)}", new_columns=new)

        yield read


def _http(settings: Settings, source: RestSource) -> httpx.Client:
    """A client that verifies certificates and heeds no variable of the environment."""
    authority: Path | None = None if source.ca_file is None else settings.home / source.ca_file
    if authority is not None and not authority.is_file():
        raise SourceError(f"{authority}: not there; provide the authority's certificate, or correct 'ca_file'")
    verify = httpx.create_ssl_context(verify=str(authority)) if authority else True
    return httpx.Client(timeout=source.limits.timeout, proxy=source.proxy, trust_env=False, verify=verify)


def _day_values(table: Table, day: dt.date, since: dt.date | None) -> dict[str, object]:
    return {
        "date": day.isoformat(),
        "until": (day + dt.timedelta(days=1)).isoformat(),
        "since": (since or _FIRST_DAY).isoformat(),
        "columns": ",".join(column.source_name for column in table.columns),
    }


class _Flat(dict[str, object]):
    """A record whose keys may hold dots and are no paths."""


@dataclass(frozen=True)
class _Record:
    """One record with the values it was asked for with."""

    value: object
    asked: _Values


@dataclass
class _List:
    """One list of an API being read."""

    client: RestClient
    source: RestSource
    name: str
    known: _Values
    _pages: int = field(default=0, init=False)

    def batches(self, table: Table, new: list[str]) -> Iterator[pa.RecordBatch]:
        """Read all records as text columns; keys of the top level nobody declared are added to `new`.

        Raises:
            SourceError: a call failed for good, or a declared column occurs in no record.
        """
        item = self.source.objects[self.name]
        records = self._records(item)
        if item.distinct:
            records = _distinct(records, table)
        names = [column.source_name for column in table.columns]
        seen: set[str] = set()
        keys: set[str] = set()
        rows = 0
        while chunk := list(itertools.islice(records, _BATCH_ROWS)):
            columns = [_column(chunk, name, seen) for name in names]
            keys.update(itertools.chain.from_iterable(one.value for one in chunk if type(one.value) is dict))
            rows += len(chunk)
            yield text_batch(table, columns)
        if rows:
            where = f"{urlsplit(self.source.base_url).netloc}, list {self.name}"
            optional = {column.source_name for column in table.columns if column.optional}
            require_columns(where, [name for name in names if name not in optional], list(seen))
            new += sorted(keys - {parse_path(name)[0] for name in names})

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
            yield from (_Record(record, asked) for record in records)
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
        return [_Flat(zip(names, record, strict=True)) for record in records if isinstance(record, list)]

    def _check_total(self, item: RestObject, answer: Answer, count: int) -> None:
        total = follow(answer.body, parse_path(item.total)) if item.total else ABSENT
        if str(total).isdecimal() and int(str(total)) != count:
            raise SourceError(f"{self._place(item)}: {count} records, the API counts {total}; run again")

    def _place(self, item: RestObject) -> str:
        return f"{urlsplit(self.source.base_url).netloc}{item.path}"


def _column(records: Sequence[_Record], name: str, seen: set[str]) -> list[str | None]:
    values = [_value(record, name) for record in records]
    if any(value is not ABSENT for value in values):
        seen.add(name)
    return [value_text(value) for value in values]


def _value(record: _Record, name: str) -> object:
    """What a record has in a column; `$value` is the record itself, `$name` what the list was asked for with."""
    if name == "$value":
        return record.value
    if name.startswith("$"):
        return record.asked.get(name.removeprefix("$"), ABSENT)
    if isinstance(record.value, _Flat):
        return record.value.get(name, ABSENT)
    return follow(record.value, parse_path(name))


def _distinct(records: Iterator[_Record], table: Table) -> Iterator[_Record]:
    """Records whose keys did not come before."""
    keys = [table.column(key).source_name for key in table.keys]
    known: set[tuple[str | None, ...]] = set()
    for record in records:
        key = tuple(value_text(_value(record, name)) for name in keys)
        if key not in known:
            known.add(key)
            yield record
