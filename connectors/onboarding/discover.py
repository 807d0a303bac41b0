"""Which tables and columns a database or a folder of files has: the draft of a source."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from connectors.detect import detect_csv, open_bytes
from connectors.onboarding.spellings import snake
from connectors.read_sql import shown
from warehouse.errors import SourceError

_DAY = re.compile(r"(?:19|20)[0-9]{6}")
_KINDS = {
    ".csv": "csv", ".txt": "csv", ".asc": "csv", ".dat": "csv", ".tsv": "csv", ".xlsx": "excel", ".jsonl": "jsonl",
    ".ndjson": "jsonl", ".parquet": "parquet",
}  # fmt: skip


@dataclass
class Draft:
    """A source as its YAML file would hold it (`values`), with what only the proposer needs."""

    values: dict[str, Any]
    comments: dict[tuple[str, str | None], str] = field(default_factory=dict)
    newest: dt.date | None = None  # the newest day in the names of the files
    left_out: list[str] = field(default_factory=list)


def discover_path(path: Path, kind: str | None) -> Draft:
    """The tables of a folder (or of one file), a table per file name, sheet or, with a date in the name, per series.

    Raises:
        SourceError: nothing there that a reader with column names reads, or files of several kinds.
    """
    if not path.exists():
        raise SourceError(f"{path}: not there; give a folder of files, or one file")
    files = sorted(entry for entry in (path.iterdir() if path.is_dir() else [path]) if entry.is_file())
    known = [file for file in files if _kind(file) in ([kind] if kind else _KINDS.values())]
    kinds = {_kind(file) for file in known}
    if len(kinds) != 1:
        found = (
            f"files of several kinds ({', '.join(sorted(map(str, kinds)))})" if kinds else "no file with named columns"
        )
        raise SourceError(f"{path}: {found}; name one by --kind, or write the source's file by hand (docs/sources.md)")
    folder = (path if path.is_dir() else path.parent).resolve()
    draft = Draft({"kind": kinds.pop(), "folder": str(folder), "tables": {}})
    draft.left_out += [f"{file.name}: no file of this kind" for file in files if file not in known]
    _FILLERS[draft.values["kind"]](draft, known)
    return draft


def _kind(file: Path) -> str | None:
    suffixes = [suffix.lower() for suffix in file.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
        return "csv" if suffixes and _KINDS.get(suffixes[-1]) == "csv" else None
    return _KINDS.get(suffixes[-1]) if suffixes else None


def _series(draft: Draft, files: list[Path]) -> Iterator[tuple[str, str, Path]]:
    """Table name, file-name pattern and newest file of each series of files."""
    newest: dict[str, Path] = {}
    for file in files:
        newest[_DAY.sub("{date}", file.name, count=1)] = file  # sorted: a later day comes later
    for pattern, file in newest.items():
        day = _DAY.search(file.name)
        if day:
            draft.newest = max(filter(None, [draft.newest, dt.datetime.strptime(day[0], "%Y%m%d").date()]))
        stem = re.sub(r"\{date\}.*|\..*", "", pattern).strip("_-. ")
        yield snake(stem or "table"), pattern, file


def _add(draft: Draft, name: str, origin: str | None, columns: list[dict[str, Any]]) -> None:
    tables = draft.values["tables"]
    place = f"{origin or name}"
    if not columns:
        draft.left_out.append(f"{place}: no columns")
        return
    names = [column["name"] for column in columns]
    if len(set(names)) < len(names):
        draft.left_out.append(f"{place}: two columns have the same name")
        return
    while name in tables:
        name += "_2"
    tables[name] = {"mode": "full", "keys": names[:1], "from": origin, "columns": columns}


def _columns(names: list[str]) -> list[dict[str, Any]]:
    return [{"name": snake(name)} | ({} if snake(name) == name else {"from": name}) for name in names]


def _fill_csv(draft: Draft, files: list[Path]) -> None:
    dialects = {file: detect_csv(file) for file in files}
    for key in ("encoding", "separator"):
        found = {getattr(dialect, key) for dialect in dialects.values()}
        draft.values[key] = found.pop() if len(found) == 1 else "auto"
    for name, pattern, file in _series(draft, files):
        with io.TextIOWrapper(open_bytes(file), encoding=dialects[file].encoding, newline="") as text:
            header = next(csv.reader(text, delimiter=dialects[file].separator), [])
        _add(draft, name, pattern, _columns(header))


def _fill_parquet(draft: Draft, files: list[Path]) -> None:
    for name, pattern, file in _series(draft, files):
        schema = pq.read_schema(file)
        columns = _columns(schema.names)
        for column, kind in zip(columns, schema.types, strict=True):
            if _arrow_type(kind) != "text":
                column["type"] = _arrow_type(kind)
        _add(draft, name, pattern, columns)


def _arrow_type(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    tests: tuple[tuple[str, Callable[[pa.DataType], bool]], ...] = (
        ("boolean", pa.types.is_boolean), ("integer", pa.types.is_integer), ("double", pa.types.is_floating),
        ("date", pa.types.is_date), ("timestamp", pa.types.is_timestamp),
    )  # fmt: skip
    return next((name for name, test in tests if test(kind)), "text")


def _fill_jsonl(draft: Draft, files: list[Path]) -> None:
    for name, pattern, file in _series(draft, files):
        paths: dict[str, None] = {}
        with file.open(encoding="utf-8") as lines:
            for _, line in zip(range(1000), lines, strict=False):
                paths |= dict.fromkeys(_paths(json.loads(line)))
        _add(draft, name, pattern, _columns(list(paths)))


def _paths(value: Any, before: str = "") -> Iterator[str]:  # noqa: ANN401 - whatever a line holds
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, f"{before}.{key}" if before else str(key))
    elif before and not isinstance(value, list):
        yield before


def _fill_excel(draft: Draft, files: list[Path]) -> None:
    from python_calamine import CalamineWorkbook

    (_, pattern, file), *others = _series(draft, files)
    draft.left_out += [f"{other}: a second series of workbooks; add a source of its own" for _, other, _ in others]
    draft.values["workbook"] = pattern
    workbook = CalamineWorkbook.from_path(str(file))
    for number, sheet in enumerate(workbook.sheet_names, 1):
        header = [str(cell) for cell in next(iter(workbook.get_sheet_by_name(sheet).to_python()), [])]
        name = snake(sheet) if re.search("[A-Za-z]", sheet) else f"sheet_{number}"
        _add(draft, name, sheet, _columns(header))


_FILLERS: dict[str, Callable[[Draft, list[Path]], None]] = {
    "csv": _fill_csv, "parquet": _fill_parquet, "jsonl": _fill_jsonl, "excel": _fill_excel,
}  # fmt: skip


def discover_url(url: str, password: str | None, schema: str | None) -> Draft:
    """The tables of a database with their types, keys and comments.

    Raises:
        SourceError: the database cannot be reached or has no table.
    """
    try:
        place = sa.make_url(url)
        engine = sa.create_engine(place.set(password=password) if password else place)
        inspector = sa.inspect(engine)
        draft = Draft({"kind": "sql", "url": url, "tables": {}} | ({"schema": schema} if schema else {}))
        for table in sorted(inspector.get_table_names(schema=schema)):
            _add_table(draft, inspector, table, schema)
        engine.dispose()
    except (sa.exc.SQLAlchemyError, ImportError) as error:
        kind = type(error).__name__
        raise SourceError(f"{_shown(url)}: cannot be looked at ({kind}); check address, user and password") from None
    if not draft.values["tables"]:
        raise SourceError(f"{_shown(url)}: no table to be seen; check the schema and the user's rights")
    return draft


def _shown(url: str) -> str:
    try:
        return shown(sa.make_url(url))
    except sa.exc.ArgumentError:
        return "option --url"


def _add_table(draft: Draft, inspector: Any, table: str, schema: str | None) -> None:  # noqa: ANN401 - untyped
    columns = []
    for column in inspector.get_columns(table, schema=schema):
        entry = _columns([column["name"]])[0]
        if (kind := _sql_type(column["type"])) != "text":
            entry["type"] = kind
        columns.append(entry)
        if column.get("comment"):
            draft.comments[snake(table), entry["name"]] = column["comment"]
    with contextlib.suppress(NotImplementedError):  # SQLite has no comments
        draft.comments[snake(table), None] = inspector.get_table_comment(table, schema=schema)["text"] or ""
    _add(draft, snake(table), None if snake(table) == table else table, columns)


def _sql_type(kind: Any) -> str:  # noqa: ANN401 - any type of any dialect
    if isinstance(kind, sa.Numeric) and not isinstance(kind, sa.Float):
        return f"decimal({kind.precision or 38},{kind.scale or 0})" if kind.precision else "double"
    tests = (
        ("boolean", sa.Boolean), ("integer", sa.Integer), ("double", sa.Float), ("timestamp", sa.DateTime),
        ("date", sa.Date),
    )  # fmt: skip
    return next((name for name, test in tests if isinstance(kind, test)), "text")
