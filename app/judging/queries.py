"""Reads of the desk: every board, the rows of one problem on both, and who signed what."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from app.core.pagination import Page, PageRequest
from app.evaluations.models import FINISHED, Evaluation, State
from app.evaluations.standings import map_scores
from app.judging.models import SignOff
from app.leaderboards.queries import Row, View, list_board
from app.problems.models import Board, Problem
from app.reviews.queries import Opinion, count_flagged, map_opinions
from app.standings.models import Standing
from app.standings.queries import Stretch, in_stretch, map_ranks, on_board
from app.submissions.models import Submission

_UNFINISHED: Final = tuple(state for state in State if state not in FINISHED)
_NOTHING: Final = Opinion()


@dataclass(frozen=True, slots=True)
class DeskProblem:
    """One problem on the desk."""

    problem: Problem
    teams: int
    """How many teams have a score."""
    flagged: int
    unfinished: int
    signatures: Mapping[Board, Sequence[SignOff]]


@dataclass(frozen=True, slots=True)
class OnB:
    """Where a team stands on board B, and with which submission."""

    rank: int | None
    submission_id: int
    score: float | None


@dataclass(frozen=True, slots=True)
class DeskRow:
    """One team on both boards of a problem."""

    row: Row
    on_b: OnB | None
    opinion: Opinion

    @property
    def shift(self) -> int | None:
        """How many places the team moves from A to B; positive is up."""
        if self.on_b is None or self.on_b.rank is None or self.row.rank is None:
            return None
        return self.row.rank - self.on_b.rank


def list_desk(session: Session) -> list[DeskProblem]:
    """Return every problem on the site with the state of its review; five queries."""
    problems = session.scalars(
        select(Problem)
        .where(Problem.withdrawn_at.is_(None))
        .order_by(Problem.slug)
        .options(selectinload(Problem.stages))
    ).all()
    ids = [problem.id for problem in problems]
    teams = _count_scored_teams(session, ids)
    flagged, unfinished = count_flagged(session, ids), count_unfinished(session, ids)
    signed = _map_signatures(session, ids)
    return [
        DeskProblem(
            one,
            teams.get(one.id, 0),
            flagged.get(one.id, 0),
            unfinished.get(one.id, 0),
            {stage.key: signed.get((one.id, stage.key), []) for stage in one.stages},
        )
        for one in problems
    ]


def list_rows(
    session: Session, on_a: View, on_b: View | None, request: PageRequest
) -> Page[DeskRow]:
    """Return one page of board A, each team with its place on B and what was said about it."""
    page = list_board(session, on_a, request)
    others = {} if on_b is None else _map_on_b(session, on_b, [row.team_id for row in page.items])
    submissions = {row.submission_id for row in page.items}
    submissions |= {one.submission_id for one in others.values()}
    opinions = map_opinions(session, sorted(submissions))
    rows = [
        DeskRow(row, others.get(row.team_id), opinions.get(row.submission_id, _NOTHING))
        for row in page.items
    ]
    return Page(rows, page.total, page.request)


def list_signatures(session: Session, problem: Problem) -> Sequence[SignOff]:
    """Return every sign-off of a problem, newest first, lifted ones too."""
    return session.scalars(
        select(SignOff)
        .where(SignOff.problem_id == problem.id)
        .order_by(SignOff.id.desc())
        .options(selectinload(SignOff.judge), selectinload(SignOff.lifted_by))
    ).all()


def standing_signatures(session: Session, problem: Problem, board: Board) -> Sequence[SignOff]:
    """Return the sign-offs of a board that stand."""
    return session.scalars(
        select(SignOff).where(
            SignOff.problem_id == problem.id, SignOff.board == board, SignOff.lifted_at.is_(None)
        )
    ).all()


def digest_ranking(session: Session, problem: Problem, board: Board) -> tuple[str, int]:
    """Return the SHA-256 of a board as it is now, and how many teams it ranks.

    One line a team in the order of the board: team, submission, evaluation and the key by which
    it is ordered, so that any other score, order or evaluation is another digest.
    """
    digest, count = sha256(), 0
    for line in _ranking(session, Stretch(problem.id, board)):
        digest.update(line)
        count += 1
    return digest.hexdigest(), count


def count_unfinished(session: Session, problem_ids: Sequence[int]) -> dict[int, int]:
    """Return how many evaluations of each problem have not ended, try runs left out."""
    rows = session.execute(
        select(Submission.problem_id, func.count(Evaluation.id))
        .join(Evaluation, Evaluation.submission_id == Submission.id)
        .where(
            Submission.problem_id.in_(problem_ids),
            Submission.is_debug.is_(False),
            Evaluation.is_current,
            Evaluation.state.in_(_UNFINISHED),
        )
        .group_by(Submission.problem_id)
    )
    return {row[0]: row[1] for row in rows}


def _ranking(session: Session, stretch: Stretch) -> Iterator[bytes]:
    rows = session.execute(
        select(Standing.team_id, Standing.submission_id, Standing.evaluation_id, Standing.place_key)
        .where(*in_stretch(stretch))
        .order_by(Standing.place_key)
        .execution_options(yield_per=1000)
    )
    for team, submission, evaluation, key in rows:
        yield f"{team} {submission} {evaluation} {bytes(key).hex()}\n".encode()


def _count_scored_teams(session: Session, ids: Sequence[int]) -> dict[int, int]:
    rows = session.execute(
        select(Submission.problem_id, func.count(Submission.team_id.distinct()))
        .join(Evaluation, Evaluation.submission_id == Submission.id)
        .where(
            Submission.problem_id.in_(ids),
            Submission.is_debug.is_(False),
            Submission.retracted_at.is_(None),
            Evaluation.is_current,
            Evaluation.state == State.SCORED,
        )
        .group_by(Submission.problem_id)
    )
    return {row[0]: row[1] for row in rows}


def _map_signatures(session: Session, ids: Sequence[int]) -> dict[tuple[int, Board], list[SignOff]]:
    found: dict[tuple[int, Board], list[SignOff]] = {}
    for one in session.scalars(
        select(SignOff)
        .where(SignOff.problem_id.in_(ids), SignOff.lifted_at.is_(None))
        .order_by(SignOff.id)
        .options(selectinload(SignOff.judge))
    ):
        found.setdefault((one.problem_id, one.board), []).append(one)
    return found


def _map_on_b(session: Session, view: View, team_ids: Sequence[int]) -> dict[int, OnB]:
    ranks = map_ranks(session, view.stretch, team_ids, view.rank_width)
    rows = session.scalars(
        select(Standing).where(*on_board(view.stretch), Standing.team_id.in_(team_ids))
    ).all()
    scores = map_scores(session, view.board, [row.evaluation_id for row in rows])
    key = view.rules.scoring.primary.key
    return {
        row.team_id: OnB(
            ranks.get(row.team_id),
            row.submission_id,
            scores.get(row.evaluation_id, {}).get(key),
        )
        for row in rows
    }
