"""A CSV file in any usual encoding and dialect, as a table of texts.

What is well formed is read by Arrow, on all cores and without holding the file as text; what Arrow refuses is read
again row by row, so that every wrong line can be named.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from warehouse.errors import SourceError

Say = Callable[[str], None]
csv.field_size_limit(10 << 20)
_SEPARATORS = ",;\t|\x01"
_SHOWN = 5  # problems of one kind told one by one
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_BEGINNING = 1 << 18  # bytes that tell the separator
_AT_ONCE = 1 << 24  # bytes that are written in UTF-8 at once
_TOLD_BY = 10_000  # lines beyond ASCII that tell a Chinese encoding from a European one
_HAN_IN_WORD = re.compile(r"[A-Za-z][\u4e00-\u9fff]|[\u4e00-\u9fff][a-z]")
_HAN = re.compile(r"[\u4e00-\u9fff]")


def csv_table(path: Path, say: Say, wanted: Collection[str] | None = None) -> tuple[pa.Table, list[str]]:
    """The columns that are wanted (all when not given), and the names of all columns.

    Raises:
        SourceError: it cannot be read as a table; every wrong line is named, the first few one by one.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}: not readable ({error.strerror}); check the path") from None
    content, encoding = as_utf8(content, path)
    separator = found_separator(content[:_BEGINNING].decode("utf-8", "ignore"))
    name = {"\t": "tab", "\x01": "^A"}.get(separator, separator)
    say(f"{path}: {encoding}, separator {name}")
    header, lines = _header(path, content, separator)
    needed = needed_of(header, wanted)
    try:
        return well_formed(content, separator, header, lines, needed), header
    except pa.ArrowException:
        return text_table(header, row_by_row(path, content, separator)).select(needed), header


def needed_of(columns: Sequence[str], wanted: Collection[str] | None) -> list[str]:
    """The columns to read: those that are wanted, or all where none is there, so that there still are rows."""
    return [name for name in columns if wanted is None or name in wanted] or [*columns]


def _header(path: Path, content: bytes, separator: str) -> tuple[list[str], int]:
    """The names of the columns, and how many lines they take."""
    rows = csv.reader(_lines(content), delimiter=separator)
    try:
        header = [column.strip() for column in next(rows, [])]
    except csv.Error as error:
        raise SourceError(f"{path}, line {rows.line_num}: {error}; correct the file") from None
    check_header(path, header)
    return header, rows.line_num


def _lines(content: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(content), "utf-8", newline="")


def well_formed(
    content: bytes, separator: str, header: Sequence[str], header_lines: int, needed: Sequence[str]
) -> pa.Table:
    """The needed columns of UTF-8 without a mark, every value a text, as `csv.reader` reads them.

    Raises:
        pyarrow.ArrowException: not every row has as many fields as the header.
    """
    return pa_csv.read_csv(
        pa.BufferReader(content),
        pa_csv.ReadOptions(column_names=header, skip_rows=header_lines),
        pa_csv.ParseOptions(delimiter=separator, newlines_in_values=b'"' in content),
        pa_csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()), include_columns=needed),
    )


def row_by_row(path: Path, content: bytes, separator: str) -> list[list[str | None]]:
    """The rows below the header, of UTF-8 without a mark.

    Raises:
        SourceError: a row has another number of fields.
    """
    rows = csv.reader(_lines(content), delimiter=separator)
    read: list[list[str | None]] = []
    wrong: list[str] = []
    try:
        fields = len(next(rows))
        for row in rows:
            if len(row) == fields:
                read.append([*row])
            elif row:
                wrong.append(f"{path}, line {rows.line_num}: {len(row)} fields instead of {fields}; correct it")
    except csv.Error as error:
        raise SourceError(f"{path}, line {rows.line_num}: {error}; correct the file") from None
    if wrong:
        more = [f"{path}: {len(wrong) - _SHOWN} more such lines"] if len(wrong) > _SHOWN else []
        raise SourceError(*wrong[:_SHOWN], *more)
    return read


def check_header(path: Path, header: list[str]) -> None:
    """Every column must have a name of its own.

    Raises:
        SourceError: otherwise.
    """
    if not header:
        raise SourceError(f"{path}: empty, not even a header line; give a table with records")
    problems = [f"{path}: two columns are called '{n}'; rename one" for n, k in Counter(header).items() if k > 1 and n]
    problems += [f"{path}: column {place} has no name; name it" for place, name in enumerate(header, 1) if not name]
    if problems:
        raise SourceError(*problems)


def text_table(names: list[str], rows: list[list[str | None]]) -> pa.Table:
    """Rows of texts under these names."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    made = [pa.array(column, pa.string()) for column in columns]
    return pa.table(dict(zip(names, made, strict=True)))


def as_utf8(content: bytes, path: Path) -> tuple[bytes, str]:
    """The content of a file in UTF-8 and the encoding found: by its mark, else UTF-8, GB18030, Windows-1252.

    Where some lines are UTF-8 and others GB18030, each line is read in its own.

    Raises:
        SourceError: no encoding fits; the line is named.
    """
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return _written(content, encoding, path), encoding.removesuffix("-sig")
    even, odd = (content[:200][place::2].count(b"\0") for place in (0, 1))
    if even + odd > len(content[:200]) // 4:
        encoding = "utf-16-le" if odd > even else "utf-16-be"
        return _written(content, encoding, path), encoding
    return (content, "utf-8") if _is_utf8(content) else _line_by_line(content, path)


def _is_utf8(content: bytes) -> bool:
    places = pa.py_buffer(np.array([0, len(content)], np.int64))
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, places, pa.py_buffer(content)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _written(content: bytes, encoding: str, path: Path) -> bytes:
    try:
        return _transcoded(content, encoding)
    except UnicodeDecodeError:
        wrong = _first_wrong(content, encoding)
        raise SourceError(f"{path}, line {wrong}: not {encoding}; save the file again") from None


def _transcoded(content: bytes, encoding: str) -> bytes:
    """The content in UTF-8, a part at a time: as one text it would take several times its room."""
    decoder, view = codecs.getincrementaldecoder(encoding)(), memoryview(content)
    firsts = range(0, len(content), _AT_ONCE)
    parts = [decoder.decode(view[first : first + _AT_ONCE]).encode() for first in firsts]
    return b"".join([*parts, decoder.decode(b"", final=True).encode()])


def _first_wrong(content: bytes, encoding: str) -> int:
    """The line that cannot be read."""
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        return content.count(b"\n", 0, error.start) + 1
    return content.count(b"\n") + 1


def _line_by_line(content: bytes, path: Path) -> tuple[bytes, str]:
    counted = Counter(map(_kind, io.BytesIO(content)))
    if counted["utf-8"] <= counted["other"] // 20:  # two Chinese characters may look like UTF-8 by chance
        return _one_encoding(content, path)
    made = io.BytesIO()
    for number, line in enumerate(io.BytesIO(content), 1):
        try:
            made.write(line.decode("gb18030").encode() if _kind(line) == "other" else line)
        except UnicodeDecodeError:
            raise SourceError(f"{path}, line {number}: neither UTF-8 nor GB18030; save the file again") from None
    found = f"mixed ({counted['utf-8']:,} lines utf-8, {counted['other']:,} gb18030, each read in its own)"
    return made.getvalue(), found


def _kind(line: bytes) -> str:
    if line.isascii():
        return "ascii"
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return "other"
    return "utf-8"


def _one_encoding(content: bytes, path: Path) -> tuple[bytes, str]:
    """GB18030, unless it turns the letters of European words into Chinese characters."""
    beyond = (line for line in io.BytesIO(content) if not line.isascii())
    text = b"".join(islice(beyond, _TOLD_BY)).decode("gb18030", "replace")
    if 2 * len(_HAN_IN_WORD.findall(text)) <= len(_HAN.findall(text)):
        with suppress(UnicodeDecodeError):
            return _transcoded(content, "gb18030"), "gb18030"
    return _written(content, "cp1252", path), "cp1252"


def found_separator(text: str) -> str:
    """The sign that parts the most fields of the first lines into the same number."""
    lines = [line for line in text[:65536].splitlines()[:20] if line]

    def fields(separator: str) -> tuple[int, int]:
        counts = [len(row) for row in csv.reader(lines, delimiter=separator)]
        return sum(count == counts[0] for count in counts) if counts and counts[0] > 1 else 0, counts[
            0
        ] if counts else 0

    return max(_SEPARATORS, key=fields)
