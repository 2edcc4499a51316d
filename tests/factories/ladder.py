"""A problem whose board A answers by the Ladder, and a team that climbs it."""

from datetime import timedelta
from typing import Any, Final

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.blobs import LocalBlobs
from app.core.platform import Platform
from app.evaluations.climbing import climb_team
from app.evaluations.ladder import note_end
from app.evaluations.models import Evaluation, Score, State, ToldScore
from app.evaluations.standings import audit_board, refresh_submission
from app.problems.models import Board, Problem
from app.standings.models import Standing
from app.submissions.models import Submission
from app.teams.models import Team
from tests.factories.accounts import CREATED
from tests.factories.problems import SPEC, make_problem
from tests.factories.submissions import make_evaluation, make_submission
from tests.factories.teams import make_team
from tests.unit.app.statistics.test_statistics import keep

STEP: Final[dict[str, Any]] = {"ladder": "step", "ladder_step": 0.1}
FREE: Final[dict[str, Any]] = {"ladder": "parameter-free"}
COLUMNS: Final[list[dict[str, Any]]] = [
    {"key": "accuracy", "metric": "accuracy", "target": "label", "direction": "max"}
    | {"primary": True, "decimals": 5},
    {"key": "macro_f1", "metric": "f1_macro", "target": "label", "direction": "max"},
]


class Climb:
    """One team's submissions, one after the other."""

    def __init__(self, platform: Platform, blobs: LocalBlobs, rules: dict[str, Any]) -> None:
        self.platform, self.blobs = platform, blobs
        self.made = 0
        scoring = {"partition": "rows", "columns": COLUMNS}
        with platform.database.transaction() as session:
            spec = {**SPEC, "slug": "pcb", "scoring": scoring}
            problem = make_problem(session, slug="pcb", spec=spec)
            problem.board_rules = rules
            team = make_team(session, problem=problem)
            self.problem_id, self.team_id = problem.id, team.id

    def score(
        self, value: float | None = None, losses: np.ndarray | None = None, team_id: int = 0
    ) -> int:
        """Have one more submission scored, or wait where there is no value; return its number."""
        if losses is not None:
            value = 1 - float(losses.mean())
        scores = None if value is None else {"accuracy": value, "macro_f1": 0.5}
        self.made += 1
        with self.platform.database.transaction() as session:
            made = make_submission(
                session,
                problem=session.get_one(Problem, self.problem_id),
                team=session.get_one(Team, team_id or self.team_id),
                at=CREATED + timedelta(hours=self.made),
                scores=None if scores is None else {"A": scores, "B": {"accuracy": 0.25}},
            )
            if losses is not None:
                in_force(session, made.id).losses_blob = keep(self.blobs, losses)
            return made.id

    def end(self, submission_id: int, value: float | None) -> None:
        """Let what waits end: scored, or cancelled where there is no value."""
        with self.platform.database.transaction() as session:
            evaluation = in_force(session, submission_id)
            evaluation.finished_at = evaluation.queued_at
            evaluation.state = State.CANCELLED if value is None else State.SCORED
            if value is not None:
                score = Score(evaluation=evaluation, board=Board.A, key="accuracy", value=value)
                session.add(score)
            session.flush()
            note_end(session, evaluation)

    def rerun(self, submission_id: int, value: float | None) -> None:
        """Put another evaluation in force, which waits where there is no value."""
        with self.platform.database.transaction() as session:
            old = in_force(session, submission_id)
            old.is_current = False
            scores = None if value is None else {"A": {"accuracy": value}}
            make_evaluation(session, submission=old.submission, scores=scores, number=2)
            refresh_submission(session, old.submission, now=self.platform.clock.now())

    def retract(self, submission_id: int) -> None:
        with self.platform.database.transaction() as session:
            submission = session.get_one(Submission, submission_id)
            submission.retracted_at = now = self.platform.clock.now()
            refresh_submission(session, submission, now=now, by_staff=True)

    def rule(self, rules: dict[str, Any]) -> None:
        with self.platform.database.transaction() as session:
            session.get_one(Problem, self.problem_id).board_rules = rules

    def told(self) -> list[float | None]:
        """Climb, and return what is told of each submission that counts, in their order."""
        assert climb_team(self.platform, self.problem_id, self.team_id)
        with self.platform.database.transaction() as session:
            problem = session.get_one(Problem, self.problem_id)
            audit = audit_board(session, problem, Board.A, now=self.platform.clock.now())
            assert audit.wrong == 0
            rows = session.execute(
                select(ToldScore.value)
                .select_from(Submission)
                .join(Evaluation, Evaluation.submission_id == Submission.id)
                .outerjoin(ToldScore, ToldScore.evaluation_id == Evaluation.id)
                .where(
                    Submission.team_id == self.team_id,
                    Submission.retracted_at.is_(None),
                    Evaluation.is_current,
                )
                .order_by(Submission.id)
            )
            return [row[0] for row in rows]

    def counts(self, board: Board = Board.A) -> int | None:
        """Return the submission that counts on a board."""
        with self.platform.database.reading() as session:
            wanted = select(Standing.submission_id).where(Standing.board == board)
            return session.scalar(wanted.where(Standing.team_id == self.team_id))


def in_force(session: Session, submission_id: int) -> Evaluation:
    wanted = select(Evaluation).where(Evaluation.submission_id == submission_id)
    return session.scalars(wanted.where(Evaluation.is_current)).one()
