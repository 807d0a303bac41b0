"""The demo bank's customer records of all systems in one table, with the true party.

Usage, after `mdm demo`, `mdm step extract`, `mdm step gate_raw` and `mdm step stage`:

    python -m tests.bench.merged_customers customers.csv
    mdm match customers.csv --propose --truth entity_id --model customers.yml
    mdm match customers.csv --model customers.yml --truth entity_id --format json
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from warehouse import store
from warehouse.settings import load_settings

COLUMNS = """
record.record_id, record.name_raw as customer_name, record.document_type, record.document_number_raw as document_no,
record.birth_date, record.sex, coalesce(record.mobile, record.mobile_second) as mobile, record.phone, record.email,
record.address, record.employer, record.spouse_name, record.opened_date, truth.entity_id
"""


def write(path: Path) -> int:
    """Write the table; returns the number of records."""
    settings = load_settings()
    truth = str(settings.truth_dir / "truth.parquet")
    with store.connect(settings, read_only=True) as warehouse:
        records = warehouse.execute("from int_party__record").to_arrow_table()
    with duckdb.connect() as con:
        con.register("record", records)
        con.execute(
            f"create table merged as select {COLUMNS} from record join read_parquet(?) as truth using (record_id)"
            " order by record.record_id",
            [truth],
        )
        con.execute(f"copy merged to '{path}' (format csv, header)")
        row = con.execute("select count(*) from merged").fetchone()
        return int(row[0]) if row else 0


if __name__ == "__main__":
    print(f"{write(Path(sys.argv[1])):,} records")
