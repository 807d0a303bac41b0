"""Source files under config/sources: the shipped ones, and wrong ones refused by name."""

import datetime as dt
import re

import pytest
import yaml

from connectors.reading import days_present
from connectors.registry import load_sources
from tests.source_files import card, make_site, wealth
from warehouse.errors import SettingsError
from warehouse.settings import ROOT, load_settings


def test_the_shipped_sources_are_the_demo_banks_eight_systems(tmp_path):
    sources = load_sources(load_settings(environ={"MDM_HOME": str(tmp_path)}))
    assert {name: source.kind for name, source in sources.items()} == {
        "call": "csv",
        "card": "fixed",
        "core": "sql",
        "counter": "excel",
        "credit": "sql",
        "ebank": "jsonl",
        "registry": "parquet",
        "wealth": "package",
    }
    assert sum(len(source.tables) for source in sources.values()) == 29
    widths = {name: sum(c.width for c in table.columns) for name, table in sources["card"].tables.items()}
    assert widths == {"cardholder": 268, "card": 69, "statement": 76}


def test_every_example_of_the_online_sources_is_a_source(tmp_path):
    page = (ROOT / "docs" / "sources_online.md").read_text(encoding="utf-8")
    examples = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    sources = load_sources(make_site(tmp_path, {f"source{n}": example for n, example in enumerate(examples)}))
    assert [source.kind for source in sources.values()] == ["rest", "rest", "debezium", "amqp"]


def problems(tmp_path, **sources):
    with pytest.raises(SettingsError) as error:
        load_sources(make_site(tmp_path, sources))
    return error.value.problems


def test_unknown_keys_of_all_files_are_named_together(tmp_path):
    second = card()
    second["tables"]["holder"]["colums"] = []
    found = problems(tmp_path, wealth=wealth(seperator="|"), card=second)
    assert [line.split(": ", 1)[1].split(";")[0] for line in found] == [
        "unknown key 'tables.holder.colums'",
        "unknown key 'seperator'",
    ]
    assert "card.yml" in found[0] and "wealth.yml" in found[1]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "carrier pigeon"}, "kind"),
        ({"package": "W.tar.gz"}, "package"),
        ({"tables": {}}, "tables"),
        ({"tables": {"customer": {"mode": "full", "keys": ["x"], "columns": [{"name": "a"}]}}}, "not listed: x"),
        ({"tables": {"customer": {"mode": "full", "keys": ["a"], "columns": [{"name": "a"}] * 2}}}, "named twice"),
        ({"tables": {"customer": {"mode": "full", "keys": ["a"], "columns": [{"name": "a; drop"}]}}}, "columns.0.name"),
        (
            {"tables": {"customer": {"mode": "full", "keys": ["a"], "columns": [{"name": "a", "type": "date"}]}}},
            "text files land as text",
        ),
        (
            {"tables": {"customer": {"mode": "full", "keys": ["a"], "columns": [{"name": "a", "optional": True}]}}},
            "only columns of json may be optional",
        ),
    ],
)
def test_wrong_values_are_refused_with_file_and_key(tmp_path, change, told):
    (line,) = problems(tmp_path, wealth=wealth(**change))
    assert "wealth.yml" in line and told in line


def sql(**changes):
    table = {"mode": "append", "keys": ["id"], "columns": [{"name": "id"}, {"name": "day", "type": "date"}]}
    return {"kind": "sql", "url": "postgresql://reader@db/core", "tables": {"t": {**table, **changes}}}


def test_a_database_table_that_is_not_full_needs_a_watermark(tmp_path):
    (line,) = problems(tmp_path, core=sql())
    assert "need a watermark: t" in line


def test_a_password_in_a_url_is_refused_and_not_repeated(tmp_path):
    (line,) = problems(tmp_path, core={**sql(watermark="day"), "url": "postgresql://reader:hunter2@db/core"})
    assert "password_file" in line and "hunter2" not in line


def test_a_file_that_is_no_yaml_is_named_with_its_line(tmp_path):
    settings = make_site(tmp_path, {"wealth": wealth()})
    (settings.config_dir / "sources" / "bad.yml").write_text("kind: csv\ntables: [\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"bad\.yml, line 3: not readable as YAML"):
        load_sources(settings)


def test_days_present_reads_dates_from_names_and_ignores_the_rest(tmp_path):
    settings = make_site(tmp_path, {"wealth": wealth()})
    folder = settings.home / "in" / "wealth"
    folder.mkdir(parents=True)
    for name in ("W_20260302.tar.gz.OK", "W_20260303.tar.gz", "W_20269999.tar.gz.OK", "X_20260304.tar.gz.OK"):
        (folder / name).touch()
    source = load_sources(settings)["wealth"]
    assert days_present(settings, source, [source.marker]) == {dt.date(2026, 3, 2)}
