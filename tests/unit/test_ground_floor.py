"""Keys, the encrypted store, the lock, the ledger, the organization tree, the guard, the error family."""

import datetime as dt
import subprocess
import sys

import duckdb
import pytest

from dags.guard import no_truth
from warehouse import errors, ledger
from warehouse.errors import BusyError, KeyFileError, SettingsError, UserError
from warehouse.keys import create_key, derive_key, key_path, master_key
from warehouse.lock import exclusive
from warehouse.organization import load_branches, scope
from warehouse.settings import ROOT, load_settings
from warehouse.store import connect, table_exists

DAY = dt.date(2026, 3, 2)


def family() -> list[type[UserError]]:
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, UserError)]


def test_every_user_error_has_its_own_exit_code():
    codes = [kind.exit_code for kind in family()]
    assert len(codes) == len(set(codes))
    assert all(2 < code < 64 for code in codes)


@pytest.mark.parametrize("kind", family())
def test_an_error_keeps_all_its_problems(kind):
    error = kind("one", "two")
    assert error.problems == ("one", "two")
    assert str(error) == "one\ntwo"


def test_the_key_is_made_once_and_only_for_its_owner(settings):
    first = master_key(settings)
    create_key(settings)
    assert master_key(settings) == first
    assert key_path(settings).stat().st_mode & 0o077 == 0


def test_each_purpose_has_its_own_key(settings):
    keys = {derive_key(settings, purpose) for purpose in ("payload", "token", "session")}
    assert len(keys) == 3
    assert {len(key) for key in keys} == {32}


def test_a_missing_or_malformed_key_is_told_without_the_key(settings):
    key_path(settings).write_text("not-a-key")
    with pytest.raises(KeyFileError) as caught:
        master_key(settings)
    assert "not-a-key" not in str(caught.value)
    key_path(settings).unlink()
    with pytest.raises(KeyFileError, match="no key file"):
        master_key(settings)


def test_the_warehouse_file_is_encrypted(settings):
    with connect(settings) as con:
        con.execute("create table t as select 'CANARY-IN-CLEAR' as a from range(1000)")
    assert b"CANARY-IN-CLEAR" not in settings.warehouse_path.read_bytes()
    with pytest.raises(duckdb.Error, match="encrypted"):
        duckdb.connect(str(settings.warehouse_path))


def test_another_key_does_not_open_the_warehouse(settings, tmp_path):
    with connect(settings) as con:
        con.execute("create table t as select 1 as a")
    key_path(settings).write_text("0" * 64)
    with pytest.raises(KeyFileError, match="does not open"), connect(settings):
        pass


def test_the_engine_reads_only_the_folders_of_the_line(settings):
    settings.truth_dir.mkdir(parents=True)
    (settings.truth_dir / "truth.csv").write_text("a\n1\n")
    with connect(settings) as con:
        with pytest.raises(duckdb.PermissionException):
            con.execute(f"select * from read_csv('{settings.truth_dir}/truth.csv')")
        with pytest.raises(duckdb.Error):
            con.execute("set enable_external_access = true")


def test_a_second_writer_is_told_to_wait(settings):
    with connect(settings) as con:
        con.execute("create table t as select 1 as a")
        code = (
            "from warehouse.settings import load_settings\nfrom warehouse.store import connect\n"
            f"settings = load_settings(environ={{'MDM_HOME': {str(settings.home)!r}}})\n"
            "try:\n    connect(settings).__enter__()\nexcept Exception as error:\n    print(type(error).__name__)\n"
        )
        other = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == "BusyError"


def test_table_exists(settings):
    with connect(settings) as con:
        con.execute("create view seen as select 1 as a")
        assert table_exists(con, "seen")
        assert not table_exists(con, "unseen")


def test_a_lock_is_exclusive_and_freed_by_death(tmp_path):
    path = tmp_path / "run.lock"
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom warehouse.lock import exclusive\n"
        "from warehouse.errors import BusyError\n"
        f"with exclusive(Path({str(path)!r}), BusyError('busy')):\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(BusyError), exclusive(path, BusyError("busy")):
        pass
    holder.kill()
    holder.wait()
    with exclusive(path, BusyError("busy")):
        assert path.exists()


def test_the_ledger_counts_attempts_and_marks_the_interrupted(settings):
    assert ledger.newest_day(settings) is None
    run_id = ledger.start_run(settings, DAY, "mdm")
    assert ledger.start_run(settings, DAY, "mdm") == run_id == "run-2026-03-02"
    with ledger.record_step(settings, run_id, "link") as counts:
        counts["customers"] = 7
    ledger.end_run(settings, run_id, "succeeded")
    second, first = ledger.runs(settings)
    assert (first["attempt"], first["status"]) == (1, "interrupted")
    assert (second["attempt"], second["status"]) == (2, "succeeded")
    assert [(step["name"], step["counts"]) for step in second["steps"]] == [("link", {"customers": 7})]
    assert ledger.newest_day(settings) == DAY


def test_the_ledger_keeps_our_words_but_not_those_of_strange_errors(settings):
    run_id = ledger.start_run(settings, DAY, "mdm")
    with pytest.raises(ValueError), ledger.record_step(settings, run_id, "stage"):
        raise ValueError("张三 13812345678")
    with pytest.raises(UserError), ledger.record_step(settings, run_id, "stage"):
        raise UserError("file x: 3 rows missing")
    messages = [step["message"] for step in ledger.runs(settings)[0]["steps"]]
    assert messages == ["ValueError", "file x: 3 rows missing"]


def test_a_branch_sees_itself_and_below():
    branches = load_branches(load_settings(environ={}))
    assert scope(branches, "801003") == {"801003"}
    assert len(scope(branches, "801000")) == 9
    assert len(scope(branches, "800001")) == len(branches) == 28


def test_a_broken_organization_tree_is_told_whole(tmp_path):
    (tmp_path / "branches.yml").write_text(
        "branches:\n"
        "- {code: a, name_zh: 甲, name_en: A, parent: z}\n"
        "- {code: a, name_zh: 甲, name_en: A, parent: null}\n"
    )
    with pytest.raises(SettingsError) as caught:
        load_branches(load_settings(tmp_path, {}))
    assert len(caught.value.problems) == 2


def test_a_step_cannot_open_the_truth(tmp_path):
    truth = tmp_path / "demo-truth"
    truth.mkdir()
    (truth / "truth.parquet").write_bytes(b"x")
    with no_truth(truth):
        with pytest.raises(PermissionError, match="truth"):
            (truth / "truth.parquet").read_bytes()
        with pytest.raises(PermissionError):
            list(truth.iterdir())
    assert (truth / "truth.parquet").read_bytes() == b"x"
