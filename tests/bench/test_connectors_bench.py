"""How long a million rows of thirty columns take from a source into the landing, in how much memory (make bench)."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.source_files import DAY, make_site
from tests.sql_servers import DAY as SQL_DAY
from tests.sql_servers import server_or_skip, site
from warehouse import landing
from warehouse.settings import ROOT

ROWS = 1_000_000
WIDTHS = [8, 20, 60, 12, *[12] * 26]
_MEASURE = """
import json, resource, sys, time
begin = time.perf_counter()
from dags.cli import app
app(sys.argv[1:], standalone_mode=False)
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([time.perf_counter() - begin, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20]))
"""


def extract(settings, source, day):
    """The command as a bank runs it, in a process of its own: seconds, processor seconds, GiB at the peak."""
    command = [sys.executable, "-c", _MEASURE, "step", "extract", "--source", source, "--as-of", str(day)]
    environment = {**os.environ, "MDM_CONFIG": str(settings.config_dir), "MDM_HOME": str(settings.home)}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, processor, peak = json.loads(done.stdout.splitlines()[-1])
    sys.stdout.write(f"\n{source}: {seconds:.1f} s, {processor:.1f} s processor time, peak {peak:.2f} GiB\n")
    return seconds, processor, peak


def tails() -> list[bytes]:
    """A thousand different rests of records, everything behind the key."""
    made = []
    for n in range(1000):
        values = [
            f"张三{n}",
            f"浙江省杭州市西湖区文三路{n}号",
            f"{n * 7:011}",
            *[f"{'资料' if c % 3 == 0 else 'V'}{n}-{c}" for c in range(26)],
        ]
        fields = [value.encode("gb18030").ljust(width) for value, width in zip(values, WIDTHS[1:], strict=True)]
        made.append(b"".join(fields) + b"\n")
    return made


def fixed_site(folder: Path, rows: int):
    columns = [{"name": f"c{n:02}", "width": width} for n, width in enumerate(WIDTHS)]
    table = {"mode": "full", "keys": ["c00"], "from": "T_{date}.DAT", "columns": columns}
    source = {"kind": "fixed", "folder": "in", "control": "T_{date}.CTL", "tables": {"t": table}}
    settings = make_site(folder, {"wide": source})
    (settings.home / "in").mkdir(parents=True)
    path = settings.home / "in" / f"T_{DAY:%Y%m%d}.DAT"
    rests = tails()
    with path.open("wb") as file:
        for start in range(0, rows, 1000):
            file.write(b"".join(b"%08d" % (start + n) + rests[n] for n in range(1000)))
    path.with_suffix(".CTL").write_text(f"{path.name}|{rows}|{path.stat().st_size}\n")
    return settings


def test_a_million_fixed_width_rows_within_40_seconds_and_a_gigabyte_and_four_times_a_quarter(tmp_path):
    quarter = extract(fixed_site(tmp_path / "quarter", ROWS // 4), "wide", DAY)
    seconds, processor, peak = extract(fixed_site(tmp_path / "whole", ROWS), "wide", DAY)
    assert min(seconds, processor) <= 40
    assert peak <= 1
    assert processor <= 4.4 * quarter[1]


@pytest.mark.service
@pytest.mark.parametrize(("kind", "limit"), [("postgresql", 20), ("mariadb", 120)])
def test_a_million_rows_of_a_database_while_it_is_written(tmp_path, kind, limit):
    server = server_or_skip(kind)
    prefix = f"mdm_bench_{os.getpid()}"
    server.make_tables(prefix, ROWS)
    settings = site(tmp_path, kind, prefix)
    try:
        begin = time.perf_counter()
        with server.writer(prefix, ROWS) as done:
            seconds, processor, peak = extract(settings, "bank", SQL_DAY)
        sys.stdout.write(f"{len(done)} transactions were written in {time.perf_counter() - begin:.0f} s beside it\n")
    finally:
        server.drop(prefix)
    deliveries = landing.commits(settings, "bank")[-1].deliveries
    rows, total = (str(deliveries[name].data) for name in ("customer", "total"))
    import duckdb

    with duckdb.connect() as con:
        sums = "select (select sum(version) from read_parquet(?)), (select versions from read_parquet(?))"
        seen, stated = con.execute(sums, [rows, total]).fetchone()
        assert con.execute("select count(*) from read_parquet(?)", [rows]).fetchone() == (ROWS,)
    assert seen == stated
    assert min(seconds, processor) <= limit
    assert peak <= 1
