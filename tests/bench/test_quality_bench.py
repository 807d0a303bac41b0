"""The raw gate over one large delivery: 30 columns, 20 expectations, some rows broken; CPU seconds and peak memory."""

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from connectors.extract import extract_source
from tests.source_files import make_site
from warehouse.settings import ROOT

DAY = dt.date(2026, 3, 2)
_FILLERS = [f"field_{number:02}" for number in range(20)]
_COLUMNS = ["no", "branch", "kind", "name", "cert", "mobile", "opened", "amount", "card", "code", *_FILLERS]
_CHECKS = [
    {"check": "row_count_between", "min": 1},
    {"check": "not_null", "column": "no", "level": "row"},
    {"check": "unique", "column": "no", "level": "row"},
    {"check": "matches_regex", "column": "no", "pattern": "[0-9]{10}", "level": "row"},
    {"check": "not_null", "column": "branch", "level": "row"},
    {"check": "matches_regex", "column": "branch", "pattern": "[0-9]{6}", "level": "row"},
    {"check": "in_set", "column": "kind", "values": ["1", "2"], "level": "row"},
    {"check": "not_null", "column": "name", "share": 0.98},
    {"check": "length_between", "column": "name", "min": 1, "max": 40, "level": "row"},
    {"check": "not_null", "column": "cert", "share": 0.9, "severity": "warn"},
    {"check": "checksum", "column": "cert", "scheme": "resident_id", "level": "row"},
    {"check": "matches_regex", "column": "mobile", "pattern": "1[3-9][0-9]{9}", "level": "row"},
    {"check": "date_between", "column": "opened", "format": "%Y%m%d", "max": "as_of", "level": "row"},
    {"check": "fresh_within", "column": "opened", "format": "%Y%m%d", "days": 30},
    {"check": "value_between", "column": "amount", "min": 0, "level": "row"},
    {"check": "checksum", "column": "card", "scheme": "luhn", "share": 0.9, "severity": "warn"},
    {"check": "share_between", "column": "kind", "values": ["1"], "min": 0.5},
    {"check": "unique_together", "columns": ["no", "kind"]},
    {"check": "in_set", "column": "code", "values": ["A", "B", "C"], "severity": "warn"},
    {"check": "share_drift", "column": "code", "max_change": 0.2, "severity": "warn"},
]
_RUN = """
import datetime as dt, json, resource, time
from pathlib import Path
from quality.gate import gate_raw
from warehouse.settings import load_settings
settings = load_settings(Path({config!r}), environ={{"MDM_HOME": {home!r}}})
clock = time.perf_counter()
counts = gate_raw(settings, dt.date(2026, 3, 2), "run-bench")
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps(counts | {{
    "wall": time.perf_counter() - clock, "cpu": used.ru_utime + used.ru_stime, "mib": used.ru_maxrss / 1024
}}))
"""


def delivered(rows: int) -> pa.Table:
    """Rows as a bank delivers them, texts throughout; one in a thousand is broken in one way."""
    places = np.arange(rows)
    random = np.random.default_rng(1)
    days = (np.datetime64("2000-01-01") + random.integers(0, 9_500, rows)).astype(str)
    body = np.char.add("110105", np.char.replace(days, "-", ""))
    body = np.char.add(body, np.char.zfill((places % 1000).astype(str), 3))
    digits = np.array(body, dtype="S17").view(np.uint8).reshape(rows, 17).astype(int) - 48
    check = np.array(list("10X98765432"))[(digits * [2 ** (17 - n) % 11 for n in range(17)]).sum(axis=1) % 11]
    texts = {
        "no": np.char.zfill(places.astype(str), 10), "branch": np.char.add("80", (1001 + places % 8).astype(str)),
        "kind": np.where(places % 10 == 0, "2", "1"), "name": np.array(["王小芳", "买买提·吐尔逊", "李四"])[places % 3],
        "cert": np.char.add(body, check), "mobile": np.char.add("138", np.char.zfill((places % 10**8).astype(str), 8)),
        "opened": np.char.replace(days, "-", ""), "amount": random.integers(0, 10**6, rows).astype(str),
        "card": np.array(["6228480402564890018"])[places % 1], "code": np.array(["A", "B", "C"])[places % 3],
    }  # fmt: skip
    texts["opened"][0] = "20260301"
    texts["kind"][500::1000] = "9"
    texts["mobile"][700::1000] = "12345678901"
    filler = np.char.zfill((places % 9973).astype(str), 12)
    return pa.table({name: pa.array(texts.get(name, filler)) for name in _COLUMNS})


@pytest.mark.parametrize("rows", [1_000_000, 2_000_000])
def test_the_gate_judges_a_million_rows(tmp_path: Path, rows: int) -> None:
    import pyarrow.parquet as pq

    columns = [{"name": name} for name in _COLUMNS]
    table = {"mode": "full", "keys": ["no"], "from": "T_{date}.parquet", "columns": columns}
    site = make_site(
        tmp_path,
        {"big": {"kind": "parquet", "folder": "in", "tables": {"t": table}}},
        {"big": {"t": {"branch": "branch", "checks": _CHECKS}}},
    )
    (site.home / "in").mkdir(parents=True)
    pq.write_table(delivered(rows), site.home / "in" / "T_20260302.parquet")
    extract_source(site, "big", DAY, "run-bench")
    code = _RUN.format(config=str(site.config_dir), home=str(site.home))
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    print(f"\ngate, {rows:,} rows x {len(_COLUMNS)} columns, {len(_CHECKS)} expectations: "
          f"{found['wall']:.1f} s wall, {found['cpu']:.1f} s CPU, {found['mib']:.0f} MiB")  # fmt: skip
    assert (found["checks"], found["quarantined"], found["failed_sources"]) == (20, rows // 500, 0)
    assert found["cpu"] < 15 * rows / 1_000_000 + 10
