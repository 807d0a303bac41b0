"""The link step on a real encrypted warehouse: records in, stable customers out."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from matching.evaluate import evaluate
from matching.explain import explain
from matching.link import link
from matching.train import parameters_path
from tests.matching_bench import (
    company,
    fill_warehouse,
    identities,
    make_people,
    person,
    read,
    resident,
    write_decisions,
)
from warehouse import store
from warehouse.errors import NotFoundError, UserError
from warehouse.settings import Settings, load_settings

D1, D2, D3, D4 = (dt.date(2026, 3, day) for day in (2, 3, 4, 5))
TABLES = ("party_identity", "identity_event", "identity_alias", "match_pair", "match_run", "match_cluster")
ANNA, BERT = "420602198003050016", "420602198003050032"  # check digits are right
HOME = {
    "district": "襄城区",
    "address_detail": "人民路1号2单元301室",
    "address": "湖北省襄阳市襄城区人民路1号2单元301室",
}


def run(settings: Settings, day: dt.date) -> dict[str, int]:
    return link(settings, day, f"run-{day}")


def content(settings: Settings) -> dict[str, list]:
    """Everything the linker wrote but how many pairs it weighed, which is fewer where a run was kept."""
    weighed = {"match_run": "exclude (pairs)"}
    return {t: read(settings, f"select * {weighed.get(t, '')} from {t} order by all") for t in TABLES}


def customers(settings: Settings, *records: str) -> int:
    """How many customers these records are."""
    found = identities(settings)
    return len({found[record] for record in records})


def pairs(settings: Settings) -> dict[tuple[str, str], tuple]:
    sql = "select record_id_l, record_id_r, origin, verdict, rule, conflict from match_pair"
    return {(row[0], row[1]): tuple(row[2:]) for row in read(settings, sql)}


def background() -> list[dict]:
    """Enough other people for weights to mean something."""
    return make_people(60, seed=7)[0]


def anna(record_id: str, **fields) -> dict:
    return person(record_id, "欧阳晓燕", **{**resident(ANNA), "birth_date": dt.date(1980, 3, 5), **fields})


def test_people_are_found_without_a_false_merge(settings):
    rows, truth = make_people(200)
    fill_warehouse(settings, rows)
    counts = run(settings, D1)
    found = identities(settings)
    assert set(found) == set(truth)
    by_customer: dict[str, set[str]] = {}
    for record, identifier in found.items():
        by_customer.setdefault(identifier, set()).add(truth[record])
    assert all(len(people) == 1 for people in by_customer.values())
    assert counts["person_customers"] == len(by_customer) <= 202
    assert counts["organization_records"] == 0 if "organization_records" in counts else True


def test_nothing_of_splink_and_no_clear_value_stays(settings):
    rows, _ = make_people(40)
    fill_warehouse(settings, rows)
    run(settings, D1)
    names = [
        row[0]
        for row in read(settings, "select table_name from information_schema.tables where table_catalog = 'warehouse'")
    ]
    assert not [name for name in names if "splink" in name or name.startswith(("prepared", "party_person"))]
    written = json.dumps(
        [content(settings), parameters_path(settings, "person").read_text()], default=str, ensure_ascii=False
    )
    for row in rows:
        for field in ("name", "document_number", "mobile", "address_detail"):
            assert row[field] is None or row[field] not in written


def test_a_rerun_changes_nothing_and_thread_counts_do_not_matter(tmp_path):
    rows, _ = make_people(80)
    moved = [{**row, "mobile": f"199{number:08d}"} for number, row in enumerate(rows[:9])]
    second = [*moved, *rows[15:], *({**row, "record_id": f"new:{row['record_id']}"} for row in rows[30:35])]
    outcomes = []
    for threads in ("1", "2"):
        site = load_settings(environ={
            "MDM_HOME": str(tmp_path / threads), "MDM_KEY": "ab" * 32, "MDM_WAREHOUSE__THREADS": threads,
        })  # fmt: skip
        fill_warehouse(site, rows)
        run(site, D1)
        first = content(site)
        run(site, D1)
        assert content(site) == first
        fill_warehouse(site, second)
        write_decisions(site, [(rows[20]["record_id"], rows[21]["record_id"], "different", D1)])
        run(site, D2)
        outcomes.append((first, content(site), parameters_path(site, "person").read_text()))
    assert outcomes[0] == outcomes[1]


def test_a_renewal_chain_is_one_holder(settings):
    old, new = "P:E11111111", "P:E22222222"
    passport = {"document_type": "passport", "document_is_valid": True, "birth_date": dt.date(1990, 1, 2)}
    rows = [
        person("core:1", "陈冬梅", document_number="E22222222", document_key=new, **passport),
        person("card:1", "陈冬梅", document_number="E11111111", document_key=old, **passport),
    ]
    fill_warehouse(settings, [*background(), *rows], documents=[("core:1", old)])
    run(settings, D1)
    assert pairs(settings)["card:1", "core:1"][:3] == ("strong_id", "link", "same_document")
    assert customers(settings, "core:1", "card:1") == 1


def test_one_number_and_two_names_go_to_review(settings):
    fill_warehouse(settings, [*background(), anna("core:1"), {**anna("card:1"), "name": "司马光明"}])
    run(settings, D1)
    assert pairs(settings)["card:1", "core:1"] == ("model", "review", "same_document_other_name", None)
    assert customers(settings, "core:1", "card:1") == 2


def test_the_credit_bureaus_rule_one_number_two_names_one_spouse(settings):
    rows = [anna("core:1", spouse_name="赵敏"), {**anna("card:1", spouse_name="赵敏"), "name": "司马光明"}]
    fill_warehouse(settings, [*background(), *rows])
    run(settings, D1)
    assert customers(settings, "core:1", "card:1") == 1


def test_two_valid_numbers_never_share_a_customer_but_are_shown(settings):
    same = {"mobile": "13899990000", "birth_date": dt.date(1980, 3, 5), **HOME}
    rows = [anna("core:1", **same), {**anna("card:1", **same), **resident(BERT)}]
    fill_warehouse(settings, [*background(), *rows])
    run(settings, D1)
    assert pairs(settings)["card:1", "core:1"] == ("model", "review", "conflict_document", "document")
    assert customers(settings, "core:1", "card:1") == 2


def with_thresholds(settings: Settings, tmp_path: Path, **thresholds: float) -> Settings:
    """The same site with other thresholds for people."""
    config = shutil.copytree(settings.config_dir, tmp_path / "config")
    path = config / "models" / "person.yml"
    model = yaml.safe_load(path.read_text(encoding="utf-8"))
    model["thresholds"] |= thresholds
    path.write_text(yaml.safe_dump(model, allow_unicode=True), encoding="utf-8")
    return settings.model_copy(update={"config_dir": config})


def test_name_and_mobile_alone_never_merge(settings, tmp_path):
    site = with_thresholds(settings, tmp_path, link=0, review=-10)
    rows = [person("call:1", "欧阳晓燕", mobile="13899990000"), person("call:2", "欧阳晓燕", mobile="13899990000")]
    fill_warehouse(site, [*background(), *rows])
    run(site, D1)
    assert pairs(site)["call:1", "call:2"][1:3] == ("review", "name_and_mobile_only")
    assert identities(site)["call:1"] != identities(site)["call:2"]


def test_a_record_between_two_people_joins_neither(settings):
    twin = {"birth_date": dt.date(1980, 3, 5), "mobile": "13899990000", **HOME}
    rows = [anna("core:1", **twin), {**anna("core:2", **twin), **resident(BERT)}, person("call:1", "欧阳晓燕", **twin)]
    fill_warehouse(settings, [*background(), *rows])
    run(settings, D1)
    assert customers(settings, *("core:1", "core:2", "call:1")) == 3
    assert pairs(settings)["call:1", "core:1"][1:3] == ("review", "could_be_another_customer")


def test_missing_values_are_never_agreement(settings):
    fill_warehouse(settings, [*background(), person("a:1", None), person("a:2", None), person("a:3", "王?")])
    run(settings, D1)
    assert customers(settings, *("a:1", "a:2", "a:3")) == 3


def test_organizations_by_code_number_and_name(settings):
    rows = [
        company("registry:1", "襄阳市宏达商贸有限公司", uscc="91420602135651935X", registry_number="420602000004607",
                organization_code="135651935", former_name="襄阳市利阳纺织有限公司"),
        company("core:1", "宏达（襄阳）商贸有限公司", organization_code="135651935"),
        company("credit:1", "襄阳市利阳纺织有限公司", registry_number="420602000004607"),
        company("core:2", "襄阳市宏达商贸有限公司樊城分公司", organization_code="600037341"),
    ]  # fmt: skip
    fill_warehouse(settings, rows)
    run(settings, D1)
    found = identities(settings)
    assert found["registry:1"] == found["core:1"] == found["credit:1"] != found["core:2"]


def test_no_records_at_all(settings):
    fill_warehouse(settings, [])
    assert run(settings, D1)["ids_mint"] == 0
    assert run(settings, D2)["ids_mint"] == 0
    assert read(settings, "select * from party_identity") == []


def test_a_huge_block_is_left_out_and_counted(settings):
    crowd = [person(f"call:{n:03d}", f"王{chr(0x4E00 + n)}", mobile="13899990000") for n in range(90)]
    fill_warehouse(settings, [*background(), *crowd])
    counts = run(settings, D1)
    assert counts["person_oversize_blocks"] >= 1
    assert customers(settings, *(row["record_id"] for row in crowd)) == 90


def test_later_days_reload_the_model_and_keep_every_id(settings):
    rows, _ = make_people(60)
    fill_warehouse(settings, rows)
    run(settings, D1)
    before, model = identities(settings), parameters_path(settings, "person").read_bytes()
    more = [{**row, "record_id": f"new:{n}"} for n, row in enumerate(make_people(20, seed=99)[0])]
    fill_warehouse(settings, [*rows, *more])
    counts = run(settings, D2)
    assert parameters_path(settings, "person").read_bytes() == model
    after = identities(settings)
    assert {record: after[record] for record in before} == before
    assert counts["ids_mint"] > 0 and counts["ids_merge"] == counts["ids_split"] == 0


def test_an_earlier_day_is_refused(settings):
    fill_warehouse(settings, background())
    run(settings, D2)
    with pytest.raises(UserError, match="history only grows forward"):
        run(settings, D1)


def test_a_restated_day_rewrites_only_itself(settings):
    rows = [*background(), anna("core:1"), person("call:1", "张三丰", mobile="13512345678")]
    fill_warehouse(settings, rows)
    run(settings, D1)
    first = read(settings, "select * from party_identity order by record_id")
    late = person("wealth:9", "李四光", mobile="13600001111")
    fill_warehouse(settings, [*rows, late])
    run(settings, D2)
    minted = identities(settings)["wealth:9"]
    fill_warehouse(settings, [*rows, late, {**anna("card:1")}])
    run(settings, D2)
    assert identities(settings)["wealth:9"] == minted
    assert customers(settings, "card:1", "core:1") == 1
    fill_warehouse(settings, rows)
    run(settings, D2)
    assert read(settings, "select * from party_identity where valid_from = ? order by record_id", D1) == first
    assert read(settings, "select kind, golden_id from identity_event where as_of = ? order by kind", D2) == [
        ("mint", minted), ("retire", minted),
    ]  # fmt: skip
    fill_warehouse(settings, [*rows, person("wealth:8", "赵匡胤", mobile="13600002222")])
    run(settings, D3)
    assert identities(settings)["wealth:8"] != minted, "an id that was once given is not given again"


def test_decisions_count_from_the_next_day_and_an_undo_restores_both(settings):
    rows = [*background(), person("call:1", "欧阳晓燕", mobile="13899990000"), anna("core:1", mobile="13899990000")]
    fill_warehouse(settings, rows)
    run(settings, D1)
    one, two = (identities(settings)[record] for record in ("call:1", "core:1"))
    assert one != two
    write_decisions(settings, [("core:1", "call:1", "same", D1)])
    run(settings, D1)
    assert identities(settings)["call:1"] == one, "a rerun of the day on which it was decided does not know it yet"
    run(settings, D2)
    assert set(map(identities(settings).get, ("call:1", "core:1"))) == {min(one, two)}
    assert read(settings, "select * from identity_alias") == [(max(one, two), min(one, two), D2)]
    assert pairs(settings)["call:1", "core:1"][:3] == ("decision", "link", "decision")
    assert explain(settings, max(one, two))["golden_id"] == min(one, two)
    write_decisions(settings, [])
    run(settings, D3)
    assert (identities(settings)["call:1"], identities(settings)["core:1"]) == (one, two)
    assert read(settings, "select * from identity_alias") == []
    events = read(
        settings, "select as_of, kind, golden_id, other_golden_id, cause from identity_event where as_of > ?", D1
    )
    assert events == [
        (D2, "merge", min(one, two), max(one, two), "steward"),
        (D3, "undo", max(one, two), min(one, two), "steward"),
    ]


def test_a_customer_who_moves_or_changes_his_name_stays_one(settings):
    caller = person("call:1", "欧阳晓燕", mobile="13899990000", **HOME)
    rows = [anna("core:1", mobile="13899990000", **HOME), anna("card:1", mobile="13899990000"), caller]
    fill_warehouse(settings, [*background(), *rows])
    run(settings, D1)
    before = identities(settings)
    assert len({before[record] for record in ("core:1", "card:1", "call:1")}) == 1
    moved = {"address_detail": "中山路9号", "address": "湖北省荆门市东宝区中山路9号", "district": "东宝区"}
    renamed = {**anna("core:1", mobile="13899990000", **HOME), "name": "司马光明"}
    fill_warehouse(settings, [*background(), renamed, rows[1], {**caller, **moved}])
    run(settings, D2)
    run(settings, D2)
    assert identities(settings) == before
    assert pairs(settings)["card:1", "core:1"][1:3] == ("link", "joined_before")
    fill_warehouse(settings, [*background(), {**renamed, **resident(BERT)}, rows[1], {**caller, **moved}])
    run(settings, D3)
    assert customers(settings, "core:1", "card:1") == 2, "another valid number parts them"


@pytest.mark.parametrize("verdict", ["different", "same_apart", "related"])
def test_a_steward_keeps_apart_what_the_model_joins(settings, verdict):
    fill_warehouse(settings, [*background(), anna("core:1"), anna("card:1")])
    run(settings, D1)
    assert customers(settings, "core:1", "card:1") == 1
    write_decisions(settings, [("card:1", "core:1", verdict, D1)])
    run(settings, D2)
    assert customers(settings, "core:1", "card:1") == 2
    assert pairs(settings)["card:1", "core:1"] == ("decision", "reject", "decision", "steward")
    assert read(settings, "select kind, cause from identity_event where as_of = ? order by kind", D2) == [
        ("mint", "run"), ("split", "steward"),
    ]  # fmt: skip
    unsteered = read(
        settings, "select distinct cluster_before_decisions from match_cluster where record_id in ('core:1','card:1')"
    )
    assert len(unsteered) == 1, "what the linker would do by itself stays known"


def test_a_steward_joins_two_documents(settings):
    fill_warehouse(settings, [*background(), anna("core:1"), {**anna("card:1"), **resident(BERT)}])
    run(settings, D1)
    write_decisions(settings, [("card:1", "core:1", "same", D1)])
    run(settings, D2)
    assert customers(settings, "core:1", "card:1") == 1


def test_the_hash_of_evidence_changes_with_the_evidence_only(settings):
    rows = [*background(), person("call:1", "欧阳晓燕", mobile="13899990000"), anna("core:1", mobile="13899990000")]
    sql = "select evidence_hash from match_pair where record_id_l = 'call:1'"
    write_decisions(settings, [("core:1", "call:1", "unsure", D1)])
    fill_warehouse(settings, rows)
    run(settings, D1)
    run(settings, D2)
    first = read(settings, sql)
    fill_warehouse(settings, [*rows, *({**row, "record_id": f"x:{row['record_id']}"} for row in make_people(9, 5)[0])])
    run(settings, D3)
    assert read(settings, sql) == first
    fill_warehouse(settings, [*rows[:-1], anna("core:1", mobile="13899990001")])
    run(settings, D4)
    assert read(settings, sql) != first


def test_a_customer_that_leaves_is_retired_and_found_again(settings):
    fill_warehouse(settings, [*background(), anna("core:1")])
    run(settings, D1)
    identifier = identities(settings)["core:1"]
    fill_warehouse(settings, background())
    assert run(settings, D2)["ids_retire"] == 1
    explained = explain(settings, identifier)
    assert explained["status"] == "retired" and [r["record_id"] for r in explained["records"]] == ["core:1"]
    fill_warehouse(settings, [*background(), anna("core:1")])
    assert run(settings, D3)["ids_undo"] == 1
    assert identities(settings)["core:1"] == identifier


def test_an_explanation_has_evidence_in_both_languages_and_no_values(settings):
    fill_warehouse(
        settings, [*background(), anna("core:1", mobile="13899990000"), anna("card:1", mobile="13899990000")]
    )
    run(settings, D1)
    explained = explain(settings, identities(settings)["core:1"])
    assert [record["record_id"] for record in explained["records"]] == ["card:1", "core:1"]
    assert explained["party_type"] == "person" and [event["kind"] for event in explained["events"]] == ["mint"]
    (edge,) = explained["edges"]
    fields = {item["field"]: item for item in edge["evidence"]}
    assert set(fields) >= {"name", "document", "birth_date", "mobile"}
    assert set(fields["mobile"]) == {"field", "level", "label_zh", "label_en", "weight"}
    # what is not in the evidence is the prior, the same for all pairs
    assert edge["match_weight"] > 20 and sum(i["weight"] for i in edge["evidence"]) > edge["match_weight"]
    assert "欧阳" not in json.dumps(explained, default=str, ensure_ascii=False)


def test_before_the_first_run_there_is_nothing_to_explain(settings):
    fill_warehouse(settings, [])
    with pytest.raises(NotFoundError, match="nothing was linked"):
        explain(settings, "G0000000014")


@pytest.mark.parametrize("wrong", ["G0000000011", "x", ""])
def test_what_is_no_golden_id_is_not_found(settings, wrong):
    with pytest.raises(NotFoundError, match="check digit"):
        explain(settings, wrong)


def test_an_id_never_given_is_not_found(settings):
    fill_warehouse(settings, background())
    run(settings, D1)
    with pytest.raises(NotFoundError, match="never given"):
        explain(settings, "G9999999991")


def test_a_kill_between_training_and_writing_costs_nothing(settings, monkeypatch):
    fill_warehouse(settings, background())

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("matching.link.write_day", killed)
        with pytest.raises(KeyboardInterrupt):
            run(settings, D1)
    assert parameters_path(settings, "person").exists()
    assert all(not rows for rows in content(settings).values())
    run(settings, D1)
    after_kill = content(settings)
    shutil.rmtree(settings.models_dir)
    with store.connect(settings) as con:
        for table in TABLES:
            con.execute(f"drop table {table}")
    run(settings, D1)
    assert content(settings) == after_kill


def write_truth(settings: Settings, truth: dict[str, str]) -> None:
    """The demo's truth file; records that end in `x` form a trap, `call:x` was hit by an injector."""
    settings.truth_dir.mkdir(parents=True)
    records = sorted(truth)
    injectors = [["document_missing"] if record == "call:x" else [] for record in records]
    columns = {
        "record_id": records,
        "entity_id": [truth[record] for record in records],
        "party_type": ["person"] * len(records),
        "injectors": pa.array(injectors, pa.list_(pa.string())),
        "trap": ["alone:1" if record.endswith("x") else None for record in records],
    }
    pq.write_table(pa.table(columns), settings.truth_dir / "truth.parquet")


def test_evaluation_counts_pairs_injectors_and_traps(settings):
    rows, truth = make_people(50)
    fill_warehouse(
        settings, [*rows, person("call:x", "欧阳晓燕", mobile="13899990000"), anna("core:x", mobile="13899990000")]
    )
    with pytest.raises(NotFoundError, match="no truth"):
        evaluate(settings)
    truth |= {"call:x": "x", "core:x": "x"}
    write_truth(settings, truth)
    with pytest.raises(NotFoundError, match="nothing was linked"):
        evaluate(settings)
    run(settings, D1)
    report = evaluate(settings)["person"]
    wanted = sum(n * (n - 1) // 2 for n in (list(truth.values()).count(e) for e in set(truth.values())))
    assert report["pairs_wanted"] == wanted and report["precision"] == 1.0
    assert report["pairs_joined"] == wanted - 1 and report["recall"] == round((wanted - 1) / wanted, 5)
    found = report["injectors"]["document_missing"]
    assert found.items() >= {
        "records": 1, "pairs": 1, "pairs_joined": 0, "pairs_wanted": 1, "precision": 1.0, "recall": 0.0, "f1": 0.0,
        "b3_precision": 1.0, "b3_recall": 0.5,
    }.items()  # fmt: skip
    assert found["after_decisions"]["recall"] == 0.0
    assert evaluate(settings)["traps"] == {"alone": {"groups": 1, "false_merges": 0}}
    write_decisions(settings, [("call:x", "core:x", "same", D1)])
    run(settings, D2)
    steered = evaluate(settings)["person"]
    assert steered["recall"] == 1.0 and steered["before_decisions"]["recall"] == report["recall"]
