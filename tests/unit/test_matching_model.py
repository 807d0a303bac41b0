"""Model files: the shipped ones load, wrong ones are refused with every problem named, numbers are kept apart."""

from __future__ import annotations

import datetime as dt

import pytest
import yaml

from matching.model import PARTY_TYPES, load_model
from matching.parameters import Parameters, load_parameters, save_parameters, stated_levels
from warehouse.errors import SettingsError
from warehouse.settings import ROOT


def shipped(party_type: str) -> dict:
    return yaml.safe_load((ROOT / "config" / "models" / f"{party_type}.yml").read_text(encoding="utf-8"))


@pytest.fixture
def load(tmp_path):
    def write_and_load(content: dict):
        path = tmp_path / "person.yml"
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        return load_model(path)

    return write_and_load


@pytest.mark.parametrize("party_type", PARTY_TYPES)
def test_shipped_models_load(party_type):
    model = load_model(ROOT / "config" / "models" / f"{party_type}.yml")
    assert model.party_type == party_type
    for comparison in model.comparisons:
        assert sum(level.m for level in comparison.levels) == pytest.approx(1, abs=0.06), comparison.comparison
        assert [comparison.code(level.level) for level in comparison.levels][-1] == 0


def test_every_problem_is_told_at_once(load):
    content = shipped("person")
    content["comparisons"][0]["levels"][1]["when"] = {"same_ish": "name_key"}
    content["comparisons"][0]["absent"] = ["nom"]
    content["comparisons"][1]["levels"][0]["like"] = "identical"
    content["comparisons"][3]["levels"][-1]["when"] = {"differ": "sex"}
    content["blocking"][0]["keys"] = ["name_key", "birthday"]
    content["guards"][0]["only"] = ["naam"]
    content["strong_identifiers"][0]["needs"][0]["name"] = ["exactly"]
    content["exclusive"][0]["value"] = "holder"
    content["training"]["blocks"] = [["postcode"]]
    content["thresholds"] = {"link": 1, "review": 2, "conflict_review": 3}
    with pytest.raises(SettingsError) as caught:
        load(content)
    told = "\n".join(caught.value.problems)
    for word in ("same_ish", "nom", "identical", "otherwise", "birthday", "naam", "exactly", "holder", "postcode"):
        assert f"'{word}'" in told
    assert "review is above link" in told


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda c: c.update(surprise=1), "surprise"),
        (lambda c: c.pop("thresholds"), "thresholds"),
        (lambda c: c["comparisons"][0]["levels"][0].update(m=1.5), "comparisons.0.levels.0.m"),
        (lambda c: c["fields"]["name"].update(kind="klingon"), "klingon"),
        (lambda c: c["comparisons"][0]["levels"].append(c["comparisons"][0]["levels"][0]), "same name"),
        (lambda c: c["comparisons"][3]["levels"][0].update(term_frequency="birth_date"), "term frequency"),
        (lambda c: c["blocking"][0].update(keys=["mobiles", "former_mobiles"]), "keep one list"),
    ],
)
def test_a_wrong_file_is_refused(load, change, word):
    content = shipped("person")
    change(content)
    with pytest.raises(SettingsError, match=word):
        load(content)


def test_thresholds_and_labels_do_not_ask_for_training_but_levels_do(load):
    before = load(shipped("person")).structure_hash
    content = shipped("person")
    content["thresholds"]["link"] = 9
    content["comparisons"][0]["levels"][0]["label_zh"] = "另一种写法"
    assert load(content).structure_hash == before
    content["comparisons"][0]["levels"][0]["m"] = 0.02
    assert load(content).structure_hash != before


@pytest.fixture
def parameters():
    model = load_model(ROOT / "config" / "models" / "person.yml")
    return Parameters(
        party_type="person", structure_hash=model.structure_hash, trained_as_of=dt.date(2026, 3, 2).isoformat(),
        records=100, fingerprint="f", prior=0.001, levels=stated_levels(model),
    )  # fmt: skip


def test_parameters_come_back_as_they_were_saved(tmp_path, parameters):
    model = load_model(ROOT / "config" / "models" / "person.yml")
    path = tmp_path / "models" / "parameters.json"
    assert load_parameters(path, model) is None
    save_parameters(path, parameters)
    again = load_parameters(path, model)
    assert again == parameters and again.version == parameters.version
    assert parameters.model_copy(update={"prior": 0.002}).version != parameters.version


def test_parameters_of_another_structure_are_refused(tmp_path, load, parameters):
    path = tmp_path / "parameters.json"
    save_parameters(path, parameters)
    content = shipped("person")
    del content["comparisons"][3]
    content["guards"] = []
    with pytest.raises(SettingsError, match="train anew"):
        load_parameters(path, load(content))


def test_damaged_parameters_are_refused(tmp_path, parameters):
    path = tmp_path / "parameters.json"
    path.write_text('{"party_type": "person"', encoding="utf-8")
    with pytest.raises(SettingsError, match="not a trained model"):
        load_parameters(path, load_model(ROOT / "config" / "models" / "person.yml"))
