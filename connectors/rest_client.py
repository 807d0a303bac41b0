"""One API spoken to over one HTTP client: logging in, pacing, patience, and errors that give nothing away.

A message holds the server, the path as the source file writes it, a status or a result code: no address with a token
in it, no header, nothing of an answer. Redirects are not followed, because they would carry the token elsewhere.
"""

from __future__ import annotations

import base64
import datetime as dt
import email.utils
import hashlib
import hmac
import json
import logging
import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urljoin, urlsplit

import httpx

from connectors.json_path import ABSENT, follow, parse_path
from connectors.rest_api import Errors, Login, Request, RestApi, fill
from warehouse.errors import SourceError

for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # below that they log addresses, tokens and all

_EARLY = 60  # seconds before its end at which a token is renewed


@dataclass(frozen=True)
class Answer:
    """What came back: the JSON, and the address of the next page if a `Link` header names one."""

    body: object
    link: str | None


@dataclass(frozen=True)
class _Trouble:
    """Why a call gave no answer, what may help, and how long the server asks to wait."""

    kind: Literal["expired", "busy", "refused"]
    reason: str
    wait: float | None = None


@dataclass(frozen=True)
class _Call:
    """One call, ready to be sent as often as it takes."""

    request: Request
    url: str
    values: Mapping[str, object]
    errors: Errors | None
    place: str
    is_login: bool = False


class RestClient:
    """Calls of one API; a token is fetched when there is none, when it ends, and when the server calls it expired."""

    def __init__(self, api: RestApi, secrets: Mapping[str, str], http: httpx.Client) -> None:
        self._api = api
        self._secrets = dict(secrets)
        self._http = http
        self._token_ends: float | None = None
        self._next_call = 0.0

    def call(self, request: Request, values: Mapping[str, object], errors: Errors | None, where: str = "") -> Answer:
        """Send a request with its placeholders filled; `values["link"]` replaces its address.

        Args:
            request: the call.
            values: what fills its placeholders, credentials aside.
            errors: how its result codes read; None means the API's.
            where: what part of a list it is, for messages.

        Raises:
            SourceError: it was refused, or the patience is used up.
        """
        if self._api.auth.login is not None and self._is_over():
            self._log_in(self._api.auth.login)
        base = self._api.base_url
        place = f"{_server(base)}{request.path}{where}"
        url = _address(base, request.path, {**self._secrets, **values}, place)
        return self._insist(_Call(request, url, values, errors or self._api.errors, place))

    def _insist(self, call: _Call) -> Answer:
        """Call until there is an answer, the server refuses, or the attempts are used up."""
        renewal = None if call.is_login else self._api.auth.login
        attempt = 1
        while True:
            found = self._attempt(call)
            if isinstance(found, Answer):
                return found
            if found.kind == "expired" and renewal is not None:
                self._log_in(renewal)
                renewal = None
                continue
            self._wait(call, found, attempt)
            attempt += 1

    def _wait(self, call: _Call, trouble: _Trouble, attempt: int) -> None:
        """Wait as long as the server asks or the attempt deserves.

        Raises:
            SourceError: waiting does not help, or there was enough of it.
        """
        limits, what = self._api.limits, f"{call.place}: {trouble.reason}"
        if trouble.kind != "busy":
            raise SourceError(f"{what}; check credentials, rights and keys in config/sources")
        if trouble.wait is not None and trouble.wait > limits.longest_wait:
            raise SourceError(f"{what}, asks to wait {trouble.wait:.0f} s; run again after that")
        if attempt >= limits.attempts:
            raise SourceError(f"{what}, {attempt} attempts; run again when the server is well")
        wait = limits.first_wait * 2 ** (attempt - 1) if trouble.wait is None else trouble.wait
        time.sleep(min(wait, limits.longest_wait))

    def _attempt(self, call: _Call) -> Answer | _Trouble:
        self._pace()
        known = {**self._secrets, "timestamp_ms": str(time.time_ns() // 1_000_000), **call.values}
        login = self._api.auth.login
        if call.is_login and login is not None and login.signature is not None:
            text = str(fill(login.signature.text, known))
            known["signature"] = _signature(self._secrets[login.signature.key], text)
        try:
            status, headers, content = self._send(self._build(call, known))
        except httpx.RequestError as error:
            return _unreachable(error)
        except (httpx.InvalidURL, UnicodeEncodeError):
            return _Trouble("refused", "the address or a header cannot be sent as it is")
        return _judge(status, headers, content, call.errors)

    def _build(self, call: _Call, known: Mapping[str, object]) -> httpx.Request:
        request, auth = call.request, self._api.auth
        query = {} if "link" in known else fill(request.query, known)
        headers = fill(request.headers, known)
        if not call.is_login:
            query |= fill(auth.query, known)
            headers |= fill(auth.headers, known)
        url = httpx.URL(call.url).copy_merge_params(query) if query else httpx.URL(call.url)
        body = fill(request.body, known)
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        typed = {} if content is None else {"Content-Type": "application/json; charset=utf-8"}
        return self._http.build_request(request.method, url, headers=typed | headers, content=content)

    def _send(self, request: httpx.Request) -> tuple[int, httpx.Headers, bytes | None]:
        """Status, headers, content; no content when there is more than an answer may have."""
        response = self._http.send(request, stream=True)
        try:
            content = bytearray()
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > self._api.limits.answer_bytes:
                    return response.status_code, response.headers, None
            return response.status_code, response.headers, bytes(content)
        finally:
            response.close()

    def _pace(self) -> None:
        if self._api.limits.per_second is not None:
            time.sleep(max(0.0, self._next_call - time.monotonic()))
            self._next_call = time.monotonic() + 1 / self._api.limits.per_second

    def _is_over(self) -> bool:
        return "token" not in self._secrets or (self._token_ends is not None and time.monotonic() > self._token_ends)

    def _log_in(self, login: Login) -> None:
        self._secrets.pop("token", None)
        self._http.cookies.clear()
        base = self._api.login_url or self._api.base_url
        place = f"{_server(base)}{login.request.path}: login"
        url = _address(base, login.request.path, self._secrets, place)
        call = _Call(login.request, url, {}, login.errors or self._api.errors, place, is_login=True)
        answer = self._insist(call)
        token = follow(answer.body, parse_path(login.token))
        if not isinstance(token, str) or not token:
            raise SourceError(
                f"{place}: the answer holds no token; check the credentials and 'token' in config/sources"
            )
        self._secrets["token"] = token
        lifetime = follow(answer.body, parse_path(login.lifetime)) if login.lifetime else ABSENT
        seconds = float(str(lifetime)) if str(lifetime).isdecimal() else None
        self._token_ends = None if seconds is None else time.monotonic() + max(seconds - _EARLY, seconds / 2)


def _judge(status: int, headers: httpx.Headers, content: bytes | None, errors: Errors | None) -> Answer | _Trouble:
    if content is None:
        return _Trouble("refused", "the answer is larger than answer_bytes")
    body = _json(content)
    if status == 401:
        return _Trouble("expired", "status 401, not authorised")
    if status == 429 or status >= 500:
        return _Trouble("busy", f"status {status}", _retry_after(headers))
    code = ABSENT if errors is None else _code(body, errors)
    named = "" if code is ABSENT else f", result code {_shown(code)}"
    if errors is not None and code is not ABSENT and str(code) not in errors.good:
        kind: Literal["expired", "busy", "refused"] = (
            "expired" if str(code) in errors.expired else "busy" if str(code) in errors.busy else "refused"
        )
        return _Trouble(kind, f"status {status}{named}", _retry_after(headers))
    if not 200 <= status < 300:
        return _Trouble("refused", f"status {status}{named}")
    if body is ABSENT:
        return _Trouble("refused", "the answer is not JSON")
    return Answer(body, _next_link(headers))


def _json(content: bytes) -> object:
    """The answer; numbers with a fraction keep the text they came as."""
    try:
        return json.loads(content, parse_float=str)
    except (ValueError, RecursionError):
        return ABSENT


def _code(body: object, errors: Errors) -> object:
    found = (follow(body, parse_path(place)) for place in errors.code)
    return next((code for code in found if code is not ABSENT and code is not None), ABSENT)


def _shown(code: object) -> str:
    """A result code as it may be shown; a longer number could be a customer's."""
    text = str(code)
    return text if re.fullmatch(r"-?[0-9]{1,10}|[A-Za-z][A-Za-z_.]{0,59}", text) else "unreadable"


def _retry_after(headers: httpx.Headers) -> float | None:
    """Seconds a server asks to wait: a number or a date (RFC 9110, 10.2.3)."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - dt.datetime.now(dt.UTC)).total_seconds())


def _next_link(headers: httpx.Headers) -> str | None:
    for part in headers.get("Link", "").split(","):
        address, _, rest = part.strip().partition(">")
        if address.startswith("<") and 'rel="next"' in rest.replace("rel=next", 'rel="next"'):
            return address[1:]
    return None


def _unreachable(error: httpx.RequestError) -> _Trouble:
    if isinstance(error, httpx.LocalProtocolError):
        return _Trouble("refused", "the address or a header cannot be sent as it is")
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _Trouble("refused", "its certificate is not trusted (name the bank's authority in ca_file)")
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.TimeoutException):
        return _Trouble("busy", "no answer in time")
    return _Trouble("busy", "no connection, or it broke off")


def _signature(key: str, text: str) -> str:
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), hashlib.sha256)).decode()


def _server(url: str) -> str:
    parts = urlsplit(url)
    return parts.netloc + parts.path.rstrip("/")


def _address(base: str, path: str, values: Mapping[str, object], place: str) -> str:
    """The address of a call; a link of an answer may not lead to another server, which would get the token.

    Raises:
        SourceError: it does.
    """
    url = base.rstrip("/") + str(fill(path, {key: quote(str(value), safe="") for key, value in values.items()}))
    if "link" not in values:
        return url
    link = urljoin(url, str(values["link"]))
    if urlsplit(link)[:2] != urlsplit(base)[:2]:
        raise SourceError(f"{place}: the next page's address leads to another server; ask the API's owner")
    return link
