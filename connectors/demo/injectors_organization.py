"""Injectors about organizations: old registration numbers, other spellings of a name, and look-alike companies.

The first two functions act on the truth while organizations are made, the others on the records of core and credit.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from connectors.demo.columns import Table, join, missing, numbers, present
from connectors.demo.injecting import Batch, mark

RATES = {"branch_company_trap": 0.02, "same_core_name_trap": 0.02}
USCC, ORGANIZATION_CODE, REGISTRY_NUMBER = "uscc", "organization_code", "registry_number"


def _pairs(rng: Generator, rows: np.ndarray, size: int, rate: float) -> tuple[np.ndarray, np.ndarray]:
    count = min(max(1, round(size * rate)), len(rows) // 2)
    chosen = rng.permutation(rows)[: 2 * count]
    return chosen[:count], chosen[count:]


def _trap(organizations: Table, groups: np.ndarray, name: str) -> None:
    for member in groups:
        mark(organizations["injected"], member, name)
        organizations["trap"][member] = join(f"{name}:", numbers(organizations["number"][groups[0]], 8))


def branch_company_trap(organizations: Table, rng: Generator, rate: float) -> None:
    """A 分公司: its parent's name with a place behind it, a registration of its own; another entity."""
    companies = np.flatnonzero(missing(organizations["trap"]) & organizations["is_company"])
    parent, child = _pairs(rng, companies, len(organizations["name"]), rate)
    place = organizations["place"][child]
    organizations["name"][child] = organizations["name"][parent] + place + "分公司"
    organizations["kind"][child] = "分公司"
    _trap(organizations, np.stack([parent, child]), "branch_company_trap")


def same_core_name_trap(organizations: Table, rng: Generator, rate: float) -> None:
    """Two unrelated companies whose names differ in the region only."""
    companies = np.flatnonzero(missing(organizations["trap"]) & organizations["is_company"])
    first, second = _pairs(rng, companies, len(organizations["name"]), rate)
    differ = organizations["place"][first] != organizations["place"][second]
    first, second = first[differ], second[differ]
    for column in ("core_name", "industry", "form"):
        organizations[column][second] = organizations[column][first]
    for rows in (first, second):
        organizations["name"][rows] = full_names(organizations, rows)
    _trap(organizations, np.stack([first, second]), "same_core_name_trap")


def full_names(organizations: Table, rows: np.ndarray) -> np.ndarray:
    """Region, name proper, industry and legal form (企业名称登记管理规定)."""
    return join(*(organizations[column][rows] for column in ("place", "core_name", "industry", "form")))


def org_code_only(batch: Batch, rate: float) -> np.ndarray:
    """Only the organization code from before 2015, some with its hyphen; it equals characters 9 to 17 of the USCC."""
    records = batch.records
    rows = batch.pick(records["document_type"] == USCC, rate)
    codes = batch.true("code")[rows]
    hyphened = batch.rng.random(len(rows)) < 0.5
    records["document"][rows] = [f"{c[:8]}-{c[8]}" if h else c for c, h in zip(codes, hyphened, strict=True)]
    records["document_type"][rows] = ORGANIZATION_CODE
    return rows


def registry_number_only(batch: Batch, rate: float) -> np.ndarray:
    """Only the 15-digit business registration number."""
    records = batch.records
    rows = batch.pick(records["document_type"] == USCC, rate)
    records["document"][rows], records["document_type"][rows] = batch.true("registry_number")[rows], REGISTRY_NUMBER
    return rows


def org_former_name(batch: Batch, rate: float) -> np.ndarray:
    """The name before a change of name; the registry knows both."""
    former = batch.true("former_name")
    rows = batch.pick(present(former), rate)
    batch.records["name"][rows] = former[rows]
    return rows


def org_name_variant(batch: Batch, rate: float) -> np.ndarray:
    """The same name written otherwise: region in brackets, half-width brackets, 有限公司 for 有限责任公司, spaces."""
    names, places = batch.records["name"], batch.true("place")
    rows = batch.pick(np.equal(names, batch.true("name")), rate)
    way = batch.rng.integers(0, 5, len(rows))
    changed = []
    for row, kind in zip(rows, way, strict=True):
        new = _variant(names[row], places[row], batch.true("core_name")[row] if kind < 2 else "", int(kind))
        if new != names[row]:
            names[row] = new
            changed.append(row)
    return np.array(changed, dtype=np.int64)


def _variant(name: str, place: str, core: str, way: int) -> str:
    if way < 2:
        left, right = ("（", "）") if way else ("(", ")")
        bare = place.removesuffix("市").removesuffix("省")
        return name.replace(place + core, f"{core}{left}{bare}{right}", 1)
    if way == 2:
        return (
            name.replace("有限责任公司", "有限公司")
            if "有限责任公司" in name
            else name.replace("有限公司", "有限责任公司")
        )
    if way == 3:
        return name.replace("有限", " 有限")
    return name.removesuffix("有限责任公司").removesuffix("有限公司")
