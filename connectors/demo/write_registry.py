"""Business registry: three Parquet files of public data, whole every day."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.demo.columns import Table, choose, height, lookup, numbers, take, texts
from connectors.demo.files import stamp, write_bytes
from connectors.demo.places import county_codes
from connectors.demo.world import World

_POSITIONS = ("执行董事兼总经理", "董事长", "执行董事", "总经理")


def write(world: World, folder: Path) -> dict[str, int]:
    """Write the day's three files; returns rows by table."""
    listed = np.sort(world.registered)
    organizations = take(world.organizations, listed)
    tables = {
        "organization": _organizations(world, organizations),
        "legal_representative": _representatives(world, organizations),
        "shareholder": _shareholders(world, organizations),
    }
    for name, table in tables.items():
        buffer = io.BytesIO()
        pq.write_table(pa.table({n: _column(c) for n, c in table.items()}), buffer, compression="zstd")
        write_bytes(folder / f"{name}_{stamp(world.date)}.parquet", buffer.getvalue())
    return {name: height(table) for name, table in tables.items()}


def _column(column: np.ndarray) -> pa.Array:
    return pa.array(column, type=pa.string(), from_pandas=True) if column.dtype.kind == "O" else pa.array(column)


def _organizations(world: World, listed: Table) -> Table:
    return {
        "uscc": listed["uscc"], "reg_no": listed["registry_number"], "org_name": listed["name"],
        "former_name": listed["former_name"], "org_type": listed["kind"], "status": listed["status"],
        "established_dt": listed["established"], "region_code": numbers(county_codes(listed["county"]), 6),
        "address": listed["region"] + listed["detail"], "phone": listed["tel"],
        "legal_rep_name": world.people["name"][listed["legal_person"]], "reg_capital": listed["capital"],
        "industry": listed["industry_code"],
    }  # fmt: skip


def _representatives(world: World, listed: Table) -> Table:
    return {
        "uscc": listed["uscc"], "person_name": world.people["name"][listed["legal_person"]],
        "position": lookup(_POSITIONS, listed["number"] % len(_POSITIONS)), "since_dt": listed["established"],
    }  # fmt: skip


def _shareholders(world: World, listed: Table) -> Table:
    """One to three holders per company: its legal representative, other people, or another company."""
    companies = take(listed, np.flatnonzero(listed["is_company"]))
    size = height(companies)
    rng = world.now.stream(f"shareholders/{height(world.organizations)}")
    count = 1 + companies["number"] % 3
    row = np.repeat(np.arange(size), count)
    place = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    by_company = (place == 2) & (companies["number"][row] % 2 == 0)
    other = rng.integers(0, height(listed), len(row))
    partner = (companies["number"][row] * 131 + place * 17) % world.size.people
    person = np.where(place == 0, companies["legal_person"][row], partner)
    ratios = np.array([[1.0, 0, 0], [0.6, 0.4, 0], [0.5, 0.3, 0.2]])
    return {
        "uscc": companies["uscc"][row],
        "holder_name": np.where(by_company, listed["name"][other], world.people["name"][person]),
        "holder_type": choose(by_company, "organization", "person"),
        "holder_uscc": np.where(by_company, listed["uscc"][other], texts(None, len(row))),
        "share_ratio": ratios[count[row] - 1, place],
    }  # fmt: skip
