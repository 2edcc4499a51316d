"""What the resampling of a board found."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, BlobDigest
from app.problems.models import Board


class BoardStatistics(Base):
    """The state of one board's statistics: of which version of the board, and who is at it."""

    __tablename__ = "board_statistics"

    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"), primary_key=True)
    board: Mapped[Board] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=-1)
    """The `board_state.version` they were worked out from; -1 where they never were."""
    items: Mapped[int] = mapped_column(default=0)
    """How many items of the truth were resampled."""
    draws_blob: Mapped[str | None] = mapped_column(BlobDigest)
    """Each entry's mean loss in each draw, so that one more entry costs one more row."""
    rung_at: Mapped[datetime | None]
    """When a worker was last asked to bring them up to date."""
    claimed_until: Mapped[datetime | None]
    """Until then a worker is at it; afterwards it is taken for dead."""
    computed_at: Mapped[datetime | None]


class ScoreInterval(Base):
    """Where one entry's score lies on one board, and with whom it is level."""

    __tablename__ = "score_interval"
    __table_args__ = (Index(None, "problem_id", "board"),)

    evaluation_id: Mapped[int] = mapped_column(primary_key=True)
    board: Mapped[Board] = mapped_column(primary_key=True)
    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"))
    low: Mapped[float]
    high: Mapped[float]
    level_group: Mapped[int]
    """Numbered from 1 down the board: the first of a group does not clearly beat the others."""
