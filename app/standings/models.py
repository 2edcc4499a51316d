"""The standing of every team on every board, and what organisers and teams decide about it."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.problems.models import Board

ALL_TEAMS = ""
"""The division of buckets that count a whole board."""
DIVISION_LENGTH = 64
REASON_LENGTH = 500


class Edition(StrEnum):
    """Which state of a board: as it is now, or as it was when it was last shown."""

    LIVE = "live"
    SHOWN = "shown"
    """Kept where a board is refreshed by the hour or frozen, from the first change after that."""


class Standing(Base):
    """One team on one board: what counts for it, and where that puts it."""

    __tablename__ = "standing"
    __table_args__ = (
        UniqueConstraint("problem_id", "board", "edition", "team_id"),
        Index("ix_standing_place", "problem_id", "board", "edition", "pinned", "place_key"),
        Index(
            "ix_standing_division",
            "problem_id",
            "board",
            "edition",
            "pinned",
            "division",
            "place_key",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"))
    board: Mapped[Board]
    edition: Mapped[Edition]
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), index=True)
    division: Mapped[str] = mapped_column(String(DIVISION_LENGTH), default=ALL_TEAMS)
    pinned: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Shown beside the board, never ranked: an organiser's entry."""
    place_key: Mapped[bytes] = mapped_column(LargeBinary)
    """Orders a board by its bytes, best first: see `keys`."""
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    evaluation_id: Mapped[int]
    """The evaluation whose scores are shown."""
    submitted_at: Mapped[datetime]
    entries: Mapped[int]
    """How many of the team's submissions have been scored."""
    last_at: Mapped[datetime]
    """When the last of them was made."""


class StandingBucket(Base):
    """How many ranked rows lie in one stretch of a board: a place is found by adding them up.

    A bucket begins at `low_key` and ends where the next one begins; the first begins at nothing.
    """

    __tablename__ = "standing_bucket"
    __table_args__ = (UniqueConstraint("problem_id", "board", "edition", "division", "low_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"))
    board: Mapped[Board]
    edition: Mapped[Edition]
    division: Mapped[str] = mapped_column(String(DIVISION_LENGTH))
    low_key: Mapped[bytes] = mapped_column(LargeBinary)
    size: Mapped[int]


class BoardState(Base):
    """What is true of a board as a whole; whoever changes a board holds its row until the end."""

    __tablename__ = "board_state"

    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"), primary_key=True)
    board: Mapped[Board] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=0)
    """Grows with every change that a page could show."""
    rules: Mapped[str] = mapped_column(String(64), default="")
    """The digest of the rules by which the rows were made; under others they are made anew."""
    shown_until: Mapped[datetime | None]
    """Up to when the shown edition has everything; empty where there is none."""


class RankSnapshot(Base):
    """That the ranks of a problem's board A were kept at the beginning of a Beijing day."""

    __tablename__ = "rank_snapshot"

    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    taken_at: Mapped[datetime]


class PastRank(Base):
    """A team's rank on the board that everybody saw when a day began."""

    __tablename__ = "past_rank"

    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), primary_key=True)
    rank: Mapped[int]


class TeamClass(Base):
    """How organisers class a team: its division, whether it competes, whether it is out."""

    __tablename__ = "team_class"
    __table_args__ = (
        CheckConstraint(
            "(disqualified_at IS NULL) = (reason = '')", name="reason_iff_disqualified"
        ),
    )

    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), primary_key=True)
    division: Mapped[str] = mapped_column(String(DIVISION_LENGTH), default=ALL_TEAMS)
    pinned: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    disqualified_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(REASON_LENGTH), default="")


class FinalChoice(Base):
    """A submission that its team chose to count."""

    __tablename__ = "final_choice"
    __table_args__ = (Index(None, "team_id"),)

    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"))
    chosen_at: Mapped[datetime]
