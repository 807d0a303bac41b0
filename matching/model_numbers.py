"""A trained model's numbers for people: what each level weighs, whether data showed it, what a training changed."""

from __future__ import annotations

import math
from typing import Any

from matching.model import MatchModel
from matching.parameters import Parameters


def bits(parameters: Parameters, comparison: str, level: str) -> float:
    """The weight of a level, log2(m / u)."""
    m, u = parameters.of(comparison, level)
    return round(math.log2(m / u), 2)


def describe(model: MatchModel, parameters: Parameters) -> dict[str, Any]:
    """Everything about a trained model.

    Returns:
        party_type, version, replaces, trained_as_of, records, fingerprint, prior, labels (matches, others, or None),
        thresholds, and levels: comparison, level, m, u, bits, stated_bits, basis (`seen`: pairs of the training profile
        reached it; `stated`: none did, so the stated default rules; `like <level>`; `unknown`: an old file).
    """
    shown = parameters.model_dump(mode="json", exclude={"levels", "profile", "structure_hash"})
    levels = [
        {
            "comparison": item.comparison,
            "level": level.level,
            "m": parameters.of(item.comparison, level.level)[0],
            "u": parameters.of(item.comparison, level.level)[1],
            "bits": bits(parameters, item.comparison, level.level),
            "stated_bits": round(math.log2(level.m / level.u), 2),
            "basis": f"like {level.like}" if level.like else _basis(parameters, item.comparison, level.level),
        }
        for item in model.comparisons
        for level in item.levels
    ]
    thresholds = {"link": model.thresholds.link, "review": model.thresholds.review}
    return shown | {"version": parameters.version, "thresholds": thresholds, "levels": levels}


def _basis(parameters: Parameters, comparison: str, level: str) -> str:
    if parameters.profile is None:
        return "unknown"
    seen = parameters.profile.random[comparison][level] + parameters.profile.blocked[comparison][level]
    return "seen" if seen else "stated"


def changes(model: MatchModel, before: Parameters, after: Parameters) -> list[dict[str, Any]]:
    """Level by level: comparison, level, bits before (None when there was no such level) and after, change."""
    found = []
    for item in model.comparisons:
        for level in item.levels:
            new = bits(after, item.comparison, level.level)
            known = level.level in before.levels.get(item.comparison, {})
            old = bits(before, item.comparison, level.level) if known else None
            change = round(new - old, 2) if old is not None else None
            found.append(
                {"comparison": item.comparison, "level": level.level, "before": old, "after": new, "change": change}
            )
    return found
