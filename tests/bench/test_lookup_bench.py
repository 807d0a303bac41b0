"""Single lookup against a million prepared records: time per answer, decision and explanation included, and memory."""

from __future__ import annotations

import gc
import os
import random
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from matching.lookup import open_lookup
from matching.model import load_model
from matching.parameters import Parameters, stated_levels
from matching.prepare import prepare
from tests.matching_bench import make_people
from warehouse.settings import ROOT

RECORDS = int(os.environ.get("MDM_BENCH_RECORDS", "1000000"))
LOOKUPS = 2_500
MODEL = ROOT / "config" / "models" / "person.yml"
_PEOPLE_PER_RECORD = 0.53  # the generator makes 1.9 records of a person
_LISTS = ("birth_dates", "mobiles", "former_mobiles", "all_mobiles", "former_addresses")


def _party(row: dict[str, Any]) -> dict[str, Any]:
    """A record as `matching.party` folds it."""
    mobiles = [row["mobile"]] if row.get("mobile") else None
    key = row.get("document_key")
    birth = row.get("birth_date_document") or row.get("birth_date")
    return {
        **row, "document_holder": key, "document_class": key[0] if key else None,
        "document_space": "R" if row.get("document_number") else None, "birth_date": birth,
        "birth_dates": [birth] if birth else [], "mobiles": mobiles, "all_mobiles": mobiles,
    }  # fmt: skip


def _made(size: int, seed: int) -> list[dict[str, Any]]:
    """People with what a county bank has: shared mobiles of villages, employers of many."""
    rng = random.Random(seed)
    rows = make_people(size, seed)[0]
    for row in rows:
        row["employer"] = f"襄阳市第{rng.randrange(4000)}机械有限公司" if rng.random() < 0.4 else None
        row["email"] = f"u{rng.randrange(10**7)}@qq.com" if rng.random() < 0.2 else None
        if rng.random() < 0.02:
            row["mobile"] = f"1990000{rng.randrange(300):04d}"
    return rows


def build(path: str, records: int) -> None:
    """Write the prepared records and their customers into a DuckDB file."""
    model = load_model(MODEL)
    rows = [_party(row) for row in _made(int(records * _PEOPLE_PER_RECORD), 1)][:records]
    names = sorted({column for field in model.fields.values() for column in field.sources})
    kinds = {"birth_date": pa.date32(), "birth_date_document": pa.date32(), "birth_dates": pa.list_(pa.date32())}
    columns = {"record_id": pa.array([row["record_id"] for row in rows])}
    for name in names:
        kind = kinds.get(name, pa.list_(pa.string()) if name in _LISTS else pa.string())
        columns[name] = pa.array([row.get(name) for row in rows], kind)
    with duckdb.connect(path) as con:
        con.register("party", pa.table(columns))
        con.execute(
            "create table identity as select record_id, 'G' || split_part(record_id, ':', 2) as golden_id from party"
        )
        prepare(con, model, "party", "made")
        con.execute("create table prepared_person as from made")


def _typed(rng: random.Random, row: dict[str, Any]) -> dict[str, Any]:
    """What a clerk types: the whole form, a slip in it, or only name, birth date and mobile."""
    typed = dict(row)
    kind = rng.random()
    if kind < 0.3:
        typed |= {"document_number": None, "document_key": None, "birth_date_document": None}
    if 0.2 < kind < 0.5:
        typed["name"] = typed["name"][:-1] + rng.choice("伟强磊洋勇")
    if 0.4 < kind < 0.6:
        typed["mobile"] = typed["mobile"][:-1] + str(rng.randrange(10))
    if kind > 0.9:
        typed = {"name": row["name"], "birth_date": row.get("birth_date"), "mobile": row["mobile"]}
    return _party(typed)


def _resident_memory() -> float:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def test_a_lookup_is_fast_and_small(tmp_path):
    path = tmp_path / "prepared.duckdb"
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:  # its memory is not ours
        pool.submit(build, str(path), RECORDS).result()
    model = load_model(MODEL)
    parameters = Parameters(
        party_type="person", structure_hash="", trained_as_of="2026-03-02", records=RECORDS, fingerprint="",
        prior=1 / RECORDS, levels=stated_levels(model),
    )  # fmt: skip
    before, started = _resident_memory(), time.perf_counter()
    with duckdb.connect(config={"memory_limit": "2GB", "temp_directory": str(tmp_path)}) as con:
        con.execute(f"attach '{path}' as prepared (read_only)")
        lookup = open_lookup(con, "prepared.prepared_person", "prepared.identity", model, parameters)
    opened = time.perf_counter() - started
    gc.collect()
    memory = _resident_memory() - before
    rng = random.Random(5)
    known, strangers = _made(2_000, 1), _made(400, 99)  # the first two thousand of the million
    asked = [_typed(rng, rng.choice(known if rng.random() < 0.8 else strangers)) for _ in range(LOOKUPS)]
    for values in asked[:50]:
        lookup.ask(values).as_json()
    times, compared, decisions = [], [], []
    for values in asked:
        begun = time.perf_counter()
        answer = lookup.ask(values)
        times.append((time.perf_counter() - begun) * 1000)
        compared.append(answer.compared)
        decisions.append(answer.decision)
    p50, p99 = np.percentile(times, [50, 99])
    print(
        f"\n{RECORDS:,} records: opened in {opened:.0f} s, {memory:,.0f} MB; {LOOKUPS:,} lookups p50 {p50:.2f} ms,"
        f" p99 {p99:.2f} ms, max {max(times):.1f} ms; compared p50 {np.median(compared):.0f},"
        f" p99 {np.percentile(compared, 99):.0f}; "
        + ", ".join(f"{name} {decisions.count(name)}" for name in ("link", "review", "new"))
    )
    assert p50 <= 5 and p99 <= 20
    assert memory <= 1024
    assert decisions.count("link") > LOOKUPS / 2
