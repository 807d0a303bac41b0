"""Whether today's data still looks like the data a model was trained on.

At training a profile is kept with the numbers: counts only, never a value. Compared are the share of missing values per
field, and the share of levels per comparison among random pairs and among pairs of one block. The measure is the
population stability index, the sum of (p - q) ln(p / q): 0 for the same shares, 0.2 and more by custom a real shift. Of
small samples it is large by chance alone; it is then about (1/n + 1/m) times a chi-squared variable (B. Yurdakul,
Statistical properties of population stability index, 2018), so what chance explains is never called drift.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import duckdb

from matching.digest import gaps_sql
from matching.levels import level_patterns
from matching.model import MatchModel
from matching.parameters import Parameters, Profile
from matching.prepared import Prepared

_PAIRS = 20_000  # pairs of each sort, at most
_SAMPLED = 200_000  # records in whose blocks pairs are looked for, about
_ABSENT = "absent"
_CHANCE = 0.999  # quantile of what chance explains
_LEAST = 1e-4  # a share below this counts as this much


@dataclass(frozen=True)
class Drift:
    """One thing that was measured; `kind` is records, missing, random or blocked, `name` a field or comparison.

    `index`: stability index; for records how many times as many, or as few, as at training. Above `limit` it is drift.
    """

    kind: str
    name: str
    index: float
    limit: float

    @property
    def is_over(self) -> bool:
        """Whether it has drifted."""
        return self.index > self.limit


def profiled(prepared: Prepared, parameters: Parameters) -> Parameters:
    """The numbers with a profile of the prepared records they were trained on."""
    return parameters.model_copy(update={"profile": take_profile(prepared)})


def drift(prepared: Prepared, parameters: Parameters, *, levels: bool = True) -> list[Drift]:
    """Measure prepared records against the training data; empty when the numbers carry no profile.

    Args:
        prepared: records of today; `training.drift` of their model holds the limits.
        parameters: the trained numbers.
        levels: whether to look at levels among pairs, for which records must be read, or at missing values only.
    """
    if parameters.profile is None:
        return []
    return compare_profiles(prepared.model, parameters.profile, take_profile(prepared, levels=levels))


def take_profile(prepared: Prepared, *, levels: bool = True) -> Profile:
    """Count prepared records: all, missing values, and levels among two small samples of pairs."""
    model = prepared.model
    records, missing = _gaps(prepared.con, model, prepared.digest or _gaps_of(model, prepared.table))
    sampled = _sampled_levels(prepared, records) if levels else {"random": {}, "blocked": {}}
    return Profile(records=records, missing=missing, **sampled)


def _sampled_levels(prepared: Prepared, records: int) -> dict[str, dict[str, dict[str, int]]]:
    """Per sample of pairs: comparison -> level -> pairs."""
    con, model, table = prepared.con, prepared.model, prepared.table
    names = [item.comparison for item in model.comparisons]
    sampled = f"({_random_sql(model, table, records)}) union all ({_blocked_sql(model, table, records)})"
    con.execute(f"create or replace table drift_pairs as {sampled}")
    both = con.execute("select unnest([join_key_l, join_key_r]) as record_no from drift_pairs").fetchnumpy()
    prepared.holding(both["record_no"])  # at once what is asked for in two parts
    levels = {}
    for kind in ("random", "blocked"):
        pairs = f"(from drift_pairs where match_key = '{kind}')"
        levels[kind] = _level_counts(model, level_patterns(prepared, pairs, names))
    con.execute("drop table drift_pairs")
    return levels


def _gaps_of(model: MatchModel, table: str) -> str:
    return f"(select {gaps_sql(model)} as gaps from {table})"


def _gaps(con: duckdb.DuckDBPyConnection, model: MatchModel, digest: str) -> tuple[int, dict[str, int]]:
    """The number of records of a digest, and for each field of those that miss it."""
    missing, records = dict.fromkeys(model.fields, 0), 0
    for gaps, number in con.execute(f"select gaps, count(*) from {digest} group by gaps").fetchall():
        records += number
        for name, gap in zip(model.fields, gaps, strict=True):
            missing[name] += number if gap == "1" else 0
    return records, missing


def _random_sql(model: MatchModel, table: str, records: int) -> str:
    """Each record of a sample and the next one in a random order that is always the same."""
    place = f"hash(record_id, {model.training.seed})"
    # of a large table only those are put in order that come early in it: twice as many as are wanted
    early = f" where {place} < {2**64 * 2 * _PAIRS // records}::ubigint" if records > 4 * _PAIRS else ""
    return (
        "select 'random' as match_key, record_no as join_key_l, other as join_key_r from ("
        " select record_no, lead(record_no) over (order by place, record_id) as other from ("
        f" select record_no, record_id, {place} as place from {table}{early}"
        f" order by place, record_id limit {_PAIRS + 1})) where other is not null"
    )


def _blocked_sql(model: MatchModel, table: str, records: int) -> str:
    """Each record and the next one of its block, for the blocks of the training; without these the certain rules."""
    blocks = model.training.blocks or model.training.certain
    neighbours = [_neighbours_sql(table, keys, model.training.seed, records) for keys in blocks]
    return (
        f"select 'blocked' as match_key, record_no as join_key_l, other as join_key_r from"
        f" ({' union '.join(neighbours) or _no_pairs_sql(table)})"
        f" order by place, record_id limit {_PAIRS}"
    )


def _neighbours_sql(table: str, keys: list[str], seed: int, records: int) -> str:
    """Neighbours in blocks; of a large table only some of the blocks are looked at, whole."""
    listed = ", ".join(f'"{key}"' for key in keys)
    known = " and ".join(f'"{key}" is not null' for key in keys)
    some = f" and hash({listed}, {seed}) % {records // _SAMPLED} = 0" if records >= 2 * _SAMPLED else ""
    return (
        f"select record_no, other, record_id, hash(record_id, other_id, {seed}) as place from (select record_no,"
        f" record_id, lead(record_no) over same as other, lead(record_id) over same as other_id from {table}"
        f" where {known}{some} window same as (partition by {listed} order by record_id)) where other is not null"
    )


def _no_pairs_sql(table: str) -> str:
    return f"select record_no, record_no as other, record_id, 0 as place from {table} where false"


def _level_counts(model: MatchModel, rows: list[tuple[int, ...]]) -> dict[str, dict[str, int]]:
    """Comparison -> level -> pairs."""
    counts: dict[str, dict[str, int]] = {}
    for place, item in enumerate(model.comparisons):
        found: Counter[int] = Counter()
        for row in rows:
            found[row[place]] += row[-1]
        counts[item.comparison] = {level.level: found[item.code(level.level)] for level in item.levels}
        counts[item.comparison][_ABSENT] = found[-1]
    return counts


def compare_profiles(model: MatchModel, before: Profile, after: Profile) -> list[Drift]:
    """Everything that can drift and was measured, between two profiles of one model."""
    limit = model.training.drift.index
    times = max(before.records, after.records) / max(min(before.records, after.records), 1)
    found = [Drift("records", model.party_type, round(times, 4), model.training.drift.records)]
    for name in model.fields:
        found.append(_compared("missing", name, _halves(before, name), _halves(after, name), limit))
    for kind, old, new in (("random", before.random, after.random), ("blocked", before.blocked, after.blocked)):
        found += [_compared(kind, name, old[name], new[name], limit) for name in old if name in new]
    return found


def _halves(profile: Profile, name: str) -> dict[str, int]:
    return {"missing": profile.missing[name], "known": profile.records - profile.missing[name]}


def _compared(kind: str, name: str, before: Mapping[str, int], after: Mapping[str, int], limit: float) -> Drift:
    return Drift(kind, name, round(stability_index(before, after), 4), round(max(limit, by_chance(before, after)), 4))


def stability_index(before: Mapping[str, int], after: Mapping[str, int]) -> float:
    """The population stability index of two counts over the same names; 0 when one of them counted nothing."""
    n, m = sum(before.values()), sum(after.values())
    if not n or not m:
        return 0.0
    shares = [(max(after[name] / m, _LEAST), max(before[name] / n, _LEAST)) for name in before]
    return sum((p - q) * math.log(p / q) for p, q in shares)


def by_chance(before: Mapping[str, int], after: Mapping[str, int]) -> float:
    """The index that two samples of one population hardly ever pass; chi-squared by Wilson and Hilferty (1931)."""
    n, m = sum(before.values()), sum(after.values())
    free = sum(1 for name in before if before[name] or after[name]) - 1
    if not n or not m or free < 1:
        return 0.0
    part = 2 / (9 * free)
    quantile = free * (1 - part + NormalDist().inv_cdf(_CHANCE) * math.sqrt(part)) ** 3
    return quantile * (1 / n + 1 / m)
