"""A column of texts as one array of characters, so that keys of a million values are made without a loop over them."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Numbers = np.ndarray
_BASIC = 0x10000  # characters of the basic plane, for which tables exist


class Characters:
    """The characters of many texts, one after the other; `starts[i]:starts[i + 1]` are those of text i."""

    def __init__(self, codes: Numbers, starts: Numbers) -> None:
        self.codes = codes
        self.starts = starts

    @classmethod
    def of(cls, texts: pa.StringArray) -> Characters:
        """Take texts apart, none of them null."""
        ends = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
        content = texts.buffers()[2] or b""
        codes = np.frombuffer(bytes(memoryview(content)[ends[0] : ends[-1]]).decode().encode("utf-32-le"), np.uint32)
        lengths = pc.utf8_length(texts).to_numpy()
        return cls(codes, np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]))

    @property
    def lengths(self) -> Numbers:
        """Characters of each text."""
        return np.diff(self.starts)

    def count(self, marked: Numbers) -> Numbers:
        """How many marked characters each text has."""
        return np.diff(_summed(marked)[self.starts])

    def kept(self, marked: Numbers) -> Characters:
        """The same texts with their marked characters only."""
        return Characters(self.codes[marked], np.concatenate([[0], np.cumsum(self.count(marked))]))

    def chosen(self, wanted: Numbers) -> Characters:
        """The wanted texts only."""
        if wanted.all():
            return self
        return Characters(
            self.codes[np.repeat(wanted, self.lengths)], np.concatenate([[0], np.cumsum(self.lengths[wanted])])
        )

    def followed_by(self, marked: Numbers) -> Numbers:
        """Characters whose next one, in the same text, is marked."""
        following = np.zeros(len(marked), bool)
        following[:-1] = marked[1:]
        last = self.starts[1:][self.lengths > 0] - 1
        following[last] = False
        return following

    def texts(self) -> pa.Array:
        """Put the texts together again."""
        sizes = np.ones(len(self.codes), np.uint8)
        for longer in (0x80, 0x800, _BASIC):
            sizes += self.codes >= longer
        offsets = _summed(sizes)[self.starts]
        content = self.codes.astype("<u4").tobytes().decode("utf-32-le").encode()
        return pa.StringArray.from_buffers(len(self.starts) - 1, pa.py_buffer(offsets), pa.py_buffer(content))


def _summed(numbers: Numbers) -> Numbers:
    """Sums of the first none, one, two, … of them; texts of Arrow have at most so many bytes as fit."""
    sums = np.zeros(len(numbers) + 1, np.int32)
    np.cumsum(numbers, dtype=np.int32, out=sums[1:])
    return sums


_ASKING = Lock()


class Table:
    """What one function says of every character, asked once per character that occurs, by one thread at a time."""

    def __init__(self, ask: Callable[[str], int]) -> None:
        self._ask = ask
        self._known = np.zeros(_BASIC, bool)
        self._answers = np.zeros(_BASIC, np.int32)

    def of(self, codes: Numbers) -> Numbers:
        """The function's answers for characters of the basic plane."""
        here = np.zeros(_BASIC, bool)
        here[codes] = True
        with _ASKING:
            for code in np.flatnonzero(here & ~self._known):
                self._answers[code] = self._ask(chr(code))
                self._known[code] = True
        return np.asarray(self._answers[codes])


def is_any(codes: Numbers, characters: str) -> Numbers:
    """Which characters, all of the basic plane, are one of these."""
    wanted = np.zeros(_BASIC, bool)
    wanted[[ord(character) for character in characters]] = True
    return np.asarray(wanted[codes])


def is_digit(codes: Numbers) -> Numbers:
    """Which characters are ASCII digits."""
    return (codes >= ord("0")) & (codes <= ord("9"))


def is_basic_han(codes: Numbers) -> Numbers:
    """Which characters are Chinese characters of the basic plane, private use and compatibility forms left out."""
    after = codes.astype(np.uint32, copy=False) - np.uint32(0x3400)  # what is smaller becomes very large
    return np.asarray(after <= 0x9FFF - 0x3400)
