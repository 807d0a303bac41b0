"""The sources of a site: one YAML file each in `config/sources/`, read into frozen models.

A file says what kind of system it is, where it lies, and for every table its mode, keys and columns. Nothing about a
bank's systems stands in code. Paths are relative to the installation's home. Unknown keys are refused and named.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, RootModel, ValidationError, model_validator
from pydantic_core import ErrorDetails
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from connectors.pictures import parse_picture
from connectors.rest_api import Credential, RestApi, check_transport
from warehouse.errors import SettingsError
from warehouse.settings import Settings
from warehouse.site_file import read_yaml

Mode = Literal["full", "append", "changed", "cdc"]
Operation = Literal["c", "u", "d", "r"]  # create, update, delete, read (a row of the snapshot events begin with)
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]  # becomes a folder and part of an SQL name
ColumnType = Annotated[
    str, Field(pattern=r"^(text|integer|double|boolean|date|timestamp|decimal\([0-9]{1,2}, ?[0-9]{1,2}\))$")
]
FilePattern = Annotated[str, Field(pattern=r"^[^/]*\{date\}[^/]*$")]  # a file name with the business day in it


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Model):
    """One raw column.

    `from` is what the source calls it (a header, a JSON path, a database column) where that differs; `width` is its
    length in bytes in a fixed-width file; `picture` how a copybook describes it (`S9(11)V99 COMP-3`).
    An `optional` one may occur in no record: APIs leave out what is empty.
    """

    name: Name
    origin: str | None = Field(None, alias="from")
    type: ColumnType = "text"
    width: int | None = Field(None, ge=1)
    picture: str | None = None
    optional: bool = False

    @property
    def source_name(self) -> str:
        """What the source calls it."""
        return self.origin or self.name


class Events(_Model):
    """How a table of change events says what happened, where its reader does not know by itself.

    `codes` gives each code of the column `operation` its meaning; `position` is the column that orders events within a
    delivery (the rows' own order if it is not given).
    """

    operation: Name
    codes: dict[str, Operation] = Field(min_length=1)
    position: Name | None = None


class Table(_Model):
    """One table of a source.

    `mode`: `full` (each delivery is the whole table), `append` (only new rows), `changed` (new and changed rows) or
    `cdc` (change events, deletes among them). `from` is the table, sheet or file-name pattern in the source system.
    `watermark` is the column that says when a row came to be or changed. A `full` delivery that lost more than
    `shrink_limit` of its rows is refused. `ended` says whether a row that is gone (from the full file, or by a delete
    event) stays visible with the day it ended; `undeclared` whether columns nobody declared land as text.
    """

    mode: Mode
    keys: tuple[Name, ...] = Field(min_length=1)
    origin: str | None = Field(None, alias="from")
    watermark: Name | None = None
    shrink_limit: float = Field(0.3, gt=0, le=1)
    ended: Literal["keep", "drop"] = "keep"
    undeclared: Literal["keep", "drop"] = "keep"
    events: Events | None = None
    columns: tuple[Column, ...]

    @model_validator(mode="after")
    def _names_exist(self) -> Table:
        names = [column.name for column in self.columns]
        if len(set(names)) < len(names):
            raise ValueError("a column is named twice")
        named = [self.watermark, *([self.events.operation, self.events.position] if self.events else [])]
        unknown = [name for name in (*self.keys, *filter(None, named)) if name not in names]
        if unknown:
            raise ValueError(f"keys, watermark or events name columns that are not listed: {', '.join(unknown)}")
        if self.events and self.mode != "cdc":
            raise ValueError("only a table of mode cdc has 'events'")
        return self

    def column(self, name: str) -> Column:
        """The column of this name."""
        return next(column for column in self.columns if column.name == name)


class _Source(_Model):
    reads_events: ClassVar[bool] = False  # whether the kind's reader itself gives operation and position
    is_json: ClassVar[bool] = False  # whether a record may leave columns out

    title_zh: str = ""
    title_en: str = ""
    tables: dict[Name, Table] = Field(min_length=1)
    _name: str = PrivateAttr("")

    @property
    def name(self) -> str:
        """Its file's name without `.yml`."""
        return self._name

    @model_validator(mode="after")
    def _knows_operations(self) -> _Source:
        silent = [name for name, table in self.tables.items() if table.mode == "cdc" and table.events is None]
        if silent and not self.reads_events:
            raise ValueError(f"tables of mode cdc need 'events': {', '.join(silent)}")
        other = [name for name, table in self.tables.items() if table.mode != "cdc" or table.events is not None]
        if other and self.reads_events:
            raise ValueError(f"change events are read with mode cdc and without 'events': {', '.join(other)}")
        return self

    @model_validator(mode="after")
    def _has_optional_columns_in_json_only(self) -> _Source:
        wrong = [name for name, table in self.tables.items() if any(column.optional for column in table.columns)]
        if wrong and not self.is_json:
            raise ValueError(f"only columns of JSON may be optional; remove 'optional' from: {', '.join(wrong)}")
        return self

    def _refuse_types(self) -> None:
        typed = [name for name, table in self.tables.items() if any(column.type != "text" for column in table.columns)]
        if typed:
            raise ValueError(f"text files land as text, as does JSON; remove the column types of: {', '.join(typed)}")


class _FileSource(_Source):
    """Files by business day in a folder; everything in them lands as text, typing is staging's work.

    Files of the last `look_back` days that changed after they were read are read again: the day was restated.
    """

    folder: Path
    encoding: str = "utf-8"
    look_back: int = Field(7, ge=0, le=366)

    @model_validator(mode="after")
    def _is_text(self) -> _FileSource:
        if not isinstance(self, ParquetSource):
            self._refuse_types()
        return self

    @property
    def file_patterns(self) -> dict[str, str]:
        """The pattern of the file that holds each table."""
        return {name: table.origin or f"{name}_{{date}}" for name, table in self.tables.items()}

    @property
    def marker(self) -> str | None:
        """Pattern of the file that is written last and says that the day is complete."""
        return None


class SqlSource(_Source):
    """A database by SQLAlchemy URL, or (`embedded`) the demo's own PostgreSQL server by its data folder.

    A password never stands in the URL: `password_file` names an owner-only file.
    """

    kind: Literal["sql"]
    url: str | None = None
    embedded: Path | None = None
    database: str | None = None
    db_schema: str | None = Field(None, alias="schema")
    password_file: Path | None = None

    @model_validator(mode="after")
    def _is_placed(self) -> SqlSource:
        if (self.url is None) == (self.embedded is None):
            raise ValueError("give either 'url' or 'embedded'")
        if self.url is not None:
            _check_url(self.url)
        late = [name for name, table in self.tables.items() if table.mode != "full" and table.watermark is None]
        if late:
            raise ValueError(f"tables that are not full need a watermark: {', '.join(late)}")
        return self


class PackageSource(_FileSource):
    """A package of delimited text files, with a flag file beside it that is written last and holds the row counts.

    The package is a `.tar.gz` (or `.tgz`), a `.tar.Z` or a plain `.tar`, by its name. `trailing_separator` says that
    every line ends with a separator behind its last value.
    """

    kind: Literal["package"]
    package: FilePattern
    flag_suffix: str = ".OK"
    separator: str = Field("|+|", min_length=1)
    trailing_separator: bool = False
    encoding: str = "gb18030"

    @property
    def file_patterns(self) -> dict[str, str]:
        """Every table is in the one package."""
        return dict.fromkeys(self.tables, self.package)

    @property
    def marker(self) -> str:
        """The flag file."""
        return self.package + self.flag_suffix


class FixedSource(_FileSource):
    """Fixed-width files, positions in bytes; `control` lists each file's rows and bytes."""

    kind: Literal["fixed"]
    control: FilePattern
    line_end: Literal["lf", "crlf", "none"] = "lf"
    encoding: str = "gb18030"

    @model_validator(mode="after")
    def _has_widths(self) -> FixedSource:
        loose = [
            f"{name}.{column.name}"
            for name, table in self.tables.items()
            for column in table.columns
            if column.width is None
        ]
        if loose:
            raise ValueError(f"columns without a width: {', '.join(loose)}")
        return self

    @property
    def marker(self) -> str:
        """The control file."""
        return self.control


class EbcdicSource(_FileSource):
    """Fixed-width files of a mainframe without line ends; each column has the `picture` of its copybook.

    `encoding` is `ibm1388` (GB18030 characters) or `ibm935` (GB 2312 characters); `control` lists each file's rows and
    bytes.
    """

    kind: Literal["ebcdic"]
    control: FilePattern
    encoding: Literal["ibm1388", "ibm935"] = "ibm1388"

    @model_validator(mode="after")
    def _has_pictures(self) -> EbcdicSource:
        for name, table in self.tables.items():
            for column in table.columns:
                if column.picture is None:
                    raise ValueError(f"column without a picture: {name}.{column.name}")
                parse_picture(column.picture)
        return self

    @property
    def marker(self) -> str:
        """The control file."""
        return self.control


class CsvSource(_FileSource):
    """CSV files with a header line; `auto` finds encoding or separator out from each file."""

    kind: Literal["csv"]
    separator: str = Field(",", pattern=r"^(auto|.)$")
    encoding: str = "utf-8-sig"


class ExcelSource(_FileSource):
    """One workbook per day, a sheet per table, headers in the first row."""

    kind: Literal["excel"]
    workbook: FilePattern

    @property
    def file_patterns(self) -> dict[str, str]:
        """Every table is a sheet of the one workbook."""
        return dict.fromkeys(self.tables, self.workbook)


class JsonlSource(_FileSource):
    """JSON Lines files; a column's `from` is a path of keys with dots."""

    kind: Literal["jsonl"]
    is_json: ClassVar[bool] = True


class ParquetSource(_FileSource):
    """Parquet files."""

    kind: Literal["parquet"]


class DebeziumSource(_FileSource):
    """JSON Lines files of change events, one per table and day; a column's `from` is a path in the changed row."""

    kind: Literal["debezium"]
    reads_events: ClassVar[bool] = True
    is_json: ClassVar[bool] = True


class AmqpSource(_Source):
    """Change events in a queue of an AMQP 0-9-1 broker; a table's `from` is what its events call it.

    `dead_letters` is how many messages of one reading may be set aside as unreadable before all are refused.
    """

    kind: Literal["amqp"]
    reads_events: ClassVar[bool] = True
    is_json: ClassVar[bool] = True
    url: str
    user: str
    password: Credential
    queue: str
    ca_file: Path | None = None
    allow_plain: bool = False
    timeout: float = Field(30, gt=0)
    dead_letters: int = Field(100, ge=0)

    @model_validator(mode="after")
    def _is_safe(self) -> AmqpSource:
        check_transport(self.url, ("amqps", "amqp"), self.allow_plain)
        self._refuse_types()
        return self


class RestSource(_Source, RestApi):
    """A REST API; a table's `from` is one of its `objects`."""

    kind: Literal["rest"]
    is_json: ClassVar[bool] = True

    @model_validator(mode="after")
    def _lists_exist(self) -> RestSource:
        self._refuse_types()
        missing = [name for name in self.tables if self.list_of(name) not in self.asked_alone()]
        if missing:
            known = ", ".join(self.asked_alone())
            raise ValueError(f"tables whose 'from' is none of the API's objects ({known}): {', '.join(missing)}")
        return self

    def list_of(self, table: str) -> str:
        """The object that holds a table."""
        return self.tables[table].origin or table


def _check_url(url: str) -> None:
    try:
        has_password = make_url(url).password is not None
    except ArgumentError:
        raise ValueError("'url' is not an SQLAlchemy URL") from None
    if has_password:
        raise ValueError("a password may not stand in 'url'; put it into a file and name it in 'password_file'")


FileSource = (
    PackageSource | FixedSource | EbcdicSource | CsvSource | ExcelSource | JsonlSource | ParquetSource | DebeziumSource
)
Source = SqlSource | FileSource | RestSource | AmqpSource


class _AnyKind(RootModel[Source]):
    """A source of whichever kind its file names."""

    root: Source = Field(discriminator="kind")


def load_sources(settings: Settings) -> dict[str, Source]:
    """All sources of the site, by name (the file's name without `.yml`).

    Raises:
        SettingsError: one line for each wrong or unknown key of each file.
    """
    sources: dict[str, Source] = {}
    problems: list[str] = []
    for path in sorted((settings.config_dir / "sources").glob("*.yml")):
        try:
            sources[path.stem] = _load(path)
        except SettingsError as error:
            problems += error.problems
    if problems:
        raise SettingsError(*problems)
    return sources


def _load(path: Path) -> Source:
    if not _is_source_name(path.stem):
        raise SettingsError(f"{path}: a source's name has only small letters and digits; rename the file")
    source = _validated(path, read_yaml(path))
    source._name = path.stem
    return source


def _is_source_name(name: str) -> bool:
    return bool(re.fullmatch(r"[a-z][a-z0-9]{0,30}", name))


def source_name(name: str) -> str:
    """The name, if a source can be called so.

    Raises:
        SettingsError: it cannot.
    """
    if not _is_source_name(name):
        raise SettingsError(f"source {name}: a source's name has only small letters and digits; choose another")
    return name


def read_source(values: object) -> Source:
    """A source from the content its file would have.

    Raises:
        SettingsError: one line for each wrong or unknown key.
    """
    return _validated(Path("(proposed source)"), values)


def _validated(path: Path, values: object) -> Source:
    try:
        return _AnyKind.model_validate(values).root
    except ValidationError as error:
        raise SettingsError(*(_problem(path, item) for item in error.errors())) from None


def _problem(path: Path, error: ErrorDetails) -> str:
    place = [str(part) for part in error["loc"]]
    where = ".".join(place[1:])  # the first part only repeats the kind
    if error["type"] == "extra_forbidden":
        return f"{path}: unknown key '{where}'; remove it or correct its name (docs/sources.md lists all keys)"
    text = error["msg"].removeprefix("Value error, ").lower()
    return f"{path}: key '{where}': {text}; correct the value" if where else f"{path}: {text}; correct the file"
