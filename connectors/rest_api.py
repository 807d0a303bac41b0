"""How to talk to an API, as data: where it is, how one logs in, what its error codes mean, which lists it has.

A source file of kind `rest` writes these keys itself or names a `preset`, one of the files in `connectors/apis/`; what
the file says then counts over the preset. Texts of requests hold placeholders in braces: credentials by their name,
the paging's own, the `each` value, `{date}` (the business day), `{since}` (the last day delivered), `{until}` (the day
after), `{columns}` (what the table's columns are called in the source), `{timestamp_ms}`, `{signature}`, `{token}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from connectors.rest_paging import NoPaging, Paging, placeholders
from warehouse.site_file import SiteModel, read_yaml

PRESETS = Path(__file__).parent / "apis"
_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_ALWAYS = {"date", "since", "until", "columns", "timestamp_ms"}
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Code = Annotated[str, Field(coerce_numbers_to_str=True)]


class Credential(SiteModel):
    """A secret by the name of its file or environment variable; `value` is for what is no secret (a company's id)."""

    file: Path | None = None
    environment: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] | None = None
    value: str | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Credential:
        if sum(place is not None for place in (self.file, self.environment, self.value)) != 1:
            raise ValueError("give one of 'file', 'environment' and 'value'")
        if (self.environment or "").startswith("MDM_"):
            raise ValueError("variables that begin with MDM_ are settings of the product; choose another name")
        return self


class Request(SiteModel):
    """One call; `body` is sent as JSON."""

    method: Literal["GET", "POST"] = "GET"
    path: str
    query: dict[str, Any] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None

    def names(self) -> set[str]:
        """The placeholders in it."""
        return _names([self.path, self.query, self.headers, self.body])


class Errors(SiteModel):
    """Where an answer holds its result code and what codes mean; every code that is not listed is a refusal.

    `code` are paths; the first that occurs counts, an answer without any is good. `expired` asks for a new token,
    `busy` for patience.
    """

    code: tuple[str, ...]
    good: tuple[Code, ...] = ()
    expired: tuple[Code, ...] = ()
    busy: tuple[Code, ...] = ()


class Signature(SiteModel):
    """`{signature}`: Base64 of the HMAC-SHA256 of `text` under the credential `key`."""

    key: Key
    text: str


class Login(SiteModel):
    """The call that hands out a token: `token` and `lifetime` (seconds) are paths in its answer."""

    request: Request
    token: str
    lifetime: str | None = None
    signature: Signature | None = None
    errors: Errors | None = None


class Auth(SiteModel):
    """What every call carries; `{token}` is the login's, or without a login the credential `token`."""

    headers: dict[str, str] = Field(default_factory=dict)
    query: dict[str, str] = Field(default_factory=dict)
    login: Login | None = None


class Limits(SiteModel):
    """Patience and pace: seconds, calls a second, calls until giving up, bytes of one answer."""

    timeout: float = Field(30, gt=0)
    per_second: float | None = Field(None, gt=0)
    attempts: int = Field(5, ge=1, le=20)
    first_wait: float = Field(1, gt=0)
    longest_wait: float = Field(120, gt=0)
    answer_bytes: int = Field(64 << 20, ge=1)


class Each(SiteModel):
    """A list is asked for once per record of another list; `name` is the placeholder (and column `$name`).

    With `batch` the placeholder is an array of so many; with `roots` the other list is a tree: it is asked for the
    children of the roots, then for the children of the children.
    """

    name: Key
    object: Key
    roots: tuple[str | int, ...] | None = None
    batch: int | None = Field(None, ge=1)


class RestObject(Request):
    """One list of an API: `records` is the path to the array in an answer ('' is the answer itself).

    `positional` records are arrays of values in the order of the table's columns. `distinct` leaves out a record whose
    keys came before (a person in two departments). `errors` replaces the API's.
    """

    records: str
    paging: Paging = NoPaging()
    total: str | None = None
    each: Each | None = None
    positional: bool = False
    distinct: bool = False
    errors: Errors | None = None


class RestApi(SiteModel):
    """An API as a source file describes it."""

    preset: Key | None = None
    base_url: str
    login_url: str | None = None
    allow_plain: bool = False
    ca_file: Path | None = None
    proxy: str | None = None
    credentials: dict[Key, Credential] = Field(default_factory=dict)
    auth: Auth = Auth()
    errors: Errors | None = None
    limits: Limits = Limits()
    objects: dict[Key, RestObject] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _over_preset(cls, values: Any) -> Any:  # noqa: ANN401  # what the file holds; checked next
        preset = values.get("preset") if isinstance(values, dict) else None
        if preset is None:
            return values
        if preset not in presets():
            raise ValueError(f"no such preset; there are: {', '.join(presets())}")
        return _merge(read_yaml(PRESETS / f"{preset}.yml"), values)

    @model_validator(mode="after")
    def _is_safe(self) -> RestApi:
        check_transport(self.base_url, ("https", "http"), self.allow_plain)
        check_transport(self.login_url or self.base_url, ("https", "http"), self.allow_plain)
        return self

    @model_validator(mode="after")
    def _names_are_known(self) -> RestApi:
        unknown = sorted(self._unknown())
        if unknown:
            raise ValueError(f"nothing fills {', '.join(unknown)}; name it in 'credentials', or correct it")
        return self

    def _unknown(self) -> Iterable[str]:
        given = {*self.credentials, *_ALWAYS}
        login = self.auth.login
        if login is not None:
            signed = {"signature"} if login.signature else set()
            yield from (f"login: {{{name}}}" for name in login.request.names() - given - signed)
        carried = _names([self.auth.headers, self.auth.query]) - given - ({"token"} if login else set())
        yield from (f"auth: {{{name}}}" for name in carried)
        for key, item in self.objects.items():
            filled = given | placeholders(item.paging) | ({item.each.name} if item.each else set())
            own = {each.name for each in self._trees() if each.object == key}
            yield from (f"objects.{key}: {{{name}}}" for name in item.names() - filled - own)
            if not self._has_an_end(key):
                yield f"objects.{key}: each"

    def _has_an_end(self, key: str) -> bool:
        """Whether the chain of `each` of an object leads to one that is asked for by itself."""
        passed = set()
        while key in self.objects and key not in passed:
            passed.add(key)
            each = self.objects[key].each
            if each is None:
                return True
            key = each.object
        return False

    def asked_alone(self) -> list[str]:
        """The objects a table may be: all but those that only answer for a branch of a tree."""
        branches = {each.object for each in self._trees()}
        return [key for key in self.objects if key not in branches]

    def _trees(self) -> list[Each]:
        return [item.each for item in self.objects.values() if item.each and item.each.roots is not None]


def presets() -> list[str]:
    """The APIs that come described."""
    return sorted(file.stem for file in PRESETS.glob("*.yml"))


def fill(template: Any, values: Mapping[str, object]) -> Any:  # noqa: ANN401  # any JSON
    """A template with its placeholders filled; one that is a whole text keeps its value's type."""
    if isinstance(template, dict):
        return {key: fill(item, values) for key, item in template.items()}
    if isinstance(template, list):
        return [fill(item, values) for item in template]
    if not isinstance(template, str):
        return template
    whole = _PLACEHOLDER.fullmatch(template)
    if whole:
        return values[whole[1]]
    return _PLACEHOLDER.sub(lambda match: str(values[match[1]]), template)


def check_transport(url: str, schemes: tuple[str, str], allow_plain: bool) -> None:
    """Refuse an address that would send a secret in the clear, or that holds one.

    Args:
        url: the address.
        schemes: the encrypted scheme and the plain one.
        allow_plain: whether the source file accepts the plain one.

    Raises:
        ValueError: what is wrong with it.
    """
    parts = urlsplit(url)
    if parts.scheme not in schemes or not parts.hostname or parts.port == 0:  # asking for the port checks it
        raise ValueError(f"an address must be {schemes[0]}://…")
    if parts.username or parts.password:
        raise ValueError("a user or password may not stand in an address; name it in 'credentials'")
    if parts.scheme == schemes[1] and parts.hostname not in _LOOPBACK and not allow_plain:
        raise ValueError(
            f"{schemes[1]}:// sends secrets in the clear; use {schemes[0]}://, or accept it: allow_plain: true"
        )


def _names(template: object) -> set[str]:
    if isinstance(template, dict):
        return set().union(*(_names(item) for item in template.values()))
    if isinstance(template, list):
        return set().union(*(_names(item) for item in template))
    return set(_PLACEHOLDER.findall(template)) if isinstance(template, str) else set()


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = {**below, **above}
    for key in below.keys() & above.keys():
        if isinstance(below[key], dict) and isinstance(above[key], dict):
            merged[key] = _merge(below[key], above[key])
    return merged
