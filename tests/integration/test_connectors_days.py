"""Days that do not come as they should, changes and deletes, drift, and a past day built again."""

import datetime as dt
import shutil

import duckdb
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from connectors.arrivals import arrivals
from connectors.extract import extract_source
from connectors.raw import register_raw
from dags.replay import replay_site
from tests.source_files import (
    DAY,
    DAY_2,
    DAY_3,
    card,
    columns,
    fixed_lines,
    make_site,
    wealth,
    wealth_day,
    write_fixed,
    write_package,
)
from warehouse import landing, store
from warehouse.errors import SourceError
from warehouse.landing import Gate

RUN = "run-test"
DAY_4 = DAY_3 + dt.timedelta(days=1)


@pytest.fixture
def bank(tmp_path):
    return make_site(tmp_path, {"wealth": wealth(), "card": card()})


def extract(settings, source, day):
    return extract_source(settings, source, day, RUN)


def accept(settings):
    """What the gate does to deliveries without fault."""
    for source in ("wealth", "card", "events"):
        for known in landing.commits(settings, source):
            for delivery in known.deliveries.values():
                if delivery.gate is None:
                    delivery.write_gate(Gate("test", [], 0, []))


def raw(settings, day, sql):
    accept(settings)
    register_raw(settings, day, RUN)
    with store.connect(settings, read_only=True) as con:
        return con.execute(sql).fetchall()


def states(settings, until, source="wealth"):
    accept(settings)
    return {one.as_of: one.state for one in arrivals(settings, until) if one.source == source}


def detail(settings, until, day):
    return next(one.detail for one in arrivals(settings, until) if (one.source, one.as_of) == ("wealth", day))


# how days arrive


def day_of(number):
    return wealth_day(assessment=[(f"A{number}", "1", "C2")], customer=[(f"{number}", "x", f"{number}")])


def test_days_that_come_one_by_one_are_on_time(bank):
    for number, day in enumerate((DAY, DAY_2)):
        write_package(bank, day, day_of(number))
        extract(bank, "wealth", day)
    assert states(bank, DAY_2) == {DAY: "on_time", DAY_2: "on_time"}


def test_a_day_without_files_is_refused_then_late(bank):
    with pytest.raises(SourceError, match="late or incomplete"):
        extract(bank, "wealth", DAY)
    assert states(bank, DAY) == {DAY: "refused"}
    assert "late or incomplete" in detail(bank, DAY, DAY)
    write_package(bank, DAY, day_of(1))
    extract(bank, "wealth", DAY)
    assert states(bank, DAY) == {DAY: "late"}
    assert detail(bank, DAY, DAY) == "landed after 1 failed try"


def test_a_day_nobody_ran_is_missing_and_out_of_order_when_its_files_come_later(bank):
    for number, day in ((1, DAY), (3, DAY_3)):
        write_package(bank, day, day_of(number))
        extract(bank, "wealth", day)
    assert states(bank, DAY_3) == {DAY: "on_time", DAY_2: "missing", DAY_3: "on_time"}
    write_package(bank, DAY_2, day_of(2))
    write_package(bank, DAY_4, day_of(4))
    assert extract(bank, "wealth", DAY_4)["days_caught_up"] == 1
    assert states(bank, DAY_4) == {DAY: "on_time", DAY_2: "out_of_order", DAY_3: "on_time", DAY_4: "on_time"}
    assert detail(bank, DAY_4, DAY_2) == f"landed after {DAY_3}"
    found = raw(bank, DAY_4, "select id, _as_of from raw_wealth__assessment order by id")
    assert found == [("A1", DAY), ("A2", DAY_2), ("A3", DAY_3), ("A4", DAY_4)]


def test_the_same_day_in_new_files_is_redelivered_and_changes_nothing(bank):
    write_package(bank, DAY, day_of(1))
    extract(bank, "wealth", DAY)
    before = raw(bank, DAY, "select * from raw_wealth__assessment")
    package = write_package(bank, DAY, day_of(1))
    package.touch()
    assert extract(bank, "wealth", DAY)["deliveries"] == 0
    assert states(bank, DAY) == {DAY: "redelivered"}
    assert raw(bank, DAY, "select * from raw_wealth__assessment") == before


def test_a_past_day_whose_files_changed_is_read_again_on_the_next_day(bank):
    for number, day in ((1, DAY), (2, DAY_2)):
        write_package(bank, day, day_of(number))
        extract(bank, "wealth", day)
    corrected = day_of(1) | {"assessment": [("A1", "1", "C5"), ("A0", "9", "C1")]}
    write_package(bank, DAY, corrected)
    write_package(bank, DAY_3, day_of(3))
    counts = extract(bank, "wealth", DAY_3)
    assert (counts["days_read_again"], counts["days_caught_up"]) == (1, 0)
    assert states(bank, DAY_3) == {DAY: "restated", DAY_2: "on_time", DAY_3: "on_time"}
    found = raw(bank, DAY_3, "select id, level, _as_of, _delivery from raw_wealth__assessment order by id")
    assert found == [("A0", "C1", DAY, 2), ("A1", "C5", DAY, 2), ("A2", "C2", DAY_2, 1), ("A3", "C2", DAY_3, 1)]
    assert sorted(landing.day_commits(bank, "wealth", DAY)[-1].deliveries) == ["assessment", "customer", "product"]
    assert extract(bank, "wealth", DAY_3)["days_read_again"] == 0


def test_files_that_were_cleared_away_are_no_restatement(bank):
    write_package(bank, DAY, day_of(1))
    extract(bank, "wealth", DAY)
    shutil.rmtree(bank.home / "in" / "wealth")
    write_package(bank, DAY_2, day_of(2))
    assert extract(bank, "wealth", DAY_2)["days_read_again"] == 0


def test_yesterdays_rows_under_todays_name_are_told(bank):
    for day in (DAY, DAY_2):
        write_package(bank, day, day_of(1))
        extract(bank, "wealth", day)
    assert states(bank, DAY_2) == {DAY: "on_time", DAY_2: "repeated"}
    assert f"assessment holds the rows of {DAY} again" in detail(bank, DAY_2, DAY_2)


def test_a_day_the_gate_stopped_is_told_with_its_reason(bank):
    write_package(bank, DAY, day_of(1))
    extract(bank, "wealth", DAY)
    landing.commits(bank, "wealth")[0].deliveries["customer"].write_gate(Gate("s", ["unique(no) fails"], 0, []))
    assert states(bank, DAY) == {DAY: "stopped"}
    assert detail(bank, DAY, DAY) == "unique(no) fails"


# rows that end


def test_a_row_that_left_the_full_file_stays_with_the_day_it_ended(bank):
    def holders(*numbers):
        return fixed_lines([(number, "张三", None) for number in numbers])

    days = {DAY: ("000001", "000002", "000003"), DAY_2: ("000001", "000003"), DAY_3: ("000003",), DAY_4: ("000001",)}
    for day, numbers in days.items():
        write_fixed(bank, day, holders(*numbers))
        extract(bank, "card", day)
    ended = "select ch_no, _deleted_as_of, _as_of from raw_card__holder order by ch_no"
    assert raw(bank, DAY_4, ended) == [("000001", None, DAY_4), ("000002", DAY_2, DAY), ("000003", DAY_4, DAY_3)]
    assert raw(bank, DAY_3, ended) == [("000001", DAY_3, DAY_2), ("000002", DAY_2, DAY), ("000003", None, DAY_3)]
    assert raw(bank, DAY, ended) == [(number, None, DAY) for number in days[DAY]]
    assert register_raw(bank, DAY_4, RUN)["ended"] == 1


def test_a_restated_day_moves_the_end_of_a_row(bank):
    write_fixed(bank, DAY, fixed_lines([("000001", "张三", None), ("000002", "李四", None)]))
    extract(bank, "card", DAY)
    for day in (DAY_2, DAY_3):
        write_fixed(bank, day, fixed_lines([("000001", "张三", None)]))
        extract(bank, "card", day)
    ended = "select _deleted_as_of from raw_card__holder where ch_no = '000002'"
    assert raw(bank, DAY_3, ended) == [(DAY_2,)]
    write_fixed(bank, DAY_2, fixed_lines([("000001", "张三", None), ("000002", "李四", None)]))
    extract(bank, "card", DAY_2)
    assert raw(bank, DAY_3, ended) == [(DAY_3,)]


def test_a_row_in_quarantine_neither_ends_nor_comes_back(bank):
    write_fixed(bank, DAY, fixed_lines([("000001", "张三", None), ("000002", "李四", None)]))
    extract(bank, "card", DAY)
    delivery = landing.commits(bank, "card")[0].deliveries["holder"]
    with duckdb.connect() as con:
        bad = "2 as row_number, null::varchar as column_name, 'r' as rule, 'x' as reason"
        con.execute(f"copy (select date '{DAY}' as as_of, 1 as delivery, {bad}) to '{delivery.quarantine}'")
    write_fixed(bank, DAY_2, fixed_lines([("000001", "张三", None)]))
    extract(bank, "card", DAY_2)
    assert raw(bank, DAY_2, "select ch_no from raw_card__holder") == [("000001",)]
    delivery.quarantine.unlink()
    assert raw(bank, DAY_2, "select ch_no from raw_card__holder order by all") == [("000001",), ("000002",)]


def test_a_table_may_let_ended_rows_go(tmp_path):
    document = card()
    document["tables"]["holder"]["ended"] = "drop"
    bank = make_site(tmp_path, {"card": document})
    for day, numbers in ((DAY, ("000001", "000002")), (DAY_2, ("000001",))):
        write_fixed(bank, day, fixed_lines([(number, "张三", None) for number in numbers]))
        extract(bank, "card", day)
    assert raw(bank, DAY_2, "select ch_no, _deleted_as_of from raw_card__holder") == [("000001", None)]


# change events


def events_site(tmp_path, **changes):
    table = {
        "mode": "cdc",
        "keys": ["id"],
        "columns": columns("id", "name", "op", "seq"),
        "from": "events_{date}.csv",
        "events": {"operation": "op", "codes": {"I": "c", "U": "u", "D": "d", "R": "r"}, "position": "seq"},
        **changes,
    }
    return make_site(tmp_path, {"events": {"kind": "csv", "folder": "in", "tables": {"party": table}}})


def write_events(settings, day, rows):
    folder = settings.home / "in"
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["id,name,op,seq", *(",".join(map(str, row)) for row in rows)]
    (folder / f"events_{day:%Y%m%d}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def party(settings, day):
    return raw(settings, day, "select id, name, _deleted_as_of from raw_events__party order by id")


def test_the_newest_event_of_a_key_wins_and_a_delete_ends_it(tmp_path):
    bank = events_site(tmp_path)
    write_events(bank, DAY, [(1, "a", "R", 5), (2, "b", "I", 6), (1, "c", "U", 9), (1, "b", "U", 8), (3, "x", "I", 7)])
    write_events(bank, DAY_2, [(2, "", "D", 1), (3, "", "D", 2), (3, "y", "I", 3)])
    for day in (DAY, DAY_2):
        extract(bank, "events", day)
    assert party(bank, DAY) == [("1", "c", None), ("2", "b", None), ("3", "x", None)]
    assert party(bank, DAY_2) == [("1", "c", None), ("2", "b", DAY_2), ("3", "y", None)]


def test_events_without_position_count_as_they_stand(tmp_path):
    codes = {"I": "c", "U": "u", "D": "d"}
    bank = events_site(tmp_path, events={"operation": "op", "codes": codes}, ended="drop")
    write_events(bank, DAY, [(1, "a", "I", 9), (1, "b", "U", 1), (2, "z", "I", 1), (2, "", "D", 0)])
    extract(bank, "events", DAY)
    assert party(bank, DAY) == [("1", "b", None)]


@pytest.mark.parametrize(
    ("row", "told"),
    [((1, "secret", "Z", 1), "row 2: an operation without a known meaning"), ((1, "secret", "I", "x"), "no number")],
)
def test_events_without_meaning_stop_the_source(tmp_path, row, told):
    bank = events_site(tmp_path)
    write_events(bank, DAY, [(1, "a", "I", 1), row])
    with pytest.raises(SourceError, match=told) as error:
        extract(bank, "events", DAY)
    assert "secret" not in str(error.value)


@hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    days=st.lists(
        st.lists(st.tuples(st.integers(1, 4), st.sampled_from("abc"), st.sampled_from("IUD")), max_size=8),
        min_size=1,
        max_size=3,
    )
)
def test_events_replayed_one_by_one_give_the_same_rows(tmp_path_factory, days):
    bank = events_site(tmp_path_factory.mktemp("events"))
    expected = {}
    for number, rows in enumerate(days):
        day = DAY + dt.timedelta(days=number)
        write_events(bank, day, [(*row, place) for place, row in enumerate(rows)])
        extract(bank, "events", day)
        for key, name, operation in rows:
            if operation == "D":
                known = expected.get(key, (name, None))[0]
                expected[key] = (known, day)
            else:
                expected[key] = (name, None)
    found = {int(key): (name, ended) for key, name, ended in party(bank, day)}
    only_deletes = {key for key in expected if all(o == "D" for rows in days for k, _, o in rows if k == key)}
    assert found.keys() == expected.keys()
    assert {k: v for k, v in found.items() if k not in only_deletes} == {
        k: v for k, v in expected.items() if k not in only_deletes
    }
    assert all(found[key][1] is not None for key in only_deletes)


# drift


def write_holders(settings, day, header, *rows):
    folder = settings.home / "in"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"h_{day:%Y%m%d}.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def drift_site(tmp_path, *names, **changes):
    table = {"mode": "changed", "keys": ["id"], "from": "h_{date}.csv", "columns": columns(*names), **changes}
    return make_site(tmp_path, {"events": {"kind": "csv", "folder": "in", "tables": {"holder": table}}})


def test_a_new_column_lands_is_reported_and_counts_from_its_first_day_once_declared(tmp_path):
    bank = drift_site(tmp_path, "id", "name")
    write_holders(bank, DAY, "id,name", "1,a")
    write_holders(bank, DAY_2, "id,mail,name,NAME,_as_of", "2,m,b,x,y")
    for day in (DAY, DAY_2):
        extract(bank, "events", day)
    manifest = landing.commits(bank, "events")[-1].deliveries["holder"].manifest
    assert manifest.new_columns == ["mail", "NAME", "_as_of"]
    assert set(manifest.columns) == {"id", "name", "mail", "NAME_2", "_as_of_2"}
    accept(bank)
    assert [one.detail for one in arrivals(bank, DAY_2)][-1] == "holder has undeclared columns: mail, NAME, _as_of"
    declared = drift_site(tmp_path, "id", "name", "mail")
    assert raw(declared, DAY_2, "select id, name, mail from raw_events__holder order by id") == [
        ("1", "a", None),
        ("2", "b", "m"),
    ]


def test_undeclared_columns_may_be_left_out(tmp_path):
    bank = drift_site(tmp_path, "id", undeclared="drop")
    write_holders(bank, DAY, "id,picture", "1,secret")
    extract(bank, "events", DAY)
    delivery = landing.commits(bank, "events")[-1].deliveries["holder"]
    assert b"secret" not in delivery.data.read_bytes()
    assert list(delivery.manifest.columns) == ["id"]


def test_a_column_that_is_gone_stops_the_source_with_one_line(tmp_path):
    bank = drift_site(tmp_path, "id", "name")
    write_holders(bank, DAY, "id,nom", "1,secret")
    with pytest.raises(SourceError, match="column name is missing") as error:
        extract(bank, "events", DAY)
    assert len(error.value.problems) == 1


# replay


def test_a_past_day_is_built_again_from_the_landing_alone(bank):
    for number, day in enumerate((DAY, DAY_2, DAY_3)):
        write_package(bank, day, day_of(number))
        write_fixed(bank, day, fixed_lines([(f"00000{n}", "张三", None) for n in range(number, 5)]))
        extract(bank, "wealth", day)
        extract(bank, "card", day)
    tables = ("wealth__customer", "wealth__product", "wealth__assessment", "card__holder")
    queries = [f"select * from raw_{table} order by all" for table in tables] + ["from source_status order by all"]
    first = {day: [raw(bank, day, sql) for sql in queries] for day in (DAY, DAY_2, DAY_3)}
    assert first[DAY_2] != first[DAY_3]
    shutil.rmtree(bank.home / "in")
    for day in (DAY, DAY_2, DAY_3):
        site = replay_site(bank, day)
        register_raw(site, day, RUN)
        with store.connect(site, read_only=True) as con:
            assert [con.execute(sql).fetchall() for sql in queries] == first[day]
    assert raw(bank, DAY_3, queries[-1]) == first[DAY_3][-1]
