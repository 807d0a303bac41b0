"""`mdm model`: the numbers of a trained model, drift, training anew, going back, and lines the decisions support."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from warehouse.settings import load_settings

commands = typer.Typer(help="Trained models: show, watch, train anew, put back.", no_args_is_help=True)


class Form(StrEnum):
    """How a command prints."""

    table = "table"
    json = "json"


Form_ = Annotated[Form, typer.Option("--format", help="How to print.")]
Kind = Annotated[str | None, typer.Option("--party-type", help="person or organization; both if none.")]
OneKind = Annotated[str, typer.Argument(help="person or organization.", metavar="PARTY_TYPE")]


@commands.command()
def show(party_type: Kind = None, output: Form_ = Form.table) -> None:
    """Show every level's numbers, and on what data, when and with which labels they were trained."""
    from matching.lifecycle import in_force, model_of
    from matching.model_numbers import describe

    settings = load_settings()
    models = [model_of(settings, kind) for kind in _kinds(party_type)]
    reports = [describe(model, in_force(settings, model)) for model in models]
    if output is Form.json:
        _json(reports)
        return
    for report in reports:
        _print_model(report)


def _kinds(party_type: str | None) -> tuple[str, ...]:
    from matching.model import PARTY_TYPES

    return (party_type,) if party_type else PARTY_TYPES


def _json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _print_model(report: dict[str, Any]) -> None:
    labels = report["labels"]
    known = f"{labels['matches']:,} labelled matches, {labels['others']:,} non-matches" if labels else "no labels"
    typer.echo(
        f"{report['version']}: trained {report['trained_as_of']} on {report['records']:,} records, {known};"
        f" one pair in {1 / report['prior']:,.0f} is a match;"
        f" link {report['thresholds']['link']:g}, review {report['thresholds']['review']:g} bits"
    )
    _print_table(report["levels"], ("comparison", "level", "m", "u", "bits", "stated_bits", "basis"))


def _print_table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    table = Table(*(name.replace("_", " ") for name in columns))
    for row in rows:
        table.add_row(*(_cell(row[name]) for name in columns))
    Console().print(table)


def _cell(value: object) -> str:
    return "–" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


@commands.command()
def drift(party_type: Kind = None, output: Form_ = Form.table) -> None:
    """Compare today's records with those the model was trained on."""
    from matching.drift import drift as measured
    from matching.lifecycle import in_force, prepared

    settings = load_settings()
    rows: list[dict[str, Any]] = []
    for kind in _kinds(party_type):
        with prepared(settings, kind) as bench:
            parameters = in_force(settings, bench.model)
            if parameters.profile is None:
                typer.echo(f"{kind}: trained before profiles were kept; train anew to watch it", err=True)
            found = measured(bench.prepared, parameters)
        rows += [{"party_type": kind, **vars(item), "is_over": item.is_over} for item in found]
    if output is Form.json:
        _json(rows)
        return
    _print_table(rows, ("party_type", "kind", "name", "index", "limit", "is_over"))
    typer.echo(f"{sum(row['is_over'] for row in rows)} of {len(rows)} measures are over their limit")


@commands.command()
def train(
    party_type: OneKind,
    labels: Annotated[bool, typer.Option("--labels", help="Use the stewards' decisions in the warehouse.")] = False,
    keep_prior: Annotated[bool, typer.Option("--keep-prior", help="Leave the chance of a match as it is.")] = False,
) -> None:
    """Train on the newest records; say what changed. Counts from the next run on, which the release gate judges."""
    from matching.lifecycle import train_anew

    _tell(train_anew(load_settings(), party_type, labels=labels, keep_prior=keep_prior))


@commands.command()
def rollback(party_type: OneKind) -> None:
    """Put the numbers back that those in force replaced. Counts from the next run on."""
    from matching.lifecycle import roll_back

    _tell(roll_back(load_settings(), party_type))


def _tell(trained: Any) -> None:  # noqa: ANN401  # matching.lifecycle.Trained, imported late
    from matching.model_numbers import changes

    if not trained.is_new:
        typer.echo(f"{trained.after.version}: the same records and labels; nothing changes")
        return
    if trained.before is not None:
        rows = changes(trained.model, trained.before, trained.after)
        _print_table(rows, ("comparison", "level", "before", "after", "change"))
        typer.echo(
            f"one pair in {1 / trained.before.prior:,.0f} was a match, now one in {1 / trained.after.prior:,.0f}"
        )
    before = trained.before.version if trained.before else "nothing"
    typer.echo(f"{before} → {trained.after.version}, from the next run on")
    typer.echo(f"to take it back: mdm model rollback {trained.model.party_type}")


@commands.command()
def thresholds(
    party_type: OneKind,
    precision: Annotated[float, typer.Option(help="What links must surely reach.", min=0.5, max=0.99999)] = 0.999,
    recall: Annotated[float, typer.Option(help="Share of matches to keep for review.", min=0.5, max=1)] = 0.999,
    output: Form_ = Form.table,
) -> None:
    """Propose link and review lines from decisions on the drawn sample; a person edits the model file."""
    from dags.proof import decisions_now
    from matching.thresholds import thresholds as supported

    settings = load_settings()
    report = supported(settings, party_type, decisions_now(settings), precision, recall)
    if output is Form.json:
        _json(report)
        return
    rows = [line | {name: _interval(line[name]) for name in ("precision", "recall")} for line in report["lines"]]
    _print_table(rows, ("line", "pairs", "judged", "precision", "recall"))
    typer.echo(
        f"{report['judged']:,} of {report['pairs']:,} pairs that the line decides are judged ({report['level']:.0%}"
        " intervals; only decisions on the drawn sample, others would bias them; recall among pairs the run kept)"
    )
    typer.echo(_proposal(report, precision))


def _interval(rate: dict[str, float | None]) -> str:
    return f"{_cell(rate['point'])} [{rate['low']:.4f}, {rate['high']:.4f}]"


def _proposal(report: dict[str, Any], precision: float) -> str:
    now, new = report["now"], report["proposed"]
    if new["link"] is None:
        return (
            f"no line surely reaches {precision:g}: it takes about {report['needed']:,} decisions, all of them right,"
            f" or all pairs judged (mdm evaluate --sample N); keep link {now['link']:g}"
        )
    review = now["review"] if new["review"] is None else new["review"]
    return (
        f"proposed: thresholds: {{link: {new['link']:g}, review: {review:g}}}, now {{link: {now['link']:g},"
        f" review: {now['review']:g}}}; edit config/models/{report['party_type']}.yml"
    )
