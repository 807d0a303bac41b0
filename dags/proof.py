"""What `mdm evaluate`, `mdm diff` and `mdm release` do and print."""

from __future__ import annotations

import csv
import datetime as dt
import getpass
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from dags.explain import RECORD_COLUMNS, explain_records
from dags.pages import money, total_lines
from matching.decisions import PairDecision
from matching.release import Verdict, find_verdict
from warehouse.errors import DecisionError
from warehouse.ledger import run_id_of
from warehouse.settings import Settings

Say = Callable[[str], None]
_PRINTED = 50  # changes in the table; --format json and --html show more


def evaluate_all(settings: Settings) -> dict[str, Any]:
    """The truth's figures, where the demo has one, and estimates from decisions on the sample under `estimates`.

    Raises:
        NotFoundError: nothing was linked yet.
    """
    from matching.evaluate import evaluate
    from matching.explain import newest_day
    from matching.release_rules import load_release_rules
    from matching.sample import estimate
    from warehouse.store import connect

    decisions = decisions_now(settings)
    rules = load_release_rules(settings)
    with connect(settings, read_only=True) as con:
        report = {"estimates": estimate(con, settings, decisions, rules.slices, newest_day(con))}
    return evaluate(settings) | report if (settings.truth_dir / "truth.parquet").exists() else report


def decisions_now(settings: Settings) -> list[PairDecision]:
    """Every decision in force at the desk, those of today among them."""
    from stewardship.decisions import effective
    from stewardship.store import Decision, open_store, reading

    with reading(open_store(settings)) as session:
        rows = effective(session.scalars(select(Decision)), dt.date.max)
        return [PairDecision(d.decision_id, d.record_id_l, d.record_id_r, d.verdict) for d in rows]


def draw_sample(settings: Settings, size: int, seed: int) -> dict[str, Any]:
    """Draw a sample, hand its pairs to the stewards' queue, and write the list as a CSV file with masked values."""
    from matching.sample import draw
    from stewardship.tasks import refresh_tasks

    drawn = draw(settings, size, seed)
    counts = refresh_tasks(settings, drawn["as_of"], run_id_of(drawn["as_of"]))
    path = settings.home / "evaluation" / f"sample-{drawn['as_of']}.csv"
    _write_list(settings, drawn["pairs"], path)
    return drawn | {"file": str(path), "open_tasks": counts.get("open", 0)}


def _write_list(settings: Settings, pairs: list[dict[str, Any]], path: Path) -> None:
    """One row per pair: what a steward needs to judge it, and where it waits at the desk."""
    shown = explain_records(settings, [pair[side] for pair in pairs for side in ("record_id_l", "record_id_r")])
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = ("record_id", *RECORD_COLUMNS)
    with path.open("w", encoding="utf-8-sig", newline="") as file:  # Excel reads UTF-8 only with the mark
        writer = csv.writer(file)
        sides = [f"{name}_{side}" for side in ("l", "r") for name in columns]
        writer.writerow(["task", "stratum", "match_weight", *sides])
        for pair in pairs:
            values = [shown[pair[key]].get(name) for key in ("record_id_l", "record_id_r") for name in columns]
            writer.writerow([f"/tasks/{pair['pair_id']}", pair["stratum"], pair["match_weight"], *values])


def print_sample(drawn: Mapping[str, Any], say: Say) -> None:
    """Where the drawn pairs are."""
    for name, counts in drawn["strata"].items():
        say(f"  {name:<28} {counts['drawn']:>6,} of {counts['size']:,}")
    say(f"{len(drawn['pairs']):,} pairs drawn, list: {drawn['file']}")
    say("stewards find them in their queue (mdm serve); mdm evaluate estimates from what they decide")


def print_evaluation(report: Mapping[str, Any], console: Console) -> None:
    """Accuracy per party type, then per injector, slice and trap; then what the sample proves."""
    for party_type in ("person", "organization"):
        if party_type in report:
            _print_truth(party_type, report[party_type], console)
    for trap, row in sorted(report.get("traps", {}).items()):
        console.print(f"trap {trap}: " + ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in row.items()))
    _print_estimates(report["estimates"], console)


def _print_truth(party_type: str, score: Mapping[str, Any], console: Console) -> None:
    console.print(f"{party_type}, with the stewards: {_numbers(score)}")
    console.print(f"{party_type}, the linker by itself: {_numbers(score['before_decisions'])}")
    for kind in ("injectors", "slices"):
        table = Table(title=f"{party_type}: {kind} (the linker by itself)", title_justify="left")
        for heading in ("name", "pairs", "precision", "recall", "f1", "b3 f1", "f1 with stewards"):
            table.add_column(heading)
        for name, row in sorted(score[kind].items()):
            figures = [row[key] for key in ("pairs", "precision", "recall", "f1", "b3_f1")]
            table.add_row(name, *map(_number, [*figures, row["after_decisions"]["f1"]]))
        console.print(table)


def _print_estimates(found: Mapping[str, Any], console: Console) -> None:
    judged = found["overall"]["recall"]["judged"]
    console.print(
        f"from decisions on {judged:,} of {found['sampled']:,} sampled pairs, {found['level']:.0%} intervals"
        " (recall among pairs that were weighed and kept)"
    )
    if not found["sampled"]:
        console.print("no sample drawn yet: mdm evaluate --sample N")
        return
    table = Table("", "judged", "precision", "recall")
    named = {"overall": found["overall"], **found["party_types"], **found["slices"]}
    for name, rates in named.items():
        table.add_row(name, f"{rates['recall']['judged']:,}", _interval(rates["precision"]), _interval(rates["recall"]))
    console.print(table)


def _interval(rate: Mapping[str, Any]) -> str:
    return f"{_number(rate['point'])} [{rate['low']:.4f}, {rate['high']:.4f}]"


def _numbers(score: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {_number(value)}" for key, value in score.items() if isinstance(value, int | float))


def _number(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.4f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def print_difference(report: Mapping[str, Any], console: Console) -> None:
    """Counts first, then the changes, the richest first."""
    for note in report["notes"]:
        console.print(note)
    totals = Table("", "customers", "records", "AUM (CNY)")
    for line in total_lines(report):
        totals.add_row(*line)
    console.print(totals)
    changes = report["changes"]
    table = Table("change", "customer", "other", "records", "AUM (CNY)", "day", "cause")
    for change in changes[:_PRINTED]:
        told = (change["kind"], change["golden_id"], change["other_golden_id"], change["records"], money(change["aum"]))
        table.add_row(*("" if cell is None else str(cell) for cell in (*told, change["as_of"], change["cause"])))
    if changes:
        console.print(table)
    if len(changes) > _PRINTED:
        console.print(f"{len(changes) - _PRINTED:,} more: --format json or --html FILE")


def print_verdict(verdict: Verdict, say: Say) -> None:
    """The gate's verdict, one line each."""
    against = f"against {verdict.baseline}" if verdict.baseline else "first publication"
    say(f"{verdict.run_id} ({against}): {'may be published' if not verdict.broken else 'breaks limits'}")
    for line in verdict.broken:
        say(f"  ✗ {line}")
    for line in verdict.notes:
        say(f"  · {line}")


def approve_release(settings: Settings, run_id: str, reason: str, login: str) -> list[str]:
    """Record that a person lets the run be published; what to type next.

    Raises:
        NotFoundError: the run never came to the gate.
        DecisionError: the run needs no approval, the person may not approve, or the reason will not do.
    """
    from stewardship.release import approve

    verdict = find_verdict(settings, run_id)
    if not verdict.broken:
        raise DecisionError(f"run {run_id}: breaks no limit; it needs no approval")
    approve(settings, run_id, verdict.fingerprint, login, reason, getpass.getuser())
    return [
        f"{run_id}: approved by {login} although {len(verdict.broken)} limits are broken; it is in the audit trail",
        f"publish it: mdm step release_gate --as-of {verdict.as_of} && mdm step publish --as-of {verdict.as_of}",
    ]
