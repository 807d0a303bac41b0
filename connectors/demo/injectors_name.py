"""Injectors about names: characters lost or mapped, other scripts, other names, what clerks add and mishear."""

from __future__ import annotations

from functools import cache

import numpy as np
import opencc
import pyarrow as pa
import pyarrow.compute as pc

from connectors.demo import names_data as data
from connectors.demo.columns import lookup, present
from connectors.demo.injecting import Batch
from connectors.demo.names import homophones
from connectors.demo.people import HONG_KONG, MACAU, MAINLAND, MINORITY, TAIWANESE

DOTS = ("•", "・", "‧", "∙", "⋅", "●", "．", ".", "。", "｡", "･", " · ", "")
_TITLES = ("先生", "女士", "小姐", "老师", "同志", "经理")
_SUFFIXES = ("（已故）", "1", "2", "-养老", "(小)", "-补贴", "户主")
_TRUNCATED_AT = 8


def _with_any(batch: Batch, characters: str) -> np.ndarray:
    names = pa.array(batch.records["name"], type=pa.string())
    return pc.match_substring_regex(names, f"[{characters}]").to_numpy(zero_copy_only=False)


def _ordinary(batch: Batch) -> np.ndarray:
    """Han names nothing has touched yet."""
    return (batch.true("kind") == MAINLAND) & np.equal(batch.records["name"], batch.true("name"))


def name_rare_character(batch: Batch, rate: float) -> np.ndarray:
    """A character outside the system's character set was lost: `?` in its place."""
    rows = batch.pick(_with_any(batch, data.RARE_LOST + data.RARE_KEPT), rate)
    table = dict.fromkeys(map(ord, data.RARE_LOST + data.RARE_KEPT), "?")
    return _translate(batch, rows, table)


def name_private_use(batch: Batch, rate: float) -> np.ndarray:
    """A character travels as the private-use code point it had before Unicode assigned one."""
    rows = batch.pick(_with_any(batch, "".join(data.PRIVATE_USE)), rate)
    return _translate(batch, rows, str.maketrans(data.PRIVATE_USE))


def _translate(batch: Batch, rows: np.ndarray, table: dict[int, str]) -> np.ndarray:
    batch.records["name"][rows] = [name.translate(table) for name in batch.records["name"][rows]]
    return rows


def name_rare(batch: Batch, rate: float) -> np.ndarray:
    """A rare character that arrived whole (䶮, 㛃, 玥 …): nothing changes, systems must not lose it."""
    return batch.pick(_with_any(batch, data.RARE_LOST + data.RARE_KEPT), rate)


def minority_name_dots(batch: Batch, rate: float) -> np.ndarray:
    """Another sign than U+00B7 between the parts of a name, or none."""
    rows = batch.pick(_with_any(batch, "·"), rate)
    dots = lookup(DOTS, batch.rng.integers(0, len(DOTS), len(rows)))
    names = batch.records["name"]
    names[rows] = [name.replace("·", dot) for name, dot in zip(names[rows], dots, strict=True)]
    return rows


def minority_name_truncated(batch: Batch, rate: float) -> np.ndarray:
    """A long name cut where the system's column ends."""
    names = batch.records["name"]
    longer = pc.utf8_length(pa.array(names, type=pa.string())).to_numpy() > _TRUNCATED_AT
    rows = batch.pick((batch.true("kind") == MINORITY) & longer, rate)
    names[rows] = [name[:_TRUNCATED_AT] for name in names[rows]]
    return rows


@cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("s2t")


def traditional(batch: Batch, rate: float) -> np.ndarray:
    """The name in traditional characters: rare for mainlanders, frequent for Hong Kong, Macau and Taiwan."""
    border = np.isin(batch.true("kind"), (HONG_KONG, MACAU, TAIWANESE))
    rows = np.concatenate([batch.pick(_ordinary(batch), rate), batch.pick(border, min(1.0, rate * 80))])
    converted = np.array([_converter().convert(name) for name in batch.records["name"][rows]], dtype=object)
    changed = np.not_equal(converted, batch.records["name"][rows]).astype(bool)
    batch.records["name"][rows[changed]] = converted[changed]
    return rows[changed]


def pinyin_name(batch: Batch, rate: float) -> np.ndarray:
    """The name field holds the romanised name."""
    rows = batch.pick(_ordinary(batch), rate)
    batch.records["name"][rows] = batch.true("latin")[rows]
    return rows


def former_name(batch: Batch, rate: float) -> np.ndarray:
    """The name before an official change; core writes it behind the present one."""
    former = batch.true("former_name")
    rows = batch.pick(_ordinary(batch) & present(former), rate)
    names = batch.records["name"]
    names[rows] = names[rows] + "（曾用名" + former[rows] + "）" if batch.source == "core" else former[rows]
    return rows


def title_in_name(batch: Batch, rate: float) -> np.ndarray:
    """先生, 女士 or another title behind the name."""
    rows = batch.pick(_ordinary(batch), rate)
    by_sex = batch.true("sex")[rows] - 1
    polite = batch.rng.integers(0, 6, len(rows))
    names = batch.records["name"]
    names[rows] = names[rows] + lookup(_TITLES, np.where(polite > 2, polite, by_sex))
    return rows


def suffix_in_name(batch: Batch, rate: float) -> np.ndarray:
    """（已故）, a running digit, the purpose of the account."""
    rows = batch.pick(_ordinary(batch), rate)
    names = batch.records["name"]
    names[rows] = names[rows] + lookup(_SUFFIXES, batch.rng.integers(0, len(_SUFFIXES), len(rows)))
    return rows


def homophone(batch: Batch, rate: float) -> np.ndarray:
    """The last character written as another that sounds alike, as heard on the phone."""
    return _swap_last(batch, batch.pick(_ordinary(batch), rate), homophones())


@cache
def _look_alikes() -> dict[str, str]:
    return {pair[0]: pair[1] for pair in data.LOOK_ALIKE.split()}


def look_alike_character(batch: Batch, rate: float) -> np.ndarray:
    """The last character keyed as another that looks alike."""
    return _swap_last(batch, batch.pick(_ordinary(batch), rate), _look_alikes())


def _swap_last(batch: Batch, rows: np.ndarray, choices: dict[str, str]) -> np.ndarray:
    names = batch.records["name"]
    fitting = np.array([row for row in rows if choices.get(names[row][-1])], dtype=np.int64)
    luck = batch.rng.random(len(fitting))
    for row, part in zip(fitting, luck, strict=True):
        others = choices[names[row][-1]]
        names[row] = names[row][:-1] + others[int(part * len(others))]
    return fitting
