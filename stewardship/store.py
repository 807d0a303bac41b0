"""The stewardship store (SQLAlchemy; SQLite in WAL mode or PostgreSQL by URL).

Users, tasks, exceptions, decisions, corrections, audit.

A task holds any number of records (`task_record`), so that a pair and a cluster are the same thing to the queue, the
branch scope and the reveal. What people did is append-only: the database itself refuses to change or delete a row of
`decision`, `correction` and `audit_event`. Clear values of customers stand only in `task_record.clear` and
`correction.content`, encrypted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    Connection,
    DateTime,
    Engine,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    TypeDecorator,
    create_engine,
    event,
    select,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from warehouse.errors import BusyError
from warehouse.settings import Settings

_BUSY_SECONDS = 30
_ROW_ID = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers only INTEGER keys by itself


def utc_now() -> dt.datetime:
    """The moment a person did something; never used for data the line computes."""
    return dt.datetime.now(dt.UTC)


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An aware UTC time on both databases; SQLite itself forgets time zones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:  # noqa: ANN401
        """Store naive UTC."""
        return None if value is None else value.astimezone(dt.UTC).replace(tzinfo=None)

    def process_result_value(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:  # noqa: ANN401
        """Give back aware UTC."""
        return None if value is None else value.replace(tzinfo=dt.UTC)


class Base(DeclarativeBase):
    """All tables of the store."""


class State(Base):
    """Facts of the store itself, e.g. `newest_as_of`: the newest business day a run has read decisions for."""

    __tablename__ = "state"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))


class User(Base):
    """A person who may log in; grain: login."""

    __tablename__ = "user_account"  # `user` is a reserved word in PostgreSQL
    login: Mapped[str] = mapped_column(String(60), primary_key=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(30))
    branch_code: Mapped[str] = mapped_column(String(20))
    name_zh: Mapped[str] = mapped_column(String(60))
    name_en: Mapped[str] = mapped_column(String(60))
    is_active: Mapped[bool] = mapped_column(default=True)


class LoginSession(Base):
    """A logged-in browser; the cookie holds the signed id, only its hash is stored."""

    __tablename__ = "login_session"
    session_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    login: Mapped[str] = mapped_column(ForeignKey("user_account.login"))
    seen_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class Task(Base):
    """One question to a steward; grain: task_id (for a pair the pair_id of matching).

    `verdict` and `decision_id` show the decision in force. An open task with a verdict came back because the evidence
    changed. `version` grows with every change a reader of the page must know of.
    """

    __tablename__ = "task"
    task_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), default="pair")
    party_type: Mapped[str] = mapped_column(String(20))
    score: Mapped[float]
    weight: Mapped[float]
    rule: Mapped[str | None] = mapped_column(String(80))
    conflict: Mapped[str | None] = mapped_column(String(40))
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    evidence_hash: Mapped[str] = mapped_column(String(80))
    model_version: Mapped[str] = mapped_column(String(80))
    compared: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    status: Mapped[str] = mapped_column(String(10), default="open")
    verdict: Mapped[str | None] = mapped_column(String(10))
    decision_id: Mapped[int | None] = mapped_column(BigInteger)
    aum: Mapped[int] = mapped_column(BigInteger, default=0)
    priority: Mapped[float] = mapped_column(default=0.0)
    first_as_of: Mapped[dt.date]
    last_as_of: Mapped[dt.date]
    version: Mapped[int] = mapped_column(default=1)
    records: Mapped[list[TaskRecord]] = relationship(
        order_by="TaskRecord.position", cascade="all, delete-orphan", lazy="selectin"
    )
    __table_args__ = (
        Index("task_queue", "status", "priority", "task_id"),
        Index("task_last", "last_as_of"),
    )


class TaskRecord(Base):
    """One source record inside a task, masked for reading, encrypted for the reveal; grain: task_id, position."""

    __tablename__ = "task_record"
    task_id: Mapped[str] = mapped_column(ForeignKey("task.task_id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[str] = mapped_column(String(120), index=True)
    source: Mapped[str] = mapped_column(String(40))
    branch_code: Mapped[str | None] = mapped_column(String(20))
    masked: Mapped[dict[str, str]] = mapped_column(JSON)
    clear: Mapped[bytes] = mapped_column(LargeBinary)
    content_tag: Mapped[str] = mapped_column(String(64))
    __table_args__ = (Index("task_record_branch", "task_id", "branch_code"),)


class Decision(Base):
    """What a steward decided about two records, or took back; append-only; grain: decision_id.

    `supersedes` names the decision this one replaces (kind `verdict`) or revokes (kind `undo`). `seen_as_of` is the
    newest business day the store knew: the decision counts for later days only, so a rerun of that day is unchanged.
    The note is encrypted.
    """

    __tablename__ = "decision"
    decision_id: Mapped[int] = mapped_column(_ROW_ID, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(10), default="verdict")
    task_id: Mapped[str] = mapped_column(ForeignKey("task.task_id"), index=True)
    record_id_l: Mapped[str] = mapped_column(String(120), index=True)
    record_id_r: Mapped[str] = mapped_column(String(120), index=True)
    verdict: Mapped[str] = mapped_column(String(10))
    reason_code: Mapped[str] = mapped_column(String(40))
    note: Mapped[bytes | None] = mapped_column(LargeBinary)
    steward: Mapped[str] = mapped_column(ForeignKey("user_account.login"))
    decided_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    seen_as_of: Mapped[dt.date]
    evidence_hash: Mapped[str] = mapped_column(String(80))
    model_version: Mapped[str] = mapped_column(String(80))
    score: Mapped[float]
    supersedes: Mapped[int | None] = mapped_column(ForeignKey("decision.decision_id"))
    __table_args__ = ({"sqlite_autoincrement": True},)


class ExceptionTask(Base):
    """Something in the data that a person must put right; grain: exception_id.

    `kind` quarantine: rows of one delivery that break one rule; `subject` is the table, `code` the rule.
    `kind` unmapped_code: a code of a source that the reference data does not know; `subject` is the code set.
    """

    __tablename__ = "exception_task"
    exception_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(80))
    code: Mapped[str] = mapped_column(String(200))
    delivered_on: Mapped[dt.date | None]
    status: Mapped[str] = mapped_column(String(10), default="open")
    first_as_of: Mapped[dt.date]
    last_as_of: Mapped[dt.date]
    counts: Mapped[list[ExceptionCount]] = relationship(
        order_by="ExceptionCount.branch_code", cascade="all, delete-orphan", lazy="selectin"
    )
    __table_args__ = (Index("exception_queue", "status", "last_as_of", "exception_id"),)


class ExceptionCount(Base):
    """How many rows of an exception belong to a branch; grain: exception_id, branch_code (empty: the head office)."""

    __tablename__ = "exception_count"
    exception_id: Mapped[str] = mapped_column(
        ForeignKey("exception_task.exception_id", ondelete="CASCADE"), primary_key=True
    )
    branch_code: Mapped[str] = mapped_column(String(20), primary_key=True)
    rows: Mapped[int] = mapped_column(BigInteger)


class Correction(Base):
    """What a steward said about a row in quarantine, or took back; append-only; grain: correction_id.

    The newest one about an item counts, on later days than `seen_as_of`, as for decisions. `columns` are the corrected
    ones; their new values stand in `content`, encrypted.
    """

    __tablename__ = "correction"
    correction_id: Mapped[int] = mapped_column(_ROW_ID, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(10))
    item: Mapped[str] = mapped_column(String(40), index=True)
    source: Mapped[str] = mapped_column(String(40))
    table_name: Mapped[str] = mapped_column(String(80))
    columns: Mapped[list[str]] = mapped_column(JSON)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    reason: Mapped[str] = mapped_column(Text)
    steward: Mapped[str] = mapped_column(ForeignKey("user_account.login"))
    decided_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    seen_as_of: Mapped[dt.date]
    __table_args__ = ({"sqlite_autoincrement": True},)


class AuditEvent(Base):
    """Who did what to which object, when, from where; append-only, no customer value; grain: event_id."""

    __tablename__ = "audit_event"
    event_id: Mapped[int] = mapped_column(_ROW_ID, primary_key=True, autoincrement=True)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)
    actor: Mapped[str] = mapped_column(String(60), index=True)
    role: Mapped[str] = mapped_column(String(30))
    branch_code: Mapped[str] = mapped_column(String(20))
    ip: Mapped[str] = mapped_column(String(60))
    action: Mapped[str] = mapped_column(String(30), index=True)
    object: Mapped[str] = mapped_column(String(200), index=True)
    columns: Mapped[list[str]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(Text)
    __table_args__ = ({"sqlite_autoincrement": True},)


_APPEND_ONLY = ("decision", "correction", "audit_event")
_SQLITE_GUARD = (
    "create trigger if not exists {table}_no_{verb} before {verb} on {table} "
    "begin select raise(abort, '{table} is append-only'); end"
)
_POSTGRESQL_FUNCTION = (
    "create or replace function refuse_change() returns trigger language plpgsql as "
    "$$ begin raise exception '%% is append-only', tg_table_name; end $$"
)
_POSTGRESQL_GUARD = (
    "create or replace trigger {table}_append_only before update or delete on {table} "
    "for each row execute function refuse_change()"
)


def _install_guards() -> None:
    for table in _APPEND_ONLY:
        target = Base.metadata.tables[table]
        for verb in ("update", "delete"):
            _after_create(target, _SQLITE_GUARD.format(table=table, verb=verb), "sqlite")
        for sql in (_POSTGRESQL_FUNCTION, _POSTGRESQL_GUARD.format(table=table)):
            _after_create(target, sql, "postgresql")


def _after_create(table: Table, sql: str, dialect: str) -> None:
    statement = DDL(sql)  # type: ignore[no-untyped-call]
    event.listen(table, "after_create", statement.execute_if(dialect=dialect))


_install_guards()


def _prepare_sqlite(engine: Engine) -> None:
    """WAL, durable commits, foreign keys; writers take the lock at the start instead of failing half-way."""

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, record: Any) -> None:  # noqa: ANN401
        connection.isolation_level = None  # transactions are begun below, not by the driver
        for pragma in ("journal_mode=wal", "synchronous=full", "foreign_keys=on"):
            connection.execute(f"pragma {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("mdm_writes", False)
        connection.exec_driver_sql("begin immediate" if writes else "begin")


@lru_cache(maxsize=8)
def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    arguments = {"timeout": _BUSY_SECONDS, "check_same_thread": False}
    # parameters carry decisions and masked values: they must not stand in an error message
    engine = create_engine(url, connect_args=arguments, hide_parameters=True)
    _prepare_sqlite(engine)
    return engine


def open_store(settings: Settings) -> Engine:
    """The engine of the store; missing tables are made."""
    settings.home.mkdir(parents=True, exist_ok=True)
    engine = _engine(settings.stewardship_url)
    with engine.execution_options(mdm_writes=True).begin() as connection:
        Base.metadata.create_all(connection)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session that only reads."""
    with Session(engine, expire_on_commit=False) as session:
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A session that writes: everything or nothing, one writer at a time on SQLite.

    Raises:
        BusyError: another writer held the store for too long.
    """
    with Session(engine.execution_options(mdm_writes=True), expire_on_commit=False) as session:
        try:
            with session.begin():
                session.connection()  # take the write lock now
                yield session
        except OperationalError as error:
            if "locked" not in str(error.orig):
                raise
            raise BusyError("stewardship store: another process has been writing for too long; try again") from None


_NEWEST = "newest_as_of"


def newest_as_of(session: Session, *, lock: bool = False) -> dt.date | None:
    """The newest business day the store knows; None before the first run. `lock`: nobody else decides meanwhile."""
    query = select(State).where(State.name == _NEWEST)
    row = session.scalar(query.with_for_update() if lock else query)
    return None if row is None else dt.date.fromisoformat(row.value)


def raise_newest_as_of(session: Session, as_of: dt.date) -> None:
    """Make `as_of` the newest day unless a newer one is known; blocks deciding until the transaction ends."""
    row = session.scalar(select(State).where(State.name == _NEWEST).with_for_update())
    if row is None:
        session.add(State(name=_NEWEST, value=as_of.isoformat()))
    elif dt.date.fromisoformat(row.value) < as_of:
        row.value = as_of.isoformat()
