"""How each system sees a person: which documents it has codes for, and what it calls them."""

from __future__ import annotations

import numpy as np

from connectors.demo.people import (
    FOREIGN_PR,
    HK_MACAU,
    HOUSEHOLD,
    MILITARY,
    NONE,
    PASSPORT,
    RESIDENCE,
    RESIDENT,
    TAIWAN,
    TEMPORARY,
)

PERSON_SOURCES = ("core", "credit", "wealth", "card", "ebank", "call")

DOCUMENT_CODES: dict[str, dict[int, str]] = {
    "core": {
        RESIDENT: "101", HOUSEHOLD: "102", TEMPORARY: "103", HK_MACAU: "104", TAIWAN: "105", PASSPORT: "106",
        FOREIGN_PR: "107", MILITARY: "108", RESIDENCE: "109",
    },
    "credit": {
        RESIDENT: "A", HOUSEHOLD: "B", PASSPORT: "C", MILITARY: "D", HK_MACAU: "E", TAIWAN: "F", FOREIGN_PR: "G",
        RESIDENCE: "H",
    },
    "wealth": {
        RESIDENT: "0", PASSPORT: "1", MILITARY: "2", HK_MACAU: "4", TAIWAN: "5", HOUSEHOLD: "6", FOREIGN_PR: "8",
        RESIDENCE: "9",
    },
    "card": {
        RESIDENT: "01", PASSPORT: "02", HK_MACAU: "03", TAIWAN: "04", MILITARY: "05", FOREIGN_PR: "06",
        RESIDENCE: "07",
    },
    "ebank": {
        RESIDENT: "ID_CARD", PASSPORT: "PASSPORT", HK_MACAU: "HKM_PERMIT", TAIWAN: "TW_PERMIT",
        FOREIGN_PR: "FOREIGN_PR", RESIDENCE: "RES_PERMIT",
    },
    "call": {RESIDENT: "身份证"},
    "counter": {
        RESIDENT: "居民身份证", PASSPORT: "护照", HK_MACAU: "港澳通行证", TAIWAN: "台胞证",
        FOREIGN_PR: "外国人永久居留身份证", RESIDENCE: "港澳台居民居住证",
    },
}  # fmt: skip

SEX_CODES: dict[str, tuple[str, str]] = {
    "core": ("1", "2"),
    "credit": ("M", "F"),
    "wealth": ("1", "2"),
    "card": ("M", "F"),
    "ebank": ("male", "female"),
    "call": ("男", "女"),
}


def accepts(source: str, document_type: np.ndarray) -> np.ndarray:
    """Whether the system has a code for each document type."""
    return np.isin(document_type, list(DOCUMENT_CODES[source]))


def document_codes(source: str, document_type: np.ndarray) -> np.ndarray:
    """The system's codes; null for no document."""
    codes = np.full(10, None, dtype=object)
    for kind, code in DOCUMENT_CODES[source].items():
        codes[kind] = code
    codes[NONE] = None
    return codes[document_type]


def sex_codes(source: str, sex: np.ndarray) -> np.ndarray:
    """The system's codes for 1 (man) and 2 (woman)."""
    return np.array([None, *SEX_CODES[source]], dtype=object)[sex]
