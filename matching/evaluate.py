"""How right the linker is, where the truth is known: pairs and B-cubed, per injector, slice and trap.

Called by people, never inside a run: the truth lies where the line cannot read it. Measured twice, with the stewards'
decisions and without them.
"""

from __future__ import annotations

from typing import Any

import duckdb

from matching.explain import newest_day
from matching.measure import measure
from matching.release_rules import load_release_rules
from matching.slices import find_slices
from warehouse import store
from warehouse.errors import NotFoundError
from warehouse.settings import Settings

# the two ways to group records: with the stewards' decisions, and what the linker would have done by itself
_COLUMNS = {"after_decisions": "cluster_id", "before_decisions": "cluster_before_decisions"}


def evaluate(settings: Settings) -> dict[str, Any]:
    """Compare the newest clusters with the demo's truth.

    Returns:
        Per party type (`person`, `organization`): precision, recall, f1, b3_precision, b3_recall, b3_f1, records,
        and under `before_decisions` the same without the stewards; `injectors` and `slices`: per injector, per slice
        of `config/release.yml`, the records in it, and the same figures over pairs with such a record (before the
        stewards; with them under `after_decisions`); `traps`: per trap its groups and false merges.

    Raises:
        NotFoundError: there is no truth, or nothing was linked yet.
    """
    path = settings.truth_dir / "truth.parquet"
    if not path.exists():
        raise NotFoundError(f"{path}: no truth to compare with; only the demo has one (mdm demo)")
    with store.connect(settings, read_only=True) as warehouse:
        if not store.table_exists(warehouse, "match_cluster"):
            raise NotFoundError("nothing was linked yet; run the line first (mdm run)")
        find_slices(warehouse, load_release_rules(settings).slices, newest_day(warehouse))
        clusters = warehouse.execute(
            "select clusters.*, coalesce(record_slices.slices, []) as slices from match_cluster as clusters"
            " left join record_slices using (record_id) order by record_id"
        ).to_arrow_table()
    with duckdb.connect() as con:
        con.register("clusters", clusters)
        # an injector hits a record, so both lists are asked by record
        con.execute(
            "create table judged as select truth.record_id, truth.entity_id, truth.party_type, truth.injectors,"
            " truth.trap, clusters.slices, clusters.cluster_id, clusters.cluster_before_decisions"
            " from read_parquet(?) as truth join clusters using (record_id) order by 1",
            [str(path)],
        )
        report: dict[str, Any] = {kind: _party(con, kind) for kind in ("person", "organization")}
        report["traps"] = _traps(con)
    return report


def _party(con: duckdb.DuckDBPyConnection, party_type: str) -> dict[str, Any]:
    where = f"party_type = '{party_type}'"
    measured = {name: _measure(con, where, column) for name, column in _COLUMNS.items()}
    groups = {name: _groups(con, where, name) for name in ("injectors", "slices")}
    return {**measured["after_decisions"], "before_decisions": measured["before_decisions"], **groups}


def _measure(con: duckdb.DuckDBPyConnection, where: str, column: str, member: str = "true") -> dict[str, float | int]:
    """Figures of one way to group records; over the pairs and records that `member` concerns."""
    found = measure(con, f"(select * from judged where {where})", column, member)
    rates = ("precision", "recall", "f1", "b3_precision", "b3_recall", "b3_f1")
    counts = {name: getattr(found, name) for name in ("records", "pairs_joined", "pairs_wanted")}
    return counts | {name: round(getattr(found, name), 5) for name in rates}


def _groups(con: duckdb.DuckDBPyConnection, where: str, column: str) -> dict[str, dict[str, Any]]:
    """Figures per entry of a list column: of the linker by itself, and with the stewards."""
    names = con.execute(
        f"select distinct name from (select unnest({column}) as name from judged where {where}) order by 1"
    ).fetchall()
    report = {}
    for (name,) in names:
        member = f"list_contains({column}, '{name}')"
        measured = {key: _measure(con, where, clusters, member) for key, clusters in _COLUMNS.items()}
        before = measured["before_decisions"]
        after = {"after_decisions": measured["after_decisions"]}
        report[str(name)] = {**before, "pairs": before["pairs_wanted"], **after}
    return report


def _traps(con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, int]]:
    """Per trap: groups of look-alike parties, and groups in which two of them share a customer."""
    rows = con.execute(
        """
        with merged as (
            select trap, cluster_before_decisions, count(distinct entity_id) > 1 as is_false
            from judged where trap is not null group by 1, 2
        )
        select split_part(trap, ':', 1), count(distinct trap), count(distinct trap) filter (is_false)
        from merged group by 1 order by 1
        """
    ).fetchall()
    return {str(name): {"groups": int(groups), "false_merges": int(false)} for name, groups, false in rows}
