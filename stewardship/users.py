"""People who may log in; the demo's five with random passwords in an owner-only file."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from sqlalchemy import Engine

from stewardship.audit import record
from stewardship.login import UNKNOWN, hash_password, is_blocked, verify_password
from stewardship.permissions import ROLES, Actor
from stewardship.store import User, open_store, reading, writing
from stewardship.text import say
from warehouse.errors import DecisionError, SettingsError
from warehouse.keys import write_secret
from warehouse.organization import Branch, load_branches, scope
from warehouse.settings import Settings

TERMINAL = "terminal"  # stands in the audit trail where a page has the address
DEMO_USERS = (
    ("steward.hq", "head_office_steward", "800001", "总行数据专员", "Head office steward"),
    ("steward.city", "branch_steward", "801000", "城东支行数据专员", "East City steward"),
    ("steward.north", "branch_steward", "803000", "城北支行数据专员", "North City steward"),
    ("supervisor.hq", "supervisor", "800001", "总行数据主管", "Head office supervisor"),
    ("auditor.hq", "auditor", "800001", "总行审计", "Head office auditor"),
)


def actor_of(user: User, branches: list[Branch], ip: str, language: str) -> Actor:
    """A person with his scope: the branch and all below it; everything for the head office."""
    roots = {branch.code for branch in branches if branch.parent is None}
    visible = None if user.branch_code in roots else frozenset(scope(branches, user.branch_code))
    name = user.name_en if language == "en" else user.name_zh
    return Actor(user.login, user.role, user.branch_code, ip, language, visible, name)


def sign_in(settings: Settings, login: str, password: str, language: str = "en") -> Actor:
    """Who stands behind a command of the terminal; audited like a log-in on the page.

    Raises:
        DecisionError: login or password is wrong, or there were too many failures.
    """
    engine = open_store(settings)
    with writing(engine) as session:
        user = session.get(User, login)
        blocked = is_blocked(session, user.login if user else UNKNOWN, TERMINAL)
        good = not blocked and verify_password(user, password)
        action = "login" if good else "login_blocked" if blocked else "login_failed"
        role, branch = (user.role, user.branch_code) if user else ("-", "-")
        record(session, Actor(user.login if user else UNKNOWN, role, branch, TERMINAL), action, "session")
    if user is None or not good:
        raise DecisionError(say(language, "login.blocked" if blocked else "login.wrong"))
    return actor_of(user, load_branches(settings), TERMINAL, language)


def logins_path(settings: Settings) -> Path:
    """Where the demo's passwords lie."""
    return settings.keys_dir / "steward_logins.json"


def read_logins(settings: Settings) -> dict[str, str]:
    """Login and password of each demo user; empty on a site that is no demo."""
    path = logins_path(settings)
    if not settings.is_demo or not path.exists():
        return {}
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


def add_user(
    settings: Settings, login: str, role: str, branch_code: str, name_zh: str, name_en: str, password: str
) -> None:
    """Add a person, or change role, branch, names and password of one.

    Raises:
        SettingsError: unknown role or branch, or a password shorter than 12 characters.
    """
    problems = []
    if role not in ROLES:
        problems.append(f"user {login}: unknown role '{role}'; use one of {', '.join(ROLES)}")
    if branch_code not in {branch.code for branch in load_branches(settings)}:
        problems.append(f"user {login}: unknown branch '{branch_code}'; use a code of config/branches.yml")
    if len(password) < 12:
        problems.append(f"user {login}: password shorter than 12 characters; choose a longer one")
    if problems:
        raise SettingsError(*problems)
    user = User(
        login=login, role=role, branch_code=branch_code, name_zh=name_zh, name_en=name_en,
        password_hash=hash_password(password), is_active=True,
    )  # fmt: skip
    with writing(open_store(settings)) as session:
        session.merge(user)


def create_demo_users(settings: Settings) -> dict[str, str]:
    """Make the demo's users once; passwords of the file stay what they are. Does nothing on a real site."""
    if not settings.is_demo:
        return {}
    known = read_logins(settings)
    passwords = {login: known.get(login) or secrets.token_urlsafe(12) for login, *_ in DEMO_USERS}
    if passwords != known:
        write_secret(logins_path(settings), json.dumps(passwords, indent=2) + "\n")
    missing = _missing(open_store(settings), known)
    for login, role, branch_code, name_zh, name_en in DEMO_USERS:
        if login in missing:
            add_user(settings, login, role, branch_code, name_zh, name_en, passwords[login])
    return passwords


def _missing(engine: Engine, known: dict[str, str]) -> set[str]:
    """Demo users without a row, or whose password the file did not know."""
    with reading(engine) as session:
        return {login for login, *_ in DEMO_USERS if login not in known or session.get(User, login) is None}
