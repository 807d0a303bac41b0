"""A bench for the golden, customer_360 and segment models: small input tables in, the real SQL over them.

The models and macros are the project's own, copied into a dbt project of their own whose upstream models only read
fixture tables. Two ways to run them: `fresh_bench` gives dbt's compiled SQL, run by the test on an in-memory DuckDB in
milliseconds (first day only: nothing incremental); `make_project` with `dbt` runs dbt itself on a file, day after day.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import yaml

from warehouse.dbt_contract import model_columns
from warehouse.settings import ROOT, load_settings
from warehouse.survivorship import dbt_vars

DAY = dt.date(2026, 3, 2)
PROJECT = ROOT / "dbt_project"
CANONICAL = ROOT / "config" / "dbt" / "models" / "canonical"
OWN = ("golden", "customer_360", "segments")
# contracts that customer_360 reads; the demo bank provides them from its staging models, which are stubs here
CONTRACTS = (
    "account", "balance", "transaction", "holding", "product", "risk_assessment", "interaction", "channel_enrolment",
)  # fmt: skip

_T, _D, _B, _M = "timestamp", "date", "boolean", "decimal(18, 2)"
# what the rooms upstream promise (their own tests hold them to it); a column without a type is varchar
UPSTREAM = {
    "int_party__record": (
        "record_id source source_key party_type branch_code name_raw name name_issue former_name latin_name "
        "document_type document_number_raw document_number document_key document_is_valid:B document_issue "
        "document_expiry:D birth_date:D birth_date_document:D sex sex_document nationality mobile mobile_issue "
        "mobile_second phone email address province city district address_detail employer occupation spouse_name "
        "spouse_document_number uscc organization_code registry_number legal_representative_name industry org_region "
        "org_core_name org_form is_verified:B opened_date:D updated_at:T source_as_of:D record_hash"
    ),
    "int_party__document": "record_id document_key document_type document_number valid_from:D valid_to:D origin",
    "int_relation__stated": (
        "relation_key source record_id relation_type related_record_id related_name related_document_key "
        "related_mobile share_ratio:M since:D"
    ),
    "stg_core__account": (
        "account_no customer_no account_class account_kind currency opened_date:D closed_date:D status branch_code"
    ),
    "stg_core__daily_balance": "account_no balance_date:D balance:M",
    "stg_core__transaction": "transaction_id account_no occurred_at:T amount:M direction transaction_type channel",
    "stg_credit__loan": (
        "loan_no applicant_no product principal:M balance:M started_date:D ends_date:D status overdue_days:I "
        "branch_code"
    ),
    "stg_card__card": "card_number cardholder_no product credit_limit:M opened_date:D status branch_code",
    "stg_card__statement": "card_number statement_date:D balance:M",
    "stg_wealth__customer": "customer_no branch_code",
    "stg_wealth__product": "product_code product_name risk_level",
    "stg_wealth__holding": "customer_no product_code market_value:M bought_date:D",
    "stg_wealth__risk_assessment": "assessment_id customer_no assessed_date:D level valid_to:D",
    "stg_ebank__user": "user_no status branch_code",
    "stg_ebank__event": "event_id user_no event_type occurred_at:T",
    "stg_call__note": "note_id contact_no occurred_at:T note_text branch_code",
    "stg_call__complaint": "complaint_id contact_no status opened_at:T branch_code",
    "stg_counter__identity_renewal": "renewal_id customer_no handled_date:D branch_code",
    "stg_counter__info_change": "change_id customer_no handled_date:D branch_code",
    "stg_counter__signed_form": "form_id customer_no signed_date:D branch_code",
}
SOURCES = {
    ("matching", "party_identity"): "record_id golden_id valid_from:D valid_to:D run_id",
    ("steward", "steward_decision"): (
        "decision_id record_id_l record_id_r verdict steward reason decided_at:T seen_as_of:D"
    ),
    ("landing", "source_status"): "source as_of:D data_as_of:D",
}
_MACROS = ("business_day", "contract", "generate_schema_name")
READ_BY_HISTORY = ("golden_person", "golden_organization", "customer_360")
_TYPES = {"": "varchar", "D": _D, "B": _B, "M": _M, "T": _T, "I": "integer"}
Rows = list[dict[str, Any]]


def columns_of(table: str) -> dict[str, str]:
    """Column types of an input table."""
    if table in READ_BY_HISTORY:
        return model_columns(table)
    spec = UPSTREAM.get(table) or next(text for (_, name), text in SOURCES.items() if name == table)
    pairs = (item.partition(":") for item in spec.split())
    return {name: _TYPES[kind] for name, _, kind in pairs}


def inputs() -> list[str]:
    """Names of all input tables."""
    return [*UPSTREAM, *(name for _, name in SOURCES)]


def parse_table(text: str) -> Rows:
    """Rows of a table written as text: a header line, columns parted by `|`, an empty cell is null."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return [{name: cell or None for name, cell in zip(lines[0], line, strict=True)} for line in lines[1:]]


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def load(con: duckdb.DuckDBPyConnection, tables: dict[str, Rows]) -> None:
    """(Re)create every input table as `in_<name>`; those not given are empty, columns not given are null."""
    unknown = set(tables) - {*inputs(), *READ_BY_HISTORY}
    assert not unknown, unknown
    for table in [*inputs(), *READ_BY_HISTORY]:
        columns = columns_of(table)
        definition = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        con.execute(f"create or replace table in_{table} ({definition})")
        if tables.get(table):
            texts = {name: [_text(row.get(name)) for row in tables[table]] for name in columns}
            con.register("given", pa.table(texts, schema=pa.schema([(name, pa.string()) for name in columns])))
            con.execute(f"insert into in_{table} select * from given")  # DuckDB casts every text to its column
            con.unregister("given")


def people(text: str, **defaults: Any) -> dict[str, Rows]:
    """Party records and their identities from one text table; `golden_id` is a column of it.

    Source and key come from the record id, the type is person, the data is of `DAY`, unless a column says otherwise.
    """
    records, identities = [], []
    for row in parse_table(text):
        source, _, key = row["record_id"].partition(":")
        base = {"source": source, "source_key": key, "party_type": "person", "source_as_of": DAY, **defaults}
        records.append(base | row)
        identities.append({"record_id": row["record_id"], "golden_id": row["golden_id"], "valid_from": DAY})
    return {"int_party__record": records, "party_identity": identities}


def _stub_models(project: Path, models: Iterable[str]) -> None:
    folder = project / "models" / "upstream"
    folder.mkdir(parents=True)
    for model in models:
        (folder / f"{model}.sql").write_text(f"select * from main.in_{model}\n", encoding="utf-8")
    tables: dict[str, list[str]] = {}
    for source, table in SOURCES:
        tables.setdefault(source, []).append(table)
    lines = ["sources:"]
    for source, names in tables.items():
        lines += [f"  - name: {source}", "    schema: main", "    tables:"]
        lines += [f"      - {{name: {name}, identifier: in_{name}}}" for name in names]
    (folder / "sources.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _providers() -> list[Path]:
    return [path for contract in CONTRACTS for path in sorted(CANONICAL.glob(f"{contract}__*.sql"))]


def _copy_contracts(project: Path) -> None:
    folder = project / "models" / "contract"
    folder.mkdir(parents=True)
    for path in [PROJECT / "models" / "contract" / f"contract_{name}.sql" for name in CONTRACTS] + _providers():
        shutil.copy(path, folder)
    described = yaml.safe_load((PROJECT / "models" / "contract" / "_contract.yml").read_text(encoding="utf-8"))
    kept = [model for model in described["models"] if model["name"].removeprefix("contract_") in CONTRACTS]
    (folder / "_contract.yml").write_text(yaml.safe_dump({"models": kept}, allow_unicode=True), encoding="utf-8")


def make_project(project: Path, *only: str) -> Path:
    """A dbt project of the real models over stubs; its database is `<project>/warehouse.duckdb`.

    With `only`, these models alone; the golden models and customer_360, which they read, are stubs then.
    """
    for folder in OWN:
        (project / "models" / folder).mkdir(parents=True)
        for path in (PROJECT / "models" / folder).iterdir():
            if not only or path.stem in only:
                shutil.copy(path, project / "models" / folder)
    (project / "macros").mkdir()
    for path in [*PROJECT.glob("macros/golden_*.sql"), *(PROJECT / "macros" / f"{name}.sql" for name in _MACROS)]:
        shutil.copy(path, project / "macros")
    shutil.copytree(PROJECT / "tests" / "generic", project / "tests" / "generic")
    if not only:
        _copy_contracts(project)
    for path in [] if only else PROJECT.glob("tests/golden_*.sql"):
        shutil.copy(path, project / "tests")
    _stub_models(project, READ_BY_HISTORY if only else UPSTREAM)
    (project / "dbt_project.yml").write_text(
        "name: customer_mdm\nversion: 1.0.0\nprofile: bench\n"
        "flags: {send_anonymous_usage_stats: false, require_generic_test_arguments_property: true}\n"
        "models: {customer_mdm: {+materialized: view}}\n"
    )
    profile = {"type": "duckdb", "path": str(project / "warehouse.duckdb"), "schema": "main", "threads": 2}
    (project / "profiles.yml").write_text(json.dumps({"bench": {"target": "own", "outputs": {"own": profile}}}))
    return project


def variables(**changes: Any) -> dict[str, Any]:
    """Variables as `run_dbt` passes them, with the shipped rules."""
    provided: dict[str, list[str]] = {}
    for path in _providers():
        provided.setdefault(path.stem.partition("__")[0], []).append(path.stem)
    return {**dbt_vars(load_settings(environ={})), "contracts": provided, **changes}


def dbt(project: Path, command: str, values: dict[str, Any], as_of: dt.date = DAY) -> dict[str, str]:
    """Run a dbt command; returns the status of every node it ran."""
    arguments = [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", *command.split()]
    arguments += ["--project-dir", str(project), "--profiles-dir", str(project)]
    arguments += ["--vars", json.dumps(values, ensure_ascii=False)]
    day = {"MDM_DBT_AS_OF": str(as_of), "MDM_DBT_RUN_ID": f"run-{as_of}"}
    environment = {**os.environ, **day, "DO_NOT_TRACK": "1"}
    result = subprocess.run(arguments, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]
    results = json.loads((project / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
    return {node["unique_id"].split(".", 2)[2]: node["status"] for node in results}


@dataclass
class Compiled:
    """The compiled SQL of all models, in an order in which they can run."""

    sql: dict[str, str] = field(repr=False)
    con: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)

    def run(self, tables: dict[str, Rows], models: list[str] | None = None) -> Compiled:
        """Load the input tables and run the models (all, or the named ones and what they need)."""
        self.con.execute("attach if not exists ':memory:' as warehouse; use warehouse.main")
        load(self.con, tables)
        chosen = [model for model in self.sql if models is None or model in models]
        kinds = {model: "view" if model in UPSTREAM else "table" for model in chosen}
        script = (f"create or replace {kinds[model]} {model} as {self.sql[model]}" for model in chosen)
        self.con.execute(";\n".join(script))
        return self

    def rows(self, query: str) -> Rows:
        """Rows of a query as dictionaries."""
        cursor = self.con.execute(query)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def table(self, model: str, columns: str) -> str:
        """Some columns of a model as text, ordered by them: what a case expects."""
        found = self.con.execute(f"select {columns} from {model} order by all").fetchall()
        return "\n".join(" | ".join("" if value is None else str(value) for value in row).strip() for row in found)


def compile_models(project: Path, **changes: Any) -> Compiled:
    """Compile the project; its database is empty, so nothing is incremental."""
    dbt(project, "compile", variables(**changes))
    manifest = json.loads((project / "target" / "manifest.json").read_text(encoding="utf-8"))
    models = {k: v for k, v in manifest["nodes"].items() if v["resource_type"] == "model"}
    done: dict[str, str] = {}
    while len(done) < len(models):
        for unique_id, node in models.items():
            needs = [need.split(".")[-1] for need in node["depends_on"]["nodes"] if need in models]
            if node["name"] not in done and all(need in done for need in needs):
                path = project / "target" / "compiled" / "customer_mdm" / node["original_file_path"]
                done[unique_id.split(".")[-1]] = path.read_text(encoding="utf-8")
    return Compiled(done)


@cache
def _shared_sql() -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        return compile_models(make_project(Path(folder))).sql


def fresh_bench() -> Iterator[Compiled]:
    """An empty bench over the shipped rules; compiled once per test process."""
    bench = Compiled(_shared_sql())
    yield bench
    bench.con.close()
