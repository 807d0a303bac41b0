"""Change events in files: into the landing, in the order they happened."""

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.extract import extract_source
from connectors.raw import register_raw
from quality.gate import gate_raw
from tests.change_events import envelope, lines, newest, person, table
from tests.source_files import DAY, DAY_2, make_site
from warehouse import landing, store
from warehouse.errors import SettingsError, SourceError


def source(**changes):
    return {"kind": "debezium", "folder": "in/core", "tables": {"customer": table(**changes)}}


@pytest.fixture
def bank(tmp_path):
    return make_site(tmp_path, {"events": source()})


def write(bank, day, text):
    path = bank.home / "in" / "core" / f"customer_{day:%Y%m%d}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def landed(bank):
    commits = landing.commits(bank, "events")
    return [row for one in commits for row in pq.read_table(one.deliveries["customer"].data).to_pylist()]


def test_inserts_updates_and_deletes_land_in_the_order_they_happened(bank):
    events = [
        envelope("r", person("1", "王小芳"), 0, 1),
        envelope("r", person("2", "张三"), 0, 2),
        envelope("u", person("1", "王小方"), 20, 9),  # late in the log, early in the file
        envelope("u", person("1", "王小房"), 10, 5),
        envelope("d", person("2", None), 30, 11),
        None,  # its tombstone
        envelope("c", person("3", "𠮷田"), 30, 12),
    ]
    write(bank, DAY, lines(*events))
    assert extract_source(bank, "events", DAY, "run-test")["rows"] == 6
    rows = landed(bank)
    assert [row["no"] for row in sorted(rows, key=lambda row: row["_position"])] == ["1", "2", "1", "1", "2", "3"]
    assert {row["_op"] for row in rows} == {"c", "u", "d", "r"}
    assert newest(rows) == {"1": "王小方", "3": "𠮷田"}


def test_the_raw_relation_shows_the_last_known_row_and_the_day_it_ended(tmp_path):
    suite = {"customer": {"checks": [{"check": "not_null", "column": "name", "level": "row"}], "quarantine_limit": 0.9}}
    bank = make_site(tmp_path, {"events": source()}, {"events": suite})
    first = [
        envelope("r", person(n, name), 0, lsn) for lsn, (n, name) in enumerate([("1", "a"), ("2", "b"), ("3", "c")])
    ]
    write(bank, DAY, lines(*first))
    second = [
        envelope("d", {"no": "2"}, 9, 12),
        envelope("u", person("1", "A2"), 8, 11),
        envelope("u", person("1", "A1"), 7, 10),
    ]
    write(bank, DAY_2, lines(*second))
    extract_source(bank, "events", DAY_2, "run-test")
    gate_raw(bank, DAY_2, "run-test")
    register_raw(bank, DAY_2, "run-test")
    with store.connect(bank, read_only=True) as con:
        rows = con.execute("select no, name, _deleted_as_of from raw_events__customer order by no").fetchall()
    assert rows == [("1", "A2", None), ("2", "b", DAY_2), ("3", "c", None)]


def test_an_event_written_twice_lands_once(bank):
    again = envelope("u", person("1", "a"), 1, 7)
    write(bank, DAY, lines(again, again, envelope("u", person("1", "b"), 1, 8)))
    assert extract_source(bank, "events", DAY, "run-test")["rows"] == 2


def test_equal_changes_without_a_log_position_all_count(bank):
    write(bank, DAY, lines(*(envelope("u", person("1", name), 1) for name in ("a", "b", "a"))))
    extract_source(bank, "events", DAY, "run-test")
    assert newest(landed(bank)) == {"1": "a"}


def test_missed_days_are_caught_up_and_the_same_file_again_adds_nothing(bank):
    write(bank, DAY, lines(envelope("c", person("1", "a"), 0, 1)))
    write(bank, DAY_2, lines(envelope("u", person("1", "b"), 9, 2)))
    assert extract_source(bank, "events", DAY_2, "run-test")["days_caught_up"] == 1
    assert extract_source(bank, "events", DAY_2, "run-test")["deliveries"] == 0
    assert newest(landed(bank)) == {"1": "b"}


def test_a_file_of_deletions_alone_needs_no_more_than_the_key(bank):
    write(bank, DAY, lines(envelope("d", {"no": "1"}, 0, 1)))
    extract_source(bank, "events", DAY, "run-test")
    assert [(row["no"], row["name"], row["_op"]) for row in landed(bank)] == [("1", None, "d")]


def test_new_columns_are_reported_and_missing_ones_stop(bank):
    write(bank, DAY, lines(envelope("c", person("1", "a", mobile="13812345678"), 0, 1)))
    extract_source(bank, "events", DAY, "run-test")
    assert landing.commits(bank, "events")[0].deliveries["customer"].manifest.new_columns == ["mobile"]
    write(bank, DAY_2, lines(envelope("c", {"no": "2"}, 0, 1)))
    with pytest.raises(SourceError, match="column name is missing"):
        extract_source(bank, "events", DAY_2, "run-test")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (lines({"no": "王小芳"}), "line 1: neither an envelope"),
        (lines(envelope("c", person("1", "a"), 0)) + '{"op": "c", "after": {"no": "王小芳"', "line 2: not a whole"),
        (lines(envelope("t", None, 0)), "line 1: operation is none of"),
    ],
)
def test_a_line_that_is_no_event_is_named_and_nothing_lands(bank, text, told):
    write(bank, DAY, text)
    with pytest.raises(SourceError, match=told) as error:
        extract_source(bank, "events", DAY, "run-test")
    assert "王小芳" not in str(error.value) and landing.commits(bank, "events") == []


def test_mode_cdc_and_change_events_go_together(tmp_path):
    wrong = {"events": source(mode="full"), "files": {**source(), "kind": "jsonl"}}
    with pytest.raises(SettingsError) as error:
        extract_source(make_site(tmp_path, wrong), "events", DAY, "run-test")
    assert ["mode" in line for line in error.value.problems] == [True, True]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_however_events_are_shuffled_the_newest_state_is_the_same(tmp_path_factory, data):
    """Against a dictionary that applies the same operations one by one."""
    bank = make_site(tmp_path_factory.mktemp("bank"), {"events": source()})
    state: dict[str, str] = {}
    events = []
    operations = data.draw(st.lists(st.tuples(st.sampled_from("123"), st.sampled_from("ab-")), min_size=1, max_size=25))
    for lsn, (number, name) in enumerate(operations, start=1):
        op = "d" if name == "-" else "u" if number in state else "c"
        events.append(envelope(op, person(number, name), lsn // 4, lsn))
        state.pop(number, None) if name == "-" else state.update({number: name})
    write(bank, DAY, lines(*data.draw(st.permutations(events))))
    extract_source(bank, "events", DAY, "run-test")
    assert newest(landed(bank)) == state
    assert len(landed(bank)) == len(events)
