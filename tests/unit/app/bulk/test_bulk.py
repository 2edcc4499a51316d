"""Acts on many submissions, from the plan to the end."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import Role, User
from app.bulk import operations, queries
from app.bulk.choosing import Choice
from app.bulk.errors import BulkStateError, NoBulkReasonError, NothingSelectedError
from app.bulk.models import Bulk, BulkItem, BulkKind, BulkMove, BulkState, ItemState
from app.bulk.operations import Wish
from app.bulk.tending import tend_bulks
from app.core.audit import AuditEntry, verify_chain
from app.core.db import Database
from app.core.pagination import PageRequest
from app.core.platform import Platform
from app.evaluations.models import Evaluation, State, Verdict
from app.problems.errors import BoardSignedOffError
from app.problems.models import Board, Problem
from app.rescoring.boards import read_boards
from app.submissions.models import Kind, Submission
from tests.factories import make_problem, make_submission, make_team, make_user
from tests.fakes.ports import FrozenClock, MemoryQueue

ZEROS = "0" * 64


@pytest.fixture
def problem(session: Session) -> Problem:
    """Three teams: the best has two scores, and one team has a failure of ours."""
    made = make_problem(session)
    teams = [make_team(session, problem=made, name=name) for name in ("甲", "乙", "丙")]
    for team, scores in zip(teams, ([0.9, 0.6], [0.8], [0.7]), strict=True):
        for score in scores:
            make_submission(
                session, problem=made, team=team, scores={"A": {"macro_f1": score}, "B": {}}
            )
    make_submission(
        session, problem=made, team=teams[2], state=State.FAILED, verdict=Verdict.SYSTEM_ERROR
    )
    make_submission(session, problem=made, baseline=True, scores={"A": {"macro_f1": 0.5}})
    make_submission(session, problem=made, team=teams[0], is_debug=True, state=State.SCORED)
    return made


@pytest.fixture
def organiser(session: Session) -> User:
    return make_user(session, role=Role.ORGANISER)


def plan(
    session: Session,
    problem: Problem,
    by: User,
    kind: BulkKind,
    choice: Choice | None = None,
    clock: FrozenClock | None = None,
) -> Bulk:
    now = (clock or FrozenClock()).now()
    wish = Wish(kind, choice or Choice(), "重复参赛")
    bulk = operations.plan(session, problem, wish, by, now=now)
    operations.weigh(session, bulk, now=now)
    return bulk


def ranks(session: Session, problem: Problem, clock: FrozenClock) -> list[int]:
    places = read_boards(session, problem, now=clock.now())[Board.A]
    return [place.rank for _, place in sorted(places.items())]


@pytest.mark.parametrize(
    ("choice", "count"),
    [
        (Choice(), 5),
        (Choice(baselines=True), 6),
        (Choice(state=State.FAILED), 1),
        (Choice(verdict=Verdict.SYSTEM_ERROR), 1),
        (Choice(verdict=Verdict.TIME_LIMIT), 0),
        (Choice(team="乙"), 1),
        (Choice(team="%"), 0),
        (Choice(board=Board.B), 0),
        (Choice(kind=Kind.CODE), 0),
        (Choice(since=FrozenClock().now().date() + timedelta(days=9)), 0),
    ],
)
def test_a_filter_finds_what_counts(
    session: Session, problem: Problem, choice: Choice, count: int
) -> None:
    assert queries.list_fitting(session, problem, choice, PageRequest()).total == count


def test_a_plan_tells_whom_it_moves_and_does_nothing(
    session: Session, problem: Problem, organiser: User, clock: FrozenClock
) -> None:
    bulk = plan(session, problem, organiser, BulkKind.RETRACT, Choice(team="甲"))
    assert (bulk.state, bulk.total) == (BulkState.PLANNED, 2)
    moves = queries.list_moves(session, bulk, Board.A, 10)
    assert [(move.team.name, move.old_rank, move.new_rank) for move in moves] == [
        ("甲", 1, None),
        ("乙", 2, 1),
        ("丙", 3, 2),
    ]
    assert queries.count_moves(session, bulk, Board.A) == queries.MoveCounts(2, 0, 1)
    assert ranks(session, problem, clock) == [1, 2, 3]
    assert session.scalars(select(func.count(Submission.retracted_at))).one() == 0
    operations.discard(session, bulk)
    assert session.scalars(select(func.count()).select_from(BulkItem)).one() == 0
    assert session.scalars(select(func.count()).select_from(BulkMove)).one() == 0


def test_many_are_retracted_in_one_audited_act(
    session: Session, queue: MemoryQueue, problem: Problem, organiser: User, clock: FrozenClock
) -> None:
    bulk = plan(session, problem, organiser, BulkKind.RETRACT, Choice(team="甲"))
    operations.confirm(session, bulk, organiser, now=clock.now())
    assert operations.advance(session, queue, bulk, now=clock.now()) == 0
    assert (bulk.state, bulk.finished_at) == (BulkState.DONE, clock.now())
    assert ranks(session, problem, clock) == [1, 2]
    entries = session.execute(select(AuditEntry.action, AuditEntry.facts).order_by(AuditEntry.id))
    told = [(action, facts.get("reason")) for action, facts in entries]
    assert told == [
        ("bulk.retract", "重复参赛"),
        ("submission.retract", "重复参赛"),
        ("submission.retract", "重复参赛"),
        ("bulk.finish", None),
    ]
    assert verify_chain(session).broken is None
    for again in (operations.confirm, operations.stop):
        with pytest.raises(BulkStateError):
            again(session, bulk, organiser, now=clock.now())
    with pytest.raises(BulkStateError):
        operations.discard(session, bulk)
    with pytest.raises(BulkStateError):
        operations.weigh(session, bulk, now=clock.now())


def test_what_is_being_evaluated_is_passed_over(
    session: Session, queue: MemoryQueue, problem: Problem, organiser: User, clock: FrozenClock
) -> None:
    bulk = plan(session, problem, organiser, BulkKind.RERUN)
    moves = queries.list_moves(session, bulk, Board.A, 10)
    assert [move.new_rank for move in moves] == [None, None, None]
    busy = session.scalars(select(Evaluation).order_by(Evaluation.id)).first()
    assert busy is not None
    busy.state, busy.finished_at = State.QUEUED, None
    operations.confirm(session, bulk, organiser, now=clock.now())
    operations.advance(session, queue, bulk, now=clock.now())
    assert queries.get_progress(session, bulk) == queries.Progress(0, 4, 1)
    first = queries.list_items(session, bulk, PageRequest()).items[0]
    assert (first.state, first.because) == (ItemState.SKIPPED, "still_running")
    assert ranks(session, problem, clock) == []


def test_a_kept_answer_is_scored_without_a_run(
    session: Session, queue: MemoryQueue, problem: Problem, organiser: User, clock: FrozenClock
) -> None:
    team = make_team(session, problem=problem, name="丁")
    coded = make_submission(
        session, problem=problem, team=team, kind=Kind.CODE, scores={"A": {"macro_f1": 0.1}}
    )
    before = session.scalars(select(Evaluation).where(Evaluation.submission_id == coded.id)).one()
    before.answer_blob, before.wall_s = ZEROS, 3.0
    for kind, blob in ((BulkKind.RESCORE, ZEROS), (BulkKind.RERUN, None)):
        bulk = plan(session, problem, organiser, kind, Choice(team="丁"))
        operations.confirm(session, bulk, organiser, now=clock.now())
        operations.advance(session, queue, bulk, now=clock.now())
        fresh = session.scalars(
            select(Evaluation).where(Evaluation.submission_id == coded.id, Evaluation.is_current)
        ).one()
        assert (fresh.state, fresh.answer_blob) == (State.QUEUED, blob)
        assert fresh.reuses_id == (before.id if blob else None)
        fresh.state, fresh.finished_at = State.SCORED, clock.now()
        session.flush()


def test_nothing_is_planned_without_a_reason_or_a_submission(
    session: Session, problem: Problem, organiser: User, clock: FrozenClock
) -> None:
    for reason in (" ", "x" * 501):
        with pytest.raises(NoBulkReasonError):
            operations.plan(
                session,
                problem,
                Wish(BulkKind.RERUN, Choice(), reason),
                organiser,
                now=clock.now(),
            )
    none = Wish(BulkKind.RERUN, Choice(team="戊"), "x")
    with pytest.raises(NothingSelectedError), session.begin_nested():
        operations.plan(session, problem, none, organiser, now=clock.now())


def test_a_signed_board_refuses_it(
    session: Session, problem: Problem, organiser: User, clock: FrozenClock
) -> None:
    bulk = plan(session, problem, organiser, BulkKind.RETRACT)
    problem.stages[0].signed_off_at = clock.now()
    with pytest.raises(BoardSignedOffError):
        operations.confirm(session, bulk, organiser, now=clock.now())


def test_the_scheduler_goes_on_where_it_was(
    database: Database, platform: Platform, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        problem = make_problem(session)
        for number in range(operations.PIECE + 5):
            make_submission(session, problem=problem, scores={"A": {"macro_f1": number / 100}})
        by = make_user(session, role=Role.ORGANISER)
        wish = Wish(BulkKind.RETRACT, Choice(), "重复参赛")
        number = operations.plan(session, problem, wish, by, now=clock.now()).id
    assert tend_bulks(platform) == 1
    with database.transaction() as session:
        bulk = queries.get_bulk(session, number)
        assert bulk.state is BulkState.PLANNED
        assert queries.count_moves(session, bulk, Board.A).leaves == operations.PIECE + 5
        operations.confirm(session, bulk, session.get_one(User, by.id), now=clock.now())
        assert operations.advance(session, platform.queue, bulk, now=clock.now()) == 5
    assert tend_bulks(platform) == 1  # another process than the one that began
    assert tend_bulks(platform) == 0
    with database.reading() as session:
        bulk = queries.get_bulk(session, number)
        assert bulk.state is BulkState.DONE
        assert queries.get_progress(session, bulk).done == operations.PIECE + 5


def test_stopped_the_rest_stays_as_it_is(
    database: Database, platform: Platform, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        problem = make_problem(session)
        for _ in range(operations.PIECE + 1):
            make_submission(session, problem=problem, scores={"A": {"macro_f1": 0.5}})
        by = make_user(session, role=Role.ORGANISER)
        bulk = plan(session, problem, by, BulkKind.RETRACT)
        operations.confirm(session, bulk, by, now=clock.now())
        operations.advance(session, platform.queue, bulk, now=clock.now())
        operations.stop(session, bulk, by, now=clock.now())
        assert bulk.state is BulkState.STOPPED
        assert queries.get_progress(session, bulk) == queries.Progress(0, operations.PIECE, 1)
    assert tend_bulks(platform) == 0
