"""What organisers do with contests. Callers own the transaction."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.contests.errors import AlreadyCorrectedError, EmptyAnnouncementError
from app.contests.models import Announcement, Contest
from app.contests.queries import find_contest
from app.core.audit import record_audit
from app.core.db import hold
from app.notifications.models import Notification, Topic
from app.notifications.operations import notify

DEFAULT_CONTEST: Final = "baijing"
LONGEST_TITLE: Final = 120
LONGEST_BODY: Final = 20_000
_TITLES: Final = {
    DEFAULT_CONTEST: {"zh-Hans": "百景大赛", "en": "Baijing Challenge"},
    "demo": {"zh-Hans": "百景大赛（演示）", "en": "Baijing Challenge (demo)"},
}


def default_contest(session: Session) -> str:
    """Return the contest where none is named: the only one that runs, or the default."""
    running = select(Contest.slug).where(Contest.archived_at.is_(None))
    slugs = session.scalars(running.limit(2)).all()
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


@dataclass(frozen=True, slots=True)
class Notice:
    """What an announcement says. Texts are Markdown; English may be left out, both or neither."""

    title: str
    body: str
    title_en: str = ""
    body_en: str = ""

    def tidied(self) -> "Notice":
        """Return it without blanks that say nothing.

        Raises:
            EmptyAnnouncementError: something is missing or too long.
        """
        titles = [" ".join(one.split()) for one in (self.title, self.title_en)]
        bodies = [one.strip() for one in (self.body, self.body_en)]
        fits = max(map(len, titles)) <= LONGEST_TITLE and max(map(len, bodies)) <= LONGEST_BODY
        if not (fits and titles[0] and bodies[0]) or bool(titles[1]) is not bool(bodies[1]):
            raise EmptyAnnouncementError
        return Notice(titles[0], bodies[0], titles[1], bodies[1])


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is told of an announcement, and the title of the problem it is about."""

    people: Collection[int]
    about: Mapping[str, str] | None = None


def post_announcement(  # noqa: PLR0913 — what is said where, by whom and to whom
    session: Session,
    contest: Contest,
    author: User,
    notice: Notice,
    *,
    now: datetime,
    problem_slug: str | None = None,
    audience: Audience | None = None,
) -> Announcement:
    """Publish an announcement for good: a mistake is corrected by another one.

    Its audience is told of it; without one, everybody who has an account.

    Raises:
        EmptyAnnouncementError: something is missing or too long, or half of it is in English alone.
    """
    announcement = Announcement(contest_id=contest.id, problem_slug=problem_slug)
    told = audience or _everybody(session)
    return _publish(session, announcement, author, notice, told, now=now)


def correct_announcement(
    session: Session, wrong: Announcement, author: User, notice: Notice, *, now: datetime
) -> Announcement:
    """Publish a correction where the first was published; both stay, and each links to the other.

    Raises:
        EmptyAnnouncementError: as `post_announcement`.
        AlreadyCorrectedError: somebody has corrected it; the newest one is the one to correct.
    """
    hold(session, wrong)  # of two corrections at once the second sees the first
    newer = session.scalar(select(Announcement.id).where(Announcement.corrects_id == wrong.id))
    if newer is not None:
        raise AlreadyCorrectedError(number=newer)
    announcement = Announcement(
        contest_id=wrong.contest_id, problem_slug=wrong.problem_slug, corrects_id=wrong.id
    )
    audience = _told_of(session, wrong)
    return _publish(session, announcement, author, notice, audience, now=now)


def _publish(
    session: Session,
    announcement: Announcement,
    author: User,
    notice: Notice,
    audience: Audience,
    *,
    now: datetime,
) -> Announcement:
    said, slug = notice.tidied(), announcement.problem_slug
    announcement.title, announcement.body = said.title, said.body
    announcement.title_en, announcement.body_en = said.title_en, said.body_en
    announcement.author_id, announcement.published_at = author.id, now
    session.add(announcement)
    session.flush()
    contest = session.get_one(Contest, announcement.contest_id)
    subject = f"contest:{contest.slug}" if slug is None else f"problem:{slug}"
    facts: dict[str, object] = {"announcement": announcement.id, "title": said.title}
    action = "announcement.post"
    if announcement.corrects_id is not None:
        facts["corrects"], action = announcement.corrects_id, "announcement.correct"
    _tell(session, announcement, audience, now)
    record_audit(session, author.as_actor(), action, subject, facts, now=now)
    return announcement


def _everybody(session: Session) -> Audience:
    return Audience(session.scalars(select(User.id).where(User.disabled_at.is_(None))).all())


def _told_of(session: Session, announcement: Announcement) -> Audience:
    """Return whoever was told of what is now corrected, and its author."""
    told = session.execute(
        select(Notification.user_id, Notification.facts).where(
            Notification.key == _key(announcement)
        )
    ).all()
    about = next((row.facts.get("problem") for row in told), None)
    return Audience([*(row.user_id for row in told), announcement.author_id], about)


def _key(announcement: Announcement) -> str:
    return f"announcement:{announcement.id}"


def _tell(session: Session, announcement: Announcement, audience: Audience, now: datetime) -> None:
    """Tell whom it concerns, but its author."""
    title = {"zh-Hans": announcement.title, "en": announcement.title_en or announcement.title}
    told: dict[str, str | Mapping[str, str]] = {"title": title}
    path = "/announcements"
    if announcement.problem_slug is not None:
        path = f"/problems/{announcement.problem_slug}/announcements"
        told |= {"says": "problem", "problem": audience.about or {}}
    people = [person for person in audience.people if person != announcement.author_id]
    key = _key(announcement)
    notify(session, people, Topic.ANNOUNCEMENT, told, path, now=now, key=key)
