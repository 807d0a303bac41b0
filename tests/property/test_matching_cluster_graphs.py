"""Clusters of random graphs: against networkx without constraints; never against a constraint; in any order."""

from __future__ import annotations

import networkx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matching.cluster import MODEL, STEWARD, STRONG, Constraints, Edge, cluster
from matching.grouping import UNKNOWN, Edges, Rules
from matching.grouping import group as group_all

RECORDS = list(range(14))
PAIRS = st.tuples(st.sampled_from(RECORDS), st.sampled_from(RECORDS)).filter(lambda pair: pair[0] < pair[1])
EDGES = st.lists(
    st.builds(
        lambda pair, weight, rank: Edge(rank, weight, *pair),
        PAIRS,
        st.floats(0, 40, allow_nan=False),
        st.sampled_from([STRONG, MODEL, MODEL, MODEL]),
    ),
    max_size=40,
    unique_by=lambda edge: (edge.left, edge.right),
)
VALUES = st.dictionaries(st.sampled_from(RECORDS), st.sampled_from([1, 2, 3]), max_size=8)
APART = st.frozensets(PAIRS, max_size=4)


def components(edges: list[Edge]) -> list[tuple[str, ...]]:
    graph = networkx.Graph()
    graph.add_nodes_from(RECORDS)
    graph.add_edges_from((edge.left, edge.right) for edge in edges)
    return sorted(tuple(sorted(group)) for group in networkx.connected_components(graph))


@given(EDGES)
def test_without_constraints_the_components(edges):
    found = cluster(RECORDS, edges, Constraints())
    assert found.clusters == components(edges)
    assert found.refusals == []


@given(EDGES, VALUES, VALUES, APART, st.integers(2, 8), st.floats(0, 10))
def test_no_customer_breaks_a_constraint(edges, first, second, apart, size, margin):
    constraints = Constraints({"document:R": first, "birth_date:": second}, apart, size, margin)
    found = cluster(RECORDS, edges, constraints)
    assert sorted(record for group in found.clusters for record in group) == RECORDS
    for group in found.clusters:
        assert len(group) <= size
        for values in (first, second):
            assert len({values[record] for record in group if record in values}) <= 1
        assert not any(left in group and right in group for left, right in apart)


@given(EDGES, VALUES, APART)
def test_only_components_that_break_something_pay(edges, values, apart):
    found = cluster(RECORDS, edges, Constraints({"document:R": values}, apart))
    for group in components(edges):
        held = {values[record] for record in group if record in values}
        torn = any(left in group and right in group for left, right in apart)
        if len(held) <= 1 and not torn:
            assert group in found.clusters


@given(EDGES, VALUES, APART, st.randoms(use_true_random=False))
def test_the_order_of_pairs_does_not_matter(edges, values, apart, rng):
    constraints = Constraints({"document:R": values}, apart, 6, 2.0)
    shuffled, records = list(edges), list(RECORDS)
    rng.shuffle(shuffled)
    rng.shuffle(records)
    assert cluster(records, shuffled, constraints).clusters == cluster(RECORDS, edges, constraints).clusters


@given(EDGES, VALUES, PAIRS)
def test_a_steward_who_says_same_is_obeyed_whatever_the_documents_say(edges, values, pair):
    left, right = pair
    kept = [edge for edge in edges if (edge.left, edge.right) != pair]
    found = cluster(RECORDS, [*kept, Edge(STEWARD, 1.0, left, right)], Constraints({"document:R": values}))
    assert any(left in group and right in group for group in found.clusters)


def arrays(edges: list[Edge]) -> Edges:
    columns = [[getattr(edge, name) for edge in edges] for name in ("rank", "weight", "left", "right")]
    return Edges(*(np.array(c, t) for c, t in zip(columns, ("i4", "f8", "i4", "i4"), strict=True)))


def coded(values: dict[int, int]) -> np.ndarray:
    codes = np.full(len(RECORDS), UNKNOWN, np.int64)
    codes[list(values)] = list(values.values())
    return codes


@given(
    EDGES, st.lists(PAIRS, max_size=2, unique=True), VALUES, VALUES, APART, st.integers(2, 8), st.floats(0, 10),
    st.one_of(st.none(), st.tuples(st.floats(-5, 5), st.dictionaries(PAIRS, st.floats(-10, 10), max_size=60))),
)  # fmt: skip
def test_on_arrays_as_one_by_one(edges, same, first, second, apart, size, margin, supported):
    edges = [edge for edge in edges if (edge.left, edge.right) not in same]
    edges += [Edge(STEWARD, float(n), *pair) for n, pair in enumerate(same)]
    support, weights = supported or (None, {})
    alone = cluster(RECORDS, edges, Constraints({"a": first, "b": second}, apart, size, margin, support, weights))
    left, right = (np.array([pair[side] for pair in weights], int) for side in (0, 1))
    pairs = (left, right, np.array(list(weights.values()), float)) if supported else None
    rules = Rules({"a": coded(first), "b": coded(second)}, apart, size, margin, support, pairs)
    found = group_all(len(RECORDS), arrays(edges), rules)
    assert [tuple(np.flatnonzero(found.home == home).tolist()) for home in np.unique(found.home)] == alone.clusters
    assert sorted((r.edge, r.reason) for r in found.refusals) == sorted((r.edge, r.reason) for r in alone.refusals)
