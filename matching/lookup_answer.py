"""What a lookup answers: the decision, and the customers found with the reasons in words and numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from matching.lookup_decision import Decision, Pair
from matching.model import MatchModel
from matching.parameters import Parameters
from matching.single_pair import NOTHING, Judged
from matching.whatif import better, changes
from matching.words import told, waterfall

_SHOWN = 10  # customers of one answer


@dataclass(frozen=True)
class Candidate:
    """A customer the typed record may belong to, by the heaviest of its pairs with that customer's records.

    `verdict`: link or review; `rule`, `conflict`, `guard`: what decided; `evidence`, `waterfall`, `words_zh`,
    `words_en`: why; `changes`: what would change a review; `records`: those of the customer's records that were found.
    """

    golden_id: str
    record_id: str
    records: list[str]
    verdict: str
    rule: str
    conflict: str | None
    guard: str | None
    match_weight: float
    match_probability: float
    evidence: list[dict[str, Any]]
    waterfall: list[dict[str, Any]]
    words_zh: str
    words_en: str
    changes: list[dict[str, Any]]


@dataclass(frozen=True)
class Answer:
    """What to do with a typed record.

    Attributes:
        decision: `link` (one customer: `golden_id`), `review` (a person must look), `new` (nobody like this).
        golden_id: the customer, when the decision is `link`.
        reason: the rule that decided about the best candidate.
        candidates: customers, best first, at most ten.
        compared: stored records that were weighed.
        left_out: blocking rules whose block was too large to compare.
        thresholds: bits from which a pair links, and is shown.
    """

    decision: str
    golden_id: str | None
    reason: str | None
    candidates: list[Candidate]
    compared: int
    left_out: list[str]
    thresholds: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        """The answer as JSON holds it."""
        shown: dict[str, Any] = json.loads(json.dumps(asdict(self), default=str))
        return shown


def answer(
    model: MatchModel, parameters: Parameters, decision: Decision, pairs: Sequence[Pair], left_out: list[str]
) -> Answer:
    """Put a decision and the pairs behind it into words."""
    found: dict[str, list[Pair]] = {}
    for pair in sorted(pairs, key=_order):
        if pair.judged.verdict != "reject":
            found.setdefault(pair.golden_id, []).append(pair)
    order = sorted(found, key=lambda golden_id: (golden_id != decision.golden_id, _order(found[golden_id][0])))
    candidates = [_candidate(model, parameters, decision, found[golden_id]) for golden_id in order[:_SHOWN]]
    return Answer(
        decision="link" if decision.golden_id else "review" if candidates else "new",
        golden_id=decision.golden_id,
        reason=candidates[0].rule if candidates else None,
        candidates=candidates,
        compared=len(pairs),
        left_out=left_out,
        thresholds={"link": model.thresholds.link, "review": model.thresholds.review},
    )


def _order(pair: Pair) -> tuple[bool, bool, float, str]:
    judged = pair.judged
    heaviest = max(judged.match_weight, judged.rest)
    return judged.verdict != "link", judged.strong is None, -heaviest, pair.record_id


def _candidate(model: MatchModel, parameters: Parameters, decision: Decision, pairs: Sequence[Pair]) -> Candidate:
    best, judged = pairs[0], pairs[0].judged
    verdict, rule, conflict = judged.verdict, judged.rule, judged.conflict
    if best.golden_id in decision.refused and verdict == "link":
        rule, refused = decision.refused[best.golden_id]
        verdict, conflict = "review", conflict or refused
    shown: dict[str, Any] = {
        "origin": "strong_id" if judged.strong else "model", "verdict": verdict, "rule": rule, "conflict": conflict,
        "match_weight": judged.match_weight, "evidence": evidence(model, judged), "levels": judged.levels,
    }  # fmt: skip
    return Candidate(
        golden_id=best.golden_id,
        record_id=best.record_id,
        records=[pair.record_id for pair in pairs],
        verdict=verdict,
        rule=rule,
        conflict=conflict,
        guard=judged.guard,
        match_weight=round(judged.match_weight, 4),
        match_probability=round(judged.probability, 9),
        evidence=shown["evidence"],
        waterfall=waterfall(shown["evidence"], judged.match_weight),
        changes=_changes(model, parameters, shown) if verdict == "review" else [],
        **told(shown, model.thresholds),
    )


def _changes(model: MatchModel, parameters: Parameters, pair: dict[str, Any]) -> list[dict[str, Any]]:
    weighed: Mapping[str, Any] = {"pair": pair, "compared": True, "better": better(model, parameters, pair)}
    return changes(weighed, None, {"rule": pair["rule"]}, is_one=False)


def evidence(model: MatchModel, judged: Judged) -> list[dict[str, Any]]:
    """What was compared, as a run writes it beside a pair."""
    found = []
    for item, code, weight in zip(model.comparisons, judged.levels, judged.weights, strict=True):
        if code == NOTHING:
            continue
        level = item.levels[len(item.levels) - 1 - code]
        found.append({
            "field": item.comparison, "level": level.level, "label_zh": f"{item.label_zh}：{level.label_zh}",
            "label_en": f"{item.label_en}: {level.label_en}", "weight": round(weight, 2),
        })  # fmt: skip
    return found
