"""What organisers do with contests. Callers own the transaction."""

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.contests.errors import EmptyAnnouncementError
from app.contests.models import Announcement, Contest
from app.contests.queries import find_contest
from app.core.audit import record_audit

DEFAULT_CONTEST: Final = "baijing"
LONGEST_TITLE: Final = 120
LONGEST_BODY: Final = 20_000
_TITLES: Final = {
    DEFAULT_CONTEST: {"zh-Hans": "百景大赛", "en": "Baijing Challenge"},
    "demo": {"zh-Hans": "百景大赛（演示）", "en": "Baijing Challenge (demo)"},
}


def default_contest(session: Session) -> str:
    """Return the contest of a problem for which none is named: the only one, else the default."""
    slugs = session.scalars(select(Contest.slug).limit(2)).all()
    return slugs[0] if len(slugs) == 1 else DEFAULT_CONTEST


def ensure_contest(session: Session, slug: str, *, now: datetime) -> Contest:
    """Return the contest of a name, made with a plain title where there is none."""
    found = find_contest(session, slug)
    if found is not None:
        return found
    title = _TITLES.get(slug, {"zh-Hans": slug, "en": slug})
    contest = Contest(slug=slug, title=title, created_at=now)
    try:
        with session.begin_nested():
            session.add(contest)
    except IntegrityError:  # two first problems of a contest at once: one of them makes it
        found = find_contest(session, slug)
        if found is None:
            raise
        return found
    return contest


def post_announcement(  # noqa: PLR0913 — what an announcement consists of
    session: Session,
    contest: Contest,
    author: User,
    *,
    title: str,
    body: str,
    now: datetime,
    problem_slug: str | None = None,
) -> Announcement:
    """Publish an announcement for good: a mistake is corrected by another one.

    Raises:
        EmptyAnnouncementError: title or text is empty or too long.
    """
    title, body = " ".join(title.split()), body.strip()
    if not (0 < len(title) <= LONGEST_TITLE and 0 < len(body) <= LONGEST_BODY):
        raise EmptyAnnouncementError
    announcement = Announcement(
        contest_id=contest.id,
        problem_slug=problem_slug,
        title=title,
        body=body,
        author_id=author.id,
        published_at=now,
    )
    session.add(announcement)
    session.flush()
    subject = f"contest:{contest.slug}" if problem_slug is None else f"problem:{problem_slug}"
    facts = {"announcement": announcement.id, "title": title}
    record_audit(session, author.as_actor(), "announcement.post", subject, facts, now=now)
    return announcement
