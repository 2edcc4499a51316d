"""Teams and their members."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from app.accounts.models import User
from app.core.db import Base
from app.core.pinyin import to_search
from app.problems.models import Problem


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

    team: Mapped[Team] = relationship(back_populates="members")
    user: Mapped[User] = relationship()
