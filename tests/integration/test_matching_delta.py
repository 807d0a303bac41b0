"""What a day's delta must notice, and what it leaves on disk."""

from __future__ import annotations

import datetime as dt
import shutil

import pytest
import yaml

from matching.kept import Tables, has_dead_rows
from matching.link import link
from tests.matching_bench import fill_warehouse, make_people, person, read
from warehouse import store
from warehouse.settings import Settings

DAYS = [dt.date(2026, 3, day) for day in range(2, 7)]
TABLES = ("party_identity", "identity_event", "identity_alias", "match_pair", "match_cluster")
OLD, NEW = "P:E11111111", "P:E22222222"


def renewed() -> list[dict]:
    """Two records of one passport and of the one before it, which only a renewal can tell."""
    home = {"address": "湖北省襄阳市襄城区解放路2号", "address_detail": "解放路2号", "mobile": "13755556666"}
    passport = home | {"document_type": "passport", "document_is_valid": True, "birth_date": dt.date(1990, 1, 2)}
    return [
        person("core:1", "陈冬梅", document_number=NEW[2:], document_key=NEW, **passport),
        person("card:1", "陈冬梅", document_number=OLD[2:], document_key=OLD, **passport),
    ]


def content(site: Settings) -> dict[str, list]:
    """What the link step wrote for others to read."""
    return {table: read(site, f"select * from {table} order by all") for table in TABLES}


def linked(site: Settings, days: list[dt.date]) -> None:
    for day in days:
        link(site, day, f"run-{day}")


def written_whole(site: Settings, day: dt.date) -> dict[str, list]:
    """What a run over everything writes for the day."""
    link(site, day, f"run-{day}", whole=True)
    return content(site)


@pytest.mark.parametrize(
    "arrived",
    [
        {"documents": [("core:1", OLD)]},
        {"former": [("core:1", "mobile", "13911112222")]},
        {"former": [("core:1", "address", "湖北省京山市人民路7号1单元101室")]},
    ],
)
def test_what_is_folded_into_a_record_is_a_change_of_it(settings, arrived):
    rows = [*make_people(60, seed=7)[0], *renewed()]
    home = {"address": "湖北省京山市人民路7号1单元101室", "address_detail": "人民路7号1单元101室"}
    rows.append(person("zloan:1", "陈冬梅", birth_date=dt.date(1990, 1, 2), mobile="13911112222", **home))
    fill_warehouse(settings, rows)
    linked(settings, DAYS[:3])
    before = content(settings)
    fill_warehouse(settings, rows, **arrived)
    assert 0 < link(settings, DAYS[3], f"run-{DAYS[3]}")["person_pairs"] < 20
    after = content(settings)
    assert after["match_pair"] != before["match_pair"]
    assert written_whole(settings, DAYS[3]) == after


def test_what_no_party_is_made_of_is_no_change(settings):
    rows = make_people(60, seed=7)[0]
    fill_warehouse(settings, rows)
    linked(settings, DAYS[:3])
    fill_warehouse(settings, [{**row, "branch_code": "801001"} for row in rows])
    assert link(settings, DAYS[3], f"run-{DAYS[3]}")["person_pairs"] == 0


def test_a_day_without_a_change_writes_what_is_there(settings, tmp_path):
    """Also where groups need support: then pairs inside components are looked for, and there is none."""
    config = shutil.copytree(settings.config_dir, tmp_path / "config")
    path = config / "models" / "person.yml"
    model = yaml.safe_load(path.read_text(encoding="utf-8"))
    model["limits"]["support"] = 0
    path.write_text(yaml.safe_dump(model, allow_unicode=True), encoding="utf-8")
    site = settings.model_copy(update={"config_dir": config})
    fill_warehouse(site, make_people(60, seed=7)[0])
    linked(site, DAYS[:3])
    before = content(site)
    assert link(site, DAYS[3], f"run-{DAYS[3]}")["person_pairs"] == 0
    assert content(site) == before
    assert written_whole(site, DAYS[3]) == before


def test_a_kill_while_a_delta_is_written_leaves_the_last_state(settings, monkeypatch):
    rows = make_people(60, seed=7)[0]
    fill_warehouse(settings, rows)
    linked(settings, DAYS[:3])
    before = content(settings)
    fill_warehouse(settings, [{**row, "mobile": f"199{n:08d}"} for n, row in enumerate(rows[:9])] + rows[9:])

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("matching.link.write_day", killed)
        with pytest.raises(KeyboardInterrupt):
            linked(settings, DAYS[3:4])
    assert content(settings) == before
    linked(settings, DAYS[3:4])
    after = content(settings)
    assert written_whole(settings, DAYS[3]) == after


def test_kept_tables_of_another_form_are_not_used(settings, monkeypatch):
    fill_warehouse(settings, make_people(60, seed=7)[0])
    with monkeypatch.context() as patch:
        patch.setattr("matching.kept._FORMAT", 1)
        linked(settings, DAYS[:3])
    with store.connect(settings) as con:
        con.execute("drop table match_digest_person")
    assert link(settings, DAYS[3], f"run-{DAYS[3]}")["person_pairs"] > 20
    assert link(settings, DAYS[4], f"run-{DAYS[4]}")["person_pairs"] == 0


def test_many_dead_rows_are_seen_and_dropped(settings):
    size = (
        "select count(*), (select estimated_size from duckdb_tables() where table_name = 'match_pair') from match_pair"
    )
    with store.connect(settings) as con:
        con.execute("create table match_pair as from range(500000) as t(n)")
        assert not has_dead_rows(con, Tables("person"))
    with store.connect(settings) as con:
        con.execute("delete from match_pair where n % 3 > 0")
    assert read(settings, size) == [(166_667, 500_000)]
    with store.connect(settings) as con:
        assert has_dead_rows(con, Tables("person"))
        store.let_compact(con)
        con.execute("delete from match_pair where n = 0")
    alive, written = read(settings, size)[0]
    assert alive == 166_666 and written < 300_000
