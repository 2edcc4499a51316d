"""What entries look like, and which two of different teams look alike."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base
from app.submissions.models import Submission


class Likeness(StrEnum):
    """In what two entries are alike."""

    CODE = "code"
    ANSWER = "answer"


class SubmissionPrint(Base):
    """The prints of one submission, taken once."""

    __tablename__ = "submission_print"

    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), primary_key=True)
    method: Mapped[int]
    """Which version of the algorithms took them; others are taken again."""
    code: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Hashes of the code (`code_prints`), 8 bytes each; empty where there is no code."""
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    """A sample of the answer (`answer_prints.Sample`); empty where it was not kept or is large."""


class SimilarPair(Base):
    """Two entries of different teams that are more alike than work of one's own is."""

    __tablename__ = "similar_pair"
    __table_args__ = (Index(None, "problem_id", "kind", "share"), Index(None, "second_id"))

    first_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), primary_key=True)
    """The earlier submission."""
    second_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), primary_key=True)
    kind: Mapped[Likeness] = mapped_column(primary_key=True)
    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"))
    share: Mapped[float]
    """Of the code's prints on the smaller side, or of the answer's places: from 0 to 1."""

    first: Mapped[Submission] = relationship(foreign_keys=first_id)
    second: Mapped[Submission] = relationship(foreign_keys=second_id)


class Comparison(Base):
    """The state of one problem's comparison: of which state of its boards, and who is at it."""

    __tablename__ = "similarity_comparison"

    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"), primary_key=True)
    version: Mapped[int] = mapped_column(default=-1)
    """The sum of its boards' `board_state.version` then; -1 where they never were compared."""
    entries: Mapped[int] = mapped_column(default=0)
    left_out: Mapped[int] = mapped_column(default=0)
    """Entries that could not be read, or are too large, and were compared as files alone."""
    typical: Mapped[float | None]
    """The share of places at which the answers of a typical pair agree; empty for few pairs."""
    rung_at: Mapped[datetime | None]
    claimed_until: Mapped[datetime | None]
    computed_at: Mapped[datetime | None]
