"""A page of a large board against reading the same scores without ranking them."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, select

from app.accounts.models import User
from app.contests.models import Contest
from app.core.db import Base, Database
from app.core.pagination import PageRequest
from app.evaluations.models import Evaluation, Score, State
from app.leaderboards.queries import list_board
from app.problems.models import Area, Board, Problem, Revision, Stage
from app.submissions.models import Kind, Submission
from app.teams.models import Team
from benchmarks.measure import Measured, compare
from benchmarks.scoring_tables import SCORING

TEAMS, EACH = 2_000, 10
NOW = datetime(2030, 1, 1, tzinfo=UTC)
ZEROS = "0" * 64


def run() -> list[Measured]:
    """Measure one page of fifty."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database.connect(f"sqlite:///{Path(folder) / 'board.db'}")
        Base.metadata.create_all(database.engine)
        _fill(database)
        with database.reading() as session:
            problem = session.scalars(select(Problem)).one()

            def ours() -> None:
                list_board(session, problem, SCORING, Board.A, PageRequest(1, 50))

            def scan() -> None:
                session.execute(select(Score.evaluation_id, Score.value)).all()

            name = f"a page of a board, {TEAMS:,} teams × {EACH} submissions"
            measured = compare(name, ours, "reading all scores unranked", scan)
        database.engine.dispose()
        return [measured]


def _fill(database: Database) -> None:
    with database.transaction() as session:
        contest = Contest(slug="c", title={"en": "c"}, created_at=NOW)
        user = User(email="u@example.org", name="u", created_at=NOW)
        problem = Problem(
            contest=contest,
            slug="p",
            revision_number=1,
            area=Area.DESIGN,
            title={"en": "p"},
            summary={"en": "p"},
            search_text="p",
            submissions_per_day=3,
            team_size=5,
            created_at=NOW,
            stages=[Stage(key=Board.A, opens_at=NOW)],
        )
        revision = Revision(
            problem=problem,
            number=1,
            spec={},
            statements={},
            pack_blob=ZEROS,
            created_at=NOW,
        )
        session.add_all([user, revision])
        session.flush()
        numbers = range(1, TEAMS * EACH + 1)
        teams = [
            {"id": n, "problem_id": problem.id, "name": f"t{n}", "captain_id": user.id}
            | {"invite_code": f"i{n}", "created_at": NOW}
            for n in range(1, TEAMS + 1)
        ]
        session.execute(insert(Team), teams)
        session.execute(insert(Submission), [_submission(n, problem, revision) for n in numbers])
        session.execute(insert(Evaluation), [_evaluation(n) for n in numbers])
        session.execute(insert(Score), [_score(n, key) for n in numbers for key in _KEYS])


_KEYS = ("macro_f1", "accuracy")


def _submission(n: int, problem: Problem, revision: Revision) -> dict[str, object]:
    return {
        "id": n,
        "problem_id": problem.id,
        "revision_id": revision.id,
        "team_id": 1 + n % TEAMS,
        "kind": Kind.PREDICTIONS,
        "board": Board.A,
        "is_baseline": False,
        "blob": ZEROS,
        "filename": "p.csv",
        "size": 1,
        "created_at": NOW + timedelta(seconds=n),
    }


def _evaluation(n: int) -> dict[str, object]:
    return {
        "id": n,
        "submission_id": n,
        "board": Board.A,
        "number": 1,
        "is_current": True,
        "pool": "cpu",
        "state": State.SCORED,
        "messages": [],
        "queued_at": NOW,
        "finished_at": NOW,
    }


def _score(n: int, key: str) -> dict[str, object]:
    return {"evaluation_id": n, "board": Board.A, "key": key, "value": (n * 7919 % 10_007) / 10_007}
