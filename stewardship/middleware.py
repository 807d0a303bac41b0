"""Around every response: security headers, a size limit, host names, and an access log without values."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger("stewardship.access")
_MAX_BODY = 64 * 1024
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # 'no-referrer' would make the Origin of our own forms 'null'
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def error_body(status: int, problems: Iterable[str]) -> dict[str, object]:
    """The one shape of every JSON error."""
    problems = list(problems)
    return {"ok": False, "status": status, "error": "; ".join(problems), "errors": problems}


def _refusal(scope: Scope, hosts: frozenset[str]) -> tuple[int, str] | None:
    """What is wrong with the envelope of a request, before anything reads it."""
    headers = Headers(scope=scope)
    host = headers.get("host", "").rsplit(":", 1)[0]
    if host not in hosts:  # a foreign name that resolves to this machine (DNS rebinding)
        return 400, "this host name is not accepted"
    length = headers.get("content-length")
    if length is None and "chunked" in headers.get("transfer-encoding", ""):
        return 411, "a request must state its length"
    if length is not None and (not length.isdigit() or int(length) > _MAX_BODY):
        return 413, "the request is too large"
    return None


def place_of(error: Exception) -> str:
    """Kind and place of a defect: the lines of code, without the message and its values."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at " + " > ".join(f"{Path(f.filename).name}:{f.lineno}" for f in frames[-6:])


class Envelope:
    """ASGI middleware: refuses bad envelopes, adds headers, logs method, route, status and milliseconds.

    The log names the route's pattern (`/tasks/{task_id}`), never the path or the query of the call.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], on_defect: Callable[[Scope], ASGIApp]) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._on_defect = on_defect

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                is_static = scope["path"].startswith("/static/")
                headers["Cache-Control"] = "no-cache" if is_static else "no-store"
            await send(message)

        refusal = _refusal(scope, self._hosts)
        app = self._app if refusal is None else JSONResponse(error_body(refusal[0], [refusal[1]]), refusal[0])
        try:
            await app(scope, receive, send_with_headers)
        except Exception as error:  # the server would log its message, which may carry values
            _log.error("defect %s", place_of(error))
            if not status:
                await self._on_defect(scope)(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path", "-")
            spent = round((time.perf_counter() - started) * 1000)
            _log.info("%s %s %s %d ms", scope["method"], route, status, spent)
