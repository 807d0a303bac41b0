"""Offline pages of explanations and differences: one HTML file each, nothing from elsewhere, values masked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from stewardship.waterfall import Waterfall, waterfall
from warehouse.errors import UserError

_SHOWN = 500  # changes of one kind on a page; the JSON form holds all
_PRIOR = "先验：任意两条记录 prior: any two records"
_TOTAL = "合计 total"
_ACTIONS = {"start": "起始 start", "record": "新记录 new record", "merge": "归并 merge", "return": "回归 return"}
_KINDS = {
    "merged": "归并 merged",
    "split": "拆分 split",
    "vanished": "消失 vanished",
    "new": "新增 new",
    "moved": "记录转移 moved records",
}


@cache
def _environment() -> Environment:
    folder = Path(__file__).parent / "templates"
    return Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def write_page(path: Path, template: str, content: Mapping[str, Any]) -> None:
    """Render a page and put it in place whole.

    Raises:
        UserError: the file cannot be written.
    """
    text = _environment().get_template(f"{template}.html").render(content)
    try:
        aside = path.with_name(f".{path.name}.new")
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written ({type(error).__name__}); name a file in a folder of yours"
        ) from None


def customer_page(explanation: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """What `customer.html` shows of an explained customer; ids of records as their reader may see them."""
    ids = explanation["shown_ids"]
    lines = _lines(explanation["thresholds"])
    return {
        "customer": explanation,
        "columns": ["record_id", *columns],
        "records": [
            [ids.get(r["record_id"], r["record_id"]), *(r.get(name) for name in columns)]
            for r in explanation["records"]
        ],
        "values": [
            (v["attribute"], v["value"], ids.get(v["record_id"], v["source"]), v["rule"], v["candidate_count"],
             v["loser_count"])
            for v in explanation["values"]
        ],
        "growth": [_grown(number, step, ids) for number, step in enumerate(explanation["growth"], start=1)],
        "edges": [_edge(edge, ids, lines) for edge in explanation["edges"]],
        "doubts": [_edge(edge, ids, lines) for edge in explanation["doubts"]],
        "history": [tuple(span.values()) for span in explanation["history"]],
        "events": [
            (e["as_of"], e["kind"], e["golden_id"], e["other_golden_id"], e["cause"], _told(e["evidence"]))
            for e in explanation["events"]
        ],
    }  # fmt: skip


def _lines(thresholds: Mapping[str, float] | None) -> tuple[float, float] | None:
    return (thresholds["review"], thresholds["link"]) if thresholds else None


def _grown(number: int, step: Mapping[str, Any], ids: Mapping[str, str]) -> tuple[Any, ...]:
    other = next((r for r in step["joined_by"] or () if r != step["record_id"]), None)
    weight = None if step["match_weight"] is None else f"{step['match_weight']:+.1f}"
    return (
        number, step["as_of"], _ACTIONS[step["action"]], ids.get(step["record_id"], step["record_id"]),
        step["came_from"], ids.get(other, other) if other else None, step["rule"], weight,
    )  # fmt: skip


def _edge(edge: Mapping[str, Any], ids: Mapping[str, str], lines: tuple[float, float] | None) -> dict[str, Any]:
    return {
        "left": ids.get(edge["record_id_l"], edge["record_id_l"]),
        "right": ids.get(edge["record_id_r"], edge["record_id_r"]),
        "weight": edge["match_weight"],
        "rule": edge["rule"],
        "drawing": draw(edge, lines),
        **{name: edge[name] for name in ("words_zh", "words_en")},
    }


def draw(pair: Mapping[str, Any], lines: tuple[float, float] | None) -> Waterfall:
    """The bars of a pair's weight, labels in both languages."""
    evidence = [(f"{item['label_zh']} {item['label_en']}", float(item["weight"])) for item in pair["evidence"]]
    return waterfall(evidence, pair["match_weight"], (_PRIOR, _TOTAL), lines)


def _told(evidence: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in evidence.items())


def pair_page(report: Mapping[str, Any]) -> dict[str, Any]:
    """What `pair.html` shows of two compared records."""
    ids = dict(zip(report["records"], report["shown_ids"], strict=True))
    pair = report["pair"]
    return {
        "records": report["shown_ids"],
        "headings": ["", *report["shown_ids"]],
        "same": report["same_customer"],
        "sides": [
            (name, *(side.get(name) for side in report["sides"]))
            for name in dict.fromkeys(name for side in report["sides"] for name in side)
        ],
        "blocking": [
            (rule["rule"], rule["kind"], ", ".join(rule["keys"]), rule["result"], ", ".join(rule["missing"]),
             ", ".join(rule["differing"]), rule["block_size"])
            for rule in report["blocking"]
        ],
        "pair": pair,
        "drawing": draw(pair, _lines(report["thresholds"])) if pair else None,
        "path": [
            (ids.get(link["record_id_l"], link["record_id_l"]), ids.get(link["record_id_r"], link["record_id_r"]),
             link["rule"], f"{link['match_weight']:+.1f}")
            for link in report["path"]
        ],
        "changes": report["changes"],
    }  # fmt: skip


def difference_page(report: Mapping[str, Any]) -> dict[str, Any]:
    """What `difference.html` shows of two runs: totals, then the changes by kind."""
    return {
        "before": report["before"],
        "after": report["after"],
        "notes": report["notes"],
        "totals": total_lines(report),
        "parts": [_part(kind, [c for c in report["changes"] if c["kind"] == kind]) for kind in _KINDS],
    }


def total_lines(report: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Both states, then every kind of change: what, customers, records, AUM."""
    named = [(report[side]["run_id"], report[side]) for side in ("before", "after")]
    named += [(title, report["counts"][kind]) for kind, title in _KINDS.items()]
    return [(title, f"{c['customers']:,}", f"{c['records']:,}", money(c["aum"])) for title, c in named]


def money(amount: float | None) -> str:
    """An amount for people; unknown is a dash."""
    return "–" if amount is None else f"{amount:,.2f}"


def _part(kind: str, changes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    shown = changes[:_SHOWN]
    lines = [
        (c["golden_id"], c["other_golden_id"], f"{c['records']:,}", money(c["aum"]), c["as_of"], c["cause"],
         _told(c["evidence"]))
        for c in shown
    ]  # fmt: skip
    return {"title": _KINDS[kind], "number": len(changes), "shown": len(shown), "lines": lines}
