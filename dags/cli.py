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
from typing import Annotated, Literal

import typer
from rich.console import Console

from dags import lookup as lookups
from dags import model as model_commands
from dags import source_commands
from dags.days import day_of
from warehouse.errors import NotFoundError, UserError
from warehouse.settings import Settings, load_settings

app = typer.Typer(
    name="mdm",
    help="Customer data integration and master data for banks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
release_app = typer.Typer(help="The release gate: check what would be published, approve an exception.")
app.add_typer(release_app, name="release")


class Format(StrEnum):
    """How a command prints."""

    table = "table"
    json = "json"
    csv = "csv"


app.add_typer(model_commands.commands, name="model")
app.add_typer(source_commands.site, name="site")
app.add_typer(source_commands.source, name="source")
app.command()(lookups.lookup)

Day = Annotated[str | None, typer.Option("--as-of", help="Business day, YYYY-MM-DD.", metavar="DAY")]
Html = Annotated[Path | None, typer.Option("--html", help="Write an offline page.", metavar="FILE")]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print.")]


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
    poison: Annotated[bool, typer.Option("--poison", help="Instead: a site of fifty broken deliveries.")] = False,
) -> None:
    """Generate the demo bank's eight source systems for one day."""
    from connectors.demo.generate import generate
    from warehouse.keys import create_key

    settings = load_settings()
    if poison:
        _poison(settings, day_of(as_of) or settings.demo.first_day)
        return
    sizes = {key: value for key, value in (("people", people), ("organizations", organizations)) if value}
    settings = settings.model_copy(update={"demo": settings.demo.model_copy(update=sizes)})
    create_key(settings)
    counts = generate(settings, day_of(as_of))
    typer.echo(f"demo bank {as_of or settings.demo.first_day}: " + ", ".join(f"{k} {v:,}" for k, v in counts.items()))


def _poison(settings: Settings, day: dt.date) -> None:
    from connectors.demo.poison import make_poisoned_set

    folder = settings.home / "poison"
    made = make_poisoned_set(folder / "config", folder / "var", day)
    for name, poison in made.items():
        typer.echo(f"  {name:<12} {poison.what}")
    typer.echo(f"{len(made)} broken sources, and a healthy one of each kind. Try:")
    typer.echo(f"  MDM_CONFIG={folder / 'config'} MDM_HOME={folder / 'var'} mdm step extract --as-of {day}")


@app.command()
def run(
    as_of: Day = None,
    airflow: Annotated[bool, typer.Option("--airflow", help="Through the Airflow DAG, embedded.")] = False,
    replay: Annotated[bool, typer.Option("--replay", help="Only build a past day aside, from the landing.")] = False,
) -> None:
    """Run the line for one business day (the newest delivered day when none is given)."""
    from dags.summary import delivered_day, print_summary

    settings = load_settings()
    day = day_of(as_of) or delivered_day(settings)
    typer.echo(f"customer-mdm: business day {day}")
    if replay:
        _replay(settings, day)
        return
    if airflow:
        from dags.airflow_day import run_day_in_airflow

        run_id = run_day_in_airflow(settings, day, _say)
    else:
        from dags.runner import run_day

        run_id = run_day(settings, day, _say)
    print_summary(settings, run_id, typer.echo)


def _replay(settings: Settings, day: dt.date) -> None:
    from dags.replay import replay_day
    from dags.runner import as_text

    site, counts = replay_day(settings, day)
    _say("replay", as_text(counts))
    typer.echo(f"the day as the landing has it: {site.warehouse_path} (encrypted with the installation's key)")


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
    day = day_of(as_of) or delivered_day(settings)
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
def explain(
    what: Annotated[str, typer.Argument(help="A golden id, old or new, or a record (SOURCE:KEY).", metavar="ID")],
    other: Annotated[
        str | None, typer.Argument(help="A second record: why the two are one customer or two.", metavar="RECORD")
    ] = None,
    as_of: Day = None,
    html: Html = None,
    output: FormatOption = Format.table,
) -> None:
    """Show why records are one customer, how it grew and where each value came from; or why two records are two."""
    from dags import explain as explaining
    from dags import pages

    settings = load_settings()
    pair = explaining.explain_pair(settings, what, other) if other else None
    customer = explaining.explain_customer(settings, what, day_of(as_of)) if pair is None else None
    if html is not None:
        content = pages.pair_page(pair) if pair else pages.customer_page(customer or {}, explaining.RECORD_COLUMNS)
        pages.write_page(html, "pair" if pair else "customer", content)
        typer.echo(f"open {html}")
    elif output is Format.json:
        _json(pair or customer)
    elif pair:
        explaining.print_pair(pair, Console())
    else:
        explaining.print_explanation(customer or {}, Console())


@app.command()
def diff(
    before: Annotated[str, typer.Argument(help="The earlier run, run-YYYY-MM-DD, or its day.", metavar="RUN")],
    after: Annotated[str, typer.Argument(help="The later run.", metavar="RUN")],
    html: Html = None,
    output: FormatOption = Format.table,
) -> None:
    """Show what changed between two runs, customer by customer: merged, split, vanished, new, moved records."""
    from dags import pages
    from dags.proof import print_difference
    from matching.difference import difference

    report = difference(load_settings(), before, after)
    if html is not None:
        pages.write_page(html, "difference", pages.difference_page(report))
        typer.echo(f"open {html}")
    elif output is Format.json:
        _json(report)
    else:
        print_difference(report, Console())


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
def evaluate(
    sample: Annotated[int | None, typer.Option(help="Draw N pairs for stewards to judge.", metavar="N")] = None,
    seed: Annotated[int, typer.Option(help="Another seed draws other pairs.")] = 1,
    output: FormatOption = Format.table,
) -> None:
    """Measure the newest run: against the demo's truth, and from stewards' decisions on a drawn sample."""
    from dags import proof

    settings = load_settings()
    if sample is not None:
        drawn = proof.draw_sample(settings, sample, seed)
        _json(drawn) if output is Format.json else proof.print_sample(drawn, typer.echo)
        return
    report = proof.evaluate_all(settings)
    if output is Format.json:
        _json(report)
    else:
        proof.print_evaluation(report, Console())


@release_app.command("check")
def release_check(output: FormatOption = Format.table) -> None:
    """Judge what the newest run would publish, changing nothing."""
    from dags.proof import print_verdict
    from matching.release import check_release

    verdict = check_release(load_settings())
    if output is Format.json:
        _json(vars(verdict) | {"is_released": verdict.is_released})
    else:
        print_verdict(verdict, typer.echo)


@release_app.command("approve")
def release_approve(
    run_id: Annotated[str, typer.Argument(help="The run the release gate stopped.", metavar="RUN")],
    reason: Annotated[str, typer.Option(help="Why readers may see it; no customer values.")],
    by: Annotated[str, typer.Option(help="Login of the person who approves (a supervisor).", metavar="LOGIN")],
) -> None:
    """Let a run be published although it breaks limits; kept in the audit trail."""
    from dags.proof import approve_release

    for line in approve_release(load_settings(), run_id, reason, by):
        typer.echo(line)


@app.command()
def match(
    files: Annotated[
        list[str], typer.Argument(help="CSV, Excel (FILE#SHEET), Parquet, or database URL#table; several are linked.")
    ],
    model: Annotated[Path | None, typer.Option(help="The model file; with --propose: where to write it.")] = None,
    truth: Annotated[str | None, typer.Option(help="Column of the true party, to measure with.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the results.")] = None,
    propose: Annotated[bool, typer.Option("--propose", help="Write a starting model for the table.")] = False,
    labels: Annotated[Path | None, typer.Option(help="CSV of pairs whose truth is known, to train with.")] = None,
    parameters: Annotated[Path | None, typer.Option(help="Numbers of an earlier run, instead of training.")] = None,
    memory: Annotated[str | None, typer.Option(help="What the tables may take, like 1GB; the rest spills.")] = None,
    output: FormatOption = Format.table,
) -> None:
    """Match the records of any table with a model, or propose a model for it."""
    from dags.match import run_match, run_propose

    if propose:
        run_propose(files, model, truth)
        return
    if model is None:
        raise NotFoundError("option --model: missing; name a model file, or let --propose write one")
    report = run_match(files, model, out or Path("match_results"), truth, labels, parameters, memory)
    if output is Format.json:
        _json(report)


@app.command()
def check() -> None:
    """Check settings, key, sources, policy, rules and free disk before a run; all problems at once."""
    from dags.check import check_site

    for line in check_site(load_settings()):
        typer.echo(f"  ✓ {line}")


quality_app = typer.Typer(help="Scorecards, quarantine, and answers to rows in quarantine.")
app.add_typer(quality_app, name="quality")
Login = Annotated[str, typer.Option("--login", help="Whose answer it is: a login of the steward page.")]
Why = Annotated[str, typer.Option("--reason", help="Why; goes on record. No customer value.")]


@quality_app.callback(invoke_without_command=True)
def quality(
    context: typer.Context,
    as_of: Day = None,
    source: Annotated[str | None, typer.Option(help="Only this source, element by element.")] = None,
    branch: Annotated[str | None, typer.Option(help="Only this branch and those below it.")] = None,
    dimension: Annotated[str | None, typer.Option(help="Only this dimension, element by element.")] = None,
    html: Annotated[bool, typer.Option("--html", help="Write the offline page of the day instead.")] = False,
    output: FormatOption = Format.table,
) -> None:
    """Show how complete, valid, unique, timely, consistent and accurate each source's records are."""
    from dags.quality_report import print_scores, score_document
    from quality.page import write_page
    from quality.scorecard import newest_day, read_scores

    if context.invoked_subcommand is not None:
        return
    settings = load_settings()
    day = day_of(as_of) or newest_day(settings)
    if html:
        typer.echo(f"open {write_page(settings, day)}")
        return
    is_detailed = bool(source or dimension)
    scores = read_scores(settings, day, source=source, dimension=dimension, branch=branch, by_element=is_detailed)
    if output is Format.json:
        _json(score_document(scores))
    else:
        print_scores(scores, f"data quality, {day}", Console())


@quality_app.command()
def quarantine(
    state: Annotated[str, typer.Option(help="open, fixed, released, expired, or all.")] = "open",
    output: FormatOption = Format.table,
) -> None:
    """List the rows in quarantine, masked."""
    from dags.quality_report import print_items
    from quality.show import as_document, quarantine_items

    settings = load_settings()
    items = as_document(settings, [one for one in quarantine_items(settings) if state in ("all", one.state)])
    if output is Format.json:
        _json(items)
    else:
        print_items(items, Console(width=200))


@quality_app.command()
def fix(
    item: str,
    changes: Annotated[list[str], typer.Option("--set", help="column=value, or a column whose value is asked for.")],
    login: Login,
    reason: Why,
) -> None:
    """Correct a row in quarantine; it passes the gate again with the next business day."""
    from dags.quality_report import parse_settings

    values, asked = parse_settings(changes)
    values |= {name: typer.prompt(name, hide_input=True) for name in asked}
    _answer(item, "fix", login, reason, values)


@quality_app.command()
def release(item: str, login: Login, reason: Why) -> None:
    """Let a row in quarantine through as it is, from the next business day on."""
    _answer(item, "release", login, reason, {})


@quality_app.command()
def withdraw(item: str, login: Login, reason: Why) -> None:
    """Take the answer to a row in quarantine back, from the next business day on."""
    _answer(item, "withdraw", login, reason, {})


def _answer(
    item: str, kind: Literal["fix", "release", "withdraw"], login: str, reason: str, values: dict[str, str | None]
) -> None:
    from stewardship.corrections import Wish, keep_correction
    from stewardship.users import sign_in

    settings = load_settings()
    actor = sign_in(settings, login, typer.prompt(f"password of {login}", hide_input=True))
    kept = keep_correction(settings, actor, Wish(item, kind, reason, values))
    typer.echo(f"{kept.source}.{kept.table} {kept.item[:12]}: {kind} kept; it counts from the next business day on")


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
