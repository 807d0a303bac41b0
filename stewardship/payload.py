"""Clear values inside the stewardship store: AES-256-GCM (NIST SP 800-38D) under a key of their own.

Each ciphertext is bound to the place it was written for (task and position, or decision), so that a row copied to
another place does not open.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from warehouse.errors import KeyFileError
from warehouse.keys import derive_key
from warehouse.settings import Settings

_NONCE_BYTES = 12


class Vault:
    """Seals and opens payloads; made once per process or step."""

    def __init__(self, settings: Settings) -> None:
        self._cipher = AESGCM(derive_key(settings, "stewardship-payload"))
        self._tag_key = derive_key(settings, "stewardship-content-tag")

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
            raise KeyFileError("stewardship store: a payload does not open; restore the key it was made with") from None
        return plain.decode()

    def seal_values(self, place: str, values: dict[str, str]) -> bytes:
        """Encrypt a record's values."""
        return self.seal(place, _canonical(values))

    def open_values(self, place: str, sealed: bytes) -> dict[str, str]:
        """Decrypt a record's values."""
        values: dict[str, str] = json.loads(self.open(place, sealed))
        return values

    def tag(self, values: dict[str, str]) -> str:
        """A keyed fingerprint of the values: equal content has an equal tag, and nobody without the key can guess."""
        return hmac.new(self._tag_key, _canonical(values).encode(), hashlib.sha256).hexdigest()


def record_place(task_id: str, position: int) -> str:
    """Where a record's payload belongs."""
    return f"task_record/{task_id}/{position}"


def _canonical(values: dict[str, str]) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
