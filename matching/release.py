"""The release gate: may what this run found be shown to readers?

Compares what would be published with what is published, looks at every decision of a steward, and at the precision that
decisions on the drawn sample prove. Its verdict is kept in the warehouse (`release_verdict`); publishing asks for it.
What was judged is named by a fingerprint of the cross-reference, so an approval is for this content and no other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from matching.decisions import load_decisions
from matching.difference import State, find_changes, values_sql
from matching.history import SCHEMA
from matching.release_rules import ChangeLimit, ReleaseRules, load_release_rules
from matching.sample import estimate
from warehouse import publish_versions as versions
from warehouse import store
from warehouse.errors import GateError, NotFoundError
from warehouse.settings import Settings

_CANDIDATE = f"{SCHEMA}.published_customer_xref"
_TABLES = {
    "release_verdict": "run_id varchar, as_of date, fingerprint varchar, baseline varchar, is_released boolean,"
    " broken varchar[], notes varchar[], approved_by varchar",
    "release_label": "fingerprint varchar, record_id_l varchar, record_id_r varchar, verdict varchar,"
    " evidence_hash varchar, is_joined boolean",
}


@dataclass(frozen=True)
class Verdict:
    """What the gate said of a run's content.

    Attributes:
        run_id: the run.
        as_of: its business day.
        fingerprint: of the content judged.
        baseline: run whose content readers saw then; None for the first publication.
        broken: one line per limit that does not hold.
        notes: what could not be checked, and why.
        approved_by: who let it pass although limits are broken.
    """

    run_id: str
    as_of: dt.date
    fingerprint: str
    baseline: str | None
    broken: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    approved_by: str | None = None

    @property
    def is_released(self) -> bool:
        """Whether it may be published."""
        return not self.broken or self.approved_by is not None


@dataclass
class _Findings:
    """Lines gathered by the checks."""

    broken: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def release_gate(settings: Settings, as_of: dt.date, run_id: str, approvals: Mapping[str, str]) -> dict[str, int]:
    """Judge the run's content; the step that stops a run before `publish`.

    Args:
        settings: the site.
        as_of: business day.
        run_id: its run.
        approvals: fingerprint -> who approved that content although it breaks limits.

    Returns:
        Customers merged, split, vanished, new and records moved against the published version; decisions not obeyed
        and flipped; judged pairs of the sample; 1 if an approval was needed; number of notes.

    Raises:
        GateError: one line per broken limit; the published version stays.
        NotFoundError: the published models are not of this day; the steps before were not run.
    """
    rules = load_release_rules(settings)
    with store.connect(settings) as con:
        verdict, findings = _judge(settings, con, rules, as_of, run_id)
        verdict = Verdict(**{**vars(verdict), "approved_by": approvals.get(verdict.fingerprint)})
        _keep(con, verdict)
    if not verdict.is_released:
        raise GateError(*verdict.broken)
    return {**findings.counts, "approved": int(bool(verdict.broken)), "notes": len(verdict.notes)}


def check_release(settings: Settings) -> Verdict:
    """Judge what the newest run would publish, without keeping the verdict.

    Raises:
        NotFoundError: nothing is ready to be published yet.
    """
    rules = load_release_rules(settings)
    with store.connect(settings, read_only=True) as con:
        row = None
        if store.table_exists(con, "published_customer_xref"):
            row = con.execute(f"select any_value(as_of), any_value(run_id) from {_CANDIDATE}").fetchone()
        if row is None or row[0] is None:
            raise NotFoundError("nothing to judge yet; run the line first (mdm run)")
        return _judge(settings, con, rules, row[0], row[1])[0]


def find_verdict(settings: Settings, run_id: str) -> Verdict:
    """The newest verdict on a run.

    Raises:
        NotFoundError: the run never came to the release gate.
    """
    with store.connect(settings, read_only=True) as con:
        if store.table_exists(con, "release_verdict"):
            row = con.execute(
                "select run_id, as_of, fingerprint, baseline, broken, notes, approved_by from release_verdict"
                " where run_id = ?",
                [run_id],
            ).fetchone()
            if row:
                name, day, content, baseline, broken, notes, approved_by = row
                return Verdict(name, day, content, baseline, tuple(broken), tuple(notes), approved_by)
    raise NotFoundError(f"run {run_id}: never came to the release gate; run it first (mdm run)")


def refuse_unreleased(settings: Settings, run_id: str) -> None:
    """Publishing asks here first, so that running its step alone is no way around the gate.

    Raises:
        GateError: the content now in the warehouse was not released.
    """
    verdict = find_verdict(settings, run_id)
    with store.connect(settings, read_only=True) as con:
        current = fingerprint(con, _CANDIDATE)
    if current != verdict.fingerprint:
        raise GateError(f"{run_id}: changed since the release gate judged it; run the step release_gate again")
    if not verdict.is_released:
        raise GateError(*verdict.broken)


def fingerprint(con: duckdb.DuckDBPyConnection, relation: str) -> str:
    """Name of a cross-reference: the same records with the same customers have the same one, in whatever order."""
    row = con.execute(
        f"select count(*), bit_xor(md5_number_lower(record_id || '|' || golden_id)) from {relation}"
    ).fetchone()
    return f"{row[0]:x}-{row[1] or 0:016x}" if row else "0"


def _judge(
    settings: Settings, con: duckdb.DuckDBPyConnection, rules: ReleaseRules, as_of: dt.date, run_id: str
) -> tuple[Verdict, _Findings]:
    _refuse_other_day(con, as_of)
    found = _Findings()
    name = fingerprint(con, _CANDIDATE)
    published = versions.current_manifest(settings)
    baseline = settings.published_dir / "current" / "customer_xref.parquet" if published else None
    before = fingerprint(con, _parquet(baseline)) if baseline else None
    _check_decisions(con, rules, as_of, before, found)
    _check_precision(settings, con, rules, as_of, found)
    if published and baseline:
        _check_changes(con, rules, baseline, f"{published.as_of} {as_of}", found)
    else:
        found.notes.append("first publication: no published version to compare with")
    verdict = Verdict(
        run_id, as_of, name, published.run_id if published else None, tuple(found.broken), tuple(found.notes)
    )
    return verdict, found


def _refuse_other_day(con: duckdb.DuckDBPyConnection, as_of: dt.date) -> None:
    day = None
    if store.table_exists(con, "published_customer_xref"):
        row = con.execute(f"select any_value(as_of) from {_CANDIDATE}").fetchone()
        day = row[0] if row else None
    if day is not None and day != as_of:
        raise NotFoundError(f"release gate: the published models are of {day}, not {as_of}; run the step mask first")
    if day is None and not store.table_exists(con, "published_customer_xref"):
        raise NotFoundError("release gate: nothing was prepared for publishing; run the step mask first")


def _parquet(path: Path) -> str:
    return f"read_parquet('{path}')"


def _check_changes(
    con: duckdb.DuckDBPyConnection, rules: ReleaseRules, baseline: Path, days: str, found: _Findings
) -> None:
    """How many customers, with how much AUM, would change in the eyes of readers."""
    values = baseline.parent / "customer_360.parquet"
    for name, source in (("before", _parquet(values)), ("after", f"{SCHEMA}.published_customer_360")):
        con.execute(f"create or replace temp table release_value_{name} as {values_sql(source)}")
    report = find_changes(
        con, State(_parquet(baseline), "release_value_before"), State(_CANDIDATE, "release_value_after")
    )
    before = report["before"]
    for kind, counts in report["counts"].items():
        found.counts[kind] = counts["records" if kind == "moved" else "customers"]
    for kind, limit in rules.changes.items():
        found.broken += list(_over(kind, limit, report["counts"][kind], before, days))


def _over(
    kind: str, limit: ChangeLimit, counts: Mapping[str, Any], before: Mapping[str, Any], days: str
) -> Iterator[str]:
    allowed = max(limit.customers * before["customers"], limit.customers_always)
    if counts["customers"] > allowed:
        yield (
            f"release: {counts['customers']:,} customers {kind}, {int(allowed):,} are allowed (config/release.yml:"
            f" changes.{kind}.customers); look at them with mdm diff {days}"
        )
    allowed = max(limit.aum * float(before["aum"] or 0), limit.aum_always)
    if float(counts["aum"] or 0) > allowed:
        yield (
            f"release: customers with {float(counts['aum']):,.0f} CNY of AUM {kind}, {allowed:,.0f} are allowed"
            f" (config/release.yml: changes.{kind}.aum); look at them with mdm diff {days}"
        )


def _check_decisions(
    con: duckdb.DuckDBPyConnection, rules: ReleaseRules, as_of: dt.date, before: str | None, found: _Findings
) -> None:
    """Every decision is obeyed, and the linker by itself did not unlearn what stewards confirmed."""
    con.execute(
        "create or replace temp table label (decision_id bigint, record_id_l varchar, record_id_r varchar,"
        " verdict varchar, is_one boolean, is_match boolean)"
    )
    rows = [
        [d.decision_id, d.left, d.right, d.verdict, d.effect == "same", d.is_match]
        for d in load_decisions(con, as_of)
        if d.effect
    ]
    if rows:
        con.executemany("insert into label values (?, ?, ?, ?, ?, ?)", rows)
    disobeyed = [row[0] for row in con.execute(_DISOBEYED).fetchall()]
    con.execute(_LABELS)
    flipped = []
    if before and store.table_exists(con, "release_label"):
        flipped = [row[0] for row in con.execute(_FLIPPED, [before]).fetchall()]
    found.counts |= {"disobeyed": len(disobeyed), "flipped": len(flipped)}
    for limit, ids, words in (
        (rules.decisions.disobeyed, disobeyed, "stewards' decisions are not obeyed"),
        (rules.decisions.flipped, flipped, "decided pairs are judged otherwise by the linker than before"),
    ):
        if len(ids) > limit:
            shown = ", ".join(f"#{number}" for number in ids[:5]) + (" …" if len(ids) > 5 else "")
            kind = "disobeyed" if ids is disobeyed else "flipped"
            found.broken.append(
                f"release: {len(ids)} {words} ({shown}), {limit} are allowed (config/release.yml: decisions.{kind});"
                " see them on the decisions page"
            )


_DISOBEYED = f"""
select decision_id from label
join {_CANDIDATE} as l on l.record_id = label.record_id_l
join {_CANDIDATE} as r on r.record_id = label.record_id_r
where (l.golden_id = r.golden_id) <> label.is_one
order by decision_id
"""
_LABELS = f"""
create or replace temp table label_now as
select label.*, pair.evidence_hash, l.cluster_before_decisions = r.cluster_before_decisions as is_joined
from label
join {SCHEMA}.match_cluster as l on l.record_id = label.record_id_l
join {SCHEMA}.match_cluster as r on r.record_id = label.record_id_r
left join {SCHEMA}.match_pair as pair
    on pair.record_id_l = label.record_id_l and pair.record_id_r = label.record_id_r
order by decision_id
"""
_FLIPPED = f"""
select now.decision_id
from label_now as now
join {SCHEMA}.release_label as former
    on former.fingerprint = ? and former.record_id_l = now.record_id_l and former.record_id_r = now.record_id_r
where former.is_joined = now.is_match and now.is_joined <> former.is_joined
    and now.evidence_hash is not distinct from former.evidence_hash
order by now.decision_id
"""


def _check_precision(
    settings: Settings, con: duckdb.DuckDBPyConnection, rules: ReleaseRules, as_of: dt.date, found: _Findings
) -> None:
    """The lower end of precision that decisions on the sample prove, over all and per slice."""
    report = estimate(con, settings, load_decisions(con, as_of), rules.slices, as_of)
    found.counts["judged"] = report["overall"]["precision"]["judged"]
    limits = {"precision": (rules.precision, report["overall"])}
    limits |= {f"slice_precision.{n}": (limit, report["slices"][n]) for n, limit in rules.slice_precision.items()}
    for name, (limit, rates) in limits.items():
        proven = rates["precision"]
        if proven["judged"] < min(limit.judged, proven["size"] or limit.judged):
            found.notes.append(
                f"{name}: not checked, {proven['judged']} of {limit.judged} sampled pairs are judged"
                " (mdm evaluate --sample N draws them)"
            )
        elif proven["low"] < limit.at_least:
            found.broken.append(
                f"release: {name} is proven to be at least {proven['low']:.4f} only, {limit.at_least} is asked"
                f" (config/release.yml: {name}.at_least); judge more sampled pairs or correct the model"
            )


def _keep(con: duckdb.DuckDBPyConnection, verdict: Verdict) -> None:
    """Keep the verdict, and what the linker by itself says of the decided pairs in this content."""
    for table, columns in _TABLES.items():
        con.execute(f"create table if not exists {SCHEMA}.{table} ({columns})")
    con.execute("begin")
    con.execute(
        f"insert into {SCHEMA}.release_label"
        " select ?, record_id_l, record_id_r, verdict, evidence_hash, is_joined from label_now"
        f" where not exists (from {SCHEMA}.release_label as known where known.fingerprint = ?)",
        [verdict.fingerprint, verdict.fingerprint],
    )
    con.execute(f"delete from {SCHEMA}.release_verdict where run_id = ?", [verdict.run_id])
    con.execute(
        f"insert into {SCHEMA}.release_verdict values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            verdict.run_id, verdict.as_of, verdict.fingerprint, verdict.baseline, verdict.is_released,
            list(verdict.broken), list(verdict.notes), verdict.approved_by,
        ],
    )  # fmt: skip
    con.execute("commit")
