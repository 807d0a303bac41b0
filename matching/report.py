"""The offline report of `mdm match`: one HTML page, figures drawn as SVG inside it, nothing fetched from anywhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path

from matching.table_match import Matched, summary

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
    shown: dict[str, object] = {**summary(matched), **(matched.rates or {})}
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
            f' fill="{colour}"/>'
            f'<text {middle} y="216">{escape(label)}</text>'
            f'<text {middle} y="{195 - height:.1f}">{value:,.0f}</text>'
        )
    return f'<svg viewBox="0 0 1000 225">{"".join(lines)}</svg>'


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
    judged, same, truth = f"judged_{matched.model.party_type}", "null", ""
    if matched.rates is not None:
        same = "(l.entity = r.entity)::int"
        truth = "".join(f" left join numbered_truth as {side} on {side}.record_no = record_no_{side}" for side in "lr")
        matched.con.execute(
            "create or replace table numbered_truth as select record_no, entity from truth"
            f" join (select record_no, record_id from {matched.resolved.scratch('prepared')}) using (record_id)"
        )
    figures = "count(*) {0}, coalesce(fsum(1 - match_probability) {0}, 0), avg({1}) {0}"
    counted = ", ".join(figures.format(f"filter (match_weight >= {cut})", same) for cut in cuts)
    row = matched.con.execute(f"select {counted} from {judged}{truth}").fetchone() or ()
    return list(zip(*(row[place::3] for place in range(3)), strict=True))


def _sizes(matched: Matched) -> str:
    rows = matched.con.execute(
        "select least(records, 20), count(*) from clusters where record_id = cluster_id group by 1 order by 1"
    ).fetchall()
    return _columns([("20+" if size == 20 else str(size), number) for size, number in rows])


def _worst(matched: Matched) -> str:
    scratch = matched.resolved.scratch
    rows = matched.con.execute(
        f"""
        with held as (
            select l.home, min(round(match_weight, 4)) as lightest, count(*) as links
            from {scratch("ruled")}
            join (select record_no, home from {scratch("home")}) as l on l.record_no = record_no_l
            join (select record_no, home from {scratch("home")}) as r on r.record_no = record_no_r
            where final_verdict = 'link' and l.home = r.home group by 1
        ),
        sized as (
            select record_no as home, cluster_id, records from clusters
            join (select record_no, record_id from {scratch("prepared")}) using (record_id)
            where record_id = cluster_id
        )
        select cluster_id, records, links, round(lightest, 1) from held join sized using (home)
        order by row_number() over (order by lightest, home) + row_number() over (order by records desc, home), home
        limit {_WORST}
        """
    ).fetchall()
    return _table(["cluster", "records", "linked pairs", "lightest pair (bits)"], rows, (1, 2, 3))


def _notes(matched: Matched) -> str:
    reasons = _reasons(matched)
    notes = [*matched.notices, f"reviews hold {reasons}"] if reasons else matched.notices
    return "<ul>" + "".join(f"<li>{escape(note)}</li>" for note in notes) + "</ul>"


def _reasons(matched: Matched) -> str:
    rows = matched.con.execute("select rule, count(*) from review group by 1 order by 2 desc, 1").fetchall()
    return ", ".join(f"{number:,} {rule}" for rule, number in rows)
