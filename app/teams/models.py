"""Teams and their members."""

from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from app.accounts.models import User
from app.core.db import Base
from app.core.pinyin import to_search
from app.problems.models import Problem

AFFILIATION_LENGTH: Final = 60


class Team(Base):
    """Who competes in one problem."""

    __tablename__ = "team"
    __table_args__ = (UniqueConstraint("problem_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"))
    name: Mapped[str] = mapped_column(String(64))
    name_pinyin: Mapped[str] = mapped_column(String(500), default="", server_default="")
    """What a Chinese name is found by; follows the name by itself."""
    captain_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    invite_code: Mapped[str] = mapped_column(String(32), unique=True)
    approved_at: Mapped[datetime | None]
    """When an organiser approved it; asked for in contests that approve teams."""
    affiliation: Mapped[str] = mapped_column(
        String(AFFILIATION_LENGTH), default="", server_default=""
    )
    """The school or company that the team says it is from; empty where it says nothing."""
    created_at: Mapped[datetime]

    problem: Mapped[Problem] = relationship()
    captain: Mapped[User] = relationship()
    members: Mapped[list["Membership"]] = relationship(
        order_by="Membership.id", back_populates="team"
    )

    @validates("name")
    def _note_pinyin(self, _key: str, name: str) -> str:
        self.name_pinyin = to_search([name])
        return name


class Membership(Base):
    """One person in one team; `problem_id` repeats the team's so that the constraint can see it."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("problem_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), index=True)
    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    joined_at: Mapped[datetime]
    is_name_public: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Whether everybody reads the member's name on the team's page; the member alone decides."""

    team: Mapped[Team] = relationship(back_populates="members")
    user: Mapped[User] = relationship()


class Invitation(Base):
    """A captain wants a person in the team; it is gone once it is answered."""

    __tablename__ = "invitation"
    __table_args__ = (UniqueConstraint("team_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    invited_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]

    team: Mapped[Team] = relationship()
    user: Mapped[User] = relationship(foreign_keys=user_id)
    invited_by: Mapped[User] = relationship(foreign_keys=invited_by_id)


class MergeRequest(Base):
    """A team asks to become part of another one; it is gone once it is answered."""

    __tablename__ = "merge_request"
    __table_args__ = (UniqueConstraint("from_team_id", "into_team_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    from_team_id: Mapped[int] = mapped_column(ForeignKey("team.id"))
    into_team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), index=True)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]

    from_team: Mapped[Team] = relationship(foreign_keys=from_team_id)
    into_team: Mapped[Team] = relationship(foreign_keys=into_team_id)
    asked_by: Mapped[User] = relationship()


class TeamMerge(Base):
    """A team became part of another one. Its row stays, without members: its name is history."""

    __tablename__ = "team_merge"

    from_team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), primary_key=True)
    into_team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), index=True)
    merged_at: Mapped[datetime]

    from_team: Mapped[Team] = relationship(foreign_keys=from_team_id)
    into_team: Mapped[Team] = relationship(foreign_keys=into_team_id)
