"""A source's day lands whole or not at all, once, and a killed commit leaves nothing that anyone reads."""

import datetime as dt
import shutil

import pytest

from tests.source_files import DAY, DAY_2, DAY_3, make_site
from warehouse import landing
from warehouse.errors import BusyError
from warehouse.landing import Delivery, Gate, Manifest


@pytest.fixture
def settings(tmp_path):
    return make_site(tmp_path, {})


def staged(settings, area, day, **contents):
    """Folders as the extraction leaves them, one per table; the content stands for its hash."""
    folders = {}
    for table, content in contents.items():
        folder = area / f"{day}" / table
        folder.mkdir(parents=True)
        (folder / landing.DATA).write_text(content)
        number = landing.next_delivery(settings, "s", table, day)
        watermark = dt.datetime(2026, 3, 2).isoformat()
        Delivery(folder).write_manifest(
            Manifest("s", table, day, number, "full", 1, content, "f", {"a": "text"}, [], {}, None, watermark, 0.1, [])
        )
        folders[table] = folder
    return folders


def commit(settings, day=DAY, **contents):
    with landing.staging_area(settings, "s") as area:
        return landing.commit(settings, "s", day, staged(settings, area, day, **contents))


def judge(settings, day, table, *reasons):
    landing.day_commits(settings, "s", day)[-1].deliveries[table].write_gate(Gate("suite", list(reasons), 0, []))


def contents(known):
    return {table: delivery.data.read_text() for table, delivery in known.deliveries.items()}


def test_a_commit_brings_in_every_table(settings):
    assert commit(settings, a="1", b="1") == 2
    (known,) = landing.commits(settings, "s")
    assert contents(known) == {"a": "1", "b": "1"}
    assert not (landing.source_dir(settings, "s") / "_aside").exists()


def test_the_same_content_again_adds_nothing(settings):
    commit(settings, a="1", b="1")
    before = sorted(settings.landing_dir.rglob("*"))
    assert commit(settings, a="1", b="1") == 0
    assert sorted(settings.landing_dir.rglob("*")) == before


def test_a_redelivery_keeps_what_it_replaces_and_names_the_unchanged_table_again(settings):
    commit(settings, a="1", b="1")
    assert commit(settings, a="2", b="1") == 1
    first, second = landing.commits(settings, "s")
    assert (contents(first), contents(second)) == ({"a": "1", "b": "1"}, {"a": "2", "b": "1"})
    assert second.deliveries["b"] == first.deliveries["b"]


def test_an_old_content_that_comes_back_is_recognised(settings):
    commit(settings, a="1")
    commit(settings, a="2")
    assert commit(settings, a="1") == 0
    assert contents(landing.commits(settings, "s")[-1]) == {"a": "1"}


@pytest.mark.parametrize("renames_done", [0, 1, 2])
def test_a_commit_killed_half_way_leaves_nothing_and_can_be_repeated(settings, monkeypatch, renames_done):
    with landing.staging_area(settings, "s") as area:
        folders = staged(settings, area, DAY, a="1", b="1")
        bring_in, done = landing._bring_in, []

        def killed_after(*given):
            if len(done) == renames_done:
                raise KeyboardInterrupt
            done.append(bring_in(*given))
            return done[-1]

        monkeypatch.setattr(landing, "_bring_in", killed_after)
        monkeypatch.setattr(landing, "write_json", lambda *_: killed_after())
        with pytest.raises(KeyboardInterrupt):
            landing.commit(settings, "s", DAY, folders)
    monkeypatch.undo()
    assert len(done) == renames_done
    assert landing.commits(settings, "s") == []
    assert landing.source_state(settings, "s", DAY).data_as_of is None
    assert commit(settings, a="1", b="1") == 2
    assert contents(landing.commits(settings, "s")[0]) == {"a": "1", "b": "1"}


def test_leftovers_of_a_killed_extraction_are_cleared(settings):
    leftover = landing.source_dir(settings, "s") / "_aside" / "x"
    leftover.mkdir(parents=True)
    with landing.staging_area(settings, "s") as area:
        assert list(area.iterdir()) == []


def test_two_extractions_of_one_source_do_not_mix(settings):
    with landing.staging_area(settings, "s"), pytest.raises(BusyError), landing.staging_area(settings, "s"):
        pass


def test_a_day_is_accepted_only_when_all_its_tables_passed(settings):
    commit(settings, a="1", b="1")
    judge(settings, DAY, "a")
    assert landing.accepted(settings, "s", DAY) == []
    judge(settings, DAY, "b")
    assert [known.as_of for known in landing.accepted(settings, "s", DAY)] == [DAY]


def test_a_failed_day_falls_back_to_the_last_good_one_and_says_why(settings):
    commit(settings, DAY, a="1", b="1")
    commit(settings, DAY_2, a="2", b="2")
    for table in "ab":
        judge(settings, DAY, table)
    judge(settings, DAY_2, "a")
    judge(settings, DAY_2, "b", "s.b: unique(k) fails on 2 of 9 rows")
    state = landing.source_state(settings, "s", DAY_2)
    assert (state.data_as_of, state.is_stale, state.reason) == (DAY, True, "s.b: unique(k) fails on 2 of 9 rows")
    assert [contents(known)["a"] for known in landing.accepted(settings, "s", DAY_2)] == ["1"]


def test_a_failed_redelivery_falls_back_to_the_days_first_delivery(settings):
    commit(settings, a="1")
    judge(settings, DAY, "a")
    commit(settings, a="2")
    judge(settings, DAY, "a", "broken")
    assert [contents(known) for known in landing.accepted(settings, "s", DAY)] == [{"a": "1"}]
    assert landing.source_state(settings, "s", DAY).is_stale


def test_a_day_that_could_not_be_read_is_stale_until_it_could(settings):
    commit(settings, a="1")
    judge(settings, DAY, "a")
    landing.note_problems(settings, "s", DAY_2, ("late",))
    assert landing.source_state(settings, "s", DAY_2).reason == "late"
    landing.note_problems(settings, "s", DAY_2, ())
    assert landing.source_state(settings, "s", DAY_2).reason == f"no delivery of {DAY_2}"
    assert not landing.source_state(settings, "s", DAY).is_stale


def test_later_days_do_not_count_for_an_earlier_one(settings):
    for day in (DAY, DAY_3):
        commit(settings, day, a=str(day))
        judge(settings, day, "a")
    assert landing.source_state(settings, "s", DAY_2).data_as_of == DAY


def test_manifest_and_gate_come_back_as_written(settings):
    commit(settings, a="1")
    judge(settings, DAY, "a", "broken")
    delivery = landing.commits(settings, "s")[0].deliveries["a"]
    assert delivery.manifest.as_of == DAY and delivery.manifest.columns == {"a": "text"}
    assert delivery.gate == Gate("suite", ["broken"], 0, [])
    shutil.rmtree(delivery.folder)
    assert landing.commits(settings, "s")[0].deliveries["a"].gate is None
