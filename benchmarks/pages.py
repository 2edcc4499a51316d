"""Pages: what the server needs for every page anybody can read, with 100 problems and 5,000 teams.

`python -m benchmarks.pages` prints the medians. The pages are asked of the application itself, so
neither the network nor the web server counts. Addresses come from the table of routes: a new page
that needs nothing but a problem is measured by itself.
"""

import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from flask import Flask
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.contests.models import Contest
from app.core.current import platform
from app.core.db import Base
from app.core.web import Access
from app.discussions.models import Post, Thread
from app.evaluations.models import Evaluation, Score, State
from app.evaluations.standings import ensure_fresh
from app.factory import create_app
from app.problems.models import Area, Board, BoardData, Problem, Revision, Stage
from app.settings import Environment, Settings
from app.submissions.models import Kind, Submission
from app.teams.models import Team
from benchmarks.measure import Measured
from problems.pack import find_packs, load_pack

PROBLEMS, TEAMS, EACH = 100, 5_000, 3
LARGEST: Final = 2_000
"""How many of the teams are in the first problem."""
TARGET_S: Final = 0.025
ROUNDS: Final = 15
NOW: Final = datetime.now(UTC)  # noqa: TID251 — the application under test has the machine's clock
ZEROS: Final = "0" * 64
_ROOT: Final = Path(__file__).resolve().parent.parent
_NO_PAGES: Final = ("/static/", "/api/v1/openapi.json", "/healthz", "/readyz", "/metrics")
_QUERIES: Final = {
    "/problems": ("?q=guzhang", "?area=design&sort=closing"),
    "/problems/<slug>/leaderboard": ("?page=7",),
}


def run() -> list[Measured]:
    """Measure every public page against the target."""
    with open_site() as app:
        found = [measure(app, address) for address in public_pages(app)]
    return sorted(found, key=lambda row: -row.seconds)


@contextmanager
def open_site() -> Iterator[Flask]:
    """Make an installation of a hundred problems as it is in production, but for its database."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            instance=Path(folder),
            secret_key="0" * 40,
            env=Environment.PRODUCTION,
            allow_embedded=True,
        )
        app = create_app(settings)
        # browsers send no cookie that is for HTTPS alone to the benchmark's server
        app.config["SESSION_COOKIE_SECURE"] = False
        with app.app_context():
            database = platform().database
        Base.metadata.create_all(database.engine)
        with database.transaction() as session:
            fill(session)
        yield app
        database.engine.dispose()


def public_pages(app: Flask) -> Iterator[str]:
    """Yield the address of every page that needs no sign-in."""
    values = {"slug": "problem-000", "number": 1, "name": "python-cpu"}
    adapter = app.url_map.bind("localhost")
    for rule in sorted(app.url_map.iter_rules(), key=lambda one: one.rule):
        view = app.view_functions[rule.endpoint]
        is_public = getattr(view, "access", None) is Access.ANYONE and "GET" in (rule.methods or ())
        if not is_public or rule.rule.startswith(_NO_PAGES) or not rule.arguments <= values.keys():
            continue
        address = adapter.build(rule.endpoint, {name: values[name] for name in rule.arguments})
        yield address
        yield from (address + query for query in _QUERIES.get(rule.rule, ()))


def measure(app: Flask, address: str) -> Measured:
    """Return the median of a page's times.

    Raises:
        RuntimeError: the page cannot be read.
    """
    client = app.test_client()
    times = []
    for _ in range(ROUNDS + 1):
        begun = time.perf_counter()
        answer = client.get(address, headers={"Accept-Language": "zh-CN"})
        times.append(time.perf_counter() - begun)
        if answer.status_code not in {200, 302, 303, 404}:
            message = f"{address}: {answer.status}"
            raise RuntimeError(message)
    return Measured(
        f"page {address} [{answer.status_code}]",
        "25 ms, the target",
        statistics.median(times[1:]),
        TARGET_S,
    )


def fill(session: Session) -> None:
    """Make problems with the statements of the packs, and their teams, submissions and boards."""
    packs = [load_pack(folder) for folder in find_packs(_ROOT / "problems")]
    chance = random.Random(7)
    contest = Contest(slug="c", title={"zh-Hans": "大赛", "en": "Contest"}, created_at=NOW)
    user = User(email="u@example.org", name="u", created_at=NOW)
    session.add_all([contest, user])
    session.flush()
    team = 0
    for number in range(PROBLEMS):
        pack = packs[number % len(packs)]
        spec = pack.spec.model_dump(mode="json", by_alias=True, exclude_none=True)
        problem = _problem(contest, number, spec)
        session.add_all([problem, _revision(problem, spec, dict(pack.statements))])
        session.flush()
        teams = LARGEST if number == 0 else (TEAMS - LARGEST) // (PROBLEMS - 1)
        keys = [column["key"] for column in spec["scoring"]["columns"]]
        _fill_board(session, problem, range(team + 1, team + teams + 1), user.id, keys, chance)
        team += teams
        ensure_fresh(session, problem, now=NOW)
    _talk(session, user)


def _problem(contest: Contest, number: int, spec: dict[str, Any]) -> Problem:
    return Problem(
        contest=contest,
        slug=f"problem-{number:03d}",
        revision_number=1,
        area=Area(spec["area"]),
        title=spec["title"],
        summary=spec["summary"],
        search_text=f"{spec['title']['en']} guzhang {number}",
        takes_code=True,
        submissions_per_day=3,
        team_size=5,
        created_at=NOW,
        stages=[
            Stage(key=Board.A, opens_at=NOW, closes_at=NOW + timedelta(days=30)),
            Stage(key=Board.B),
        ],
    )


def _revision(problem: Problem, spec: dict[str, Any], statements: dict[str, str]) -> Revision:
    boards = [
        BoardData(board=board, input_blob=ZEROS, input_size=1, truth_blob=ZEROS) for board in Board
    ]
    return Revision(
        problem=problem,
        number=1,
        spec=spec,
        statements=statements,
        pack_blob=ZEROS,
        created_at=NOW,
        boards=boards,
    )


def _fill_board(
    session: Session,
    problem: Problem,
    teams: range,
    user_id: int,
    keys: list[str],
    chance: random.Random,
) -> None:
    revision_id = session.scalars(
        select(Revision.id).where(Revision.problem_id == problem.id)
    ).one()
    rows: dict[type[Base], list[dict[str, Any]]] = {
        Team: [],
        Submission: [],
        Evaluation: [],
        Score: [],
    }
    for team in teams:
        rows[Team].append(
            {
                "id": team,
                "problem_id": problem.id,
                "name": f"队伍 {team}",
                "captain_id": user_id,
                "invite_code": f"i{team}",
                "created_at": NOW,
            }
        )
        for turn in range(EACH):
            _hand_in(rows, team * EACH + turn, team, problem.id, revision_id)
            rows[Score] += [
                {
                    "evaluation_id": team * EACH + turn,
                    "board": Board.A,
                    "key": key,
                    "value": chance.random(),
                }
                for key in keys
            ]
    for model, values in rows.items():
        session.execute(insert(model), values)


def _hand_in(
    rows: dict[type[Base], list[dict[str, Any]]],
    number: int,
    team: int,
    problem_id: int,
    revision_id: int,
) -> None:
    at = NOW - timedelta(minutes=number % 9_000)
    rows[Submission].append(
        {
            "id": number,
            "problem_id": problem_id,
            "revision_id": revision_id,
            "team_id": team,
            "kind": Kind.PREDICTIONS,
            "board": Board.A,
            "is_baseline": False,
            "is_debug": False,
            "blob": ZEROS,
            "filename": "p.csv",
            "size": 1,
            "note": "",
            "created_at": at,
        }
    )
    rows[Evaluation].append(
        {
            "id": number,
            "submission_id": number,
            "board": Board.A,
            "number": 1,
            "is_current": True,
            "pool": "cpu",
            "state": State.SCORED,
            "messages": [],
            "staff_message": "",
            "attempt": 1,
            "system_faults": 0,
            "queued_at": at,
            "finished_at": at,
        }
    )


def _talk(session: Session, author: User) -> None:
    """Give the first problem a discussion of sixty threads, the first with sixty posts."""
    problem = session.scalars(select(Problem).where(Problem.slug == "problem-000")).one()
    for number in range(60):
        thread = Thread(
            problem=problem,
            author=author,
            title=f"问题 {number}",
            created_at=NOW,
            last_at=NOW,
            posts_count=60 if number == 0 else 1,
        )
        session.add(thread)
        session.flush()
        session.add_all(
            Post(thread=thread, author=author, body="请问 `x`", created_at=NOW)
            for _ in range(thread.posts_count)
        )
    session.flush()


def main() -> None:
    """Print every page with its median."""
    for row in run():
        print(f"{row.seconds * 1000:8.1f} ms  {row.name}")


if __name__ == "__main__":
    main()
