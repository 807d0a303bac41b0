"""What people do on the steward page and its API, over a real server: deciding, undoing, searching; how it starts."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest
from sqlalchemy import func, select

from stewardship.serve import address, logins, serve
from stewardship.store import Decision, Task, TaskRecord, open_store, reading
from stewardship.users import create_demo_users, read_logins
from tests.steward_desk import Server
from warehouse.errors import BusyError, SettingsError
from warehouse.settings import ROOT, Settings, load_settings

REASONS = {"same": "same_profile", "different": "namesake", "unsure": "too_little"}


# --- deciding -------------------------------------------------------------------------------------------------------
def test_two_stewards_on_one_pair_make_one_decision(site: Settings, server: Server):
    clients = [server.client(login) for login in ("steward.hq", "steward.city")]
    answers: list[httpx.Response] = []
    threads = [
        threading.Thread(target=lambda c=c, v=v: answers.append(c.decide("p-city-1", v, REASONS[v], version=1)))
        for c, v in zip(clients, ("same", "different"), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (stale,) = [answer.json() for answer in answers if answer.status_code == 409]
    assert re.search(r"steward\.(hq|city) 已于 .* 处理此对记录", stale["error"])
    with reading(open_store(site)) as session:
        assert session.scalar(select(func.count()).select_from(Decision)) == 1


def test_many_writers_at_once_lose_nothing(site: Settings, server: Server):
    clients = [server.client("steward.hq") for _ in range(6)]
    pairs = ["p-city-1", "p-city-2", "p-cross", "p-north", "p-org", "p-city-1"]
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda c=c, p=p: answers.append(c.decide(p, "unsure", "too_little", 1).status_code))
        for c, p in zip(clients, pairs, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 6  # the repeated one is recognised as the same answer
    with reading(open_store(site)) as session:
        assert session.scalar(select(func.count()).select_from(Decision)) == 5


def test_typing_ahead_cannot_hit_the_same_pair_twice(server: Server):
    client = server.client("steward.hq")
    assert client.decide("p-city-1", "same", "same_profile", version=1).status_code == 200
    late = client.decide("p-city-1", "different", "namesake", version=1)
    assert late.status_code == 409


def test_a_form_without_script_decides_and_goes_on_to_the_next_pair(server: Server):
    client = server.client("steward.city")
    values = {"version": 1, "verdict": "unsure", "reason_code": "ask_branch", "note": "请网点致电"}
    answer = client.submit("/tasks/p-city-1/decision?party_type=person", values)
    assert answer.status_code == 303
    assert re.fullmatch(r"/tasks/p-city-\d\?party_type=person&last=\d+", answer.headers["location"])
    assert "请网点致电" in client.get("/tasks/p-city-1").text


def test_a_contradiction_is_said_to_the_person(server: Server):
    client = server.client("steward.hq")
    client.decide("p-city-1", "same", "same_profile")
    client.decide("p-city-2", "same", "same_profile")
    answer = client.decide("p-city-3", "different", "namesake")
    assert answer.status_code == 422
    assert "#1 core:1001 = ebank:2001 (同一客户, steward.hq)" in answer.json()["error"]


def test_undo_through_the_page(site: Settings, server: Server):
    client, auditor = server.client("steward.hq"), server.client("auditor.hq")
    made = client.decide("p-cross", "different", "namesake").json()
    number = made["decision"]["decision_id"]
    assert f"/decisions/{number}/undo" in client.get(made["next"]).text
    assert "/undo" not in auditor.get("/decisions").text
    answer = client.submit(f"/decisions/{number}/undo", {"reason_code": "mistake"})
    assert answer.headers["location"] == "/tasks/p-cross"
    with reading(open_store(site)) as session:
        assert session.get_one(Task, "p-cross").status == "open"
    assert client.undo(number).status_code == 409


def test_a_reader_sees_no_active_buttons(server: Server):
    page = server.client("auditor.hq").get("/tasks/p-city-1").text
    main = page[page.index("<main") :]
    assert "<button" not in main and "<form" not in main
    assert "138****800" in main


def test_the_next_pair_is_the_next_of_the_filter(server: Server):
    client = server.client("steward.hq")
    first = client.get("/next?party_type=organization").headers["location"]
    assert first == "/tasks/p-org?party_type=organization"
    made = client.post(
        "/api/v1/tasks/p-org/decision?party_type=organization",
        {"version": 1, "verdict": "same", "reason_code": "same_document"},
    ).json()
    assert made["next_task_id"] is None and "done=1" in made["next"]
    assert "全部处理完毕" in client.get(made["next"]).text


def test_the_api_and_the_table_say_the_same(site: Settings, server: Server):
    client = server.client("steward.hq")
    client.decide("p-city-1", "same", "same_profile")
    listed = client.get("/api/v1/tasks?status=").json()["items"]
    with reading(open_store(site)) as session:
        tasks = list(session.scalars(select(Task).order_by(Task.priority.desc(), Task.task_id)))
        records = list(session.scalars(select(TaskRecord).order_by(TaskRecord.task_id, TaskRecord.position)))
        decisions = list(session.scalars(select(Decision)))
    same = ("task_id", "kind", "party_type", "status", "verdict", "score", "weight", "priority", "version")
    assert [[item[k] for k in same] for item in listed] == [[getattr(task, k) for k in same] for task in tasks]
    shown = sorted((i["task_id"], n, r["source"], r["branch_code"]) for i in listed for n, r in enumerate(i["records"]))
    assert shown == [(r.task_id, r.position, r.source, r.branch_code) for r in records]
    told = client.get("/api/v1/decisions").json()["items"]
    keys = ("decision_id", "kind", "task_id", "verdict", "reason_code", "steward", "supersedes", "evidence_hash")
    assert [[item[k] for k in keys] for item in told] == [[getattr(d, k) for k in keys] for d in decisions]


def test_the_queue_filters_and_pages(server: Server):
    client = server.client("steward.hq")

    def found(query: str) -> list[str]:
        return [item["task_id"] for item in client.get(f"/api/v1/tasks?{query}").json()["items"]]

    assert found("party_type=organization") == ["p-org"]
    assert found("branch=803001") == ["p-cross"]
    assert found("") == ["p-city-3", "p-cross", "p-city-1", "p-city-2", "p-north", "p-org"]
    client.decide("p-org", "unsure", "too_little")
    client.decide("p-cross", "different", "namesake")
    assert (found("status=unsure"), found("status=decided")) == (["p-org"], ["p-cross"])
    assert found("page=2") == []


def test_the_audit_is_searched_by_person_deed_object_and_day(server: Server):
    client = server.client("steward.city")
    client.get("/tasks/p-city-1")
    boss = server.client("supervisor.hq")
    found = boss.get("/api/v1/audit?who=steward.city&action=view_task&object=city-1").json()
    assert [item["object"] for item in found["items"]] == ["task:p-city-1"]
    assert boss.get("/api/v1/audit?day=2001-01-01").json()["total"] == 0
    page = boss.get("/audit?who=steward.city&action=view_task&object=&day=").text
    assert "task:p-city-1" in page


def test_english_is_one_click_away(server: Server):
    client = server.client("steward.hq")
    answer = client.submit("/preferences", {"language": "en", "after": "/tasks"})
    assert answer.headers["location"] == "/tasks"
    page = client.get("/tasks").text
    assert "Most uncertain" in page and "待办任务" not in page
    assert "No such task" in client.get("/tasks/none").text


# --- starting -------------------------------------------------------------------------------------------------------
def test_the_demos_logins_are_random_kept_for_the_owner_only_and_stable(site: Settings):
    first = create_demo_users(site)
    assert set(first) == {"steward.hq", "steward.city", "steward.north", "supervisor.hq", "auditor.hq"}
    assert len(set(first.values())) == 5
    assert create_demo_users(site) == first == read_logins(site)
    assert [line.split()[:2] for line in logins(site)] == [list(item) for item in first.items()]
    path = site.keys_dir / "steward_logins.json"
    assert path.stat().st_mode & 0o777 == 0o600
    path.unlink()
    assert create_demo_users(site) != first


def test_a_real_site_gets_no_demo_users(site: Settings):
    real = site.model_copy(update={"is_demo": False})
    assert create_demo_users(real) == {} == read_logins(real)
    assert logins(real) == []


def test_the_page_listens_on_this_machine_only(site: Settings):
    for host in ("0.0.0.0", "192.168.1.5", "desk.bank.example", "::"):
        section = site.stewardship.model_copy(update={"host": host})
        with pytest.raises(SettingsError, match="TLS proxy"):
            serve(site.model_copy(update={"stewardship": section}))


def test_a_taken_port_is_said_in_one_line(site: Settings, server: Server):
    port = int(server.url.rsplit(":", 1)[1])
    section = site.stewardship.model_copy(update={"port": port})
    with pytest.raises(BusyError, match=f"127.0.0.1:{port}: another program"):
        serve(site.model_copy(update={"stewardship": section}))


def test_the_command_serves_until_interrupted(tmp_path):
    home = tmp_path / "var"  # nothing is prepared: key, store and users are made at the first start
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {"MDM_HOME": str(home), "MDM_STEWARDSHIP__PORT": str(port)}
    code = "from stewardship.serve import *; from warehouse.settings import load_settings; serve(load_settings())"
    process = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, **environ}, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        site = load_settings(environ=environ)
        assert address(site) == f"http://127.0.0.1:{port}/"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{address(site)}health").text == "ok":
                    break
            time.sleep(0.2)
        login = {"login": "auditor.hq", "password": read_logins(site)["auditor.hq"]}
        assert httpx.post(f"{address(site)}login", data=login).status_code == 303
    finally:
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=30)
    assert "POST /login 303" in log
    assert login["password"] not in log and "Traceback" not in log
    assert process.returncode == 0
