"""The audit log: append-only and hash-chained, so that a changed or missing entry shows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.db import Base

_GENESIS: Final = "0" * 64
_APPENDING: Final = 0x6175646974
"""The PostgreSQL advisory lock that an appending transaction holds: the letters of "audit"."""


class AuditEntry(Base):
    """One action of an organiser, a judge or the platform that changed an outcome."""

    __tablename__ = "audit_entry"
    # two writers that read the same tail cannot both append to it
    __table_args__ = (UniqueConstraint("previous_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[int | None]
    """The user who acted; empty when the clock did."""
    actor_name: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(64), index=True)
    subject: Mapped[str] = mapped_column(String(128), index=True)
    facts: Mapped[dict[str, Any]]
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


def entry_hash(entry: AuditEntry) -> str:
    """Return the SHA-256 over an entry's content and the hash before it."""
    content = json.dumps(
        [
            entry.previous_hash,
            entry.at.isoformat(),
            entry.actor_id,
            entry.actor_name,
            entry.action,
            entry.subject,
            entry.facts,
        ],
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return sha256(content.encode()).hexdigest()


class Actor:
    """Who is written into the log: a user's id and name, or the platform itself."""

    __slots__ = ("id", "name")

    def __init__(self, id: int | None, name: str) -> None:  # noqa: A002 — the column's name
        self.id = id
        self.name = name


THE_CLOCK: Final = Actor(None, "baijing")


def record_audit(
    session: Session,
    actor: Actor,
    action: str,
    subject: str,
    facts: Mapping[str, Any],
    *,
    now: datetime,
) -> AuditEntry:
    """Append one entry in the caller's transaction.

    `action` is `noun.verb`, as `submission.retract`; `subject` is `kind:id`, as `problem:milk-run`.
    Appending waits for whoever appended before to commit, so do it last.
    """
    _wait_for_turn(session)
    tail = session.scalar(select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1))
    entry = AuditEntry(
        at=now,
        actor_id=actor.id,
        actor_name=actor.name,
        action=action,
        subject=subject,
        facts=dict(facts),
        previous_hash=tail or _GENESIS,
        hash="",
    )
    entry.hash = entry_hash(entry)
    session.add(entry)
    session.flush()
    return entry


def _wait_for_turn(session: Session) -> None:
    """Let one transaction append at a time; the others see its entry as their predecessor.

    What is pending is sent first: a transaction that waits here holds its rows already and asks for
    no more, so two of them cannot wait for each other. SQLite has one writer anyway.
    """
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_APPENDING)))


@dataclass(frozen=True, slots=True)
class Verification:
    """What a walk along the whole chain found."""

    entries: int
    """How many fit, from the first one on."""
    broken: int | None
    """The id of the first entry whose hash or predecessor does not fit."""
    last_hash: str
    """The hash of the last entry that fits: kept elsewhere, it proves later what was there."""
    noted_at: int | None
    """The id of the entry whose hash was asked for; None where it is not in the chain."""


def verify_chain(session: Session, noted: str = "") -> Verification:
    """Walk along the chain from the first entry, and look for a hash that was noted before.

    A chain alone cannot tell that its end was cut off; a hash that somebody noted can.
    """
    expected, count = _GENESIS, 0
    broken = noted_at = None
    everything = select(AuditEntry).order_by(AuditEntry.id).execution_options(yield_per=500)
    with session.scalars(everything) as entries:
        for entry in entries:
            if entry.previous_hash != expected or entry_hash(entry) != entry.hash:
                broken = entry.id
                break
            expected, count = entry.hash, count + 1
            if entry.hash == noted:
                noted_at = entry.id
    return Verification(count, broken, expected, noted_at)
