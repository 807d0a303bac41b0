"""The embedded PostgreSQL server: starts, starts again, survives kills and neighbours."""

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from warehouse.embedded_pg import EmbeddedPostgres
from warehouse.errors import UserError


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pg")
    folder.chmod(0o700)
    server = EmbeddedPostgres(folder / "data", superuser="owner")
    server.start()
    yield server
    server.stop()


def ask(url: str, query: str) -> list[tuple]:
    with psycopg.connect(url) as con:
        return con.execute(query).fetchall()


def pid_of(server: EmbeddedPostgres) -> int:
    return int((server.data_dir / "postmaster.pid").read_text().splitlines()[0])


def kill(server: EmbeddedPostgres) -> None:
    pid = pid_of(server)
    os.kill(pid, signal.SIGKILL)
    while server.is_running():
        time.sleep(0.05)


def test_starting_again_keeps_server_and_address(server):
    pid = pid_of(server)
    assert server.start() == server.url() == server.url("postgres")
    assert pid_of(server) == pid
    assert EmbeddedPostgres(server.data_dir, superuser="owner").is_running()


def test_only_the_loopback_address_and_only_with_the_password(server):
    assert ask(server.url(), "show listen_addresses") == [("127.0.0.1",)]
    assert ask(server.url(), "show unix_socket_directories") == [("",)]
    password = server.url().split(":")[2].split("@")[0]
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url().replace(password, "wrong"))
    secret = server.data_dir.with_name("data.password")
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert secret.read_text() == password


def test_the_server_does_not_run_as_root(server):
    uid = Path(f"/proc/{pid_of(server)}").stat().st_uid
    assert uid != 0
    assert uid == server.data_dir.stat().st_uid


def test_a_database_is_made_once(server):
    url = server.create_database("core")
    with psycopg.connect(url) as con:
        con.execute("create table kept (value text)")
        con.execute("insert into kept values ('乐平')")
    assert server.create_database("core") == url
    assert ask(url, "select value, length(value) from kept") == [("乐平", 2)]


def test_a_killed_server_comes_back_with_its_data(server):
    url = server.create_database("killed")
    with psycopg.connect(url) as con:
        con.execute("create table kept as select 1 as value")
    kill(server)
    server.start()
    assert ask(url, "select value from kept") == [(1,)]


def test_a_process_number_taken_by_a_stranger_after_a_restart_is_not_believed(server):
    server.stop()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        lines = [str(stranger.pid), str(server.data_dir), "0", "1", "", "127.0.0.1", "", "ready"]
        (server.data_dir / "postmaster.pid").write_text("\n".join(lines) + "\n")
        assert not server.is_running()
        server.start()
        assert ask(server.url(), "select 1") == [(1,)]
    finally:
        stranger.kill()
        stranger.wait()


def test_a_taken_port_is_given_up(server):
    server.stop()
    port = int(server.data_dir.with_name("data.port").read_text())
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        url = server.start()
        assert f":{port}/" not in url
        assert ask(url, "select 1") == [(1,)]


def test_a_killed_server_keeps_the_port_that_closes_a_moment_later(server):
    url = server.start()
    killed = (server.data_dir / "postmaster.pid").read_text()
    server.stop()
    (server.data_dir / "postmaster.pid").write_text(killed)
    port = int(server.data_dir.with_name("data.port").read_text())
    closing = socket.socket()
    closing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    closing.bind(("127.0.0.1", port))
    closing.listen()
    later = threading.Timer(1, closing.close)
    later.start()
    assert server.start() == url
    assert ask(url, "select 1") == [(1,)]
    later.join()


def test_two_processes_may_start_it_at_once(server):
    server.stop()
    script = (
        "import sys, pathlib; from warehouse.embedded_pg import EmbeddedPostgres; "
        "print(EmbeddedPostgres(pathlib.Path(sys.argv[1]), 'owner').start())"
    )
    command = [sys.executable, "-c", script, str(server.data_dir)]
    found = []
    threads = [
        threading.Thread(
            target=lambda: found.append(subprocess.run(command, capture_output=True, text=True, check=True))
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {done.stdout.strip() for done in found} == {server.url()}
    assert len(found) == 2


def test_a_half_made_data_folder_is_made_anew(tmp_path):
    (tmp_path / "data.initial").mkdir()
    (tmp_path / "data.initial" / "half").write_text("")
    fresh = EmbeddedPostgres(tmp_path / "data")
    try:
        assert ask(fresh.start(), "select current_user") == [("mdm",)]
    finally:
        fresh.stop()
    assert not fresh.is_running()
    fresh.stop()  # stopping what is stopped is nothing


def test_a_server_that_cannot_start_is_one_line(tmp_path):
    broken = EmbeddedPostgres(tmp_path / "data")
    broken.data_dir.mkdir()
    (broken.data_dir / "PG_VERSION").write_text("9.0\n")
    with pytest.raises(UserError, match="pg_ctl failed") as refusal:
        broken.start()
    assert len(refusal.value.problems) == 1


def test_its_log_shows_no_values(server):
    with pytest.raises(psycopg.errors.InvalidTextRepresentation), psycopg.connect(server.start()) as con:
        con.execute("select cast('secret-value' as int) from (select 'another-secret') as t")
    log = (server.data_dir / "server.log").read_text()
    assert "ready to accept connections" in log
    assert "secret" not in log
