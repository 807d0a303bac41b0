"""Who reads what in PostgreSQL: roles, row policies and column grants, from `config/policy.yml` and the branches.

A role that sees all rows is a login. A role by branch is a group that holds grants and policies; each branch has a
login in it (`bi_branch_801000`), and the table `role_branch` says which branches' rows a login sees. So a new branch
changes rows, not policies, and no reader is locked out.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from warehouse.keys import write_secret
from warehouse.organization import load_branches, scope
from warehouse.policy import Policy
from warehouse.settings import Settings

_GENERAL_TABLES = """
create table if not exists {schema}.role_branch (
    role_name text not null, branch_code text not null, primary key (role_name, branch_code)
);
create table if not exists {schema}.publish_info (
    as_of date not null, run_id text not null, content_hash text not null, access_hash text not null
);
"""
_GENERAL_COMMENTS = {
    "role_branch": ("Branches whose rows a login sees (登录角色与机构)", {
        "role_name": "Login role (登录角色)", "branch_code": "Branch (机构号)"}),
    "publish_info": ("What is published here, one row (发布信息)", {
        "as_of": "Business day (业务日期)", "run_id": "Run that made it (批次号)",
        "content_hash": "Hash of all rows (内容摘要)", "access_hash": "Hash of roles and grants (权限摘要)"}),
}  # fmt: skip
_ROW_CONDITIONS = {
    "all": "true",
    "branch": "branch_code = any (array(select own.branch_code from {schema}.role_branch as own "
    "where own.role_name = current_user))",
}


@dataclass(frozen=True)
class Access:
    """Who shall read what: groups, logins with their group and branches."""

    policy: Policy
    groups: dict[str, str]  # role → rows it sees: all or branch
    logins: dict[str, tuple[str, tuple[str, ...]]]  # login → its role, branches (empty: all)

    @property
    def hash(self) -> str:
        """Changes when a role, a branch or a grant does."""
        columns = {name: {c.name: c.roles for c in table.columns} for name, table in self.policy.tables.items()}
        content = json.dumps([self.groups, self.logins, columns], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


def wanted_access(settings: Settings, policy: Policy) -> Access:
    """Roles and logins by registry and branch tree."""
    branches = load_branches(settings)
    logins: dict[str, tuple[str, tuple[str, ...]]] = {}
    for role, entry in policy.roles.items():
        if entry.rows == "all":
            logins[role] = (role, ())
            continue
        for branch in branches:
            logins[f"{role}_{branch.code}"] = (role, tuple(sorted(scope(branches, branch.code))))
    return Access(policy, {role: entry.rows for role, entry in policy.roles.items()}, logins)


def roles_path(settings: Settings) -> Path:
    """Where the generated passwords of the logins lie (owner-only)."""
    return settings.keys_dir / "postgres_roles.json"


def read_passwords(settings: Settings) -> dict[str, str]:
    """Login → password; empty before the first publish."""
    path = roles_path(settings)
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write_passwords(settings: Settings, access: Access) -> dict[str, str]:
    """Keep the passwords of the logins there are, make those of new ones, forget those of removed ones."""
    old = read_passwords(settings)
    new = {login: old.get(login) or secrets.token_urlsafe(18) for login in access.logins}
    if new != old:
        write_secret(roles_path(settings), json.dumps(new, indent=1, sort_keys=True) + "\n")
    return new


def general_tables(con: psycopg.Connection[Any], schema: str) -> None:
    """Schema and the two tables beside the published ones."""
    con.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    con.execute(sql.SQL(_GENERAL_TABLES).format(schema=sql.Identifier(schema)))
    for table, (text, columns) in _GENERAL_COMMENTS.items():
        comment(con, schema, table, text, columns)


def comment(con: psycopg.Connection[Any], schema: str, table: str, text: str, columns: dict[str, str]) -> None:
    """Describe a table and its columns."""
    name = sql.Identifier(schema, table)
    con.execute(sql.SQL("comment on table {} is {}").format(name, sql.Literal(text)))
    for column, words in columns.items():
        path = sql.Identifier(schema, table, column)
        con.execute(sql.SQL("comment on column {} is {}").format(path, sql.Literal(words)))


def apply_access(con: psycopg.Connection[Any], settings: Settings, access: Access, passwords: dict[str, str]) -> None:
    """Make roles, policies and grants what they shall be; within the caller's transaction."""
    schema = settings.publish.postgres_schema
    _apply_roles(con, schema, access, passwords)
    _apply_branches(con, schema, access)
    for table in access.policy.tables:
        _apply_policies(con, schema, table, access)
    _apply_grants(con, schema, access)


def _roles(con: psycopg.Connection[Any]) -> set[str]:
    return {name for (name,) in con.execute("select rolname from pg_roles").fetchall()}


def _apply_roles(con: psycopg.Connection[Any], schema: str, access: Access, passwords: dict[str, str]) -> None:
    existing = _roles(con)
    for role in {*access.groups, *access.logins} - existing:
        con.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
    for login, (role, _) in access.logins.items():
        # the server gets a verifier, so that its log never shows a password
        verifier = con.pgconn.encrypt_password(passwords[login].encode(), login.encode(), b"scram-sha-256").decode()
        name = sql.Identifier(login)
        con.execute(sql.SQL("alter role {} login password {}").format(name, sql.Literal(verifier)))
        con.execute(sql.SQL("alter role {} set search_path = {}").format(name, sql.Identifier(schema)))
        con.execute(sql.SQL("alter role {} set default_transaction_read_only = on").format(name))
        if role != login:
            con.execute(sql.SQL("grant {} to {}").format(sql.Identifier(role), name))
    _retire_logins(con, access)


def _retire_logins(con: psycopg.Connection[Any], access: Access) -> None:
    """Logins of removed branches can no longer log in; they are kept, so that a grant given by hand is not lost."""
    members = con.execute(
        "select m.rolname, g.rolname from pg_auth_members as a join pg_roles as m on m.oid = a.member "
        "join pg_roles as g on g.oid = a.roleid where g.rolname = any(%s)", [list(access.groups)]
    ).fetchall()  # fmt: skip
    for member, group in members:
        if member.startswith(f"{group}_") and member not in access.logins:
            con.execute(sql.SQL("alter role {} nologin password null").format(sql.Identifier(member)))
            con.execute(sql.SQL("revoke {} from {}").format(sql.Identifier(group), sql.Identifier(member)))


def _apply_branches(con: psycopg.Connection[Any], schema: str, access: Access) -> None:
    table = sql.Identifier(schema, "role_branch")
    con.execute(sql.SQL("delete from {}").format(table))
    rows = [(login, branch) for login, (_, branches) in access.logins.items() for branch in branches]
    with con.cursor() as cursor:
        cursor.executemany(sql.SQL("insert into {} values (%s, %s)").format(table), rows)


def _apply_policies(con: psycopg.Connection[Any], schema: str, table: str, access: Access) -> None:
    """Row-level security; also for the owner, because a view of the owner's would otherwise show everything."""
    name = sql.Identifier(schema, table)
    con.execute(sql.SQL("alter table {} enable row level security, force row level security").format(name))
    rows = con.execute(
        "select policyname from pg_policies where schemaname = %s and tablename = %s", [schema, table]
    ).fetchall()
    for (policy,) in rows:
        con.execute(sql.SQL("drop policy {} on {}").format(sql.Identifier(policy), name))
    con.execute(sql.SQL("create policy publisher on {} for all to current_user using (true)").format(name))
    for role, seen in access.groups.items():
        condition = sql.SQL(_ROW_CONDITIONS[seen]).format(schema=sql.Identifier(schema))
        create = sql.SQL("create policy {role} on {table} for select to {role} using ({condition})")
        con.execute(create.format(role=sql.Identifier(role), table=name, condition=condition))


def _apply_grants(con: psycopg.Connection[Any], schema: str, access: Access) -> None:
    """Nothing for everybody; for a role the schema and its columns, no more."""
    name = sql.Identifier(schema)
    con.execute(sql.SQL("revoke all on schema {} from public").format(name))
    con.execute(sql.SQL("revoke all on all tables in schema {} from public").format(name))
    con.execute(sql.SQL("alter default privileges in schema {} revoke all on tables from public").format(name))
    for role in access.groups:
        grantee = sql.Identifier(role)
        con.execute(sql.SQL("revoke all on all tables in schema {} from {}").format(name, grantee))
        con.execute(sql.SQL("grant usage on schema {} to {}").format(name, grantee))
        for table in ("role_branch", "publish_info"):
            con.execute(sql.SQL("grant select on {} to {}").format(sql.Identifier(schema, table), grantee))
        for table, entry in access.policy.tables.items():
            columns = sql.SQL(", ").join(map(sql.Identifier, entry.readable_by(role)))
            grant = sql.SQL("grant select ({}) on {} to {}")
            con.execute(grant.format(columns, sql.Identifier(schema, table), grantee))
