"""Contests and announcements."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.core.db import Base


class Contest(Base):
    """One edition of the competition."""

    __tablename__ = "contest"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[dict[str, Any]]
    """By language tag, as the two texts below."""
    description: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    """Markdown."""
    terms: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    """Markdown: what holds for all its problems."""
    areas: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    """The areas its problems are of; empty: any."""
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    a_opens_at: Mapped[datetime | None]
    """The stages: what a new problem of the contest begins with; empty where nothing is set."""
    a_closes_at: Mapped[datetime | None]
    b_opens_at: Mapped[datetime | None]
    b_closes_at: Mapped[datetime | None]
    approves_teams: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Whether a team is approved by an organiser before it may submit."""
    archived_at: Mapped[datetime | None]
    """Set once it is over: it is read, and takes no new problem."""
    created_at: Mapped[datetime]

    def stage_times(self, board: str) -> tuple[datetime | None, datetime | None]:
        """Return when a board's stage opens and closes in a new problem, as far as it is set."""
        if board == "A":
            return self.a_opens_at, self.a_closes_at
        return self.b_opens_at, self.b_closes_at


class Announcement(Base):
    """A notice. Append-only: a mistake is corrected by another announcement, not by an edit."""

    __tablename__ = "announcement"

    id: Mapped[int] = mapped_column(primary_key=True)
    contest_id: Mapped[int] = mapped_column(ForeignKey("contest.id"), index=True)
    problem_slug: Mapped[str | None] = mapped_column(String(64), index=True)
    """Empty for the whole contest."""
    title: Mapped[str] = mapped_column(String(120))
    body: Mapped[str] = mapped_column(Text)
    """Markdown."""
    title_en: Mapped[str] = mapped_column(String(120), default="", server_default="")
    """The same in English; empty: everybody reads `title`."""
    body_en: Mapped[str] = mapped_column(Text, default="", server_default="")
    corrects_id: Mapped[int | None] = mapped_column(unique=True, index=True)
    """The announcement that this one corrects; both stay, and each is corrected once at most."""
    author_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    published_at: Mapped[datetime]

    author: Mapped[User] = relationship()
    corrects: Mapped["Announcement | None"] = relationship(
        primaryjoin="foreign(Announcement.corrects_id) == remote(Announcement.id)",
        back_populates="correction",
    )
    correction: Mapped["Announcement | None"] = relationship(
        primaryjoin="Announcement.id == foreign(remote(Announcement.corrects_id))",
        back_populates="corrects",
    )

    @property
    def titles(self) -> dict[str, str]:
        """The title by language tag."""
        return {"zh-Hans": self.title} | ({"en": self.title_en} if self.title_en else {})

    @property
    def bodies(self) -> dict[str, str]:
        """The text by language tag."""
        return {"zh-Hans": self.body} | ({"en": self.body_en} if self.body_en else {})
