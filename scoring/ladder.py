"""The Ladder: a board that can be asked often without giving the hidden labels away.

A new answer's loss is released only when it is clearly better than the best released before; else
the team sees its last released value again, so guessing from small differences finds nothing. Blum
and Hardt (2015): the Ladder with a fixed step (figure 1) and the one without parameters (figure 2).

There losses are between 0 and 1. Ours need not be, so the second rounds to 1/n of the power of ten
above the loss, which for theirs is 1/n, and an answer scored on other items than the one before is
compared by the standard error of two independent means.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from scoring.types import FloatArray

__all__ = ["Ladder", "Rung", "step_ladder", "step_parameter_free"]


_LARGEST: Final = 308
"""The power of ten of the largest float."""


@dataclass(frozen=True, slots=True, eq=False)
class Rung:
    """Where a team stands: the loss it was last told, and the losses by item behind it."""

    released: float = math.inf
    losses: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class Ladder:
    """The rule of a board: `step` None is the ladder without parameters."""

    step: float | None = None

    def __post_init__(self) -> None:
        """Refuse a step that is none; raise ValueError."""
        if self.step is not None and not (self.step > 0 and math.isfinite(self.step)):
            message = "the step of a ladder is a positive number"
            raise ValueError(message)

    def climb(self, rung: Rung, losses: FloatArray, *, is_paired: bool = True) -> Rung:
        """Return where a team stands after one more answer with these losses by item.

        `is_paired` says that they are of the items, in the order, of the rung's losses. A fixed
        step looks at their mean alone: the mean itself will do.
        """
        if self.step is None:
            return step_parameter_free(rung, losses, is_paired=is_paired)
        return step_ladder(rung, losses, self.step)


def step_ladder(rung: Rung, losses: FloatArray, step: float) -> Rung:
    """Release the mean loss, rounded to the step, where it is more than a step better."""
    mean = float(losses.mean())
    steps = mean / step
    if mean < rung.released - step:
        return Rung(round(steps) * step if math.isfinite(steps) else mean, losses)
    return rung


def step_parameter_free(rung: Rung, losses: FloatArray, *, is_paired: bool = True) -> Rung:
    """Release the mean loss where it is better by more than the standard error of the difference.

    The released value is rounded to 1/n of its power of ten, n the number of items.
    """
    mean, items = float(losses.mean()), len(losses)
    margin = 0.0
    if rung.losses is not None and items > 1:
        margin = _standard_error(rung.losses, losses, is_paired=is_paired)
    if mean < rung.released - margin:
        return Rung(_rounded(mean, items), losses)
    return rung


def _standard_error(before: FloatArray, after: FloatArray, *, is_paired: bool) -> float:
    if is_paired:
        return float(np.std(after - before, ddof=1)) / math.sqrt(len(after))
    return math.sqrt(sum(_variance_of_mean(one) for one in (before, after)))


def _variance_of_mean(losses: FloatArray) -> float:
    return float(np.var(losses, ddof=1)) / len(losses) if len(losses) > 1 else 0.0


def _rounded(mean: float, items: int) -> float:
    scale = 10.0 ** min(math.ceil(math.log10(abs(mean))), _LARGEST) if mean else 1.0
    steps = mean / scale * items if scale else math.inf
    rounded = round(steps) / items * scale if math.isfinite(steps) else mean
    return rounded if math.isfinite(rounded) else mean
