"""Published versions: swapped whole, content by hash, kept and rolled back."""

import subprocess
import sys

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.masking_bench import DAY, RUN, built_site, copy_of, next_day
from warehouse import publish as publishing
from warehouse import publish_versions as versions
from warehouse import store
from warehouse.errors import NotFoundError, PublishError
from warehouse.policy import load_policy
from warehouse.publish import publish, rollback
from warehouse.settings import Settings


@pytest.fixture(scope="module")
def built(site_factory) -> Settings:
    """A warehouse whose published models are built once; tests publish copies of it."""
    return built_site(site_factory)


@pytest.fixture
def site(built, tmp_path, monkeypatch) -> Settings:
    """A copy without PostgreSQL, which has its own tests."""
    monkeypatch.setattr(publishing, "publish_postgres", lambda *arguments: False)
    return copy_of(built, tmp_path)


def current(settings: Settings, sql: str) -> list[tuple]:
    with duckdb.connect(str(settings.published_dir / "current" / "customer.duckdb"), read_only=True) as con:
        return con.execute(sql).fetchall()


def test_a_version_is_a_file_parquet_and_a_manifest(site):
    assert publish(site, DAY, RUN) == {"tables": 9, "rows": 16, "new_files": 1, "new_in_postgres": 0}
    policy, folder = load_policy(site), site.published_dir / "current"
    names = {path.name for path in folder.resolve().iterdir()}
    assert names == {"customer.duckdb", "manifest.json", *(f"{table}.parquet" for table in policy.tables)}
    manifest = versions.current_manifest(site)
    assert folder.resolve().name == f"{DAY}-{manifest.content_hash[:12]}" == manifest.version
    for table in policy.tables:
        rows = manifest.tables[table].rows
        assert current(site, f"select count(*) from {table}") == [(rows,)]
        assert pq.read_metadata(folder / f"{table}.parquet").num_rows == rows


def test_every_table_and_column_is_described_by_the_registry(site):
    publish(site, DAY, RUN)
    policy = load_policy(site)
    found = dict(
        current(site, "select table_name || '.' || column_name, comment from duckdb_columns() where not internal")
    )
    found |= dict(current(site, "select table_name, comment from duckdb_tables()"))
    for table in policy.tables.values():
        assert found.pop(table.name) == table.description
        for column in table.columns:
            assert found.pop(f"{table.name}.{column.name}") == column.description
    assert found == {}


def test_publishing_the_same_again_changes_nothing(site):
    publish(site, DAY, RUN)
    before = {path: path.stat().st_mtime_ns for path in site.published_dir.rglob("*")}
    assert publish(site, DAY, RUN)["new_files"] == 0
    assert {path: path.stat().st_mtime_ns for path in site.published_dir.rglob("*")} == before


def test_a_rebuilt_warehouse_with_other_row_order_has_the_same_hash(site):
    publish(site, DAY, RUN)
    before = versions.current_manifest(site)
    with store.connect(site) as con:
        con.execute("create or replace table published_customer as from published_customer order by golden_id desc")
    assert publish(site, DAY, RUN)["new_files"] == 0
    assert versions.current_manifest(site) == before


def test_a_reader_keeps_the_version_it_opened(site):
    publish(site, DAY, RUN)
    with duckdb.connect(str(site.published_dir / "current" / "customer.duckdb"), read_only=True) as reader:
        day, run = next_day(site)
        publish(site, day, run)
        assert reader.execute("select distinct as_of from customer").fetchall() == [(DAY,)]
    assert current(site, "select distinct as_of from customer") == [(day,)]


def test_old_versions_go_and_the_current_one_stays(site):
    limited = site.model_copy(update={"publish": site.publish.model_copy(update={"keep_versions": 2})})
    publish(limited, DAY, RUN)
    first = versions.current_manifest(limited).version
    for days in (1, 2):
        publish(limited, *next_day(limited, days))
    assert len(versions.kept(limited)) == 2
    assert first not in versions.kept(limited)
    assert (limited.published_dir / "current").resolve().name == versions.kept(limited)[0]


def test_roll_back_and_forward(site):
    publish(site, DAY, RUN)
    with pytest.raises(NotFoundError, match="no version before"):
        rollback(site)
    first = versions.current_manifest(site).version
    day, run = next_day(site)
    publish(site, day, run)
    assert rollback(site) == first
    assert current(site, "select distinct as_of from customer") == [(DAY,)]
    assert publish(site, day, run)["new_files"] == 1
    assert current(site, "select distinct as_of from customer") == [(day,)]
    with pytest.raises(NotFoundError, match="no such published version"):
        rollback(site, "2020-01-01-abc")


def test_what_a_killed_build_left_is_removed_and_the_old_version_stayed(site):
    publish(site, DAY, RUN)
    remains = versions.new_folder(site)
    (remains / "customer.duckdb").write_bytes(b"half")
    day, run = next_day(site)
    publish(site, day, run)
    assert not remains.exists()
    assert current(site, "select distinct as_of from customer") == [(day,)]


def test_a_full_disk_leaves_the_old_version(site):
    publish(site, DAY, RUN)
    day, run = next_day(site)
    script = (
        "import resource, signal, datetime\n"
        "from warehouse import publish as publishing\n"
        "from warehouse.errors import PublishError\n"
        "from warehouse.settings import load_settings\n"
        "publishing.publish_postgres = lambda *arguments: False\n"
        f"site = load_settings(environ={{'MDM_HOME': {str(site.home)!r}, 'MDM_KEY_FILE': {str(site.key_file)!r}}})\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        f"try: publishing.publish(site, datetime.date.fromisoformat('{day}'), '{run}')\n"
        "except PublishError as error: raise SystemExit('REFUSED ' + str(error))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "REFUSED" in done.stderr
    assert "the old version stays" in done.stderr
    assert current(site, "select distinct as_of from customer") == [(DAY,)]
    assert publish(site, day, run)["new_files"] == 1


def test_a_column_the_registry_does_not_know_is_not_published(site):
    with store.connect(site) as con:
        con.execute("alter table published_customer add column nickname varchar")
        con.execute("alter table published_account drop column product")
        con.execute("create table published_extra (a integer)")
    with pytest.raises(PublishError) as refusal:
        publish(site, DAY, RUN)
    text = str(refusal.value)
    assert "customer.nickname has no entry" in text
    assert "tables.account.columns.product is not published" in text
    assert "published table extra has no entry" in text
    assert not (site.published_dir / "current").exists()


def test_a_damaged_copy_is_noticed(site, monkeypatch):
    real = publishing._load

    def damaged(settings, policy, folder):
        real(settings, policy, folder)
        with duckdb.connect(str(folder / versions.DATABASE)) as con:
            con.execute("update customer set sex = 'X'")

    monkeypatch.setattr(publishing, "_load", damaged)
    with pytest.raises(PublishError, match="table customer differs"):
        publish(site, DAY, RUN)
    assert not (site.published_dir / "current").exists()
