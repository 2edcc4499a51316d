"""Reads of the pairs that are alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.strategy_options import _AbstractLoad

from app.core.pagination import Page, PageRequest
from app.evaluations.models import Evaluation, Score
from app.problems.models import Board, Problem
from app.similarity.entries import describe_entry
from app.similarity.errors import PairNotFoundError
from app.similarity.models import Comparison, Likeness, SimilarPair
from app.similarity.reading import Entry
from app.submissions.models import Submission
from problems.spec import ProblemSpec


@dataclass(frozen=True, slots=True)
class PairRow:
    """Two entries of different teams and in what they are alike."""

    first: Submission
    """The earlier one."""
    second: Submission
    shares: Mapping[Likeness, float]


@dataclass(frozen=True, slots=True)
class Side:
    """One entry of a pair, with what is needed to read it."""

    entry: Entry
    scores: Mapping[Board, Mapping[str, float]]


def find_comparison(session: Session, problem: Problem) -> Comparison | None:
    """Return the state of a problem's comparison, None where none was made."""
    return session.get(Comparison, problem.id)


def list_pairs(session: Session, problem: Problem, request: PageRequest) -> Page[PairRow]:
    """Return one page of the pairs that are alike, the most alike first; four queries at most."""
    of_problem = SimilarPair.problem_id == problem.id
    grouped = (
        select(SimilarPair.first_id, SimilarPair.second_id, func.max(SimilarPair.share).label("s"))
        .where(of_problem)
        .group_by(SimilarPair.first_id, SimilarPair.second_id)
    )
    total = session.scalar(select(func.count()).select_from(grouped.subquery())) or 0
    order = (
        grouped.order_by(
            func.max(SimilarPair.share).desc(), SimilarPair.first_id, SimilarPair.second_id
        )
        .offset(request.offset)
        .limit(request.per_page)
        .subquery()
    )
    pairs = session.scalars(
        _with_teams()
        .join(
            order,
            (SimilarPair.first_id == order.c.first_id)
            & (SimilarPair.second_id == order.c.second_id),
        )
        .where(of_problem)
        .order_by(order.c.s.desc(), SimilarPair.first_id, SimilarPair.second_id)
    ).all()
    return Page(_rows(pairs), total, request)


def list_pairs_of(session: Session, submission: Submission) -> list[PairRow]:
    """Return the pairs of one submission, the most alike first."""
    pairs = session.scalars(
        _with_teams()
        .where(or_(SimilarPair.first_id == submission.id, SimilarPair.second_id == submission.id))
        .order_by(SimilarPair.share.desc(), SimilarPair.first_id, SimilarPair.second_id)
    ).all()
    return _rows(pairs)


def count_pairs(session: Session, problem_ids: Sequence[int]) -> dict[int, int]:
    """Return how many pairs of each problem are alike in one way or another."""
    pairs = (
        select(SimilarPair.problem_id, SimilarPair.first_id, SimilarPair.second_id)
        .where(SimilarPair.problem_id.in_(problem_ids))
        .distinct()
        .subquery()
    )
    rows = session.execute(select(pairs.c.problem_id, func.count()).group_by(pairs.c.problem_id))
    return {row[0]: row[1] for row in rows}


def get_pair(session: Session, first_id: int, second_id: int) -> PairRow:
    """Return one pair.

    Raises:
        PairNotFoundError: these two were not found to be alike.
    """
    pairs = session.scalars(
        _with_teams()
        .where(SimilarPair.first_id == first_id, SimilarPair.second_id == second_id)
        .options(
            joinedload(SimilarPair.first).options(*_whole()),
            joinedload(SimilarPair.second).options(*_whole()),
        )
    ).all()
    if not pairs:
        raise PairNotFoundError
    return _rows(pairs)[0]


def load_side(session: Session, submission: Submission) -> Side:
    """Return an entry as it was compared: by its evaluation on A, where there are several."""
    evaluations = session.scalars(
        select(Evaluation)
        .where(
            Evaluation.submission_id == submission.id,
            Evaluation.is_current,
            Evaluation.is_shadow.is_(False),
        )
        .order_by(case((Evaluation.board == Board.A, 0), else_=1), Evaluation.id)
    ).all()
    scores: dict[Board, dict[str, float]] = {}
    ids = [one.id for one in evaluations]
    for score in session.scalars(select(Score).where(Score.evaluation_id.in_(ids))):
        scores.setdefault(score.board, {})[score.key] = score.value
    spec = ProblemSpec.model_validate(submission.revision.spec)
    if not evaluations:
        return Side(Entry(submission.id, submission.team_id or 0, None, None, spec), scores)
    return Side(describe_entry(evaluations[0], spec), scores)


def _with_teams() -> Select[SimilarPair]:
    return select(SimilarPair).options(
        joinedload(SimilarPair.first).joinedload(Submission.team),
        joinedload(SimilarPair.second).joinedload(Submission.team),
    )


def _whole() -> tuple[_AbstractLoad, ...]:
    """What the page of a pair shows of each submission."""
    return (
        joinedload(Submission.revision),
        joinedload(Submission.user),
        joinedload(Submission.problem),
    )


def _rows(pairs: Sequence[SimilarPair]) -> list[PairRow]:
    """Put the ways in which two entries are alike together, in the order in which they come."""
    found: dict[tuple[int, int], dict[Likeness, float]] = {}
    ends: dict[tuple[int, int], tuple[Submission, Submission]] = {}
    for one in pairs:
        key = one.first_id, one.second_id
        found.setdefault(key, {})[one.kind] = one.share
        ends[key] = one.first, one.second
    return [PairRow(*ends[key], shares) for key, shares in found.items()]
