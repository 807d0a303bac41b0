"""`mdm lookup`: is the person or organization typed here already a customer? Values of others are shown masked."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from warehouse.errors import SettingsError
from warehouse.settings import Settings, load_settings

_DOCUMENT_TYPES = {"person": "resident_id", "organization": "uscc"}  # where the form does not say


def lookup_party(settings: Settings, party_type: str, typed: dict[str, Any]) -> dict[str, Any]:
    """The answer for one typed record, with the found records' values masked.

    Args:
        settings: the site.
        party_type: person or organization.
        typed: columns of the contract `party`; without a document type, a number is a resident id or a USCC.

    Raises:
        NotFoundError: the line was not run yet.
        SettingsError: an unknown field, or a date that is none.
    """
    from dags.explain import explain_records
    from matching.lookup import open_lookup_of
    from matching.typed_form import open_form

    if typed.get("document_number"):
        typed = {"document_type": _DOCUMENT_TYPES[party_type]} | typed
    standardised = open_form(settings).standardise(party_type, typed)
    answer = open_lookup_of(settings, party_type).ask(standardised).as_json()
    shown = explain_records(settings, [record for found in answer["candidates"] for record in found["records"]])
    for found in answer["candidates"]:
        found["values"] = shown[found["record_id"]]
        found["record_id"] = found["values"]["record_id"]
        found["records"] = [shown[record]["record_id"] for record in found["records"]]
    return answer


def lookup(
    name: Annotated[str | None, typer.Option(help="Name.")] = None,
    document_number: Annotated[str | None, typer.Option(help="Number of the document.")] = None,
    document_type: Annotated[str | None, typer.Option(help="resident_id (or uscc), passport, …")] = None,
    birth_date: Annotated[str | None, typer.Option(help="YYYY-MM-DD.")] = None,
    sex: Annotated[str | None, typer.Option(help="M or F.")] = None,
    mobile: Annotated[str | None, typer.Option(help="Mobile.")] = None,
    address: Annotated[str | None, typer.Option(help="Address, as written.")] = None,
    form: Annotated[Path | None, typer.Option("--json", help="A JSON object of such fields; - reads it.")] = None,
    party_type: Annotated[Literal["person", "organization"], typer.Option(help="Whom the form is about.")] = "person",
    output: Annotated[Literal["table", "json"], typer.Option("--format", help="How to print.")] = "table",
) -> None:
    """Search before create: is this person or organization a customer already, and why."""
    given = {
        "name": name, "document_number": document_number, "document_type": document_type, "birth_date": birth_date,
        "sex": sex, "mobile": mobile, "address": address,
    }  # fmt: skip
    typed = (_form(form) if form else {}) | {key: value for key, value in given.items() if value is not None}
    if not typed:
        raise SettingsError("lookup: no field given; give --name, --document-number, … or --json FILE")
    answer = lookup_party(load_settings(), party_type, typed)
    if output == "json":
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        print_answer(answer, Console())


def _form(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise SettingsError(f"{path}: cannot be read as JSON; give one object of fields") from None
    if not isinstance(content, dict):
        raise SettingsError(f"{path}: not an object; give one object of fields")
    return content


def print_answer(answer: dict[str, Any], console: Console) -> None:
    """The answer for people."""
    known = {"link": "a customer already", "review": "look before you create", "new": "nobody like this"}
    who = f" {answer['golden_id']}" if answer["golden_id"] else ""
    console.print(f"{answer['decision']}: {known[answer['decision']]}{who} ({answer['compared']} records compared)")
    for found in answer["candidates"]:
        values = ", ".join(f"{key} {value}" for key, value in found["values"].items() if value is not None)
        console.print(f"\n{found['golden_id']} {found['verdict']} ({found['rule']}): {values}")
        console.print(f"{found['words_zh']}\n{found['words_en']}")
        for change in found["changes"]:
            console.print(f"  {change['text_zh']}\n  {change['text_en']}")
    for rule in answer["left_out"]:
        console.print(f"rule {rule}: too many records share the key; they were not compared")
