"""Makes `connectors/ebcdic_tables.npz` from this machine's C library (python -m tests.ebcdic_tables)."""

from __future__ import annotations

import ctypes

import numpy as np

from connectors.ebcdic import FIRST, LAST, SI, SO, TABLES

NAMES = ("ibm1388", "ibm935")
_NONE = 0xFFFF
_FAILED = ctypes.c_size_t(-1).value


class Converter:
    """glibc's `iconv` from one code page to UTF-32; `LookupError` where the machine lacks it."""

    def __init__(self, name: str) -> None:
        self._lib = ctypes.CDLL(None)
        self._lib.iconv_open.restype = self._lib.iconv.restype = ctypes.c_size_t
        self._lib.iconv.argtypes = [ctypes.c_size_t, *[ctypes.c_void_p] * 4]
        self._lib.iconv_close.argtypes = [ctypes.c_size_t]
        self._name = name.upper().encode()
        self._lib.iconv_close(self._open())

    def _open(self) -> int:
        handle = self._lib.iconv_open(b"UTF-32LE", self._name)
        if handle == _FAILED:
            raise LookupError(self._name.decode())
        return handle

    def __call__(self, content: bytes) -> int:
        """The one character of these bytes, or FFFF."""
        handle = self._open()
        source, left = ctypes.c_char_p(content), ctypes.c_size_t(len(content))
        buffer = ctypes.create_string_buffer(16)
        target, room = ctypes.c_void_p(ctypes.addressof(buffer)), ctypes.c_size_t(16)
        failed = self._lib.iconv(handle, *map(ctypes.addressof, (source, left, target, room))) == _FAILED
        self._lib.iconv_close(handle)
        return _NONE if failed or room.value != 12 else int.from_bytes(buffer.raw[:4], "little")


def make_tables() -> dict[str, np.ndarray]:
    """Both code pages: 256 single-byte characters, and a square of double-byte ones."""
    tables = {}
    for name in NAMES:
        convert = Converter(name)
        singles = [_NONE if byte in (SO, SI) else convert(bytes([byte])) for byte in range(256)]
        places = range(FIRST, LAST + 1)
        doubles = [[convert(bytes([SO, high, low, SI])) for low in places] for high in places]
        tables[f"{name}_single"] = np.array(singles, np.uint16)
        tables[f"{name}_double"] = np.array(doubles, np.uint16)
    return tables


if __name__ == "__main__":
    np.savez_compressed(TABLES, **make_tables())
