"""Reads of re-scores: progress, failures, and whom they move."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased, selectinload

from app.core.pagination import Page, PageRequest
from app.evaluations.models import FINISHED, Evaluation, State, Verdict
from app.evaluations.shadows import of_problem
from app.problems.models import Board, Problem
from app.rescoring.errors import RescoreNotFoundError
from app.rescoring.models import Rescore, RescoreMove, RescoreShadow, RescoreState
from app.submissions.models import Submission

FAULTS = frozenset({Verdict.SYSTEM_ERROR, Verdict.SCORER_ERROR})
"""Not what a team did: with these nothing is published."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the shadow scoring has come, in evaluations."""

    total: int
    done: int
    running: int
    faults: int
    """Of those done: failed by the scorer's fault or the platform's."""
    reused: int
    """Whose answer was kept, so that no code runs."""
    newly_failing: int
    newly_passing: int

    @property
    def missing(self) -> int:
        """How many are not done."""
        return self.total - self.done

    @property
    def share(self) -> float:
        """The part that is done, from 0 to 1."""
        return self.done / self.total if self.total else 1.0

    def left(self, since: datetime | None, now: datetime) -> timedelta | None:
        """Return how long the rest takes at the pace so far; None before anything is known."""
        if since is None or not self.done or not self.missing:
            return None
        return (now - since) / self.done * self.missing


def get_rescore(session: Session, number: int) -> Rescore:
    """Return a re-score with its problem and revision.

    Raises:
        RescoreNotFoundError: there is none of that number.
    """
    found = session.get(
        Rescore, number, options=[selectinload(Rescore.problem), selectinload(Rescore.revision)]
    )
    if found is None:
        raise RescoreNotFoundError(number=number)
    return found


def list_rescores(session: Session, problem: Problem) -> Sequence[Rescore]:
    """Return the re-scores of a problem, newest first."""
    return session.scalars(
        select(Rescore)
        .where(Rescore.problem_id == problem.id)
        .order_by(Rescore.id.desc())
        .options(selectinload(Rescore.revision))
    ).all()


def find_open(session: Session, problem: Problem) -> Rescore | None:
    """Return the re-score of a problem that is under way, or None."""
    return session.scalar(select(Rescore).where(Rescore.open_problem_id == problem.id))


def list_open_ids(session: Session) -> Sequence[int]:
    """Return the re-scores under way, oldest first."""
    return session.scalars(
        select(Rescore.id).where(Rescore.state != RescoreState.PUBLISHED).order_by(Rescore.id)
    ).all()


def without_shadow(rescore: Rescore) -> Select[Evaluation]:
    """Return what has to be scored by the new rules and has no shadow yet."""
    linked = select(RescoreShadow.evaluation_id).where(RescoreShadow.rescore_id == rescore.id)
    return of_problem(rescore.problem_id).where(Evaluation.id.not_in(linked))


def count_unfinished(session: Session, rescore: Rescore) -> int:
    """Count the shadows that wait or run."""
    return session.scalars(
        select(func.count(Evaluation.id))
        .join(RescoreShadow, RescoreShadow.shadow_id == Evaluation.id)
        .where(RescoreShadow.rescore_id == rescore.id, Evaluation.state.not_in(FINISHED))
    ).one()


def get_progress(session: Session, rescore: Rescore) -> Progress:
    """Count; three queries. Of a published one what was is counted."""
    shadow, original = aliased(Evaluation), aliased(Evaluation)
    rows = session.execute(
        select(
            original.state,
            shadow.state,
            shadow.verdict,
            shadow.reuses_id.is_not(None),
            func.count(),
        )
        .select_from(RescoreShadow)
        .join(shadow, shadow.id == RescoreShadow.shadow_id)
        .join(original, original.id == RescoreShadow.evaluation_id)
        .where(RescoreShadow.rescore_id == rescore.id)
        .group_by(original.state, shadow.state, shadow.verdict, shadow.reuses_id.is_not(None))
    ).all()
    missing = 0
    if rescore.state is not RescoreState.PUBLISHED:
        wanted = without_shadow(rescore).with_only_columns(func.count(Evaluation.id))
        missing = session.scalars(wanted).one()
    done = [row for row in rows if row[1] in FINISHED]
    return Progress(
        total=missing + sum(row[4] for row in rows),
        done=sum(row[4] for row in done),
        running=sum(row[4] for row in rows if row[1] in {State.RUNNING, State.SCORING}),
        faults=sum(row[4] for row in done if row[2] in FAULTS),
        reused=sum(row[4] for row in rows if row[3]),
        newly_failing=sum(
            row[4] for row in done if row[0] is State.SCORED and row[1] is not State.SCORED
        ),
        newly_passing=sum(
            row[4] for row in done if row[0] is not State.SCORED and row[1] is State.SCORED
        ),
    )


def list_turned(session: Session, rescore: Rescore, *, limit: int = 50) -> Sequence[RescoreShadow]:
    """Return whose verdict changes, and what failed by our fault: the oldest submissions first."""
    shadow, original = aliased(Evaluation), aliased(Evaluation)
    loaded = selectinload(RescoreShadow.shadow).selectinload(Evaluation.submission)
    return session.scalars(
        select(RescoreShadow)
        .join(shadow, shadow.id == RescoreShadow.shadow_id)
        .join(original, original.id == RescoreShadow.evaluation_id)
        .where(
            RescoreShadow.rescore_id == rescore.id,
            shadow.state.in_(FINISHED),
            (shadow.state != original.state) | shadow.verdict.in_(FAULTS),
        )
        .order_by(shadow.submission_id, shadow.id)
        .limit(limit)
        .options(loaded.selectinload(Submission.team), selectinload(RescoreShadow.evaluation))
    ).all()


def list_faults(session: Session, rescore: Rescore) -> Sequence[RescoreShadow]:
    """Return the shadows that failed by the scorer's fault or the platform's."""
    return session.scalars(
        select(RescoreShadow)
        .join(Evaluation, Evaluation.id == RescoreShadow.shadow_id)
        .where(RescoreShadow.rescore_id == rescore.id, Evaluation.verdict.in_(FAULTS))
    ).all()


@dataclass(frozen=True, slots=True)
class MoveCounts:
    """How many teams a re-score moves on a board."""

    board: Board
    teams: int
    up: int
    down: int
    comes: int
    goes: int


def count_moves(session: Session, rescore: Rescore, board: Board) -> MoveCounts:
    """Count whom a re-score moves on a board, in one query."""
    old, new = RescoreMove.old_rank, RescoreMove.new_rank
    row = session.execute(
        select(
            func.count(),
            func.count().filter(new < old),
            func.count().filter(new > old),
            func.count().filter(old.is_(None)),
            func.count().filter(new.is_(None)),
        ).where(RescoreMove.rescore_id == rescore.id, RescoreMove.board == board)
    ).one()
    return MoveCounts(board, *row)


def list_moves(
    session: Session, rescore: Rescore, board: Board, page: PageRequest
) -> Page[RescoreMove]:
    """Return where a re-score moves the teams of a board, by their new ranks; those off it last."""
    wanted = select(RescoreMove).where(
        RescoreMove.rescore_id == rescore.id, RescoreMove.board == board
    )
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    rows = session.scalars(
        wanted.options(selectinload(RescoreMove.team))
        .order_by(
            RescoreMove.new_rank.is_(None),
            RescoreMove.new_rank,
            RescoreMove.old_rank,
            RescoreMove.team_id,
        )
        .offset(page.offset)
        .limit(page.per_page)
    ).all()
    return Page(rows, total, page)
