"""The door of every route: who is calling, may he, and does the call come from our own page?

The guard runs before every endpoint of the app. It refuses what `permissions.ROUTES` does not allow, writes what it
refused into the audit, and puts the `Actor` on the request.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from stewardship import audit
from stewardship.login import COOKIE, Sessions
from stewardship.permissions import ROUTES, Actor, Permission, Rule
from stewardship.store import User, reading, writing
from stewardship.text import LANGUAGES, say
from stewardship.users import actor_of
from warehouse.errors import UserError
from warehouse.organization import Branch

_SAFE_METHODS = ("GET", "HEAD")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class NotSignedInError(UserError):
    """Nobody is logged in."""


class ForbiddenError(UserError):
    """The person may not do this, or the request did not come from our page."""


class Guard:
    """The dependency of the whole app."""

    def __init__(self, engine: Engine, sessions: Sessions, branches: list[Branch]) -> None:
        self._engine, self._sessions = engine, sessions
        self._branches = branches

    async def __call__(self, request: Request) -> None:
        """Let the request pass, or raise.

        Raises:
            NotSignedInError: the route needs a login.
            ForbiddenError: no permission, unknown route, or a write that came from elsewhere.
        """
        state = request.state
        state.language = language_of(request)
        state.token = self._sessions.token(request.cookies.get(COOKIE))
        state.actor = await run_in_threadpool(self._actor, request) if state.token else None
        state.csrf = self._sessions.csrf(state.token) if state.actor else ""
        rule = ROUTES.get(request.scope["route"].name)
        try:
            await self._check(request, rule, state.actor)
        except ForbiddenError:
            if state.actor is not None:
                await run_in_threadpool(self.audit_denied, request)
            raise

    async def _check(self, request: Request, rule: Rule | None, actor: Actor | None) -> None:
        language = request.state.language
        if rule is None:
            raise ForbiddenError(say(language, "error.forbidden"))
        if actor is None and rule.permission is not Permission.PUBLIC:
            raise NotSignedInError(say(language, "error.not_signed_in"))
        if request.method not in _SAFE_METHODS and not await self._is_ours(request, rule):
            raise ForbiddenError(say(language, "error.cross_site"))
        if actor is not None and not actor.may(rule.permission):
            raise ForbiddenError(say(language, "error.forbidden"))

    async def _is_ours(self, request: Request, rule: Rule) -> bool:
        """A write must come from our own origin and, once logged in, carry the session's token."""
        if not same_origin(request):
            return False
        if rule.permission is Permission.PUBLIC:
            return True
        given = request.headers.get("x-csrf-token")
        if given is None and request.headers.get("content-type", "").startswith(_FORMS):
            given = str((await request.form()).get("csrf", ""))
        return self._sessions.csrf_holds(request.state.token, given)

    def _actor(self, request: Request) -> Actor | None:
        token = request.state.token
        with reading(self._engine) as session:
            found = self._sessions.user(session, token)
        if found is None:
            return None
        user, is_to_renew = found
        if is_to_renew:
            with writing(self._engine) as session:
                self._sessions.touch(session, token)
        return self.actor_of(user, request)

    def actor_of(self, user: User, request: Request) -> Actor:
        """The person with his scope: the branch and all below it; everything for the head office."""
        return actor_of(user, self._branches, address_of(request), request.state.language)

    def audit_denied(self, request: Request) -> None:
        """Keep that a person tried what he may not."""
        with writing(self._engine) as session:
            subject = f"{request.method} {request.url.path}"
            audit.record(session, request.state.actor, "denied", subject)


def language_of(request: Request) -> str:
    """The language chosen with the switch; Chinese otherwise."""
    chosen = request.cookies.get("mdm_language")
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def address_of(request: Request) -> str:
    """The caller's address."""
    return request.client.host if request.client else "-"


def same_origin(request: Request) -> bool:
    """Whether a browser says that the request comes from our own pages; programs that say nothing may pass.

    `Sec-Fetch-Site` (W3C Fetch Metadata) is sent by every current browser, `Origin` by the older ones.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
