"""The two gates: raw deliveries before they become customers, golden customers before they are published.

A source that fails stops alone: its day is not accepted and the last good one stays. Rows that fail alone go to
quarantine, with rule, reason and the sealed row. Verdicts lie beside the deliveries, so a delivery is judged once; what
became of the rows in quarantine is worked out anew every day.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from quality.prepare import Scene
from quality.quarantine import Failure, Sealer
from quality.reentry import Answer, refresh_book, shelf
from quality.source_tables import source_names, source_tables
from quality.suites import GOLDEN, TableSuite, load_suites, source_suites
from quality.validate import ROW_NUMBER, Outcome, validate
from warehouse import landing, store
from warehouse.errors import GateError, SettingsError
from warehouse.landing import Commit, Delivery, Gate, RuleResult
from warehouse.settings import Settings

_NO_SUITE = TableSuite.model_validate({"checks": [{"check": "row_count_between", "min": 0}]})


@dataclass(frozen=True)
class _Source:
    """One source of the site during one run of the gate: its suites, and what a check may look at around a delivery."""

    settings: Settings
    name: str
    as_of: dt.date
    suites: Mapping[str, TableSuite]
    modes: Mapping[str, str]
    commits: list[Commit]

    def suite(self, table: str) -> TableSuite:
        """The suite of a table."""
        return self.suites.get(table, _NO_SUITE)

    def scene(self, delivery: Delivery) -> Scene:
        """What a check of this delivery may look at."""
        manifest = delivery.manifest
        good = {known.as_of: known for known in self.commits if known.as_of < manifest.as_of and known.is_accepted}
        earlier = tuple(known.deliveries[manifest.table] for _, known in sorted(good.items())
                        if manifest.table in known.deliveries)  # fmt: skip
        return Scene(manifest.as_of, lambda table, column: self._values(delivery, table, column), earlier)

    def _values(self, delivery: Delivery, table: str, column: str) -> Any:  # noqa: ANN401 - an array of any type
        """All values of a column of another table, as far as it was delivered with this delivery or before it."""
        mine = next(known for known in reversed(self.commits) if delivery in known.deliveries.values())
        known = [one for one in self.commits if one.as_of < mine.as_of and not one.is_failed] + [mine]
        deliveries = [one.deliveries[table] for one in known if table in one.deliveries]
        used = deliveries[-1:] if self.modes[table] == "full" else list(dict.fromkeys(deliveries))
        parts = [pq.read_table(one.data, columns=[column])[column] for one in used if column in one.manifest.columns]
        return pa.chunked_array([chunk for part in parts for chunk in part.chunks], None if parts else pa.string())


def _sources(settings: Settings, as_of: dt.date) -> Iterator[_Source]:
    for name in source_names(settings):
        modes = {table: facts.mode for table, facts in source_tables(settings, name).items()}
        suites = source_suites(settings, name)
        yield _Source(settings, name, as_of, suites, modes, landing.commits(settings, name, as_of))


def gate_raw(
    settings: Settings, as_of: dt.date, run_id: str, answers: Mapping[str, Answer] | None = None
) -> dict[str, int]:
    """Judge every delivery up to a business day that was not judged yet, and bring back rows that were repaired.

    Args:
        settings: the site.
        as_of: the business day.
        run_id: the run, for the results.
        answers: what people said about rows in quarantine, by item.

    Returns:
        Deliveries judged now, checks and warnings in them, rows put into quarantine, rows that people brought back,
        and sources whose newest day up to `as_of` is not accepted or could not be read.

    Raises:
        GateError: no source has any accepted data, so there is nothing to go on with.
        SettingsError: a suite names a table or column its source does not have.
    """
    sources = list(_sources(settings, as_of))
    sealer = Sealer(settings)
    gates = [_judge(source, *waiting, sealer) for source in sources for waiting in list(_waiting(source))]
    states: Counter[str] = Counter()
    for source in sources:
        states += _refresh_books(source, answers or {})
    _write_results(settings, as_of, run_id)
    return {
        "deliveries": len(gates),
        "checks": sum(len(gate.results) for gate in gates),
        "warnings": sum(not result.success and result.severity == "warn" for gate in gates for result in gate.results),
        "quarantined": sum(gate.quarantined for gate in gates),
        "reentered": states["reentered"],
        "failed_sources": _count_failed(settings, as_of),
    }


def _waiting(source: _Source) -> Iterator[tuple[Delivery, TableSuite]]:
    """Deliveries without a verdict; those of the day itself also when their suite was changed since."""
    for known in source.commits:
        for table, delivery in known.deliveries.items():
            suite, gate = source.suite(table), delivery.gate
            if gate is None or (known.as_of == source.as_of and gate.suite != suite.fingerprint):
                yield delivery, suite


def _judge(source: _Source, delivery: Delivery, suite: TableSuite, sealer: Sealer) -> Gate:
    """Check one delivery, write its quarantine, then its verdict."""
    manifest = delivery.manifest
    name = f"{manifest.source}.{manifest.table}"
    if unknown := sorted(set(suite.columns) - set(manifest.columns)):
        path = source.settings.config_dir / "quality" / f"{manifest.source}.yml"
        raise SettingsError(f"{path}: {manifest.table}: no such column: {', '.join(unknown)}; correct the suite")
    frame = pq.read_table(delivery.data, columns=[*suite.columns, ROW_NUMBER]).to_pandas()
    outcomes = validate(name, frame, suite.checks, source.scene(delivery))
    failures = [Failure(check, outcome.rows) for check, outcome in zip(suite.checks, outcomes, strict=True)
                if check.severity == "fail" and outcome.rows]  # fmt: skip
    bad = {row for failure in failures for row in failure.rows}
    reasons = [f"{name}: {_told(outcome.result)}" for outcome in outcomes if outcome.stops]
    if len(bad) > suite.quarantine_limit * manifest.rows:
        reasons.append(f"{name}: {len(bad)} of {manifest.rows} rows fail, more than the quarantine_limit")
    sealer.write(delivery, suite, [] if reasons else failures)  # a delivery that stops has no rows to repair
    gate = Gate(suite.fingerprint, reasons, len(bad), [outcome.result for outcome in outcomes])
    delivery.write_gate(gate)
    return gate


def _refresh_books(source: _Source, answers: Mapping[str, Answer]) -> Counter[str]:
    """The state of every row in quarantine of a source, as of the day."""
    states: Counter[str] = Counter()
    for name, table in source_tables(source.settings, source.name).items():
        place = shelf(source.settings, source.name, name, table, source.suite(name), source.as_of)
        states += refresh_book(place, answers, source.scene)
    return states


def _told(result: RuleResult) -> str:
    return f"{result.rule} fails on {result.unexpected} of {result.checked} rows"


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
        for name, suite in load_suites(settings.config_dir, GOLDEN).items():
            found[name] = validate(name, _golden(settings, con, name, suite), suite.checks, Scene(as_of))
    results = {name: [outcome.result for outcome in outcomes] for name, outcomes in found.items()}
    tables = {name: {"results": [vars(result) for result in some]} for name, some in results.items()}
    document = {"as_of": as_of, "run_id": run_id, "tables": tables}
    landing.write_json(settings.quality_dir / f"{as_of}" / "golden.json", document)
    failed = [(name, result) for name, some in results.items() for result in some if not result.success]
    stops = [f"{name}: {_told(result)}" for name, result in failed if result.severity == "fail"]
    if stops:
        raise GateError(*(f"{line}; nothing is published, correct the cause and run again" for line in stops))
    return {"tables": len(found), "checks": sum(map(len, results.values())), "warnings": len(failed)}


def _golden(settings: Settings, con: duckdb.DuckDBPyConnection, name: str, suite: TableSuite) -> pd.DataFrame:
    """What a golden suite checks: its query's result, or the columns it needs of the table it is named after."""
    columns = ", ".join(f'"{column}"' for column in suite.columns) or "1 as one"
    try:
        return con.execute(suite.query or f"select {columns} from {name}").df()
    except (duckdb.CatalogException, duckdb.BinderException, duckdb.ParserException) as error:
        path = settings.config_dir / "quality" / "golden.yml"
        told = f"its table or query cannot be read ({type(error).__name__}); correct the suite"
        raise SettingsError(f"{path}: {name}: {told}") from None
