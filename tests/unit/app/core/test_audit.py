from datetime import UTC, datetime

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app.core.audit import THE_CLOCK, Actor, AuditEntry, record_audit, verify_chain

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def fill(session: Session) -> list[AuditEntry]:
    people = (Actor(7, "王芳"), THE_CLOCK, Actor(8, "O'Brien"))
    return [
        record_audit(session, actor, "stage.open", "problem:x", {"n": n, "名": "值"}, now=NOON)
        for n, actor in enumerate(people)
    ]


def test_an_honest_log_is_whole(session: Session) -> None:
    assert verify_chain(session).broken is None
    fill(session)
    session.expire_all()
    assert verify_chain(session).broken is None


def test_a_changed_entry_shows(session: Session) -> None:
    entries = fill(session)
    session.execute(update(AuditEntry).where(AuditEntry.id == entries[1].id).values(facts={"n": 9}))
    session.expire_all()
    assert verify_chain(session).broken == entries[1].id


def test_a_noted_hash_tells_what_a_chain_cannot(session: Session) -> None:
    """A chain whose end was cut off is whole; the hash of an entry that is gone is not in it."""
    entries = fill(session)
    noted, last = entries[1].hash, entries[2].hash
    found = verify_chain(session, noted)
    assert (found.entries, found.broken, found.noted_at) == (3, None, entries[1].id)
    assert found.last_hash == last
    session.execute(delete(AuditEntry).where(AuditEntry.id == entries[2].id))
    session.expire_all()
    cut = verify_chain(session, last)
    assert (cut.entries, cut.broken, cut.noted_at) == (2, None, None)


def test_a_missing_entry_shows(session: Session) -> None:
    entries = fill(session)
    session.execute(delete(AuditEntry).where(AuditEntry.id == entries[1].id))
    session.expire_all()
    assert verify_chain(session).broken == entries[2].id
