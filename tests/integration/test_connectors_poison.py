"""Fifty sources, each broken in one way: fifty clear outcomes, no value told, and the healthy ones are there."""

import traceback

import pytest

from connectors.arrivals import arrivals
from connectors.demo.poison import customer_values, make_poisoned_set, poisons
from connectors.extract import extract_source
from connectors.raw import register_raw
from dags.runner import extract_all
from quality.gate import gate_raw
from tests.source_files import DAY, make_site
from warehouse import ledger, store
from warehouse.errors import SourceError

HEALTHY = ("csv", "ebcdic", "excel", "fixed", "jsonl", "package", "parquet", "sql")


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """The day run over the whole set: what was said of each source, and the site."""
    folder = tmp_path_factory.mktemp("poison")
    settings = make_site(folder, {})
    make_poisoned_set(settings.config_dir, settings.home, DAY)
    said = {}
    run_id = ledger.start_run(settings, DAY, "mdm")

    def hear(step, text):
        said.setdefault(step.removeprefix("extract "), []).append(text)

    extract_all(settings, DAY, run_id, hear)
    gate_raw(settings, DAY, run_id)
    register_raw(settings, DAY, run_id)
    return settings, said


def rows(settings, sql, *values):
    with store.connect(settings, read_only=True) as con:
        return con.execute(sql, list(values)).fetchall()


def test_there_are_fifty_over_all_kinds():
    assert len(poisons()) == 50
    assert {poison.kind for poison in poisons().values()} == set(HEALTHY)


@pytest.mark.parametrize("source", poisons())
def test_each_has_one_clear_outcome(day, source):
    settings, said = day
    poison = poisons()[source]
    stopped = [line for line in said[source] if line.startswith("STOPPED")]
    assert len(stopped) == (poison.outcome == "stopped")
    arrival = next(one for one in arrivals(settings, DAY) if one.source == source)
    found = rows(settings, "select is_stale, reason from source_status where source = ?", source)
    ((is_stale, reason),) = found
    quarantined = rows(settings, "select rule from quarantine where source = ?", source)
    told = {
        "stopped": lambda: (stopped[0], reason, arrival.state == "refused", is_stale),
        "refused": lambda: (arrival.detail, reason, arrival.state == "stopped", is_stale),
        "quarantined": lambda: (quarantined[0][0], quarantined[0][0], arrival.state == "on_time", not is_stale),
        "landed": lambda: (arrival.detail, arrival.detail, arrival.state == "new_columns", not is_stale),
    }[poison.outcome]()
    assert poison.told in told[0] and poison.told in told[1]
    assert told[2:] == (True, True)


@pytest.mark.parametrize("kind", HEALTHY)
def test_the_healthy_sources_land_whole(day, kind):
    settings, _ = day
    columns = "cust_no::bigint, name, cert_no, mobile, balance::decimal(18,2)::varchar"
    found = rows(settings, f"select {columns} from raw_healthy{kind}__customer order by all")
    assert found[0] == (60710001, "诸葛云澜", "110101199003074477", "13907715501", "1203.55")
    assert len(found) == 5


def test_no_message_holds_a_value(day):
    settings, said = day
    told = "\n".join(line for lines in said.values() for line in lines)
    told += "\n".join(map(str, arrivals(settings, DAY))) + str(rows(settings, "from source_status"))
    told += str(rows(settings, "from quarantine")) + str(ledger.runs(settings))
    assert [value for value in customer_values() if value in told] == []


@pytest.mark.parametrize("source", [name for name, poison in poisons().items() if poison.outcome == "stopped"])
def test_not_even_a_traceback_of_the_error_holds_a_value(day, source):
    settings, _ = day
    with pytest.raises(SourceError) as error:
        extract_source(settings, source, DAY, "run-test")
    text = "".join(traceback.format_exception(error.value))
    assert [value for value in customer_values() if value in text] == []
