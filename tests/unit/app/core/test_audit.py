from datetime import UTC, datetime

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app.core.audit import THE_CLOCK, Actor, AuditEntry, find_broken_link, record_audit

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def fill(session: Session) -> list[AuditEntry]:
    people = (Actor(7, "王芳"), THE_CLOCK, Actor(8, "O'Brien"))
    return [
        record_audit(session, actor, "stage.open", "problem:x", {"n": n, "名": "值"}, now=NOON)
        for n, actor in enumerate(people)
    ]


def test_an_honest_log_is_whole(session: Session) -> None:
    assert find_broken_link(session) is None
    fill(session)
    session.expire_all()
    assert find_broken_link(session) is None


def test_a_changed_entry_shows(session: Session) -> None:
    entries = fill(session)
    session.execute(update(AuditEntry).where(AuditEntry.id == entries[1].id).values(facts={"n": 9}))
    session.expire_all()
    assert find_broken_link(session) == entries[1].id


def test_a_missing_entry_shows(session: Session) -> None:
    entries = fill(session)
    session.execute(delete(AuditEntry).where(AuditEntry.id == entries[1].id))
    session.expire_all()
    assert find_broken_link(session) == entries[2].id
