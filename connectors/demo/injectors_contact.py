"""Injectors about mobiles and addresses: what grew old, what was shortened, what was renamed."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.demo.columns import numbers, present, to_numpy
from connectors.demo.injecting import Batch
from connectors.demo.places_data import RETIRED_NAMES


def stale_mobile(batch: Batch, rate: float) -> np.ndarray:
    """The mobile number its holder gave up long ago."""
    rows = batch.pick(batch.true("had_old_mobile"), rate)
    batch.records["mobile"][rows] = numbers(batch.true("old_mobile")[rows])
    return rows


def stale_address(batch: Batch, rate: float) -> np.ndarray:
    """The address before the last move."""
    region = batch.true("old_region")
    rows = batch.pick(present(region), rate)
    batch.records["region"][rows], batch.records["detail"][rows] = region[rows], batch.true("old_detail")[rows]
    return rows


def abbreviated_address(batch: Batch, rate: float) -> np.ndarray:
    """Without the province; or also without the city; or all levels without 省, 市, 区."""
    regions = batch.records["region"]
    rows = batch.pick(_matches(regions, ".(省|自治区).+市"), rate)
    way = batch.rng.random(len(rows))
    short, bare = rows[way < 0.75], rows[way >= 0.9]
    regions[rows] = _replace(regions[rows], "^.+?(省|自治区)", "")
    regions[bare] = _replace(regions[bare], "([^市]{2,})市([^市]{2,})[市区县]$", r"\1\2")
    only = np.setdiff1d(rows, np.concatenate([short, bare]))
    regions[only] = _replace(regions[only], "^[^市]+市(.+)$", r"\1")
    return rows


def retired_region(batch: Batch, rate: float) -> np.ndarray:
    """Names of regions as they were: 襄樊市, 襄阳区, 京山县, 达县."""
    regions = batch.records["region"]
    pattern = "^(" + "|".join(today for today, _ in RETIRED_NAMES) + ")"
    rows = batch.pick(_matches(regions, pattern), rate)
    column = pa.array(regions[rows], type=pa.string())
    for today, former in RETIRED_NAMES:
        column = pc.replace_substring(column, today, former)
    regions[rows] = to_numpy(column)
    return rows


def _matches(column: np.ndarray, pattern: str) -> np.ndarray:
    found = pc.match_substring_regex(pa.array(column, type=pa.string()), pattern)
    return pc.fill_null(found, False).to_numpy(zero_copy_only=False)


def _replace(column: np.ndarray, pattern: str, by: str) -> np.ndarray:
    return to_numpy(pc.replace_substring_regex(pa.array(column, type=pa.string()), pattern, by))
