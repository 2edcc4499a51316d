"""Submissions and the quota they use."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.core.db import Base, BlobDigest, ByteCount
from app.problems.models import Board, Problem, Revision
from app.teams.models import Team


class Kind(StrEnum):
    """What was handed in."""

    PREDICTIONS = "predictions"
    CODE = "code"


class Submission(Base):
    """One answer file or code archive of one team, or of the organisers as a baseline."""

    __tablename__ = "submission"
    __table_args__ = (
        CheckConstraint("is_baseline = (team_id IS NULL)", name="baseline_iff_no_team"),
        Index(None, "problem_id", "team_id", "created_at"),
        UniqueConstraint("user_id", "idempotency_key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"))
    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    """Who sent it; empty for a baseline submitted by the platform."""
    kind: Mapped[Kind]
    board: Mapped[Board] = mapped_column(default=Board.A)
    """The stage it was made for: B only for `sets` while B is open."""
    is_baseline: Mapped[bool] = mapped_column(default=False)
    is_debug: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """A try run: on public data, with no score and no quota slot; counts nowhere."""
    blob: Mapped[str] = mapped_column(BlobDigest)
    filename: Mapped[str] = mapped_column(String(255))
    size: Mapped[ByteCount]
    note: Mapped[str] = mapped_column(String(500), default="")
    idempotency_key: Mapped[str | None] = mapped_column(String(128))
    created_at: Mapped[datetime]
    retracted_at: Mapped[datetime | None]
    """Set by an organiser: counts on no board."""

    problem: Mapped[Problem] = relationship()
    revision: Mapped[Revision] = relationship()
    team: Mapped[Team | None] = relationship()
    user: Mapped[User | None] = relationship()


class QuotaSlot(Base):
    """One of a team's submissions of a Beijing day. The constraint is the quota.

    Two clicks at once claim the same ordinal and cannot both win. A slot is deleted when the
    submission is cancelled or fails through our fault.
    """

    __tablename__ = "quota_slot"
    __table_args__ = (UniqueConstraint("problem_id", "team_id", "day", "ordinal"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"))
    day: Mapped[date]
    ordinal: Mapped[int]
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), unique=True)
