"""The forms of change events, what is refused, and the order events get."""

import json
from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.change_event import UnreadableEvent, log_position, parse_event
from connectors.event_spool import positions
from tests.change_events import NOON, envelope, person


def parsed(value, keys=("no",)):
    return parse_event(json.dumps(value), keys)


@pytest.mark.parametrize("op", ["c", "r", "u", "d"])
def test_an_envelope_tells_operation_row_time_order_and_table(op):
    event = parsed(envelope(op, person("1", "王小芳"), 7, lsn=42))
    assert (event.op, event.row, event.ts_ms, event.order) == (op, person("1", "王小芳"), NOON + 7, (0, 42))
    assert event.tables == ("customer", "public.customer", "core.customer")


def test_an_envelope_beside_its_schema_and_in_a_pair_is_the_same_event():
    plain = envelope("u", person("1", "a"), 1, lsn=2)
    wrapped = {"schema": {"type": "struct"}, "payload": plain}
    pair = {"key": {"payload": {"no": "1"}}, "value": wrapped}
    assert parsed(plain) == parsed(wrapped) == parsed(pair)
    assert parsed(plain).fingerprint == parsed(pair).fingerprint


def test_a_flattened_row_is_an_event():
    flat = {"no": "1", "name": "a", "__op": "c", "__table": "customer", "__source_ts_ms": NOON, "__lsn": 9}
    event = parsed(flat)
    assert (event.op, event.row, event.ts_ms, event.order) == ("c", person("1", "a"), NOON, (0, 9))
    assert parsed({**flat, "__op": "u", "__deleted": "true"}).op == "d"


def test_a_tombstone_deletes_by_its_key_and_says_nothing_without():
    assert parse_event("null") is None
    assert parse_event(b"") is None
    assert parsed({"key": {"no": "1"}, "value": None}) is None  # no time: the deletion before it said it
    event = parsed({"key": {"no": "1"}, "value": None, "timestamp": NOON})
    assert (event.op, event.row, event.ts_ms) == ("d", {"no": "1"}, NOON)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([1], "not a JSON object"),
        ({"no": "王小芳"}, "neither an envelope"),
        (envelope("t", None, 1), "operation is none of"),
        (envelope("u", None, 1), "no row for operation u"),
        (envelope("c", {"no": "1"}, 1, ts_ms=None, source={"table": "customer"}), "no time"),
        (envelope("c", {"no": "1"}, 1, source={"ts_ms": "王小芳"}), "no time"),
        (envelope("u", {"no": "1", "memo": "__debezium_unavailable_value"}, 1), "column memo was left out"),
    ],
)
def test_what_is_no_change_event_is_refused_without_its_values(value, told):
    with pytest.raises(UnreadableEvent, match=told) as error:
        parsed(value)
    assert "王小芳" not in str(error.value)


@pytest.mark.parametrize("text", ['{"op": "c", "after": {"no"', b"\xff\xfe{}", "[" * 100_000])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(UnreadableEvent, match="not a whole JSON value"):
        parse_event(text)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({"lsn": 33000}, {"lsn": 33001}),
        ({"file": "mysql-bin.000009", "pos": 999999}, {"file": "mysql-bin.000010", "pos": 4}),
        ({"file": "mysql-bin.000009", "pos": 4, "row": 1}, {"file": "mysql-bin.000009", "pos": 4, "row": 2}),
        ({"scn": "15731"}, {"scn": "15732"}),
        ({"change_lsn": "00000027:00000ac0:0002"}, {"change_lsn": "00000027:00000ac0:000a"}),
        ({"change_lsn": "00000027:fffffff0:0002"}, {"change_lsn": "00000028:00000001:0001"}),
    ],
)
def test_log_positions_of_each_database_are_in_order(earlier, later):
    assert (0, 0) < log_position(earlier) < log_position(later)


def order(*events):
    columns = list(zip(*events, strict=True)) if events else [(), (), ()]
    return [array("q", column) for column in columns]


moments = st.tuples(st.integers(NOON, NOON + 3), st.integers(0, 2), st.integers(0, 3))


@given(st.lists(moments, max_size=40))
def test_positions_are_the_rank_by_time_log_position_and_arrival(events):
    found = positions(order(*events), np.array([], np.int64))
    wanted = sorted(range(len(events)), key=lambda number: (*events[number], number))
    assert sorted(range(len(events)), key=lambda number: found[number]) == wanted
    assert len(set(found.tolist())) == len(events)


@given(st.lists(moments, max_size=20), st.lists(moments, max_size=20))
def test_positions_given_later_keep_time_and_never_collide(first, second):
    before = positions(order(*first), np.array([], np.int64))
    after = positions(order(*second), before)
    assert not set(before.tolist()) & set(after.tolist())
    both = [(event[0], int(place)) for event, place in zip([*first, *second], [*before, *after], strict=True)]
    for one in both:
        for other in both:
            if one[0] < other[0]:
                assert one[1] < other[1]
