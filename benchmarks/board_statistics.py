"""Intervals and groups of a large board against the one matrix product nobody gets around."""

import numpy as np

from benchmarks.measure import Measured, compare
from scoring.bootstrap import Resampler, score_intervals, tied_groups

TEAMS = 1000
ITEMS = 10_000
RESAMPLES = 1000


def run() -> list[Measured]:
    """Measure a whole board, and one that gains a team."""
    rng = np.random.default_rng(0)
    hardness = rng.random(ITEMS)
    skill = 0.05 + 0.5 * np.arange(TEAMS)[:, None] / TEAMS
    losses = (hardness + 0.3 * rng.random((TEAMS, ITEMS)) < skill).astype(np.float64)
    losses = losses[np.argsort(losses.mean(axis=1))]
    scores = (1.0 - losses.mean(axis=1)).tolist()
    counts = rng.multinomial(ITEMS, np.full(ITEMS, 1 / ITEMS), RESAMPLES).astype(np.float64)
    draws = Resampler(ITEMS, RESAMPLES)
    means = draws.means(losses)

    def whole() -> None:
        found = draws.means(losses)
        score_intervals(scores, losses, found, best=1.0)
        tied_groups(losses, found)

    def one_team() -> None:
        fresh = np.vstack([means[:-1], draws.means(losses[-1:])])
        score_intervals(scores, losses, fresh, best=1.0)
        tied_groups(losses, fresh)

    def product() -> None:
        losses @ counts.T

    reference = "the matrix product alone"
    name = f"intervals and groups, {TEAMS:,} teams × {ITEMS:,} items"
    return [
        compare(name, whole, reference, product, rounds=3),
        compare(
            "the same when one team changes",
            one_team,
            "the matrix product alone",
            product,
            rounds=3,
        ),
    ]
