"""The release gate and the difference of two runs, on a small linked warehouse and real published files."""

from __future__ import annotations

import datetime as dt
import shutil

import pytest
import yaml
from sqlalchemy import select

from dags.pages import difference_page, write_page
from dags.proof import approve_release
from matching.decisions import PairDecision
from matching.difference import difference
from matching.link import link
from matching.release import check_release, find_verdict, refuse_unreleased, release_gate
from matching.release_rules import load_release_rules
from matching.sample import draw, estimate
from stewardship.release import approvals
from stewardship.store import AuditEvent, open_store, reading
from stewardship.users import create_demo_users
from tests.matching_bench import fill_warehouse, identities, make_people, person, read, write_decisions
from tests.release_bench import prepare, publish
from warehouse import store
from warehouse.errors import DecisionError, GateError, NotFoundError, SettingsError
from warehouse.settings import Settings

D1, D2, D3 = (dt.date(2026, 3, day) for day in (2, 3, 4))


def with_limits(settings: Settings, tmp_path, **changes) -> Settings:
    """The same site with other limits."""
    config = tmp_path / "config"
    if not config.exists():
        shutil.copytree(settings.config_dir, config)
    path = config / "release.yml"
    rules = yaml.safe_load(path.read_text(encoding="utf-8"))
    for key, value in changes.items():
        rules[key] = rules[key] | value
    path.write_text(yaml.safe_dump(rules, allow_unicode=True), encoding="utf-8")
    return settings.model_copy(update={"config_dir": config})


def strict(settings: Settings, tmp_path) -> Settings:
    """A site where nothing may merge, split or vanish."""
    nothing = {"customers": 0.0, "aum": 0.0}
    return with_limits(settings, tmp_path, changes={kind: nothing for kind in ("merged", "split", "vanished")})


def run(settings: Settings, day: dt.date, rows: list[dict], aum: dict[str, float] | None = None) -> None:
    fill_warehouse(settings, rows)
    link(settings, day, f"run-{day}")
    prepare(settings, day, aum)


def gate(settings: Settings, day: dt.date) -> dict[str, int]:
    return release_gate(settings, day, f"run-{day}", approvals(settings, f"run-{day}"))


@pytest.fixture
def two(settings, tmp_path):
    """A published first day with two separate records of one person, and the site's strict limits."""
    site = strict(settings, tmp_path)
    rows = [*make_people(40, seed=3)[0], person("a:1", "欧阳晓燕"), person("b:1", "欧阳晓燕")]
    run(site, D1, rows, {"a:1": 700.0, "b:1": 40.0})
    assert gate(site, D1)["notes"] > 0
    publish(site, D1)
    return site, rows


def join(site: Settings, rows: list[dict], day: dt.date = D2) -> None:
    """Let a steward's word of the first day join the two."""
    write_decisions(site, [("a:1", "b:1", "same", D1)])
    run(site, day, rows, {"a:1": 700.0, "b:1": 40.0})


def test_the_first_day_passes_with_a_note_and_a_rerun_changes_nothing(two):
    site, _ = two
    counts = gate(site, D1)
    assert (counts["merged"], counts["split"], counts["vanished"], counts["new"], counts["moved"]) == (0, 0, 0, 0, 0)
    assert any("first publication" in note for note in find_verdict(site, "run-2026-03-02").notes) is False
    refuse_unreleased(site, "run-2026-03-02")


def test_a_merge_beyond_the_limit_stops_with_a_line_per_limit(two):
    site, rows = two
    join(site, rows)
    with pytest.raises(GateError) as stopped:
        gate(site, D2)
    customers, aum = stopped.value.problems
    assert "1 customers merged, 0 are allowed" in customers and "mdm diff 2026-03-02 2026-03-03" in customers
    assert "changes.merged.aum" in aum
    with pytest.raises(GateError, match="merged"):  # running the step publish alone is no way around
        refuse_unreleased(site, "run-2026-03-03")
    assert check_release(site).broken == stopped.value.problems


def test_a_person_approves_on_record_and_the_same_run_passes(two):
    site, rows = two
    create_demo_users(site)
    join(site, rows)
    with pytest.raises(GateError):
        gate(site, D2)
    for login, reason, problem in (
        ("nobody", "checked", "no such active user"),
        ("steward.hq", "checked", "may not approve"),
        ("supervisor.hq", "customer 420602198003050016", "long number"),
        ("supervisor.hq", " ", "empty"),
    ):
        with pytest.raises(DecisionError, match=problem):
            approve_release(site, "run-2026-03-03", reason, login)
    approve_release(site, "run-2026-03-03", "两户系同一人，已核实", "supervisor.hq")
    assert gate(site, D2)["approved"] == 1
    refuse_unreleased(site, "run-2026-03-03")
    with reading(open_store(site)) as session:
        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.action == "approve_release"))
        assert event.actor == "supervisor.hq" and event.object.startswith("release:run-2026-03-03:")
        assert event.reason == "两户系同一人，已核实"


def test_an_approval_covers_this_content_only(two):
    site, rows = two
    create_demo_users(site)
    join(site, rows)
    with pytest.raises(GateError):
        gate(site, D2)
    approve_release(site, "run-2026-03-03", "checked", "supervisor.hq")
    join(site, rows[3:])  # the same run again, with other records gone
    with pytest.raises(GateError, match="changed since"):
        refuse_unreleased(site, "run-2026-03-03")
    with pytest.raises(GateError, match="merged"):
        gate(site, D2)


def test_a_run_that_breaks_nothing_needs_no_approval(two):
    site, _ = two
    with pytest.raises(DecisionError, match="needs no approval"):
        approve_release(site, "run-2026-03-02", "checked", "supervisor.hq")
    with pytest.raises(NotFoundError, match="never came"):
        approve_release(site, "run-2026-03-09", "checked", "supervisor.hq")


def test_a_decision_that_is_not_obeyed_stops_the_run(two, tmp_path):
    site, rows = two
    run(site, D2, rows)
    write_decisions(site, [("a:1", "b:1", "same", D1)])  # came after linking: the customers do not show it
    with pytest.raises(GateError, match=r"1 stewards' decisions are not obeyed \(#1\)"):
        gate(site, D2)


@pytest.mark.parametrize("verdict", ["same_apart", "related"])
def test_customers_kept_apart_on_purpose_are_obeyed_apart(two, verdict):
    site, rows = two
    join(site, rows)
    write_decisions(site, [("a:1", "b:1", verdict, D1)])  # came after linking: they are still one customer
    with pytest.raises(GateError, match=r"1 stewards' decisions are not obeyed \(#1\)"):
        gate(site, D2)
    run(site, D2, rows)
    assert gate(site, D2)["disobeyed"] == 0


@pytest.mark.parametrize("verdict", ["same", "same_apart"])
def test_a_model_that_unlearns_a_confirmed_pair_stops_the_run(two, tmp_path, verdict):
    site, _ = two
    rows = make_people(40, seed=3)[0]
    core = next(row for row in rows if row["record_id"].startswith("card:"))
    left, right = core["record_id"], core["record_id"].replace("card:", "core:")
    write_decisions(site, [(right, left, verdict, D1)])
    kinds = ("merged", "split", "vanished", "new")
    loose = with_limits(site, tmp_path, changes={kind: {"customers": 1.0, "aum": 1.0} for kind in kinds})
    run(loose, D2, rows)
    gate(loose, D2)
    publish(loose, D2)
    model = loose.config_dir / "models" / "person.yml"
    settings = yaml.safe_load(model.read_text(encoding="utf-8"))
    settings["thresholds"] |= {"link": 900}
    settings["limits"]["keep_joined"] = False
    settings["strong_identifiers"][0]["needs"] = [{"email": ["same"]}]
    model.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    run(loose, D3, rows)
    with pytest.raises(GateError, match="decided pairs are judged otherwise"):
        gate(loose, D3)


def test_a_proven_precision_below_the_limit_stops_the_run(settings, tmp_path):
    site = with_limits(settings, tmp_path, precision={"at_least": 0.9, "judged": 20})
    rows, truth = make_people(60, seed=5)
    run(site, D1, rows)
    pairs = draw(site, 30, seed=1)["pairs"]
    right = [(p["record_id_l"], p["record_id_r"], "same", D1) for p in pairs]
    write_decisions(site, [(a, b, "unsure", D1) for a, b, _, _ in right])
    run(site, D2, rows)
    assert gate(site, D2)["judged"] == 0
    write_decisions(
        site, [(a, b, "different" if n % 3 == 0 else "same", day) for n, (a, b, _, day) in enumerate(right)]
    )
    run(site, D2, rows)
    with pytest.raises(GateError, match="precision is proven to be at least"):
        gate(site, D2)
    assert len(pairs) == 30 and truth


def test_estimates_hold_the_truth(settings):
    rows, truth = make_people(150, seed=11)
    run(settings, D1, rows)
    drawn = draw(settings, 120, seed=2)
    assert draw(settings, 120, seed=2)["pairs"] == drawn["pairs"]
    words = {True: ("same", "same_apart"), False: ("different", "related")}
    decisions = [
        PairDecision(
            n, p["record_id_l"], p["record_id_r"], words[truth[p["record_id_l"]] == truth[p["record_id_r"]]][n % 2]
        )
        for n, p in enumerate(drawn["pairs"])
    ]
    with store.connect(settings, read_only=True) as con:
        found = estimate(con, settings, decisions, load_release_rules(settings).slices, D1)
        pairs = con.execute(
            "select record_id_l, record_id_r from match_pair p join match_cluster l on l.record_id = record_id_l"
            " join match_cluster r on r.record_id = record_id_r"
            " where l.cluster_before_decisions = r.cluster_before_decisions"
        ).fetchall()
    real = sum(truth[a] == truth[b] for a, b in pairs) / len(pairs)
    rate = found["overall"]["precision"]
    assert rate["low"] <= real <= rate["high"] and rate["size"] == len(pairs)
    assert found["sampled"] == 120 and sum(s["judged"] for s in found["strata"]) == 120


def test_the_difference_names_every_customer_that_changed(two, tmp_path):
    site, rows = two
    before = identities(site)
    join(site, [*rows[2:], person("c:1", "司马光明")])
    report = difference(site, "2026-03-02", "run-2026-03-03")
    after = identities(site)
    gone = {before[r["record_id"]] for r in rows[:2]} - set(after.values())
    assert report["counts"]["merged"] == {"customers": 1, "records": 1, "aum": 40.0}
    assert report["counts"]["new"]["records"] == 1 and report["counts"]["vanished"]["customers"] == len(gone)
    (merged,) = (change for change in report["changes"] if change["kind"] == "merged")
    assert (merged["golden_id"], merged["other_golden_id"]) == (before["a:1"], before["b:1"])
    assert merged["cause"] == "steward" and merged["evidence"]["rule"] == "decision"
    page = tmp_path / "diff.html"
    write_page(page, "difference", difference_page(report))
    text = page.read_text(encoding="utf-8")
    assert merged["other_golden_id"] in text and "http" not in text and "欧阳" not in text


def test_a_split_and_moved_records_are_told_apart(two):
    site, rows = two
    join(site, rows)
    prepare(site, D2)
    publish(site, D2)
    write_decisions(site, [])
    run(site, D3, rows, {"a:1": 700.0, "b:1": 40.0})
    report = difference(site, "2026-03-03", "2026-03-04")
    assert report["counts"]["split"] == {"customers": 1, "records": 1, "aum": 40.0}
    assert difference(site, "2026-03-02", "2026-03-04")["changes"] == []


@pytest.mark.parametrize(("one", "two_", "words"), [
    ("2026-03-02", "2026-03-09", "no customers were linked"), ("x", "2026-03-02", "not a run id"),
    ("2026-03-02", "2026-03-02", "not before"),
])  # fmt: skip
def test_runs_that_cannot_be_compared_are_refused(two, one, two_, words):
    with pytest.raises(NotFoundError, match=words):
        difference(two[0], one, two_)


def test_limits_are_checked_when_they_are_read(settings, tmp_path):
    site = with_limits(settings, tmp_path, slice_precision={"unknown": {"at_least": 0.9, "judged": 3}})
    path = site.config_dir / "release.yml"
    text = path.read_text(encoding="utf-8").replace("column: nationality", "column: nation")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as wrong:
        load_release_rules(site)
    assert len(wrong.value.problems) == 2


def test_nothing_of_the_gate_holds_a_customer_value(two):
    site, rows = two
    join(site, rows)
    with pytest.raises(GateError):
        gate(site, D2)
    written = str([read(site, f"select * from {table}") for table in ("release_verdict", "release_label")])
    values = [row["document_number"] for row in rows if row.get("document_number")]
    assert "欧阳" not in written and not any(value in written for value in values)
