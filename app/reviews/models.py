"""Notes on submissions. Append-only: what was once said stays said."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.core.db import Base
from app.submissions.models import Submission


class NoteKind(StrEnum):
    """What a note is for."""

    COMMENT = "comment"
    FLAG = "flag"
    """Somebody should look at this before the board is final."""
    CLEARED = "cleared"
    """The flag before it is done with."""
    QUESTION = "question"
    """Put to the team; the one kind of a judge's note that the team reads."""
    ANSWER = "answer"
    """What the team says to the question before it."""
    RECOMMENDATION = "recommendation"


class Recommendation(StrEnum):
    """What a judge would have the organisers do; the latest of each judge counts."""

    CONFIRM = "confirm"
    RERUN = "rerun"
    DISQUALIFY = "disqualify"


class ReviewNote(Base):
    """One note by one person on one submission."""

    __tablename__ = "review_note"
    __table_args__ = (
        CheckConstraint(
            "(kind = 'recommendation') = (recommendation IS NOT NULL)",
            name="recommendation_iff_of_that_kind",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    kind: Mapped[NoteKind]
    recommendation: Mapped[Recommendation | None]
    body: Mapped[str] = mapped_column(Text)
    """Plain text, shown with its line ends."""
    created_at: Mapped[datetime]

    submission: Mapped[Submission] = relationship()
    author: Mapped[User] = relationship()
