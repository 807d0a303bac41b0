"""The steward page and its API over a real server: who may what, what is kept, what never goes out."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator

import httpx
import pytest
from fastapi.routing import APIRoute

from stewardship.app import create_app
from stewardship.permissions import ROLES, ROUTES, Permission
from stewardship.store import open_store
from tests.steward_desk import CANARIES, RECORDS, Client, Server, copied, events, serving
from warehouse.errors import SettingsError
from warehouse.settings import Settings

PEOPLE = {
    "head_office_steward": "steward.hq",
    "branch_steward": "steward.city",
    "supervisor": "supervisor.hq",
    "auditor": "auditor.hq",
}
REVEAL = {"position": 0, "reason_code": "check_document"}
# route name → how to call it; the body of a write is chosen so that only a permission could refuse it
CALLS: dict[str, tuple[str, str, dict[str, object] | None]] = {
    "home_page": ("GET", "/", None),
    "health": ("GET", "/health", None),
    "login_page": ("GET", "/login", None),
    "login": ("FORM", "/login", {"login": "nobody", "password": "x"}),
    "logout": ("FORM", "/logout", {}),
    "save_preferences": ("FORM", "/preferences", {"language": "en"}),
    "queue_page": ("GET", "/tasks", None),
    "next_page": ("GET", "/next", None),
    "task_page": ("GET", "/tasks/p-city-1", None),
    "decide_form": (
        "FORM",
        "/tasks/p-city-1/decision",
        {"version": 1, "verdict": "same", "reason_code": "same_profile"},
    ),
    "reveal_form": ("FORM", "/tasks/p-city-1/reveal", REVEAL),
    "decisions_page": ("GET", "/decisions", None),
    "undo_form": ("FORM", "/decisions/{last}/undo", {"reason_code": "mistake"}),
    "exceptions_page": ("GET", "/exceptions", None),
    "audit_page": ("GET", "/audit", None),
    "api_tasks": ("GET", "/api/v1/tasks", None),
    "api_task": ("GET", "/api/v1/tasks/p-city-1", None),
    "api_decide": (
        "JSON",
        "/api/v1/tasks/p-city-2/decision",
        {"version": 1, "verdict": "same", "reason_code": "same_profile"},
    ),
    "api_reveal": ("JSON", "/api/v1/tasks/p-city-1/reveal", REVEAL),
    "api_decisions": ("GET", "/api/v1/decisions", None),
    "api_undo": ("JSON", "/api/v1/decisions/{last}/undo", {"reason_code": "mistake"}),
    "api_exceptions": ("GET", "/api/v1/exceptions", None),
    "api_audit": ("GET", "/api/v1/audit", None),
}


@pytest.fixture(scope="module")
def quiet(desk_day: Settings, tmp_path_factory) -> Iterator[Server]:
    """One server for tests that write nothing but audit events."""
    copy = copied(desk_day, tmp_path_factory.mktemp("quiet") / "var")
    with serving(copy) as running:
        yield running
    open_store(copy).dispose()


def call(client: Client, name: str, last: int = 1) -> httpx.Response:
    kind, path, body = CALLS[name]
    path = path.format(last=last)
    if kind == "GET":
        return client.get(path)
    return client.submit(path, body or {}) if kind == "FORM" else client.post(path, body or {})


# --- who may what ---------------------------------------------------------------------------------------------------
def test_every_route_has_a_permission_and_a_call_here(desk_day: Settings):
    routes = {route.name for route in create_app(desk_day).routes if isinstance(route, APIRoute)}
    assert routes == set(ROUTES) == set(CALLS)


@pytest.mark.parametrize("role", sorted(ROLES))
def test_every_route_answers_exactly_the_roles_that_hold_its_permission(site: Settings, server: Server, role: str):
    client, steward = server.client(PEOPLE[role]), server.client("steward.hq")
    last = last_made = 0
    for name in [*(name for name in CALLS if name != "logout"), "logout"]:
        if "{last}" in CALLS[name][1]:  # something in force to undo: one's own, or anybody's for a supervisor
            decider = client if Permission.DECIDE in ROLES[role] else steward
            made = decider.decide("p-city-3", "same", "same_profile").json()
            last = made["decision"]["decision_id"] if made["ok"] else last_made
            last_made = last
        answer = call(client, name, last)
        permission = ROUTES[name].permission
        allowed = permission is Permission.PUBLIC or permission in ROLES[role]
        expected = {401} if name == "login" else {200, 303} if allowed else {403}
        assert answer.status_code in expected, (name, answer.text)
    refused = {event.object for event in events(site, action="denied", actor=PEOPLE[role])}
    assert len(refused) == sum(rule.permission not in {*ROLES[role], Permission.PUBLIC} for rule in ROUTES.values())


def test_nobody_gets_in_without_a_login(quiet: Server):
    client = quiet.client()
    for name, rule in ROUTES.items():
        answer = call(client, name)
        if rule.permission is Permission.PUBLIC:
            assert answer.status_code in (200, 303, 401)
        elif name.startswith("api_"):
            assert (answer.status_code, answer.json()["ok"]) == (401, False), name
        else:
            assert (answer.status_code, answer.headers["location"][:6]) == (303, "/login"), name


def test_a_route_that_slipped_past_the_table_is_refused(site: Settings):
    app = create_app(site)
    app.add_api_route("/forgotten", lambda: "secret", methods=["GET"], name="forgotten")
    with serving(site, app) as server:
        answer = server.client("supervisor.hq").get("/forgotten")
        assert answer.status_code == 403 and "secret" not in answer.text


def test_an_app_with_an_unlisted_route_does_not_start(site: Settings, monkeypatch):
    monkeypatch.delitem(ROUTES, "api_reveal")
    with pytest.raises(SettingsError, match="route api_reveal: no entry"):
        create_app(site)


# --- branches -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("login", "sees"),
    [
        ("steward.hq", {"p-city-1", "p-city-2", "p-city-3", "p-cross", "p-north", "p-org"}),
        ("steward.city", {"p-city-1", "p-city-2", "p-city-3"}),
        ("steward.north", {"p-north"}),
    ],
)
def test_a_branch_sees_a_task_only_when_all_its_records_are_its_own(quiet: Server, login, sees):
    client = quiet.client(login)
    listed = client.get("/api/v1/tasks").json()
    assert {item["task_id"] for item in listed["items"]} == sees
    assert listed["total"] == listed["counts"]["open"] == len(sees)
    page = client.get("/tasks").text
    for task_id in ("p-city-1", "p-city-2", "p-city-3", "p-cross", "p-north", "p-org"):
        assert (f"/tasks/{task_id}" in page) == (task_id in sees)
        for path in (f"/tasks/{task_id}", f"/api/v1/tasks/{task_id}"):
            assert client.get(path).status_code == (200 if task_id in sees else 404)


def test_another_branchs_task_is_out_of_reach_by_link_and_by_guess_and_the_try_is_kept(site: Settings, server: Server):
    head_office, city = server.client("steward.hq"), server.client("steward.city")
    theirs = head_office.decide("p-north", "same", "same_profile").json()["decision"]["decision_id"]
    tries = [
        city.get("/tasks/p-north"),
        city.get("/api/v1/tasks/p-north"),
        city.post("/api/v1/tasks/p-north/decision", {"version": 1, "verdict": "same", "reason_code": "same_profile"}),
        city.post("/api/v1/tasks/p-north/reveal", REVEAL),
        city.submit("/tasks/p-north/reveal", REVEAL),
        city.undo(theirs),
    ]
    assert [answer.status_code for answer in tries] == [404] * 6
    unknown = city.get("/api/v1/tasks/p-nowhere")
    assert unknown.json() == tries[1].json()  # nothing tells "exists elsewhere" from "does not exist"
    kept = [event.object for event in events(site, action="denied", actor="steward.city")]
    assert kept == [
        "GET /tasks/p-north",
        "GET /api/v1/tasks/p-north",
        "POST /api/v1/tasks/p-north/decision",
        "POST /api/v1/tasks/p-north/reveal",
        "POST /tasks/p-north/reveal",
        f"POST /api/v1/decisions/{theirs}/undo",
    ]
    assert city.get("/api/v1/decisions").json()["items"] == []
    assert "p-north" not in city.get("/decisions").text


# --- what goes out --------------------------------------------------------------------------------------------------
def test_no_page_and_no_answer_carries_a_clear_value(quiet: Server):
    client = quiet.client("supervisor.hq")
    steward = quiet.client("steward.hq")
    paths = ["/tasks", "/tasks?status=", "/decisions", "/api/v1/tasks", "/api/v1/decisions"]
    pairs = [item["task_id"] for item in client.get("/api/v1/tasks").json()["items"]]
    paths += [f"{prefix}/tasks/{task_id}" for prefix in ("", "/api/v1") for task_id in pairs]
    seen = "".join(who.get(path).text for who in (client, steward) for path in [*paths])
    seen += client.get("/audit").text + client.get("/api/v1/audit").text
    assert "***澜" in seen and "138****8001" in seen
    assert [value for value in CANARIES if value in seen] == []


def test_a_reveal_shows_the_hidden_values_of_one_record_and_is_kept(site: Settings, server: Server):
    client = server.client("steward.city")
    answer = client.post("/api/v1/tasks/p-city-1/reveal", REVEAL)
    values = answer.json()["values"]
    assert values["mobile"] == RECORDS["core:1001"]["mobile"]
    assert values["document_number"] == RECORDS["core:1001"]["document_number"]
    assert "ebank" not in answer.text and "13800138002" not in answer.text
    (event,) = events(site, action="reveal")
    assert (event.actor, event.object, event.reason) == (
        "steward.city", "task:p-city-1 record:core:1001", "check_document"
    )  # fmt: skip
    assert event.columns == sorted(values)
    page = client.submit("/tasks/p-city-1/reveal", {**REVEAL, "position": 1}).text
    assert "13800138002" in page and "13800138001" not in page
    kept = json.dumps([[e.object, e.reason, e.columns] for e in events(site)])
    assert [value for value in CANARIES if value in kept] == []


def test_a_reveal_needs_a_reason_and_a_record(site: Settings, server: Server):
    client = server.client("steward.city")
    assert client.post("/api/v1/tasks/p-city-1/reveal", {"position": 0, "reason_code": ""}).status_code == 422
    assert client.post("/api/v1/tasks/p-city-1/reveal", {**REVEAL, "position": 2}).status_code == 404
    assert events(site, action="reveal") == []


def test_every_answer_carries_the_security_headers(quiet: Server):
    client = quiet.client("steward.hq")
    for path in ("/login", "/tasks", "/tasks/p-city-1", "/api/v1/tasks", "/nowhere", "/static/app.js"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == ("no-cache" if path.startswith("/static") else "no-store")
        assert "server" not in headers


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(quiet: Server):
    answer = quiet.client().http.post("/login", data={"login": "steward.hq", "password": quiet.passwords["steward.hq"]})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "samesite=strict" in cookie.lower()
    assert quiet.passwords["steward.hq"] not in cookie and "steward" not in cookie


def test_the_log_names_patterns_never_paths_or_values(quiet: Server, caplog):
    caplog.set_level(logging.DEBUG)
    client = quiet.client("steward.hq")
    client.get("/tasks?branch=801001&party_type=person")
    client.post("/api/v1/tasks/p-city-1/reveal", REVEAL)
    lines = [record.getMessage() for record in caplog.records if record.name.startswith(("stewardship", "uvicorn"))]
    assert any(re.fullmatch(r"GET /tasks 200 \d+ ms", line) for line in lines)
    text = " ".join(lines)
    assert "p-city-1" not in text and "801001" not in text and "?" not in text
    assert [value for value in CANARIES if value in text] == []


# --- writes come from our own page ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
    ],
)
def test_writes_from_elsewhere_are_refused(quiet: Server, headers):
    client = quiet.client("steward.hq")
    body = {"version": 1, "verdict": "same", "reason_code": "same_profile"}
    path = "/api/v1/tasks/p-city-1/decision"
    answer = client.http.post(path, json=body, headers={**headers, "X-CSRF-Token": client.csrf})
    assert answer.status_code == 403
    login = {"login": "steward.hq", "password": quiet.passwords["steward.hq"]}
    assert client.http.post("/login", data=login, headers=headers).status_code == 403


def test_every_write_of_a_session_needs_its_token(quiet: Server):
    client, other = quiet.client("steward.hq"), quiet.client("supervisor.hq")
    for token in ("", "x", other.csrf):
        client.csrf = token
        for name, (kind, _, _) in CALLS.items():
            if kind != "GET" and ROUTES[name].permission is not Permission.PUBLIC:
                assert call(client, name).status_code == 403, name


def test_foreign_host_names_and_oversized_bodies_are_refused(quiet: Server):
    client = quiet.client()
    assert client.http.get("/login", headers={"host": "evil.example"}).status_code == 400
    big = client.http.post("/login", data={"login": "x" * 70_000})
    assert (big.status_code, big.json()["ok"]) == (413, False)
    assert client.http.post("/login", content=iter([b"login=x"])).status_code == 411


def test_redirects_stay_on_the_site(quiet: Server):
    login = {"login": "steward.hq", "password": quiet.passwords["steward.hq"]}
    for after in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"):
        answer = quiet.client().http.post("/login", data={**login, "after": after})
        assert answer.headers["location"] == "/tasks"


# --- errors ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/v1/tasks/none", None, 404),
        ("GET", "/api/v1/nowhere", None, 404),
        ("DELETE", "/api/v1/tasks", None, 405),
        ("GET", "/api/v1/tasks?party_type=13800138001", None, 422),
        ("GET", "/api/v1/tasks?page=0", None, 422),
        ("POST", "/api/v1/tasks/p-city-1/decision", {"version": 1}, 422),
        ("POST", "/api/v1/tasks/p-city-1/decision", {"version": 7, "verdict": "same", "reason_code": "other"}, 409),
        ("POST", "/api/v1/tasks/p-city-1/decision", {"version": 1, "verdict": "same", "reason_code": "x"}, 422),
        ("POST", "/api/v1/decisions/99999/undo", {"reason_code": "mistake"}, 404),
        ("POST", "/api/v1/tasks/p-city-1/reveal", {"position": "13800138001x", "reason_code": "x"}, 422),
    ],
)
def test_the_api_has_one_error_shape_and_never_echoes_the_input(quiet: Server, method, path, body, status):
    client = quiet.client("steward.hq")
    answer = client.http.request(method, path, json=body, headers={"X-CSRF-Token": client.csrf})
    data = answer.json()
    assert answer.status_code == data["status"] == status
    assert set(data) == {"ok", "status", "error", "errors"}
    assert data["ok"] is False and data["errors"] and data["error"] == "; ".join(data["errors"])
    assert "13800138001" not in answer.text


def test_people_get_a_page_for_an_error(quiet: Server):
    answer = quiet.client("steward.hq").get("/tasks/none")
    assert answer.status_code == 404 and "没有这个任务" in answer.text and "<html" in answer.text


def test_a_defect_tells_neither_the_page_nor_the_log_what_it_held(site: Settings, caplog, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("13800138001")

    monkeypatch.setattr("stewardship.views.task_summary", broken)
    with serving(site) as server:
        client = server.client()
        login = {"login": "steward.hq", "password": server.passwords["steward.hq"]}
        client.http.post("/login", data=login)
        page, data = client.get("/tasks"), client.get("/api/v1/tasks")
    assert (page.status_code, data.status_code, data.json()["ok"]) == (500, 500, False)
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "13800138001" not in page.text + data.text + caplog.text
    assert "RuntimeError at" in caplog.text


# --- logging in -----------------------------------------------------------------------------------------------------
def test_guessing_is_slowed_down_and_kept(site: Settings, server: Server):
    client = server.client()
    answers = [client.http.post("/login", data={"login": "steward.hq", "password": f"wrong {i}"}) for i in range(7)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2
    good = {"login": "steward.hq", "password": server.passwords["steward.hq"]}
    assert client.http.post("/login", data=good).status_code == 429
    assert len(events(site, action="login_failed", actor="steward.hq")) == 5
    assert len(events(site, action="login_blocked")) == 3
    assert server.client("steward.city").get("/tasks").status_code == 200


def test_an_unknown_login_is_not_kept_for_it_may_be_a_password(site: Settings, server: Server):
    answer = server.client().http.post("/login", data={"login": "My-Secret-1", "password": "x"})
    assert answer.status_code == 401
    (event,) = events(site, action="login_failed")
    assert event.actor == "(unknown)" and "Secret" not in event.object + event.reason


def test_logging_out_ends_the_session_on_the_server(site: Settings, server: Server):
    client = server.client("steward.hq")
    stolen = dict(client.http.cookies)
    client.submit("/logout", {})
    assert httpx.get(f"{server.url}/api/v1/tasks", cookies=stolen).status_code == 401
    assert [event.action for event in events(site)][-1] == "logout"


def test_a_forged_cookie_is_nobody(quiet: Server):
    client = quiet.client("steward.hq")
    value = client.http.cookies["mdm_session"]
    for forged in (value[:-2], value.split(".")[0], "", "x.y.z"):
        assert httpx.get(f"{quiet.url}/api/v1/tasks", cookies={"mdm_session": forged}).status_code == 401


def test_a_session_ends_by_itself(site: Settings):
    section = site.stewardship.model_copy(update={"session_minutes": 0})
    with serving(site.model_copy(update={"stewardship": section})) as server:
        client = server.client()
        client.http.post("/login", data={"login": "steward.hq", "password": server.passwords["steward.hq"]})
        assert client.get("/api/v1/tasks").status_code == 401


# --- what is kept ---------------------------------------------------------------------------------------------------
def test_every_write_reveal_and_view_has_its_event(site: Settings, server: Server):
    stewards = {role: server.client(login) for role, login in PEOPLE.items()}
    for name, rule in ROUTES.items():
        if rule.action is None or name in ("login", "logout"):
            continue
        role = next(role for role in PEOPLE if rule.permission in ROLES[role])
        last = 0
        if "{last}" in CALLS[name][1]:
            last = stewards[role].decide("p-cross", "same", "same_profile").json()["decision"]["decision_id"]
        before = len(events(site, action=rule.action, actor=PEOPLE[role]))
        answer = call(stewards[role], name, last)
        assert answer.status_code in (200, 303), (name, answer.text)
        assert len(events(site, action=rule.action, actor=PEOPLE[role])) == before + 1, name
    writes = [name for name, (kind, _, _) in CALLS.items() if kind != "GET"]
    assert [name for name in writes if ROUTES[name].action is None] == [
        "save_preferences"
    ]  # keeps nothing on the server
