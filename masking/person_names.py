"""Names of people in Chinese text, without a language model.

The names of a bank's customers are known to the bank. So a name is found in four ways: it belongs to the note's own
customer; the warehouse knows it; it stands after a word that introduces a name, or before a title; or the word
segmenter takes it for a person's name and it begins with a surname.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import lru_cache

import rjieba

from masking.recognizers import HAN, SpanRecognizer, windows
from masking.surnames import COMPOUND_SURNAMES, SURNAMES

# From this length on, a known name is taken wherever it stands; shorter ones may be part of a word.
CERTAIN_LENGTH = 3

_INTRODUCTION = re.compile(
    r"(?:客户姓名|姓名|户名|客户|本人|我是|我叫|名叫|叫做|联系人|配偶|爱人|丈夫|妻子|老公|老婆|父亲|母亲|儿子|女儿|哥哥|姐姐|弟弟|妹妹|"
    r"经办人|代办人|持卡人|收款人|付款人|担保人|法人|亲属|家属|转给|汇给)[为是叫:： “\"]{0,3}"
)
_TITLE = re.compile(r"先生|女士|小姐|同志|老师|师傅|阿姨|大爷|大妈|老板")
_SAID = r"来电|致电|反映|咨询|要求|表示|投诉|申请|查询|称|说|的|要|在|于|，|,|。|；|、|先生|女士|小姐"
_DOTTED = re.compile(rf"[{HAN}]{{1,8}}?((?:·[{HAN}]{{1,10}}?)+)(?={_SAID}|[^{HAN}·]|$)")
# Words the segmenter, or a surname in front, makes look like names; two characters each.
_NO_NAMES = frozenset(
    re.findall(
        "..",
        "银行高兴白金金卡安全方便金额万元明白时间成功经理任何周一周二周三周四周五周六周日周末查询高峰向来来电"
        "于是应该应当项目关于连续万能石油钱包金融平安平台支行温馨常年和谐全部单位单据时候成本管理沙发",
    )
)


@lru_cache(maxsize=8)
def _tokens(text: str) -> tuple[tuple[int, str, str], ...]:
    """Words with their start and part of speech; the segmenter keeps every character."""
    words, start = [], 0
    for word, tag in rjieba.tag(text):
        words.append((start, word, tag))
        start += len(word)
    return tuple(words)


def begins_with_surname(word: str) -> bool:
    """Whether a word can be surname and given name."""
    return (word[:2] in COMPOUND_SURNAMES and len(word) > 2) or word[0] in SURNAMES


class NameRecognizer(SpanRecognizer):
    """Names of people.

    Args:
        known: every name the warehouse knows.
    """

    entity = "PERSON"

    def __init__(self, known: Collection[str]) -> None:
        super().__init__()
        self._known = frozenset(known)
        self._lengths = sorted({len(name) for name in self._known})
        self.own: frozenset[str] = frozenset()  # names of the customer of the note at hand

    def spans(self, text: str) -> Iterator[tuple[int, int, float]]:
        """Names with a score that says how sure each way is; a guess never widens a known name."""
        known = list(self._known_spans(text))
        yield from known
        for start, end, score in (*_introduced(text), *_titled(text), *_dotted(text), *_segmented(text)):
            if all(end <= other[0] or start >= other[1] for other in known):
                yield start, end, score

    def _known_spans(self, text: str) -> Iterator[tuple[int, int, float]]:
        for start, end in windows(text, self.own, {len(name) for name in self.own}):
            yield start, end, 1.0
        for start, end in windows(text, self._known, self._lengths):
            if end - start >= CERTAIN_LENGTH or _is_word(text, start, end):
                yield start, end, 0.95


def _is_word(text: str, start: int, end: int) -> bool:
    """Whether a short known name stands as a name here and is not cut out of other words."""
    inside = [token for token in _tokens(text) if start <= token[0] < end]
    if not inside or inside[0][0] != start or inside[-1][0] + len(inside[-1][1]) != end:
        return False
    return len(inside) > 1 or inside[0][2] == "nr"


def _introduced(text: str) -> Iterator[tuple[int, int, float]]:
    for found in _INTRODUCTION.finditer(text):
        if length := _name_length(text, found.end()):
            yield found.end(), found.end() + length, 0.85


def _titled(text: str) -> Iterator[tuple[int, int, float]]:
    starts = {start for start, _, _ in _tokens(text)}
    for found in _TITLE.finditer(text):
        for start in range(max(found.start() - 4, 0), found.start() - 1):
            if start in starts and _can_be_name(text[start : found.start()]):
                yield start, found.start(), 0.85
                break


def _dotted(text: str) -> Iterator[tuple[int, int, float]]:
    """Names with a middle dot; where they begin and end is a guess, rather too wide than too narrow."""
    for found in _DOTTED.finditer(text):
        introduction = list(_INTRODUCTION.finditer(text, found.start(), found.start(1)))
        yield introduction[-1].end() if introduction else found.start(), found.end(), 0.6


def _segmented(text: str) -> Iterator[tuple[int, int, float]]:
    for start, token, tag in _tokens(text):
        word = _TITLE.split(token)[0]  # the segmenter takes a title for a given name
        if tag == "nr" and 2 <= len(word) <= 4 and begins_with_surname(word) and word[:2] not in _NO_NAMES:
            yield start, start + len(word), 0.6


def _can_be_name(word: str) -> bool:
    compound = word[:2] in COMPOUND_SURNAMES
    return _is_han(word) and (compound or (len(word) < 4 and word[0] in SURNAMES))


def _is_han(word: str) -> bool:
    return re.fullmatch(rf"[{HAN}]+", word) is not None


def _name_length(text: str, start: int) -> int:
    """Length of the name that begins here: surname and as many words as make at most two more characters."""
    surname = 2 if text[start : start + 2] in COMPOUND_SURNAMES else int(text[start : start + 1] in SURNAMES)
    if not surname:
        return 0
    length = 0
    for position, word, _ in _tokens(text):
        if position + len(word) <= start:
            continue
        part = min(position + len(word) - start, len(word))
        if not _is_han(word) or length + part > surname + 2:
            break
        length += part
    whole = text[start : start + length]
    return length if length > surname and whole[:2] not in _NO_NAMES else 0
