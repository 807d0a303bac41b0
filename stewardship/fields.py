"""Which fields of a record a steward sees, in which order, and how they are compared.

How a field is masked is not said here but in the registry of sensitive data (`config/policy.yml`), as for every other
reader; a field the registry does not know is shown as stars.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from masking.fields import mask
from warehouse.policy import load_policy
from warehouse.settings import Settings


@dataclass(frozen=True)
class Field:
    """One row of the side-by-side table.

    `compare`: `exact` (codes), `number` (one wrong digit is similar), `name` (same sound is similar), `text`,
    or `info` (belongs to the record, not to the person: no agreement either way).
    `issue` names the column that says what is wrong with the value.
    """

    name: str
    label_zh: str
    label_en: str
    compare: str = "exact"
    issue: str | None = None

    def label(self, language: str) -> str:
        """The label in the reader's language."""
        return self.label_en if language == "en" else self.label_zh


_NAME = Field("name", "姓名", "Name", "name", "name_issue")
_DOCUMENT = (
    Field("document_type", "证件类型", "Document type"),
    Field("document_number", "证件号码", "Document no.", "number", "document_issue"),
)
_CONTACT = (
    Field("mobile", "手机号", "Mobile", "number", "mobile_issue"),
    Field("mobile_second", "备用手机", "Second mobile", "number"),
    Field("phone", "固定电话", "Phone", "number"),
    Field("email", "邮箱", "E-mail", "text"),
    Field("address", "地址", "Address", "text"),
)
_RECORD = (
    Field("opened_date", "开户日期", "Opened", "info"),
    Field("updated_at", "更新时间", "Updated", "info"),
)

PERSON_FIELDS: tuple[Field, ...] = (
    _NAME,
    Field("former_name", "曾用名", "Former name", "name"),
    Field("latin_name", "拼音/外文名", "Latin name", "text"),
    *_DOCUMENT,
    Field("document_expiry", "证件到期日", "Document expiry", "number"),
    Field("birth_date", "出生日期", "Birth date", "number"),
    Field("birth_date_document", "证件出生日期", "Birth (document)", "number"),
    Field("sex", "性别", "Sex"),
    Field("nationality", "国籍", "Nationality"),
    *_CONTACT,
    Field("employer", "工作单位", "Employer", "text"),
    Field("occupation", "职业", "Occupation", "text"),
    Field("spouse_name", "配偶姓名", "Spouse", "name"),
    Field("is_verified", "联网核查", "Verified", "info"),
    *_RECORD,
)

ORGANIZATION_FIELDS: tuple[Field, ...] = (
    Field("name", "名称", "Name", "text", "name_issue"),
    Field("former_name", "曾用名称", "Former name", "text"),
    *_DOCUMENT,
    Field("uscc", "统一社会信用代码", "Credit code", "number"),
    Field("organization_code", "组织机构代码", "Org. code", "number"),
    Field("registry_number", "工商注册号", "Registry number", "number"),
    Field("legal_representative_name", "法定代表人", "Legal rep.", "name"),
    *_CONTACT,
    *_RECORD,
)

RECORD_ID = "record_id"  # among the shown values: the id of the record
_FIELDS = {"person": PERSON_FIELDS, "organization": ORGANIZATION_FIELDS}
BY_NAME: dict[str, Field] = {field.name: field for fields in _FIELDS.values() for field in fields}


def fields_of(party_type: str) -> tuple[Field, ...]:
    """The fields shown for a party type."""
    return _FIELDS[party_type]


def clear_values(party_type: str, row: Mapping[str, object]) -> dict[str, str]:
    """The shown values of a record as texts; empty ones are left out, flaws stand under `<field>_issue` names."""
    names = [name for field in fields_of(party_type) for name in (field.name, field.issue) if name]
    return {name: _text(row[name]) for name in names if row.get(name) not in (None, "")}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


class Masks:
    """The registry's masks, as the page uses them."""

    def __init__(self, settings: Settings) -> None:
        policy = load_policy(settings)
        attributes, self.fingerprint = policy.attributes, policy.fingerprint
        self._masks = {
            "person": {name: entry.mask for name, entry in attributes.items()},
            "organization": {name: entry.organization_mask or entry.mask for name, entry in attributes.items()},
        }

    def shown(self, party_type: str, record_id: str, clear: Mapping[str, str]) -> dict[str, str]:
        """A record's values, and its id, as the page shows them; codes of flaws say nothing about the customer.

        Where the key of a source is itself a masked value (a register keyed by the credit code), the id is masked too.
        """
        issues = {field.issue for field in fields_of(party_type)}
        shown = {
            name: value if name in issues else mask(self._name(party_type, name), value) or ""
            for name, value in clear.items()
        }
        source, _, key = record_id.partition(":")
        hidden = next((shown[name] for name, value in clear.items() if value == key), key)
        return {**shown, RECORD_ID: f"{source}:{hidden}"}

    def _name(self, party_type: str, column: str) -> str:
        name = self._masks[party_type].get(column, "text")
        return "text" if name == "token" else name  # a token says nothing to a reader
