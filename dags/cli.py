"""The `mdm` command: options in, one call, words out. The work is done in the rooms.

A `UserError` becomes plain lines on standard error and its own exit code; anything else is a defect and keeps its
traceback.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from warehouse.errors import NotFoundError, UserError
from warehouse.settings import load_settings

app = typer.Typer(
    name="mdm",
    help="Customer data integration and master data for banks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


class Format(StrEnum):
    """How a command prints."""

    table = "table"
    json = "json"
    csv = "csv"


Day = Annotated[str | None, typer.Option("--as-of", help="Business day, YYYY-MM-DD.", metavar="DAY")]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print.")]


def _day(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise NotFoundError("option --as-of: not a day; write it as YYYY-MM-DD") from None


def _say(step: str, message: str) -> None:
    stopped = message.startswith("STOPPED")
    typer.secho(f"  {'✗' if stopped else '✓'} {step:<18} {message}", fg="red" if stopped else None, err=stopped)


def _json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


@app.command()
def demo(
    as_of: Day = None,
    people: Annotated[int | None, typer.Option(help="People in the demo bank (first day only).")] = None,
    organizations: Annotated[int | None, typer.Option(help="Organizations (first day only).")] = None,
) -> None:
    """Generate the demo bank's eight source systems for one day."""
    from connectors.demo.generate import generate
    from warehouse.keys import create_key

    settings = load_settings()
    sizes = {key: value for key, value in (("people", people), ("organizations", organizations)) if value}
    settings = settings.model_copy(update={"demo": settings.demo.model_copy(update=sizes)})
    create_key(settings)
    counts = generate(settings, _day(as_of))
    typer.echo(f"demo bank {as_of or settings.demo.first_day}: " + ", ".join(f"{k} {v:,}" for k, v in counts.items()))


@app.command()
def run(
    as_of: Day = None,
    airflow: Annotated[bool, typer.Option("--airflow", help="Through the Airflow DAG, embedded.")] = False,
) -> None:
    """Run the line for one business day (the newest delivered day when none is given)."""
    from dags.summary import delivered_day, print_summary

    settings = load_settings()
    day = _day(as_of) or delivered_day(settings)
    typer.echo(f"customer-mdm: business day {day}")
    if airflow:
        from dags.airflow_day import run_day_in_airflow

        run_id = run_day_in_airflow(settings, day, _say)
    else:
        from dags.runner import run_day

        run_id = run_day(settings, day, _say)
    print_summary(settings, run_id, typer.echo)


@app.command()
def step(
    name: Annotated[str, typer.Argument(help="extract, gate_raw, stage, … (see `mdm status`).")],
    as_of: Day = None,
    source: Annotated[str | None, typer.Option(help="For extract: only this source.")] = None,
) -> None:
    """Run one step alone, for the newest day or the given one."""
    from dags.runner import as_text, extract_all, refuse_past_day, run_extract, run_step
    from dags.summary import delivered_day
    from warehouse.ledger import run_id_of

    settings = load_settings()
    day = _day(as_of) or delivered_day(settings)
    refuse_past_day(settings, day)
    if name == "extract" and source is None:
        extract_all(settings, day, run_id_of(day), _say)
    elif name == "extract" and source is not None:
        _say(f"extract {source}", as_text(run_extract(settings, source, day, run_id_of(day))))
    else:
        _say(name, as_text(run_step(settings, name, day, run_id_of(day))))


@app.command()
def status(output: FormatOption = Format.table) -> None:
    """Show runs, steps, durations, freshness per source, and the published version."""
    from dags.status import print_status, status_of

    report = status_of(load_settings())
    if output is Format.json:
        _json(report)
    else:
        print_status(report, Console())


@app.command()
def explain(golden_id: str, output: FormatOption = Format.table) -> None:
    """Show the records behind a customer, where each value came from and why, and the match evidence."""
    from dags.explain import explain_customer, print_explanation

    explanation = explain_customer(load_settings(), golden_id)
    if output is Format.json:
        _json(explanation)
    else:
        print_explanation(explanation, Console())


@app.command()
def query(sql: str, output: FormatOption = Format.table) -> None:
    """Run SQL on the published version (masked, read-only)."""
    from dags.query import print_rows, run_query

    names, rows = run_query(load_settings(), sql)
    if output is Format.json:
        _json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        print_rows(names, rows, as_csv=output is Format.csv)


@app.command()
def evaluate(output: FormatOption = Format.table) -> None:
    """Measure the newest run against the demo bank's truth: precision and recall, by injector."""
    from dags.summary import print_evaluation
    from matching.evaluate import evaluate as measure

    report = measure(load_settings())
    if output is Format.json:
        _json(report)
    else:
        print_evaluation(report, Console())


@app.command()
def match(
    files: Annotated[list[str], typer.Argument(help="CSV, Parquet, or database URL#table; several are linked.")],
    model: Annotated[Path | None, typer.Option(help="The model file; with --propose: where to write it.")] = None,
    truth: Annotated[str | None, typer.Option(help="Column of the true party, to measure with.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the results.")] = None,
    propose: Annotated[bool, typer.Option("--propose", help="Write a starting model for the table.")] = False,
    output: FormatOption = Format.table,
) -> None:
    """Match the records of any table with a model, or propose a model for it."""
    from dags.match import run_match, run_propose

    if propose:
        run_propose(files, model, truth)
        return
    if model is None:
        raise NotFoundError("option --model: missing; name a model file, or let --propose write one")
    report = run_match(files, model, out or Path("match_results"), truth)
    if output is Format.json:
        _json(report)


@app.command()
def check() -> None:
    """Check settings, key, sources, policy, rules and free disk before a run; all problems at once."""
    from dags.check import check_site

    for line in check_site(load_settings()):
        typer.echo(f"  ✓ {line}")


@app.command()
def docs() -> None:
    """Write dbt's own documentation of every model, with the lineage graph, as one offline page."""
    from dags.summary import delivered_day
    from warehouse.dbt import write_docs

    settings = load_settings()
    typer.echo(f"open {write_docs(settings, delivered_day(settings))}")


@app.command()
def rollback(
    version: Annotated[str | None, typer.Argument(help="A published version; the one before if none.")] = None,
) -> None:
    """Put an earlier published version back (DuckDB file, Parquet and PostgreSQL)."""
    from warehouse.publish import rollback as put_back

    typer.echo(f"published version is now {put_back(load_settings(), version)}")


@app.command()
def serve() -> None:
    """Start the steward page and print its address and, for the demo, its logins."""
    from stewardship.serve import address, logins
    from stewardship.serve import serve as start

    settings = load_settings()
    typer.echo(f"steward page: {address(settings)}")
    for login in logins(settings):
        typer.echo(f"  {login}")
    start(settings)


@app.command()
def airflow() -> None:
    """Start a standing Airflow (scheduler, page) on the embedded metadata database."""
    from dags.airflow_home import serve_airflow

    serve_airflow(load_settings(), typer.echo)


@app.command()
def stop() -> None:
    """Stop the embedded PostgreSQL servers of this installation."""
    from warehouse.embedded_pg import stop_all

    for folder in stop_all(load_settings()):
        typer.echo(f"stopped {folder}")


def main() -> None:
    """Entry point of `mdm`; the only place where errors become exit codes."""
    try:
        app(standalone_mode=True)
    except UserError as error:
        for problem in error.problems:
            typer.echo(f"mdm: {problem}", err=True)
        sys.exit(error.exit_code)
