"""Any table a user has, as text columns in DuckDB: CSV in any usual encoding and dialect, Parquet, a database table."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path

import duckdb
import pyarrow as pa

from matching.relations import count, quoted
from warehouse.errors import SourceError

Say = Callable[[str], None]
csv.field_size_limit(10 << 20)
_SEPARATORS = ",;\t|\x01"
_SHOWN = 5  # problems of one kind told one by one
_BARE = ("DATE", "INTEGER", "BIGINT")  # their text is never empty or amid spaces, and looking takes time
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_HAN_IN_WORD = re.compile(r"[A-Za-z][\u4e00-\u9fff]|[\u4e00-\u9fff][a-z]")
_HAN = re.compile(r"[\u4e00-\u9fff]")


def load_table(
    con: duckdb.DuckDBPyConnection, source: str, target: str, say: Say, wanted: Collection[str] | None = None
) -> list[str]:
    """Make the view `target` of a file or `URL#table`: every column text (lists stay lists), empty is null.

    A Parquet file is read when the view is; `con.unregister` drops the view.

    Args:
        con: the scratch connection.
        source: what to read.
        target: view to make.
        say: called with a line when it is read.
        wanted: the columns that are needed of a Parquet file, which holds each by itself; all when not given.

    Returns:
        Every column the source has.

    Raises:
        SourceError: there is no such file, it cannot be read as a table, or it has no rows.
    """
    if "://" in source:
        columns = _register(con, target, _database_table(source))
    elif Path(source).suffix.lower() in (".parquet", ".pq"):
        columns = _parquet(con, source, target, wanted)
    else:
        columns = _register(con, target, _csv_table(Path(source), say))
    rows = count(con, target)
    if not rows:
        raise SourceError(f"{shown(source)}: no rows; give a table with records")
    say(f"{shown(source)}: {rows:,} rows")
    return columns


def shown(source: str) -> str:
    """The source without a password."""
    return re.sub(r"://([^:/@]+):[^@]*@", r"://\1:***@", source)


def _register(con: duckdb.DuckDBPyConnection, target: str, table: pa.Table) -> list[str]:
    con.register(target, table)
    return list(table.column_names)


def _parquet(con: duckdb.DuckDBPyConnection, source: str, target: str, wanted: Collection[str] | None) -> list[str]:
    if not Path(source).exists():
        raise SourceError(f"{source}: no such file; check the path")
    try:
        described = con.execute("describe select * from read_parquet(?)", [source]).fetchall()
        needed = [(str(name), str(kind)) for name, kind, *_ in described if wanted is None or name in wanted]
        columns = ", ".join(_as_text(name, kind) for name, kind in needed) or "null as nothing"
        path = source.replace("'", "''")  # a view takes no parameters
        con.execute(f"create or replace temp view {target} as select {columns} from read_parquet('{path}')")
        return [str(row[0]) for row in described]
    except duckdb.Error as error:
        raise SourceError(f"{source}: not readable as Parquet ({type(error).__name__}); write it again") from None


def _as_text(name: str, kind: str) -> str:
    column = quoted(name)
    if kind.endswith("[]"):
        return f"{column}::varchar[] as {column}"
    if kind in _BARE:
        return f"{column}::varchar as {column}"
    return f"nullif(trim({column}::varchar), '') as {column}"


def _database_table(source: str) -> pa.Table:
    import sqlalchemy  # takes longer to load than a small file to read

    url, _, name = source.partition("#")
    if not name:
        raise SourceError(f"{shown(source)}: no table named; write URL#table or URL#schema.table")
    schema, _, table = name.rpartition(".")
    try:
        engine = sqlalchemy.create_engine(url)
        with engine.connect() as connection:
            found = sqlalchemy.Table(table, sqlalchemy.MetaData(), schema=schema or None, autoload_with=engine)
            rows = connection.execute(sqlalchemy.select(found)).fetchall()
            names = [column.name for column in found.columns]
    except sqlalchemy.exc.NoSuchTableError:
        raise SourceError(f"{shown(source)}: no such table; check its name") from None
    except (sqlalchemy.exc.SQLAlchemyError, ModuleNotFoundError) as error:
        raise SourceError(f"{shown(source)}: not readable ({type(error).__name__}); check the address") from None
    return _text_table(names, [[None if v is None else str(v) for v in row] for row in rows])


def _csv_table(path: Path, say: Say) -> pa.Table:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}: not readable ({error.strerror}); check the path") from None
    text, encoding = decoded(content, path)
    separator = found_separator(text)
    name = {"\t": "tab", "\x01": "^A"}.get(separator, separator)
    say(f"{path}: {encoding}, separator {name}")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        header = [column.strip() for column in next(reader, [])]
        rows: list[list[str | None]] = []
        wrong: list[str] = []
        for row in reader:
            if len(row) == len(header):
                rows.append([*row])
            elif row:
                wrong.append(f"{path}, line {reader.line_num}: {len(row)} fields instead of {len(header)}; correct it")
    except csv.Error as error:
        raise SourceError(f"{path}, line {reader.line_num}: {error}; correct the file") from None
    _check_header(path, header)
    if wrong:
        more = [f"{path}: {len(wrong) - _SHOWN} more such lines"] if len(wrong) > _SHOWN else []
        raise SourceError(*wrong[:_SHOWN], *more)
    return _text_table(header, rows)


def _check_header(path: Path, header: list[str]) -> None:
    if not header:
        raise SourceError(f"{path}: empty, not even a header line; give a table with records")
    problems = [f"{path}: two columns are called '{n}'; rename one" for n, k in Counter(header).items() if k > 1 and n]
    problems += [f"{path}: column {place} has no name; name it" for place, name in enumerate(header, 1) if not name]
    if problems:
        raise SourceError(*problems)


def _text_table(names: list[str], rows: list[list[str | None]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    made = [pa.array([(v.strip() or None) if v else None for v in column], pa.string()) for column in columns]
    return pa.table(dict(zip(names, made, strict=True)))


def decoded(content: bytes, path: Path) -> tuple[str, str]:
    """The text of a file and the encoding found: by its mark, else UTF-8, GB18030, Windows-1252.

    Where some lines are UTF-8 and others GB18030, each line is read in its own.

    Raises:
        SourceError: no encoding fits; the line is named.
    """
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return _strict(content, encoding, path), encoding.removesuffix("-sig")
    if content[:200].count(b"\0") > len(content[:200]) // 4:
        encoding = "utf-16-le" if content[1:2] == b"\0" else "utf-16-be"
        return _strict(content, encoding, path), encoding
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return _line_by_line(content, path)


def _strict(content: bytes, encoding: str, path: Path) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SourceError(f"{path}, line {line}: not {encoding}; save the file again") from None


def _line_by_line(content: bytes, path: Path) -> tuple[str, str]:
    lines = content.splitlines(keepends=True)
    kinds = [_kind(line) for line in lines]
    counted = Counter(kinds)
    if counted["utf-8"] <= counted["other"] // 20:  # two Chinese characters may look like UTF-8 by chance
        return _one_encoding(content, path)
    texts = []
    for number, (line, kind) in enumerate(zip(lines, kinds, strict=True), 1):
        try:
            texts.append(line.decode("gb18030" if kind == "other" else "utf-8"))
        except UnicodeDecodeError:
            raise SourceError(f"{path}, line {number}: neither UTF-8 nor GB18030; save the file again") from None
    return "".join(
        texts
    ), f"mixed ({counted['utf-8']:,} lines utf-8, {counted['other']:,} gb18030, each read in its own)"


def _kind(line: bytes) -> str:
    if line.isascii():
        return "ascii"
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return "other"
    return "utf-8"


def _one_encoding(content: bytes, path: Path) -> tuple[str, str]:
    """GB18030, unless it turns the letters of European words into Chinese characters."""
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        return _strict(content, "cp1252", path), "cp1252"
    if 2 * len(_HAN_IN_WORD.findall(text)) > len(_HAN.findall(text)):
        return _strict(content, "cp1252", path), "cp1252"
    return text, "gb18030"


def found_separator(text: str) -> str:
    """The sign that parts the most fields of the first lines into the same number."""
    lines = [line for line in text[:65536].splitlines()[:20] if line]

    def fields(separator: str) -> tuple[int, int]:
        counts = [len(row) for row in csv.reader(lines, delimiter=separator)]
        return sum(count == counts[0] for count in counts) if counts and counts[0] > 1 else 0, counts[
            0
        ] if counts else 0

    return max(_SEPARATORS, key=fields)
