"""Re-scores, the shadows they made, and where they move every team."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base
from app.evaluations.models import Evaluation
from app.problems.models import Board, Problem, Revision
from app.teams.models import Team


class RescoreState(StrEnum):
    """Where a re-score is in its life. The edges are in `states`; a discarded one is deleted."""

    STAGED = "staged"
    SCORING = "scoring"
    READY = "ready"
    PUBLISHED = "published"


class Rescore(Base):
    """One change of mind: a staged revision, why, and how far its shadow scoring has come."""

    __tablename__ = "rescore"
    __table_args__ = (
        CheckConstraint(
            "(state = 'published') = (open_problem_id IS NULL)", name="open_unless_published"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"), index=True)
    open_problem_id: Mapped[int | None] = mapped_column(unique=True)
    """The problem again while it is under way: of each problem there is one at most."""
    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"))
    base_number: Mapped[int]
    """The revision that was in force when it was staged."""
    publication_id: Mapped[int | None] = mapped_column(ForeignKey("publication.id"))
    """The upload it came with."""
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[RescoreState] = mapped_column(default=RescoreState.STAGED)
    staged_by: Mapped[str] = mapped_column(String(100))
    staged_at: Mapped[datetime]
    scoring_at: Mapped[datetime | None]
    ready_at: Mapped[datetime | None]
    published_by: Mapped[str | None] = mapped_column(String(100))
    published_at: Mapped[datetime | None]
    announcement_id: Mapped[int | None] = mapped_column(ForeignKey("announcement.id"))

    problem: Mapped[Problem] = relationship()
    revision: Mapped[Revision] = relationship()


class RescoreShadow(Base):
    """What one evaluation in force becomes."""

    __tablename__ = "rescore_shadow"

    rescore_id: Mapped[int] = mapped_column(ForeignKey("rescore.id"), primary_key=True)
    evaluation_id: Mapped[int] = mapped_column(
        ForeignKey("evaluation.id"), primary_key=True, index=True
    )
    shadow_id: Mapped[int] = mapped_column(ForeignKey("evaluation.id"), unique=True)

    evaluation: Mapped[Evaluation] = relationship(foreign_keys=evaluation_id)
    shadow: Mapped[Evaluation] = relationship(foreign_keys=shadow_id)


class RescoreMove(Base):
    """Where a re-score moves one team on one board: found by trying the publication out."""

    __tablename__ = "rescore_move"

    rescore_id: Mapped[int] = mapped_column(ForeignKey("rescore.id"), primary_key=True)
    board: Mapped[Board] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), primary_key=True)
    old_rank: Mapped[int | None]
    """Empty: it was not on the board."""
    new_rank: Mapped[int | None]
    """Empty: it is not on the board any more."""
    old_score: Mapped[float | None]
    """By the primary column of the revision in force then."""
    new_score: Mapped[float | None]

    team: Mapped[Team] = relationship()

    @property
    def climb(self) -> int | None:
        """How many ranks it gains; negative where it loses; None where it comes or goes."""
        if self.old_rank is None or self.new_rank is None:
            return None
        return self.old_rank - self.new_rank
