"""The Ladder: a board that can be asked often without giving the hidden labels away.

A new answer's loss is released only when it is clearly better than the best released before; else
the team sees its last released value again, so guessing from small differences finds nothing. Blum
and Hardt (2015): the Ladder with a fixed step (figure 1) and the one without parameters (figure 2).
"""

import math
from dataclasses import dataclass

import numpy as np

from scoring.types import FloatArray

__all__ = ["Ladder", "Rung", "step_ladder", "step_parameter_free"]


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

    def climb(self, rung: Rung, losses: FloatArray) -> Rung:
        """Return where a team stands after one more answer with these losses by item."""
        if self.step is None:
            return step_parameter_free(rung, losses)
        return step_ladder(rung, losses, self.step)


def step_ladder(rung: Rung, losses: FloatArray, step: float) -> Rung:
    """Release the mean loss, rounded to the step, where it is more than a step better."""
    mean = float(losses.mean())
    steps = mean / step
    if mean < rung.released - step:
        return Rung(round(steps) * step if math.isfinite(steps) else mean, losses)
    return rung


def step_parameter_free(rung: Rung, losses: FloatArray) -> Rung:
    """Release the mean loss where it is better by more than the standard error of the difference.

    The released value is rounded to 1/n, n the number of items.
    """
    mean, items = float(losses.mean()), len(losses)
    margin = 0.0
    if rung.losses is not None and items > 1:
        margin = float(np.std(losses - rung.losses, ddof=1)) / math.sqrt(items)
    if mean < rung.released - margin:
        steps = mean * items
        return Rung(round(steps) / items if math.isfinite(steps) else mean, losses)
    return rung
