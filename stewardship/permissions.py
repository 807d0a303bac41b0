"""Who may do what: one table of roles, one table of routes. What stands in neither is refused.

`ROUTES` names every endpoint of the app with the permission it needs and the audit action it leaves behind; the app
does not start with an endpoint that is missing here, and the guard refuses one that slipped in.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """One kind of thing a person may do."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    READ_TASKS = "read_tasks"
    DECIDE = "decide"
    REVEAL = "reveal"
    READ_DECISIONS = "read_decisions"
    UNDO = "undo"
    UNDO_ANY = "undo_any"
    READ_AUDIT = "read_audit"
    APPROVE_RELEASE = "approve_release"


_READ = {Permission.SIGNED_IN, Permission.READ_TASKS, Permission.READ_DECISIONS}
_STEWARD = _READ | {Permission.DECIDE, Permission.REVEAL, Permission.UNDO}
ROLES: dict[str, frozenset[Permission]] = {
    "head_office_steward": frozenset(_STEWARD),
    "branch_steward": frozenset(_STEWARD),
    "supervisor": frozenset(
        _READ
        | {Permission.REVEAL, Permission.UNDO, Permission.UNDO_ANY, Permission.READ_AUDIT, Permission.APPROVE_RELEASE}
    ),
    "auditor": frozenset(_READ | {Permission.READ_AUDIT}),
}


@dataclass(frozen=True)
class Rule:
    """What a route needs, and the audit action that a successful call leaves (None: nothing worth keeping)."""

    permission: Permission
    action: str | None


ROUTES: dict[str, Rule] = {
    "home_page": Rule(Permission.SIGNED_IN, None),
    "health": Rule(Permission.PUBLIC, None),
    "login_page": Rule(Permission.PUBLIC, None),
    "login": Rule(Permission.PUBLIC, "login"),
    "logout": Rule(Permission.SIGNED_IN, "logout"),
    "save_preferences": Rule(Permission.PUBLIC, None),
    "queue_page": Rule(Permission.READ_TASKS, "list_tasks"),
    "next_page": Rule(Permission.READ_TASKS, None),
    "task_page": Rule(Permission.READ_TASKS, "view_task"),
    "decide_form": Rule(Permission.DECIDE, "decide"),
    "reveal_form": Rule(Permission.REVEAL, "reveal"),
    "decisions_page": Rule(Permission.READ_DECISIONS, "list_decisions"),
    "undo_form": Rule(Permission.UNDO, "undo"),
    "exceptions_page": Rule(Permission.READ_TASKS, "list_exceptions"),
    "audit_page": Rule(Permission.READ_AUDIT, "search_audit"),
    "api_tasks": Rule(Permission.READ_TASKS, "list_tasks"),
    "api_task": Rule(Permission.READ_TASKS, "view_task"),
    "api_decide": Rule(Permission.DECIDE, "decide"),
    "api_reveal": Rule(Permission.REVEAL, "reveal"),
    "api_decisions": Rule(Permission.READ_DECISIONS, "list_decisions"),
    "api_undo": Rule(Permission.UNDO, "undo"),
    "api_exceptions": Rule(Permission.READ_TASKS, "list_exceptions"),
    "api_audit": Rule(Permission.READ_AUDIT, "search_audit"),
}


@dataclass(frozen=True)
class Actor:
    """The person behind a request.

    `branches` is what he may see: None means every branch and records without one (head office); otherwise all
    records of a task must lie in these branches.
    """

    login: str
    role: str
    branch_code: str
    ip: str = "-"
    language: str = "zh"
    branches: frozenset[str] | None = frozenset()
    name: str = ""

    def may(self, permission: Permission) -> bool:
        """Whether the role holds the permission."""
        return permission is Permission.PUBLIC or permission in ROLES.get(self.role, frozenset())

    def sees(self, branch_codes: list[str | None]) -> bool:
        """Whether all these branches are in scope; an unknown branch is in the head office's scope only."""
        return self.branches is None or all(code in self.branches for code in branch_codes)
