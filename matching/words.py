"""A match weight in plain words, Chinese and English: what each comparison adds, and what follows from the sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matching.model import Thresholds

_ORIGINS = {
    "decision": ("数据管家已裁定，裁定优先于评分", "a steward decided; a decision beats every score"),
    "strong_id": (
        "强标识相同且其他信息相容，直接归并",
        "a strong identifier agrees under compatible evidence: joined",
    ),
}
_RULES = {
    "joined_before": (
        "前一日已是同一客户，今日没有反证，保持归并",
        "one customer the day before, and nothing speaks against it today: they stay together",
    ),
    "conflict_with_customer": (
        "两条记录本身可以归并，但其所属客户之间有互斥信息，转人工",
        "the two records could be joined, but their customers hold values that exclude each other: to a steward",
    ),
    "could_be_another_customer": (
        "同样可能属于另一客户，两边都不归并，转人工",
        "could as well belong to another customer: joined to neither, to a steward",
    ),
    "customer_too_large": ("归并后客户过大，转人工", "the customer would become too large: to a steward"),
}
_VERDICTS = {
    "link": ("达到自动归并线 {link:+.1f}，自动归并", "reaches the link line {link:+.1f}: joined by itself"),
    "review": (
        "介于复核线 {review:+.1f} 与自动归并线 {link:+.1f} 之间，或有规则要求人工复核",
        "between the review line {review:+.1f} and the link line {link:+.1f}, or a rule asks for a steward",
    ),
    "reject": ("低于复核线 {review:+.1f}，不归并", "below the review line {review:+.1f}: not joined"),
}


def waterfall(evidence: Sequence[Mapping[str, Any]], total: float) -> list[dict[str, Any]]:
    """How a weight adds up: the prior, one bar per comparison, the total.

    Returns:
        Bars in order: field, label_zh, label_en, weight (bits added), total (bits so far).
    """
    prior = total - sum(float(item["weight"]) for item in evidence)
    first = {"field": "prior", "label_zh": "先验（任意两条记录）", "label_en": "prior: any two records"}
    bars: list[dict[str, Any]] = []
    reached = 0.0
    for item in ({**first, "weight": prior}, *evidence):
        reached += float(item["weight"])
        shown = {key: item[key] for key in ("field", "label_zh", "label_en")}
        bars.append(shown | {"weight": round(float(item["weight"]), 2), "total": round(reached, 2)})
    return bars


def told(pair: Mapping[str, Any], thresholds: Thresholds) -> dict[str, str]:
    """One sentence in each language for a judged pair (origin, rule, conflict, verdict, match_weight, evidence)."""
    zh, en = _reason(pair, thresholds)
    parts = sorted(pair["evidence"], key=lambda item: -abs(float(item["weight"])))
    shown_zh = "，".join(f"{item['label_zh']} {item['weight']:+.1f}" for item in parts)
    shown_en = ", ".join(f"{item['label_en']} {item['weight']:+.1f}" for item in parts)
    total = float(pair["match_weight"])
    return {
        "words_zh": f"{shown_zh or '没有可比较的信息'}；合计 {total:+.1f}。{zh}。",
        "words_en": f"{shown_en or 'nothing to compare'}; in all {total:+.1f}. {en[0].upper()}{en[1:]}.",
    }


def _reason(pair: Mapping[str, Any], thresholds: Thresholds) -> tuple[str, str]:
    if pair["origin"] == "decision":
        return _ORIGINS["decision"]
    if pair["conflict"]:
        return (
            f"互斥信息不同（{pair['conflict']}），不自动归并",
            f"values that exclude each other differ ({pair['conflict']}): never joined by itself",
        )
    if pair["origin"] == "strong_id" and pair["verdict"] == "link":
        return _ORIGINS["strong_id"]
    if pair["rule"] in _RULES:
        return _RULES[pair["rule"]]
    zh, en = _VERDICTS[pair["verdict"]]
    lines = {"link": thresholds.link, "review": thresholds.review}
    return zh.format(**lines), en.format(**lines)
