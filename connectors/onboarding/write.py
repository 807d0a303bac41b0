"""The files of a proposal: source, suite, models, code map, policy. Existing files are never touched."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.onboarding.canonical import CanonicalModel
from connectors.onboarding.propose import Staged, TableProposal
from connectors.onboarding.spellings import CODE_MEANINGS
from warehouse.dbt_contract import model_descriptions

_LINEAGE = ("_source_file", "_row_number", "_as_of", "_delivery")
_DOCS = {"_source_file": "source_file", "_row_number": "row_number", "_as_of": "as_of", "_delivery": "delivery"}


@dataclass(frozen=True)
class Onboarding:
    """A whole proposal."""

    source: str
    draft: Mapping[str, Any]  # the source's file, tables aside
    tables: Mapping[str, TableProposal]
    mappings: tuple[CanonicalModel, ...]
    is_classified: Callable[[str], bool]  # whether the registry has an attribute of this name


def files_of(proposal: Onboarding) -> dict[str, str]:
    """Path within the site folder → content."""
    name = proposal.source
    files = {f"sources/{name}.yml": source_yaml(proposal), f"quality/{name}.yml": quality_yaml(proposal)}
    staging = f"dbt/models/staging/{name}"
    files[f"{staging}/_src_{name}.yml"] = _sources_yaml(proposal)
    files[f"{staging}/_stg_{name}.yml"] = _staging_yaml(proposal)
    for table in proposal.tables.values():
        files[f"{staging}/stg_{name}__{table.name}.sql"] = staging_sql(name, table)
    for mapping in proposal.mappings:
        files[f"dbt/models/canonical/{mapping.name}.sql"] = mapping.sql
    files[f"dbt/models/canonical/_canonical_{name}.yml"] = _canonical_yaml(proposal)
    if code_map := _code_map(proposal):
        files[f"dbt/seeds/code_map__{name}.csv"] = code_map
    if policy := _policy_yaml(proposal):
        files[f"policy/{name}.yml"] = policy
    return files


def write_files(site: Path, files: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Write what is not there yet; the paths written and those kept as they are."""
    written, kept = [], []
    for name, content in files.items():
        path = site / name
        if path.exists():
            kept.append(name)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        written.append(name)
    return written, kept


def _quoted(value: object) -> str:
    """A value as YAML reads it back; JSON is YAML."""
    return json.dumps(value, ensure_ascii=False)


def _flow(entry: Mapping[str, object]) -> str:
    return "{" + ", ".join(f"{key}: {_quoted(value)}" for key, value in entry.items()) + "}"


def source_yaml(proposal: Onboarding) -> str:
    """The source's file, its tables with what was proposed for them."""
    lines = [f"# Proposed by `mdm source add {proposal.source}` from what it holds; correct it. Keys: docs/sources.md"]
    lines += [f"{key}: {_quoted(value)}" for key, value in proposal.draft.items()]
    lines.append("tables:")
    for table in proposal.tables.values():
        draft = table.profile
        lines += [f"  {table.name}:  # {draft.rows} rows, taken for: {table.role}", f"    mode: {table.mode}"]
        lines.append(f"    keys: [{', '.join(table.keys)}]")
        if table.watermark:
            lines.append(f"    watermark: {table.watermark}")
        if draft.origin:
            lines.append(f"    from: {_quoted(draft.origin)}")
        lines.append("    columns:")
        for column in draft.columns:
            entry: dict[str, object] = {"name": column.name}
            if column.column.origin:
                entry["from"] = column.column.origin
            if column.column.type != "text":
                entry["type"] = column.column.type
            lines.append(f"      - {_flow(entry)}")
    return "\n".join(lines) + "\n"


def quality_yaml(proposal: Onboarding) -> str:
    """A first suite: the key, the codes known today, amounts. What else must hold, the bank knows."""
    lines = [f"# Proposed by `mdm source add {proposal.source}`: a beginning. Checks: docs/quality.md"]
    for table in proposal.tables.values():
        checks: list[dict[str, object]] = [{"check": "row_count_between", "min": 1}]
        checks += [{"check": "not_null", "column": key, "level": "row"} for key in table.profile.key]
        if len(table.profile.key) == 1:
            checks.append({"check": "unique", "column": table.profile.key[0]})
        elif table.profile.key:
            checks.append({"check": "unique_together", "columns": list(table.profile.key)})
        for column in table.columns:
            checks += _column_checks(column)
        lines += [f"{table.name}:", "  checks:", *(f"    - {_flow(check)}" for check in checks)]
    return "\n".join(lines) + "\n"


def _column_checks(column: Staged) -> list[dict[str, object]]:
    if column.code_set:
        return [{"check": "in_set", "column": column.raw.name, "values": list(column.raw.codes), "severity": "warn"}]
    if column.name == "amount":
        return [{"check": "value_between", "column": column.raw.name, "min": 0, "severity": "warn"}]
    return []


def staging_sql(source: str, table: TableProposal) -> str:
    """The staging model of a table; above each column stands what it was guessed from."""
    raw, model = f"raw_{table.name}", f"stg_{source}__{table.name}"
    parts = [
        f"{raw} as (\n    select *\n    from {{{{ source('{source}', '{table.name}') }}}}\n"
        "    where _deleted_as_of is null\n)"
    ]
    coded = [column for column in table.columns if column.code_set]
    if coded:
        parts.append(
            f"code_map as (\n    select *\n    from {{{{ ref('ref_code_map') }}}}\n    where source = '{source}'\n)"
        )
    fields = [_staged_field(raw, column) for column in table.columns] + [f"        {raw}.{name}" for name in _LINEAGE]
    joins = "".join(_code_join(raw, column) for column in coded)
    parts.append(f"{model} as (\n    select\n" + ",\n".join(fields) + f"\n    from {raw}{joins}\n)")
    return "with " + ",\n\n".join(parts) + f"\n\nselect * from {model}\n"


def _staged_field(raw: str, column: Staged) -> str:
    reason = f"; {column.reason}" if column.reason else ""
    value = f"'{raw}.{column.raw.name}'"
    call = f"mapped_code({value}, '{column.name}_map.code')" if column.code_set else f"{column.macro}({value})"
    text = column.template.format(f"{{{{ {call} }}}}")
    return f"        -- {column.raw.name}: {column.raw.evidence}{reason}"[:118] + f"\n        {text} as {column.name}"


def _code_join(raw: str, column: Staged) -> str:
    alias = f"{column.name}_map"
    return (
        f"\n    left join code_map as {alias}\n        on\n            {alias}.code_set = '{column.code_set}'"
        f"\n            and {{{{ clean_code('{raw}.{column.raw.name}') }}}} = {alias}.source_code"
    )


def _sources_yaml(proposal: Onboarding) -> str:
    name = proposal.source
    lines = ["sources:", f"  - name: {name}"]
    lines += [f'    description: "Source {name}: relations over the accepted deliveries up to the business day."']
    lines += ["    schema: main", "    tables:"]
    for table in proposal.tables.values():
        about = table.profile.comment or f"Table {table.profile.origin or table.name}"
        lines += [f"      - name: {table.name}", f"        identifier: raw_{name}__{table.name}"]
        lines += [f"        description: {_quoted(about)}", "        columns:"]
        for column in table.profile.columns:
            lines += [
                f"          - name: {column.name}",
                f"            description: {_quoted(_about(column.name, column.comment))}",
            ]
        for lineage in _LINEAGE:
            lines += [f"          - name: {lineage}", f"            description: '{{{{ doc(\"{_DOCS[lineage]}\") }}}}'"]
    return "\n".join(lines) + "\n"


def _about(name: str, comment: str) -> str:
    return comment or f"Column {name} as delivered"


def _staging_yaml(proposal: Onboarding) -> str:
    lines = ["models:"]
    for table in proposal.tables.values():
        grain = f"One row per {', '.join(table.keys)}"
        lines += [f"  - name: stg_{proposal.source}__{table.name}"]
        lines += [f'    description: "Table {table.name} of {proposal.source}, renamed and typed. {grain}."']
        if len(table.profile.key) > 1:
            lines += ["    data_tests:", "      - unique_combination:", "          arguments:"]
            lines += [f"            columns: [{', '.join(table.profile.key)}]"]
        lines.append("    columns:")
        for column in table.columns:
            lines += [
                f"      - name: {column.name}",
                f"        description: {_quoted(_about(column.raw.name, column.raw.comment))}",
            ]
            if table.profile.key == (column.name,):
                lines.append("        data_tests: [unique, not_null]")
        for lineage in _LINEAGE:
            lines += [f"      - name: {lineage}", f"        description: '{{{{ doc(\"{_DOCS[lineage]}\") }}}}'"]
    return "\n".join(lines) + "\n"


def _canonical_yaml(proposal: Onboarding) -> str:
    lines = ["models:"]
    for mapping in proposal.mappings:
        about = model_descriptions(f"contract_{mapping.contract}")
        lines += [f"  - name: {mapping.name}"]
        lines += [
            f'    description: "What {proposal.source} provides of the contract {mapping.contract}."',
            "    columns:",
        ]
        for column in mapping.columns:
            lines += [f"      - name: {column}", f"        description: {_quoted(about[column])}"]
    return "\n".join(lines) + "\n"


def _code_map(proposal: Onboarding) -> str:
    """Every code found, to be filled in by a person: a code is never guessed."""
    found = {
        (column.code_set, code): None
        for table in proposal.tables.values()
        for column in table.columns
        if column.code_set
        for code in column.raw.codes
    }
    if not found:
        return ""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["source", "code_set", "source_code", "code", "title_zh"])
    for code_set, code in sorted(found, key=str):
        meaning = CODE_MEANINGS.get(str(code_set), "")
        writer.writerow([proposal.source, code_set, code, "UNMAPPED", f"fill in: {meaning}" if meaning else "fill in"])
    return text.getvalue()


def _policy_yaml(proposal: Onboarding) -> str:
    """Attributes for staged columns the registry does not know: keys and codes low, everything else with care."""
    entries: dict[str, str] = {}
    for table in proposal.tables.values():
        harmless = {*table.profile.key, *table.profile.references}
        for column in table.columns:
            if proposal.is_classified(column.name) or column.name in entries:
                continue
            is_low = column.name in harmless or column.code_set or column.raw.codes
            about: dict[str, object] = {"zh": column.raw.comment or column.name}
            about["en"] = f"Column {column.raw.name} of {proposal.source}.{table.name}"
            about |= {"level": 2, "class": "C1"} if is_low else {"level": 3, "class": "C2", "mask": "text"}
            entries[column.name] = f"  {column.name}: {_flow(about)}"
    if not entries:
        return ""
    head = "# Proposed by `mdm source add`: columns the registry did not know, with care. Correct it: docs/policy.md"
    return "\n".join([head, "attributes:", *entries.values()]) + "\n"
