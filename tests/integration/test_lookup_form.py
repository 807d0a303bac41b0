"""From what a clerk types to an answer: standardised as the run standardises, decided, shown masked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from dags.cli import app
from matching.party import gather_parties
from matching.typed_form import open_form
from tests.matching_bench import identities, read
from warehouse import store
from warehouse.errors import NotFoundError, SettingsError
from warehouse.settings import Settings

# what a record has from other records and from the past, which nobody types
GATHERED = {"record_id", "source", "former_mobiles", "former_addresses", "all_mobiles"}


@pytest.fixture
def linked(demo_days, monkeypatch) -> Settings:
    """The bank after its days."""
    monkeypatch.setenv("MDM_HOME", str(demo_days.settings.home))
    return demo_days.settings


def rows_of(con: Any, sql: str) -> list[dict[str, Any]]:
    result = con.execute(sql)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def test_what_is_typed_is_standardised_as_the_run_does(demo_days):
    form = open_form(demo_days.settings)
    with store.connect(demo_days.settings, read_only=True) as con:
        sql = "from contract_party where source_key is not null order by md5(source || source_key) limit 24"
        given = rows_of(con, sql)
        con.execute("use memory")
        gather_parties(con)
        parties = {
            row["record_id"]: (kind, row)
            for kind in ("person", "organization")
            for row in rows_of(con, f"from party_{kind}")
        }
    for row in given:
        party_type, expected = parties[f"{row['source']}:{row['source_key']}"]
        typed = {name: row[name] for name in form.columns if name != "party_type"}
        found = form.standardise(party_type, typed)
        for name in expected.keys() - GATHERED:
            assert found[name] == expected[name], (row["source"], row["source_key"], name)
    assert {party_type for party_type, _ in parties.values()} == {"person", "organization"}


def test_what_is_wrong_with_a_form_is_said_without_values(demo_days):
    with pytest.raises(SettingsError) as error:
        open_form(demo_days.settings).standardise("person", {"nmae": "王小明", "birth_date": "5.3.1980"})
    assert [problem.partition(":")[0] for problem in error.value.problems] == [
        "typed field 'nmae'", "typed field 'birth_date'",
    ]  # fmt: skip
    assert "王小明" not in str(error.value) and "1980" not in str(error.value)


def test_a_site_without_a_run_is_told_to_run(settings):
    with pytest.raises(NotFoundError, match="run the line first"):
        open_form(settings)


def test_the_command_finds_a_customer_and_shows_him_masked(linked, tmp_path):
    sql = """
        select record_id, name, document_number, mobile, birth_date::varchar from int_party__record
        where party_type = 'person' and document_key like 'R:%' and mobile is not null and length(name) > 1
        order by record_id limit 1
    """
    record, name, number, mobile, birth_date = read(linked, sql)[0]
    arguments = ["lookup", "--name", name, "--document-number", number, "--mobile", mobile, "--format", "json"]
    result = CliRunner().invoke(app, arguments)
    answer = json.loads(result.stdout)
    assert answer["decision"] == "link" and answer["golden_id"] == identities(linked)[record]
    assert answer["candidates"][0]["evidence"] and answer["candidates"][0]["words_zh"]
    assert number not in result.stdout and mobile not in result.stdout and name not in result.stdout
    form = tmp_path / "form.json"
    form.write_text(json.dumps({"name": name, "birth_date": birth_date, "mobile": mobile}), encoding="utf-8")
    shown = CliRunner().invoke(app, ["lookup", "--json", str(form)])
    assert shown.exit_code == 0 and shown.stdout.split(":")[0] in ("link", "review") and mobile not in shown.stdout
    nobody = CliRunner().invoke(app, ["lookup", "--name", "诸葛不存", "--birth-date", "1931-01-01", "--format", "json"])
    assert json.loads(nobody.stdout)["decision"] == "new"


@pytest.mark.parametrize("content", ["[1]", "{", None])
def test_a_form_that_is_no_object_is_refused(tmp_path, content):
    form = tmp_path / "form.json"
    if content is not None:
        form.write_text(content, encoding="utf-8")
    result = CliRunner().invoke(app, ["lookup", "--json", str(form)])
    assert isinstance(result.exception, SettingsError) and str(form) in str(result.exception)


def test_a_lookup_of_nothing_is_refused():
    assert isinstance(CliRunner().invoke(app, ["lookup"]).exception, SettingsError)
