"""Customers among millions of records: components on arrays, and the few that break a constraint one by one.

Records are numbered from 0 in the order of their ids; a group is named after its smallest number. The result is that
of `matching.cluster.cluster` over all records, which a property test compares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from matching.cluster import STEWARD, Constraints, Edge, Forest, Refusal, cluster

Numbers = np.ndarray
UNKNOWN = -1  # code of a record without a value
_FAMILY = 3  # from so many records on there are pairs that nothing but a chain of others joins


@dataclass(frozen=True)
class Edges:
    """Linked pairs as arrays: rank and weight as in `Edge`, smaller and greater record."""

    rank: Numbers
    weight: Numbers
    left: Numbers
    right: Numbers

    def chosen(self, wanted: Numbers) -> Edges:
        """Some of the pairs."""
        return Edges(self.rank[wanted], self.weight[wanted], self.left[wanted], self.right[wanted])

    def with_added(self, edges: Sequence[Edge[int]]) -> Edges:
        """The pairs and some more."""
        added = [[getattr(edge, name) for edge in edges] for name in ("rank", "weight", "left", "right")]
        ours = (self.rank, self.weight, self.left, self.right)
        return Edges(*(np.concatenate([a, np.array(b, a.dtype)]) for a, b in zip(ours, added, strict=True)))

    def listed(self) -> list[Edge[int]]:
        """The pairs one by one."""
        columns = (self.rank, self.weight, self.left, self.right)
        return [Edge(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


@dataclass(frozen=True)
class Rules:
    """What may not share a customer, for all records at once (see `Constraints`).

    Attributes:
        exclusive: constraint -> a code per record, `UNKNOWN` where it has no value.
        apart: pairs of records that a steward keeps apart.
        max_size: records of one customer.
        margin: bits of doubt.
        support: bits that two groups must have in common on average.
        pairs: pairs of records inside components (left, right, weight), for `support`.
    """

    exclusive: Mapping[str, Numbers] = field(default_factory=dict)
    apart: frozenset[tuple[int, int]] = frozenset()
    max_size: int = 1_000_000
    margin: float = 0.0
    support: float | None = None
    pairs: tuple[Numbers, Numbers, Numbers] | None = None


@dataclass(frozen=True)
class Grouping:
    """Per record the smallest record of its customer, and the pairs refused on the way."""

    home: Numbers
    refusals: list[Refusal[int]]


def components(records: int, left: Numbers, right: Numbers) -> Numbers:
    """Per record the smallest record it is connected with."""
    graph = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(records, records))
    number, label = connected_components(graph, directed=False)
    first = np.empty(number, np.int64)
    first[label[::-1]] = np.arange(records)[::-1]  # of several the last one written stays, which is the smallest
    return np.asarray(first[label])


def group(records: int, edges: Edges, rules: Rules, home: Numbers | None = None) -> Grouping:
    """Customers that keep every rule; `home`: the components, where they are known, which become the customers."""
    if home is None:
        home = components(records, edges.left, edges.right)
    rules = _accept_stewards(edges, rules)
    suspect = np.isin(home, _broken(home, rules))
    if not suspect.any():
        return Grouping(home, [])
    members = np.flatnonzero(suspect)
    found = cluster(members.tolist(), edges.chosen(suspect[edges.left]).listed(), _constraints(members, suspect, rules))
    for parts in found.clusters:
        home[list(parts)] = parts[0]
    return Grouping(home, found.refusals)


def _accept_stewards(edges: Edges, rules: Rules) -> Rules:
    """Values of two records that a steward called the same count as one value, wherever they stand."""
    confirmed = edges.chosen(edges.rank == STEWARD)
    if not len(confirmed.left):
        return rules
    exclusive = {}
    for name, codes in rules.exclusive.items():
        forest: Forest[int] = Forest()
        for left, right in zip(codes[confirmed.left].tolist(), codes[confirmed.right].tolist(), strict=True):
            if UNKNOWN not in (left, right):
                forest.join(left, right)
        accepted = codes.copy()
        for value in forest.names():
            accepted[codes == value] = forest.find(value)
        exclusive[name] = accepted
    return Rules(exclusive, rules.apart, rules.max_size, rules.margin, rules.support, rules.pairs)


def _broken(home: Numbers, rules: Rules) -> Numbers:
    """Homes of the components that break a rule, or may."""
    sizes = np.bincount(home, minlength=len(home))
    broken = [np.flatnonzero(sizes > rules.max_size)]
    broken += [_several(home, codes) for codes in rules.exclusive.values()]
    if rules.apart:
        left, right = np.array(sorted(rules.apart)).T
        broken.append(home[left[home[left] == home[right]]])
    if rules.support is not None:
        broken.append(_unsupported(home, sizes, rules))
    return np.unique(np.concatenate(broken))


def _several(home: Numbers, codes: Numbers) -> Numbers:
    """Homes with more than one value."""
    known = codes != UNKNOWN
    held, homes = codes[known], home[known]
    some = np.empty(len(home), np.int64)
    some[homes] = held
    return np.unique(homes[some[homes] != held])


def _unsupported(home: Numbers, sizes: Numbers, rules: Rules) -> Numbers:
    """Homes of families of which not every pair is known to weigh enough: only there an average can be too low."""
    assert rules.support is not None and rules.pairs is not None
    left, right, weight = rules.pairs
    inside = (home[left] == home[right]) & (weight >= rules.support)
    enough = np.bincount(home[left[inside]], minlength=len(home))
    return np.flatnonzero((sizes >= _FAMILY) & (enough < sizes * (sizes - 1) // 2))


def _constraints(members: Numbers, suspect: Numbers, rules: Rules) -> Constraints[int]:
    """The rules as they concern the members of suspect components."""
    exclusive = {}
    for name, codes in rules.exclusive.items():
        known = members[codes[members] != UNKNOWN]
        exclusive[name] = dict(zip(known.tolist(), codes[known].tolist(), strict=True))
    weights: dict[tuple[int, int], float] = {}
    if rules.pairs is not None:
        wanted = suspect[rules.pairs[0]]
        left, right, weight = (column[wanted].tolist() for column in rules.pairs)
        weights = dict(zip(zip(left, right, strict=True), weight, strict=True))
    return Constraints(exclusive, rules.apart, rules.max_size, rules.margin, rules.support, weights)
