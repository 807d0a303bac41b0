"""How a customer grew: order of records, and who brought them."""

import datetime as dt

from matching.growth import Stay, grow

D1, D2, D3 = (dt.date(2026, 3, day) for day in (2, 3, 4))


def edge(left, right, weight, origin="model"):
    return {
        "record_id_l": left, "record_id_r": right, "match_weight": weight, "origin": origin, "pair_id": left + right,
        "rule": "mobile",
    }  # fmt: skip


def told(steps):
    return [(step["record_id"], step["action"], step["came_from"], step["pair_id"]) for step in steps]


def test_within_a_day_the_certain_pair_comes_first_then_the_heaviest():
    stays = [Stay(record, "G1", D1, None) for record in "abcd"]
    edges = [edge("a", "b", 9.0), edge("b", "c", 30.0), edge("c", "d", 5.0, "strong_id")]
    assert told(grow("G1", stays, edges)) == [
        ("c", "start", None, None), ("d", "record", None, "cd"), ("b", "record", None, "bc"),
        ("a", "record", None, "ab"),
    ]  # fmt: skip


def test_a_merge_and_a_return_name_the_customer_they_came_from():
    stays = [
        Stay("a", "G1", D1, None),
        Stay("b", "G2", D1, D2), Stay("b", "G1", D2, None),
        Stay("c", "G1", D1, D2), Stay("c", "G3", D2, D3), Stay("c", "G1", D3, None),
    ]  # fmt: skip
    steps = grow("G1", stays, [edge("a", "b", 12.0), edge("a", "c", 8.0)])
    assert told(steps) == [("a", "start", None, None), ("b", "merge", "G2", "ab"), ("c", "return", "G3", "ac")]
    assert [step["as_of"] for step in steps] == [D1, D2, D3]


def test_a_record_without_a_link_today_still_has_its_day():
    steps = grow("G1", [Stay("a", "G1", D1, None), Stay("b", "G1", D2, None)], [])
    assert told(steps) == [("a", "start", None, None), ("b", "record", None, None)]
