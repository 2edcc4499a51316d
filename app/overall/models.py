"""An overall board, the problems it counts, and its rows as they were last worked out."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.contests.models import Contest
from app.core.db import Base
from app.problems.models import Problem
from scoring.aggregate import Method

NAME_LENGTH = 64
DIGEST_LENGTH = 64
TEAM_NAME_LENGTH = 64


class Basis(StrEnum):
    """Which board of each problem counts."""

    A = "a"
    FINAL = "final"
    """B once it is revealed, A until then."""


class OverallBoard(Base):
    """What organisers decided about an overall board, and of what its rows were made."""

    __tablename__ = "overall_board"

    id: Mapped[int] = mapped_column(primary_key=True)
    contest_id: Mapped[int] = mapped_column(ForeignKey("contest.id"), index=True)
    slug: Mapped[str] = mapped_column(String(NAME_LENGTH), unique=True)
    title: Mapped[dict[str, Any]]
    """By language tag."""
    method: Mapped[Method]
    basis: Mapped[Basis]
    created_at: Mapped[datetime]
    settings_version: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    """Grows with every change of what is counted; rows worked out for another are not kept."""
    told: Mapped[str] = mapped_column(String(DIGEST_LENGTH), default="", server_default="")
    """The digest of which boards were counted; the rows are shown while it is still right."""
    source: Mapped[str] = mapped_column(String(DIGEST_LENGTH), default="", server_default="")
    """The digest of the state in which those boards were."""
    size: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """How many rows there are."""
    counted_at: Mapped[datetime | None]
    rung_at: Mapped[datetime | None]
    """When a worker was last asked to count."""

    contest: Mapped[Contest] = relationship()
    entries: Mapped[list["OverallProblem"]] = relationship(
        order_by="OverallProblem.position", cascade="all, delete-orphan"
    )

    @property
    def problems(self) -> list[Problem]:
        """The problems, in the order of the columns."""
        return [entry.problem for entry in self.entries]


class OverallProblem(Base):
    """One problem of an overall board."""

    __tablename__ = "overall_problem"

    overall_id: Mapped[int] = mapped_column(ForeignKey("overall_board.id"), primary_key=True)
    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"), primary_key=True)
    position: Mapped[int]

    problem: Mapped[Problem] = relationship()


class OverallRow(Base):
    """One competitor: the teams of one captain, named after the first of them."""

    __tablename__ = "overall_row"
    __table_args__ = (Index(None, "overall_id", "captain_id"),)

    overall_id: Mapped[int] = mapped_column(ForeignKey("overall_board.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    """Its place in the list, from 1; a page is a stretch of numbers."""
    rank: Mapped[int]
    captain_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    name: Mapped[str] = mapped_column(String(TEAM_NAME_LENGTH))
    total: Mapped[float]
    parts: Mapped[list[Any]]
    """For each board that was counted, in their order: what it contributes, and the rank there
    (null where the competitor is not on it)."""
