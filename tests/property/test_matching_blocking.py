"""Two ways to the pairs that are looked at: blocks by sorted arrays against every pair of records, one by one."""

from __future__ import annotations

from collections import defaultdict
from functools import cache, partial
from itertools import combinations, pairwise
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import active as kept_active
from matching.blocking import Active, Pairs, blocked_pairs, record_keys, strong_pairs
from matching.model import MatchModel
from matching.prepare import prepare
from matching.prepared import Prepared

KEYS = st.one_of(st.none(), st.integers(1, 4))
RECORD = st.tuples(st.integers(0, 5), KEYS, st.one_of(st.none(), st.lists(st.integers(1, 4), unique=True, max_size=3)))
FLAGS = st.dictionaries(st.integers(0, 11), st.integers(1, 2), max_size=6)
RULES = ("one", "listed")


@cache
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def model_of(**limits: int) -> MatchModel:
    return MatchModel.model_validate({
        "fields": {"number": {"column": "number"}, "mobiles": {"column": "mobiles", "kind": "list"}},
        "comparisons": [{"comparison": "it", "label_zh": "号", "label_en": "Number", "absent": ["number"], "levels": [
            {"level": "same", "label_zh": "同", "label_en": "same", "when": {"same": "number"}, "m": 0.9, "u": 0.1},
            {"level": "other", "label_zh": "异", "label_en": "other", "when": "otherwise", "m": 0.1, "u": 0.9},
        ]}],
        "strong_identifiers": [{"rule": "same_number", "label_zh": "同号", "label_en": "same number", "key": "number",
                                "needs": [{"it": ["same"]}]}],
        "blocking": [{"rule": "one", "keys": ["number"]}, {"rule": "listed", "keys": ["mobiles"]}],
        "thresholds": {"link": 1, "review": 0}, "limits": limits,
    })  # fmt: skip


def blocks_of(records: list[Any], place: int, numbers: list[int]) -> dict[int, list[int]]:
    """Key -> the records that have it, for one rule, of the records named."""
    found: dict[int, list[int]] = defaultdict(list)
    for number in numbers:
        held = records[number][1 + place]
        for key in held if isinstance(held, list) else [] if held is None else [held]:
            found[key].append(number)
    return found


def by_record(records: list[Any], place: int) -> tuple[np.ndarray, np.ndarray]:
    """The records that have keys of a rule and the keys, one by one."""
    blocks = blocks_of(records, place, list(range(len(records))))
    rows = sorted((number, key) for key, numbers in blocks.items() for number in numbers)
    return np.array([row[0] for row in rows], np.int32), np.array([row[1] for row in rows], np.uint64)


def expected(records: list[Any], largest: int, flags: dict[int, int] | None) -> tuple[dict[Any, str], dict[str, Any]]:
    """Pair -> first rule that finds it; rule -> blocks of several units left out and the largest of them."""
    pairs: dict[tuple[int, int], str] = {}
    left_out = {}
    for place, rule in enumerate(RULES):
        blocks = blocks_of(records, place, list(range(len(records))))
        if flags is not None:
            blocks = {key: held for key, held in blocks.items() if any(number in flags for number in held)}
        blocks = {key: held for key, held in blocks.items() if len({records[number][0] for number in held}) > 1}
        sizes = [len(held) for held in blocks.values() if len(held) > largest]
        if sizes:
            left_out[rule] = (len(sizes), max(sizes))
        for held in blocks.values():
            for pair in combinations(held, 2) if len(held) <= largest else []:
                is_flagged = flags is None or sum(flags.get(number, 0) for number in pair) >= 2
                if records[pair[0]][0] != records[pair[1]][0] and is_flagged:
                    pairs.setdefault(pair, rule)
    return pairs, left_out


def written(con: duckdb.DuckDBPyConnection) -> dict[tuple[int, int], str]:
    rows = con.execute("select join_key_l, join_key_r, match_key from found").fetchall()
    made = {(left, right): rule for left, right, rule in rows}
    assert len(made) == len(rows), "every pair once"
    return made


def flags_by_number(flags: dict[int, int] | None, records: int) -> np.ndarray | None:
    return None if flags is None else np.array([flags.get(number, 0) for number in range(records)], np.int8)


@settings(deadline=None, max_examples=60)
@given(st.lists(RECORD, max_size=12), st.integers(2, 5), st.one_of(st.none(), FLAGS), st.booleans())
def test_blocks_find_the_pairs_that_share_a_key(records, largest, flags, is_kept):
    """Keys may have been kept in a table, which holds them by record."""
    model = model_of(max_block=largest)
    with connection().cursor() as con:
        keys = [by_record(records, place) for place in range(len(RULES))]
        unit = np.array([row[0] for row in records], np.int32)
        active = kept_active.held(np.arange(len(records), dtype=np.int32), unit, keys)
        if is_kept:
            kept_active.write_active(con, model, active, "active")
            active = kept_active.read_active(con, model, "active", unit)
        oversize, found = blocked_pairs(con, model, active, flags_by_number(flags, len(records)))
        found.write(con, "found")
        pairs, left_out = expected(records, largest, flags)
        assert written(con) == pairs
        assert {block.rule: (block.blocks, block.largest) for block in oversize} == left_out


TEXT = st.one_of(st.none(), st.sampled_from("ABC"))
NUMBER_AND_MOBILES = st.tuples(TEXT, st.one_of(st.none(), st.lists(st.sampled_from("1234"), max_size=4)))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 5), NUMBER_AND_MOBILES), max_size=12),
    st.integers(2, 5),
    st.one_of(st.none(), FLAGS),
)
def test_records_at_hand_give_the_pairs_of_their_keys(given_rows, largest, flags):
    """A rule with two keys, one of them a list: both must agree; an entry given twice counts once."""
    model = model_of(max_block=largest)
    rule = model.blocking[1].model_copy(update={"keys": ["number", "mobiles"]})
    model = model.model_copy(update={"blocking": [model.blocking[0], rule]})
    both = [
        (unit, number, None if None in (number, mobiles) else [(number, mobile) for mobile in dict.fromkeys(mobiles)])
        for unit, (number, mobiles) in given_rows
    ]
    with duckdb.connect() as con:
        con.register("given_rows", pa.table({
            "record_id": [f"r{place:02d}" for place in range(len(both))],
            "number": pa.array([row[1] for row in both], pa.string()),
            "mobiles": pa.array([row[1][1] for row in given_rows], pa.list_(pa.string())),
        }))  # fmt: skip
        made = prepare(con, model, "given_rows", "prepared")
        numbers = np.arange(len(both), dtype=np.int32)
        keyed = partial(record_keys, model, made.records, numbers)
        active = Active(numbers, np.array([row[0] for row in both], np.int32), keyed)
        oversize, found = blocked_pairs(con, model, active, flags_by_number(flags, len(both)))
        found.write(con, "found")
        pairs, left_out = expected(both, largest, flags)
        assert written(con) == pairs
        assert {block.rule: (block.blocks, block.largest) for block in oversize} == left_out


@settings(deadline=None, max_examples=60)
@given(st.lists(st.one_of(st.none(), st.sampled_from("ABC")), max_size=12), st.integers(2, 4), st.booleans())
def test_strong_identifiers_pair_small_groups_and_neighbours_of_large_ones(numbers, largest, in_memory):
    with duckdb.connect() as con:
        ids = [f"r{place * 7 % 13:02d}" for place in range(len(numbers))]
        con.register("given_rows", pa.table({
            "record_id": pa.array(ids, pa.string()), "number": pa.array(numbers, pa.string()),
            "mobiles": pa.nulls(len(numbers), pa.list_(pa.string())),
        }))  # fmt: skip
        made = prepare(con, model_of(max_block=largest), "given_rows", "prepared")
        strong_pairs(made if in_memory else Prepared(con, made.model, "prepared")).write(con, "found")
        held = dict(sorted(zip(ids, numbers, strict=True)))
        groups = defaultdict(list)
        for place, number in enumerate(held.values()):
            groups[number].append(place)
        groups.pop(None, None)
        pairs = {
            pair
            for group in groups.values()
            for pair in (combinations(group, 2) if len(group) <= largest else pairwise(group))
        }
        assert written(con) == dict.fromkeys(pairs, "same_number")


def test_pairs_followed_by_others_hold_each_once_under_the_first_rule():
    ours = Pairs(["strong"], *(np.array(column, np.int32) for column in ([0, 0], [1, 2], [5, 9])))
    other = Pairs(["a", "b"], *(np.array(column, np.int32) for column in ([0, 1, 1], [1, 1, 3], [5, 7, 4])))
    found = ours.followed_by(other)
    named = [found.rules[place] for place in found.place]
    assert list(zip(named, found.left.tolist(), found.right.tolist(), strict=True)) == [
        ("strong", 1, 5), ("strong", 2, 9), ("b", 1, 7), ("b", 3, 4),
    ]  # fmt: skip
