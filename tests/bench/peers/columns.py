"""What the columns of the benchmark's tables hold, told to every peer alike, and the files its script reads and writes.

Standard library only: the scripts run in the peers' own environments, none of which has this project.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path

Row = dict[str, str]

KINDS = {
    "record_id": "id", "unique_id": "id",
    "name": "name", "PRIMARY_NAME_FULL": "name", "PRIMARY_NAME_ORG": "name",
    "given_name": "given", "first_name": "given", "fname_c1": "given", "PRIMARY_NAME_FIRST": "given",
    "surname": "surname", "lname_c1": "surname", "PRIMARY_NAME_LAST": "surname",
    "birth_date": "birth", "date_of_birth": "birth", "dob": "birth", "DATE_OF_BIRTH": "birth",
    "sex": "sex", "GENDER": "sex",
    "id_no": "document", "soc_sec_id": "document", "PASSPORT_NUMBER": "document", "DRIVERS_LICENSE_NUMBER": "document",
    "SSN_NUMBER": "document", "NATIONAL_ID_NUMBER": "document", "TAX_ID_NUMBER": "document",
    "mobile": "phone", "PHONE_NUMBER": "phone",
    "email": "email", "EMAIL_ADDRESS": "email",
    "address": "address", "address_1": "address", "ADDR_FULL": "address", "ADDR_LINE1": "address",
    "district": "place", "suburb": "place", "city": "place", "postcode": "place", "ADDR_CITY": "place",
    "address_2": "text", "street_number": "text", "employer": "text",
}  # fmt: skip
# what a user who looks at the records once would take for empty; our model of these records lists the same
FILLERS = {
    "无", "不详", "000000000000000000", "111111111111111111", "13800000000", "00000000000", "13888888888",
}  # fmt: skip


def read(path: Path) -> list[Row]:
    """The records with columns of a known kind: fillers emptied, dates as YYYY-MM-DD, blanks at the ends cut.

    The parts of a birth date (`by`, `bm`, `bd`) become `birth_date`.
    """
    with path.open(encoding="utf-8", newline="") as file:
        return [_cleaned(row) for row in csv.DictReader(file)]


def _cleaned(row: Row) -> Row:
    if "by" in row:
        row["birth_date"] = f"{row['by']}-{row['bm']:0>2}-{row['bd']:0>2}"
    kept = {column: value.strip() for column, value in row.items() if column in KINDS}
    return {column: _value(KINDS[column], value) for column, value in kept.items()}


def _value(kind: str, value: str) -> str:
    if value in FILLERS:
        return ""
    return re.sub(r"^(\d{4})(\d\d)(\d\d)$", r"\1-\2-\3", value) if kind == "birth" else value


def of_kind(rows: list[Row], *kinds: str) -> list[str]:
    """Columns of these kinds, in the order of the kinds, that hold more than one value."""
    columns = [column for kind in kinds for column in rows[0] if KINDS[column] == kind]
    return [column for column in columns if len({row[column] for row in rows} - {""}) > 1]


def ids(rows: list[Row]) -> list[str]:
    """The id of each record."""
    column = next(column for column in rows[0] if KINDS[column] == "id")
    return [row[column] for row in rows]


def write(path: Path, rows: list[Row]) -> None:
    """Records as a CSV, for a tool that reads a file itself."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write_clusters(out: Path, clusters: Iterable[tuple[str, object]]) -> None:
    """`clusters.csv`: the cluster of each record."""
    with (out / "clusters.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["record_id", "cluster_id"])
        writer.writerows(clusters)


def true_entities(path: Path) -> dict[str, str]:
    """Record to entity: what answers the questions of a tool that asks for labels."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["record_id"]: row["entity_id"] for row in csv.DictReader(file)}


def blocking(rows: list[Row]) -> list[list[str]]:
    """What two records must share to be compared, for the tools that are told: one of these lists of columns.

    A number that is a person's own, or two of name, birth date and home: the rules of our comparison with bare Splink.
    """
    names, births = of_kind(rows, "name", "given", "surname"), of_kind(rows, "birth")
    homes = [*of_kind(rows, "address")[:1], *of_kind(rows, "place")[:1]]
    alone = [[column] for column in of_kind(rows, "document", "phone", "email")]
    pairs = [[name, other] for name in names for other in [*births, *homes]]
    pairs += [[birth, home] for birth in births for home in homes]
    return [*alone, *([names] if len(names) > 1 else []), *pairs]


def places(rows: list[Row]) -> list[str]:
    """Columns of places, without those that the address holds already: a tool would count them twice."""
    addresses = of_kind(rows, "address")[:1]
    return [
        place
        for place in of_kind(rows, "place")
        if not addresses or 2 * sum(row[place] in row[addresses[0]] for row in rows) < len(rows)
    ]


def mostly_there(rows: list[Row], names: list[str]) -> list[str]:
    """Those of the columns that at least half of the records have."""
    return [name for name in names if 2 * sum(bool(row[name]) for row in rows) >= len(rows)]
