"""Made numbers against the vectors of the standards."""

import numpy as np
import pytest

from connectors.demo import documents
from tests.demo_bank import is_card, is_organization_code, is_registry_number, is_resident_id, is_uscc


def texts(*values):
    return np.array(values, dtype=object)


def test_resident_ids_of_the_standards_annex():
    birth = np.array(["1949-12-31", "1880-01-01"], dtype="datetime64[D]")
    bodies = documents.resident_bodies(np.array([110105, 440524]), birth, np.array([2, 1]))
    assert list(documents.resident_ids(bodies)) == ["11010519491231002X", "440524188001010014"]


def test_the_old_form_has_neither_century_nor_check_digit():
    assert list(documents.shorten(texts("11010519491231002X"))) == ["110105491231002"]


def test_organization_numbers_of_the_standards():
    assert list(documents.organization_codes(np.array([60003734]))) == ["600037341"]
    assert list(documents.usccs(texts("91"), np.array([110000]), texts("600037341"))) == ["91110000600037341L"]
    assert list(documents.registry_numbers(np.array([110108]), np.array([1]))) == ["110108000000016"]


def test_a_card_number_has_its_prefix_length_and_luhn_digit():
    assert list(documents.cards(622588, np.array([123456789]), 16)) == ["6225881234567898"]


def test_a_wrong_digit_shows_at_every_place():
    number = "11010519491231002X"
    wrong = {documents.typo(number, place, step) for place in range(17) for step in range(1, 10)}
    assert len(wrong) == 17 * 9
    assert not any(map(is_resident_id, wrong))


def test_numbers_drawn_are_unique_and_not_taken():
    rng = np.random.default_rng(3)
    values = documents.draw_unique(
        rng, np.arange(50), rng.integers(0, 200, 100), lambda rows: rng.integers(0, 200, len(rows))
    )
    assert len(set(values)) == 100
    assert min(values) >= 50


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (is_resident_id, "11010519491231002X", "110105194912310021"),
        (is_card, "6228480402564890018", "6217000000000000000"),
        (is_uscc, "91350100M000100Y43", "91310115MA1G4L1WXK"),
        (is_organization_code, "600037341", "600037342"),
        (is_registry_number, "110108000000016", "110108000000017"),
    ],
)
def test_the_tests_own_check_digits_know_good_from_bad(check, good, bad):
    assert check(good)
    assert not check(bad)
