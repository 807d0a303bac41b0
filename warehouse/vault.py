"""Sealed values: AES-256-GCM (NIST SP 800-38D) under keys derived for one purpose.

Each ciphertext is bound to the place it was written for (a task's record, a row in quarantine), so that bytes copied to
another place do not open.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from warehouse.errors import KeyFileError
from warehouse.keys import derive_key
from warehouse.settings import Settings

_NONCE_BYTES = 12


class Vault:
    """Seals and opens payloads of one purpose; made once per process or step.

    `purpose` names the store, for keys and messages: its payloads and its tags each have a key of their own.
    """

    def __init__(self, settings: Settings, purpose: str) -> None:
        self._purpose = purpose
        self._cipher = AESGCM(derive_key(settings, f"{purpose}-payload"))
        self._tag_key = derive_key(settings, f"{purpose}-content-tag")

    def seal(self, place: str, text: str) -> bytes:
        """Encrypt a text for one place."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode(), place.encode())

    def open(self, place: str, sealed: bytes) -> str:
        """Decrypt what was sealed for this place.

        Raises:
            KeyFileError: the key is another one, or the bytes were changed or moved.
        """
        try:
            plain = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode())
        except InvalidTag:
            told = f"{self._purpose} store: a payload does not open; restore the key it was made with"
            raise KeyFileError(told) from None
        return plain.decode()

    def seal_values(self, place: str, values: Mapping[str, str]) -> bytes:
        """Encrypt a record's values."""
        return self.seal(place, _canonical(values))

    def open_values(self, place: str, sealed: bytes) -> dict[str, str]:
        """Decrypt a record's values."""
        values: dict[str, str] = json.loads(self.open(place, sealed))
        return values

    def tag(self, values: Mapping[str, str]) -> str:
        """A keyed fingerprint of the values: equal content has an equal tag, and nobody without the key can guess."""
        return hmac.new(self._tag_key, _canonical(values).encode(), hashlib.sha256).hexdigest()


def _canonical(values: Mapping[str, str]) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
