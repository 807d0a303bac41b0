"""The offline report of `mdm match`: one HTML page, figures drawn as SVG inside it, nothing fetched from anywhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from matching.relations import registered
from matching.table_match import Matched
from matching.table_results import homes
from matching.work import Numbers

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1d2433;max-width:1080px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem;border-bottom:1px solid #d5dae3}
table{border-collapse:collapse;width:100%}td,th{padding:.25rem .6rem;border-bottom:1px solid #e6e9ef;text-align:left}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.big{font-size:1.6rem;font-weight:600}
.cards{display:flex;gap:2rem;flex-wrap:wrap}.muted{color:#667085}svg{width:100%;height:auto}
"""
_WORST = 15


def write_report(matched: Matched, out: Path) -> Path:
    """Write `report.html`; returns its path."""
    parts = [
        _numbers(matched),
        _section("Weights · 各级权重", _weights(matched), "Bits each level adds; six bits are a factor of 64."),
        _section("Scores · 分值分布", _scores(matched), "Compared pairs that were not dropped, by weight in bits."),
        _section("Threshold · 阈值", _thresholds(matched), "Pairs linked if the threshold were here."),
        _section("Cluster sizes · 簇大小", _sizes(matched), ""),
        _section(
            "Clusters to look at · 可疑簇", _worst(matched), "Held together by the lightest pairs, or the largest."
        ),
        _section("Notes · 说明", _notes(matched), ""),
    ]
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>mdm match</title><style>{_STYLE}</style>'
        f"</head><body><h1>mdm match · 匹配报告</h1>{''.join(parts)}</body></html>\n"
    )
    path = out / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def _section(title: str, content: str, text: str) -> str:
    return f'<h2>{title}</h2><p class="muted">{escape(text)}</p>{content}'


def _numbers(matched: Matched) -> str:
    shown: dict[str, object] = {**matched.counts, **(matched.rates or {})}
    del shown["notices"]
    cards = "".join(
        f'<div><div class="big">{value if isinstance(value, float) else f"{value:,}"}</div>'
        f'<div class="muted">{escape(name.replace("_", " "))}</div></div>'
        for name, value in shown.items()
    )
    thresholds = matched.model.thresholds
    return (
        f'<div class="cards">{cards}</div><p>Link from {thresholds.link:g} bits, review from {thresholds.review:g}.'
        f" One pair in {1 / matched.parameters.prior:,.0f} is a match (prior {math.log2(matched.parameters.prior):.1f}"
        f" bits). Model {escape(matched.parameters.version)}.</p>"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[object]], numbers: Sequence[int] = ()) -> str:
    def row(cells: Sequence[object], tag: str) -> str:
        made = (
            f"<{tag}{' class=n' if place in numbers else ''}>{escape(str(cell))}</{tag}>"
            for place, cell in enumerate(cells)
        )
        return f"<tr>{''.join(made)}</tr>"

    return f"<table>{row(head, 'th')}{''.join(row(cells, 'td') for cells in rows)}</table>"


def _weights(matched: Matched) -> str:
    bars = []
    for item in matched.model.comparisons:
        for level in item.levels:
            m, u = matched.parameters.of(item.comparison, level.level)
            bars.append((f"{item.comparison} · {level.label_en}", math.log2(m / u)))
    return _signed_bars(bars)


def _signed_bars(bars: Sequence[tuple[str, float]]) -> str:
    """Horizontal bars to both sides of zero."""
    reach = max((abs(value) for _, value in bars), default=1) or 1
    lines = []
    for place, (label, value) in enumerate(bars):
        y, width = 18 * place, abs(value) / reach * 260
        x, colour = (640, "#2f7d4f") if value >= 0 else (640 - width, "#b4453a")
        lines.append(
            f'<text x="370" y="{y + 13}" text-anchor="end" font-size="12">{escape(label)}</text>'
            f'<rect x="{x:.1f}" y="{y + 3}" width="{width:.1f}" height="12" fill="{colour}"/>'
            f'<text x="{940}" y="{y + 13}" font-size="12">{value:+.1f}</text>'
        )
    return f'<svg viewBox="0 0 1000 {18 * len(bars) + 6}">{"".join(lines)}</svg>'


def _columns(bars: Sequence[tuple[str, float]], mark: int | None = None) -> str:
    """Upright bars; the label below, the number above; `mark`: from this bar on they are of the stronger colour."""
    top = max((value for _, value in bars), default=1) or 1
    width = 960 / max(len(bars), 1)
    lines = []
    for place, (label, value) in enumerate(bars):
        height = 180 * math.sqrt(value / top)  # a root, so that few doubtful pairs are seen beside many sure ones
        x, colour = 20 + place * width, "#2f5d9b" if mark is None or place >= mark else "#c9a227"
        middle = f'x="{x + width * 0.42:.1f}" font-size="10" text-anchor="middle"'
        lines.append(
            f'<rect x="{x:.1f}" y="{200 - height:.1f}" width="{width * 0.85:.1f}" height="{height:.1f}"'
            f' fill="{colour}"><title>{value:,.0f}</title></rect>'
            f'<text {middle} y="216">{escape(label)}</text>'
            f'<text {middle} y="{195 - height:.1f}">{_short(value)}</text>'
        )
    return f'<svg viewBox="0 0 1000 225">{"".join(lines)}</svg>'


def _short(value: float) -> str:
    """A number with room for four signs; the bar's title has it whole."""
    return f"{value:.0f}" if value < 1_000 else f"{value / 1_000:.0f}k" if value < 1_000_000 else f"{value / 1e6:.0f}M"


def _scores(matched: Matched) -> str:
    judged = f"judged_{matched.model.party_type}"
    rows = matched.con.execute(
        f"select floor(least(match_weight, 40))::int as bits, count(*) from {judged} group by 1 order by 1"
    ).fetchall()
    link = matched.model.thresholds.link
    mark = next((place for place, (bits, _) in enumerate(rows) if bits >= link), len(rows))
    return _columns([(str(bits), number) for bits, number in rows], mark)


def _thresholds(matched: Matched) -> str:
    low, link = matched.model.thresholds.review, matched.model.thresholds.link
    cuts = sorted({low, link, *(link + step for step in (-2, -1, 1, 2, 4, 6, 10) if link + step >= low)})
    rows = []
    for cut, (number, wrong, share) in zip(cuts, _counted(matched, cuts), strict=True):
        shown = [f"{cut:g}{'  ←' if cut == link else ''}", f"{number:,}", f"{wrong:,.1f}"]
        rows.append([*shown, "–" if share is None else f"{share:.4f}"] if matched.rates else shown)
    head = ["bits", "pairs", "expected wrong", *(["true share"] if matched.rates else [])]
    return _table(head, rows, range(4))


def _counted(matched: Matched, cuts: Sequence[float]) -> list[tuple[int, float, float | None]]:
    """Per cut the pairs above it, how many of them are expected to be wrong, and the share that is true if known."""
    bands = _bands(matched, cuts)
    counted: list[tuple[int, float, float | None]] = []
    for cut in range(len(cuts)):
        above = [counts for place, *counts in bands if place >= cut]
        pairs, wrong, known, true = zip(*above, strict=True) if above else [()] * 4
        share = sum(true) / sum(known) if sum(known) else None
        counted.append((sum(pairs), math.fsum(wrong), share))
    return counted


def _bands(matched: Matched, cuts: Sequence[float]) -> list[tuple[int, int, float, int, int]]:
    """Between one cut and the next: its place, pairs, expected wrong, pairs whose truth is known, true ones."""
    judged, same, truth = f"judged_{matched.model.party_type}", "null::boolean", ""
    if matched.rates is not None:
        same = "l.entity = r.entity"
        truth = "".join(f" left join truth as {side} on {side}.record_no = record_no_{side}" for side in "lr")
    reached = " ".join(f"when match_weight >= {cut} then {place}" for place, cut in reversed([*enumerate(cuts)]))
    return matched.con.execute(
        f"select case {reached} end as band, count(*), fsum(1 - match_probability), count({same}), count_if({same})"
        f" from {judged}{truth} where match_weight >= {cuts[0]} group by band order by band"
    ).fetchall()


def _sizes(matched: Matched) -> str:
    rows = matched.con.execute(
        "select least(records, 20), count(*) from clusters where record_id = cluster_id group by 1 order by 1"
    ).fetchall()
    return _columns([("20+" if size == 20 else str(size), number) for size, number in rows])


def _worst(matched: Matched) -> str:
    """The clusters that come first by their lightest pair and their size together."""
    lightest, links = _held(matched)
    sizes = np.zeros(len(links), np.int64)
    found = matched.con.execute("select home, records from customers").fetchnumpy()
    sizes[found["home"]] = found["records"]
    held = np.flatnonzero(links)
    weights = np.rint(lightest[held] * 10_000).astype(np.int64)  # they have four digits
    first = held[_ordered(_ranks(weights) + _ranks(-sizes[held]))[:_WORST]]
    shown = {"records": sizes[first], "links": links[first], "lightest": lightest[first]}
    with registered(matched.con, "worst", {"place": np.arange(len(first)), "home": first, **shown}):
        rows = matched.con.execute(
            f"select record_id, records, links, round(lightest, 1) from worst join {matched.resolved.scratch('named')}"
            " on record_no = home order by place"
        ).fetchall()
    return _table(["cluster", "records", "linked pairs", "lightest pair (bits)"], rows, (1, 2, 3))


def _held(matched: Matched) -> tuple[Numbers, Numbers]:
    """By the number of a cluster's first record: its lightest linked pair, and how many it has."""
    con, scratch = matched.con, matched.resolved.scratch
    home = homes(con, matched.resolved)
    pairs = con.execute(
        "select record_no_l as l, record_no_r as r, round(match_weight, 4) as weight"
        f" from {scratch('ruled')} where final_verdict = 'link'"
    ).fetchnumpy()
    inside = home[pairs["l"]] == home[pairs["r"]]
    cluster = home[pairs["l"][inside]]
    lightest = np.full(len(home), np.inf)
    np.minimum.at(lightest, cluster, pairs["weight"][inside])
    return lightest, np.bincount(cluster, minlength=len(home))


def _ranks(values: Numbers) -> Numbers:
    """The place of each whole number among all, of equal ones the first before the next."""
    ranks = np.empty(len(values), np.int64)
    ranks[_ordered(values)] = np.arange(len(values))
    return ranks


def _ordered(values: Numbers) -> Numbers:
    """Places of whole numbers from the least on, of equal ones the first before the next.

    Number and place are sorted as one number, many times as fast as an order that keeps equal ones.
    """
    bits = np.uint64(len(values).bit_length())
    least = values.min(initial=0)
    packed = (values - least).astype(np.uint64) << bits | np.arange(len(values), dtype=np.uint64)
    packed.sort()
    return (packed & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)


def _notes(matched: Matched) -> str:
    reasons = _reasons(matched)
    notes = [*matched.notices, f"reviews hold {reasons}"] if reasons else matched.notices
    return "<ul>" + "".join(f"<li>{escape(note)}</li>" for note in notes) + "</ul>"


def _reasons(matched: Matched) -> str:
    rows = matched.con.execute("select rule, count(*) from review group by 1 order by 2 desc, 1").fetchall()
    return ", ".join(f"{number:,} {rule}" for rule, number in rows)
