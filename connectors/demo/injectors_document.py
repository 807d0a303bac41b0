"""Injectors about identity documents: old forms, old numbers, other documents, clerks' errors.

Each takes a batch and a rate, changes some rows and returns them; what it needs of a row stands in `eligible`.
"""

from __future__ import annotations

import numpy as np

from connectors.demo.columns import lookup, present
from connectors.demo.documents import shorten, typo
from connectors.demo.injecting import Batch
from connectors.demo.people import (
    FOREIGN_PR,
    FOREIGNER,
    HK_MACAU,
    NONE,
    PASSPORT,
    RESIDENCE,
    RESIDENT,
    TAIWAN,
)
from connectors.demo.sources import accepts

_FILLER_MOBILES = ("13800000000", "13900000000", "11111111111")


def _holds_first_document(batch: Batch) -> np.ndarray:
    return (batch.records["document_type"] != NONE) & np.equal(batch.records["document"], batch.true("document"))


def document_15_digit(batch: Batch, rate: float) -> np.ndarray:
    """A resident id taken over from before 1999 in its 15-digit form (records opened before 2013)."""
    records = batch.records
    eligible = (records["document_type"] == RESIDENT) & _holds_first_document(batch)
    eligible &= (batch.true("birth") < np.datetime64("1985-01-01")) & (records["opened"] < np.datetime64("2013-01-01"))
    rows = batch.pick(eligible, rate)
    records["document"][rows] = shorten(records["document"][rows])
    return rows


def document_renewed(batch: Batch, rate: float) -> np.ndarray:
    """The number of a passport or permit before its renewal; the counter's workbook tells core of the new one."""
    records, old = batch.records, batch.true("old_document")
    rows = batch.pick(_holds_first_document(batch) & present(old), rate)
    records["document"][rows] = old[rows]
    return rows


def document_replaced(batch: Batch, rate: float) -> np.ndarray:
    """Another type of document than elsewhere: an officer's resident id, a traveller's residence permit."""
    records, other = batch.records, batch.true("other_type")
    eligible = _holds_first_document(batch) & (other != NONE) & accepts(batch.source, other)
    rows = batch.pick(eligible, rate)
    records["document_type"][rows], records["document"][rows] = other[rows], batch.true("other_document")[rows]
    return rows


def hk_macau_permit(batch: Batch, rate: float) -> np.ndarray:
    """A home-return permit; some clerks type its letter in lower case."""
    rows = batch.pick(batch.records["document_type"] == HK_MACAU, rate)
    lower = rows[batch.rng.random(len(rows)) < 0.15]
    batch.records["document"][lower] = [number.lower() for number in batch.records["document"][lower]]
    return rows


def taiwan_permit(batch: Batch, rate: float) -> np.ndarray:
    """A Taiwan compatriot permit; some carry the letter of the old card in brackets."""
    rows = batch.pick(batch.records["document_type"] == TAIWAN, rate)
    bracketed = rows[batch.rng.random(len(rows)) < 0.2]
    batch.records["document"][bracketed] = batch.records["document"][bracketed] + "(B)"
    return rows


def residence_permit(batch: Batch, rate: float) -> np.ndarray:
    """A residence permit for Hong Kong, Macau or Taiwan residents (81, 82, 83); valid like any 18-digit number."""
    return batch.pick(batch.records["document_type"] == RESIDENCE, rate)


def foreign_permit(batch: Batch, rate: float) -> np.ndarray:
    """A foreigner's passport or permanent-resident card; the Latin name stands in either order."""
    kinds = np.isin(batch.records["document_type"], (PASSPORT, FOREIGN_PR))
    rows = batch.pick(kinds & (batch.true("kind") == FOREIGNER), rate)
    turned = rows[batch.rng.random(len(rows)) < 0.3]
    names = batch.records["name"]
    names[turned] = [" ".join(reversed(name.split(" "))) for name in names[turned]]
    return rows


def document_typo(batch: Batch, rate: float) -> np.ndarray:
    """One digit of a resident id keyed wrong: the check digit no longer fits."""
    records = batch.records
    rows = batch.pick((records["document_type"] == RESIDENT) & _holds_first_document(batch), rate)
    position, step = batch.rng.integers(6, 17, len(rows)), batch.rng.integers(1, 10, len(rows))
    new = [typo(n, p, s) for n, p, s in zip(records["document"][rows], position, step, strict=True)]
    records["document"][rows] = new
    return rows


def document_missing(batch: Batch, rate: float) -> np.ndarray:
    """No document at all."""
    rows = batch.pick(batch.records["document_type"] != NONE, rate)
    batch.records["document_type"][rows], batch.records["document"][rows] = NONE, None
    return rows


def filler_values(batch: Batch, rate: float) -> np.ndarray:
    """A clerk fills what the customer did not say: 13800000000, 19000101, 无, 000000, 111111111111111."""
    records, rng = batch.records, batch.rng
    rows = batch.pick(np.ones(batch.size(), dtype=bool), rate)
    what = rng.random(len(rows))
    mobile, birth, tel = rows[what < 0.45], rows[(what >= 0.4) & (what < 0.65)], rows[(what >= 0.65) & (what < 0.8)]
    records["mobile"][mobile] = lookup(_FILLER_MOBILES, rng.integers(0, len(_FILLER_MOBILES), len(mobile)))
    records["birth"][birth] = np.datetime64("1900-01-01")
    records["tel"][tel] = "000000"
    address, document = rows[(what >= 0.75) & (what < 0.97)], rows[what >= 0.97]
    records["region"][address], records["detail"][address] = "", "无"
    records["document"][document[records["document_type"][document] == RESIDENT]] = "111111111111111"
    return rows


def one_person_two_ids(batch: Batch, rate: float) -> np.ndarray:
    """The second resident id of someone who has two (重证)."""
    second = batch.true("second_id")
    rows = batch.pick((batch.records["document_type"] == RESIDENT) & present(second), rate)
    batch.records["document"][rows] = second[rows]
    return rows
