"""The numbers of a trained model, in a small JSON file.

A person can read it, two versions differ line by line, and it holds no customer value.
"""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

from pydantic import ValidationError

from matching.model import MatchModel
from warehouse.errors import SettingsError
from warehouse.site_file import SiteModel


class LevelNumbers(SiteModel):
    """How often a level is seen among matches (m) and among non-matches (u)."""

    m: float
    u: float


class LabelCounts(SiteModel):
    """Labelled pairs a model was trained with: matches and non-matches."""

    matches: int
    others: int


class Profile(SiteModel):
    """What training data looked like, in counts: missing values per field, levels per comparison and sort of pairs."""

    records: int
    missing: dict[str, int]
    random: dict[str, dict[str, int]]
    blocked: dict[str, dict[str, int]]


class Parameters(SiteModel):
    """A trained model; `records` and `fingerprint` say on which data, `labels` with which labelled pairs.

    `profile`: the data to compare later data with. `replaces`: version of the numbers that were in force before.
    """

    party_type: str
    structure_hash: str
    trained_as_of: str
    records: int
    fingerprint: str
    prior: float
    levels: dict[str, dict[str, LevelNumbers]]
    labels: LabelCounts | None = None
    profile: Profile | None = None
    replaces: str | None = None

    def of(self, comparison: str, level: str) -> tuple[float, float]:
        """The shares among matches (m) and among non-matches (u) of a level."""
        numbers = self.levels[comparison][level]
        return numbers.m, numbers.u

    @property
    def version(self) -> str:
        """Name of this model: a hash of its numbers and structure."""
        content = self.model_dump(mode="json", exclude_none=True, exclude={"profile", "replaces"})
        shown = json.dumps(content, sort_keys=True)
        return f"{self.party_type}-{hashlib.sha256(shown.encode()).hexdigest()[:12]}"


def stated_levels(model: MatchModel) -> dict[str, dict[str, LevelNumbers]]:
    """The numbers written in the model file."""
    return {
        item.comparison: {level.level: LevelNumbers(m=level.m, u=level.u) for level in item.levels}
        for item in model.comparisons
    }


def save_parameters(path: Path, parameters: Parameters) -> None:
    """Write the file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    text = json.dumps(parameters.model_dump(mode="json", exclude_none=True), indent=1, sort_keys=True)
    aside.write_text(text + "\n", encoding="utf-8")
    aside.replace(path)


def load_parameters(path: Path, model: MatchModel) -> Parameters | None:
    """The saved model, or None when there is none yet.

    Raises:
        SettingsError: the file is damaged, or the model file was changed since the training.
    """
    if not path.exists():
        return None
    parameters = read_parameters(path)
    if parameters.structure_hash != model.structure_hash:
        raise SettingsError(
            f"{path}: comparisons or training in the model file changed since this model was trained;"
            " remove this file to train anew, or take the change back"
        )
    return parameters


def read_parameters(path: Path) -> Parameters:
    """The numbers in a file, whatever model they are of.

    Raises:
        SettingsError: there is no such file, or it is damaged.
    """
    try:
        return Parameters.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such file; name a saved parameters.json") from None
    except (ValidationError, UnicodeDecodeError):
        raise SettingsError(f"{path}: not a trained model; remove it to train anew") from None


def prior_shift(parameters: Parameters, records: int) -> float:
    """Whole bits by which a match has become rarer since training, as the number of records grew.

    Matches per record stay about the same, so the chance that two random records match falls with their number. Whole
    bits only: a few new records must not move every weight.
    """
    return float(round(math.log2(max(records, 1) / max(parameters.records, 1))))
