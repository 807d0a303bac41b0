"""The two gates: raw deliveries before they become customers, golden customers before they are published.

A source that fails stops alone: its day is not accepted and the last good one stays. Rows that fail alone go to
quarantine, by number, with rule and reason. Verdicts lie beside the deliveries, so a delivery is judged once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from quality.suites import Check, TableSuite, load_suites
from quality.validate import ROW_NUMBER, Outcome, validate
from warehouse import landing, store
from warehouse.errors import GateError, SettingsError
from warehouse.landing import Delivery, Gate, RuleResult
from warehouse.settings import Settings

_NO_SUITE = TableSuite.model_validate({"checks": [{"check": "row_count_between", "min": 0}]})
_QUARANTINE = pa.schema(
    [
        ("as_of", pa.date32()),
        ("delivery", pa.int32()),
        ("row_number", pa.int64()),
        ("column_name", pa.string()),
        ("rule", pa.string()),
        ("reason", pa.string()),
    ]
)


def gate_raw(settings: Settings, as_of: dt.date, run_id: str) -> dict[str, int]:
    """Judge every delivery up to a business day that was not judged yet.

    Returns:
        Deliveries judged now, checks and warnings in them, rows put into quarantine, and sources whose newest day
        up to `as_of` is not accepted or could not be read.

    Raises:
        GateError: no source has any accepted data, so there is nothing to go on with.
        SettingsError: a suite names a column its table does not have.
    """
    gates = [_judge(settings, waiting) for waiting in list(_waiting(settings, as_of))]
    _write_results(settings, as_of, run_id)
    return {
        "deliveries": len(gates),
        "checks": sum(len(gate.results) for gate in gates),
        "warnings": sum(not result.success and result.severity == "warn" for gate in gates for result in gate.results),
        "quarantined": sum(gate.quarantined for gate in gates),
        "failed_sources": _count_failed(settings, as_of),
    }


def source_names(settings: Settings) -> list[str]:
    """The sources of the site."""
    return sorted(path.stem for path in (settings.config_dir / "sources").glob("*.yml"))


@dataclass(frozen=True)
class _Waiting:
    """A delivery to judge, and by what."""

    delivery: Delivery
    suite: TableSuite
    previous: Gate | None


def _waiting(settings: Settings, as_of: dt.date) -> Iterator[_Waiting]:
    """Deliveries without a verdict; those of the day itself also when their suite was changed since."""
    for source in source_names(settings):
        suites = load_suites(settings.config_dir, source)
        for known in landing.commits(settings, source, as_of):
            for table, delivery in known.deliveries.items():
                suite = suites.get(table, _NO_SUITE)
                gate = delivery.gate
                if gate is None or (known.as_of == as_of and gate.suite != suite.fingerprint):
                    yield _Waiting(delivery, suite, gate)


def _judge(settings: Settings, waiting: _Waiting) -> Gate:
    """Check one delivery, write its quarantine, then its verdict."""
    delivery, suite, manifest = waiting.delivery, waiting.suite, waiting.delivery.manifest
    name = f"{manifest.source}.{manifest.table}"
    if unknown := sorted(set(suite.columns) - set(manifest.columns)):
        path = settings.config_dir / "quality" / f"{manifest.source}.yml"
        raise SettingsError(f"{path}: {manifest.table}: no such column: {', '.join(unknown)}; correct the suite")
    frame = pq.read_table(delivery.data, columns=[*suite.columns, ROW_NUMBER]).to_pandas()
    outcomes = validate(name, frame, suite.checks, manifest.as_of)
    bad = sorted({row for outcome in outcomes if outcome.result.severity == "fail" for row in outcome.rows})
    reasons = [f"{name}: {_told(outcome.result)}" for outcome in outcomes if outcome.stops]
    if len(bad) > suite.quarantine_limit * manifest.rows:
        reasons.append(f"{name}: {len(bad)} of {manifest.rows} rows fail, more than the quarantine_limit")
    _write_quarantine(delivery, suite.checks, outcomes)
    gate = Gate(suite.fingerprint, reasons, len(bad), [outcome.result for outcome in outcomes])
    delivery.write_gate(gate)
    return gate


def _told(result: RuleResult) -> str:
    return f"{result.rule} fails on {result.unexpected} of {result.checked} rows"


def _write_quarantine(delivery: Delivery, checks: Sequence[Check], outcomes: Sequence[Outcome]) -> None:
    manifest = delivery.manifest
    rows = [
        (manifest.as_of, manifest.delivery, row, outcome.result.column, outcome.result.rule, _REASONS[check.kind])
        for check, outcome in zip(checks, outcomes, strict=True)
        if check.severity == "fail"
        for row in outcome.rows
    ]
    if not rows:
        delivery.quarantine.unlink(missing_ok=True)
        return
    table = pa.Table.from_pylist([dict(zip(_QUARANTINE.names, row, strict=True)) for row in rows], _QUARANTINE)
    aside = delivery.quarantine.with_suffix(".new")
    pq.write_table(table.sort_by([("row_number", "ascending"), ("rule", "ascending")]), aside)
    aside.replace(delivery.quarantine)


_REASONS = {
    "not_null": "the value is missing",
    "unique": "the value occurs more than once",
    "in_set": "the value is none of the known codes",
    "matches_regex": "the value does not have the expected form",
    "date_between": "the value is no date, or outside of the expected time",
    "value_between": "the value is no number, or outside of the expected range",
}


def _count_failed(settings: Settings, as_of: dt.date) -> int:
    states = [landing.source_state(settings, source, as_of) for source in source_names(settings)]
    if all(state.data_as_of is None for state in states):
        reasons = [state.reason for state in states if state.reason]
        raise GateError(f"no source has any accepted data up to {as_of}; see the lines below", *reasons)
    return sum(state.is_stale for state in states)


def _write_results(settings: Settings, as_of: dt.date, run_id: str) -> None:
    """Counts of the day's newest deliveries, for `mdm status` and the quality pages; row numbers stay in quarantine."""
    tables = {
        f"{source}.{table}": {"rows": delivery.manifest.rows, **_summary(gate)}
        for source in source_names(settings)
        for known in landing.day_commits(settings, source, as_of)[-1:]
        for table, delivery in known.deliveries.items()
        if (gate := delivery.gate) is not None
    }
    document = {"as_of": as_of, "run_id": run_id, "tables": tables}
    landing.write_json(settings.quality_dir / f"{as_of}" / "raw.json", document)


def _summary(gate: Gate) -> dict[str, object]:
    return {"status": gate.status, "quarantined": gate.quarantined, "results": [vars(one) for one in gate.results]}


def gate_golden(settings: Settings, as_of: dt.date, run_id: str) -> dict[str, int]:
    """Check golden customers before anything is published.

    Returns:
        Tables and checks, and how many of them warn.

    Raises:
        GateError: one line for each check of severity `fail` that does not hold: rule and count, no rows.
    """
    found: dict[str, list[Outcome]] = {}
    with store.connect(settings, read_only=True) as con:
        for name, suite in load_suites(settings.config_dir, "golden").items():
            found[name] = validate(name, _golden(con, name, suite), suite.checks, as_of)
    results = {name: [outcome.result for outcome in outcomes] for name, outcomes in found.items()}
    tables = {name: {"results": [vars(result) for result in some]} for name, some in results.items()}
    document = {"as_of": as_of, "run_id": run_id, "tables": tables}
    landing.write_json(settings.quality_dir / f"{as_of}" / "golden.json", document)
    failed = [(name, result) for name, some in results.items() for result in some if not result.success]
    stops = [f"{name}: {_told(result)}" for name, result in failed if result.severity == "fail"]
    if stops:
        raise GateError(*(f"{line}; nothing is published, correct the cause and run again" for line in stops))
    return {"tables": len(found), "checks": sum(map(len, results.values())), "warnings": len(failed)}


def _golden(con: duckdb.DuckDBPyConnection, name: str, suite: TableSuite) -> pd.DataFrame:
    """What a golden suite checks: its query's result, or the columns it needs of the table it is named after."""
    columns = ", ".join(f'"{column}"' for column in suite.columns) or "1 as one"
    return con.execute(suite.query or f"select {columns} from {name}").df()
