"""`mdm match --propose`: a starting model for a table nobody has described, good enough to run as it is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from matching.model import load_model
from matching.profile import PROFILED, Profile, profile
from matching.proposal import REPRESENTATIVE, Draft, blocking, certain, conflicts, guards, strong_identifiers, support
from matching.recognise import Column, month_first
from matching.table_csv import Say
from matching.table_files import shown
from warehouse.errors import SourceError

_IDENTIFYING = 0.5  # a code or text column names records when it has so many different values per filled row
_FEW = 400  # rows of a table too small to teach more than the library knows
_SHARED = 15  # a contact or number that more records share identifies nobody
_WELL_FILLED = 0.85  # share of rows
_TELLING = 0.05  # different values per filled row that a name has at least
_OFTEN = 0.5  # share of rows in which a text is there at least
_SMALL_AREA = 10  # records of one postcode on average, of which all pairs may be looked at
# role -> kind of field, comparator and its role, the key that tells two parties apart
_NUMBERS = {
    "document": ("document", "document", "number", "valid"),
    "uscc": ("uscc", "code", "code", "code"),
    "organization_code": ("uscc", "code", "code", "code"),
    "code": ("code", "code", "code", None),
}
_USELESS = {
    "truth": "looks like the answer", "event": "a date of an event, not of the party",
    "label": "says what kind, not who",
    "empty": "no value in any row", "constant": "one value in every row", "price": "changes with time",
    "former_name": "no name in its place", "latin": "the name says it already", "spouse": "of another person",
    "middle": "no name in its place",
}  # fmt: skip


def propose_model(sources: Sequence[str], path: Path, truth: str | None, say: Say) -> list[str]:
    """Profile tables and write a model file.

    Args:
        sources: files or `URL#table`.
        path: the file to write.
        truth: a column to leave alone, because it holds the answer.
        say: called with a line per step.

    Returns:
        A line per column: what it will be used as, or why it is ignored.

    Raises:
        SourceError: a table cannot be read, or holds nothing to match by.
    """
    con = duckdb.connect()
    profiled = profile(con, sources, truth, say)
    columns = profiled.columns
    draft = Draft(columns[0].rows)
    key = _record_key(columns)
    usable = [column for column in columns if column is not key and column.role not in _USELESS]
    _names(draft, usable, [column for column in columns if column.role in ("former_name", "middle")])
    _births(con, draft, usable)
    _numbers(draft, usable)
    _contacts(draft, usable)
    _places(draft, usable)
    _texts(draft, usable)
    if not draft.comparisons:
        raise SourceError(f"{shown(sources[0])}: no column that could tell records apart; write a model by hand")
    _write(path, draft, key, _tables(profiled, [*([key.name] if key else []), *draft.used], truth))
    load_model(path)
    return [*(_told(column, key, draft, profiled) for column in columns), *_renamed(profiled)]


def _tables(profiled: Profile, read: Sequence[str], truth: str | None) -> dict[str, Any]:
    """What the tables call the columns that are read, as far as they call them otherwise; null: a table has none."""
    found: dict[str, Any] = {}
    for table, own in profiled.own.items():
        asked = [*read, *([truth] if truth in own else [])]
        if columns := {name: own.get(name) for name in asked if own.get(name) != name}:
            found[table] = {"columns": columns}
    return found


def _renamed(profiled: Profile) -> Iterator[str]:
    for table, own in profiled.own.items():
        yield from (f"{table}: {theirs}: read as {name}" for name, theirs in own.items() if name != theirs)


def _record_key(columns: Iterable[Column]) -> Column | None:
    return next((column for column in columns if column.role == "key" and column.is_key), None)


def _told(column: Column, key: Column | None, draft: Draft, profiled: Profile) -> str:
    if column is key:
        return f"{column.name}: names the record"
    if column.name in draft.used:
        lacking = f", not in {', '.join(tables)}" if (tables := profiled.lacking(column.name)) else ""
        return f"{column.name}: used as {draft.used[column.name]}, {column.filled:.0%} filled{lacking}"
    why = draft.left.get(column.name) or _USELESS.get(column.role) or "tells no records apart"
    return f"{column.name}: ignored, {why}"


def _of(columns: Iterable[Column], *roles: str) -> list[Column]:
    return [column for column in columns if column.role in roles]


def _names(draft: Draft, columns: list[Column], others: list[Column]) -> None:
    given, surname = _of(columns, "given"), _of(columns, "surname")
    whole, companies = _whole_names(draft, columns), _of(columns, "company")
    han = [column for column in whole if column.han and column.filled > 0.5]
    if han:
        _chinese_name(draft, han[0], [column for column in others if column.role == "former_name"])
        whole = [column for column in whole if column is not han[0] and column.filled > 0.5]
    elif given and surname and min(given[0].filled, surname[0].filled) >= _WELL_FILLED:
        draft.left |= {column.name: "its parts say it" for column in whole if column.filled >= _WELL_FILLED}
        whole = []
    if given and surname and not whole:
        _parted_name(draft, given[0], surname[0])
    elif given or surname or whole:
        parts = [
            *whole,
            *(c for c in companies if "name" in c.name.lower()),
            *given[:1],
            *_of(others, "middle"),
            *surname[:1],
        ]
        name = draft.field("full_name", parts, "latin_name")
        draft.compare("full_name", "latin_name", name=name)
        draft.key("name", f"{name}_key")
    _companies(draft, columns, of_persons=bool(given or whole or han))


def _whole_names(draft: Draft, columns: list[Column]) -> list[Column]:
    """Names in one column; who speaks for somebody only where the table has neither another name nor a company."""
    whole = [c for c in _of(columns, "name") if c.han or c.distinct >= _TELLING * c.filled * c.rows]
    return whole if whole or _of(columns, "company", "surname") else _of(columns, "representative")


def _companies(draft: Draft, columns: list[Column], *, of_persons: bool) -> None:
    """Names of companies: the party's own, unless the table is `of_persons`, who work there."""
    companies = _of(columns, "company")
    for column in companies:
        if column.name not in draft.used:
            name = draft.field("company", [column], "company")
            draft.compare(name, "company", name=name)
            for key in () if of_persons else ("key", "letters"):
                draft.key("name", f"{name}_{key}")
    speakers = _of(columns, "representative")
    if of_persons:
        draft.left |= {column.name: _USELESS["spouse"] for column in speakers if column.name not in draft.used}
    elif companies and speakers:
        _representative(draft, speakers[0])


def _representative(draft: Draft, column: Column) -> None:
    """Who speaks for a company: evidence, but not the party's own name."""
    use, kind = ("chinese_name", "person_name") if column.han else ("latin_name", "latin_name")
    draft.compare(REPRESENTATIVE, use, name=draft.field(REPRESENTATIVE, [column], kind))
    draft.key("beside", f"{REPRESENTATIVE}_key")


def _chinese_name(draft: Draft, column: Column, former: list[Column]) -> None:
    of = {"name": draft.field("name", [column], "person_name")}
    if former:
        of["former"] = draft.field("former_name", former[:1], "person_name")
    draft.compare("name", "chinese_name", **of)
    draft.key("name", "name_key")
    draft.key("sound", "name_latin")
    draft.key("damaged", "name_holes")


def _parted_name(draft: Draft, given: Column, surname: Column) -> None:
    of = {"given": draft.field("given", [given], "given_name"), "surname": draft.field("surname", [surname], "surname")}
    draft.compare("given_name", "given_name", **of)
    draft.compare("surname", "surname", **of)
    draft.key("parts", "given_key")
    draft.key("parts", "surname_key")
    draft.key("sounds", "given_sound")
    draft.key("sounds", "surname_sound")


def _births(con: duckdb.DuckDBPyConnection, draft: Draft, columns: list[Column]) -> None:
    parts = [_of(columns, f"birth_{part}")[:1] for part in ("year", "month", "day")]
    births = _of(columns, "birth")
    if all(parts):
        name = draft.field("birth", [part[0] for part in parts], "date", joined_by="-")
    elif births:
        kind = "date_month_first" if month_first(con, PROFILED, births[0].name) else "date"
        name = draft.field("birth", births[:1], kind)
    else:
        return
    draft.compare("birth_date", "date", date=name)
    draft.key("birth", f"{name}_digits")


def _numbers(draft: Draft, columns: list[Column]) -> None:
    for column in _of(columns, *_NUMBERS):
        if column.role == "code" and column.distinct < _IDENTIFYING * column.filled * column.rows / 3:
            continue
        kind, use, of, valid = _NUMBERS[column.role]
        name = draft.field("number" if column.role == "code" else column.role, [column], kind, at_most=_SHARED)
        draft.compare(name, use, **{of: name})
        draft.key("number", f"{name}_key")
        if valid and name == column.role:  # of a second one, a guarantor's, a party may have several
            draft.key("valid", f"{name}_{valid}")


def _contacts(draft: Draft, columns: list[Column]) -> None:
    for role, kind, use, of, key in (
        ("phone", "telephone", "telephone", "phone", "number"),
        ("email", "mail_address", "email", "email", "key"),
    ):
        for column in _of(columns, role):
            name = draft.field(role, [column], kind, at_most=_SHARED)
            draft.compare(name, use, **{of: name})
            draft.key("contact", f"{name}_{key}")


def _places(draft: Draft, columns: list[Column]) -> None:
    addresses = _of(columns, "address")
    han = [column for column in addresses if column.han]
    latin = [column for column in addresses if not column.han]
    for column in han:
        name = draft.field("address", [column], "address")
        draft.compare(name, "chinese_address", address=name)
        draft.key("home", f"{name}_key")  # it names its place itself
        draft.key("numbers", f"{name}_numbers")
    places = [*_of(columns, "place"), *_of(columns, "postcode")]
    if len(latin) > 1 and sum(column.filled for column in latin) < 1.1:
        # one address in several columns, of which each row fills some: they are read as one
        name = draft.field("address", [*latin, *places], "street")
        draft.compare(name, "street", address=name)
        draft.key("address", f"{name}_key")
        places = []
    else:
        _streets(draft, latin)
    for column in [*places, *_of(columns, "house", "year", "sex")]:
        _small(draft, column)


def _streets(draft: Draft, columns: list[Column]) -> None:
    names = [draft.field("street", [column], "street") for column in columns]
    for place, name in enumerate(names):
        other = {"other": names[1 - place]} if len(names) == 2 else {}
        draft.compare(name, "street", address=name, **other)
        draft.key("address", f"{name}_key")


def _small(draft: Draft, column: Column) -> None:
    """Postcodes, house numbers, towns, years, sex: many records share one."""
    if column.role in ("postcode", "house", "year"):
        name = draft.field(column.role, [column], "code")
        draft.compare(name, "short_code", code=name)
        draft.key(column.role, f"{name}_key")
        if column.role == "postcode" and column.filled * column.rows <= _SMALL_AREA * column.distinct:
            draft.key("area", f"{name}_key")
        return
    name = draft.field(column.role, [column], "free_text")
    draft.compare(name, "flag" if column.role == "sex" or column.distinct <= 4 else "category", value=name)
    if column.role == "place":
        draft.key("place", f"{name}_key")


def _texts(draft: Draft, columns: list[Column]) -> None:
    texts = _of(columns, "text")
    often = [column for column in texts if column.filled >= _OFTEN]
    if often or draft.comparisons:
        draft.left |= {column.name: "seldom filled" for column in texts if column not in often}
        texts = often
    for column in texts:
        if column.distinct < 0.1 * column.filled * column.rows:
            _small(draft, column)
            continue
        name = draft.field("text", [column], "free_text")
        draft.compare(name, "text", text=name)
        draft.key("text", f"{name}_key")
        draft.key("words", f"{name}_words")


def _write(path: Path, draft: Draft, key: Column | None, tables: Mapping[str, Any]) -> None:
    def flow(value: object) -> str:
        return json.dumps(value, ensure_ascii=False)  # JSON is YAML, and quotes what YAML would take for something else

    lines = ["# Proposed by mdm match --propose from the table's content. docs/matching.md says what may be changed."]
    lines += [f"id: {flow(key.name)}"] if key else []
    if tables:
        lines += ["", "tables:", *(f"  {flow(name)}: {flow(told)}" for name, told in tables.items())]
    lines += ["", "fields:", *(f"  {name}: {flow(field)}" for name, field in draft.fields.items())]
    lines += ["", "comparisons:", *(f"  - {flow(item)}" for item in draft.comparisons)]
    if strong := strong_identifiers(draft):
        lines += ["", "strong_identifiers:", *(f"  - {flow(item)}" for item in strong)]
    lines += ["", "blocking:"]
    for place, rule in enumerate(blocking(draft), 1):
        lines.append(f"  - {flow({'rule': f'rule_{place}', 'keys': rule})}")
    for title, items in (("exclusive", conflicts(draft)), ("guards", guards(draft))):
        if items:
            lines += ["", f"{title}:", *(f"  - {flow(item)}" for item in items)]
    limits = {"support": support(draft), "compare_all": 2000, "max_block": 100, "max_pairs": 20_000_000}
    lines += ["", "thresholds: {link: 2, review: -1}", f"limits: {flow(limits)}"]
    training = {"certain": certain(draft), "certain_recall": 0.5, "stated_pairs": 1000 if draft.rows < _FEW else 100}
    lines.append(f"training: {flow(training)}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
