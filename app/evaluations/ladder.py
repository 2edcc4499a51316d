"""The Ladder of board A: whose submissions have to climb, what they climb by, what is told of them.

A team's submissions climb in the order in which they were made, and one that has not ended keeps
those after it waiting: so each is answered once, and the answer follows from what was handed in
alone. What is told is kept beside the score that was found and never in its place. Whoever writes
here holds board A (`hold_board`), so that of two climbs of a team the second sees the first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, literal, null, select
from sqlalchemy.orm import Session

from app.evaluations.models import FINISHED, Evaluation, LadderDue, Score, State, ToldScore
from app.problems.board_rules import Ladder
from app.problems.models import Board, Problem
from app.standings.operations import hold_board
from app.standings.rules import Rules
from app.submissions.models import Submission
from app.teams.models import Team
from scoring import METRICS, Direction


@dataclass(frozen=True, slots=True)
class Rule:
    """By which Ladder, and of which column."""

    key: str
    direction: Direction
    step: float | None
    """None: the Ladder without parameters."""
    metric: str
    best: float
    power: float

    @property
    def text(self) -> str:
        """What is noted with everything that is told, to know when it has to be told anew."""
        step = "free" if self.step is None else repr(self.step)
        return f"{step} {self.key} {self.direction} {self.metric}"


@dataclass(frozen=True, slots=True)
class Link:
    """One scored submission of a team."""

    evaluation_id: int
    score: float
    losses_blob: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """What board A tells of an evaluation: the fields of `ToldScore`."""

    evaluation_id: int
    value: float
    loss: float
    rung_id: int
    after_id: int | None
    rule: str


@dataclass(frozen=True, slots=True)
class Chain:
    """A team's submissions in their order, and what is told of them so far."""

    rule: Rule
    links: Sequence[Link]
    told: Mapping[int, Told]
    is_apart: bool
    """Of baselines, each climbs alone."""


def rule_of(rules: Rules) -> Rule | None:
    """Return by what board A answers; None where it answers with every score."""
    if not rules.board.has_ladder_on(Board.A):
        return None
    column = rules.scoring.primary
    metric = METRICS.get(column.metric or "")
    return Rule(
        column.key,
        column.direction,
        rules.board.ladder_step if rules.board.ladder is Ladder.STEP else None,
        column.metric or "",
        0.0 if metric is None else metric.best,
        1.0 if metric is None else metric.power,
    )


def read_chain(
    session: Session,
    problem: Problem,
    rule: Rule,
    team_id: int | None,
    shadows: Mapping[int, int] | None = None,
) -> Chain:
    """Return a team's submissions as far as they can climb; of no team, the baselines.

    `shadows` names what a re-score would put in an evaluation's place.
    """
    mine = Submission.team_id == team_id
    chosen = Submission.is_baseline.is_(True) if team_id is None else mine
    in_force = _list_in_force(session, problem, chosen)
    ids = []
    for evaluation_id, state in in_force:
        if state not in FINISHED and team_id is not None:
            break  # what came after it waits for it
        ids.append((shadows or {}).get(evaluation_id, evaluation_id))
    found = _map_links(session, ids, rule.key)
    links = tuple(found[one][0] for one in ids if one in found)
    told = {one: row for one, (_, row) in found.items() if row is not None}
    return Chain(rule, links, told, is_apart=team_id is None)


def _list_in_force(
    session: Session, problem: Problem, chosen: ColumnElement[bool]
) -> Sequence[Row[int, State]]:
    return session.execute(
        select(Evaluation.id, Evaluation.state)
        .join(Submission, Evaluation.submission_id == Submission.id)
        .where(
            chosen,
            Submission.problem_id == problem.id,
            Submission.board == Board.A,
            Submission.is_debug.is_(False),
            Submission.retracted_at.is_(None),
            Evaluation.board == Board.A,
            Evaluation.is_current,
        )
        .order_by(Submission.id)
    ).all()


def _map_links(
    session: Session, ids: Sequence[int], key: str
) -> dict[int, tuple[Link, Told | None]]:
    rows = session.execute(
        select(Evaluation.id, Evaluation.losses_blob, Score.value, ToldScore)
        .join(
            Score,
            and_(Score.evaluation_id == Evaluation.id, Score.board == Board.A, Score.key == key),
        )
        .outerjoin(ToldScore, ToldScore.evaluation_id == Evaluation.id)
        .where(Evaluation.id.in_(ids), Evaluation.state == State.SCORED)
        .execution_options(populate_existing=True)
    )
    return {number: (Link(number, value, blob), _told(row)) for number, blob, value, row in rows}


def _told(row: ToldScore | None) -> Told | None:
    if row is None:
        return None
    return Told(row.evaluation_id, row.value, row.loss, row.rung_id, row.after_id, row.rule)


def write_told(session: Session, chain: Chain, climbed: Sequence[Told]) -> bool:
    """Keep what is told of a team's submissions; return whether any of it is new."""
    wanted = {one.evaluation_id: one for one in climbed}
    gone = [one for one, row in chain.told.items() if wanted.get(one) != row]
    fresh = [row for one, row in wanted.items() if chain.told.get(one) != row]
    if gone:
        session.execute(
            delete(ToldScore)
            .where(ToldScore.evaluation_id.in_(gone))
            .execution_options(synchronize_session="fetch")
        )
    if fresh:
        session.execute(
            insert(ToldScore),
            [
                {
                    "evaluation_id": one.evaluation_id,
                    "key": chain.rule.key,
                    "value": one.value,
                    "loss": one.loss,
                    "rung_id": one.rung_id,
                    "after_id": one.after_id,
                    "rule": one.rule,
                }
                for one in fresh
            ],
        )
    return bool(gone or fresh)


def note_end(session: Session, evaluation: Evaluation) -> None:
    """Have a team climb whose submission has ended, however it did: others waited for it."""
    submission = session.get_one(Submission, evaluation.submission_id)
    problem = session.get_one(Problem, submission.problem_id)
    counts = not submission.is_debug and not evaluation.is_shadow
    if not counts or not problem.rules.has_ladder_on(evaluation.board):
        return
    hold_board(session, problem, Board.A)
    mark_due(session, problem.id, submission.team_id)


def mark_due(session: Session, problem_id: int, team_id: int | None) -> None:
    """Have a team climb; the caller holds board A."""
    if not is_due(session, problem_id, team_id):
        session.add(LadderDue(problem_id=problem_id, team_id=team_id))
        session.flush()


def is_due(session: Session, problem_id: int, team_id: int | None) -> bool:
    """Tell whether a team has to climb."""
    found = session.scalar(select(LadderDue.id).where(*_of_team(problem_id, team_id)).limit(1))
    return found is not None


def mark_all_due(session: Session, problem_id: int) -> None:
    """Have everybody climb; the caller holds board A."""
    session.execute(delete(LadderDue).where(LadderDue.problem_id == problem_id))
    teams = select(literal(problem_id), Team.id).where(Team.problem_id == problem_id)
    for source in (teams, select(literal(problem_id), null())):
        session.execute(insert(LadderDue).from_select(["problem_id", "team_id"], source))


def clear_due(session: Session, problem_id: int, team_id: int | None) -> None:
    """Note that a team has climbed; the caller holds board A."""
    session.execute(delete(LadderDue).where(*_of_team(problem_id, team_id)))


def list_due(session: Session, limit: int) -> Sequence[Row[int, int | None]]:
    """Return whose turn it is to climb, by problem and team, the longest due first."""
    return session.execute(
        select(LadderDue.problem_id, LadderDue.team_id).order_by(LadderDue.id).limit(limit)
    ).all()


def count_due(session: Session, problem_id: int) -> int:
    """Return how many teams of a problem have to climb."""
    return session.scalars(
        select(func.count(LadderDue.id)).where(LadderDue.problem_id == problem_id)
    ).one()


def _of_team(problem_id: int, team_id: int | None) -> tuple[ColumnElement[bool], ...]:
    mine = LadderDue.team_id.is_(None) if team_id is None else LadderDue.team_id == team_id
    return (LadderDue.problem_id == problem_id, mine)
