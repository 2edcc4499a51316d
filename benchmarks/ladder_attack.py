"""The boosting attack of Blum and Hardt (2015), section 3.3, on a plain board and on ours.

The attacker knows nothing: random answers, of which those that the board calls better than chance
are put to a vote. What counts is the gap between the score on A, which was asked, and on B.
"""

from collections.abc import Callable

import numpy as np

from scoring.ladder import Ladder, Rung
from scoring.types import FloatArray

ITEMS = 4000
ANSWERS = 400
ROUNDS = 10

Board = Callable[[FloatArray], float]


def report() -> list[str]:
    """Return a line for each board: the accuracy the attacker ends with on A and on B."""
    boards: dict[str, Callable[[], Board]] = {
        "plain board": _plain,
        "ladder, step 0.01": lambda: _ladder(Ladder(step=0.01)),
        "ladder without parameters": lambda: _ladder(Ladder()),
    }
    lines = [f"boosting attack, {ANSWERS} answers, {ITEMS:,} + {ITEMS:,} items, mean of {ROUNDS}"]
    for name, make in boards.items():
        found = np.array([_attack(make(), np.random.default_rng(seed)) for seed in range(ROUNDS)])
        on_a, on_b = found.mean(axis=0)
        lines.append(f"{name:30} A {on_a:.4f}   B {on_b:.4f}   gap {on_a - on_b:+.4f}")
    return lines


def _plain() -> Board:
    return lambda losses: float(losses.mean())


def _ladder(ladder: Ladder) -> Board:
    rungs = [Rung()]

    def ask(losses: FloatArray) -> float:
        rungs.append(ladder.climb(rungs[-1], losses))
        return rungs[-1].released

    return ask


def _attack(board: Board, rng: np.random.Generator) -> tuple[float, float]:
    truth = rng.integers(0, 2, 2 * ITEMS)
    votes = np.zeros(2 * ITEMS)
    for _ in range(ANSWERS):
        answer = rng.integers(0, 2, 2 * ITEMS)
        told = board((answer[:ITEMS] != truth[:ITEMS]).astype(np.float64))
        if told < 0.5:  # noqa: PLR2004 - better than chance
            votes += 2 * answer - 1
    final = (votes > 0).astype(np.int64)
    right = final == truth
    return float(right[:ITEMS].mean()), float(right[ITEMS:].mean())
