"""From profiles to a proposal: what each table is, its keys and mode, the staged name and type of every column.

A header's spelling or a Chinese comment proposes an attribute, the content must not speak against it, and content alone
proposes one for tables of people. Whatever is left over is staged under its own name, as text, and said so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from connectors.onboarding.profile import ColumnProfile, TableProfile
from connectors.onboarding.spellings import CODE_SETS, attribute_of, role_of

_DATES = {"date", "timestamp", "short_year_date", "birth_number"}
_DATE_ATTRIBUTES = {
    "birth_date", "document_expiry", "opened_date", "updated_at", "occurred_at", "balance_date",
}  # fmt: skip
_MONEY = {"amount", "balance", "balance_after"}
_TEXTS = {"name", "former_name", "address", "employer", "occupation", "spouse_name", "legal_representative_name"}
_CODED = {*CODE_SETS, "status"}
# what the content of a column of people says when its name says nothing
_BY_FORM = {
    "resident_id": "document_number", "uscc": "document_number", "mobile": "mobile", "email": "email",
    "landline": "phone", "person_name": "name", "organization_name": "name", "address": "address",
    "birth_number": "birth_date",
}  # fmt: skip
_PERSONAL = {"name", "document_number", "mobile", "email", "birth_date"}
_ACCOUNTS = ("account", "loan", "card")


@dataclass(frozen=True)
class Staged:
    """One column of a staging model."""

    name: str
    raw: ColumnProfile
    macro: str  # `clean_code`, `to_date`, … or `mapped_code`
    code_set: str | None = None
    reason: str = ""  # why it got this name
    template: str = "{}"  # around the typed value


@dataclass(frozen=True)
class TableProposal:
    """One table: what it is taken for, how it is delivered, and its staging model."""

    profile: TableProfile
    role: str
    mode: str
    keys: tuple[str, ...]
    watermark: str | None
    columns: tuple[Staged, ...]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name in the raw layer."""
        return self.profile.name

    def has(self, name: str) -> bool:
        """Whether a column of this name is staged."""
        return any(column.name == name for column in self.columns)

    @property
    def key(self) -> str | None:
        """The one key column, under its staged name, which is its own."""
        return self.profile.key[0] if len(self.profile.key) == 1 else None


@dataclass
class _Naming:
    """Staged names given out so far in one table."""

    role: str
    profile: TableProfile
    taken: dict[str, Staged] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def propose(profiles: Mapping[str, TableProfile], *, dated_files: bool) -> dict[str, TableProposal]:
    """What each table of a source is taken for.

    Args:
        profiles: the tables.
        dated_files: the source delivers a file a day, so a table of events can carry only what is new.
    """
    return {name: _table(profile, dated_files) for name, profile in profiles.items()}


def _table(profile: TableProfile, dated_files: bool) -> TableProposal:
    naming = _Naming(_role(profile), profile)
    for column in profile.columns:
        for staged in _staged(naming, column):
            naming.taken[staged.name] = staged
    keys = profile.key or (profile.columns[0].name,)
    if not profile.key:
        naming.notes.append(f"no column and no few columns tell its rows apart; keys {keys[0]} is a placeholder")
    if naming.kept:
        naming.notes.append(f"staged as they are, no contract asks for them: {', '.join(naming.kept)}")
    if not profile.is_whole:
        naming.notes.append(f"only its first {profile.rows} rows were looked at")
    watermark = _watermark(naming)
    mode = "append" if naming.role in ("transaction", "balance") and watermark and dated_files else "full"
    columns = tuple(naming.taken.values())
    return TableProposal(profile, naming.role, mode, keys, watermark, columns, tuple(naming.notes))


def _role(profile: TableProfile) -> str:
    """By what people have, else by name: a table with a key and two things only parties have is one of parties.

    Transactions are not: they name the other side.
    """
    role = role_of(profile.name, profile.comment)
    if role == "transaction" or len(profile.key) != 1:
        return role
    said = (attribute_of("party", column.column.source_name, column.comment) for column in profile.columns)
    personal = {found[0] for found in said if found} | {_BY_FORM.get(column.form) for column in profile.columns}
    return "party" if len(personal & _PERSONAL) >= 2 else role


def _watermark(naming: _Naming) -> str | None:
    for name in ("updated_at", "occurred_at", "balance_date"):
        staged = naming.taken.get(name)
        # a text sorts as time only when the year stands in front, with four digits
        if staged and staged.raw.form in ("date", "timestamp"):
            return staged.raw.name
    return None


def _staged(naming: _Naming, column: ColumnProfile) -> Iterator[Staged]:
    if column.name in (*naming.profile.key, *naming.profile.references):
        yield Staged(column.name, column, "clean_code", reason=_place(naming.profile, column.name))
        return
    found = _attribute(naming, column)
    if found is None:
        yield _kept(naming, column)
        return
    attribute, reason = found
    yield _typed(naming, attribute, column, reason)
    if column.form == "birth_number" and attribute == "birth_date" and "sex" not in naming.taken:
        yield Staged("sex", column, "birth_number_sex", reason="the month tells it")


def _place(profile: TableProfile, column: str) -> str:
    if column in profile.references:
        return f"refers to {profile.references[column]}"
    return "key" if profile.key == (column,) else "part of the key"


def _kept(naming: _Naming, column: ColumnProfile) -> Staged:
    naming.kept.append(column.name)
    name = column.name
    while name in naming.taken:
        name += "_raw"
    return Staged(name, column, "clean_code" if column.form in ("integer", "decimal") else "clean_text")


def _attribute(naming: _Naming, column: ColumnProfile) -> tuple[str, str] | None:
    """Attribute and reason, unless another column has it already or the content speaks against it."""
    found = attribute_of(naming.role, column.column.source_name, column.comment)
    reason = f"by its {found[1]}" if found else "by its content"
    by_form = _BY_FORM.get(column.form) if naming.role == "party" else None
    attribute = found[0] if found else by_form
    if attribute is None:
        return None
    problem = _contradiction(attribute, column)
    if problem is None and attribute in naming.taken:
        problem = f"{attribute} is taken from {naming.taken[attribute].raw.name}"
    if problem:
        naming.notes.append(f"{column.name}: looks like {attribute} {reason}, but {problem}")
        return None
    return attribute, reason


def _contradiction(attribute: str, column: ColumnProfile) -> str | None:
    if column.rows == column.nulls:
        return None  # nothing to contradict
    if attribute in _DATE_ATTRIBUTES and column.form not in _DATES and column.column.type not in ("date", "timestamp"):
        return "its values are no dates"
    if attribute in _MONEY and column.form not in ("integer", "decimal"):
        return "its values are no numbers"
    if attribute in _CODED and not column.codes:
        return "its values are no codes"
    if attribute == "direction" and len(column.codes) > 4:
        return "it has more than four codes"
    return None


def _typed(naming: _Naming, attribute: str, column: ColumnProfile, reason: str) -> Staged:
    if attribute in _CODED:
        return Staged(attribute, column, "mapped_code", _code_set(naming.role, attribute), reason)
    if attribute in _DATE_ATTRIBUTES:
        return _moment(attribute, column, reason)
    if attribute == "is_verified":
        return Staged(attribute, column, "to_boolean", reason=reason)
    if attribute == "overdue_days":
        return Staged(attribute, column, "to_integer", reason=reason)
    macro = "to_decimal" if attribute in _MONEY else "clean_text" if attribute in _TEXTS else "clean_code"
    if attribute in ("document_number", "spouse_document_number"):
        macro = "clean_text"  # how it is written is looked at later
    return Staged(attribute, column, macro, reason=reason)


def _code_set(role: str, attribute: str) -> str:
    return CODE_SETS.get(attribute) or ("account_status" if role in _ACCOUNTS else f"{role}_status")


def _moment(attribute: str, column: ColumnProfile, reason: str) -> Staged:
    """Dates of two-digit years need a macro of their own; a time is wanted where something happened."""
    short = {"short_year_date": "to_date_short_year", "birth_number": "birth_number_date"}
    is_time = attribute in ("occurred_at", "updated_at")
    if column.form in short:
        template = "cast({} as timestamp)" if is_time else "{}"
        return Staged(attribute, column, short[column.form], reason=reason, template=template)
    plain = "to_expiry_date" if attribute == "document_expiry" else "to_date"
    return Staged(attribute, column, "to_timestamp" if is_time else plain, reason=reason)
