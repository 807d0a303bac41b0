"""The floor of every linking speed: records that share an exact key, and nothing else, as a process of its own.

Usage: python -m tests.bench.exact_keys two|three RECORDS.parquet OUT

Keys: the document number (15-digit resident ids in their 18-digit place, without check digit), and name with birth date
and mobile; of `three`, which finds more, in place of the latter name with mobile, and birth date with mobile.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from matching.measure import measure

_NUMBER = """
select place,
    hash(case length(id_no) when 15 then id_no[:6] || '19' || id_no[7:] when 18 then id_no[:17] else id_no end) as key
from gathered where length(id_no) in (9, 15, 18) and id_no not in ('000000000000000000', '111111111111111111')
"""
_WITH_MOBILE = """
select place, hash({columns}, mobile) from gathered
where mobile is not null and mobile not in ('无', '13800000000', '00000000000', '13888888888') and {known}
"""
_KEYS = {
    "two": [("name, birth_date", "birth_date is not null")],
    "three": [("name", "name is not null"), ("birth_date", "birth_date is not null")],
}
_EDGES = "select place, first(place) over (partition by key) as other from key"


def run(kind: str, records: Path, out: Path) -> dict[str, Any]:
    """Cluster by exact keys and write `clusters.parquet`; returns the figures."""
    con = duckdb.connect(config={"temp_directory": str(out / ".spill")})
    columns = "record_id, name, id_no, birth_date, mobile, entity_id"
    con.execute(f"create table gathered as select {columns}, file_row_number as place from read_parquet('{records}')")
    keys = [_NUMBER, *(_WITH_MOBILE.format(columns=columns, known=known) for columns, known in _KEYS[kind])]
    con.execute(f"create table key as {' union all '.join(keys)}")
    edges = con.execute(_EDGES).fetchnumpy()
    row = con.execute("select count(*) from gathered").fetchone()
    size = int(row[0]) if row else 0
    joined = coo_matrix((np.ones(len(edges["place"]), np.int8), (edges["place"], edges["other"])), shape=(size, size))
    labels = connected_components(joined, directed=False)[1]
    con.register("label", pa.table({"place": np.arange(size), "cluster_id": labels}))
    con.execute(
        "create table clusters as select record_id, cluster_id, entity_id from gathered join label using (place)"
    )
    con.execute(f"copy (select record_id, cluster_id from clusters) to '{out / 'clusters.parquet'}' (format parquet)")
    found = measure(con, "clusters")
    return {name: round(getattr(found, name), 5) for name in ("precision", "recall", "f1")}


if __name__ == "__main__":
    folder = Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    sys.stdout.write(json.dumps(run(sys.argv[1], Path(sys.argv[2]), folder)) + "\n")
