"""The life of a model through the real commands: trained once, shown, watched, trained anew, put back."""

from __future__ import annotations

import datetime as dt
import json
import shutil

import pytest
import yaml
from typer.testing import CliRunner, Result

from dags.cli import app
from matching.decisions import PairDecision
from matching.lifecycle import in_force, kept_prior, model_of, prepared, train_anew, watch
from matching.link import link
from matching.sample import draw
from matching.thresholds import thresholds
from matching.train import parameters_path
from tests.matching_bench import fill_warehouse, make_people, read, write_decisions
from warehouse import store
from warehouse.errors import GateError
from warehouse.settings import Settings

D1, D2 = dt.date(2026, 3, 2), dt.date(2026, 3, 3)


@pytest.fixture
def site(settings, monkeypatch) -> Settings:
    """A linked bank of people, and the commands pointed at it."""
    fill_warehouse(settings, make_people(120, seed=5)[0])
    link(settings, D1, f"run-{D1}")
    monkeypatch.setenv("MDM_HOME", str(settings.home))
    return settings


def mdm(*words: str) -> Result:
    return CliRunner().invoke(app, ["model", *words])


def numbers(site: Settings) -> dict:
    return json.loads(parameters_path(site, "person").read_text(encoding="utf-8"))


def with_drift(site: Settings, tmp_path, **rule) -> Settings:
    config = tmp_path / "config"
    shutil.copytree(site.config_dir, config)
    path = config / "models" / "person.yml"
    model = yaml.safe_load(path.read_text(encoding="utf-8"))
    model["training"]["drift"] = rule
    path.write_text(yaml.safe_dump(model, allow_unicode=True), encoding="utf-8")
    return site.model_copy(update={"config_dir": config})


def without_mobiles(site: Settings) -> None:
    """The same people on a day when no system delivers mobiles."""
    fill_warehouse(site, [row | {"mobile": None} for row in make_people(120, seed=5)[0]])


def test_show_tells_numbers_and_where_they_come_from(site):
    report = json.loads(mdm("show", "--party-type", "person", "--format", "json").stdout)[0]
    assert report["trained_as_of"] == "2026-03-02" and report["labels"] is None
    level = next(row for row in report["levels"] if (row["comparison"], row["level"]) == ("name", "exact"))
    assert level["basis"] == "seen" and level["bits"] > 5
    assert next(row for row in report["levels"] if row["level"] == "same_invalid")["basis"] == "stated"
    assert "one pair in" in mdm("show", "--party-type", "person").stdout


def test_no_customer_value_is_in_the_file(site):
    text = parameters_path(site, "person").read_text(encoding="utf-8")
    rows = make_people(120, seed=5)[0]
    assert not any(row[key] in text for row in rows for key in ("name", "mobile", "document_number") if row.get(key))


def test_the_same_data_has_no_drift_and_trains_to_the_same_numbers(site):
    rows = json.loads(mdm("drift", "--party-type", "person", "--format", "json").stdout)
    assert {row["kind"] for row in rows} == {"records", "missing", "random", "blocked"}
    assert all(row["index"] == (1.0 if row["kind"] == "records" else 0.0) for row in rows)
    before = parameters_path(site, "person").read_bytes()
    assert "nothing changes" in mdm("train", "person").stdout
    assert parameters_path(site, "person").read_bytes() == before


def test_training_anew_keeps_the_old_numbers_and_goes_back(site):
    before = numbers(site)
    without_mobiles(site)
    rows = json.loads(mdm("drift", "--party-type", "person", "--format", "json").stdout)
    assert ("missing", "mobile") in {(row["kind"], row["name"]) for row in rows if row["is_over"]}
    told = mdm("train", "person")
    assert told.exit_code == 0 and "from the next run on" in told.stdout and "exact" in told.stdout
    after = numbers(site)
    assert after["fingerprint"] != before["fingerprint"] and after["profile"]["missing"]["mobile"] == after["records"]
    kept = parameters_path(site, "person").with_name(f"parameters-{after['replaces']}.json")
    assert json.loads(kept.read_text(encoding="utf-8")) == before
    assert mdm("rollback", "person").exit_code == 0
    assert numbers(site) == before
    refused = mdm("rollback", "person")
    assert "nothing to put back" in str(refused.exception)


def test_decisions_are_labels_and_the_prior_can_stay(site):
    people = make_people(120, seed=5)[1]
    owners: dict[str, list[str]] = {}
    for record, owner in people.items():
        owners.setdefault(owner, []).append(record)
    same = [sorted(records)[:2] for records in owners.values() if len(records) > 1][:20]
    write_decisions(
        site, [(left, right, "same", D1) for left, right in same] + [("core:000000", "core:000001", "different", D1)]
    )
    old = in_force(site, model_of(site, "person"))
    trained = train_anew(site, "person", labels=True, keep_prior=True)
    assert trained.is_new and trained.after.prior == kept_prior(old, trained.after.records) == old.prior
    assert numbers(site)["labels"] == {"matches": 20, "others": 1}
    again = train_anew(site, "person", labels=True, keep_prior=True)
    assert not again.is_new and again.after.levels == trained.after.levels
    # u comes from random pairs: labels do not move it, except where a level follows another one's weight
    follows = {(c.comparison, x.level) for c in trained.model.comparisons for x in c.levels if x.like}
    for comparison, levels in trained.after.levels.items():
        for level, found in levels.items():
            assert (comparison, level) in follows or found.u == old.levels[comparison][level].u


def watched(site: Settings) -> tuple[str, int]:
    with prepared(site, "person") as bench:
        before = in_force(site, bench.model)
        after, per_mille = watch(site, bench.prepared, before, D2)
    return ("same" if after == before else "new"), per_mille


def test_a_run_warns_stops_or_trains_anew(site, tmp_path, caplog):
    without_mobiles(site)
    state, per_mille = watched(site)
    assert state == "same" and per_mille > 200 and "missing values of mobile drifted" in caplog.text
    stopping = with_drift(site, tmp_path / "stop", then="stop")
    with pytest.raises(GateError, match=r"missing values of mobile drifted.*mdm model train person"):
        watched(stopping)
    assert watched(with_drift(site, tmp_path / "retrain", then="retrain"))[0] == "new"
    assert watched(site) == ("same", 0)


def test_lines_need_decisions_on_the_sample(site):
    report = json.loads(mdm("thresholds", "person", "--format", "json").stdout)
    assert report["judged"] == 0 and report["proposed"]["link"] is None and report["needed"] == 3838
    assert report["pairs"] > 0 and report["lines"][0]["pairs"] == report["pairs"]
    assert "only decisions on the drawn sample" in mdm("thresholds", "person").stdout


def test_lines_from_a_sample_judged_in_full_are_what_the_truth_says(site):
    """Two ways: the estimate from decisions on the whole frame, and counting with the truth."""
    owner = make_people(120, seed=5)[1]
    kept = draw(site, 10_000, 1)["pairs"]
    decisions = [
        PairDecision(n, pair["record_id_l"], pair["record_id_r"], verdict)
        for n, pair in enumerate(kept)
        for verdict in ["same" if owner[pair["record_id_l"]] == owner[pair["record_id_r"]] else "related"]
    ]
    stranger = PairDecision(10**6, "core:000000", "core:000001", "same")  # never drawn: counts for nothing
    report = thresholds(site, "person", [*decisions, stranger], 0.999, 0.999)
    assert report["judged"] == report["pairs"] > 20
    weighed = read(
        site,
        "select record_id_l, record_id_r, match_weight from match_pair where origin = 'model' and conflict is null"
        " and rule in (select unnest($1))",
        [rule.rule for rule in model_of(site, "person").blocking],
    )
    assert len(weighed) == report["pairs"]
    for line in report["lines"]:
        above = [owner[left] == owner[right] for left, right, weight in weighed if weight >= line["line"]]
        assert line["precision"]["point"] == pytest.approx(sum(above) / len(above), abs=1e-5)


def test_an_unknown_party_type_is_told(site):
    for words in (("show", "--party-type", "cat"), ("train", "cat"), ("thresholds", "cat"), ("rollback", "cat")):
        assert "it is one of person, organization" in str(mdm(*words).exception)


def state_of_drift(site: Settings) -> tuple[int, int]:
    with store.connect(site, read_only=True) as con:
        return con.execute("select unmeasured, per_mille from match_drift where party_type = 'person'").fetchone()


def test_levels_are_measured_again_when_one_record_in_fifty_changed(site, tmp_path):
    rows = make_people(120, seed=5)[0]
    few = len(rows) // 100
    days = [D2 + dt.timedelta(days=number) for number in range(6)]
    link(site, days[0], "run")
    seen = []
    for number, day in enumerate(days[1:4], start=1):
        changed = {row["record_id"] for row in rows[few * number : few * (number + 1)]}
        rows = [row | {"mobile": None} if row["record_id"] in changed else row for row in rows]
        fill_warehouse(site, rows)
        counts = link(site, day, "run")
        seen.append((*state_of_drift(site), counts["person_drift_per_mille"]))
    assert [unmeasured for unmeasured, _, _ in seen] == [few, 2 * few, 0]
    assert seen[0][1] == seen[1][1]  # what a day without levels finds does not stand for them
    assert all(told >= kept for _, kept, told in seen) and seen[2][1] == seen[2][2] > 0
    stopping = with_drift(site, tmp_path / "stop", then="stop", index=10)
    link(stopping, days[4], "run")
    rows[0] = rows[0] | {"mobile": None}
    fill_warehouse(stopping, rows)
    link(stopping, days[5], "run")
    assert state_of_drift(stopping)[0] == 0
