"""Drift on literals: what the index says of a shift, and that chance alone is never called drift."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from matching.drift import by_chance, compare_profiles, stability_index
from matching.model import DriftRule, load_model
from matching.parameters import Profile
from warehouse.settings import ROOT

COUNTS = st.fixed_dictionaries({name: st.integers(0, 10**6) for name in "abc"})


def test_the_index_of_a_known_shift():
    # half against a quarter: 0.25 ln 2 + 0.25 ln 1.5
    found = stability_index({"a": 50, "b": 50}, {"a": 25, "b": 75})
    assert found == pytest.approx(0.25 * math.log(2) + 0.25 * math.log(1.5))


@given(COUNTS, COUNTS)
def test_the_index_is_the_same_both_ways_and_never_negative(one, two):
    assert stability_index(one, two) == pytest.approx(stability_index(two, one))
    assert stability_index(one, two) >= 0
    assert stability_index(one, one) == 0


@pytest.mark.parametrize("levels", [2, 3, 6])
def test_what_chance_explains_is_the_chi_squared_quantile(levels):
    before, after = ({str(n): size for n in range(levels)} for size in (200, 20))
    exact = scipy.stats.chi2.ppf(0.999, levels - 1) * (1 / (200 * levels) + 1 / (20 * levels))
    # Wilson and Hilferty are off by 3 % at one degree of freedom, on the careful side
    assert exact <= by_chance(before, after) <= 1.04 * exact


def test_small_samples_of_one_population_hardly_ever_drift():
    rng, over = random.Random(1), 0
    for _ in range(500):
        one, two = (Counter(rng.choices("abc", (5, 3, 2), k=40)) for _ in range(2))
        counts = [{name: found[name] for name in "abc"} for found in (one, two)]
        over += stability_index(*counts) > max(0.2, by_chance(*counts))
    assert over <= 5


def test_each_thing_that_changed_is_named():
    model = load_model(ROOT / "config" / "models" / "organization.yml")
    levels = {c.comparison: dict.fromkeys([*(x.level for x in c.levels), "absent"], 500) for c in model.comparisons}
    before = Profile(records=1000, missing=dict.fromkeys(model.fields, 100), random=levels, blocked=levels)
    name, *_ = levels
    shifted = levels | {name: levels[name] | {"absent": 9000}}
    fields = before.missing | {"phone": 3000}
    after = Profile(records=5000, missing=fields, random=levels, blocked=shifted)
    assert not any(item.is_over for item in compare_profiles(model, before, before))
    over = [(item.kind, item.name) for item in compare_profiles(model, before, after) if item.is_over]
    # the other fields' share of gaps fell from 10 to 2 %: an index of 0.13, no drift
    assert over == [("records", "organization"), ("missing", "phone"), ("blocked", name)]


def test_limits_of_drift_do_not_unfit_a_trained_model():
    model = load_model(ROOT / "config" / "models" / "person.yml")
    stricter = model.training.model_copy(update={"drift": DriftRule(index=0.1, then="stop")})
    assert model.model_copy(update={"training": stricter}).structure_hash == model.structure_hash
    other = model.training.model_copy(update={"label_weight": 0.5})
    assert model.model_copy(update={"training": other}).structure_hash != model.structure_hash
