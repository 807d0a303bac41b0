"""REST APIs of any make, against a real server: paging, credentials, patience, and what is refused."""

import datetime as dt
import email.utils
import itertools
import logging
import time

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.extract import extract_source
from connectors.rest_paging import Cursor, Link, Offset, Page, PageNumber
from tests.api_server import ApiServer, Reply, certificate
from tests.source_files import DAY, DAY_2, make_site
from warehouse import landing
from warehouse.errors import SettingsError, SourceError
from warehouse.keys import write_secret

PEOPLE = [{"id": n, "name": f"王小芳{n}"} for n in range(95)]
TABLE = {"mode": "full", "keys": ["id"], "columns": [{"name": "id"}, {"name": "name"}], "from": "people"}
NUMBERED = {
    "path": "/people",
    "query": {"page": "{page}", "size": "{size}"},
    "records": "data",
    "paging": {"kind": "page", "size": 10, "pages": "pages"},
}
FAST = {"first_wait": 0.01, "attempts": 3}


def numbered(call):
    page, size = int(call.query["page"]), int(call.query["size"])
    return Reply({"data": PEOPLE[(page - 1) * size : page * size], "pages": -(-len(PEOPLE) // size)})


def failing(respond, *replies, at=1):
    """The server answers calls from number `at` with these replies first."""
    count = itertools.count(1)
    queue = list(replies)
    return lambda call: queue.pop(0) if next(count) >= at and queue else respond(call)


def site(folder, server, **changes):
    source = {"kind": "rest", "base_url": server.url, "objects": {"people": NUMBERED}, "tables": {"person": TABLE}}
    settings = make_site(folder, {"api": {**source, "limits": FAST, **changes}})
    write_secret(settings.keys_dir / "api.token", "t0ken-of-the-bank")
    return settings


def landed(settings, day=DAY):
    extract_source(settings, "api", day, "run-test")
    delivery = landing.commits(settings, "api")[-1].deliveries["person"]
    return pq.read_table(delivery.data).to_pylist()


def refused(settings, *, day=DAY):
    with pytest.raises(SourceError) as error:
        extract_source(settings, "api", day, "run-test")
    assert landing.commits(settings, "api") == []
    (line,) = error.value.problems
    assert "王小芳" not in line and "t0ken" not in line
    return line


def ids(rows):
    return [int(row["id"]) for row in rows]


# paging


def by_offset(call):
    start, size = int(call.query["offset"]), min(int(call.query["size"]), 7)  # capped without a word
    return Reply({"data": PEOPLE[start : start + size]})


def by_cursor(call):
    start = int(call.query["cursor"] or 0)
    return Reply({"data": PEOPLE[start : start + 10], "next": str(start + 10) if start + 10 < len(PEOPLE) else None})


def by_link(call):
    start = int(call.query.get("start", 0))
    link = {"Link": f'</people?start={start + 10}>; rel="next", </people>; rel="first"'}
    return Reply({"data": PEOPLE[start : start + 10]}, headers=link if start + 10 < len(PEOPLE) else {})


def by_address(call):
    start = int(call.query.get("start", 0))
    following = f"http://{call.headers['host']}/people?start={start + 10}" if start + 10 < len(PEOPLE) else None
    return Reply({"data": PEOPLE[start : start + 10], "next": following})


@pytest.mark.parametrize(
    ("respond", "query", "paging"),
    [
        (numbered, {"page": "{page}", "size": "{size}"}, {"kind": "page", "size": 10, "pages": "pages"}),
        (numbered, {"page": "{page}", "size": "{size}"}, {"kind": "page", "size": 10}),
        (by_offset, {"offset": "{offset}", "size": "{size}"}, {"kind": "offset", "size": 50}),
        (by_cursor, {"cursor": "{cursor}"}, {"kind": "cursor", "next": "next"}),
        (by_link, {}, {"kind": "link"}),
        (by_address, {}, {"kind": "link", "next": "next"}),
    ],
)
def test_every_way_of_paging_reads_every_record_once(tmp_path, respond, query, paging):
    objects = {"people": {"path": "/people", "query": query, "records": "data", "paging": paging}}
    with ApiServer(respond) as server:
        rows = landed(site(tmp_path, server, objects=objects))
    assert ids(rows) == list(range(95)) and rows[1]["name"] == "王小芳1"


def walk(paging, answer):
    """All records that a way of paging comes to see; `answer` gives records, body and link for placeholders."""
    found, sent = [], paging.first()
    while sent is not None:
        records, body, link = answer(sent)
        found += records
        sent = paging.following(sent, Page(body, len(records), link))
    return found


@given(st.integers(0, 60), st.integers(1, 20), st.integers(1, 20))
def test_no_record_is_left_out_or_read_twice_however_the_server_cuts(total, size, cap):
    everything = list(range(total))

    def cut(start, length):
        return everything[start : start + length]

    assert (
        walk(PageNumber(kind="page", size=size), lambda s: (cut((s["page"] - 1) * size, size), {}, None)) == everything
    )
    assert walk(Offset(kind="offset", size=size), lambda s: (cut(s["offset"], min(size, cap)), {}, None)) == everything

    def cursor(sent):
        at = int(sent["cursor"] or 0)
        return cut(at, cap), {"next": at + cap, "more": at + cap < total}, None

    assert walk(Cursor(kind="cursor", next="next", more="more"), cursor) == everything

    def link(sent):
        at = int(sent.get("link", 0))
        return cut(at, cap), {}, str(at + cap) if at + cap < total else None

    assert walk(Link(kind="link"), link) == everything


def test_a_server_that_ignores_the_page_is_noticed(tmp_path):
    with ApiServer(lambda _: Reply({"data": PEOPLE[:10]})) as server:
        people = {**NUMBERED, "paging": {"kind": "page", "size": 10}}
        line = refused(site(tmp_path, server, objects={"people": people}))
    assert "page 2: the same records as the page before" in line


def test_fewer_records_than_the_api_counts_are_refused(tmp_path):
    with ApiServer(lambda call: Reply({"data": PEOPLE[:3], "pages": 1, "count": "4"})) as server:
        line = refused(site(tmp_path, server, objects={"people": {**NUMBERED, "total": "count"}}))
    assert "/people: 3 records, the API counts 4" in line


# credentials


def secured(call):
    return numbered(call) if call.headers.get("authorization") == "Bearer t0ken-of-the-bank" else Reply({}, 401)


def test_a_bearer_token_comes_from_a_file(tmp_path):
    auth = {"headers": {"Authorization": "Bearer {token}"}}
    with ApiServer(secured) as server:
        settings = site(tmp_path, server, auth=auth, credentials={"token": {"file": "keys/api.token"}})
        assert len(landed(settings)) == 95


def test_a_key_comes_from_an_environment_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("BANK_API_KEY", "t0ken-of-the-bank")
    secret = {"key": {"environment": "BANK_API_KEY"}}
    with ApiServer(
        lambda call: numbered(call) if call.headers["x-api-key"] == "t0ken-of-the-bank" else Reply({}, 401)
    ) as server:
        settings = site(tmp_path, server, auth={"headers": {"X-API-Key": "{key}"}}, credentials=secret)
        assert len(landed(settings)) == 95


def test_a_token_that_is_not_accepted_is_one_line(tmp_path):
    with ApiServer(secured) as server:
        settings = site(
            tmp_path,
            server,
            auth={"headers": {"Authorization": "Bearer {token}"}},
            credentials={"token": {"file": "keys/api.token"}},
        )
        write_secret(settings.keys_dir / "api.token", "t0ken-of-another")
        line = refused(settings)
    assert line.endswith(
        "/people, page 1: status 401, not authorised; check credentials, rights and keys in config/sources"
    )


def test_a_token_that_fits_no_header_is_one_line_without_it(tmp_path):
    auth = {"headers": {"Authorization": "{token}"}}
    with ApiServer(secured) as server:
        settings = site(tmp_path, server, auth=auth, credentials={"token": {"file": "keys/api.token"}})
        for token in ("t0ken-王小芳", "t0ken\nX: y"):
            write_secret(settings.keys_dir / "api.token", token)
            assert "cannot be sent as it is" in refused(settings)
        assert server.calls == []


def test_a_token_is_renewed_before_it_ends(tmp_path):
    logins = itertools.count(1)

    def respond(call):
        if call.path == "/login":
            return Reply({"token": f"t0ken-{next(logins)}", "seconds": 1})
        time.sleep(0.11)
        return numbered(call)

    login = {"request": {"method": "POST", "path": "/login"}, "token": "token", "lifetime": "seconds"}
    auth = {"headers": {"Authorization": "{token}"}, "login": login}
    with ApiServer(respond) as server:
        assert len(landed(site(tmp_path, server, auth=auth))) == 95
        tokens = [call.headers["authorization"] for call in server.calls if call.path == "/people"]
    assert tokens[0] == "t0ken-1" and tokens[-1] != "t0ken-1"


def test_nothing_of_a_token_or_a_value_is_logged(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    auth = {"query": {"access_token": "{token}"}}
    with ApiServer(failing(numbered, Reply({"name": "王小芳"}, 500), at=3)) as server:
        landed(site(tmp_path, server, auth=auth, credentials={"token": {"file": "keys/api.token"}}))
        assert server.calls[-1].query["access_token"] == "t0ken-of-the-bank"
    assert "t0ken" not in caplog.text and "王小芳" not in caplog.text


# patience


@pytest.mark.parametrize("trouble", [Reply({}, 500), Reply({}, 502), Reply(b"<html>", 503), Reply({}, 429)])
def test_trouble_that_passes_is_waited_out(tmp_path, trouble):
    with ApiServer(failing(numbered, trouble, trouble, at=4)) as server:
        assert ids(landed(site(tmp_path, server))) == list(range(95))


def test_a_server_is_asked_again_when_it_says(tmp_path):
    moment = email.utils.format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=2), usegmt=True)
    busy = [Reply({}, 429, {"Retry-After": "1"}), Reply({}, 503, {"Retry-After": moment})]
    with ApiServer(failing(numbered, *busy)) as server:
        start = time.monotonic()
        landed(site(tmp_path, server))
    assert 1 <= time.monotonic() - start < 10


def test_a_server_that_asks_to_wait_too_long_is_left_alone(tmp_path):
    with ApiServer(failing(numbered, Reply({}, 429, {"Retry-After": "3600"}))) as server:
        line = refused(site(tmp_path, server))
    assert "/people, page 1: status 429, asks to wait 3600 s; run again after that" in line


def test_page_seven_of_ten_that_fails_for_good_lands_nothing(tmp_path):
    with ApiServer(
        lambda call: Reply({"name": "王小芳"}, 500) if call.query["page"] == "7" else numbered(call)
    ) as server:
        settings = site(tmp_path, server)
        assert "/people, page 7: status 500, 3 attempts" in refused(settings)
        assert landing.problems(settings, "api", DAY)[0].startswith("source api: 127.0.0.1:")


def test_a_server_that_does_not_answer_in_time_is_given_up(tmp_path):
    def slow(_):
        time.sleep(0.5)
        return Reply({})

    with ApiServer(slow) as server:
        line = refused(site(tmp_path, server, limits={**FAST, "timeout": 0.1}))
    assert "page 1: no answer in time, 3 attempts" in line


def test_a_server_that_is_not_there_is_one_line(tmp_path):
    with ApiServer(numbered) as server:
        settings = site(tmp_path, server)
    assert "page 1: no connection, or it broke off, 3 attempts" in refused(settings)


def test_calls_keep_the_pace(tmp_path):
    with ApiServer(numbered) as server:
        start = time.monotonic()
        landed(site(tmp_path, server, limits={**FAST, "per_second": 20}))
    assert time.monotonic() - start >= 9 / 20


# what is refused


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(b"<html>\xff"), "the answer is not JSON"),
        (Reply({"data": {"name": "王小芳"}}), "no list at 'data'"),
        (Reply({"name": "王小芳"}), "no list at 'data'"),
        (Reply({}, 404), "status 404"),
        (Reply(b"[" * 15_000), "the answer is not JSON"),
        (Reply({"data": PEOPLE[:1], "next": "/a\x01b"}), "the address or a header cannot be sent"),
        (Reply({"data": PEOPLE}, 302, {"Location": "http://127.0.0.1:1/"}), "status 302"),
        (Reply({"data": ["x" * 100_000]}), "the answer is larger than answer_bytes"),
    ],
)
def test_an_answer_that_is_none_is_one_line(tmp_path, reply, told):
    with ApiServer(lambda _: reply) as server:
        people = {"path": "/people", "records": "data", "paging": {"kind": "link", "next": "next"}}
        settings = site(tmp_path, server, limits={**FAST, "answer_bytes": 20_000}, objects={"people": people})
        assert told in refused(settings)
        assert len(server.calls) == 1


def test_a_link_to_another_server_gets_no_token(tmp_path):
    with ApiServer(numbered) as other:
        reply = Reply({"data": PEOPLE[:10], "next": f"{other.url}/people"})
        people = {"path": "/people", "records": "data", "paging": {"kind": "link", "next": "next"}}
        with ApiServer(lambda _: reply) as server:
            line = refused(site(tmp_path, server, objects={"people": people}))
        assert "leads to another server" in line and other.calls == []


def test_a_certificate_must_be_trusted(tmp_path):
    context = certificate(tmp_path)
    with ApiServer(numbered, context) as server:
        assert "its certificate is not trusted" in refused(site(tmp_path / "no", server))
        settings = site(tmp_path / "yes", server, ca_file=str(tmp_path / "server.pem"))
        assert len(landed(settings)) == 95
        (tmp_path / "server.pem").write_text("no certificate")
        with pytest.raises(SourceError, match=r"server\.pem: no certificate there"):
            extract_source(settings, "api", DAY_2, "run-test")


# columns


def test_undeclared_keys_land_and_a_missing_one_stops(tmp_path):
    columns = [{"name": "id"}, {"name": "nick", "optional": True}]
    with ApiServer(numbered) as server:
        rows = landed(site(tmp_path / "a", server, tables={"person": {**TABLE, "columns": columns}}))
        assert (rows[0]["nick"], rows[0]["name"]) == (None, "王小芳0")
        columns = [{"name": "id"}, {"name": "nick"}]
        line = refused(site(tmp_path / "b", server, tables={"person": {**TABLE, "columns": columns}}))
    assert "column nick is missing" in line


def test_odd_keys_and_half_characters_land(tmp_path):
    odd = {"id": 1, "name": "\ud83d王小芳", "a.b": "x", "$c": 1.50, "": "nothing"}
    with ApiServer(lambda _: Reply({"data": [odd], "pages": 1})) as server:
        (row,) = landed(site(tmp_path, server))
    assert (row["name"], row["a.b"], row["$c"]) == ("\ufffd王小芳", "x", "1.5")


def test_changed_rows_are_asked_for_from_the_last_day_on(tmp_path):
    query = {"from": "{since}", "to": "{until}"}
    table = {**TABLE, "mode": "changed"}
    with ApiServer(lambda _: Reply({"data": PEOPLE[:2]})) as server:
        objects = {"people": {"path": "/people", "query": query, "records": "data"}}
        settings = site(tmp_path, server, objects=objects, tables={"person": table})
        landed(settings)
        landed(settings, DAY_2)
        asked = [call.query for call in server.calls]
    assert asked == [
        {"from": "1970-01-01", "to": "2026-03-03"},
        {"from": "2026-03-02", "to": "2026-03-04"},
    ]


# the source file


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"base_url": "http://api.example"}, "sends secrets in the clear"),
        ({"base_url": "https://me:hunter2@api.example"}, "may not stand in an address"),
        ({"base_url": "ftp://api.example"}, "must be https://"),
        ({"preset": "wecon"}, "no such preset; there are: dingtalk, kingdee, wecom, yonyou"),
        ({"auth": {"query": {"key": "{apikey}"}}}, "nothing fills auth: {apikey}"),
        (
            {"objects": {"people": {**NUMBERED, "query": {"cursor": "{cursor}"}}}},
            "nothing fills objects.people: {cursor}",
        ),
        (
            {"objects": {"people": {**NUMBERED, "each": {"name": "a", "object": "people"}}}},
            "nothing fills objects.people: each",
        ),
        (
            {"objects": {"people": {**NUMBERED, "each": {"name": "a", "object": "b"}}}},
            "nothing fills objects.people: each",
        ),
        ({"base_url": "https://api.example:port"}, "port"),
        ({"credentials": {"key": {"value": "a", "file": "b"}}}, "give one of"),
        ({"credentials": {"key": {"environment": "MDM_X"}}}, "begin with mdm_"),
        ({"credentials": {"key": "hunter2"}}, "credentials.key"),
        ({"tables": {"person": {**TABLE, "from": "persons"}}}, "none of the api's objects (people): person"),
        ({"tables": {"person": {**TABLE, "columns": [{"name": "id", "type": "integer"}]}}}, "remove the column types"),
        ({"tables": {"person": {**TABLE, "mode": "cdc"}}}, "need 'events'"),
    ],
)
def test_a_source_file_that_cannot_work_is_refused_by_key(tmp_path, changes, told):
    with ApiServer(numbered) as server:
        settings = site(tmp_path, server, **changes)
    with pytest.raises(SettingsError) as error:
        extract_source(settings, "api", DAY, "run-test")
    assert told in "\n".join(error.value.problems)
    assert "hunter2" not in str(error.value)
