"""Masking of free Chinese text with Presidio: our recognisers, no language model, and the masks of the registry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass

from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer import RecognizerResult as Found
from presidio_analyzer.nlp_engine import NoOpNlpEngine
from presidio_anonymizer import AnonymizerEngine
from presidio_anonymizer.entities import OperatorConfig, RecognizerResult

from masking.fields import MASKS
from masking.person_names import CERTAIN_LENGTH, NameRecognizer
from masking.recognizers import LANGUAGE, AddressRecognizer, compact, number_recognizers, windows
from warehouse.policy import Policy

# Which attribute of config/policy.yml tells the mask of what is found in text.
ENTITY_ATTRIBUTES = {
    "RESIDENT_ID": "document_number",
    "OLD_RESIDENT_ID": "document_number",
    "TRAVEL_PERMIT": "document_number",
    "TAIWAN_PERMIT": "document_number",
    "STATED_DOCUMENT": "document_number",
    "PASSPORT": "document_number",
    "CREDIT_CODE": "uscc",
    "MOBILE": "mobile",
    "LANDLINE": "phone",
    "BANK_CARD": "card_number",
    "LONG_NUMBER": "account_no",
    "EMAIL": "email",
    "ADDRESS": "address",
    "PERSON": "name",
}
_AS_WRITTEN = {"LANDLINE", "EMAIL", "ADDRESS", "PERSON"}
_MOBILE_DIGITS = 11  # without +86


@dataclass(frozen=True)
class Known:
    """What the bank knows of the customer a text is about."""

    names: frozenset[str] = frozenset()
    address_details: frozenset[str] = frozenset()


def entity_masks(policy: Policy) -> dict[str, str]:
    """Kind of find → name of its mask; what the registry does not know is hidden whole."""
    found = {entity: policy.attributes.get(attribute) for entity, attribute in ENTITY_ATTRIBUTES.items()}
    return {entity: attribute.mask if attribute else "text" for entity, attribute in found.items()}


class TextMasker:
    """Masks texts; built once per run, because the dictionaries are large.

    Args:
        policy: tells the masks.
        names: names of people the warehouse knows.
        regions: names of provinces, cities and districts.
    """

    def __init__(self, policy: Policy, names: Collection[str], regions: Collection[str]) -> None:
        self._certain = frozenset(name for name in names if len(name) >= CERTAIN_LENGTH)
        self._certain_lengths = sorted({len(name) for name in self._certain}, reverse=True)
        self._names = NameRecognizer(names)
        self._addresses = AddressRecognizer(regions)
        recognizers = [*number_recognizers(), self._addresses, self._names]
        self._analyzer = AnalyzerEngine(
            registry=RecognizerRegistry(recognizers=recognizers, supported_languages=[LANGUAGE]),
            nlp_engine=NoOpNlpEngine([{"lang_code": LANGUAGE, "model_name": "none"}]),
            supported_languages=[LANGUAGE],
        )
        self._anonymizer = AnonymizerEngine()  # type: ignore[no-untyped-call]  # Presidio's, half typed
        masks = entity_masks(policy)
        self._name_mask = MASKS[masks["PERSON"]]
        self._operators = {
            entity: OperatorConfig("custom", {"lambda": _operator(entity, MASKS[mask])})
            for entity, mask in masks.items()
        }

    def mask(self, text: str, known: Known) -> tuple[str, dict[str, int]]:
        """A text with personal data masked, and how many finds of each kind.

        No known name of three or more characters remains in it; the leak scan relies on that.
        """
        self._names.own, self._addresses.own = known.names, known.address_details
        found = self._analyzer.analyze(text, LANGUAGE)
        done = self._anonymizer.anonymize(text, [_finding(item) for item in found], self._operators)
        counts = Counter(item.entity_type for item in done.items)
        return self._without_known_names(done.text), dict(sorted(counts.items()))

    def _without_known_names(self, text: str) -> str:
        """A name can survive inside what another mask shows, as the region of an address."""
        for start, end in list(windows(text, self._certain, self._certain_lengths)):
            text = text[:start] + self._name_mask(text[start:end]) + text[end:]
        return text


def _finding(found: Found) -> RecognizerResult:
    return RecognizerResult(found.entity_type, found.start, found.end, found.score)


def _operator(entity: str, mask: Callable[[str], str]) -> Callable[[str], str]:
    """Numbers are masked without their gaps, so that all writings of one look the same."""
    if entity in _AS_WRITTEN:
        return mask
    if entity == "MOBILE":
        return lambda text: mask(compact(text)[-_MOBILE_DIGITS:])
    return lambda text: mask(compact(text))
