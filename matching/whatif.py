"""What would change the verdict on two records, in plain words, the surest first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matching.model import Comparison, MatchModel
from matching.parameters import Parameters

# verdicts that keep two records apart
_APART = {
    "different": ("不同", "different"),
    "related": ("为关联的两个主体", "two related parties"),
    "same_apart": ("同一主体、分户管理", "one party kept as two customers"),
}


def better(model: MatchModel, parameters: Parameters, pair: dict[str, Any]) -> list[dict[str, Any]]:
    """Per comparison the weakest level that alone would lift the pair over the link line, and over the review line."""
    weights = {item["field"]: float(item["weight"]) for item in pair["evidence"]}
    found = []
    for item, code in zip(model.comparisons, pair["levels"], strict=True):
        for line in ("link", "review"):
            threshold = getattr(model.thresholds, line)
            if pair["match_weight"] >= threshold:
                continue
            gain = _weakest(item, parameters, int(code), threshold - pair["match_weight"], weights)
            if gain is not None:
                found.append(gain | {"line": line, "total": round(pair["match_weight"] + gain["gain"], 2)})
                break
    return found


def _weakest(
    item: Comparison, parameters: Parameters, code: int, needed: float, weights: dict[str, float]
) -> dict[str, Any] | None:
    now = weights.get(item.comparison, 0.0)
    best = max(math.log2(m / u) for m, u in (parameters.of(item.comparison, level.level) for level in item.levels))
    if now > best / 2:
        return None  # it agrees well already; a stronger level is no advice
    for level in reversed(item.levels):
        m, u = parameters.of(item.comparison, level.level)
        gain = math.log2(m / u) - now
        if item.code(level.level) > code and gain >= needed:
            labels = {
                "label_zh": f"{item.label_zh}：{level.label_zh}",
                "label_en": f"{item.label_en}: {level.label_en}",
            }
            return {"field": item.comparison, "level": level.level, "gain": round(gain, 2), **labels}
    return None


def changes(
    weighed: Mapping[str, Any], decision: str | None, held: Mapping[str, Any] | None, *, is_one: bool
) -> list[dict[str, Any]]:
    """What would change the verdict, the surest first."""
    pair = weighed["pair"]
    if is_one:
        return [_change(
            "steward", "数据管家裁定“不同”“关联”或“同一人、分户管理”可将其分开。",
            "A steward's “different”, “related” or “same, kept apart” parts them.",
        )]  # fmt: skip
    found = []
    if decision in _APART:
        said_zh, said_en = _APART[decision]
        found.append(_change(
            "decision", f"数据管家已裁定{said_zh}；撤销该裁定后由评分决定。",
            f"A steward said they are {said_en}; undo that decision and the score decides.",
        ))  # fmt: skip
    if pair["conflict"]:
        found.append(_change(
            "conflict", f"互斥信息（{pair['conflict']}）不同：任何得分都不会自动归并；更正错误一方，或由数据管家裁定。",
            f"Values that exclude each other differ ({pair['conflict']}): no weight joins them; correct the wrong one"
            " at its source, or let a steward decide.",
        ))  # fmt: skip
    if held and held["rule"] in ("conflict_with_customer", "could_be_another_customer", "customer_too_large"):
        found.append(_change(
            held["rule"], "两条记录本身可归并，但所属客户之间受约束限制；由数据管家裁定。",
            "The two could be joined, but a constraint between their customers forbids it; a steward decides.",
        ))  # fmt: skip
    if not weighed["compared"]:
        found.append(_not_compared(weighed["blocking"]))
    found += [_level_change(item) for item in weighed["better"]]
    if decision not in _APART:
        found.append(_change("steward", "数据管家裁定“相同”即归并。", "A steward's “same” joins them."))
    return found


def _change(kind: str, text_zh: str, text_en: str) -> dict[str, Any]:
    return {"kind": kind, "text_zh": text_zh, "text_en": text_en}


def _not_compared(rules: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """No rule brings them together; the nearest one lacks the fewest keys."""
    nearest = min(rules, key=lambda rule: (len(rule["missing"]) + len(rule["differing"]), rule["rule"]))
    lacking = ", ".join([*nearest["missing"], *nearest["differing"]])
    if nearest["result"] == "too_large":
        return _change(
            "block_too_large",
            f"规则 {nearest['rule']} 的分块有 {nearest['block_size']} 条记录，超过上限 {nearest['max_block']}。",
            f"Rule {nearest['rule']}: {nearest['block_size']} records share the key, above the limit"
            f" {nearest['max_block']}; the block was left out.",
        )
    return _change(
        "not_compared",
        f"没有分块规则比较这两条记录；最接近的是 {nearest['rule']}，还需一致：{lacking}。",
        f"No blocking rule compares them; the nearest is {nearest['rule']}, which also needs agreement in: {lacking}.",
    )


def _level_change(item: dict[str, Any]) -> dict[str, Any]:
    to_zh, to_en = ("自动归并线", "the link line") if item["line"] == "link" else ("复核线", "the review line")
    return item | _change(
        "level",
        f"若“{item['label_zh']}”，合计为 {item['total']:+.1f}，达到{to_zh}。",
        f"With “{item['label_en']}” the sum is {item['total']:+.1f}, which reaches {to_en}.",
    )


def never_compared() -> dict[str, Any]:
    """A person and an organization."""
    return _change(
        "party_type",
        "一条是个人、一条是单位，从不比较；如类型有误，请在来源系统更正。",
        "One is a person, one an organization: never compared. If a type is wrong, correct it at its source.",
    )
