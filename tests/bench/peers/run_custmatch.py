"""custmatch on the benchmark's records, with 500 labels: CUSTMATCH_PYTHON run_custmatch.py RECORDS.csv OUT TRUTH.csv.

By its documentation: columns mapped in a configuration, 300 candidate pairs drawn by `custmatch sample`, the 200 it is
least sure of by `sample --active` (500 is what it recommends), each answered from the truth, then `custmatch run`. Its
threshold is the one it chooses itself, its blocking its own and that of the others (`extra_blocking`).
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import columns
from custmatch.cli import main

RANDOM, ACTIVE = 300, 200
_FIELDS = {
    "given": "first_name", "surname": "last_name", "birth": "date_of_birth", "document": "ssn", "phone": "phone",
    "email": "email", "address": "address",
}  # fmt: skip
_PARTS = {"address": "addr_street"}  # what it makes of a field, and blocks on
_COUNTRIES = {"id_no": "CN", "soc_sec_id": "AU"}  # whose records these are, by a column


def configuration(rows: list[columns.Row]) -> dict[str, object]:
    """The first column of each kind it knows under its name there; the others compared as extra fields."""
    mapped, extra = {"record_id": columns.of_kind(rows, "id")[0]}, []
    for column in columns.of_kind(rows, *_FIELDS, "sex", "place", "text"):
        field = _FIELDS.get(columns.KINDS[column], column)
        if field == column or field in mapped:
            field = column
            exact = columns.KINDS[column] in {"sex", "document"}
            extra.append({"name": column, "compare": "exact" if exact else "similarity"})
        mapped[field] = column
    found = {column: _PARTS.get(field, field) for field, column in mapped.items()}
    blocking = [[found[column] for column in keys] for keys in columns.blocking(rows) if set(keys) <= set(found)]
    settings: dict[str, object] = {
        "sources": [{"name": "records", "path": "records.csv", "columns": mapped}],
        "extra_fields": extra,
        "extra_blocking": blocking,
        "suspect_records": False,  # these two would download a list
        "normalise": {"nicknames": False},
    }
    countries = [country for column, country in _COUNTRIES.items() if column in rows[0]]
    return settings | ({"country": countries[0]} if countries else {})


def split_names(rows: list[columns.Row]) -> list[columns.Row]:
    """A Chinese name as surname (its first character) and given name, which custmatch wants apart."""
    if "given_name" in rows[0] or "name" not in rows[0]:
        return rows
    return [row | {"surname": row["name"][:1], "given_name": row["name"][1:]} for row in rows]


def label(drawn: Path, labels: Path, truth: dict[str, str]) -> None:
    """Answer the pairs that were drawn and add them to the labels."""
    with drawn.open(encoding="utf-8", newline="") as file:
        pairs = list(csv.DictReader(file))
    for pair in pairs:
        a, b = (pair[side].removeprefix("records:") for side in ("a", "b"))
        pair["label"] = str(int(truth[a] == truth[b]))
    before = labels.exists()
    with labels.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(pairs[0]))
        if not before:
            writer.writeheader()
        writer.writerows(pairs)


def run(records: Path, out: Path, truth: Path) -> None:
    """Label, match and write `clusters.csv`."""
    entities = columns.true_entities(truth)
    rows = split_names(columns.read(records))
    columns.write(out / "records.csv", rows)
    settings, drawn, labels = str(out / "config.json"), out / "drawn.csv", out / "labels.csv"
    Path(settings).write_text(json.dumps(configuration(rows)), encoding="utf-8")
    main(["sample", settings, "--n", str(RANDOM), "--out", str(drawn)])
    label(drawn, labels, entities)
    main(["sample", settings, "--active", str(labels), "--n", str(ACTIVE), "--out", str(drawn)])
    label(drawn, labels, entities)
    main(["run", settings, "--labels", str(labels), "--out", str(out / "results")])
    with (out / "results" / "clusters.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    columns.write_clusters(out, ((row["record_id"], row["customer_id"]) for row in found))


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
