"""Sign-offs of boards."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.core.db import Base
from app.problems.models import Board

REASON_LENGTH = 500


class SignOff(Base):
    """One judge's word that a board is as it should be. Lifted, it stays as history."""

    __tablename__ = "sign_off"
    __table_args__ = (
        CheckConstraint("(lifted_at IS NULL) = (lift_reason = '')", name="reason_iff_lifted"),
        Index(None, "problem_id", "board"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"))
    board: Mapped[Board]
    judge_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    signed_at: Mapped[datetime]
    ranking: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the ranking that was signed: see `queries.digest_ranking`."""
    teams: Mapped[int]
    lifted_at: Mapped[datetime | None]
    lifted_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    lift_reason: Mapped[str] = mapped_column(String(REASON_LENGTH), default="")

    judge: Mapped[User] = relationship(foreign_keys=judge_id)
    lifted_by: Mapped[User | None] = relationship(foreign_keys=lifted_by_id)
