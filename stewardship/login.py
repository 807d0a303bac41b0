"""Passwords (argon2id, RFC 9106), sessions, and the brake on guessing."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from itsdangerous import BadSignature, TimestampSigner
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from stewardship.store import AuditEvent, LoginSession, User, utc_now
from warehouse.keys import derive_key
from warehouse.settings import Settings

COOKIE = "mdm_session"
UNKNOWN = "(unknown)"  # what was typed as a login may be a password: it is not kept
_WINDOW = dt.timedelta(minutes=15)
_MAX_PER_LOGIN = 5
_MAX_PER_ADDRESS = 30
_TOUCH = dt.timedelta(seconds=60)
_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """An argon2id hash with its own salt."""
    return _hasher.hash(password)


@lru_cache
def _hash_of_nobody() -> str:
    return _hasher.hash(secrets.token_hex(16))


def verify_password(user: User | None, password: str) -> bool:
    """Whether the password is this active user's; takes as long for a login that does not exist."""
    try:
        matches = _hasher.verify(user.password_hash if user else _hash_of_nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return matches and user is not None and user.is_active


def is_blocked(session: Session, login: str, ip: str) -> bool:
    """Whether there were too many failures for this login, or from this address, in the last 15 minutes."""
    since = utc_now() - _WINDOW
    good = select(func.max(AuditEvent.event_id)).where(AuditEvent.actor == login, AuditEvent.action == "login")
    failed = select(func.count()).where(AuditEvent.action == "login_failed", AuditEvent.at > since)
    last_good = session.scalar(good) or 0
    per_login = failed.where(AuditEvent.actor == login, AuditEvent.event_id > last_good)
    if (session.scalar(per_login) or 0) >= _MAX_PER_LOGIN and login != UNKNOWN:
        return True
    return (session.scalar(failed.where(AuditEvent.ip == ip)) or 0) >= _MAX_PER_ADDRESS


class Sessions:
    """Opens, finds and ends login sessions; the cookie carries a signed random id, the store only its hash."""

    def __init__(self, settings: Settings) -> None:
        key = derive_key(settings, "stewardship-session")
        self._signer = TimestampSigner(key, digest_method=hashlib.sha256, key_derivation="hmac")
        self._csrf_key = derive_key(settings, "stewardship-csrf")
        self._idle = dt.timedelta(minutes=settings.stewardship.session_minutes)

    def start(self, session: Session, login: str) -> str:
        """Open a session and return the cookie's value; sessions that have run out are removed."""
        session.execute(delete(LoginSession).where(LoginSession.seen_at < utc_now() - self._idle))
        token = secrets.token_urlsafe(32)
        session.add(LoginSession(session_hash=_hash(token), login=login, seen_at=utc_now()))
        return self._signer.sign(token).decode()

    def token(self, cookie: str | None) -> str | None:
        """The session id inside a cookie, if its signature is ours."""
        try:
            return self._signer.unsign(cookie).decode() if cookie else None
        except BadSignature:
            return None

    def user(self, session: Session, token: str) -> tuple[User, bool] | None:
        """The user of a live session, and whether its time of last use should be renewed."""
        row = session.get(LoginSession, _hash(token))
        if row is None or row.seen_at < utc_now() - self._idle:
            return None
        user = session.get(User, row.login)
        if user is None or not user.is_active:
            return None
        return user, row.seen_at < utc_now() - _TOUCH

    def touch(self, session: Session, token: str) -> None:
        """Renew the time of last use."""
        row = session.get(LoginSession, _hash(token))
        if row is not None:
            row.seen_at = utc_now()

    def end(self, session: Session, token: str) -> None:
        """Log out."""
        session.execute(delete(LoginSession).where(LoginSession.session_hash == _hash(token)))

    def csrf(self, token: str) -> str:
        """The token every write of this session must carry."""
        return hmac.new(self._csrf_key, token.encode(), hashlib.sha256).hexdigest()

    def csrf_holds(self, token: str, given: str | None) -> bool:
        """Whether a write carries this session's token."""
        return given is not None and hmac.compare_digest(self.csrf(token), given)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
