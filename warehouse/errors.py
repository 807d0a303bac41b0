"""Errors a person can act on. Anything that is not a `UserError` is a defect and keeps its traceback.

A message says what, where (file, row, column: never the value), and what to do. Several problems of one input are
raised together: pass them all, they print one per line.
"""

from __future__ import annotations


class UserError(Exception):
    """A problem the user can solve; printed as plain lines, without a traceback, with its own exit code."""

    exit_code = 10

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class SettingsError(UserError):
    """A setting or a file under `config/` is wrong, unknown or missing."""

    exit_code = 11


class KeyFileError(UserError):
    """The warehouse key is missing, unreadable or does not open the warehouse."""

    exit_code = 12


class SourceError(UserError):
    """A source system could not deliver: unreachable, incomplete, truncated, or not as its contract says."""

    exit_code = 13


class GateError(UserError):
    """A quality expectation with severity `fail` does not hold."""

    exit_code = 14


class BusyError(UserError):
    """Another process holds what this one must write."""

    exit_code = 15


class PublishError(UserError):
    """The published version could not be built or verified; the previous one stays."""

    exit_code = 16


class DecisionError(UserError):
    """A steward's decision contradicts itself or another, or names what does not exist."""

    exit_code = 17


class NotFoundError(UserError):
    """What was asked for (a golden id, a step, a day) does not exist."""

    exit_code = 18


class TransformError(UserError):
    """A dbt model or test failed; the message names it, never its rows."""

    exit_code = 19
