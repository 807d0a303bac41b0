"""A command as a process of its own: how it ended, and what it and its children took."""

from __future__ import annotations

import math
import os
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LOOK = 0.02  # seconds between two looks whether it has ended
_WEIGH = 0.25  # seconds between two looks at its memory


@dataclass(frozen=True)
class Limits:
    """What a process may take before it is ended; memory is that of all its processes together."""

    seconds: float = math.inf
    gigabytes: float = math.inf


@dataclass(frozen=True)
class Finished:
    """`ended` is `ok`, `time limit`, `memory limit` or `exit code n`."""

    ended: str
    wall: float
    cpu: float
    peak_gb: float
    printed: str

    def then(self, other: Finished) -> Finished:
        """Both, one after the other, as one; what the first printed is left out."""
        peak = max(self.peak_gb, other.peak_gb)
        return Finished(other.ended, self.wall + other.wall, self.cpu + other.cpu, peak, other.printed)


def run(
    command: Sequence[object],
    limits: Limits | None = None,
    errors: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Finished:
    """Run a command to its end, or to a limit.

    Args:
        command: the program and its arguments.
        limits: without any, the peak is that of the largest process (`os.wait4`); with limits its processes are also
            weighed together, four times a second, and that alone counts below our own peak, which a child begins with.
        errors: where standard error goes; nowhere else than ours if not given.
        environment: its whole environment, if not ours.
    """
    begin = time.perf_counter()
    with tempfile.TemporaryFile("w+") as printed, (errors or Path(os.devnull)).open("w") as written:
        child = subprocess.Popen(
            [*map(str, command)], stdout=printed, stderr=written if errors else None, env=environment,
            start_new_session=limits is not None,
        )  # fmt: skip
        ended, used, peak = _watch(child, limits, begin) if limits else _wait(child)
        wall = time.perf_counter() - begin
        largest = used.ru_maxrss
        if limits and largest <= resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:
            largest = 0
        printed.seek(0)
        return Finished(ended, wall, used.ru_utime + used.ru_stime, max(peak, largest / 2**20), printed.read())


def _wait(child: subprocess.Popen[bytes]) -> tuple[str, resource.struct_rusage, float]:
    _, status, used = os.wait4(child.pid, 0)
    return _told(child, status), used, 0.0


def _watch(child: subprocess.Popen[bytes], limits: Limits, begin: float) -> tuple[str, resource.struct_rusage, float]:
    over, peak, weighed = "", 0.0, begin
    while True:
        pid, status, used = os.wait4(child.pid, 0 if over else os.WNOHANG)
        if pid:
            return over or _told(child, status), used, peak
        now = time.perf_counter()
        if now - weighed >= _WEIGH:
            peak, weighed = max(peak, _gigabytes(child.pid)), now
        over = "time limit" if now - begin > limits.seconds else "memory limit" if peak > limits.gigabytes else ""
        if over:
            os.killpg(child.pid, signal.SIGKILL)
        time.sleep(_LOOK)


def _told(child: subprocess.Popen[bytes], status: int) -> str:
    child.returncode = os.waitstatus_to_exitcode(status)
    return f"exit code {child.returncode}" if child.returncode else "ok"


def _gigabytes(group: int) -> float:
    """Memory of a process group; what its processes share counts once."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int((folder / "stat").read_text().rpartition(")")[2].split()[2]) == group:
                lines = (folder / "smaps_rollup").read_text().splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except OSError:  # it has ended meanwhile
            continue
    return total / 2**20
