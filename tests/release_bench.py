"""What the steps between `link` and `publish` leave, in the shape of the published models: for tests of the gate."""

from __future__ import annotations

import datetime as dt

import duckdb

from tests.matching_bench import read
from warehouse import publish_versions as versions
from warehouse import store
from warehouse.settings import Settings


def prepare(settings: Settings, day: dt.date, aum: dict[str, float] | None = None) -> None:
    """Make `published_customer_xref` and `published_customer_360` of the linked day; AUM by record, 100 CNY if none."""
    with store.connect(settings) as con:
        con.execute("create or replace temp table given (record_id varchar, aum double)")
        if aum:
            con.executemany("insert into given values (?, ?)", list(aum.items()))
        con.execute(
            "create or replace table published_customer_xref as select record_id, golden_id, ?::date as as_of,"
            " ? as run_id from party_identity where valid_to is null",
            [day, f"run-{day}"],
        )
        for table in ("published_customer_360", "customer_360"):
            con.execute(
                f"create or replace table {table} as select golden_id, sum(coalesce(given.aum, 100))::decimal(18, 2)"
                " as aum from party_identity left join given using (record_id) where valid_to is null group by 1"
            )


def publish(settings: Settings, day: dt.date) -> None:
    """Show readers what is prepared."""
    folder = versions.new_folder(settings)
    for table in ("customer_xref", "customer_360"):
        rows = read(settings, f"select * from published_{table} order by 1")
        with store.connect(settings, read_only=True) as con:
            con.execute(f"copy (from published_{table} order by 1) to '{folder / table}.parquet' (format parquet)")
        assert rows
    with duckdb.connect(str(folder / versions.DATABASE)):
        pass
    content = versions.Manifest(as_of=str(day), run_id=f"run-{day}", content_hash=f"{day:%d%m%Y}0000", tables={})
    versions.commit(settings, folder, content)
    versions.activate(settings, content.version)
