"""What must survive when deliveries are broken."""

import datetime as dt
import io
import shutil
from pathlib import Path

import psycopg
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from connectors.demo.generate import generate
from connectors.demo.poison import make_poisoned_set, poisons
from connectors.demo.poison_files import WRITERS
from dags.status import print_status, status_of
from tests.integration.conftest import FIRST, run
from warehouse.embedded_pg import EmbeddedPostgres
from warehouse.store import connect

SECOND = FIRST + dt.timedelta(days=1)


def status(settings) -> dict[str, tuple]:
    with connect(settings, read_only=True) as con:
        rows = con.execute("select source, data_as_of, is_stale, reason from source_status").fetchall()
    return {source: tuple(rest) for source, *rest in rows}


@pytest.fixture(scope="module")
def broken_day(site_factory):
    """Day 2 with four sources broken in four ways and fifty more beside them; the other four are healthy."""
    settings = site_factory(people=300, organizations=30)
    generate(settings, None)
    first = run(settings, FIRST)
    generate(settings, SECOND)
    config = Path(shutil.copytree(settings.config_dir, settings.home / "config"))
    make_poisoned_set(config, settings.home, SECOND)
    settings = settings.model_copy(update={"config_dir": config})
    stamp = SECOND.strftime("%Y%m%d")
    demo = settings.demo_dir
    truncate(demo / "wealth" / f"WMS_01_{stamp}.tar.gz")
    cut_inside_a_character(demo / "card" / f"CARDHOLDER_{stamp}.DAT")
    drop_column(demo / "call" / f"contacts_{stamp}.csv")
    drop_database(demo / "core" / "pg", "core_banking")
    leave_out_first(demo / "registry" / f"organization_{stamp}.parquet")
    second = run(settings, SECOND)
    return settings, first, second


def truncate(path):
    path.write_bytes(path.read_bytes()[:-200])


def cut_inside_a_character(path):
    """The file ends in the middle of a double-byte character of the last line's name field."""
    content = path.read_bytes()
    start = content.rstrip(b"\n").rfind(b"\n") + 1
    lead = next(i for i in range(start + 12 + 26, len(content)) if content[i] >= 0x81)
    path.write_bytes(content[: lead + 1])


def drop_column(path):
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    header = lines[0].replace("mobile", "cellular")
    path.write_text("\n".join([header, *lines[1:]]) + "\n", encoding="utf-8-sig")


def drop_database(folder, name):
    with psycopg.connect(EmbeddedPostgres(folder).start(), autocommit=True) as con:
        con.execute(f"drop database {name} with (force)")


def leave_out_first(path):
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path)


BROKEN = ("wealth", "card", "call", "core")


def test_each_broken_source_stops_with_one_clear_line(broken_day):
    _, _, second = broken_day
    stopped = {}
    for step, message in second.said:
        if message.startswith("STOPPED"):
            stopped.setdefault(step.removeprefix("extract "), []).append(message)
    expected = {*BROKEN, *(source for source, poison in poisons().items() if poison.outcome == "stopped")}
    assert {source: len(lines) for source, lines in stopped.items()} == dict.fromkeys(expected, 1)
    assert all("Traceback" not in line and "\n" not in line for lines in stopped.values() for line in lines)


def test_the_others_publish_the_new_day(broken_day):
    settings, first, second = broken_day
    assert second.content["as_of"] == str(SECOND)
    assert second.content["content_hash"] != first.content["content_hash"]
    fresh = {source for source, (day, stale, _) in status(settings).items() if day == SECOND and not stale}
    assert fresh >= {"credit", "ebank", "counter", "registry", *(f"healthy{kind}" for kind in WRITERS)}
    assert not fresh & {*BROKEN, *(source for source, poison in poisons().items() if poison.outcome == "refused")}


def test_the_last_good_data_of_a_broken_source_stays_marked_stale(broken_day):
    settings, first, second = broken_day
    for source in BROKEN:
        day, stale, reason = status(settings)[source]
        assert (day, stale) == (FIRST, True)
        assert reason
        before = {record for record in first.xref if record.startswith(f"{source}:")}
        assert before and before <= set(second.xref)


def test_published_rows_say_how_old_their_oldest_source_is(broken_day):
    import duckdb

    settings, _, _ = broken_day
    path = settings.published_dir / "current" / "customer.duckdb"
    with duckdb.connect(str(path), read_only=True) as con:
        days = {row[0] for row in con.execute("select distinct source_freshness from customer").fetchall()}
    assert days == {FIRST, SECOND}


def test_a_record_its_source_no_longer_has_ends_and_its_customer_stays(broken_day):
    settings, first, second = broken_day
    with connect(settings, read_only=True) as con:
        found = con.execute("select uscc from stg_registry__organization where ended_date = ?", [SECOND]).fetchall()
        ended_in_raw = con.execute("select count(*) from raw_registry__organization where _deleted_as_of is not null")
        assert ended_in_raw.fetchall() == [(1,)]
    ((uscc,),) = found
    record = f"registry:{uscc}"
    assert second.xref[record] == first.xref[record]


def test_the_status_tells_how_the_days_arrived(broken_day):
    settings, _, _ = broken_day
    report = status_of(settings)
    states = {(one["source"], one["as_of"]): one["state"] for one in report["arrivals"]}
    assert {states[source, SECOND] for source in BROKEN} == {"refused"}
    assert (states["credit", FIRST], states["credit", SECOND]) == ("on_time", "on_time")
    console = Console(file=io.StringIO(), width=200)
    print_status(report, console)
    lines = console.file.getvalue().splitlines()
    assert [line for line in lines if "fixed05" in line and "refused" in line]
