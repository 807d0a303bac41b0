"""The site's own dbt models: where they lie, what they provide, and the dbt project made of the engine's and theirs.

`dbt/` of the site folder holds `models/staging/<source>/` and `models/canonical/<contract>__<name>.sql`, which bring
the site's sources onto the engine's contracts (docs/contracts.md), and `seeds/code_map__<source>.csv`. dbt wants one
project folder, so every installation has one of links, `home/dbt/project`: the engine's folders and `site`. Links,
because dbt then sees the files themselves, whose times decide what it parses again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from warehouse.dbt_contract import MODELS
from warehouse.errors import SettingsError
from warehouse.settings import ROOT, Settings

ENGINE = ROOT / "dbt_project"
_LINKED = ("dbt_project.yml", "profiles.yml", "models", "macros", "seeds", "tests")


def site_dbt(settings: Settings) -> Path:
    """The site's folder of models and code maps."""
    return settings.config_dir / "dbt"


def contract_names() -> list[str]:
    """The contracts a site can provide."""
    return sorted(path.stem.removeprefix("contract_") for path in (MODELS / "contract").glob("contract_*.sql"))


def dbt_vars(settings: Settings) -> dict[str, Any]:
    """Variables of the contract models.

    Returns:
        `contracts`: contract → names of the site's models that provide it; `code_maps`: names of its code maps.

    Raises:
        SettingsError: one line per canonical model whose name says no contract.
    """
    contracts: dict[str, list[str]] = {name: [] for name in contract_names()}
    problems = []
    for path in sorted((site_dbt(settings) / "models" / "canonical").rglob("*.sql")):
        contract, separator, provider = path.stem.partition("__")
        if contract in contracts and separator and provider:
            contracts[contract].append(path.stem)
        else:
            problems.append(
                f"{path}: provides no contract; name it <contract>__<name>.sql, with {', '.join(contracts)}"
            )
    if problems:
        raise SettingsError(*problems)
    maps = sorted(path.stem for path in (site_dbt(settings) / "seeds").glob("code_map__*.csv"))
    return {"contracts": contracts, "code_maps": maps}


def make_project(settings: Settings) -> Path:
    """Make the project folder of this installation, or set its links right; its path."""
    project = settings.home / "dbt" / "project"
    project.mkdir(parents=True, exist_ok=True)
    for name in _LINKED:
        _link(project / name, ENGINE / name)
    _link(project / "site", site_dbt(settings))
    return project


def _link(link: Path, target: Path) -> None:
    """Point a link at a target, whatever it pointed at; two processes may do it at once."""
    if link.is_symlink() and link.readlink() == target:
        return
    aside = link.with_name(f".{link.name}.{id(link)}")
    aside.unlink(missing_ok=True)
    aside.symlink_to(target)
    aside.replace(link)
