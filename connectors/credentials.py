"""Secrets of source systems: read at the moment they are needed, from a file or an environment variable."""

from __future__ import annotations

from connectors.rest_api import Credential
from warehouse.errors import SourceError
from warehouse.settings import Settings, environment_value


def read_credential(settings: Settings, name: str, credential: Credential) -> str:
    """The credential's text; files are relative to the installation's home.

    Raises:
        SourceError: the file or the variable is not there, or empty.
    """
    if credential.value is not None:
        return credential.value
    if credential.environment is not None:
        where = f"environment variable {credential.environment}"
        text = environment_value(credential.environment)
    else:
        path = settings.home / (credential.file or "")
        where = f"{path}"
        text = path.read_text(encoding="utf-8").strip() if path.is_file() else None
    if not text:
        raise SourceError(
            f"{where}: credential '{name}' is not there; provide it, or correct its place in config/sources"
        )
    return text
