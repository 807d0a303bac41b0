"""The day runs, runs again, and the next days follow: what a data engineer relies on."""

import itertools
import json
import subprocess
import sys

import duckdb
import networkx
import pytest

from matching.evaluate import evaluate
from tests.integration.conftest import DAYS, FIRST, canaries, files_below, published
from warehouse import ledger
from warehouse.dbt import invoke
from warehouse.policy import load_policy
from warehouse.settings import ROOT
from warehouse.store import connect

TABLES = {"customer", "customer_xref", "customer_360", "account", "interaction", "segment_member", "customer_relation"}


def test_every_source_delivers_on_the_first_day(demo_days):
    assert [message for _, message in demo_days.days[FIRST].said if message.startswith("STOPPED")] == []


def test_a_rerun_of_the_day_publishes_the_same_content_and_nothing_new(demo_days):
    assert demo_days.rerun.content["content_hash"] == demo_days.days[DAYS[-1]].content["content_hash"]
    assert demo_days.rerun.xref == demo_days.days[DAYS[-1]].xref
    assert demo_days.versions_after_rerun == demo_days.versions_before_rerun


def test_the_next_days_publish_something_new(demo_days):
    hashes = {day.content["content_hash"] for day in demo_days.days.values()}
    assert len(hashes) == len(DAYS)


def test_customers_untouched_by_the_change_keep_their_golden_id(demo_days):
    for before, after in itertools.pairwise(DAYS):
        old, new = demo_days.days[before].xref, demo_days.days[after].xref
        moved = {record for record in old if record in new and old[record] != new[record]}
        with connect(demo_days.settings, read_only=True) as con:
            touched = {row[0] for row in con.execute(
                "select golden_id from identity_event where as_of = ? and kind <> 'mint' union "
                "select other_golden_id from identity_event where as_of = ? and kind <> 'mint'", [after, after]
            ).fetchall()}  # fmt: skip
        assert {old[record] for record in moved} <= touched
        assert len(moved) <= 0.01 * len(old)


def test_no_golden_id_is_lost_between_days(demo_days):
    with connect(demo_days.settings, read_only=True) as con:
        alias = dict(con.execute("select golden_id, survives_as from identity_alias").fetchall())
        retired = {
            row[0] for row in con.execute("select golden_id from identity_event where kind = 'retire'").fetchall()
        }
    last = set(demo_days.days[DAYS[-1]].xref.values())
    for day in DAYS:
        for golden_id in set(demo_days.days[day].xref.values()):
            while golden_id in alias and golden_id not in last:
                golden_id = alias[golden_id]
            assert golden_id in last or golden_id in retired


def test_all_promised_tables_are_published_each_with_its_day(demo_days):
    names = {row[0] for row in published(demo_days.settings, "select table_name from duckdb_tables()")}
    assert names >= TABLES
    for table in TABLES:
        stamps = published(demo_days.settings, f"select distinct as_of, run_id from {table}")
        assert stamps == [(DAYS[-1], f"run-{DAYS[-1]}")]
        assert published(demo_days.settings, f"select count(*) from {table} where source_freshness is null") == [(0,)]


def test_every_published_table_and_column_is_described(demo_days):
    missing = published(
        demo_days.settings,
        "select table_name, column_name from duckdb_columns() where comment is null and not internal "
        "union all select table_name, '' from duckdb_tables() where comment is null",
    )
    assert missing == []


def test_every_record_is_cross_referenced_exactly_once(demo_days):
    with connect(demo_days.settings, read_only=True) as con:
        records = {row[0] for row in con.execute("select record_id from int_party__record").fetchall()}
    assert set(demo_days.days[DAYS[-1]].xref) == records
    customers = {row[0] for row in published(demo_days.settings, "select golden_id from customer")}
    assert customers == set(demo_days.days[DAYS[-1]].xref.values())


def test_customers_are_the_connected_components_of_their_links(demo_days):
    """A second way to the same answer: networkx on the published pairs never joins two customers by itself."""
    graph = networkx.Graph()
    with connect(demo_days.settings, read_only=True) as con:
        identity = dict(
            con.execute("select record_id, golden_id from party_identity where valid_to is null").fetchall()
        )
        pairs = con.execute("select record_id_l, record_id_r from match_pair where verdict = 'link'").fetchall()
    graph.add_nodes_from(identity)
    graph.add_edges_from(pair for pair in pairs if identity[pair[0]] == identity[pair[1]])
    components = {frozenset(component) for component in networkx.connected_components(graph)}
    customers: dict[str, set[str]] = {}
    for record, golden_id in identity.items():
        customers.setdefault(golden_id, set()).add(record)
    assert components == {frozenset(records) for records in customers.values()}


def test_the_customer_360_adds_up_to_the_sources(demo_days):
    """Deposits per customer against the last balances of the raw tables, computed apart."""
    with connect(demo_days.settings, read_only=True) as con:
        (expected,) = con.execute(
            "select sum(bal) from (select arg_max(bal, bal_dt) as bal from raw_core__daily_balance b "
            "join raw_core__account a using (acct_no) group by acct_no)"
        ).fetchone()
        (found,) = con.execute("select sum(deposit_balance) from customer_360").fetchone()
    assert float(found) == pytest.approx(float(expected))


def test_the_unit_tests_of_the_dbt_models_pass(demo_days):
    """Here, because a unit test needs its model's inputs to exist; the daily run leaves them out."""
    command = ["test", "--select", "test_type:unit"]
    result = invoke(demo_days.settings, command, DAYS[-1], ledger.run_id_of(DAYS[-1]))
    assert result.returncode == 0, result.stdout[-2000:]
    results = json.loads((demo_days.settings.home / "dbt" / "target" / "run_results.json").read_text(encoding="utf-8"))
    assert len(results["results"]) >= 10


def test_people_and_organizations_are_resolved_well_even_at_this_size(demo_days):
    report = evaluate(demo_days.settings)
    assert report["person"]["precision"] >= 0.98
    assert report["person"]["recall"] >= 0.93
    assert report["organization"]["precision"] >= 0.97
    assert report["organization"]["recall"] >= 0.90


def test_no_canary_is_in_anything_published_or_logged(demo_days):
    """Published files, ledger, quality pages, dbt artefacts, the steward's store: searched as bytes and as text."""
    home = demo_days.settings.home
    private = {home / "demo", home / "demo-truth", home / "landing"}  # sources and their immutable copies are clear
    haystacks = [path for path in files_below(home) if not any(folder in path.parents for folder in private)]
    assert any(path.name == "customer.duckdb" for path in haystacks)
    planted = [value.encode() for value in canaries(demo_days.settings)]
    assert len(planted) >= 20
    for path in haystacks:
        try:
            content = path.read_bytes()
        except FileNotFoundError:  # the running server drops a cache of its own at any moment
            assert home / "postgres" in path.parents
            continue
        found = [value for value in planted if value in content]
        assert not found, f"{path.relative_to(home)} holds {len(found)} planted values"


def test_no_canary_is_in_any_published_text(demo_days):
    """The same through the tables, where compression could hide a value from a search for bytes."""
    planted = canaries(demo_days.settings)
    for table in load_policy(demo_days.settings).tables:
        text = published(demo_days.settings, f"select t::varchar from {table} t")
        blob = "\n".join(row[0] for row in text)
        assert sum(value in blob for value in planted) == 0, table


def test_masks_have_the_promised_form(demo_days):
    rows = published(
        demo_days.settings, "select name, mobile, document_number from customer where party_type = 'person'"
    )
    assert all(name is None or "*" in name for name, _, _ in rows)
    mobiles = [mobile for _, mobile, _ in rows if mobile]
    assert mobiles and all(mobile[3:7] == "****" and len(mobile) == 11 for mobile in mobiles)
    numbers = [number for _, _, number in rows if number and len(number) == 18]
    assert numbers and all(number[6:14] == "********" for number in numbers)


def test_another_process_reads_the_published_file_while_the_warehouse_is_written(demo_days):
    code = (
        "import duckdb, sys\n"
        "con = duckdb.connect(sys.argv[1], read_only=True)\n"
        "print(con.execute('select count(*) from customer').fetchone()[0])\n"
    )
    path = str(demo_days.settings.published_dir / "current" / "customer.duckdb")
    with connect(demo_days.settings) as con:
        con.execute("create or replace table scratch_writer as select 1 as a")
        result = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
        con.execute("drop table scratch_writer")
    assert int(result.stdout) == len(published(demo_days.settings, "select golden_id from customer"))


def test_the_published_file_needs_no_key_and_refuses_writing(demo_days):
    path = str(demo_days.settings.published_dir / "current" / "customer.duckdb")
    with duckdb.connect(path, read_only=True) as con, pytest.raises(duckdb.Error):
        con.execute("delete from customer")


def test_parquet_beside_the_file_says_the_same(demo_days):
    folder = demo_days.settings.published_dir / "current"
    for table in TABLES:
        difference = published(
            demo_days.settings,
            f"(select * from {table} except select * from read_parquet('{folder}/{table}.parquet')) union all "
            f"(select * from read_parquet('{folder}/{table}.parquet') except select * from {table})",
        )
        assert difference == []


def test_the_ledger_tells_every_step_of_every_attempt(demo_days):
    runs = ledger.runs(demo_days.settings)
    assert [(run["run_id"], run["attempt"], run["status"]) for run in reversed(runs)] == [
        (f"run-{DAYS[0]}", 1, "succeeded"),
        (f"run-{DAYS[1]}", 1, "succeeded"),
        (f"run-{DAYS[1]}", 2, "succeeded"),
    ]
    assert all(step["seconds"] is not None for run in runs for step in run["steps"])


def test_an_earlier_day_is_refused_in_one_line(demo_days):
    result = mdm(demo_days.settings, "run", "--as-of", str(FIRST))
    assert result.returncode == 18
    assert result.stderr.splitlines() == [
        f"mdm: day {FIRST}: {DAYS[-1]} was already run; run {DAYS[-1]} again or a later day"
    ]


def test_status_for_machines(demo_days):
    report = json.loads(mdm(demo_days.settings, "status", "--format", "json").stdout)
    assert report["published"]["as_of"] == str(DAYS[-1])
    assert {source["source"] for source in report["sources"]} == set(
        ("call", "card", "core", "counter", "credit", "ebank", "registry", "wealth")
    )


def test_query_and_explain_show_masked_values_only(demo_days):
    golden_id = published(
        demo_days.settings, "select golden_id from customer_xref group by all having count(*) > 2 order by 1 limit 1"
    )[0][0]
    shown = mdm(demo_days.settings, "explain", golden_id, "--format", "json")
    explanation = json.loads(shown.stdout)
    assert {record["record_id"] for record in explanation["records"]} == {
        record for record, golden in demo_days.days[DAYS[-1]].xref.items() if golden == golden_id
    }
    assert explanation["values"] and explanation["edges"]
    queried = mdm(demo_days.settings, "query", "select * from customer", "--format", "csv")
    for value in canaries(demo_days.settings):
        assert value not in shown.stdout
        assert value not in queried.stdout


def test_an_unknown_customer_is_one_line(demo_days):
    result = mdm(demo_days.settings, "explain", "G9999999999")
    assert result.returncode == 18
    assert len(result.stderr.splitlines()) == 1


def mdm(settings, *arguments: str) -> subprocess.CompletedProcess:
    from warehouse.settings import child_environment

    program = [sys.executable, "-m", "dags"]
    environment = child_environment(settings)
    return subprocess.run(
        [*program, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
