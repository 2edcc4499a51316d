"""Reads of overall boards: which boards one counts, whether its rows are right, its pages."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session, selectinload

from app.accounts.models import User
from app.core.pagination import Page, PageRequest
from app.overall.errors import OverallNotFoundError
from app.overall.models import Basis, OverallBoard, OverallProblem, OverallRow
from app.overall.policy import can_count_board
from app.problems.models import Board, Problem, Revision
from app.standings.models import BoardState
from app.standings.rules import Rules
from app.teams.models import Membership, Team
from scoring import Scoring
from scoring.aggregate import Method

_WITH_PROBLEMS = selectinload(OverallBoard.entries).options(
    selectinload(OverallProblem.problem).selectinload(Problem.stages)
)


@dataclass(frozen=True, slots=True)
class Counted:
    """One problem of an overall board, and which of its boards is counted."""

    problem: Problem
    board: Board
    is_open: bool
    """Whether it is counted: a board that is not everybody's is left out."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one problem contributes to a competitor's total."""

    value: float
    rank: int | None
    """Empty where the competitor is not on that board."""


@dataclass(frozen=True, slots=True)
class Row:
    """One competitor; a part for each problem that is counted."""

    rank: int
    name: str
    total: float
    parts: tuple[Part, ...]
    captain_id: int


def get_overall(session: Session, slug: str) -> OverallBoard:
    """Return an overall board with its problems and their stages; five queries.

    Raises:
        OverallNotFoundError: there is none of that address.
    """
    return _one(session, select(OverallBoard).where(OverallBoard.slug == slug))


def get_overall_by_id(session: Session, overall_id: int) -> OverallBoard:
    """Return an overall board with its problems and their stages.

    Raises:
        OverallNotFoundError: there is none of that number.
    """
    return _one(session, select(OverallBoard).where(OverallBoard.id == overall_id))


def list_overall(session: Session) -> Sequence[OverallBoard]:
    """Return every overall board, oldest first, with its problems; five queries."""
    return session.scalars(
        select(OverallBoard)
        .options(_WITH_PROBLEMS, selectinload(OverallBoard.contest))
        .order_by(OverallBoard.id)
    ).all()


def list_titles(session: Session) -> list[tuple[str, Mapping[str, str]]]:
    """Return address and title of every overall board, oldest first; one query."""
    rows = session.execute(select(OverallBoard.slug, OverallBoard.title).order_by(OverallBoard.id))
    return [(slug, title) for slug, title in rows]


def list_counted(overall: OverallBoard) -> list[Counted]:
    """Return which board of each problem an overall board counts."""
    found = []
    for problem in overall.problems:
        decides = overall.basis is Basis.FINAL and problem.b_revealed_at is not None
        board = Board.B if decides and problem.stage(Board.B) is not None else Board.A
        found.append(Counted(problem, board, can_count_board(problem, board)))
    return found


def digest_told(overall: OverallBoard) -> str:
    """Return what changes whenever rows that were worked out may not be shown any longer."""
    boards = [(one.problem.id, one.board.value, one.is_open) for one in list_counted(overall)]
    facts = (overall.method.value, overall.settings_version, boards)
    return sha256(repr(facts).encode()).hexdigest()


def digest_sources(
    session: Session, overalls: Sequence[OverallBoard], *, now: datetime
) -> dict[int, str]:
    """Return, by overall board, what changes whenever its rows would; two queries for all."""
    problems = {problem.id: problem for one in overalls for problem in one.problems}
    rules = _map_rules(session, list(problems.values()))
    states = {
        (state.problem_id, state.board): state
        for state in session.scalars(
            select(BoardState).where(BoardState.problem_id.in_(list(problems)))
        )
    }
    found = {}
    for overall in overalls:
        facts: list[object] = [digest_told(overall)]
        for one in list_counted(overall):
            state, by = states.get((one.problem.id, one.board)), rules[one.problem.id]
            # one that nobody has looked at since its rules changed is made anew by counting it
            version = None if state is None else (state.version, state.rules == by.digest)
            until = by.shown_until(one.board, now)
            facts.append((one.problem.id, version, by.digest, by.rank_width, until))
        found[overall.id] = sha256(repr(facts).encode()).hexdigest()
    return found


def is_shown(overall: OverallBoard) -> bool:
    """Tell whether there are rows, worked out from what may still be shown."""
    return overall.counted_at is not None and overall.told == digest_told(overall)


def list_rows(session: Session, overall: OverallBoard, request: PageRequest) -> Page[Row]:
    """Return one page; one query, which reads that page alone."""
    rows = session.scalars(
        select(OverallRow)
        .where(
            OverallRow.overall_id == overall.id,
            OverallRow.number > request.offset,
            OverallRow.number <= request.offset + request.per_page,
        )
        .order_by(OverallRow.number)
    )
    return Page([_row(row) for row in rows], overall.size, request)


def list_all_rows(session: Session, overall: OverallBoard, *, at_once: int) -> Iterator[Row]:
    """Yield every row, read in stretches; none while the board is being counted."""
    if not is_shown(overall):
        return
    for number in range(1, overall.size // at_once + 2):
        yield from list_rows(session, overall, PageRequest(number, at_once)).items


def list_own(session: Session, overall: OverallBoard, actor: User) -> list[Row]:
    """Return the rows of the teams somebody is in, best first; one query."""
    captains = (
        select(Team.captain_id)
        .join(Membership, Membership.team_id == Team.id)
        .join(
            OverallProblem,
            and_(
                OverallProblem.problem_id == Team.problem_id,
                OverallProblem.overall_id == overall.id,
            ),
        )
        .where(Membership.user_id == actor.id)
    )
    rows = session.scalars(
        select(OverallRow)
        .where(OverallRow.overall_id == overall.id, OverallRow.captain_id.in_(captains))
        .order_by(OverallRow.number)
    )
    return [_row(row) for row in rows]


def less_is_better(method: Method) -> bool:
    """Tell which way totals go."""
    return method is Method.MEAN_RANK


def _one(session: Session, wanted: Select[OverallBoard]) -> OverallBoard:
    found = session.scalar(wanted.options(_WITH_PROBLEMS, selectinload(OverallBoard.contest)))
    if found is None:
        raise OverallNotFoundError
    return found


def _map_rules(session: Session, problems: Sequence[Problem]) -> dict[int, Rules]:
    rows = session.execute(
        select(Revision.problem_id, Revision.spec)
        .join(Problem, Problem.id == Revision.problem_id)
        .where(
            Revision.number == Problem.revision_number,
            Problem.id.in_([one.id for one in problems]),
        )
    )
    scorings = {row[0]: Scoring.model_validate(row[1]["scoring"]) for row in rows}
    return {one.id: Rules.of(one, scorings[one.id]) for one in problems}


def _row(row: OverallRow) -> Row:
    parts = tuple(Part(value, rank) for value, rank in row.parts)
    return Row(row.rank, row.name, row.total, parts, row.captain_id)
