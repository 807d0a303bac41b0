"""`mdm site new`: the site folder of a bank, outside of the repository, without any source."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from warehouse.errors import SettingsError
from warehouse.keys import create_key, key_path
from warehouse.settings import ROOT, load_settings

_SHIPPED = ROOT / "config"
_COPIED = ("policy.yml", "models", "rules", "quality/golden.yml")
_SETTINGS = """\
# The site's settings. Every key and its meaning: docs/settings.md. Secrets never stand here.
bank_name_zh = "{name}"
bank_name_en = "{name}"
is_demo = false
home = "{home}"         # everything generated; protect it like the sources
"""
_BRANCHES = """\
# The organisation tree: code, names, parent. Row-level security, tasks and scopes follow it.
branches:
  - {code: "0", name_zh: 总行, name_en: Head Office, parent: null}
"""


def new_site(folder: Path, name: str) -> list[str]:
    """Make a site folder with everything but sources, and its key; what was made, one line each.

    Raises:
        SettingsError: the folder is there and not empty.
    """
    folder = folder.resolve()
    if folder.exists() and any(folder.iterdir()):
        raise SettingsError(f"{folder}: is not empty; give a new folder, an existing site is never overwritten")
    for part in ("sources", "quality", "dbt/models/staging", "dbt/models/canonical", "dbt/seeds"):
        (folder / part).mkdir(parents=True)
    for part in _COPIED:
        copy = shutil.copytree if (_SHIPPED / part).is_dir() else shutil.copy
        copy(_SHIPPED / part, folder / part)
    home = folder.with_name(f"{folder.name}-var")
    (folder / "settings.toml").write_text(_SETTINGS.format(name=name, home=home), encoding="utf-8")
    (folder / "branches.yml").write_text(_BRANCHES, encoding="utf-8")
    (folder / "survivorship.yml").write_text(_without_trust(), encoding="utf-8")
    settings = load_settings(folder, environ={})
    create_key(settings)
    made = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    return [f"{folder}: {', '.join(made)}", f"{key_path(settings)}: key of the warehouse; keep a copy in a safe place"]


def _without_trust() -> str:
    """The shipped rules without the demo bank's order of sources."""
    rules = (_SHIPPED / "survivorship.yml").read_text(encoding="utf-8")
    rules = re.sub(r"(?m)^    trust: .*\n", "", rules)
    return re.sub(
        r"(?m)^default_trust: .*$", "default_trust: []  # empty: the sources in the order of their names", rules
    )
