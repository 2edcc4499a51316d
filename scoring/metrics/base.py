"""What a metric is: a named, pure function with its direction, range, needs and source."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar, cast

import numpy as np

from scoring.spec import Direction, ParamValue
from scoring.types import FloatArray, IntArray, TextArray

__all__ = ["Kind", "Memo", "Metric", "Param", "ParamKind", "Sample", "UndefinedMetricError"]

Value = TypeVar("Value")


class Kind(StrEnum):
    """What a column holds for a metric.

    `score` is any number that grows with the chance of the positive class, `probability` one
    between 0 and 1. `text` is a cell the metric reads for itself: words, or a list of things.
    """

    LABEL = "label"
    NUMBER = "number"
    SCORE = "score"
    PROBABILITY = "probability"
    TEXT = "text"


class ParamKind(StrEnum):
    """What a metric's parameter holds."""

    NUMBER = "number"
    NUMBERS = "numbers"
    LABELS = "labels"
    COUNT = "count"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of a metric.

    Numbers lie strictly between `low` and `high`, a count is a whole number from 1 to `high`, a
    choice is one of `choices`. `default` applies where a pack does not say.
    """

    kind: ParamKind
    required: bool = False
    low: float = 0.0
    high: float = 1.0
    choices: tuple[str, ...] = ()
    default: float | str | None = None


class Memo:
    """What the columns of one answer have worked out already, so that none does it again."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._found: dict[Hashable, object] = {}

    def once(self, key: Hashable, work: Callable[[], Value]) -> Value:
        """Return what `work` gives, asking it only the first time; keys say what the value is."""
        if key not in self._found:
            self._found[key] = work()
        return cast("Value", self._found[key])


NO_TEXTS: TextArray = np.empty((0, 0), dtype=object)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One board's rows as a metric sees them, matched by key, in the truth's order.

    `truth` has shape (n,): floats for numbers, else the index of the row's class, which for a
    binary metric is 1 where the row is positive; where the metric takes several target columns the
    shape is (n, t). `prediction` has shape (n,), or (n, k) where the metric takes several columns.
    `true_texts` (n, t) and `texts` (n, k) take their place where the metric reads cells of text.
    `lines` are the answer's lines, `names` its columns, `targets` the truth's. `memo` is shared by
    the columns that are scored on the same rows; `ids` name those.
    """

    truth: FloatArray | IntArray
    prediction: FloatArray | IntArray
    lines: IntArray
    names: tuple[str, ...]
    params: Mapping[str, ParamValue] = field(default_factory=dict)
    true_texts: TextArray = field(default_factory=lambda: NO_TEXTS)
    texts: TextArray = field(default_factory=lambda: NO_TEXTS)
    targets: tuple[str, ...] = ()
    memo: Memo = field(default_factory=Memo)
    ids: Sequence[str] = ()

    def once(self, what: Hashable, work: Callable[[], Value]) -> Value:
        """Work out what follows from these columns alone, once for all metrics that ask."""
        return self.memo.once((what, self.targets, self.names), work)

    def number(self, name: str) -> float:
        """Return a numeric parameter."""
        value = self.params[name]
        if isinstance(value, tuple | str):
            message = f"parameter {name} is not a number"
            raise TypeError(message)
        return float(value)

    def choice(self, name: str) -> str:
        """Return a parameter that is one of several words."""
        return str(self.params[name])

    def numbers(self, name: str) -> tuple[float, ...]:
        """Return a parameter that lists numbers."""
        value = self.params[name]
        return tuple(float(item) for item in (value if isinstance(value, tuple) else (value,)))


class UndefinedMetricError(Exception):
    """The data leave the metric without a value; `code` is a message of the catalogue."""

    def __init__(self, code: str) -> None:
        """Take the catalogue's code."""
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """A metric of the registry.

    `direction` None leaves the choice to the pack. `predictions` is how many answer columns it
    takes; None means one for two classes, else one per class (or per quantile). `best` is what a
    perfect answer scores. `loss` is what each row contributes, lower being better; None where the
    metric does not decompose. `cases` tells more of each row, for the team to read: plain JSON
    values, in the rows' order. `source` says where the definition comes from. `targets` names what
    the truth's columns hold, in order; () means one of the same kind per answer column. `perfect`
    writes the answer's cell that a true cell of text asks for; where that need not be the best
    there is, `reaches_best` is false. `example` shows a row of a truth of text, which a new pack
    begins with. A score's distance from `best` grows with the mean loss to the `power`.
    """

    name: str
    direction: Direction | None
    low: float
    high: float
    target: Kind
    prediction: Kind
    score: Callable[[Sample], float]
    source: str
    loss: Callable[[Sample], FloatArray] | None = None
    cases: Callable[[Sample], Sequence[Mapping[str, object]]] | None = None
    predictions: int | None = 1
    params: Mapping[str, Param] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    targets: tuple[str, ...] = ("value",)
    perfect: Callable[[str], str] = str
    reaches_best: bool = True
    example: tuple[str, ...] = ()
    power: float = 1.0

    @property
    def best(self) -> float:
        """What a perfect answer scores."""
        return self.low if self.direction is Direction.MIN else self.high
