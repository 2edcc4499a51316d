from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.audit import Actor, AuditEntry
from app.core.db import Database
from app.core.errors import AppError
from app.core.platform import Platform
from app.core.times import parse_time, wall_clock
from app.problems import operations, queries
from app.problems.errors import (
    AlreadyRevealedError,
    BoardMissingError,
    ContestRunningError,
    SeedNotSealedError,
    SettingValueError,
    StageStateError,
    StageTimesError,
    UnknownSettingError,
)
from app.problems.models import Board, Problem, Stage, StageState
from app.problems.organiser_settings import SETTINGS, show_settings
from tests.factories import make_problem, make_user
from tests.factories.problems import OPENS
from tests.fakes.ports import FrozenClock

ORGANISER = Actor(7, "组委会")
INSTANT = timedelta(microseconds=1)


def stage(problem: Problem, board: Board = Board.A) -> Stage:
    found = problem.stage(board)
    assert found is not None
    return found


def set_value(session: Session, problem: Problem, name: str, value: str, now: datetime) -> None:
    operations.set_setting(session, problem, name, value, actor=ORGANISER, now=now)


def test_a_stage_is_open_from_its_first_instant_to_the_one_before_its_last() -> None:
    ends = OPENS + timedelta(days=30)
    plain = Stage(key=Board.A, opens_at=OPENS, closes_at=ends)
    assert plain.state(OPENS - INSTANT) is StageState.UPCOMING
    assert plain.state(OPENS) is StageState.OPEN
    assert plain.state(ends - INSTANT) is StageState.OPEN
    assert plain.state(ends) is StageState.CLOSED
    assert Stage(key=Board.A, opens_at=None, closes_at=ends).state(OPENS) is StageState.UPCOMING
    assert Stage(key=Board.A, opens_at=OPENS, closes_at=None).state(ends) is StageState.OPEN


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-06-30 17:00", datetime(2026, 6, 30, 9, tzinfo=UTC)),
        ("2026-06-30T17:00", datetime(2026, 6, 30, 9, tzinfo=UTC)),
        (" 2026-06-30 24:00 ", datetime(2026, 6, 30, 16, tzinfo=UTC)),
        ("2026-12-31 24:00", datetime(2026, 12, 31, 16, tzinfo=UTC)),
        ("2026-06-30 17:00:30", datetime(2026, 6, 30, 9, 0, 30, tzinfo=UTC)),
        ("2026-06-30T17:00:00+08:00", datetime(2026, 6, 30, 9, tzinfo=UTC)),
        ("2026-06-30T09:00:00Z", datetime(2026, 6, 30, 9, tzinfo=UTC)),
    ],
)
def test_times_are_beijing_unless_they_say_otherwise(text: str, instant: datetime) -> None:
    assert parse_time(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2026-06-30",
        "2026-06-30 24:01",
        "2026-06-30 25:00",
        "2026-02-30 10:00",
        "٢٠٢٦-06-30 10:00",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_time(text)


def test_a_written_time_reads_back() -> None:
    for instant in (
        datetime(2026, 6, 30, 9, tzinfo=UTC),
        datetime(2026, 6, 30, 9, 0, 7, tzinfo=UTC),
    ):
        assert parse_time(wall_clock(instant)) == instant
    assert wall_clock(None) == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("submissions_per_day", "0"),
        ("submissions_per_day", "20"),
        ("team_size", "1"),
        ("tie_rule", "shared"),
        ("withdrawn", "true"),
        ("a.closes_at", "2030-06-30 24:00"),
        ("b.opens_at", "2030-07-01 10:00"),
        ("b.closes_at", "never"),
    ],
)
def test_a_setting_is_set_and_shown(
    session: Session, clock: FrozenClock, name: str, value: str
) -> None:
    problem = make_problem(session)
    set_value(session, problem, name, value, clock.now())
    expected = {"never": "", "2030-06-30 24:00": "2030-07-01 00:00"}.get(value, value)
    assert show_settings(problem)[name] == expected


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("submissions_per_day", "-1", SettingValueError),
        ("submissions_per_day", "3.5", SettingValueError),
        ("submissions_per_day", "٣", SettingValueError),
        ("submissions_per_day", "99999999999999999999", SettingValueError),
        ("team_size", "0", SettingValueError),
        ("tie_rule", "coin", SettingValueError),
        ("withdrawn", "maybe", SettingValueError),
        ("a.closes_at", "tomorrow", SettingValueError),
        ("a.closes_at", "2029-12-31 08:00", StageTimesError),
        ("title", "x", UnknownSettingError),
    ],
)
def test_a_wrong_setting_is_refused_and_changes_nothing(
    database: Database, clock: FrozenClock, name: str, value: str, error: type[AppError]
) -> None:
    with database.transaction() as session:
        before = show_settings(make_problem(session, slug="kept"))
    with pytest.raises(error), database.transaction() as session:
        set_value(session, queries.get_problem(session, "kept"), name, value, clock.now())
    with database.reading() as session:
        assert show_settings(queries.get_problem(session, "kept")) == before
        assert session.scalars(select(AuditEntry)).all() == []


def test_both_ends_of_a_stage_move_at_once(session: Session, clock: FrozenClock) -> None:
    problem = make_problem(session, closes_at=OPENS + timedelta(days=1))
    wanted = {"a.opens_at": "2031-01-01 00:00", "a.closes_at": "2031-02-01 00:00"}
    operations.set_settings(session, problem, wanted, actor=ORGANISER, now=clock.now())
    assert stage(problem).state(clock.now()) is StageState.UPCOMING


def test_a_problem_with_one_board_has_no_settings_of_the_other(
    session: Session, clock: FrozenClock
) -> None:
    problem = make_problem(session, boards=(Board.A,))
    assert not any(name.startswith("b.") for name in show_settings(problem))
    assert len(show_settings(problem)) == len(SETTINGS) - 2
    with pytest.raises(BoardMissingError):
        set_value(session, problem, "b.opens_at", "now", clock.now())
    with pytest.raises(BoardMissingError):
        operations.reveal_b(session, problem, actor=ORGANISER, now=clock.now())


def test_every_change_is_audited_with_what_was_before(session: Session, clock: FrozenClock) -> None:
    problem = make_problem(session, slug="audited")
    set_value(session, problem, "submissions_per_day", "9", clock.now())
    set_value(session, problem, "submissions_per_day", "9", clock.now())  # no change, no entry
    operations.close_stage(session, problem, Board.A, actor=ORGANISER, now=clock.now())
    operations.open_stage(session, problem, Board.A, actor=ORGANISER, now=clock.now())
    operations.reveal_b(session, problem, actor=ORGANISER, now=clock.now())
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.action for entry in entries] == [
        "problem.set",
        "stage.close",
        "stage.open",
        "board.reveal",
    ]
    assert entries[0].facts == {"submissions_per_day": {"from": "3", "to": "9"}}
    assert {(entry.actor_name, entry.subject) for entry in entries} == {
        ("组委会", "problem:audited")
    }


def test_stages_open_and_close_by_hand(session: Session, clock: FrozenClock) -> None:
    problem, now = make_problem(session), clock.now()
    with pytest.raises(StageStateError):
        operations.open_stage(session, problem, Board.A, actor=ORGANISER, now=now)
    operations.close_stage(session, problem, Board.A, actor=ORGANISER, now=now)
    assert stage(problem).state(now) is StageState.CLOSED
    with pytest.raises(StageStateError):
        operations.close_stage(session, problem, Board.A, actor=ORGANISER, now=now)
    operations.open_stage(session, problem, Board.A, actor=ORGANISER, now=now)
    assert stage(problem).opens_at == OPENS
    assert stage(problem).state(now) is StageState.OPEN
    operations.open_stage(session, problem, Board.B, actor=ORGANISER, now=now)
    assert stage(problem, Board.B).opens_at == now
    with pytest.raises(StageStateError):  # it cannot end where it began
        operations.close_stage(session, problem, Board.B, actor=ORGANISER, now=now)


def test_b_is_revealed_once(session: Session, clock: FrozenClock) -> None:
    problem = make_problem(session)
    operations.reveal_b(session, problem, actor=ORGANISER, now=clock.now())
    assert problem.b_revealed_at == clock.now()
    with pytest.raises(AlreadyRevealedError):
        operations.reveal_b(session, problem, actor=ORGANISER, now=clock.now())


def test_a_seed_is_revealed_after_the_end_and_once(
    session: Session, clock: FrozenClock, platform: Platform
) -> None:
    problem, now = make_problem(session), clock.now()
    revision = queries.get_current_revision(session, problem)

    def reveal() -> None:
        operations.reveal_seed(session, problem, revision, actor=ORGANISER, now=now)

    with pytest.raises(SeedNotSealedError):
        reveal()
    revision.sealed_seed = platform.seal.seal("1 ab")
    with pytest.raises(ContestRunningError):
        reveal()
    operations.close_stage(session, problem, Board.A, actor=ORGANISER, now=now)
    with pytest.raises(ContestRunningError):
        reveal()
    operations.reveal_b(session, problem, actor=ORGANISER, now=now)
    reveal()
    assert revision.seed_is_public
    with pytest.raises(AlreadyRevealedError):
        reveal()


def test_a_problem_ends_when_its_last_stage_does(session: Session, clock: FrozenClock) -> None:
    now = clock.now()
    single = make_problem(session, boards=(Board.A,), closes_at=now + timedelta(hours=1))
    assert not operations.has_ended(single, now)
    assert operations.has_ended(single, now + timedelta(hours=1))
    both = make_problem(session, closes_at=now)
    both.b_revealed_at = now
    assert operations.has_ended(both, now)
    stage(both, Board.B).opens_at = now - timedelta(hours=1)
    stage(both, Board.B).closes_at = None
    assert not operations.has_ended(both, now)


def test_rules_are_accepted_once_per_revision(session: Session, clock: FrozenClock) -> None:
    problem, user = make_problem(session), make_user(session)
    assert not queries.has_accepted_rules(session, user, problem)
    for _ in range(2):
        operations.accept_rules(session, user, problem, now=clock.now())
    assert queries.has_accepted_rules(session, user, problem)
    problem.revision_number += 1
    assert not queries.has_accepted_rules(session, user, problem)
