"""Child processes that end when we end, however we end."""

from __future__ import annotations

import ctypes
import signal

_PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with_parent() -> None:
    """Given as `preexec_fn`: the kernel kills the child when its parent dies.

    A killed run would otherwise leave dbt behind, which holds the warehouse file; the next run could not start.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
