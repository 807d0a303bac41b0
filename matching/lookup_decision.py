"""Which customer a new record joins: the clusters' own rules, with the customers as they stand taken for granted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from matching.cluster import MODEL, STEWARD, STRONG, Clustering, Constraints, Edge, cluster
from matching.lookup_index import LookupIndex
from matching.model import MatchModel
from matching.rules_single import Record
from matching.single_pair import Judged, exclusive_value

AMBIGUOUS = "could_be_another_customer"
_REFUSALS = {"ambiguous": AMBIGUOUS, "size": "customer_too_large", "support": "weak_bridge"}


@dataclass(frozen=True)
class Pair:
    """The new record and the stored one of a row, judged."""

    row: int
    record_id: str
    golden_id: str
    judged: Judged

    @property
    def edge_rank(self) -> int:
        """Its rank among the pairs that join."""
        return STRONG if self.judged.strong else MODEL


@dataclass(frozen=True)
class Decision:
    """The customer joined, if any, and per refused customer the rule and the exclusive value that forbid it."""

    golden_id: str | None = None
    refused: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)


def decide(
    model: MatchModel,
    index: LookupIndex,
    record: Record,
    record_id: str,
    pairs: Sequence[Pair],
    weights: Mapping[tuple[str, str], float],
) -> Decision:
    """Join the new record to a customer, or say why not.

    A run would make one customer of all it may join. A lookup names one: the one a strong identifier leads to, else
    the heaviest, provided it leads the next by `limits.ambiguity_margin`; otherwise none.

    Args:
        model: limits and exclusive values.
        index: the customers.
        record: the new record, prepared.
        record_id: its id.
        pairs: its judged pairs.
        weights: bits of its pairs with all records of the reached customers, needed where `limits.support` is set.
    """
    links = [pair for pair in pairs if pair.judged.verdict == "link"]
    if not links:
        return Decision()
    members = {pair.golden_id: index.rows_of_customer(int(index.customers[pair.row])) for pair in links}
    clustering = _cluster(model, index, record, record_id, links, members, weights)
    home = next(group for group in clustering.clusters if record_id in group)
    best: dict[str, tuple[int, float]] = {}
    for pair in links:
        if pair.record_id in home:
            rank = (pair.edge_rank, -pair.judged.match_weight)
            best[pair.golden_id] = min(rank, best.get(pair.golden_id, rank))
    refused = _refused(clustering, links, set(home))
    order = sorted(best, key=lambda golden_id: (best[golden_id], golden_id))
    close = [golden_id for golden_id in order if _is_close(best[order[0]], best[golden_id], model)]
    if len(close) > 1:
        return Decision(None, refused | dict.fromkeys(close, (AMBIGUOUS, None)))
    return Decision(order[0] if order else None, refused)


def _is_close(best: tuple[int, float], other: tuple[int, float], model: MatchModel) -> bool:
    """Whether a customer is as good as the best one: itself, or nearly as heavy a pair of the same rank.

    Two customers of one strong identifier are always close: a number of two people says nothing about who this is.
    """
    if best == other or best[0] != other[0]:
        return best == other
    return best[0] == STRONG or other[1] - best[1] < model.limits.ambiguity_margin


def _cluster(
    model: MatchModel,
    index: LookupIndex,
    record: Record,
    record_id: str,
    links: Sequence[Pair],
    members: Mapping[str, list[int]],
    weights: Mapping[tuple[str, str], float],
) -> Clustering[str]:
    names = {row: index.record_id(row) for rows in members.values() for row in rows}
    held: dict[str, dict[str, str]] = defaultdict(dict)
    records = [(record_id, record), *((name, index.row(row)) for row, name in names.items())]
    for name, values in records:
        for item in model.exclusive:
            found = exclusive_value(item, values)
            if found:
                held[found[0]][name] = str(found[1])
    edges = [Edge(pair.edge_rank, pair.judged.match_weight, *sorted((record_id, pair.record_id))) for pair in links]
    for rows in members.values():
        edges += _given([names[row] for row in rows], held)
    limits = model.limits
    constraints = Constraints(
        exclusive=held, max_size=max(limits.max_cluster, *(len(rows) for rows in members.values())),
        margin=limits.ambiguity_margin, support=limits.support, weights=weights,
    )  # fmt: skip
    return cluster([name for name, _ in records], edges, constraints)


def _given(customer: Sequence[str], held: Mapping[str, Mapping[str, Any]]) -> Iterator[Edge[str]]:
    """What is one customer stays one, whatever values a steward joined in it: the rank of his decisions says so."""
    holders = [[name for name in customer if name in values] for values in held.values()]
    for chain in (customer, *holders):
        yield from (Edge(STEWARD, 0.0, *sorted(step)) for step in pairwise(chain))


def _refused(clustering: Clustering[str], links: Sequence[Pair], home: set[str]) -> dict[str, tuple[str, str | None]]:
    """Per customer that was not joined: the first pair's refusal."""
    customers = {pair.record_id: pair.golden_id for pair in links if pair.record_id not in home}
    found: dict[str, tuple[str, str | None]] = {}
    for refusal in clustering.refusals:
        reason = refusal.reason.partition(":")[0]
        for name in (refusal.edge.left, refusal.edge.right):
            if name in customers and refusal.edge.rank != STEWARD:
                told = (_REFUSALS[reason], None) if reason in _REFUSALS else ("conflict_with_customer", reason)
                found.setdefault(customers[name], told)
    return found
