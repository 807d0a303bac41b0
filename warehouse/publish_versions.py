"""Published versions on disk: immutable folders, one of which `current` points at.

A version is a folder with one DuckDB file, one Parquet file per table and a manifest. It is complete before it gets its
name, and `current` changes by replacing one symbolic link, so readers see the old or the new version, never a part.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

from warehouse.errors import NotFoundError
from warehouse.settings import Settings
from warehouse.site_file import SiteModel

MANIFEST = "manifest.json"
DATABASE = "customer.duckdb"
_BUILDING = ".building"


class TableContent(SiteModel):
    """What one published table holds."""

    description: str
    key: tuple[str, ...]
    columns: dict[str, str]  # name → description
    rows: int
    content_hash: str


class Manifest(SiteModel):
    """What a version holds; the same content has the same hash, whenever it was built."""

    as_of: str
    run_id: str
    content_hash: str
    tables: dict[str, TableContent]

    @property
    def version(self) -> str:
        """Name of the version's folder."""
        return f"{self.as_of}-{self.content_hash[:12]}"


def content_hash(tables: dict[str, TableContent]) -> str:
    """One hash over all tables: their rows, columns and descriptions."""
    content = {name: table.model_dump(mode="json") for name, table in sorted(tables.items())}
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def versions_dir(settings: Settings) -> Path:
    """Where the versions lie."""
    return settings.published_dir / "versions"


def current_manifest(settings: Settings) -> Manifest | None:
    """The manifest of the version readers see; None before the first publish."""
    path = settings.published_dir / "current" / MANIFEST
    return read_manifest(path) if path.exists() else None


def read_manifest(path: Path) -> Manifest:
    """Read one version's manifest."""
    return Manifest.model_validate_json(path.read_text(encoding="utf-8"))


def new_folder(settings: Settings) -> Path:
    """An empty folder to build in; what a killed run left is removed."""
    folder = versions_dir(settings) / _BUILDING
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def commit(settings: Settings, folder: Path, manifest: Manifest) -> Path:
    """Give a finished folder its name; everything in it is on disk before."""
    document: dict[str, Any] = manifest.model_dump(mode="json")
    (folder / MANIFEST).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for path in folder.iterdir():
        _sync(path)
    target = versions_dir(settings) / manifest.version
    shutil.rmtree(target, ignore_errors=True)  # damaged: `exists` refused it
    folder.rename(target)
    _sync(target.parent)
    return target


def exists(settings: Settings, version: str) -> bool:
    """Whether a complete version of this name is kept."""
    return (versions_dir(settings) / version / MANIFEST).exists()


def activate(settings: Settings, version: str) -> Path:
    """Point `current` at a version and remove the oldest ones beyond the number to keep."""
    target = versions_dir(settings) / version
    os.utime(target / MANIFEST)  # kept longest is what was current last
    aside = settings.published_dir / "current.new"
    aside.unlink(missing_ok=True)
    aside.symlink_to(Path("versions") / version)
    aside.replace(settings.published_dir / "current")
    _sync(settings.published_dir)
    _prune(settings)
    return target


def find(settings: Settings, version: str) -> Manifest:
    """The manifest of a kept version.

    Raises:
        NotFoundError: no such version is kept.
    """
    target = versions_dir(settings) / version
    if not exists(settings, version):
        raise NotFoundError(f"{target}: no such published version; kept are {', '.join(kept(settings)) or 'none'}")
    return read_manifest(target / MANIFEST)


def previous(settings: Settings) -> str:
    """The version that was current before the one that is.

    Raises:
        NotFoundError: there is none.
    """
    names = kept(settings)
    if len(names) < 2:
        raise NotFoundError(f"{versions_dir(settings)}: no version before the current one; publish another day first")
    return names[1]


def kept(settings: Settings) -> list[str]:
    """Names of the kept versions, the one that was current last first."""
    manifests = versions_dir(settings).glob(f"[!.]*/{MANIFEST}")
    return [path.parent.name for path in sorted(manifests, key=lambda path: path.stat().st_mtime_ns, reverse=True)]


def _prune(settings: Settings) -> None:
    for version in kept(settings)[settings.publish.keep_versions :]:
        shutil.rmtree(versions_dir(settings) / version)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
