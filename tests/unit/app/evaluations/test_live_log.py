"""What is printed is written at once while it comes, and nothing is written where nothing is."""

import threading
from datetime import timedelta

from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.core.platform import Platform
from app.evaluations.claims import claim_next
from app.evaluations.heartbeat import Heartbeat
from app.evaluations.logbook import read_log
from app.evaluations.models import Evaluation, LogChunk
from app.submissions.models import Kind
from tests.factories import make_problem, make_submission

LEASE = timedelta(seconds=20)


def begin(platform: Platform) -> Heartbeat:
    """A claim whose next beat is far away."""
    with platform.database.transaction() as session:
        make_submission(session, problem=make_problem(session), kind=Kind.CODE)
        assignment = claim_next(session, "cpu", "w", now=platform.clock.now(), lease=LEASE)
    assert assignment is not None
    return Heartbeat(platform, assignment, every=600, lease=LEASE)


def text(session: Session) -> str:
    return read_log(session, session.scalars(select(Evaluation)).one(), 0).text


def test_lines_are_written_long_before_the_next_beat(platform: Platform) -> None:
    written = threading.Event()

    @event.listens_for(LogChunk, "after_insert")
    def note(*_given: object) -> None:
        written.set()

    beat = begin(platform)
    with beat:
        for line in ("第一行\n", "second\n"):
            written.clear()
            beat.logbook(line.encode())
            assert written.wait(30)
    event.remove(LogChunk, "after_insert", note)
    with platform.database.reading() as session:
        assert text(session) == "第一行\nsecond\n"
        assert len(session.scalars(select(LogChunk)).all()) == 2


def test_what_cannot_be_written_now_is_written_later(platform: Platform) -> None:
    beat = begin(platform)
    beat.logbook(b"one\n")
    tries = threading.Semaphore(0)

    @event.listens_for(LogChunk, "before_insert")
    def refuse_once(*_given: object) -> None:
        tries.release()
        if not refused.is_set():
            refused.set()
            msg = "INSERT"
            raise OperationalError(msg, {}, Exception("database is locked"))

    refused = threading.Event()
    with beat:
        assert tries.acquire(timeout=30)
        assert tries.acquire(timeout=30)
    event.remove(LogChunk, "before_insert", refuse_once)
    with platform.database.reading() as session:
        assert text(session) == "one\n"


def test_an_attempt_is_named_with_every_piece(platform: Platform) -> None:
    begin(platform)
    with platform.database.reading() as session:
        piece = read_log(session, session.scalars(select(Evaluation)).one(), 0)
    assert (piece.text, piece.attempt, piece.done) == ("", 1, False)
