"""Change events from a real RabbitMQ: nothing lost, nothing twice, whatever dies."""

import base64
import json
import logging
import signal
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time
import uuid
from contextlib import contextmanager, suppress

import pika
import pyarrow.parquet as pq
import pytest

from connectors.extract import extract_source
from tests.api_server import certificate
from tests.change_events import NOON, envelope, lines, newest, person, table
from tests.source_files import DAY, DAY_2, make_site
from warehouse import landing
from warehouse.errors import SourceError
from warehouse.keys import write_secret
from warehouse.settings import ROOT

BROKER = ("127.0.0.1", 5672)


def is_running():
    try:
        socket.create_connection(BROKER, timeout=2).close()
    except OSError:
        return False
    return True


pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif(not is_running(), reason="no RabbitMQ on 127.0.0.1:5672"),
]


@pytest.fixture
def channel():
    with pika.BlockingConnection(pika.ConnectionParameters(*BROKER)) as connection:
        opened = connection.channel()
        opened.confirm_delivery()  # what is published stands in the queue when the next line runs
        yield opened


@pytest.fixture
def queue(channel):
    name = f"mdm-test-{uuid.uuid4().hex}"
    channel.queue_declare(name, durable=True)
    yield name
    channel.queue_delete(name)


def source(name, **changes):
    return {
        "kind": "amqp",
        "url": "amqp://127.0.0.1:5672/",
        "user": "guest",
        "password": {"file": "keys/queue.password"},
        "queue": name,
        "tables": {"customer": table(**{"from": "public.customer"}), "account": table()},
        **changes,
    }


@pytest.fixture
def bank(tmp_path, queue):
    settings = make_site(tmp_path, {"events": source(queue)})
    write_secret(settings.keys_dir / "queue.password", "guest")
    return settings


def publish(channel, queue, *events):
    for event in events:
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        channel.basic_publish("", queue, body, pika.BasicProperties(delivery_mode=2))


def left(channel, queue):
    return channel.queue_declare(queue, passive=True).method.message_count


def extract(bank, day=DAY):
    return extract_source(bank, "events", day, "run-test")


def landed(bank, name="customer"):
    """Rows of the newest commit of every day: what the raw relations see."""
    newest_commits = {one.as_of: one for one in landing.commits(bank, "events")}
    return [row for one in newest_commits.values() for row in pq.read_table(one.deliveries[name].data).to_pylist()]


def dead_letters(bank, day=DAY):
    return sorted((landing.source_dir(bank, "events") / "_dead_letters" / f"{day}").glob("*.json"))


def test_events_land_by_table_and_are_acknowledged(bank, channel, queue):
    publish(
        channel,
        queue,
        envelope("c", person("1", "王小芳"), 0, 1),
        envelope("c", person("9", "x"), 0, 2, table="account"),
        envelope("u", person("1", "王小方"), 5, 3),
        b"null",
    )
    assert extract(bank)["rows"] == 3
    assert newest(landed(bank)) == {"1": "王小方"}
    assert newest(landed(bank, "account")) == {"9": "x"}
    assert left(channel, queue) == 0


def test_the_routing_key_names_the_table_of_flattened_rows_and_of_bare_keys(tmp_path, channel, queue):
    bank = make_site(tmp_path, {"events": source(queue, tables={"customer": table(**{"from": queue})})})
    write_secret(bank.keys_dir / "queue.password", "guest")
    rows = [{**person(n, "a"), "__op": "c", "__source_ts_ms": NOON} for n in "12"]
    publish(channel, queue, *rows, {"key": {"no": "2"}, "value": None, "timestamp": NOON + 1})
    assert extract(bank)["rows"] == 3
    assert newest(landed(bank)) == {"1": "a"}


def test_an_empty_queue_lands_an_empty_day(bank):
    assert extract(bank) == {"rows": 0, "deliveries": 2, "tables": 2, "days_caught_up": 0, "days_read_again": 0}


def test_a_day_read_again_keeps_what_it_has_and_adds_what_came_since(bank, channel, queue):
    publish(channel, queue, envelope("c", person("1", "a"), 0, 1), envelope("u", person("1", "c"), 9, 3))
    extract(bank)
    assert extract(bank)["deliveries"] == 0
    publish(channel, queue, envelope("u", person("1", "b"), 5, 2), envelope("c", person("2", "z"), 9, 4))
    assert extract(bank)["deliveries"] == 1
    assert len(landed(bank)) == 4
    assert newest(landed(bank)) == {"1": "c", "2": "z"}  # the event of moment 5 came late and stays older


def test_a_later_day_has_only_its_own_events_and_a_past_day_takes_none(bank, channel, queue):
    publish(channel, queue, envelope("c", person("1", "a"), 0, 1))
    extract(bank)
    publish(channel, queue, envelope("u", person("1", "b"), 1, 2))
    assert extract(bank, DAY_2)["rows"] == 1
    publish(channel, queue, envelope("u", person("1", "c"), 2, 3))
    assert extract(bank, DAY)["deliveries"] == 0
    assert left(channel, queue) == 1
    assert newest(landed(bank)) == {"1": "b"}


def kill_instead_of(bank, what, channel, queue):
    """A process of its own that is killed at the moment it would call `what`; its messages go back to the queue."""
    waiting = left(channel, queue)
    code = f"""
import os, signal
import connectors.read_amqp, warehouse.landing
from connectors.extract import extract_source
from tests.api_server import certificate
from tests.source_files import DAY
from warehouse.settings import load_settings
from pathlib import Path
{what} = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
settings = load_settings(Path({str(bank.config_dir)!r}), {{"MDM_HOME": {str(bank.home)!r}}})
extract_source(settings, "events", DAY, "run-test")
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    until = time.monotonic() + 10
    while left(channel, queue) < waiting and time.monotonic() < until:
        time.sleep(0.05)  # until the broker has noticed


def test_killed_before_the_commit_nothing_is_lost(bank, channel, queue):
    publish(channel, queue, *(envelope("c", person(str(n), "a"), n, n + 1) for n in range(20)))
    kill_instead_of(bank, "warehouse.landing.commit", channel, queue)
    assert landing.commits(bank, "events") == []
    extract(bank)
    assert len(landed(bank)) == 20 and left(channel, queue) == 0


@pytest.mark.parametrize("day", [DAY, DAY_2], ids=["the same day again", "the next day"])
def test_killed_between_commit_and_acknowledgement_nothing_comes_twice(bank, channel, queue, day):
    publish(channel, queue, *(envelope("c", person(str(n), "a"), n, n + 1) for n in range(20)))
    for _ in range(2):
        kill_instead_of(bank, "connectors.read_amqp.acknowledge", channel, queue)
    assert len(landed(bank)) == 20
    publish(channel, queue, envelope("u", person("3", "b"), 99, 99))
    extract(bank, day)
    assert len(landed(bank)) == 21 and left(channel, queue) == 0
    assert newest(landed(bank))["3"] == "b"


def test_a_message_that_is_no_event_is_set_aside_as_it_came(bank, channel, queue, caplog):
    caplog.set_level(logging.DEBUG)
    poison = [b'{"op": "c", "after": {"no": "13812345678"', b"\xff\xfe", lines({"no": "x"}).encode()]
    foreign = envelope("c", person("1", "a"), 0, 1, table="staff")
    publish(channel, queue, poison[0], envelope("c", person("1", "王小芳"), 0, 1), *poison[1:], foreign)
    extract(bank)
    letters = [json.loads(path.read_text(encoding="utf-8")) for path in dead_letters(bank)]
    assert {base64.b64decode(one["body_base64"]) for one in letters} == {*poison, json.dumps(foreign).encode()}
    assert newest(landed(bank)) == {"1": "王小芳"} and left(channel, queue) == 0
    assert landing.commits(bank, "events")[0].deliveries["customer"].manifest.source_counts == {"dead_letters": 4}
    assert f"queue {queue}: 4 messages are no change events" in caplog.text
    assert "13812345678" not in caplog.text and "王小芳" not in caplog.text and "guest" not in caplog.text


def test_too_many_unreadable_messages_stop_the_source_and_stay(tmp_path, channel, queue):
    bank = make_site(tmp_path, {"events": source(queue, dead_letters=1, password={"file": "keys/queue.password"})})
    write_secret(bank.keys_dir / "queue.password", "guest")
    publish(channel, queue, b"{", b"[", b"(")
    with pytest.raises(SourceError, match="more than 1 messages are no change events"):
        extract(bank)
    assert left(channel, queue) == 3 and landing.commits(bank, "events") == []


def test_a_column_that_is_missing_gives_the_messages_back(bank, channel, queue):
    publish(channel, queue, envelope("c", {"no": "1"}, 0, 1))
    with pytest.raises(SourceError, match="column name is missing"):
        extract(bank)
    assert left(channel, queue) == 1 and landing.commits(bank, "events") == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"user": "nobody"}, "refuses the user"),
        ({"queue": "no-such-queue"}, r"refused by the broker \(404\)"),
        ({"url": "amqp://127.0.0.1:1/"}, "127.0.0.1:1: no connection"),
        ({"password": {"environment": "NO_SUCH_VARIABLE"}}, "environment variable NO_SUCH_VARIABLE: credential"),
    ],
)
def test_a_broker_that_cannot_be_read_is_one_line(tmp_path, queue, changes, told):
    bank = make_site(tmp_path, {"events": source(queue, **changes)})
    write_secret(bank.keys_dir / "queue.password", "guest")
    with pytest.raises(SourceError, match=told) as error:
        extract(bank)
    assert len(error.value.problems) == 1


@contextmanager
def door(context=None, closes_after=None):
    """A way to the broker that speaks TLS, or that breaks off after so many bytes of answers; yields its port."""

    class Door(socketserver.BaseRequestHandler):
        def handle(self):
            try:
                inner = context.wrap_socket(self.request, server_side=True) if context else self.request
            except ssl.SSLError:
                return  # whoever knocked does not trust the certificate
            with inner, socket.create_connection(BROKER) as broker:
                threading.Thread(target=pump, args=(inner, broker), daemon=True).start()
                pump(broker, inner, closes_after)
                with suppress(OSError):
                    inner.shutdown(socket.SHUT_RDWR)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Door) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def pump(source, target, limit=None):
    passed = 0
    with suppress(OSError):
        while (limit is None or passed < limit) and (data := source.recv(4096)):
            target.sendall(data)
            passed += len(data)


def test_a_connection_that_breaks_off_loses_nothing(tmp_path, channel, queue):
    events = [envelope("c", person(str(n), "a" * 200), n, n + 1) for n in range(300)]
    publish(channel, queue, *events)
    with door(closes_after=60_000) as port:
        bank = make_site(tmp_path, {"events": source(queue, url=f"amqp://127.0.0.1:{port}/")})
        write_secret(bank.keys_dir / "queue.password", "guest")
        with pytest.raises(SourceError, match="the connection broke off; run again, nothing is lost"):
            extract(bank)
    assert landing.commits(bank, "events") == []
    until = time.monotonic() + 10
    while left(channel, queue) < len(events) and time.monotonic() < until:
        time.sleep(0.05)
    assert left(channel, queue) == len(events)


def test_an_encrypted_broker_must_be_trusted(tmp_path, channel, queue):
    with door(certificate(tmp_path)) as port:
        url = f"amqps://127.0.0.1:{port}/"
        for name, changes in (("no", {}), ("yes", {"ca_file": str(tmp_path / "server.pem")})):
            bank = make_site(tmp_path / name, {"events": source(queue, url=url, **changes)})
            write_secret(bank.keys_dir / "queue.password", "guest")
            if name == "no":
                with pytest.raises(SourceError, match="its certificate is not trusted"):
                    extract(bank)
        publish(channel, queue, envelope("c", person("1", "a"), 0, 1))
        assert extract(bank)["rows"] == 1
