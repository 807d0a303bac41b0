"""What a run says at its end: records in, customers out, review tasks, gates, accuracy on the demo, where to look."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping

from warehouse import ledger
from warehouse.errors import NotFoundError
from warehouse.settings import Settings

Say = Callable[[str], None]

_EXAMPLES = (
    "select segment_code, count(*) as customers from segment_member group by all order by 2 desc",
    "select tier, count(*) as customers, sum(aum) as aum from customer_360 group by all order by 3 desc nulls last",
    "select source, count(*) as records, count(distinct golden_id) as people from customer_xref group by all",
)


def delivered_day(settings: Settings) -> dt.date:
    """The day to run when none is given: the demo's newest generated day, or yesterday (T+1) at a bank.

    Raises:
        NotFoundError: the demo bank was not generated yet.
    """
    if not settings.is_demo:
        return dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
    names = (path.name for path in settings.demo_dir.glob("*/*") if path.is_file())
    days = [match.group(1) for name in names if (match := re.search(r"_(\d{8})\.", name))]
    if not days:
        raise NotFoundError(f"{settings.demo_dir}: no demo bank yet; type mdm demo first")
    return dt.datetime.strptime(max(days), "%Y%m%d").date()


def print_summary(settings: Settings, run_id: str, say: Say) -> None:
    """Print the summary of a finished run."""
    run = next(run for run in ledger.runs(settings) if run["run_id"] == run_id)
    counts = {step["name"]: step["counts"] for step in run["steps"]}
    seconds = sum(step["seconds"] or 0 for step in run["steps"])
    say("")
    say(f"{settings.bank_name_zh} {settings.bank_name_en}: {run['as_of']} {run['status']}, {seconds:.0f} s in steps")
    for line in _figures(counts):
        say(f"  {line}")
    for step in run["steps"]:
        if step["status"] == "failed":
            say(f"  STOPPED {step['name']}: {step['message']}")
    if settings.is_demo and settings.truth_dir.exists():
        _say_accuracy(settings, say)
    _say_where(settings, say)


def _figures(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Records in, customers out, review tasks, gates: one line each."""
    rows = sum(count.get("rows", 0) for name, count in counts.items() if name.startswith("extract"))
    stage, link, raw, golden = (counts.get(name, {}) for name in ("stage", "link", "gate_raw", "gate_golden"))
    people, organizations = link.get("person_records", 0), link.get("organization_records", 0)
    return [
        f"records in      {people + organizations:,} customer records among {rows:,} delivered rows",
        f"customers out   {link.get('person_customers', 0):,} people, {link.get('organization_customers', 0):,} "
        f"organizations; {link.get('ids_merge', 0)} merged, {link.get('ids_split', 0)} split since the day before",
        f"review tasks    {counts.get('review', {}).get('open', 0):,} open",
        f"gates           raw {raw.get('checks', 0)} checks, {raw.get('failed_sources', 0)} sources refused, "
        f"{stage.get('quarantined', 0)} rows in quarantine, {stage.get('stale_sources', 0)} sources stale; "
        f"golden {golden.get('checks', 0)} checks",
        f"published rows  {counts.get('publish', {}).get('rows', 0):,}",
    ]


def _say_accuracy(settings: Settings, say: Say) -> None:
    from matching.evaluate import evaluate

    report = evaluate(settings)
    for party_type in ("person", "organization"):
        score = report[party_type]
        say(
            f"  accuracy against the demo truth, {party_type}: "
            f"precision {score['precision']:.4f}, recall {score['recall']:.4f}, F1 {score['f1']:.4f}"
        )


def _say_where(settings: Settings, say: Say) -> None:
    say(f"  published: {settings.published_dir / 'current' / 'customer.duckdb'} (and Parquet beside it)")
    say(f"  PostgreSQL roles and passwords: {settings.keys_dir / 'postgres_roles.json'}")
    say("Try:")
    for sql in _EXAMPLES:
        say(f'  mdm query "{sql}"')
    say("Next: make serve (steward page) · mdm status · mdm evaluate · mdm explain GOLDEN_ID")
    if settings.is_demo:
        tomorrow = delivered_day(settings) + dt.timedelta(days=1)
        say(f"The next day: mdm demo --as-of {tomorrow} && mdm run --as-of {tomorrow}")
    say("(mdm lies in .venv/bin; . .venv/bin/activate puts it on your path)")
