"""What every route of the steward app needs: store, vault, sessions, branches, templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlalchemy import Engine

from matching.model import PARTY_TYPES, line_model, model_path
from stewardship.guard import language_of
from stewardship.inbox import TaskFilter
from stewardship.login import Sessions
from stewardship.payload import Vault
from stewardship.permissions import Actor, Permission
from stewardship.store import open_store
from stewardship.text import say, say_or
from warehouse.organization import Branch, load_branches
from warehouse.settings import Settings

_HERE = Path(__file__).parent
THEMES = ("light", "dark")


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["Permission"] = Permission
    return environment


@dataclass(frozen=True)
class Desk:
    """The parts of the running app."""

    settings: Settings
    engine: Engine
    vault: Vault
    sessions: Sessions
    branches: list[Branch]
    thresholds: dict[str, tuple[float, float]]
    templates: Environment = field(default_factory=_environment)

    def render(self, request: Request, template: str, code: int = 200, **values: object) -> HTMLResponse:
        """A page in the reader's language."""
        language = getattr(request.state, "language", None) or language_of(request)
        theme = request.cookies.get("mdm_theme")
        names = {b.code: b.name_en if language == "en" else b.name_zh for b in self.branches}
        text = self.templates.get_template(template).render(
            t=lambda key, **places: say(language, key, **places),
            t_or=lambda key, otherwise: say_or(language, key, otherwise),
            language=language,
            theme=theme if theme in THEMES else "",
            bank=self.settings.bank_name_en if language == "en" else self.settings.bank_name_zh,
            branch_name=lambda code: names.get(code, code or "—"),
            actor=getattr(request.state, "actor", None),
            csrf=getattr(request.state, "csrf", ""),
            here=own_path(request),
            **values,
        )
        return HTMLResponse(text, code)


def open_desk(settings: Settings) -> Desk:
    """Open the store and load what the app needs.

    Raises:
        KeyFileError: the site has no key.
        SettingsError: the branch tree or a match model is wrong.
    """
    engine, vault = open_store(settings), Vault(settings)
    return Desk(settings, engine, vault, Sessions(settings), load_branches(settings), _thresholds(settings))


def _thresholds(settings: Settings) -> dict[str, tuple[float, float]]:
    """Match weights from which a pair is reviewed and linked, per party type that has a model."""
    kinds = [party_type for party_type in PARTY_TYPES if model_path(settings, party_type).exists()]
    models = {party_type: line_model(settings, party_type) for party_type in kinds}
    return {name: (model.thresholds.review, model.thresholds.link) for name, model in models.items()}


def own_path(request: Request) -> str:
    """Where to come back to after a change of language: this page, or the queue when this was no page to reload."""
    if request.method != "GET":
        return "/tasks"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def local_path(path: str) -> str:
    """The path if it lies on this site, the queue otherwise: never a redirect to elsewhere."""
    is_local = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_local else "/tasks"


def with_query(path: str, values: Mapping[str, Any]) -> str:
    """A path with its query."""
    return f"{path}?{urlencode(values)}" if values else path


def _desk_of(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _actor_of(request: Request) -> Actor:
    actor: Actor = request.state.actor
    return actor


def _filter_of(
    party_type: Literal["", "person", "organization"] = "",
    status: Literal["", "open", "unsure", "decided", "closed"] = "open",
    branch: Annotated[str, Query(max_length=20)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> TaskFilter:
    return TaskFilter(party_type=party_type, status=status, branch=branch, page=page)


DeskPart = Annotated[Desk, Depends(_desk_of)]
ActorPart = Annotated[Actor, Depends(_actor_of)]
FilterPart = Annotated[TaskFilter, Depends(_filter_of)]
