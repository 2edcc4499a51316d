"""Boards: a page anywhere, and a new score, against bare statements on the same rows.

`python -m benchmarks.boards --teams 100000 --each 10` measures the size the platform is made for;
with `TEST_POSTGRES_URL` it does so on PostgreSQL, in a database of its own.
"""

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import count
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from pydantic import SecretStr
from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    String,
    cast,
    create_engine,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.contests.models import Contest
from app.core.db import Base, Database
from app.core.pagination import PageRequest
from app.evaluations.models import Evaluation, Score, State
from app.evaluations.standings import ensure_fresh, refresh_team
from app.factory import create_app
from app.leaderboards.queries import View, find_view, list_board
from app.problems.models import Area, Board, Problem, Revision, Stage, TieRule
from app.settings import Environment, Settings
from app.standings.models import Standing
from app.submissions.models import Kind, Submission
from app.teams.models import Team
from app.wiring import build_platform
from benchmarks.measure import Measured, compare

TEAMS, EACH, PER_PAGE = 2_000, 10, 50
NOW = datetime(2030, 1, 1, tzinfo=UTC)
ZEROS = "0" * 64
_KEYS: Final = ("macro_f1", "accuracy")
_GRADES: Final = 10_007
"""How many different scores there are: teams share some of them."""
SPEC: Final[dict[str, Any]] = {
    "scoring": {
        "partition": "rows",
        "columns": [
            {
                "key": "macro_f1",
                "metric": "f1_macro",
                "target": "label",
                "direction": "max",
                "primary": True,
            },
            {"key": "accuracy", "metric": "accuracy", "target": "label", "direction": "max"},
        ],
    }
}


def run(teams: int = TEAMS, each: int = EACH) -> list[Measured]:
    """Measure pages all over a board, shared ranks included, and new scores on it."""
    with _database() as database:
        with database.transaction() as session:
            problem_id = _fill(session, teams, each)
        _settle(database)
        with database.transaction() as session:
            begun = time.perf_counter()
            ensure_fresh(session, session.get_one(Problem, problem_id), now=NOW)
            seconds = time.perf_counter() - begun
        _settle(database)
        size = f"{teams:,} × {each}"
        with database.reading() as session:
            rows = [_pages(session, problem_id, teams, size)]
        rows.append(_whole_pages(database, problem_id, teams, size))
        rows.append(_new_scores(database, problem_id, teams, size))
        total = teams * each * len(_KEYS)
        with database.reading() as session:
            scanned = _timed(
                lambda: session.execute(select(Score.evaluation_id, Score.value)).all()
            )
        rows.append(
            Measured(f"a board made anew, {size}", f"reading {total:,} scores", seconds, scanned)
        )
        return rows


def _settle(database: Database) -> None:
    """Let PostgreSQL know how large its tables are, as it does by itself in time."""
    if database.engine.dialect.name == "postgresql":
        plain = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        with plain as connection:
            connection.execute(text("VACUUM ANALYZE"))


def _pages(session: Session, problem_id: int, teams: int, size: str) -> Measured:
    problem = session.get_one(Problem, problem_id)
    chance = random.Random(1)
    pages = [PageRequest(chance.randint(1, max(1, teams // PER_PAGE)), PER_PAGE) for _ in range(50)]
    turn, again = count(), count()
    kept = [
        [row.evaluation_id for row in list_board(session, _view(session, problem), page).items]
        for page in pages
    ]

    def ours() -> None:
        list_board(session, _view(session, problem), pages[next(turn) % len(pages)])

    def bare() -> None:
        _select_rows(session, problem_id, kept[next(again) % len(kept)])

    for wanted in kept:
        _teams(session, wanted)  # asked once; the bare statements know which rows they want
    return compare(f"a page of a board, {size}", ours, "SELECT of the same rows", bare, rounds=101)


def _select_rows(session: Session, problem_id: int, wanted: list[int]) -> None:
    """Read the rows of a page whose evaluations are known."""
    session.execute(
        select(Standing.team_id, Standing.entries, Standing.last_at, Team.name)
        .join(Team, Team.id == Standing.team_id)
        .where(Standing.evaluation_id.in_(wanted), Standing.board == Board.A)
        .where(Standing.problem_id == problem_id)
        .where(Standing.team_id.in_(_teams(session, wanted)))
    ).all()
    session.execute(
        select(Score.evaluation_id, Score.key, Score.value).where(
            Score.evaluation_id.in_(wanted), Score.board == Board.A
        )
    ).all()


def _whole_pages(database: Database, problem_id: int, teams: int, size: str) -> Measured:
    """What a visitor is sent, from the request to the last byte, against the bare statements."""
    chance = random.Random(3)
    numbers = [chance.randint(2, max(2, teams // PER_PAGE)) for _ in range(50)]
    turn, again = count(), count()
    with tempfile.TemporaryDirectory() as folder, database.reading() as session:
        settings = Settings(
            env=Environment.PRODUCTION,
            allow_embedded=True,
            instance=Path(folder),
            secret_key=SecretStr("measured-" * 5),
        )
        port = replace(build_platform(settings), database=database)
        client = create_app(settings, port).test_client()
        problem = session.get_one(Problem, problem_id)
        kept = [
            list_board(session, _view(session, problem), PageRequest(number, PER_PAGE)).items
            for number in numbers
        ]

        def ours() -> None:
            number = numbers[next(turn) % len(numbers)]
            answer = client.get(f"/problems/p/leaderboard?page={number}")
            if answer.status_code != HTTPStatus.OK:
                message = f"the page was answered {answer.status_code}"
                raise RuntimeError(message)

        def bare() -> None:
            rows = kept[next(again) % len(kept)]
            _select_rows(session, problem_id, [row.evaluation_id for row in rows])

        return compare(
            f"a board's page over HTTP, {size}", ours, "SELECT of the same rows", bare, rounds=101
        )


_TEAMS_OF: Final[dict[tuple[int, ...], list[int]]] = {}


def _teams(session: Session, evaluations: list[int]) -> list[int]:
    key = tuple(evaluations)
    if key not in _TEAMS_OF:
        found = session.scalars(
            select(Submission.team_id)
            .join(Evaluation, Evaluation.submission_id == Submission.id)
            .where(Evaluation.id.in_(evaluations))
        )
        _TEAMS_OF[key] = [team for team in found if team is not None]
    return _TEAMS_OF[key]


def _view(session: Session, problem: Problem) -> View:
    view = find_view(session, problem, Board.A, now=NOW)
    if view is None:
        message = "the board is not made"
        raise RuntimeError(message)
    return view


def _new_scores(database: Database, problem_id: int, teams: int, size: str) -> Measured:
    """A score is written and stands on the board, against the writing alone."""
    chance, numbers = random.Random(2), count(teams * 1_000)

    def write(session: Session) -> int:
        number, team = next(numbers), chance.randint(1, teams)
        session.execute(insert(Submission), [_submission(number, team, problem_id)])
        session.execute(insert(Evaluation), [_evaluation(number)])
        scores = [_score(number, key, chance.random()) for key in _KEYS]
        session.execute(insert(Score), scores)
        return team

    def ours() -> None:
        with database.transaction() as session:
            team = write(session)
            problem = session.get_one(Problem, problem_id)
            refresh_team(session, problem, team, now=NOW)

    def bare() -> None:
        with database.transaction() as session:
            write(session)

    return compare(
        f"a new score on a board, {size}", ours, "INSERT of the score alone", bare, rounds=51
    )


def _timed(action: Any) -> float:  # noqa: ANN401 — anything that can be called
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


@contextmanager
def _database() -> Iterator[Database]:
    """An empty database of our own: PostgreSQL where one is named, else SQLite."""
    server = os.environ.get("TEST_POSTGRES_URL")  # noqa: TID251 — the tests' server, no setting of ours
    if server is None:
        with tempfile.TemporaryDirectory() as folder:
            opened = Database.connect(f"sqlite:///{Path(folder) / 'board.db'}")
            Base.metadata.create_all(opened.engine)
            yield opened
            opened.engine.dispose()
        return
    name = f"bench_{uuid4().hex[:12]}"
    url = make_url(server)
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    opened = Database.connect(url.set(database=name).render_as_string(hide_password=False))
    try:
        Base.metadata.create_all(opened.engine)
        yield opened
    finally:
        opened.engine.dispose()
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name}"))
        admin.dispose()


def _fill(session: Session, teams: int, each: int) -> int:
    """Make a problem with its teams and submissions inside the database; return its id."""
    user = User(email="u@example.org", name="u", created_at=NOW)
    problem = Problem(
        contest=Contest(slug="c", title={"en": "c"}, created_at=NOW),
        slug="p",
        revision_number=1,
        area=Area.DESIGN,
        title={"en": "p"},
        summary={"en": "p"},
        search_text="p",
        submissions_per_day=3,
        team_size=5,
        tie_rule=TieRule.SHARED,
        created_at=NOW,
        stages=[Stage(key=Board.A, opens_at=NOW)],
    )
    revision = Revision(
        problem=problem, number=1, spec=SPEC, statements={}, pack_blob=ZEROS, created_at=NOW
    )
    session.add_all([user, revision])
    session.flush()
    numbers = _numbers(teams)
    label = cast(numbers.c.i, String)
    _copy(
        session,
        Team,
        numbers,
        {
            "id": numbers.c.i,
            "problem_id": literal(problem.id),
            "name": literal("t") + label,
            "captain_id": literal(user.id),
            "invite_code": literal("i") + label,
            "created_at": literal(NOW, Team.created_at.type),
        },
    )
    _fill_submissions(session, problem.id, teams, each)
    return problem.id


def _fill_submissions(session: Session, problem_id: int, teams: int, each: int) -> None:
    numbers = _numbers(teams * each)
    i = numbers.c.i
    for model, example in (
        (Submission, _submission(0, 0, problem_id)),
        (Evaluation, _evaluation(0)),
    ):
        plain = {name: literal(value, getattr(model, name).type) for name, value in example.items()}
        own: dict[str, ColumnElement[Any]] = {"id": i}
        if model is Submission:
            own["team_id"] = 1 + i % teams
        else:
            own["submission_id"] = i
        _copy(session, model, numbers, plain | own)
    for place, key in enumerate(_KEYS):
        value = cast((i % _GRADES * (7_919 + place)) % _GRADES, Score.value.type) / float(_GRADES)
        _copy(
            session,
            Score,
            numbers,
            {
                "evaluation_id": i,
                "board": literal(Board.A, Score.board.type),
                "key": literal(key),
                "value": value,
            },
        )


def _numbers(most: int) -> CTE:
    """The numbers from 1, made by the database."""
    numbers = select(literal(1, Integer).label("i")).cte("numbers", recursive=True)
    return numbers.union_all(select(numbers.c.i + 1).where(numbers.c.i < most))


def _copy(
    session: Session, model: type[Base], numbers: CTE, values: dict[str, ColumnElement[Any]]
) -> None:
    wanted = select(*values.values()).select_from(numbers)
    session.execute(insert(model).from_select(list(values), wanted))


def _submission(n: int, team: int, problem_id: int) -> dict[str, Any]:
    return {
        "id": n,
        "problem_id": problem_id,
        "revision_id": 1,
        "team_id": team,
        "kind": Kind.PREDICTIONS,
        "board": Board.A,
        "is_baseline": False,
        "is_debug": False,
        "blob": ZEROS,
        "filename": "p.csv",
        "size": 1,
        "note": "",
        "created_at": NOW + timedelta(seconds=n % 100_000),
    }


def _evaluation(n: int) -> dict[str, Any]:
    return {
        "id": n,
        "submission_id": n,
        "board": Board.A,
        "number": 1,
        "is_current": True,
        "pool": "cpu",
        "state": State.SCORED,
        "messages": [],
        "staff_message": "",
        "attempt": 1,
        "system_faults": 0,
        "queued_at": NOW,
        "finished_at": NOW,
    }


def _score(n: int, key: str, value: float) -> dict[str, Any]:
    return {"evaluation_id": n, "board": Board.A, "key": key, "value": value}


def main() -> None:
    """Measure one size and print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teams", type=int, default=TEAMS)
    parser.add_argument("--each", type=int, default=EACH)
    asked = parser.parse_args()
    for row in run(asked.teams, asked.each):
        found = {
            "name": row.name,
            "reference": row.reference,
            "ms": round(row.seconds * 1000, 3),
            "reference_ms": round(row.reference_seconds * 1000, 3),
            "ratio": round(row.ratio, 2),
        }
        print(json.dumps(found, ensure_ascii=False))


if __name__ == "__main__":
    main()
