"""`mdm site` and `mdm source`: a bank's own site and its sources, by looking and proposing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from warehouse.errors import SourceError
from warehouse.settings import load_settings

site = typer.Typer(help="The site folder of a bank.", no_args_is_help=True)
source = typer.Typer(help="Bring a source in, and check it.", no_args_is_help=True)


@site.command("new")
def site_new(
    folder: Annotated[Path, typer.Argument(help="A new folder, outside of the repository.")],
    name: Annotated[str, typer.Option(help="Name of the bank.")] = "Bank",
) -> None:
    """Make a site folder without sources, and the key of its warehouse."""
    from dags.site import new_site

    for line in new_site(folder, name):
        typer.echo(f"  ✓ {line}")
    typer.echo(f"next: export MDM_CONFIG={folder.resolve()}; mdm source add NAME --path … or --url …")


@source.command("add")
def source_add(
    name: Annotated[str, typer.Argument(help="Short name, small letters and digits.")],
    path: Annotated[Path | None, typer.Option(help="A folder of files, or one file.")] = None,
    kind: Annotated[str | None, typer.Option(help="csv, jsonl, excel or parquet, where the names do not tell.")] = None,
    url: Annotated[str | None, typer.Option(help="A database, SQLAlchemy URL without password.")] = None,
    password_file: Annotated[Path | None, typer.Option(help="File with the password, below home or absolute.")] = None,
    schema: Annotated[str | None, typer.Option(help="Schema of the database.")] = None,
    currency: Annotated[str, typer.Option(help="Currency of accounts that do not say it.")] = "CNY",
) -> None:
    """Look at a source; write its file, suite, models, code map and policy, ready to edit. Never overwrites."""
    from connectors.onboarding.add import Place, add_source

    settings = load_settings()
    report = add_source(settings, name, Place(path, kind, url, password_file, schema), currency)
    for table in report.tables.values():
        named = [column for column in table.columns if column.reason]
        typer.echo(
            f"{table.name}: {table.profile.rows:,} rows, taken for {table.role}, {table.mode}, keys {list(table.keys)}"
        )
        for column in named:
            typer.echo(f"    {column.raw.name} → {column.name} ({column.reason}: {column.raw.evidence})")
    typer.echo("contracts:")
    for model in report.models:
        typer.echo(f"    {model.contract}: {model.name}")
    for title, lines in (("left out or doubtful", report.notes), ("written", report.written), ("kept", report.kept)):
        if lines:
            typer.echo(f"{title}:")
            for line in lines:
                typer.echo(f"    {line}")
    typer.echo(f"next: fill in the codes (UNMAPPED), read the models, then: mdm source check {name}")


@source.command("check")
def source_check(
    name: str,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Business day, YYYY-MM-DD.", metavar="DAY")] = None,
) -> None:
    """Try connection, permission, sample, freshness, gate and policy for one day; nothing lands."""
    from dags.days import day_of
    from dags.source_check import check_source
    from dags.summary import delivered_day

    settings = load_settings()
    findings = check_source(settings, name, day_of(as_of) or delivered_day(settings))
    for finding in findings:
        typer.echo(f"  {'✓' if finding.is_good else '✗'} {finding.subject:<14} {finding.text}")
    bad = sum(not finding.is_good for finding in findings)
    if bad:
        raise SourceError(f"source {name}: {bad} of {len(findings)} findings are bad; correct them, then check again")
