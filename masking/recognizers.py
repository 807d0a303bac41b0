"""Presidio recognisers for Chinese text: numbers, by their form and check digit, and addresses.

Presidio ships none for Chinese. They work without a language model: numbers have a form, and an address begins with a
region, whose names are known, or follows words after which addresses stand.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from typing import Any

from presidio_analyzer import EntityRecognizer, Pattern, PatternRecognizer, RecognizerResult

from masking.checks import is_luhn, is_old_resident_id, is_resident_id, is_uscc

LANGUAGE = "zh"
HAN = r"\u3400-\u9fff\U00020000-\U0003ffff〇"
_GAP = r"[ \-]?"
_ALONE = r"(?<![0-9A-Za-z])%s(?![0-9A-Za-z])"
_NO_DIGIT = r"(?<![0-9])%s(?![0-9])"


class NumberRecognizer(PatternRecognizer):
    """A pattern whose matches must also pass a check."""

    def __init__(self, entity: str, regex: str, check: Callable[[str], bool] | None = None, score: float = 0.7) -> None:
        self._check = check
        patterns = [Pattern(entity.lower(), regex, score)]
        super().__init__(supported_entity=entity, patterns=patterns, supported_language=LANGUAGE, name=entity)

    def validate_result(self, pattern_text: str) -> bool | None:
        """True lifts the score to 1, False drops the match, None leaves it."""
        return self._check(compact(pattern_text)) if self._check else None


def compact(text: str) -> str:
    """A number without its gaps, in capitals."""
    return re.sub(r"[ \-]", "", text).upper()


def _is_card(digits: str) -> bool:
    return 13 <= len(digits) <= 19 and is_luhn(digits)


def number_recognizers() -> list[EntityRecognizer]:
    """Recognisers of numbers and e-mails."""
    resident = rf"[1-9][0-9]{{5}}{_GAP}[0-9]{{8}}{_GAP}[0-9]{{3}}[0-9Xx]"
    taiwan = r"(?<=(?:台胞证|台湾[^0-9]{0,12}通行证)[^0-9]{0,6})[0-9]{8}(?:[0-9]{2})?(?![0-9])"
    passport = r"(?:[EK][A-HJ-NP-Z0-9][0-9]{7}|[GDSP][E]?[0-9]{7,8})"
    # clerks write any document's number behind these words, an 8-digit permit after "身份证" as well
    stated = r"(?<=(?:身份证|证件|护照|通行证|居留证|居住证)(?:号码|号)?[为是:：]?\s?)[0-9A-Za-z]{6,10}(?![0-9A-Za-z])"
    mobile = rf"(?:\+?86{_GAP})?1[3-9][0-9]{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}"
    landline = r"0(?:10|2[0-9]|[3-9][0-9]{2})-?[2-9][0-9]{6,7}(?:-[0-9]{1,6})?"
    card = rf"[3-9][0-9]{{3}}(?:{_GAP}[0-9]{{4}}){{2,3}}{_GAP}[0-9]{{1,4}}"
    credit_code = r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}"
    email = r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+"
    return [
        NumberRecognizer("RESIDENT_ID", _ALONE % resident, is_resident_id),
        NumberRecognizer("OLD_RESIDENT_ID", _ALONE % r"[1-6][0-9]{14}", is_old_resident_id),
        NumberRecognizer("TRAVEL_PERMIT", _ALONE % r"[HM][0-9]{8}(?:[0-9]{2})?"),
        NumberRecognizer("TAIWAN_PERMIT", taiwan),
        NumberRecognizer("PASSPORT", _ALONE % passport),
        NumberRecognizer("STATED_DOCUMENT", stated),
        NumberRecognizer("MOBILE", _NO_DIGIT % mobile),
        NumberRecognizer("LANDLINE", _NO_DIGIT % landline),
        NumberRecognizer("BANK_CARD", _NO_DIGIT % card, _is_card),
        NumberRecognizer("CREDIT_CODE", _ALONE % credit_code, is_uscc),
        NumberRecognizer("EMAIL", email),
        # a mistyped number fails its check digit and is still somebody's number
        NumberRecognizer("LONG_NUMBER", _NO_DIGIT % r"[0-9]{11,32}[Xx]?", score=0.3),
    ]


class SpanRecognizer(EntityRecognizer, ABC):
    """A recogniser that finds its spans by code instead of one pattern."""

    entity = ""

    def __init__(self) -> None:
        super().__init__(supported_entities=[self.entity], supported_language=LANGUAGE, name=self.entity)

    def load(self) -> None:
        """Nothing to load."""

    @abstractmethod
    def spans(self, text: str) -> Iterator[tuple[int, int, float]]:
        """Start, end and score of every find."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:  # noqa: ANN401
        """Finds as Presidio wants them."""
        return [RecognizerResult(self.entity, start, end, score) for start, end, score in self.spans(text)]


def windows(text: str, known: Collection[str], lengths: Collection[int]) -> Iterator[tuple[int, int]]:
    """Every place where one of the known words stands."""
    for start in range(len(text)):
        for length in lengths:
            if start + length <= len(text) and text[start : start + length] in known:
                yield start, start + length


class AddressRecognizer(SpanRecognizer):
    """Addresses, from their first region to their last house number.

    Args:
        regions: names of provinces, cities and districts, with and without their last character.
    """

    entity = "ADDRESS"
    _ROAD = r"(?:街道|大道|大街|开发区|工业园|小区|花园|社区|新村|公寓|胡同|路|街|巷|弄|镇|乡|村|苑|里|庄|屯|坝|湾)"
    _UNIT = r"(?:号楼|单元|幢|栋|座|楼|层|室|号|弄|组|队|社|户|房)"
    _NUMBER = r"[0-9A-Za-z一二三四五六七八九十百甲乙丙丁#\-]{1,8}"
    _LEAD = (
        r"(?:地址|住址|住在|家住|现住|居住|居于|搬到|搬至|改为|变更为|改成|寄到|寄往|寄至|位于|地点)[是为在:： ]{0,2}"
    )

    def __init__(self, regions: Collection[str]) -> None:
        super().__init__()
        self.own: frozenset[str] = frozenset()  # known address details of the customer of the note at hand
        self._regions = frozenset(regions)
        self._lengths = sorted({len(region) for region in self._regions}, reverse=True)
        house = rf"(?:[{HAN}（）()]{{0,8}}?{self._NUMBER}{self._UNIT})"
        room = r"(?:(?<=[元幢栋座楼层])[0-9A-Za-z\-]{1,6})?"
        self._tail = re.compile(rf"(?:[{HAN}0-9]{{1,7}}?{self._ROAD}){{0,3}}{house}{{0,6}}{room}")
        road = rf"[{HAN}]{{1,8}}?{self._ROAD}(?:[{HAN}0-9]{{1,6}}?{self._ROAD})?"
        self._street = re.compile(rf"{self._LEAD}({road}{house}{{1,6}}{room})")

    def spans(self, text: str) -> Iterator[tuple[int, int, float]]:
        """A known detail; a street and number where an address is told; a chain of regions with something below."""
        for start, end in windows(text, self.own, {len(detail) for detail in self.own}):
            yield start, end, 0.9
        yield from ((found.start(1), found.end(1), 0.8) for found in self._street.finditer(text))
        position = 0
        while position < len(text):
            end = self._chain(text, position)
            tail = self._tail.match(text, end) if end > position else None
            if tail and tail.end() > end:
                yield position, tail.end(), 0.9
                end = tail.end()
            position = max(end, position + 1)

    def _chain(self, text: str, start: int) -> int:
        """End of the regions that follow one another from here; `start` when there is none."""
        end = start
        while length := next((n for n in self._lengths if text[end : end + n] in self._regions), 0):
            end += length
        return end
