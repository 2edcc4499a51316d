"""How often pages were asked for."""

from datetime import date

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class PageVisits(Base):
    """How often a page was opened on a Beijing day.

    A number and nothing else: no person, no address, no cookie, no order of visits.
    """

    __tablename__ = "page_visits"

    day: Mapped[date] = mapped_column(primary_key=True)
    page: Mapped[str] = mapped_column(String(32), primary_key=True)
    """Which kind of page: the name of its route."""
    problem_slug: Mapped[str] = mapped_column(String(64), primary_key=True, default="")
    """Empty for pages that are about no single problem."""
    count: Mapped[int]
