"""Every error the demo makes in person records: name, function, rate, systems. `docs/demo_bank.md` is its table.

The order is the order of events: the document and the contacts first go out of date, then the name is written down,
then people make mistakes.
"""

from __future__ import annotations

from connectors.demo import injectors_contact as contact
from connectors.demo import injectors_document as document
from connectors.demo import injectors_name as name
from connectors.demo.columns import Table
from connectors.demo.injecting import Batch, Injector
from connectors.demo.randomness import Day
from connectors.demo.sources import PERSON_SOURCES

_ALL = PERSON_SOURCES
_NOT_CORE = _ALL[1:]
_LEGACY = ("credit", "wealth", "card")
_STAFF_ENTERED = ("core", "credit", "wealth", "card")

RECORD_INJECTORS: tuple[Injector, ...] = (
    Injector("document_renewed", document.document_renewed, 0.7, _NOT_CORE),
    Injector("document_replaced", document.document_replaced, 0.35, _NOT_CORE),
    Injector("one_person_two_ids", document.one_person_two_ids, 0.6, _NOT_CORE),
    Injector("hk_macau_permit", document.hk_macau_permit, 1.0, _ALL),
    Injector("taiwan_permit", document.taiwan_permit, 1.0, _ALL),
    Injector("residence_permit", document.residence_permit, 1.0, _ALL),
    Injector("foreign_permit", document.foreign_permit, 1.0, _ALL),
    Injector("document_15_digit", document.document_15_digit, 0.12, ("core", "credit", "wealth")),
    Injector("stale_mobile", contact.stale_mobile, 0.45, _NOT_CORE),
    Injector("stale_address", contact.stale_address, 0.5, _NOT_CORE),
    Injector("retired_region", contact.retired_region, 0.06, _ALL),
    Injector("abbreviated_address", contact.abbreviated_address, 0.15, _ALL),
    Injector("former_name", name.former_name, 0.45, _ALL),
    Injector("name_rare_character", name.name_rare_character, 0.45, _LEGACY),
    Injector("name_rare", name.name_rare, 1.0, _ALL),
    Injector("name_private_use", name.name_private_use, 0.7, _STAFF_ENTERED),
    Injector("minority_name_dots", name.minority_name_dots, 0.75, _ALL),
    Injector("minority_name_truncated", name.minority_name_truncated, 0.35, _LEGACY),
    Injector("traditional", name.traditional, 0.004, _ALL),
    Injector("pinyin_name", name.pinyin_name, 0.008, ("card", "ebank")),
    Injector("title_in_name", name.title_in_name, 0.06, ("call",)),
    Injector("title_in_name", name.title_in_name, 0.004, ("credit", "wealth")),
    Injector("suffix_in_name", name.suffix_in_name, 0.005, _STAFF_ENTERED),
    Injector("homophone", name.homophone, 0.03, ("call",)),
    Injector("homophone", name.homophone, 0.003, _LEGACY),
    Injector("look_alike_character", name.look_alike_character, 0.006, _LEGACY),
    Injector("document_typo", document.document_typo, 0.004, _STAFF_ENTERED),
    Injector("document_missing", document.document_missing, 0.006, ("credit", "wealth", "ebank")),
    Injector("filler_values", document.filler_values, 0.012, _STAFF_ENTERED),
)


def inject(day: Day, source: str, records: Table, people: Table) -> None:
    """Let every injector of this system work on new records."""
    for injector in RECORD_INJECTORS:
        if source in injector.sources:
            rng = day.stream(f"records/{source}/{injector.name}")
            injector.apply(Batch(source, records, people, rng))
