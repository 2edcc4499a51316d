"""Acts on many submissions: what was chosen, what it would change, how far it has come."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.core.db import Base
from app.problems.models import Board, Problem
from app.submissions.models import Submission
from app.teams.models import Team


class BulkKind(StrEnum):
    """What is done to each submission."""

    RERUN = "rerun"
    """Evaluated again from the start: code runs again."""
    RESCORE = "rescore"
    """Scored again; code whose answer was kept does not run."""
    RETRACT = "retract"
    """Taken off every board."""


class BulkState(StrEnum):
    """Where an act is in its life; one that was discarded is deleted."""

    WEIGHING = "weighing"
    """What it would change is being worked out."""
    PLANNED = "planned"
    """Somebody has to decide."""
    UNDER_WAY = "under_way"
    DONE = "done"
    STOPPED = "stopped"


class ItemState(StrEnum):
    """What became of one submission."""

    WAITING = "waiting"
    DONE = "done"
    SKIPPED = "skipped"


class Bulk(Base):
    """One act: its choice is fixed when it is planned, so that what was weighed is what is done."""

    __tablename__ = "bulk"
    __table_args__ = (Index(None, "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"), index=True)
    kind: Mapped[BulkKind]
    state: Mapped[BulkState] = mapped_column(default=BulkState.WEIGHING)
    reason: Mapped[str] = mapped_column(Text)
    chosen_by: Mapped[dict[str, Any]]
    """The filter as it was asked, by name; what is empty is left out."""
    total: Mapped[int]
    planned_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    planned_at: Mapped[datetime]
    weighed_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    confirmed_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    problem: Mapped[Problem] = relationship()
    planned_by: Mapped[User] = relationship(foreign_keys=planned_by_id)
    confirmed_by: Mapped[User | None] = relationship(foreign_keys=confirmed_by_id)


class BulkItem(Base):
    """One submission of an act."""

    __tablename__ = "bulk_item"
    __table_args__ = (Index(None, "bulk_id", "state"),)

    bulk_id: Mapped[int] = mapped_column(ForeignKey("bulk.id"), primary_key=True)
    submission_id: Mapped[int] = mapped_column(
        ForeignKey("submission.id"), primary_key=True, index=True
    )
    state: Mapped[ItemState] = mapped_column(default=ItemState.WAITING)
    because: Mapped[str] = mapped_column(String(64), default="")
    """The code of the error for which it was passed over."""

    submission: Mapped[Submission] = relationship()


class BulkMove(Base):
    """Where an act would move one team on one board: found by trying it out."""

    __tablename__ = "bulk_move"

    bulk_id: Mapped[int] = mapped_column(ForeignKey("bulk.id"), primary_key=True)
    board: Mapped[Board] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), primary_key=True)
    old_rank: Mapped[int]
    new_rank: Mapped[int | None]
    """Empty: it would not be on the board."""
    old_score: Mapped[float | None]
    new_score: Mapped[float | None]

    team: Mapped[Team] = relationship()
