"""Delimited packages: `.tar.gz`, `.tar.Z` or `.tar` of text files without header, and an `.OK` file with row counts.

A carriage return at a line's end belongs to the line end.
"""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import shutil
import subprocess
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import pyarrow as pa

from connectors.reading import Reading, ReadTable, bad_encoding, day_file, require, text_batch
from connectors.registry import PackageSource, Table
from warehouse.errors import SourceError
from warehouse.settings import Settings

_BLOCK = 16 << 20


@contextmanager
def open_package(settings: Settings, source: PackageSource, day: dt.date) -> Iterator[ReadTable]:
    """Check the flag file, unpack the day's package aside, and read tables from it."""
    flag = require(day_file(settings, source, source.marker, day), day)
    package = require(day_file(settings, source, source.package, day), day)
    counts = read_counts(flag)
    members = {name: inner_name(source, name, day) for name in source.tables}
    with _clear_folder(settings, source) as folder:
        unpack(package, set(members.values()), folder)

        def read(name: str, _since: dt.date | None) -> Reading:
            member = members[name]
            if member not in counts:
                raise SourceError(f"{flag}: has no row count of {member}; ask for the package again")
            path = folder / member
            if not path.exists():
                raise SourceError(f"{package}: {member} is not in it; ask for the package again")
            batches = read_delimited(path, package / member, source.tables[name], source)
            return Reading(batches, f"{package.name}/{member}", expected_rows=counts[member])

        yield read


@contextmanager
def _clear_folder(settings: Settings, source: PackageSource) -> Iterator[Path]:
    """A folder of this source's own, emptied first: a killed extraction must not leave customer data lying about."""
    place = hashlib.sha256(str(source.folder / source.package).encode()).hexdigest()[:16]
    folder = settings.home / "tmp" / f"package-{place}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def inner_name(source: PackageSource, table: str, day: dt.date) -> str:
    """Name of a table's file inside the package."""
    pattern = source.tables[table].origin or f"{table.upper()}_{{date}}.txt"
    return pattern.replace("{date}", f"{day:%Y%m%d}")


def read_counts(flag: Path) -> dict[str, int]:
    """The row counts in a flag file: lines `<file>|<rows>`.

    Raises:
        SourceError: a line has another form.
    """
    counts = {}
    for number, line in enumerate(flag.read_text(encoding="ascii", errors="replace").splitlines(), start=1):
        name, _, rows = line.strip().partition("|")
        if not rows.isdecimal():
            raise SourceError(f"{flag}, line {number}: not of the form <file>|<rows>; ask for the package again")
        counts[name] = int(rows)
    return counts


def unpack(package: Path, names: set[str], folder: Path) -> None:
    """Unpack the named plain files, and only those, whatever paths the package holds.

    Reads to the very end, where gzip keeps its checksum: a package cut between two files would else look whole.

    Raises:
        SourceError: the package is cut short, damaged, or is none.
    """
    try:
        with _plain(package) as plain, tarfile.open(fileobj=plain, mode="r|") as archive:
            for member in archive:
                if member.isfile() and member.name in names and (stream := archive.extractfile(member)):
                    with (folder / member.name).open("wb") as file:
                        shutil.copyfileobj(stream, file, 1 << 20)
            while plain.read(1 << 20):
                pass
    except (tarfile.TarError, EOFError, zlib.error, OSError):
        kind = "".join(package.suffixes[-2:])
        raise SourceError(f"{package}: cut short, damaged, or not a {kind}; ask for the package again") from None


@contextmanager
def _plain(package: Path) -> Iterator[IO[bytes]]:
    """The archive without its compression."""
    if package.suffix in (".gz", ".tgz"):
        with gzip.open(package) as unpacked:
            yield cast("IO[bytes]", unpacked)
    elif package.suffix == ".Z":
        with _uncompressed(package) as plain:
            yield plain
    else:
        with package.open("rb") as plain:
            yield plain


@contextmanager
def _uncompressed(package: Path) -> Iterator[IO[bytes]]:
    """The output of `gzip -dc`, which also knows `compress` of AIX; Python's library does not."""
    program = shutil.which("gzip")
    if program is None:
        raise SourceError(f"{package}: needs the program gzip, which this machine lacks; install it, or send a .tar.gz")
    command = [program, "-dc", str(package)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        yield process.stdout
        process.stdout.close()
        if process.wait() != 0:
            raise EOFError


def read_delimited(path: Path, shown: Path, table: Table, source: PackageSource) -> Iterator[pa.RecordBatch]:
    """Read lines of separated values, block by block.

    Lines are cut on LF bytes, which no double-byte character contains; the separator only after decoding, because
    the second byte of a GB18030 character may be `|`.

    Raises:
        SourceError: bytes do not decode, or a line has another number of fields than the table has columns.
    """
    width = len(table.columns) + source.trailing_separator
    line = 1
    for block in _blocks(path):
        try:
            text = block.decode(source.encoding)
        except UnicodeDecodeError as error:
            bad_encoding(shown, source.encoding, line + block.count(b"\n", 0, error.start))
        text = text.replace("\r\n", "\n").removesuffix("\r")
        lines = text.removesuffix("\n").split("\n")
        _check_fields(shown, lines, source, width, line)
        fields = source.separator.join(lines).split(source.separator)
        yield text_batch(table, [fields[number::width] for number in range(len(table.columns))])
        line += len(lines)


def _blocks(path: Path) -> Iterator[bytes]:
    """The file in pieces that end at a line's end."""
    rest = b""
    with path.open("rb") as file:
        while piece := file.read(_BLOCK):
            whole, newline, rest_of_piece = piece.rpartition(b"\n")
            if newline:
                yield rest + whole + newline
                rest = rest_of_piece
            else:
                rest += piece
    if rest:
        yield rest


def _check_fields(shown: Path, lines: list[str], source: PackageSource, width: int, first: int) -> None:
    for number, line in enumerate(lines, start=first):
        found = line.count(source.separator) + 1
        if found != width:
            hint = "" if source.trailing_separator or found != width + 1 else "; or all lines do: trailing_separator"
            raise SourceError(
                f"{shown}, line {number}: {found} fields instead of {width} (a separator, a line break or half a "
                f"character in a value, or a line cut short{hint}); ask for the package again"
            )
        if source.trailing_separator and not line.endswith(source.separator):
            raise SourceError(
                f"{shown}, line {number}: text behind the last separator, where trailing_separator says there is none; "
                "ask for the package again"
            )
