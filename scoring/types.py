"""The values that scoring hands back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["FloatArray", "IntArray", "ItemLosses", "ScoreResult", "TextArray"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
TextArray = NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class ItemLosses:
    """What each row of the truth cost one column: lower is better, whatever the direction.

    `ids[i]` names the row of `values[i]`: its key as text, parts of a composite key joined by `|`.
    `strata` numbers the part of the test set that each row belongs to, where the pack tells parts.
    """

    ids: Sequence[str]
    values: FloatArray
    strata: IntArray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ScoreResult:
    """Finite scores by board column, details per case, and losses where a metric has them."""

    scores: Mapping[str, float]
    cases: tuple[Mapping[str, object], ...] = ()
    losses: Mapping[str, ItemLosses] = field(default_factory=dict)
    picture: Mapping[str, object] | None = None
    """Which classes are confused, or how far off numbers are: plain JSON, see `mistakes`."""
