"""From linked pairs to customers, under constraints.

Customers are the connected components of the linked pairs. Only a component that breaks a constraint is looked at
again: its pairs are joined one by one, certain ones first, then the heaviest, and a pair whose joining would break a
constraint is refused. A record that could as well belong to another customer joins neither of them.

`matching.grouping` finds the few components that break something among millions; what is done with them stands here.
Records are told apart and ordered by name or by number.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Name = TypeVar("Name", str, int)

STEWARD, STRONG, KEPT, MODEL = range(4)  # ranks of pairs: a smaller one is joined first; KEPT: joined the day before
_UNSEEN = (
    -4.0
)  # a pair weighs at least so much: records that share little because one is nearly empty are no contradiction
_FAMILY = 3  # from so many records on there are pairs that nothing but a chain of others joins


@dataclass(frozen=True, order=True)
class Edge(Generic[Name]):
    """Two records that belong together: how certain (`rank`), how much the evidence weighs in bits."""

    rank: int
    weight: float
    left: Name
    right: Name


@dataclass(frozen=True)
class Refusal(Generic[Name]):
    """A pair that was not joined, and the constraint that forbade it."""

    edge: Edge[Name]
    reason: str


@dataclass(frozen=True)
class Constraints(Generic[Name]):
    """What may not share a customer.

    Attributes:
        exclusive: constraint -> record -> value; records with different values of one constraint stay apart.
        apart: pairs of records (smaller first) that a steward keeps apart.
        max_size: records of one customer.
        margin: bits between the best and the second customer a record could join; below it joins neither.
        support: two groups join only if all pairs between them weigh at least so much on average; None: one will do.
        weights: pair of records -> bits, for every pair inside a component; one that is not there counts as `_UNSEEN`.
    """

    exclusive: Mapping[str, Mapping[Name, Any]] = field(default_factory=dict)
    apart: frozenset[tuple[Name, Name]] = frozenset()
    max_size: int = 1_000_000
    margin: float = 0.0
    support: float | None = None
    weights: Mapping[tuple[Name, Name], float] = field(default_factory=dict)


@dataclass(frozen=True)
class Clustering(Generic[Name]):
    """Customers as sorted tuples of records (singletons included), and the pairs refused on the way."""

    clusters: list[tuple[Name, ...]]
    refusals: list[Refusal[Name]]


class Forest(Generic[Name]):
    """Union-find over names, with path halving; the smaller name is the root, so results do not depend on order."""

    def __init__(self) -> None:
        self._parent: dict[Name, Name] = {}

    def names(self) -> list[Name]:
        """Every name seen so far."""
        return list(self._parent)

    def find(self, name: Name) -> Name:
        """The root of a name; a name not seen before is its own."""
        parent = self._parent
        root = parent.setdefault(name, name)
        while root != parent[root]:
            parent[name] = root = parent[root]
        return root

    def join(self, left: Name, right: Name) -> Name:
        """Make one tree of two; returns the root."""
        low, high = sorted((self.find(left), self.find(right)))
        self._parent[high] = low
        return low

    def groups(self, names: Iterable[Name]) -> list[tuple[Name, ...]]:
        """The names by tree, everything sorted."""
        members: dict[Name, list[Name]] = defaultdict(list)
        for name in sorted(names):
            members[self.find(name)].append(name)
        return [tuple(members[root]) for root in sorted(members)]


def components(records: Iterable[Name], edges: Iterable[Edge[Name]]) -> list[tuple[Name, ...]]:
    """Connected components, singletons included."""
    forest: Forest[Name] = Forest()
    for edge in edges:
        forest.join(edge.left, edge.right)
    return forest.groups(records)


def cluster(records: Iterable[Name], edges: Sequence[Edge[Name]], constraints: Constraints[Name]) -> Clustering[Name]:
    """Customers that keep every constraint; two stewards' verdicts apart, a steward's "same" beats exclusive values."""
    groups = components(records, edges)
    exclusive = _accept_stewards(edges, constraints)
    home = {record: number for number, group in enumerate(groups) for record in group}
    torn = {home[left] for left, right in constraints.apart if home.get(left) == home.get(right, -1)}
    broken = {number for number, group in enumerate(groups) if _breaks(group, exclusive, constraints.max_size)} | torn
    if constraints.support is not None:
        broken |= {number for number, group in enumerate(groups) if len(group) >= _FAMILY}
    edges_of: dict[int, list[Edge[Name]]] = defaultdict(list)
    for edge in edges:
        if home[edge.left] in broken:
            edges_of[home[edge.left]].append(edge)
    kept = [group for number, group in enumerate(groups) if number not in broken]
    refusals: list[Refusal[Name]] = []
    for number in sorted(broken):
        parts, refused = _rebuild(groups[number], edges_of[number], exclusive, constraints)
        kept += parts
        refusals += refused
    return Clustering(sorted(kept), refusals)


def _accept_stewards(edges: Sequence[Edge[Name]], constraints: Constraints[Name]) -> dict[str, dict[Name, Any]]:
    """Exclusive values, where the values of two records a steward called the same count as one value."""
    exclusive = {name: dict(values) for name, values in constraints.exclusive.items()}
    confirmed = [edge for edge in edges if edge.rank == STEWARD]
    for values in exclusive.values():
        forest: Forest[Any] = Forest()
        for edge in confirmed:
            if edge.left in values and edge.right in values:
                forest.join(values[edge.left], values[edge.right])
        if confirmed:
            values.update({record: forest.find(value) for record, value in values.items()})
    return exclusive


def _breaks(group: tuple[Name, ...], exclusive: Mapping[str, Mapping[Name, Any]], max_size: int) -> bool:
    if len(group) > max_size:
        return True
    return len(group) > 1 and any(
        len({values[record] for record in group if record in values}) > 1 for values in exclusive.values()
    )


def _rebuild(
    group: tuple[Name, ...],
    edges: list[Edge[Name]],
    exclusive: Mapping[str, Mapping[Name, Any]],
    constraints: Constraints[Name],
) -> tuple[list[tuple[Name, ...]], list[Refusal[Name]]]:
    usable, refusals = _without_ambiguous(edges, exclusive, constraints.margin)
    builder = _Builder(group, exclusive, constraints)
    for edge in sorted(usable, key=lambda e: (e.rank, -e.weight, e.left, e.right)):
        reason = builder.try_join(edge)
        if reason:
            refusals.append(Refusal(edge, reason))
    return builder.forest.groups(group), refusals


def _without_ambiguous(
    edges: list[Edge[Name]], exclusive: Mapping[str, Mapping[Name, Any]], margin: float
) -> tuple[list[Edge[Name]], list[Refusal[Name]]]:
    """Take away the pairs of a record whose two best customers differ in an exclusive value and weigh about the same.

    Only pairs the model made are in doubt, and only records that have no such value themselves.
    """
    doubtful: set[tuple[Name, Any]] = set()
    for values in exclusive.values():
        best: dict[Name, dict[Any, float]] = defaultdict(dict)
        for edge in (e for e in edges if e.rank == MODEL):
            for record, other in ((edge.left, edge.right), (edge.right, edge.left)):
                if record not in values and other in values:
                    reached = best[record]
                    reached[values[other]] = max(edge.weight, reached.get(values[other], edge.weight))
        doubtful |= {(record, value) for record, reached in best.items() for value in _too_close(reached, margin)}
    if not doubtful:
        return edges, []
    usable: list[Edge[Name]] = []
    refusals: list[Refusal[Name]] = []
    for edge in edges:
        doubt = edge.rank == MODEL and any(
            (record, values.get(other)) in doubtful
            for values in exclusive.values()
            for record, other in ((edge.left, edge.right), (edge.right, edge.left))
        )
        (refusals.append(Refusal(edge, "ambiguous")) if doubt else usable.append(edge))
    return usable, refusals


def _too_close(reached: dict[Any, float], margin: float) -> list[Any]:
    """Values reached with nearly the best weight, when there are several."""
    best = max(reached.values())
    close = [value for value, weight in reached.items() if best - weight < margin]
    return close if len(close) > 1 else []


class _Builder(Generic[Name]):
    """Customers growing pair by pair, with what each of them holds."""

    def __init__(
        self, group: tuple[Name, ...], exclusive: Mapping[str, Mapping[Name, Any]], constraints: Constraints[Name]
    ) -> None:
        self.forest: Forest[Name] = Forest()
        self._max_size = constraints.max_size
        self._members: dict[Name, list[Name]] = {record: [record] for record in group}
        self._weights: Mapping[tuple[Name, Name], float] = constraints.weights
        self._support = constraints.support
        self._held: dict[Name, dict[str, Any]] = {
            r: {name: v[r] for name, v in exclusive.items() if r in v} for r in group
        }
        self._apart: dict[Name, set[Name]] = defaultdict(set)
        inside = set(group)
        for left, right in constraints.apart:
            if left in inside and right in inside:
                self._apart[left].add(right)
                self._apart[right].add(left)

    def try_join(self, edge: Edge[Name]) -> str | None:
        """Join two records' customers, or say which constraint forbids it."""
        one, two = self.forest.find(edge.left), self.forest.find(edge.right)
        if one == two:
            return None
        reason = self._objection(one, two)
        if reason is None and edge.rank == MODEL and self._is_weak(one, two):
            reason = "support"
        if reason is None:
            root = self.forest.join(one, two)
            gone = two if root == one else one
            self._members[root] += self._members.pop(gone)
            self._held[root] = {**self._held[root], **self._held.pop(gone)}
            self._apart[root] |= self._apart.pop(gone, set())
        return reason

    def _objection(self, one: Name, two: Name) -> str | None:
        smaller, other = sorted((one, two), key=lambda root: (len(self._apart[root]), root))
        if any(self.forest.find(record) == other for record in self._apart[smaller]):
            return "steward"
        held = self._held[two]
        for name, value in self._held[one].items():
            if held.get(name, value) != value:
                return name
        return "size" if len(self._members[one]) + len(self._members[two]) > self._max_size else None

    def _is_weak(self, one: Name, two: Name) -> bool:
        """Whether a heavy pair is a bridge between two groups that have little in common otherwise."""
        pairs = len(self._members[one]) * len(self._members[two])
        if self._support is None or pairs == 1:
            return False
        between = (
            max(self._weights.get((min(a, b), max(a, b)), _UNSEEN), _UNSEEN)
            for a in self._members[one]
            for b in self._members[two]
        )
        return math.fsum(between) / pairs < self._support
