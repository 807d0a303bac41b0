"""Train a model on the data at hand, once, without labels; later days reload it and never retrain by themselves.

Chance agreement (u) is counted in random pairs of records of different known holders, so that true matches do not pass
for chance. Agreement among matches (m) comes from expectation maximisation within blocks, each block silent about the
comparisons it is made of. What was seen is mixed with the stated defaults, so that small data stays sane.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from matching.blocking import Active, blocked_pairs, record_keys
from matching.drift import profiled
from matching.expectation import JointStart, Levels, Pattern, maximise, maximise_jointly, shares, smoothed
from matching.labels import Label, register_labels, with_labels
from matching.levels import level_patterns
from matching.model import Comparison, MatchModel
from matching.parameters import LabelCounts, LevelNumbers, Parameters, load_parameters, save_parameters, stated_levels
from matching.prepared import Prepared
from matching.relations import count
from warehouse.settings import Settings

Numbers = dict[str, dict[str, LevelNumbers]]
# random pairs that the stated chance agreement is worth when mixed with what was counted
_IMAGINED_RANDOM_PAIRS = 10_000
# what the model file calls possible is not made impossible by data that happens not to show it
_FLOOR = 0.1
_DIGITS = 8


def parameters_path(settings: Settings, party_type: str) -> Path:
    """Where the trained model of a party type lies."""
    return settings.models_dir / party_type / "parameters.json"


def trained_parameters(settings: Settings, prepared: Prepared, as_of: dt.date) -> Parameters:
    """The saved model; trained and saved first when there is none.

    Raises:
        SettingsError: the saved model does not fit the model file any more.
    """
    path = parameters_path(settings, prepared.model.party_type)
    parameters = load_parameters(path, prepared.model)
    if parameters is None:
        parameters = profiled(prepared, train(prepared, as_of))
        save_parameters(path, parameters)
    return parameters


def train(prepared: Prepared, as_of: dt.date, labels: Sequence[Label] = ()) -> Parameters:
    """Estimate every number of the model from prepared records.

    Args:
        prepared: the records and their model.
        as_of: business day of the records.
        labels: pairs whose truth is known; they inform m and the prior, never u (`matching.labels`).
    """
    model = prepared.model
    register_labels(prepared.con, labels)
    records, matches, fingerprint = _profile(prepared)
    pairs = max(records * (records - 1) / 2, 1)
    parameters = Parameters(
        party_type=model.party_type,
        structure_hash=model.structure_hash,
        trained_as_of=as_of.isoformat(),
        records=records,
        fingerprint=fingerprint,
        prior=_round(min(max(matches / model.training.certain_recall, 1) / pairs, 0.5)),
        levels=stated_levels(model),
        labels=_label_counts(labels),
    )
    if not model.training.blocks:
        return _trained_jointly(prepared, parameters)
    chance = _chance(prepared)
    matched = _matched(prepared, chance)
    return parameters.model_copy(update={"levels": _liken(model, _numbers(model, chance, matched))})


def _trained_jointly(prepared: Prepared, parameters: Parameters) -> Parameters:
    """Estimate chance, matches and prior together from random pairs and the pairs the blocking rules compare."""
    model = prepared.model
    names = [item.comparison for item in model.comparisons]
    kept = _candidate_pairs(prepared)
    compared = _patterns(prepared, "candidate_pairs", names)
    candidates = with_labels(prepared, "candidate_pairs", names, compared, model.training.label_weight)
    is_every_pair = parameters.records <= model.limits.compare_all and kept == 1 and not model.strong_identifiers
    random = compared if is_every_pair else _random_patterns(prepared, names)
    pairs = max(parameters.records * (parameters.records - 1) / 2, 1)
    found = maximise_jointly(
        candidates, random, names, JointStart(
            matched=_stated(model, "m"), chance=_stated(model, "u"), prior=parameters.prior, pairs=pairs * kept,
            imagined=model.training.stated_pairs, imagined_random=_IMAGINED_RANDOM_PAIRS,
        ),
    )  # fmt: skip
    levels = _liken(model, _numbers(model, found.chance, found.matched))
    return parameters.model_copy(update={"levels": levels, "prior": _round(found.prior)})


def _candidate_pairs(prepared: Prepared) -> float:
    """Make `candidate_pairs`, a fair sample of the pairs the blocking rules find; returns the share that is kept."""
    con, model, numbers = prepared.con, prepared.model, np.sort(prepared.numbers())
    is_small = len(numbers) <= model.limits.compare_all
    limit = model.training.random_pairs if is_small else model.training.block_pairs
    # of many records, the pairs of a few with all: as fair, and most keys need not be sorted
    share = 1.0 if is_small else min(limit / (2 * max(len(numbers), 1)), 1.0)
    keyed = partial(record_keys, model, prepared.holding(numbers), numbers)
    active = Active(numbers, np.arange(prepared.size, dtype=np.int32), keyed)
    blocked_pairs(con, model, active, _drawn(prepared, share) if share < 1 else None)[1].write(con, "candidate_pairs")
    kept = share * (2 - share)  # a pair is drawn with either of its records
    every = max(count(con, "candidate_pairs"), 1)
    if every <= limit:
        return kept
    number = f"hash(join_key_l, join_key_r, {model.training.seed})"
    numbers = con.sql(f"select {number} as number from candidate_pairs").to_arrow_table()["number"].to_numpy()
    bound = np.partition(numbers, limit)[limit]
    con.execute(f"delete from candidate_pairs where {number} >= {bound}")
    return kept * limit / every


def _drawn(prepared: Prepared, share: float) -> np.ndarray:
    """By number a flag of 2 for a share of the records, always the same ones."""
    bound = int(share * (2**64 - 1))
    drawn = f"select record_no from {prepared.table} where hash(record_no, {prepared.model.training.seed}) < {bound}"
    flags = np.zeros(prepared.size, np.int8)
    flags[prepared.con.execute(drawn).fetchnumpy()["record_no"]] = 2
    return flags


def _profile(prepared: Prepared) -> tuple[int, int, str]:
    """Number of records, of pairs sharing a strong identifier, and a fingerprint of the data."""
    con, model = prepared.con, prepared.model
    # a sum does not depend on the order of the rows, so nothing needs sorting
    row = con.execute(f"select count(*), sum(hash(record_id, record_hash)::hugeint) from {prepared.table}").fetchone()
    records, summed = row or (0, 0)
    fingerprint = hashlib.sha256(str(summed).encode()).hexdigest()[:16]
    matches = 0
    for keys in [*([strong.key] for strong in model.strong_identifiers), *model.training.certain]:
        listed = ", ".join(f'"{key}"' for key in keys)
        known = " and ".join(f'"{key}" is not null' for key in keys)
        groups = f"select count(*) as n from {prepared.keyed(keys)} where {known} group by {listed}"
        row = con.execute(f"select sum(n * (n - 1) // 2) from ({groups})").fetchone()
        matches = max(matches, int((row and row[0]) or 0))
    return int(records), matches, fingerprint


def _stated(model: MatchModel, name: str) -> Levels:
    """`m` or `u` of the model file, by Splink's level codes."""
    return {c.comparison: [getattr(level, name) for level in reversed(c.levels)] for c in model.comparisons}


def _chance(prepared: Prepared) -> Levels:
    """U of every level from random pairs among one record per known holder."""
    model = prepared.model
    names = [item.comparison for item in model.comparisons]
    patterns = _random_patterns(prepared, names)
    stated = _stated(model, "u")
    counts = shares(patterns, names, {name: len(levels) for name, levels in stated.items()})
    return {name: smoothed(counts[name], stated[name], _IMAGINED_RANDOM_PAIRS) for name in names}


def _random_patterns(prepared: Prepared, names: list[str]) -> list[Pattern]:
    _random_pairs(prepared)
    return _patterns(prepared, "random_pairs", names)


def _random_pairs(prepared: Prepared) -> None:
    con, model, table = prepared.con, prepared.model, prepared.table
    keys = [strong.key for strong in model.strong_identifiers]
    key = ", ".join([*(f'"{name}"' for name in keys), "hash(record_id)"])
    keyed = f"(select record_no, record_id from {table}) join {prepared.keyed(keys)} using (record_no)"
    con.execute(
        f"""
        create or replace table strangers as
        select
            record_no, row_number() over (order by md5(record_id || '{model.training.seed}'), record_id) - 1 as place
        from (select min(record_no) as record_no from {keyed} group by coalesce({key}))
        join (select record_no, record_id from {table}) using (record_no)
        """
    )
    number = count(prepared.con, "strangers")
    # each record with its next neighbours in a random order: as good as random pairs, and always the same
    steps = min(max(model.training.random_pairs // max(number, 1), 1), max((number - 1) // 2, 0))
    con.execute(
        f"""
        create or replace table random_pairs as
        with drawn as (
            select record_no, (place + unnest(range(1, {steps + 1}))) % {max(number, 1)} as other from strangers
        )
        select 'random' as match_key, least(l.record_no, r.record_no) as join_key_l,
            greatest(l.record_no, r.record_no) as join_key_r
        from drawn as l join strangers as r on r.place = l.other
        """
    )


def _patterns(prepared: Prepared, pairs: str, names: list[str]) -> list[Pattern]:
    return [Pattern(tuple(row[:-1]), int(row[-1])) for row in level_patterns(prepared, pairs, names)]


def _label_counts(labels: Sequence[Label]) -> LabelCounts | None:
    matches = sum(label.is_match for label in labels)
    return LabelCounts(matches=matches, others=len(labels) - matches) if labels else None


def _matched(prepared: Prepared, chance: Levels) -> Levels:
    """Expected counts of every level among matches, summed over the blocks that can speak of it."""
    model = prepared.model
    stated = _stated(model, "m")
    summed: Levels = {name: [0.0] * len(levels) for name, levels in stated.items()}
    for block in model.training.blocks:
        names = [c.comparison for c in model.comparisons if not _speaks_of(model, c, block)]
        _block_pairs(prepared, block)
        patterns = with_labels(
            prepared, "block_pairs", names, _patterns(prepared, "block_pairs", names), model.training.label_weight
        )
        estimate = maximise(patterns, names, stated, chance, model.training.stated_pairs)
        for name, counts in estimate.matched.items():
            summed[name] = [a + b for a, b in zip(summed[name], counts, strict=True)]
    return {name: smoothed(summed[name], stated[name], model.training.stated_pairs) for name in summed}


def _speaks_of(model: MatchModel, item: Comparison, block: list[str]) -> bool:
    """Whether a comparison uses a field the block is made of: within the block it is no evidence."""
    fields = {model.columns[column] for column in block}
    return any(model.columns[column] in fields for column in item.columns)


def _block_pairs(prepared: Prepared, block: list[str]) -> None:
    model, table = prepared.model, prepared.table
    keys = ", ".join(f'"{column}"' for column in block)
    known = " and ".join(f'"{column}" is not null' for column in block)
    prepared.con.execute(
        f"""
        create or replace table block_pairs as
        with member as (
            select record_no, record_id, {keys}, count(*) over (partition by {keys}) as n from {table} where {known}
        )
        select 'block' as match_key, l.record_no as join_key_l, r.record_no as join_key_r
        from member as l join member as r using ({keys})
        where l.record_no < r.record_no and l.n <= {model.limits.max_block}
        order by md5(l.record_id || '{model.training.seed}'), l.record_id, r.record_id
        limit {model.training.block_pairs}
        """
    )


def _numbers(model: MatchModel, chance: Levels, matched: Levels) -> Numbers:
    numbers: Numbers = {}
    for item in model.comparisons:
        m, u = _floored(item, matched, "m"), _floored(item, chance, "u")
        numbers[item.comparison] = {
            level.level: LevelNumbers(m=m[item.code(level.level)], u=u[item.code(level.level)]) for level in item.levels
        }
    return numbers


def _floored(item: Comparison, found: Mapping[str, list[float]], name: str) -> list[float]:
    stated = [float(getattr(level, name)) for level in reversed(item.levels)]
    raised = [max(value, _FLOOR * floor) for value, floor in zip(found[item.comparison], stated, strict=True)]
    return [_round(value / sum(raised)) for value in raised]


def _liken(model: MatchModel, numbers: Numbers) -> Numbers:
    """Give each level that is `like` another that one's weight, less the stated bits, by setting its u."""
    for item in model.comparisons:
        own = numbers[item.comparison]
        for level in item.levels:
            if level.like:
                ratio = own[level.like].m / own[level.like].u * 2.0**-level.less
                u = _round(min(own[level.level].m / ratio, 1.0))
                own[level.level] = LevelNumbers(m=own[level.level].m, u=u)
    return numbers


def _round(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
