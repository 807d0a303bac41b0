"""Clusters under constraints, one situation each."""

from __future__ import annotations

from matching.cluster import MODEL, STEWARD, STRONG, Constraints, Edge, cluster


def edge(left: str, right: str, weight: float = 10.0, rank: int = MODEL) -> Edge:
    return Edge(rank, weight, *sorted((left, right)))


def groups(records: str, edges: list[Edge], **constraints) -> list[str]:
    return ["".join(group) for group in cluster(records, edges, Constraints(**constraints)).clusters]


def test_without_constraints_components():
    assert groups("abcde", [edge("a", "b"), edge("b", "c"), edge("d", "e")]) == ["abc", "de"]


def test_a_chain_between_two_documents_is_cut_at_its_weakest_pair():
    edges = [edge("a", "b", 20), edge("b", "c", 9), edge("c", "d", 20)]
    found = cluster("abcd", edges, Constraints({"document:R": {"a": "1", "d": "2"}}))
    assert found.clusters == [("a", "b"), ("c", "d")]
    assert [(r.edge.left, r.edge.right, r.reason) for r in found.refusals] == [("b", "c", "document:R")]


def test_different_kinds_of_document_do_not_exclude_each_other():
    exclusive = {"document:R": {"a": "1"}, "document:H": {"b": "2"}}
    assert groups("ab", [edge("a", "b")], exclusive=exclusive) == ["ab"]


def test_certain_pairs_are_joined_before_heavier_uncertain_ones():
    edges = [edge("a", "x", 15, STRONG), edge("b", "x", 40)]
    assert groups("abx", edges, exclusive={"d": {"a": "1", "b": "2"}}) == ["ax", "b"]


def test_a_record_that_could_belong_to_two_customers_joins_neither():
    edges = [edge("a", "x", 20), edge("b", "x", 19)]
    exclusive = {"d": {"a": "1", "b": "2"}}
    found = cluster("abx", edges, Constraints(exclusive, margin=4))
    assert found.clusters == [("a",), ("b",), ("x",)]
    assert [r.reason for r in found.refusals] == ["ambiguous", "ambiguous"]
    assert groups("abx", [edge("a", "x", 20), edge("b", "x", 10)], exclusive=exclusive, margin=4) == ["ax", "b"]


def test_a_strong_identifier_is_never_ambiguous():
    edges = [edge("a", "x", 20, STRONG), edge("b", "x", 20)]
    assert groups("abx", edges, exclusive={"d": {"a": "1", "b": "2"}}, margin=4) == ["ax", "b"]


def test_a_steward_keeps_two_records_apart_and_only_the_weakest_pair_pays():
    edges = [edge("a", "b", 30), edge("b", "c", 10), edge("c", "d", 30)]
    found = cluster("abcd", edges, Constraints(apart=frozenset({("a", "d")})))
    assert found.clusters == [("a", "b"), ("c", "d")]
    assert [r.reason for r in found.refusals] == ["steward"]


def test_a_steward_joins_what_documents_keep_apart():
    edges = [edge("a", "b", 1, STEWARD), edge("b", "c", 20)]
    exclusive = {"d": {"a": "1", "b": "2", "c": "2"}}
    assert groups("abc", edges, exclusive=exclusive) == ["abc"]


def test_a_third_document_stays_out_of_what_a_steward_joined():
    edges = [edge("a", "b", 1, STEWARD), edge("b", "c", 20)]
    assert groups("abc", edges, exclusive={"d": {"a": "1", "b": "2", "c": "3"}}) == ["ab", "c"]


def test_a_customer_has_a_largest_size():
    edges = [edge(left, right, 10 + i) for i, (left, right) in enumerate(zip("abcdef", "bcdefg", strict=True))]
    found = cluster("abcdefg", edges, Constraints(max_size=3))
    assert max(map(len, found.clusters)) <= 3
    assert {r.reason for r in found.refusals} == {"size"}


def test_components_that_break_nothing_keep_every_pair():
    edges = [edge("a", "b", 1), edge("c", "d", 30), edge("d", "e", 20)]
    found = cluster("abcde", edges, Constraints({"d": {"c": "1", "e": "2"}}))
    assert ("a", "b") in found.clusters
    assert all(r.edge.left in "cde" for r in found.refusals)
