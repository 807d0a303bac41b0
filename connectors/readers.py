"""The registry of readers: one line per kind of source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager

from connectors.read_amqp import open_amqp
from connectors.read_csv import open_csv
from connectors.read_debezium import open_debezium
from connectors.read_ebcdic import open_ebcdic
from connectors.read_excel import open_excel
from connectors.read_fixed import open_fixed
from connectors.read_jsonl import open_jsonl
from connectors.read_package import open_package
from connectors.read_parquet import open_parquet
from connectors.read_rest import open_rest
from connectors.read_sql import open_sql
from connectors.reading import ReadTable
from connectors.registry import Source
from warehouse.settings import Settings

READERS: dict[str, Callable[..., AbstractContextManager[ReadTable]]] = {
    "sql": open_sql,
    "package": open_package,
    "fixed": open_fixed,
    "ebcdic": open_ebcdic,
    "csv": open_csv,
    "excel": open_excel,
    "jsonl": open_jsonl,
    "parquet": open_parquet,
    "rest": open_rest,
    "debezium": open_debezium,
    "amqp": open_amqp,
}


def open_source(settings: Settings, source: Source, day: dt.date) -> AbstractContextManager[ReadTable]:
    """Open a source for one business day with the reader of its kind."""
    return READERS[source.kind](settings, source, day)
