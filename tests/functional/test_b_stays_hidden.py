"""Nothing anybody but staff is sent depends on board B before its reveal.

Two sites are the same but for B: its scores the other way round, its runs longer, its logs others.
Whatever a page, an API answer, a list, an export, an order, a column or an ETag tells of B would
differ between the two, so whole answers are compared, byte for byte.
"""

import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.platform import Platform
from app.discussions import operations as discussions
from app.evaluations.models import Evaluation, LogChunk, Score
from app.evaluations.standings import rebuild
from app.overall.jobs import count
from app.problems.models import Board, Problem, Revision
from app.settings import Settings
from app.standings.models import FinalChoice
from app.statistics.jobs import refresh
from tests.factories import make_submission, make_team
from tests.factories.accounts import CREATED
from tests.factories.submissions import make_evaluation
from tests.functional.test_role_matrix import DOORS
from tests.functional.world import SECRETS, World

pytestmark = pytest.mark.functional

SORTS: Final = (
    *(f"/problems?sort={sort}" for sort in ("newest", "closing", "prize", "teams", "title")),
    *(f"/problems/pcb/leaderboard?{query}" for query in ("page=2", "division=x", "sort=B")),
    "/problems/pcb/leaderboard?board=B&page=2",
    "/api/v1/problems/pcb/leaderboard?board=A&per_page=2&page=2",
    "/api/v1/problems/pcb/leaderboard?sort=B",
    "/api/v1/submissions?problem=pcb&sort=score",
    "/submissions?problem=pcb",
)
NOT_OF_THE_CONTEST: Final = ("/static/", "/styleguide", "/password/reset/", "/api/v1/openapi")
TOKENS: Final = re.compile(rb'(?:content|value)="[\w-]{20,}\.[\w-]+\.[\w-]+"')
"""The tokens in forms are drawn anew each time."""
TOLD: Final = ("ETag", "Content-Length", "Location", "Last-Modified", "Content-Disposition")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"sign_in_rate": "10000 per minute"})


@pytest.fixture
def world(request: pytest.FixtureRequest, app: Flask, platform: Platform, tmp_path: Path) -> World:
    """The world with more teams, choices for B, and runs of their own on B where there are any."""
    app.config["WTF_CSRF_ENABLED"] = False
    made = World(app, platform, tmp_path)
    with made.database.transaction() as session:
        problem = session.scalars(select(Problem)).one()
        problem.board_rules = {"choices": 2}
        revision = session.scalars(select(Revision).where(Revision.number == 1)).one()
        scoring = revision.spec["scoring"] | {"partition": request.param}
        revision.spec = revision.spec | {"scoring": scoring}
        teams = [make_team(session, problem=problem) for _ in range(4)]
        teams.append(
            make_team(session, problem=problem, captain=made.people["stranger"], name="陌生人")
        )
        for number, team in enumerate(teams):
            for half in (0, 1):
                one = make_submission(
                    session,
                    problem=problem,
                    team=team,
                    at=CREATED + timedelta(hours=number),
                    scores={"A": {"accuracy": 0.5}, "B": {"accuracy": 0.5}},
                )
                if half:
                    session.add(
                        FinalChoice(submission_id=one.id, team_id=team.id, chosen_at=CREATED)
                    )
                if request.param == "sets":
                    on_b = make_evaluation(
                        session, submission=one, scores={"B": {"accuracy": 0.5}}, board=Board.B
                    )
                    on_b.wall_s = 1.0
        thread = discussions.open_thread(
            session, problem, made.people["member"], title="B?", body="榜", now=CREATED
        )
        discussions.follow(session, thread, made.people["captain"])
    made.save()
    return made


def turn_b(world: World, *, up: bool) -> None:
    """Make everything of B one way or the other, as if it had always been so."""
    world.restore()
    with world.database.transaction() as session:
        problem = session.scalars(select(Problem)).one()
        scores = session.scalars(
            select(Score).where(Score.board == Board.B).order_by(Score.evaluation_id)
        ).all()
        for number, score in enumerate(scores if up else scores[::-1]):
            score.value = (number + 1) / 37
        for evaluation in session.scalars(select(Evaluation).where(Evaluation.board == Board.B)):
            evaluation.wall_s, evaluation.cpu_s = (3.25, 3.5) if up else (41.5, 40.25)
            evaluation.peak_memory_bytes = 1 << (20 if up else 24)
            evaluation.exit_code = 0 if up else 1
            evaluation.finished_at = CREATED + timedelta(minutes=1 if up else 9)
            text = "seen on B\n" if up else "other things seen on B\n"
            session.add(
                LogChunk(evaluation_id=evaluation.id, attempt=0, start=0, size=len(text), text=text)
            )
        for evaluation in session.scalars(select(Evaluation)):
            if evaluation.cases:
                evaluation.cases = evaluation.cases | {"B": [{"id": "up" if up else "down"}]}
        rebuild(session, problem, now=CREATED)
    for board in Board:
        refresh(world.platform, problem.id, board)
    assert count(world.platform, world.overall)


def addresses(world: World) -> list[str]:
    """Every address that is read, each also with B asked for."""
    plain = [
        world.path(rule, door.values)
        for (method, rule), door in DOORS.items()
        if method == "GET" and not rule.startswith(NOT_OF_THE_CONTEST)
    ]
    public = [path for path in plain if not path.startswith("/staff")]
    return [*plain, *(f"{path}?board=B" for path in public), *SORTS]


def told(world: World, role: str, paths: list[str]) -> dict[str, object]:
    """What a role is sent, with the headers that could tell something."""
    found: dict[str, object] = {}
    for path in paths:
        answer = world.knock(role, "GET", path, {})
        heads = {name: answer.headers.get(name) for name in TOLD}
        if TOKENS.search(answer.data):
            heads.pop("ETag")  # made of the token too: everybody has another
        found[path] = (answer.status_code, heads, TOKENS.sub(b"", answer.data))
        answer.close()
    return found


@pytest.mark.parametrize(
    ("world", "role"),
    [
        *(("rows", role) for role in ("visitor", "stranger", "member", "captain")),
        ("sets", "member"),
    ],
    indirect=["world"],
)
def test_no_answer_depends_on_b(world: World, role: str, caplog: pytest.LogCaptureFixture) -> None:
    paths = addresses(world)
    with caplog.at_level(logging.DEBUG):
        turn_b(world, up=True)
        before = told(world, role, paths)
        turn_b(world, up=False)
        after = told(world, role, paths)
    assert [path for path in paths if before[path] != after[path]] == []
    assert not any(secret.decode() in caplog.text for secret in SECRETS)


@pytest.mark.parametrize("world", ["sets"], indirect=True)
def test_staff_would_notice(world: World) -> None:
    """The comparison finds what there is to find."""
    paths = addresses(world)
    turn_b(world, up=True)
    before = told(world, "judge", paths)
    turn_b(world, up=False)
    after = told(world, "judge", paths)
    differing = {path for path in paths if before[path] != after[path]}
    assert differing >= {
        "/problems/pcb/leaderboard?board=B",
        "/api/v1/problems/pcb/leaderboard?board=B",
        f"/submissions/{world.scored}",
        f"/api/v1/submissions/{world.scored}",
        "/api/v1/submissions",
        "/staff/review/pcb",
    }
