"""How right the linker is where nobody knows the truth: a stratified sample of pairs, judged by stewards.

Strata are party type, joined by the linker itself or not, and the band of the match weight. The sample is drawn by
hash, so it is the same whenever it is drawn again. Stewards judge it at their desk; their decisions on sampled pairs,
and no others, make the estimate (pairs in the queue are the doubtful ones: they would bias it). Everything is measured
on the linker's own customers, before decisions.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb

from matching.decisions import PairDecision
from matching.explain import newest_day
from matching.history import SCHEMA
from matching.interval import Estimate, Stratum, ratio, stratified
from matching.labels import labels_of
from matching.model import PARTY_TYPES, line_model
from matching.relations import count
from matching.release_rules import Slice
from matching.slices import find_slices
from warehouse import store
from warehouse.settings import Settings

_LEVEL = 0.95
_BANDS = ((16, "certain"), (8, "high"), (0, "near"))  # bits above the link line; below it: low
_TABLE = f"""
create table if not exists {SCHEMA}.clerical_sample (
    pair_id varchar, record_id_l varchar, record_id_r varchar, party_type varchar, stratum varchar, drawn_as_of date
)"""


def draw(settings: Settings, size: int, seed: int) -> dict[str, Any]:
    """Draw pairs for stewards to judge and keep them in `clerical_sample` beside those drawn before.

    Args:
        settings: the site.
        size: how many pairs, spread over the strata by `share_out`.
        seed: another seed, other pairs.

    Returns:
        as_of, pairs (pair_id, record_id_l, record_id_r, party_type, stratum, match_weight) and strata (name -> size,
        drawn).

    Raises:
        NotFoundError: nothing was linked yet.
    """
    with store.connect(settings) as con:
        day = newest_day(con)
        make_frame(settings, con)
        sizes = dict(con.execute("select stratum, count(*) from frame group by 1 order by 1").fetchall())
        quota = share_out(sizes, size)
        con.execute("create or replace temp table quota (stratum varchar, seats bigint)")
        if quota:
            con.executemany("insert into quota values (?, ?)", list(quota.items()))
        result = con.execute(
            "select frame.pair_id, record_id_l, record_id_r, party_type, stratum, match_weight"
            " from frame join quota using (stratum)"
            " qualify row_number() over (partition by stratum order by md5(pair_id || ?), pair_id) <= seats"
            " order by stratum, pair_id",
            [str(seed)],
        )
        names = [str(column[0]) for column in result.description or []]
        pairs = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        _keep(con, pairs, day)
    strata = {name: {"size": sizes[name], "drawn": quota[name]} for name in sizes}
    return {"as_of": day, "pairs": pairs, "strata": strata}


def share_out(sizes: Mapping[str, int], seats: int) -> dict[str, int]:
    """Spread seats over strata by the square root of their size; what a small one cannot fill goes to the others.

    Between equal shares (good for the rare strata, which tell recall) and proportional ones (good for the large, which
    tell precision): power allocation of M. D. Bankier, The American Statistician 42(3), 1988.
    """
    given = dict.fromkeys(sizes, 0)
    while seats > 0 and (waiting := [name for name in sorted(sizes) if given[name] < sizes[name]]):
        roots, left = sum(math.sqrt(sizes[name]) for name in waiting), seats
        for name in waiting:
            more = min(max(1, int(left * math.sqrt(sizes[name]) / roots)), sizes[name] - given[name], seats)
            given[name] += more
            seats -= more
    return given


def _keep(con: duckdb.DuckDBPyConnection, pairs: Sequence[Mapping[str, Any]], day: dt.date) -> None:
    con.execute(_TABLE)
    columns = ("pair_id", "record_id_l", "record_id_r", "party_type", "stratum")
    known = {row[0] for row in con.execute(f"select pair_id from {SCHEMA}.clerical_sample").fetchall()}
    rows = [[*(pair[name] for name in columns), day] for pair in pairs if pair["pair_id"] not in known]
    if rows:
        con.executemany(f"insert into {SCHEMA}.clerical_sample values (?, ?, ?, ?, ?, ?)", rows)


def make_frame(settings: Settings, con: duckdb.DuckDBPyConnection) -> None:
    """Make `frame`: every pair the newest run kept, whether the linker itself joined it, and its stratum."""
    lines = ", ".join(
        f"('{party_type}', {line_model(settings, party_type).thresholds.link}::double)" for party_type in PARTY_TYPES
    )
    band = " ".join(f"when match_weight >= line + {bits} then '{name}'" for bits, name in _BANDS)
    con.execute(
        f"""
        create or replace temp table frame as
        select
            pair_id, record_id_l, record_id_r, party_type, match_weight, is_joined, case {band} else 'low' end as band,
            party_type || '/' || case when is_joined then 'joined' else 'apart' end || '/' || band as stratum
        from (
            select pair.*, line, l.cluster_before_decisions = r.cluster_before_decisions as is_joined
            from match_pair as pair
            join match_cluster as l on l.record_id = pair.record_id_l
            join match_cluster as r on r.record_id = pair.record_id_r
            join (values {lines}) as lines(kind, line) on kind = pair.party_type
        )
        """
    )


def estimate(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    decisions: Iterable[PairDecision],
    slices: Sequence[Slice],
    as_of: dt.date,
) -> dict[str, Any]:
    """Estimate precision and recall of the newest run from the stewards' decisions on sampled pairs.

    Strata and their sizes are today's: a pair judged long ago speaks for the stratum it is in now.

    Returns:
        as_of, level, sampled (pairs drawn so far), overall, party_types (per party type) and slices (per slice): each
        precision and recall with point, low, high, judged, size; strata: stratum, size, judged, same. Recall is among
        pairs the linker weighed and kept: what no blocking rule brought together is not seen.
    """
    make_frame(settings, con)
    find_slices(con, slices, as_of)
    make_judged(con, decisions)
    rows = con.execute(_COUNTED).fetchall()
    strata = _strata(rows)
    return {
        "as_of": as_of,
        "level": _LEVEL,
        "sampled": _sampled(con),
        "overall": _rates(strata),
        "party_types": {kind: _rates(_strata(rows, party_type=kind)) for kind in PARTY_TYPES},
        "slices": {item.slice: _rates(_strata(rows, in_slice=item.slice)) for item in slices},
        "strata": [
            {"stratum": _name(*key), "size": part.size, "judged": part.judged, "same": part.right}
            for key, part in sorted(strata.items())
        ],
    }


_COUNTED = """
select frame.party_type, frame.is_joined, frame.band, list_distinct(list_concat(l.slices, r.slices)) as slices,
    judged.is_same, count(*)
from frame
left join record_slices as l on l.record_id = frame.record_id_l
left join record_slices as r on r.record_id = frame.record_id_r
left join judged on judged.record_id_l = frame.record_id_l and judged.record_id_r = frame.record_id_r
group by all
"""


def make_judged(con: duckdb.DuckDBPyConnection, decisions: Iterable[PairDecision]) -> None:
    """Make `judged`: decided pairs of the sample."""
    con.execute("create or replace temp table judged (record_id_l varchar, record_id_r varchar, is_same boolean)")
    rows = [[label.left, label.right, label.is_match] for label in labels_of(decisions)]
    if rows and store.table_exists(con, "clerical_sample"):
        con.executemany("insert into judged values (?, ?, ?)", rows)
        con.execute(
            "delete from judged where (record_id_l, record_id_r) not in"
            f" (select (record_id_l, record_id_r) from {SCHEMA}.clerical_sample)"
        )


def _sampled(con: duckdb.DuckDBPyConnection) -> int:
    if not store.table_exists(con, "clerical_sample"):
        return 0
    return count(con, f"{SCHEMA}.clerical_sample")


def _strata(
    rows: Iterable[tuple[Any, ...]], party_type: str | None = None, in_slice: str | None = None
) -> dict[tuple[str, bool, str], Stratum]:
    counts: dict[tuple[str, bool, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for kind, is_joined, band, slices, is_same, number in rows:
        if party_type not in (None, kind) or (in_slice is not None and in_slice not in (slices or [])):
            continue
        found = counts[kind, is_joined, band]
        found[0] += number
        found[1] += number if is_same is not None else 0
        found[2] += number if is_same else 0
    return {key: Stratum(*found) for key, found in counts.items()}


def _rates(strata: Mapping[tuple[str, bool, str], Stratum]) -> dict[str, dict[str, Any]]:
    """Precision of what the linker joined; recall over that and what it left apart."""
    joined = [part for (_, is_joined, _), part in strata.items() if is_joined]
    apart = [part for (_, is_joined, _), part in strata.items() if not is_joined]
    precision = stratified(joined, _LEVEL)
    each = 1 - (1 - _LEVEL) / 2  # two intervals at once
    recall = ratio(stratified(joined, each), stratified(apart, each))
    judged, size = sum(p.judged for p in strata.values()), sum(p.size for p in strata.values())
    return {"precision": _shown(precision), "recall": _shown(Estimate(*recall, judged, size))}


def _shown(found: Estimate) -> dict[str, Any]:
    point = None if found.point is None else round(found.point, 5)
    low, high = round(found.low, 5), round(found.high, 5)
    return {"point": point, "low": low, "high": high, "judged": found.judged, "size": found.size}


def _name(party_type: str, is_joined: bool, band: str) -> str:
    return f"{party_type}/{'joined' if is_joined else 'apart'}/{band}"
