"""Build the steward app: guard in front of every route, one error shape, assets from this folder only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from stewardship import api, pages
from stewardship.desk import Desk, open_desk, own_path, with_query
from stewardship.guard import ForbiddenError, Guard, NotSignedInError, language_of
from stewardship.inbox import OutOfScopeError
from stewardship.middleware import Envelope, error_body
from stewardship.permissions import ROUTES
from stewardship.text import say
from stewardship.verdicts import StaleDecisionError
from warehouse.errors import BusyError, DecisionError, NotFoundError, SettingsError, UserError
from warehouse.settings import Settings

_STATUS: tuple[tuple[type[UserError], int], ...] = (
    (NotSignedInError, 401),
    (ForbiddenError, 403),
    (NotFoundError, 404),
    (StaleDecisionError, 409),
    (DecisionError, 422),
    (BusyError, 503),
)
_TEXT_OF_STATUS = {404: "error.not_found", 405: "error.method"}


def create_app(settings: Settings) -> FastAPI:
    """The app over a site's stewardship store.

    Raises:
        SettingsError: a route without an entry in `permissions.ROUTES`.
        KeyFileError: the site has no key.
    """
    desk = open_desk(settings)
    guard = Guard(desk.engine, desk.sessions, desk.branches)
    app = FastAPI(
        title="customer-mdm stewardship", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(guard)]
    )
    app.state.desk, app.state.guard = desk, guard
    app.include_router(pages.router)
    app.include_router(api.router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    _refuse_unlisted(app.routes)
    _handle_errors(app)
    hosts = {"127.0.0.1", "localhost", "[::1]", settings.stewardship.host}
    app.add_middleware(Envelope, hosts=hosts, on_defect=_defect)
    return app


def _refuse_unlisted(routes: Sequence[BaseRoute]) -> None:
    unlisted = [route.name for route in routes if isinstance(route, APIRoute) and route.name not in ROUTES]
    if unlisted:
        raise SettingsError(*(f"route {name}: no entry in permissions.ROUTES; add one" for name in unlisted))


def _handle_errors(app: FastAPI) -> None:
    @app.exception_handler(UserError)
    def user_error(request: Request, error: UserError) -> Response:
        if isinstance(error, OutOfScopeError):
            app.state.guard.audit_denied(request)
        status = next((code for kind, code in _STATUS if isinstance(error, kind)), 400)
        return _answer(request, status, list(error.problems))

    @app.exception_handler(HTTPException)
    def http_error(request: Request, error: HTTPException) -> Response:
        text = say(_language(request), _TEXT_OF_STATUS.get(error.status_code, "error.title"))
        return _answer(request, error.status_code, [text])

    @app.exception_handler(RequestValidationError)
    def input_error(request: Request, error: RequestValidationError) -> Response:
        fields = ", ".join(sorted({str(item["loc"][-1]) for item in error.errors()}))  # names only, never the input
        return _answer(request, 422, [say(_language(request), "error.input", fields=fields)])


def _defect(scope: Scope) -> Response:
    """The answer when our own code failed."""
    request = Request(scope)
    return _answer(request, 500, [say(_language(request), "error.internal")])


def _language(request: Request) -> str:
    return getattr(request.state, "language", None) or language_of(request)


def _answer(request: Request, status: int, problems: list[str]) -> Response:
    """One JSON shape for the API; one page for people; the log-in page for those not logged in."""
    if request.url.path.startswith("/api/"):
        return JSONResponse(error_body(status, problems), status)
    if status == 401:
        return RedirectResponse(with_query("/login", {"after": own_path(request)}), status_code=303)
    desk: Desk = request.app.state.desk
    return desk.render(request, "error.html", status, status=status, problems=problems)
