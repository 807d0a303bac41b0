import datetime as dt
from pathlib import Path

import pytest

from warehouse.errors import SettingsError
from warehouse.settings import ROOT, load_settings


def site(tmp_path: Path, text: str) -> Path:
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    return tmp_path


def test_shipped_settings_load_without_environment():
    settings = load_settings(environ={})
    assert settings.demo.people == 20_000
    assert settings.demo.first_day == dt.date(2026, 3, 2)
    assert settings.warehouse_path == ROOT / "var" / "warehouse.duckdb"


def test_environment_beats_the_file(tmp_path):
    folder = site(tmp_path, "[demo]\npeople = 50\n")
    settings = load_settings(folder, {"MDM_DEMO__PEOPLE": "70", "MDM_HOME": str(tmp_path / "elsewhere")})
    assert settings.demo.people == 70
    assert settings.landing_dir == tmp_path / "elsewhere" / "landing"


def test_every_unknown_key_is_refused_and_named(tmp_path):
    folder = site(tmp_path, 'colour = "red"\n[demo]\npeeple = 5\n')
    with pytest.raises(SettingsError) as caught:
        load_settings(folder, {})
    assert [("'colour'" in p, "'demo.peeple'" in p) for p in caught.value.problems] in (
        [(True, False), (False, True)],
        [(False, True), (True, False)],
    )


def test_unknown_environment_variables_are_refused_together():
    with pytest.raises(SettingsError) as caught:
        load_settings(environ={"MDM_COLOUR": "red", "MDM_DEMO": "5"})
    assert ["MDM_COLOUR" in p or "MDM_DEMO" in p for p in caught.value.problems] == [True, True]


@pytest.mark.parametrize("text", ["demo = ", "[demo]\npeople = 'many'\n", "[stewardship]\nport = 99999999\n"])
def test_a_wrong_value_is_one_line_without_the_value(tmp_path, text):
    with pytest.raises(SettingsError) as caught:
        load_settings(site(tmp_path, text), {})
    assert len(caught.value.problems) == 1
    assert "many" not in str(caught.value)
    assert "99999999" not in str(caught.value)


def test_a_missing_site_folder_is_told(tmp_path):
    with pytest.raises(SettingsError, match="no such site folder"):
        load_settings(environ={"MDM_CONFIG": str(tmp_path / "none")})


def test_settings_are_frozen():
    settings = load_settings(environ={})
    with pytest.raises(ValueError, match="frozen"):
        settings.home = Path("/")


def test_only_settings_reads_the_environment():
    rooms = ("connectors", "dags", "masking", "matching", "quality", "stewardship", "warehouse")
    readers = [
        path.relative_to(ROOT)
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
        if "os.environ" in (text := path.read_text(encoding="utf-8")) or "getenv" in text
    ]
    assert readers == [Path("warehouse/settings.py")]


def test_a_schedule_without_time_and_an_unknown_time_zone():
    assert load_settings(environ={"MDM_SCHEDULE__CRON": ""}).schedule.cron is None
    with pytest.raises(SettingsError, match=r"schedule\.time_zone"):
        load_settings(environ={"MDM_SCHEDULE__TIME_ZONE": "Mars/Olympus"})
