"""The one key of an installation, and the keys derived from it.

The master key opens the encrypted warehouse file. Everything else that needs a key (payloads in the stewardship
store, tokens, session cookies) derives its own from it with HKDF-SHA256 (RFC 5869), so that no two uses share a key.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from warehouse.errors import KeyFileError
from warehouse.settings import Settings


def key_path(settings: Settings) -> Path:
    """Where the key file lies."""
    return settings.key_file or settings.keys_dir / "warehouse.key"


def create_key(settings: Settings) -> Path:
    """Make a random 256-bit key file, owner-only, unless one exists. Used by the demo and by installation."""
    path = key_path(settings)
    if not path.exists():
        write_secret(path, secrets.token_hex(32))
    return path


def write_secret(path: Path, text: str) -> None:
    """Write a file only its owner can read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_suffix(".new")
    aside.touch(mode=0o600)
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)


def master_key(settings: Settings) -> str:
    """The master key as 64 hexadecimal digits.

    Raises:
        KeyFileError: no key is set, or it is not 64 hexadecimal digits.
    """
    if settings.key is not None:
        return _checked(settings.key.get_secret_value(), "environment variable MDM_KEY")
    path = key_path(settings)
    if not path.exists():
        raise KeyFileError(f"{path}: no key file; set MDM_KEY_FILE or MDM_KEY (the demo makes one: mdm demo)")
    return _checked(path.read_text(encoding="utf-8").strip(), str(path))


def derive_key(settings: Settings, purpose: str) -> bytes:
    """A 32-byte key for one named purpose."""
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"customer-mdm/{purpose}".encode())
    return kdf.derive(bytes.fromhex(master_key(settings)))


def _checked(text: str, where: str) -> str:
    if len(text) != 64 or any(letter not in "0123456789abcdef" for letter in text.lower()):
        raise KeyFileError(f"{where}: the key must be 64 hexadecimal digits (256 bits)")
    return text.lower()
