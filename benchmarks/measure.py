"""Timing two things fairly: interleaved rounds, medians, one ratio."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """One row of the table. Times are seconds, memory GiB; `ratio` is ours over the reference."""

    name: str
    reference: str
    seconds: float
    reference_seconds: float
    is_memory: bool = False

    @property
    def ratio(self) -> float:
        """How many times the reference's time (or memory) ours takes."""
        return self.seconds / self.reference_seconds


def compare(
    name: str,
    ours: Callable[[], object],
    reference_name: str,
    reference: Callable[[], object],
    *,
    rounds: int = 5,
) -> Measured:
    """Run both in turns and compare the medians; one round before counts for nothing."""
    ours()
    reference()
    pairs = [(_time(ours), _time(reference)) for _ in range(rounds)]
    medians = [statistics.median(column) for column in zip(*pairs, strict=True)]
    return Measured(name, reference_name, medians[0], medians[1])


def _time(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
