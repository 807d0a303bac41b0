"""One frozen settings object. It is the only code that reads the environment.

Values come, strongest first, from `MDM_…` environment variables and `config/settings.toml` of the site folder
(`MDM_CONFIG`, the repository's `config/` by default). Unknown keys, in the file or as an `MDM_` variable, are refused
and named. Secrets never stand in the file: they come from a variable or from a key file (see `warehouse.keys`).
"""

from __future__ import annotations

import datetime as dt
import os
import tomllib
import zoneinfo
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails

from warehouse.errors import SettingsError

ROOT = Path(__file__).resolve().parent.parent


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DemoSettings(_Section):
    """Size and seed of the demo bank."""

    people: int = Field(20_000, ge=10)
    organizations: int = Field(1_000, ge=2)
    seed: int = 20260302
    first_day: dt.date = dt.date(2026, 3, 2)


class WarehouseSettings(_Section):
    """Limits of the embedded DuckDB engine."""

    threads: int = Field(2, ge=1)
    memory_limit: str = "2GB"


class PublishSettings(_Section):
    """Where and how many published versions are kept."""

    keep_versions: int = Field(5, ge=1)
    postgres_url: str | None = None  # None: the embedded server
    postgres_schema: str = "mdm"


class StewardshipSettings(_Section):
    """The steward's store and page."""

    url: str | None = None  # None: SQLite below `home`
    host: str = "127.0.0.1"
    port: int = Field(8460, ge=1, le=65535)
    session_minutes: int = Field(30, ge=1)


class ScheduleSettings(_Section):
    """When Airflow starts the day; the day run is the one before, in the bank's time zone."""

    cron: str | None = "0 6 * * *"  # None or empty: only when triggered
    time_zone: str = "Asia/Shanghai"

    @field_validator("cron")
    @classmethod
    def _empty_is_none(cls, value: str | None) -> str | None:
        return value or None

    @field_validator("time_zone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in zoneinfo.available_timezones():
            raise ValueError("not a time zone of the IANA list, such as Asia/Shanghai")
        return value


class QualitySettings(_Section):
    """How long rows wait in quarantine and scores are kept."""

    quarantine_days: int = Field(90, ge=1)
    trend_days: int = Field(90, ge=1)


class Settings(_Section):
    """The whole site configuration; paths are absolute once loaded."""

    config_dir: Path
    home: Path
    bank_name_zh: str = "示范农村商业银行"
    bank_name_en: str = "Demo Rural Commercial Bank"
    is_demo: bool = False
    key: SecretStr | None = None
    key_file: Path | None = None
    demo: DemoSettings = DemoSettings()
    warehouse: WarehouseSettings = WarehouseSettings()
    publish: PublishSettings = PublishSettings()
    stewardship: StewardshipSettings = StewardshipSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    quality: QualitySettings = QualitySettings()

    @property
    def demo_dir(self) -> Path:
        """The demo bank's source systems."""
        return self.home / "demo"

    @property
    def truth_dir(self) -> Path:
        """The demo bank's truth; steps of the line may not read it."""
        return self.home / "demo-truth"

    @property
    def landing_dir(self) -> Path:
        """Immutable raw Parquet with manifests."""
        return self.home / "landing"

    @property
    def warehouse_path(self) -> Path:
        """The encrypted DuckDB file the steps write."""
        return self.home / "warehouse.duckdb"

    @property
    def ledger_path(self) -> Path:
        """Runs and steps (SQLite)."""
        return self.home / "ledger.sqlite"

    @property
    def stewardship_url(self) -> str:
        """SQLAlchemy URL of the stewardship store."""
        return self.stewardship.url or f"sqlite:///{self.home / 'stewardship.sqlite'}"

    @property
    def models_dir(self) -> Path:
        """Trained match models with their data fingerprint."""
        return self.home / "models"

    @property
    def quality_dir(self) -> Path:
        """Quality result pages."""
        return self.home / "quality"

    @property
    def airflow_home(self) -> Path:
        """Airflow's own folder: metadata database, logs."""
        return self.home / "airflow"

    @property
    def published_dir(self) -> Path:
        """Published versions; `current` is the one readers open."""
        return self.home / "published"

    @property
    def keys_dir(self) -> Path:
        """Key file and generated passwords of the embedded default (owner-only)."""
        return self.home / "keys"


_ENV_TOP = {"home", "key", "key_file", "is_demo", "bank_name_zh", "bank_name_en"}
_SECTIONS = ("demo", "warehouse", "publish", "stewardship", "schedule", "quality")


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """Turn `MDM_HOME` and `MDM_<SECTION>__<KEY>` variables into a settings dictionary."""
    values: dict[str, Any] = {}
    unknown = []
    for variable in sorted(name for name in environ if name.startswith("MDM_") and name != "MDM_CONFIG"):
        section, _, key = variable.removeprefix("MDM_").lower().partition("__")
        if key and section in _SECTIONS:
            values.setdefault(section, {})[key] = environ[variable]
        elif not key and section in _ENV_TOP:
            values[section] = environ[variable]
        else:
            unknown.append(f"environment variable {variable}: unknown setting; see docs/settings.md for the list")
    if unknown:
        raise SettingsError(*unknown)
    return values


def _from_file(path: Path) -> dict[str, Any]:
    """Read `settings.toml`; a missing file means defaults."""
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not readable as TOML ({type(error).__name__}); correct the file") from None


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = {**merged[key], **value} if both else value
    return merged


def _problem(error: ErrorDetails, path: Path) -> str:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{path}: unknown key '{where}'; remove it or correct its name (docs/settings.md lists all keys)"
    return f"{path}: key '{where}': {error['msg'].lower()}; correct the value"


def child_environment(settings: Settings) -> dict[str, str]:
    """Environment for a process of ours (dbt, Airflow): this process's, pointing at the same site and home."""
    return {**os.environ, "MDM_CONFIG": str(settings.config_dir), "MDM_HOME": str(settings.home)}


def environment_value(name: str) -> str | None:
    """A variable that a source file names as the place of a credential."""
    return os.environ.get(name)


def without_phrases() -> None:
    """Let pypinyin, which reads its settings from the environment, leave its phrases out; before it is loaded.

    Names are read character by character, and the phrases take 40 MB.
    """
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")


def load_settings(config_dir: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Load the site's settings.

    Args:
        config_dir: the site folder; `MDM_CONFIG` or the repository's `config/` when not given.
        environ: the environment; the process's own when not given (tests pass their own).

    Raises:
        SettingsError: with one line for each unknown or wrong key.
    """
    environ = os.environ if environ is None else environ
    site = (config_dir or Path(environ.get("MDM_CONFIG") or ROOT / "config")).resolve()
    if not site.is_dir():
        raise SettingsError(f"{site}: no such site folder; set MDM_CONFIG to the folder that holds settings.toml")
    path = site / "settings.toml"
    values = _merge(_from_file(path), _from_environment(environ))
    home = Path(values.pop("home", "var"))
    values |= {"config_dir": site, "home": home if home.is_absolute() else (ROOT / home).resolve()}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(*(_problem(item, path) for item in error.errors())) from None
