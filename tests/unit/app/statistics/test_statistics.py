"""A board's statistics: from kept losses to intervals and groups, one entry at a time."""

import io
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core.blobs import LocalBlobs
from app.core.platform import Platform
from app.evaluations.losses import read_losses
from app.evaluations.models import Evaluation
from app.evaluations.standings import rebuild, refresh_team
from app.problems.models import Board, Problem
from app.statistics import operations
from app.statistics.jobs import refresh, ring_stale
from app.statistics.models import BoardStatistics, ScoreInterval
from app.statistics.queries import find_chance, find_statistics
from scoring.kept_losses import KeptLosses, pack_losses
from scoring.types import ItemLosses, ScoreResult
from tests.factories import make_problem, make_submission, make_team
from tests.factories.problems import SPEC
from tests.fakes.ports import FrozenClock, MemoryQueue

ITEMS = 400


def keep(
    blobs: LocalBlobs, values: np.ndarray, truth: str = "t", strata: np.ndarray | None = None
) -> str:
    ids = tuple(f"{truth}{number}" for number in range(len(values)))
    result = ScoreResult({}, losses={"accuracy": ItemLosses(ids, values, strata)})
    packed = pack_losses({"A": result, "B": result})
    assert packed is not None
    return blobs.put(io.BytesIO(packed)).digest


def wrong(share: float, seed: int = 1) -> np.ndarray:
    return (np.random.default_rng(seed).random(ITEMS) < share).astype(float)


def enter(
    session: Session,
    blobs: LocalBlobs,
    problem: Problem,
    values: np.ndarray,
    truth: str = "t",
    strata: np.ndarray | None = None,
) -> int:
    score = 1 - float(values.mean())
    scores = {"A": {"accuracy": score}, "B": {"accuracy": score}}
    team = make_team(session, problem=problem)
    submission = make_submission(session, problem=problem, team=team, scores=scores)
    evaluation = session.scalars(
        select(Evaluation).where(Evaluation.submission_id == submission.id)
    ).one()
    evaluation.losses_blob = keep(blobs, values, truth, strata)
    session.flush()
    refresh_team(session, problem, team.id, now=submission.created_at)
    return evaluation.id


@pytest.fixture
def problem(platform: Platform) -> Problem:
    column = {"key": "accuracy", "metric": "accuracy", "target": "label", "direction": "max"}
    scoring = {"partition": "rows", "columns": [{**column, "primary": True}]}
    with platform.database.transaction() as session:
        found = make_problem(session, slug="pcb", spec={**SPEC, "slug": "pcb", "scoring": scoring})
        rebuild(session, found, now=found.created_at)
        return found


def shown(platform: Platform, problem: Problem) -> dict[int, tuple[float, float, int]]:
    with platform.database.reading() as session:
        rows = session.scalars(select(ScoreInterval).where(ScoreInterval.board == Board.A))
        return {row.evaluation_id: (row.low, row.high, row.level_group) for row in rows}


def test_intervals_hold_the_score_and_the_clearly_worse_lead_another_group(
    platform: Platform, blobs: LocalBlobs, problem: Problem
) -> None:
    with platform.database.transaction() as session:
        found = session.get_one(Problem, problem.id)
        best = enter(session, blobs, found, wrong(0.10))
        level = enter(session, blobs, found, wrong(0.11, seed=2))
        worse = enter(session, blobs, found, wrong(0.4, seed=3))
    assert refresh(platform, problem.id, Board.A)
    found_now = shown(platform, problem)
    assert [found_now[one][2] for one in (best, level, worse)] == [1, 1, 2]
    low, high, _ = found_now[best]
    assert low < 1 - wrong(0.10).mean() < high
    assert 0.02 < high - low < 0.12  # about 4 · √(0.1·0.9/400)
    with platform.database.reading() as session:
        chance = find_chance(session, blobs, problem.id, Board.A, (best, worse))
        unknown = find_chance(session, blobs, problem.id, Board.A, (best, 10_000))
    assert chance is not None
    assert chance > 0.99
    assert unknown is None


def test_one_more_entry_reads_one_more_blob(
    platform: Platform, blobs: LocalBlobs, problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def noting(store: LocalBlobs, digest: str, board: Board, column: str) -> KeptLosses | None:
        read.append(digest)
        return read_losses(store, digest, board, column)

    monkeypatch.setattr(operations, "read_losses", noting)
    with platform.database.transaction() as session:
        found = session.get_one(Problem, problem.id)
        for seed in range(3):
            enter(session, blobs, found, wrong(0.2, seed))
    refresh(platform, problem.id, Board.A)
    assert len(read) == 3
    before = shown(platform, problem)
    with platform.database.transaction() as session:
        enter(session, blobs, session.get_one(Problem, problem.id), wrong(0.3, 9))
    refresh(platform, problem.id, Board.A)
    assert len(read) == 4
    after = shown(platform, problem)
    assert len(after) == 4
    assert {key: after[key][:2] for key in before} == {key: one[:2] for key, one in before.items()}


def test_a_replaced_truth_begins_anew(
    platform: Platform, blobs: LocalBlobs, problem: Problem
) -> None:
    with platform.database.transaction() as session:
        enter(session, blobs, session.get_one(Problem, problem.id), wrong(0.2))
    refresh(platform, problem.id, Board.A)
    with platform.database.transaction() as session:
        found = session.get_one(Problem, problem.id)
        session.execute(update(Evaluation).values(losses_blob=None))
        new = enter(session, blobs, found, wrong(0.3), truth="other")
    refresh(platform, problem.id, Board.A)
    assert set(shown(platform, problem)) == {new}


def test_the_sweep_asks_once_and_again_when_nobody_came(
    platform: Platform,
    blobs: LocalBlobs,
    problem: Problem,
    queue: MemoryQueue,
    clock: FrozenClock,
) -> None:
    with platform.database.transaction() as session:
        enter(session, blobs, session.get_one(Problem, problem.id), wrong(0.2))
    assert ring_stale(platform) == 2  # both boards
    assert ring_stale(platform) == 0
    clock.tick(timedelta(minutes=2))
    assert ring_stale(platform) == 2
    for board in Board:
        assert refresh(platform, problem.id, board)
        assert not refresh(platform, problem.id, board)
    clock.tick(timedelta(minutes=2))
    assert ring_stale(platform) == 0


def test_a_dead_workers_claim_runs_out(
    platform: Platform, blobs: LocalBlobs, problem: Problem, clock: FrozenClock
) -> None:
    with platform.database.transaction() as session:
        enter(session, blobs, session.get_one(Problem, problem.id), wrong(0.2))
        assert operations.claim(session, problem.id, Board.A, now=clock.now()) is not None
    assert not refresh(platform, problem.id, Board.A)
    clock.tick(operations.LEASE + timedelta(seconds=1))
    assert refresh(platform, problem.id, Board.A)


def test_a_metric_that_does_not_decompose_is_settled_at_once(
    platform: Platform, problem: Problem, blobs: LocalBlobs
) -> None:
    with platform.database.transaction() as session:
        other = make_problem(session, slug="other")  # macro F1
        rebuild(session, other, now=other.created_at)
        enter(session, blobs, other, wrong(0.2))
    assert refresh(platform, other.id, Board.A)
    assert not refresh(platform, other.id, Board.A)
    with platform.database.reading() as session:
        kept = session.get_one(BoardStatistics, (other.id, Board.A))
        known = find_statistics(session, other.id, Board.A, [1, 2])
    assert (kept.draws_blob, known.spreads, known.is_stale) == (None, {}, False)


def test_strata_are_kept_in_every_draw(
    platform: Platform, blobs: LocalBlobs, problem: Problem
) -> None:
    """Losses that are the same within each stratum leave nothing to chance."""
    strata = np.repeat([0, 1], [100, 300])
    with platform.database.transaction() as session:
        found = session.get_one(Problem, problem.id)
        sure = enter(session, blobs, found, (strata == 0).astype(float), strata=strata)
        drawn = enter(session, blobs, found, wrong(0.25), strata=strata)
    assert refresh(platform, problem.id, Board.A)
    low, high, _ = shown(platform, problem)[sure]
    assert low == pytest.approx(0.75)
    assert high == pytest.approx(0.75)
    low, high, _ = shown(platform, problem)[drawn]
    assert high - low > 0.05


def test_what_is_no_file_of_losses_is_no_entry(blobs: LocalBlobs) -> None:
    junk = blobs.put(io.BytesIO(b"not a zip")).digest
    assert read_losses(blobs, junk, Board.A, "accuracy") is None
    kept = keep(blobs, wrong(0.1))
    assert read_losses(blobs, kept, Board.A, "other") is None
    assert read_losses(blobs, keep(blobs, np.full(3, np.nan)), Board.A, "accuracy") is None
