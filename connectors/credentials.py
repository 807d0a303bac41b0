"""Secrets of source systems, read at the moment they are needed, and whose word is taken for who a server is."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx

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


def trusted(settings: Settings, ca_file: Path | None) -> ssl.SSLContext:
    """A context that verifies servers by the public authorities and, where a source file names it, the bank's own.

    Raises:
        SourceError: the authority's file is not there, or holds no certificate.
    """
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file is not None:
        path = settings.home / ca_file
        try:
            context.load_verify_locations(path)
        except OSError:  # an SSLError is one
            raise SourceError(f"{path}: no certificate there; provide the authority's, or correct 'ca_file'") from None
    return context
