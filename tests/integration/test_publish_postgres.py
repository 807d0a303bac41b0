"""PostgreSQL for BI tools: rows by branch, columns by role, readers that never wait nor see a half day."""

import datetime as dt
import stat
import threading

import duckdb
import psycopg
import pytest
import yaml

from tests.masking_bench import DAY, RUN, built_site, copy_of, next_day
from warehouse import store
from warehouse.errors import PublishError
from warehouse.organization import load_branches
from warehouse.policy import load_policy
from warehouse.publish import publish, rollback
from warehouse.publish_access import read_passwords, roles_path
from warehouse.publish_postgres import embedded_server, publisher_url, reader_url
from warehouse.publish_versions import current_manifest
from warehouse.settings import Settings


@pytest.fixture(scope="module")
def site(site_factory, tmp_path_factory) -> Settings:
    """A site published to its embedded server; the tests of this file share the server."""
    copy = copy_of(built_site(site_factory), tmp_path_factory.mktemp("postgres") / "var")
    publish(copy, DAY, RUN)
    yield copy
    embedded_server(copy).stop()


def ask(settings: Settings, login: str, query: str) -> list[tuple]:
    with psycopg.connect(reader_url(settings, login)) as con:
        return con.execute(query).fetchall()


def own(settings: Settings, query: str) -> list[tuple]:
    with psycopg.connect(publisher_url(settings)) as con:
        return con.execute(query).fetchall()


def day_of(settings: Settings) -> dt.date:
    return own(settings, "select as_of from mdm.publish_info")[0][0]


@pytest.mark.parametrize(("login", "branches"), [
    ("bi_head_office", {"801001", "802001", None}),
    ("bi_branch_800001", {"801001", "802001"}),
    ("bi_branch_801000", {"801001"}),
    ("bi_branch_801001", {"801001"}),
    ("bi_branch_802000", {"802001"}),
    ("bi_branch_803000", set()),
])  # fmt: skip
def test_a_role_sees_the_rows_of_its_branch_and_those_below(site, login, branches):
    assert {code for (code,) in ask(site, login, "select branch_code from customer")} == branches


def test_every_table_is_limited_to_the_branch(site):
    for table in load_policy(site).tables:
        assert ask(site, "bi_branch_803001", f"select count(*) from {table}") == [(0,)]
        assert ask(site, "bi_head_office", f"select count(*) > 0 from {table}") == [(True,)]


@pytest.mark.parametrize("query", [
    "select * from customer", "select document_number from customer", "select aum from customer_360",
    "select record_id from customer_xref", "select customer from customer",
    "select count(document_number) from customer",
    "select golden_id from customer where document_number like '1%'", "select balance from account",
])  # fmt: skip
def test_a_forbidden_column_is_refused_in_any_place(site, query):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(site, "bi_branch_801000", query)


def test_granted_columns_are_exactly_those_of_the_registry(site):
    rows = own(site, "select grantee, table_name, column_name from information_schema.column_privileges "
                     "where table_schema = 'mdm' and privilege_type = 'SELECT' and grantee like 'bi\\_%'")  # fmt: skip
    policy = load_policy(site)
    expected = {(role, t.name, column) for role in policy.roles for t in policy.tables.values()
                for column in t.readable_by(role)}  # fmt: skip
    assert {row for row in rows if row[1] not in ("role_branch", "publish_info")} == expected


def test_the_head_office_may_read_whole_rows_but_no_clear_number(site):
    text = str(ask(site, "bi_head_office", "select * from customer")) + str(
        ask(site, "bi_head_office", "table account")
    )
    assert "110105********002X" in text
    assert "11010519491231002X" not in text


@pytest.mark.parametrize("query", [
    "delete from customer", "insert into role_branch values ('bi_branch_801001', '802001')", "create table t (a int)",
    "create temp table t (a int)", "update publish_info set run_id = ''",
    "alter table customer disable row level security",
])  # fmt: skip
def test_a_reader_writes_nothing_even_when_it_allows_itself_to(site, query):
    with psycopg.connect(reader_url(site, "bi_branch_801001"), autocommit=True) as con:
        con.execute("set default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            con.execute(query)


def test_taking_the_role_of_the_group_shows_nothing(site):
    with psycopg.connect(reader_url(site, "bi_branch_801001"), autocommit=True) as con:
        con.execute("set role bi_branch")
        assert con.execute("select count(*) from customer").fetchall() == [(0,)]


def test_a_view_of_the_publisher_is_limited_too_when_it_runs_as_its_reader(site):
    with psycopg.connect(publisher_url(site), autocommit=True) as con:
        con.execute(
            "create view mdm.women with (security_invoker = true) as select golden_id from mdm.customer where sex = 'F'"
        )
        con.execute("grant select on mdm.women to bi_branch")
    assert len(ask(site, "bi_branch_802001", "select * from women")) == 1
    publish(site, *next_day(site, 1))
    assert len(own(site, "select * from mdm.women")) == 3  # the view survives a publish
    with psycopg.connect(publisher_url(site), autocommit=True) as con:
        con.execute("drop view mdm.women")


def test_strangers_may_not_connect(site):
    with psycopg.connect(publisher_url(site), autocommit=True) as con:
        con.execute("create role stranger login password 'stranger'")
    url = reader_url(site, "bi_branch_801001")
    password = read_passwords(site)["bi_branch_801001"]
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url.replace(f"bi_branch_801001:{password}", "stranger:stranger"))
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url.replace(password, "wrong"))


def test_passwords_lie_in_a_file_of_the_owner(site):
    assert stat.S_IMODE(roles_path(site).stat().st_mode) == 0o600
    logins = {"bi_head_office", *(f"bi_branch_{branch.code}" for branch in load_branches(site))}
    assert set(read_passwords(site)) == logins
    with pytest.raises(PublishError, match="unknown"):
        reader_url(site, "bi_branch_999999")


def test_every_table_and_column_has_a_comment(site):
    missing = own(site, "select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid "
                        "where c.relnamespace = 'mdm'::regnamespace and c.relkind = 'r' and a.attnum > 0 "
                        "and not a.attisdropped and (col_description(c.oid, a.attnum) is null "
                        "or obj_description(c.oid) is null)")  # fmt: skip
    assert missing == []


def test_the_rows_are_those_of_the_file(site):
    with duckdb.connect(str(site.published_dir / "current" / "customer.duckdb"), read_only=True) as con:
        for table, entry in load_policy(site).tables.items():
            order = ", ".join(entry.key)
            columns = ", ".join(column.name for column in entry.columns)
            expected = con.execute(f"select {columns} from {table} order by {order}").fetchall()
            assert own(site, f'select {columns} from mdm.{table} order by {order} collate "C"' if len(entry.key) == 1
                       else f"select {columns} from mdm.{table} order by {order}") == expected  # fmt: skip


def test_the_same_content_is_not_written_twice(site):
    manifest = current_manifest(site)
    before = own(site, "select xmin, ctid, golden_id from mdm.customer order by 3")
    counts = publish(site, dt.date.fromisoformat(manifest.as_of), manifest.run_id)
    assert counts["new_in_postgres"] == 0
    assert own(site, "select xmin, ctid, golden_id from mdm.customer order by 3") == before


def test_readers_see_one_whole_day_while_a_publish_swaps(site):
    """Loops of readers, each in one repeatable read: the tables agree on the day and are never empty."""
    stop, wrong, seen = threading.Event(), [], set()

    def read() -> None:
        with psycopg.connect(reader_url(site, "bi_head_office"), autocommit=True) as con:
            con.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            while not stop.is_set():
                with con.transaction():
                    row = con.execute(
                        "select (select count(*) from customer), (select min(run_id) from customer), "
                        "(select max(run_id) from customer)"
                    ).fetchone()
                    later = con.execute("select min(run_id), max(run_id), count(*) from account").fetchone()
                seen.add(row[1])
                if row[0] != 4 or {*row[1:], *later[:2]} != {row[1]} or later[2] != 1:
                    wrong.append((row, later))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for days in (2, 3, 4):
            publish(site, *next_day(site, days))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert len(seen) >= 2


def test_an_open_transaction_of_a_reader_neither_waits_nor_makes_wait(site):
    with psycopg.connect(reader_url(site, "bi_head_office")) as con:
        con.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        before = con.execute("select distinct run_id from customer").fetchall()
        day, run = next_day(site, 5)
        publish(site, day, run)
        assert con.execute("select distinct run_id from customer").fetchall() == before
        con.rollback()
        assert con.execute("select distinct run_id from customer").fetchall() == [(run,)]


def test_a_rollback_reaches_postgres(site):
    first = current_manifest(site).version
    before = day_of(site)
    publish(site, *next_day(site, 6))
    rollback(site, first)
    assert day_of(site) == before


def test_a_killed_publish_is_finished_by_the_next(site):
    """Killed after the files were swapped and while PostgreSQL was loading: the next publish brings it up to date."""
    day, run = next_day(site, 7)
    with psycopg.connect(publisher_url(site), autocommit=True) as con:
        con.execute("create schema mdm_staging")
        con.execute("create table mdm_staging.customer (half int)")
        con.execute("update mdm.publish_info set content_hash = 'of an earlier version'")
    assert publish(site, day, run)["new_in_postgres"] == 1
    assert day_of(site) == day
    assert own(site, "select 1 from pg_namespace where nspname = 'mdm_staging'") == []


def test_a_changed_column_is_published_with_its_type_and_grants(site):
    with psycopg.connect(publisher_url(site), autocommit=True) as con:
        con.execute("alter table mdm.segment_member drop column since")
        con.execute("alter table mdm.segment_member add column obsolete text")
    day, run = next_day(site, 8)
    publish(site, day, run)
    assert ask(site, "bi_branch_801001", "select golden_id, since from segment_member") == [("G0000000001", DAY)]
    with pytest.raises(psycopg.errors.UndefinedColumn):
        own(site, "select obsolete from mdm.segment_member")


def test_branches_come_and_go_by_configuration(site, tmp_path):
    content = yaml.safe_load((site.config_dir / "branches.yml").read_text(encoding="utf-8"))["branches"]
    changed = [branch for branch in content if branch["code"] != "803008"]
    changed.append({"code": "801009", "name_zh": "新设分理处", "name_en": "New", "parent": "801000"})
    (tmp_path / "branches.yml").write_text(yaml.safe_dump({"branches": changed}), encoding="utf-8")
    (tmp_path / "policy.yml").write_bytes((site.config_dir / "policy.yml").read_bytes())
    gone = reader_url(site, "bi_branch_803008")
    other = site.model_copy(update={"config_dir": tmp_path})
    manifest = current_manifest(site)
    publish(other, dt.date.fromisoformat(manifest.as_of), manifest.run_id)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(gone)
    assert "bi_branch_803008" not in read_passwords(other)
    assert ask(other, "bi_branch_801009", "select count(*) from customer") == [(0,)]
    seen = own(other, "select branch_code from mdm.role_branch where role_name = 'bi_branch_801000'")
    assert ("801009",) in seen
    publish(site, dt.date.fromisoformat(manifest.as_of), manifest.run_id)
    assert ask(site, "bi_branch_803008", "select count(*) from customer") == [(0,)]


def test_a_lost_password_file_is_made_anew(site):
    roles_path(site).unlink()
    manifest = current_manifest(site)
    publish(site, dt.date.fromisoformat(manifest.as_of), manifest.run_id)
    assert ask(site, "bi_branch_801001", "select count(*) from customer") == [(2,)]


def test_a_server_that_is_away_is_one_line_without_the_password(site, tmp_path):
    url = "postgresql://mdm:secret-word@127.0.0.1:9/customer"
    other = copy_of(site, tmp_path)
    other = other.model_copy(update={"publish": site.publish.model_copy(update={"postgres_url": url})})
    with pytest.raises(PublishError) as refusal:
        publish(other, DAY, RUN)
    assert "secret-word" not in str(refusal.value)
    assert len(refusal.value.problems) == 1


def test_another_server_by_url(site, tmp_path):
    """Any server: here another database of the same one, given by URL. Last, because logins belong to the server."""
    url = embedded_server(site).create_database("warehouse_of_the_bank")
    update = {"publish": site.publish.model_copy(update={"postgres_url": url, "postgres_schema": "master"})}
    other = copy_of(site, tmp_path).model_copy(update=update)
    with store.connect(other, read_only=True) as con:
        day, run = con.execute("select as_of, run_id from published_account").fetchone()
    assert publish(other, day, run)["new_in_postgres"] == 1
    assert ask(other, "bi_branch_801001", "select count(*) from customer") == [(2,)]
