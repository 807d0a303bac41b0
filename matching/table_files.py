"""Any table a user has, as text columns: CSV in any usual encoding and dialect, Parquet, a database table."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from matching.relations import by_place, given, quoted, with_places
from matching.side_by_side import side_by_side
from warehouse.errors import SourceError

Say = Callable[[str], None]
_Columns = dict[str, pa.ChunkedArray]
_Task = Callable[[duckdb.DuckDBPyConnection], _Columns]
csv.field_size_limit(10 << 20)
_SEPARATORS = ",;\t|\x01"
_SHOWN = 5  # problems of one kind told one by one
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_HAN_IN_WORD = re.compile(r"[A-Za-z][\u4e00-\u9fff]|[\u4e00-\u9fff][a-z]")
_HAN = re.compile(r"[\u4e00-\u9fff]")


def load_table(
    con: duckdb.DuckDBPyConnection, source: str, say: Say, wanted: Collection[str] | None = None
) -> tuple[pa.Table, list[str]]:
    """A file or `URL#table`: every column text without blanks around it (lists stay lists), empty is null.

    Args:
        con: a scratch connection, which writes numbers and dates as text.
        source: what to read.
        say: called with a line when it is read.
        wanted: the columns that are needed of a Parquet file, which holds each by itself; all when not given.

    Returns:
        The table, and every column the source has.

    Raises:
        SourceError: there is no such file, it cannot be read as a table, or it has no rows.
    """
    if "://" in source:
        table = _database_table(source)
        columns = table.column_names
    elif Path(source).suffix.lower() in (".parquet", ".pq"):
        table, columns = _parquet(source, wanted)
    else:
        table = _csv_table(Path(source), say)
        columns = table.column_names
    if not len(table):
        raise SourceError(f"{shown(source)}: no rows; give a table with records")
    say(f"{shown(source)}: {len(table):,} rows")
    return _as_text(con, table, source), columns


def shown(source: str) -> str:
    """The source without a password."""
    return re.sub(r"://([^:/@]+):[^@]*@", r"://\1:***@", source)


def _parquet(source: str, wanted: Collection[str] | None) -> tuple[pa.Table, list[str]]:
    if not Path(source).exists():
        raise SourceError(f"{source}: no such file; check the path")
    try:
        with pq.ParquetFile(source) as file:
            columns = file.schema_arrow.names
            needed = [name for name in columns if wanted is None or name in wanted]
            return file.read(columns=needed), columns
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(source, error) from None


def _unreadable(source: str, error: Exception) -> SourceError:
    return SourceError(f"{source}: not readable as Parquet ({type(error).__name__}); write it again")


def _as_text(con: duckdb.DuckDBPyConnection, table: pa.Table, source: str) -> pa.Table:
    """The table with everything but lists as text, without blanks around it; of other types as DuckDB writes them."""
    typed = [field for field in table.schema if field.type != pa.string()]
    texts = [name for name in table.column_names if table.schema.field(name).type == pa.string()]
    tasks: list[_Task] = [partial(_written, table=table, typed=typed)] if typed else []
    tasks += [partial(_stripped, name=name, column=table[name]) for name in texts]
    try:
        found = list(side_by_side(con, lambda cursor, task: task(cursor), tasks))
    except (pa.ArrowException, duckdb.Error) as error:
        raise _unreadable(source, error) from None
    made = {name: column for columns in found for name, column in columns.items()}
    return pa.table({name: made[name] for name in table.column_names})


def _written(con: duckdb.DuckDBPyConnection, table: pa.Table, typed: Sequence[pa.Field]) -> _Columns:
    casts = (f"{quoted(field.name)}::varchar{'[]' if _is_list(field.type) else ''}" for field in typed)
    columns = ", ".join(f"{cast} as {quoted(field.name)}" for cast, field in zip(casts, typed, strict=True))
    with given(con, "typed_columns", with_places(table.select([field.name for field in typed]))):
        written = by_place(con.sql(f"select {columns}, place from typed_columns").to_arrow_table())
    shown = zip((field.name for field in typed), written.columns, strict=False)  # the place comes last
    return {name: _stripped(con, name, values)[name] for name, values in shown}


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def _stripped(_: duckdb.DuckDBPyConnection, name: str, column: pa.ChunkedArray) -> _Columns:
    if column.type != pa.string():
        return {name: column}
    texts = pc.utf8_trim_whitespace(column)
    empty = pc.equal(texts, "")
    return {name: pc.if_else(empty, pa.scalar(None, pa.string()), texts) if pc.any(empty).as_py() else texts}


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
    made = [pa.array(column, pa.string()) for column in columns]
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
