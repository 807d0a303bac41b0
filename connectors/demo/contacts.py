"""The call centre beside its contacts: complaints with their status, and agents' notes in free text.

Notes are where personal data hides: names, id numbers, phones, cards and addresses, written as agents write them.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.random import Generator

from connectors.demo.columns import Table, height, join, lookup, missing, numbers, present, stack, take, texts
from connectors.demo.randomness import Day, chance

_CATEGORIES = ("账户服务", "信用卡", "贷款", "理财", "手机银行", "服务态度", "收费争议")
# {field} stands for the caller's own data, {other…} for somebody else the call is about
TEMPLATES = (
    "客户{name}来电查询账户余额，身份证号{document}，预留手机{mobile}，已核实身份后告知。",
    "{name}（手机{mobile}）反映手机银行无法登录，指导重置密码，问题解决。",
    "客户称银行卡{card}在ATM取现被吞卡，本人{name}，身份证{document}，已通知网点处理。",
    "来电人{name}要求把通讯地址改为{address}，告知需本人持身份证到柜面办理。",
    "{name}投诉{branch}网点排队时间过长，联系电话{mobile}，已转网点负责人回电。",
    "回访：客户{name}，电话{mobile}，对贷款利率有疑问，家住{address}，约定明日由客户经理上门。",
    "客户咨询理财产品到期事宜，姓名：{name}；证件号码：{document}；卡号：{card}。已解答。",
    "{other}代其父亲{name}查询养老金到账情况，父亲身份证号为{document}，代办人电话{other_mobile}，告知不能代查。",
    "客户{name}称收到冒充我行的诈骗短信，对方让其转账到{card}，提醒客户勿操作并登记手机号{mobile}。",
    "外呼营销：联系{mobile}，接听人为{name}，对信用卡分期不感兴趣，请勿再拨。",
    "{name}来电挂失，卡号{card_spaced}，手机号{mobile_spaced}，挂失成功，补卡寄往{address}。",
    "客户询问对账单邮寄，地址为{address}，收件人{name}，无其他需求。",
    "无声电话，回拨{mobile}无人接听。",
    "客户{name}贷款逾期，联系配偶{other}（{other_mobile}）转告还款，配偶表示本周处理。",
    "咨询营业网点周末上班时间，已告知，客户未留姓名。",
    "客户经理反馈：{name}，证件{document}，拟申请消费贷，单位核实无误，居住地址{address}。",
)


class CallCentre:
    """Complaints and notes, day by day."""

    def __init__(self) -> None:
        self.complaints: Table | None = None
        self.notes: Table = {}
        self._noted = 0

    def run(self, day: Day, contacts: Table, people: Table, card_of: np.ndarray) -> None:
        """One day of calls; the first day brings the last three months.

        Args:
            day: the day.
            contacts: all contact records.
            people: everybody.
            card_of: a card number of each person, or null.
        """
        self._complain(day.stream("complaints"), day, contacts)
        self._note(day.stream("notes"), day, contacts, people, card_of)

    def _complain(self, rng: Generator, day: Day, contacts: Table) -> None:
        self._close_some(rng, day)
        rows = np.flatnonzero(chance(rng, height(contacts), 0.12 if day.is_first else 0.004))
        size = len(rows)
        first = 1 if self.complaints is None else height(self.complaints) + 1
        back = rng.integers(0, 90 if day.is_first else 1, size)
        opened = np.maximum(day.date - back.astype("timedelta64[D]"), contacts["opened"][rows]).astype("datetime64[s]")
        opened += rng.integers(28_800, 64_800, size).astype("timedelta64[s]")
        closed = opened + rng.integers(3_600, 20 * 86_400, size).astype("timedelta64[s]")
        closed[closed > day.date.astype("datetime64[s]")] = np.datetime64("NaT")
        new = {
            "complaint": join("T", numbers(np.arange(first, first + size), 8)), "key": contacts["key"][rows],
            "category": lookup(_CATEGORIES, rng.integers(0, len(_CATEGORIES), size)),
            "opened": opened, "closed": closed, "branch": contacts["branch"][rows],
            "changed_on": np.full(size, day.number),
        }  # fmt: skip
        self.complaints = stack(self.complaints, new)

    def _close_some(self, rng: Generator, day: Day) -> None:
        if self.complaints is None:
            return
        still = np.isnat(self.complaints["closed"])
        rows = np.flatnonzero(still & chance(rng, len(still), 0.15))
        seconds = rng.integers(64_800, 72_000, len(rows)).astype("timedelta64[s]")
        self.complaints["closed"][rows] = day.date.astype("datetime64[s]") + seconds
        self.complaints["changed_on"][rows] = day.number

    def _note(self, rng: Generator, day: Day, contacts: Table, people: Table, card_of: np.ndarray) -> None:
        rows = np.repeat(np.arange(height(contacts)), rng.poisson(1.25 if day.is_first else 0.012, height(contacts)))
        size = len(rows)
        back = rng.integers(0, 90 if day.is_first else 1, size)
        time = np.maximum(day.date - back.astype("timedelta64[D]"), contacts["opened"][rows]).astype("datetime64[s]")
        time += rng.integers(28_800, 72_000, size).astype("timedelta64[s]")
        order = np.lexsort((rows, time))
        calls = take(contacts, rows[order], ("key", "branch", "person"))
        numbers_ = np.arange(self._noted + 1, self._noted + 1 + size)
        self._noted += size
        self.notes = {
            "note": join("N", numbers(numbers_, 9)), "key": calls["key"], "time": time[order],
            "person": calls["person"],
            "agent": join("AG", numbers(rng.integers(1, 41, size), 3)), "branch": calls["branch"],
            "text": _texts(rng, calls, people, card_of),
        }  # fmt: skip


def _texts(rng: Generator, calls: Table, people: Table, card_of: np.ndarray) -> np.ndarray:
    size = height(calls)
    person, other = calls["person"], rng.integers(0, height(people), size)
    card, pool = card_of[person], card_of[present(card_of)]
    card = np.where(missing(card), pool[rng.integers(0, len(pool), size)], card)
    fields = {
        "name": people["name"][person], "document": people["document"][person], "card": card, "branch": calls["branch"],
        "mobile": numbers(people["mobile"][person]), "other": people["name"][other],
        "other_mobile": numbers(people["mobile"][other]),
        "address": people["region"][person] + people["detail"][person],
    }  # fmt: skip
    fields["card_spaced"] = np.array(
        [re.sub(r"(.{4})(?=.)", r"\1 ", number) for number in fields["card"]], dtype=object
    )
    fields["mobile_spaced"] = np.array([f"{m[:3]}-{m[3:7]}-{m[7:]}" for m in fields["mobile"]], dtype=object)
    kind = rng.integers(0, len(TEMPLATES), size)
    text = texts(None, size)
    for position, template in enumerate(TEMPLATES):
        rows = np.flatnonzero(kind == position)
        text[rows] = fill(template, take(fields, rows), len(rows))
    return text


def fill(template: str, fields: Table, size: int) -> np.ndarray:
    """One text per row from a template with {fields}."""
    pieces = re.split(r"\{(\w+)\}", template)
    parts = [fields[piece] if position % 2 else texts(piece, size) for position, piece in enumerate(pieces)]
    return join(*parts)
