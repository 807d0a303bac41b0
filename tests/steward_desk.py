"""A tiny warehouse with doubtful pairs, a running steward page, and a client that logs in: shared by the desk's tests.

Every clear value is made up. `CANARIES` are values that a mask must never let through.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy import select

from stewardship.app import create_app
from stewardship.decisions import export_decisions
from stewardship.store import AuditEvent, open_store, reading
from stewardship.tasks import refresh_tasks
from stewardship.users import create_demo_users
from warehouse import store as warehouse_store
from warehouse.settings import Settings

DAY = dt.date(2026, 3, 2)
_RECORD_COLUMNS = (
    "record_id",
    "source",
    "source_key",
    "party_type",
    "branch_code",
    "name_raw",
    "name",
    "name_issue",
    "former_name",
    "latin_name",
    "document_type",
    "document_number_raw",
    "document_number",
    "document_key",
    "document_issue",
    "mobile",
    "mobile_issue",
    "mobile_second",
    "phone",
    "email",
    "address",
    "province",
    "city",
    "district",
    "address_detail",
    "employer",
    "occupation",
    "spouse_name",
    "spouse_document_number",
    "uscc",
    "organization_code",
    "registry_number",
    "legal_representative_name",
    "nationality",
    "sex",
    "sex_document",
    "status",
)
_TYPED = (
    "birth_date date, birth_date_document date, document_expiry date, opened_date date, updated_at timestamp, "
    "document_is_valid boolean, is_verified boolean"
)

# record id → values; A and B of the first pair are one person with a renewed id, the others are doubtful otherwise
RECORDS: dict[str, dict[str, object]] = {
    "core:1001": {
        "branch_code": "801001",
        "name": "欧阳晓澜",
        "document_type": "resident_id",
        "document_number": "110105194912310021",
        "birth_date": "1949-12-31",
        "sex": "F",
        "mobile": "13800138001",
        "email": "lan.ouyang@example.test",
        "address": "北京市海淀区知春路甲88号楼1204室",
        "employer": "海淀花木栽培有限公司",
        "is_verified": True,
        "opened_date": "2012-05-06",
        "updated_at": "2026-02-01 10:00:00",
        "nationality": "CHN",
        "birth_date_document": "1949-12-31",
        "document_expiry": "2031-05-06",
        "occupation": "工程技术人员",
    },
    "ebank:2001": {
        "branch_code": "801002",
        "name": "欧阳晓岚",
        "document_type": "resident_id",
        "document_issue": "bad_check_digit",
        "document_number": "110105194912310029",
        "birth_date": "1949-12-30",
        "sex": "F",
        "mobile": "13800138002",
        "email": "ouyang88@example.test",
        "address": "海淀区知春路甲88号1204",
        "updated_at": "2026-02-11 09:30:00",
        "is_verified": False,
        "opened_date": "2019-08-01",
    },
    "card:3001": {
        "branch_code": "801003",
        "name": "赵明远",
        "document_type": "resident_id",
        "document_number": "440524188001010014",
        "birth_date": "1980-01-01",
        "sex": "M",
        "mobile": "13900139003",
        "address": "广东省汕头市潮阳区和平镇东门街17号",
        "latin_name": "ZHAO MINGYUAN",
        "opened_date": "2015-03-03",
        "updated_at": "2026-01-15 08:00:00",
    },
    "wealth:4001": {
        "branch_code": "803001",
        "name": "赵明远",
        "document_type": "passport",
        "document_number": "E98765432",
        "birth_date": "1981-01-01",
        "sex": "M",
        "mobile": "13900139003",
        "spouse_name": "司徒雨桐",
        "opened_date": "2021-07-09",
        "updated_at": "2026-02-20 16:45:00",
    },
    "core:1002": {
        "branch_code": "803002",
        "name": "令狐嘉木",
        "document_type": "resident_id",
        "document_number": "53010219200508011X",
        "birth_date": "1990-05-08",
        "sex": "M",
        "mobile": "13700137004",
        "phone": "0871-65550123",
        "address": "云南省昆明市五华区翠湖南路21号",
        "updated_at": "2026-02-20 16:45:00",
    },
    "call:5001": {
        "branch_code": "803003",
        "name": "令狐嘉沐",
        "sex": "M",
        "mobile": "13700137004",
        "mobile_issue": "filler",
        "address": "昆明市五华区翠湖南路廿一号",
        "updated_at": "2026-02-27 11:11:00",
    },
    "core:1003": {
        "branch_code": "801004",
        "name": "欧阳晓澜",
        "mobile": "13800138002",
        "sex": "F",
        "updated_at": "2026-02-27 11:11:00",
    },
    "credit:6001": {
        "party_type": "organization",
        "branch_code": "802001",
        "name": "杭州观澜示范科技有限公司",
        "document_type": "uscc",
        "document_number": "91350100M000100Y43",
        "uscc": "91350100M000100Y43",
        "legal_representative_name": "公孙皓月",
        "phone": "0571-88886666",
        "address": "浙江省杭州市西湖区文三路999号",
        "updated_at": "2026-02-27 11:11:00",
    },
    "registry:91350100M000100Y43": {
        "party_type": "organization",
        "branch_code": None,
        "name": "杭州观澜示范科技股份有限公司",
        "document_type": "uscc",
        "document_number": "91350100M000100Y43",
        "uscc": "91350100M000100Y43",
        "former_name": "杭州听澜示范科技有限公司",
        "legal_representative_name": "公孙皓月",
        "updated_at": "2026-02-27 11:11:00",
    },
}
_PUBLIC = {"branch_code", "party_type", "document_type", "document_issue", "mobile_issue", "sex", "nationality",
           "is_verified", "opened_date", "updated_at", "occupation", "document_expiry"}  # fmt: skip
CANARIES = sorted({str(v) for row in RECORDS.values() for k, v in row.items() if k not in _PUBLIC and v})
# pair id → (left, right, probability, weight); l < r
PAIRS: dict[str, tuple[str, str, float, float]] = {
    "p-city-1": ("core:1001", "ebank:2001", 0.62, 4.1),
    "p-city-2": ("core:1003", "ebank:2001", 0.71, 4.8),
    "p-city-3": ("core:1001", "core:1003", 0.55, 3.4),
    "p-cross": ("card:3001", "wealth:4001", 0.48, 2.9),
    "p-north": ("call:5001", "core:1002", 0.83, 5.9),
    "p-org": ("credit:6001", "registry:91350100M000100Y43", 0.91, 6.6),
}
_EVIDENCE = (
    ("name", "look_alike", "姓名：形近字", "Name: look-alike characters", 6.2),
    ("document", "near", "证件号码：号码差一位或相邻颠倒", "Document number: one digit wrong or swapped", 8.4),
    ("birth_date", "near", "出生日期：年月日中两项一致", "Birth date: two of year month day agree", 1.3),
    ("sex", "same", "性别：性别一致", "Sex: same sex", 1.0),
    ("mobile", "different", "手机号：手机号不同", "Mobile: different mobiles", -2.3),
    ("email", "different", "电子邮箱：邮箱不同", "E-mail: different e-mails", -2.3),
    ("address", "similar", "地址：地址写法不同", "Address: same address written otherwise", 7.9),
    ("employer", "similar", "工作单位：单位简称一致", "Employer: same distinctive part", 0.0),
)


def evidence_json() -> str:
    keys = ("field", "level", "label_zh", "label_en", "weight")
    return json.dumps([dict(zip(keys, item, strict=True)) for item in _EVIDENCE], ensure_ascii=False)


@dataclass
class Bank:
    """The warehouse of the tests: change its fields, then `run` a day."""

    settings: Settings
    pairs: dict[str, tuple[str, str, float, float]] = field(default_factory=lambda: dict(PAIRS))
    records: dict[str, dict[str, object]] = field(default_factory=lambda: {k: dict(v) for k, v in RECORDS.items()})
    evidence_hash: dict[str, str] = field(default_factory=dict)
    verdict: dict[str, str] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)
    aum: dict[str, float] = field(default_factory=lambda: {"core:1001": 812_000.0, "wealth:4001": 60_000.0})

    def fill(self) -> None:
        """Write the tables matching and dbt would have written."""
        with warehouse_store.connect(self.settings) as con:
            _write_records(con, self.records)
            self._write_pairs(con)
            con.execute("create or replace table golden_xref (record_id varchar, golden_id varchar)")
            con.execute("create or replace table customer_360 (golden_id varchar, aum decimal(18, 2))")
            for number, record_id in enumerate(self.records):
                con.execute("insert into golden_xref values (?, ?)", [record_id, f"G{number:09d}0"])
                con.execute("insert into customer_360 values (?, ?)", [f"G{number:09d}0", self.aum.get(record_id, 0)])

    def _write_pairs(self, con: duckdb.DuckDBPyConnection) -> None:
        con.execute(
            "create or replace table match_pair (pair_id varchar, record_id_l varchar, record_id_r varchar, party_type "
            "varchar, origin varchar, match_weight double, match_probability double, verdict varchar, rule varchar, "
            "conflict varchar, evidence varchar, evidence_hash varchar, model_version varchar)"
        )
        for pair_id, (left, right, probability, weight) in self.pairs.items():
            kind = self.records[left].get("party_type", "person")
            conflict = "document" if pair_id == "p-city-1" else None
            row = [
                pair_id,
                left,
                right,
                kind,
                self.origin.get(pair_id, "model"),
                weight,
                probability,
                self.verdict.get(pair_id, "review"),
                "name",
            ]
            hashed = self.evidence_hash.get(pair_id, "e1")
            con.execute(
                "insert into match_pair values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [*row, conflict, evidence_json(), hashed, "person-7c1f"],
            )

    def run(self, day: dt.date = DAY) -> dict[str, int]:
        """The two steps of the desk within a day's run, in their order."""
        self.fill()
        export_decisions(self.settings, day, f"run-{day}")
        return refresh_tasks(self.settings, day, f"run-{day}")

    def exported(self) -> list[tuple[object, ...]]:
        """What the run was handed: (left, right, verdict) per decision."""
        with warehouse_store.connect(self.settings, read_only=True) as con:
            sql = "select record_id_l, record_id_r, verdict from steward_decision order by decision_id"
            return con.execute(sql).fetchall()


def _write_records(con: duckdb.DuckDBPyConnection, records: dict[str, dict[str, object]]) -> None:
    columns = ", ".join(f"{name} varchar" for name in _RECORD_COLUMNS)
    con.execute(f"create or replace table int_party__record ({columns}, {_TYPED})")
    for record_id, values in records.items():
        row = {"record_id": record_id, "source": record_id.split(":")[0], "party_type": "person", **values}
        marks = ", ".join("?" for _ in row)
        con.execute(f"insert into int_party__record ({', '.join(row)}) values ({marks})", list(row.values()))


@dataclass
class Server:
    """The running page."""

    url: str
    passwords: dict[str, str]
    clients: list[httpx.Client] = field(default_factory=list)

    def close(self) -> None:
        """Close what its clients opened."""
        for client in self.clients:
            client.close()

    def client(self, login: str | None = None) -> Client:
        """A browser-like client, logged in when a login is given."""
        return Client(self, login)


class Client:
    """Keeps cookies and sends the page's token, as the page's own script does."""

    def __init__(self, server: Server, login: str | None) -> None:
        self.http = httpx.Client(base_url=server.url, timeout=30)
        server.clients.append(self.http)
        self.csrf = ""
        if login is not None:
            answer = self.http.post("/login", data={"login": login, "password": server.passwords[login]})
            assert answer.status_code == 303, answer.text
            self.csrf = csrf_of(self.http.get("/tasks").text)

    def get(self, path: str) -> httpx.Response:
        """Read a page."""
        return self.http.get(path)

    def post(self, path: str, body: dict[str, object]) -> httpx.Response:
        """Write through the JSON API."""
        return self.http.post(path, json=body, headers={"X-CSRF-Token": self.csrf})

    def submit(self, path: str, values: dict[str, object]) -> httpx.Response:
        """Send a form."""
        return self.http.post(path, data={**values, "csrf": self.csrf})

    def version(self, task_id: str) -> int:
        """The version of a task, as a page shows it."""
        version: int = self.get(f"/api/v1/tasks/{task_id}").json()["task"]["version"]
        return version

    def decide(self, task_id: str, verdict: str, reason: str, version: int | None = None) -> httpx.Response:
        """Give a verdict on the version shown now, or on an older one."""
        shown = self.version(task_id) if version is None else version
        body = {"version": shown, "verdict": verdict, "reason_code": reason}
        return self.post(f"/api/v1/tasks/{task_id}/decision", body)

    def undo(self, decision_id: int) -> httpx.Response:
        """Take a decision back."""
        return self.post(f"/api/v1/decisions/{decision_id}/undo", {"reason_code": "mistake"})


def csrf_of(page: str) -> str:
    """The token inside a page."""
    found = re.search(r'<meta name="csrf" content="([^"]*)">', page)
    assert found is not None
    return found.group(1)


@contextmanager
def serving(settings: Settings, app: FastAPI | None = None) -> Iterator[Server]:
    """A real server on a free loopback port."""
    app = app or create_app(settings)
    passwords = create_demo_users(settings)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, access_log=False, log_level="error", server_header=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        assert server.started
        running = Server(f"http://127.0.0.1:{listener.getsockname()[1]}", passwords)
        try:
            yield running
        finally:
            running.close()
            server.should_exit = True
            thread.join(20)


def after_first_day(site: Settings) -> Settings:
    """The site after its first day with a few doubtful pairs, with users."""
    create_demo_users(site)
    Bank(site).run()
    open_store(site).dispose()
    return site


def copied(settings: Settings, home: Path) -> Settings:
    """A site as it is, at another place."""
    shutil.copytree(settings.home, home)
    return settings.model_copy(update={"home": home})


def events(settings: Settings, **wanted: str) -> list[AuditEvent]:
    """What the audit holds of this kind, the oldest first."""
    query = select(AuditEvent).order_by(AuditEvent.event_id)
    for name, value in wanted.items():
        query = query.where(getattr(AuditEvent, name) == value)
    with reading(open_store(settings)) as session:
        return list(session.scalars(query))
