"""The staff's overview: what needs whom, and the one cheap request that asks whether it changed."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.accounts.models import Role, User
from app.bulk.choosing import Choice
from app.bulk.models import BulkKind
from app.bulk.operations import Wish, plan
from app.compute.models import GpuDevice, Worker
from app.core.db import Database
from app.discussions import operations as discussions
from app.evaluations.models import State, Verdict
from app.problems.models import Board, Problem, Publication, PublicationState, Stage
from app.reviews import operations as reviews
from app.reviews.models import NoteKind
from tests.factories import make_problem, make_submission, make_team, make_user
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional
SignIn = Callable[[User], None]
Counting = Callable[[], AbstractContextManager[list[str]]]
ZEROS = "0" * 64


def person(database: Database, role: Role) -> User:
    with database.transaction() as session:
        return make_user(session, role=role)


def fill(session: Session, clock: FrozenClock, slug: str) -> Problem:
    """One of each thing that can wait."""
    now = clock.now()
    problem = make_problem(session, slug=slug, closes_at=now + timedelta(hours=5))
    asker, judge = make_user(session), make_user(session, role=Role.JUDGE)
    organiser = make_user(session, role=Role.ORGANISER)
    discussions.open_thread(
        session, problem, asker, title=f"<i>{slug}?</i>", body="请问", now=now - timedelta(hours=7)
    )
    scored = make_submission(session, problem=problem, scores={"A": {"macro_f1": 0.5}}, at=now)
    make_submission(
        session, problem=problem, state=State.FAILED, verdict=Verdict.SYSTEM_ERROR, at=now
    )
    make_submission(
        session, problem=problem, state=State.FAILED, verdict=Verdict.TIME_LIMIT, at=now
    )
    reviews.write_note(session, scored, judge, NoteKind.FLAG, "疑点", now=now)
    session.add(
        Publication(
            pack_blob=ZEROS,
            filename=f"{slug}.zip",
            state=PublicationState.REFUSED,
            steps=[],
            created_by_id=organiser.id,
            created_at=now,
            finished_at=now,
        )
    )
    closed = make_problem(
        session,
        slug=f"{slug}-over",
        opens_at=now - timedelta(days=9),
        closes_at=now - timedelta(days=2),
    )
    make_submission(session, problem=closed, scores={"A": {"macro_f1": 0.5}})
    plan(session, problem, Wish(BulkKind.RERUN, Choice(), "x"), organiser, now=now)
    return problem


def test_an_empty_site_needs_a_worker_and_nothing_else(
    client: FlaskClient, database: Database, sign_in: SignIn
) -> None:
    sign_in(person(database, Role.ORGANISER))
    page = client.get("/staff?lang=en").text
    assert page.count('class="need need--') == 1
    assert "No worker has been heard of lately" in page


def test_everything_that_waits_is_named_with_its_place(
    client: FlaskClient, database: Database, sign_in: SignIn, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        fill(session, clock, "weld")
    sign_in(person(database, Role.ORGANISER))
    page = client.get("/staff?lang=en").text
    for link in (
        "/problems/weld/discussion/1",
        "/staff/submissions/bulk?problem=weld&amp;state=failed&amp;verdict=system_error",
        "/staff/publications/1",
        "/staff/problems/weld",
        "/staff/review/weld",
        "/staff/review/weld-over",
        "/staff/problems/weld-over/reveal-b",
        "/staff/submissions/bulk/1",
    ):
        assert f'href="{link}' in page, link
    assert "&lt;i&gt;weld?" in page
    assert "for 7 h 0 min" in page
    assert "in 5 h 0 min" in page
    assert "verdict=time_limit" not in page  # a team's own fault waits for nobody
    order = [page.index(one) for one in ("need--now", "need--soon", "need--later")]
    assert order == sorted(order)


def test_a_judge_is_not_shown_what_organisers_do(
    client: FlaskClient, database: Database, sign_in: SignIn, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        fill(session, clock, "weld")
    sign_in(person(database, Role.JUDGE))
    page = client.get("/staff").text
    assert 'href="/staff/review/weld"' in page
    assert 'href="/staff/review/weld-over"' in page
    for absent in ("/staff/submissions/bulk", "/reveal-b", 'need__text"><a href="/problems/'):
        assert absent not in page


def test_what_is_dealt_with_is_gone(
    client: FlaskClient, database: Database, sign_in: SignIn, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        problem = fill(session, clock, "weld")
        organiser = make_user(session, role=Role.ORGANISER)
        thread = discussions.open_thread(
            session, problem, make_user(session), title="第二问", body="请问", now=clock.now()
        )
        discussions.reply(session, problem, thread, organiser, body="答复", now=clock.now())
        session.add(
            Publication(
                pack_blob=ZEROS,
                filename="weld.zip",
                state=PublicationState.PUBLISHED,
                steps=[],
                created_by_id=organiser.id,
                created_at=clock.now(),
                finished_at=clock.now(),
            )
        )
    sign_in(person(database, Role.ORGANISER))
    needs = client.get("/staff").text.partition('class="gauges"')[0]
    assert "第二问" not in needs
    assert "/staff/publications/1" not in needs


def test_the_overview_costs_the_same_however_much_waits(
    client: FlaskClient,
    database: Database,
    sign_in: SignIn,
    clock: FrozenClock,
    count_queries: Counting,
) -> None:
    sign_in(person(database, Role.ORGANISER))
    costs = []
    for round_ in range(2):
        with database.transaction() as session:
            for number in range(1 + 3 * round_):
                fill(session, clock, f"weld-{round_}-{number}")
        with count_queries() as sent:
            client.get("/staff")
        costs.append(len(sent))
    assert costs[0] == costs[1] <= 24


def test_one_query_says_that_nothing_changed(
    client: FlaskClient,
    database: Database,
    sign_in: SignIn,
    clock: FrozenClock,
    count_queries: Counting,
) -> None:
    sign_in(person(database, Role.JUDGE))
    first = client.get("/staff/version.json")
    tag = first.headers["ETag"]
    assert first.get_json()["version"] in client.get("/staff").text
    with count_queries() as sent:
        same = client.get("/staff/version.json", headers={"If-None-Match": tag})
    assert (same.status_code, same.data) == (304, b"")
    assert len(sent) <= 2  # who asks, and the versions
    with database.transaction() as session:
        session.add(
            Worker(
                name="host:1:cpu",
                pool="cpu",
                sandbox="docker",
                sandbox_reason="",
                started_at=clock.now(),
                seen_at=clock.now(),
            )
        )
    changed = client.get("/staff/version.json", headers={"If-None-Match": tag})
    assert changed.status_code == 200


def test_gpus_are_counted_with_their_memory(
    client: FlaskClient, database: Database, sign_in: SignIn, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        for number in range(2):
            session.add(
                GpuDevice(
                    uuid=f"GPU-{number}",
                    host="a",
                    model="H100",
                    memory_bytes=80 << 30,
                    used_bytes=20 << 30,
                    seen_at=clock.now(),
                )
            )
        problem = make_problem(session)
        team = make_team(session, problem=problem)
        make_submission(session, problem=problem, team=team, at=clock.now() - timedelta(days=1))
        stage = problem.stage(Board.A)
        assert isinstance(stage, Stage)
    sign_in(person(database, Role.JUDGE))
    page = client.get("/staff?lang=en").text
    assert "memory 40 GiB of 160 GiB" in page
    assert "yesterday 1" in page
