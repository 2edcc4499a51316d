"""Making, changing and archiving contests. Callers own the transaction."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.contests.errors import (
    ContestArchivedError,
    ContestChangedError,
    ContestOrderError,
    ContestSlugError,
    ContestSlugTakenError,
    ContestTextError,
    ContestTimeError,
    ContestTitleError,
)
from app.contests.models import Contest
from app.core.audit import record_audit
from app.core.db import hold
from app.core.times import parse_time, wall_clock
from problems.spec import Area

LONGEST_TITLE: Final = 120
LONGEST_TEXT: Final = 20_000
TIMES: Final = ("starts_at", "ends_at", "a_opens_at", "a_closes_at", "b_opens_at", "b_closes_at")
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,62}[a-z0-9]")
_PERIODS: Final = (
    ("starts_at", "ends_at"),
    ("a_opens_at", "a_closes_at"),
    ("b_opens_at", "b_closes_at"),
)
_AREAS: Final = frozenset(area.value for area in Area)


@dataclass(frozen=True, slots=True)
class ContestText:
    """Everything an organiser writes about a contest, as text; times as on the wall in Beijing."""

    title_zh: str = ""
    title_en: str = ""
    description_zh: str = ""
    description_en: str = ""
    terms_zh: str = ""
    terms_en: str = ""
    areas: tuple[str, ...] = ()
    starts_at: str = ""
    ends_at: str = ""
    a_opens_at: str = ""
    a_closes_at: str = ""
    b_opens_at: str = ""
    b_closes_at: str = ""
    approves_teams: bool = False


def write_out(contest: Contest) -> ContestText:
    """Return a contest as it is edited."""
    texts = {
        f"{name}_{short}": getattr(contest, name).get(tag, "")
        for name in ("title", "description", "terms")
        for short, tag in (("zh", "zh-Hans"), ("en", "en"))
    }
    times = {name: wall_clock(getattr(contest, name)) for name in TIMES}
    areas = tuple(str(area) for area in contest.areas)
    return ContestText(**texts, **times, areas=areas, approves_teams=contest.approves_teams)


def fingerprint(contest: Contest) -> str:
    """Return what changes whenever somebody saves the contest: an editor brings it back."""
    text = json.dumps(asdict(write_out(contest)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def create_contest(
    session: Session,
    slug: str,
    text: ContestText,
    actor: User,
    *,
    now: datetime,
    copied_from: str | None = None,
) -> Contest:
    """Make a contest. `copied_from` names the one whose texts were taken, for the audit log.

    Raises:
        ContestSlugError, ContestTitleError, ContestTextError, ContestTimeError,
            ContestOrderError: what was typed cannot be used.
        ContestSlugTakenError: there is a contest of this name.
    """
    if not _SLUG.fullmatch(slug):
        raise ContestSlugError(field="slug")
    contest = Contest(slug=slug, created_at=now)
    _write(contest, text)
    try:
        with session.begin_nested():
            session.add(contest)
    except IntegrityError as error:
        raise ContestSlugTakenError(slug=slug) from error
    facts: dict[str, Any] = {"title": contest.title}
    if copied_from:
        facts["copied_from"] = copied_from
    record_audit(session, actor.as_actor(), "contest.create", _subject(contest), facts, now=now)
    return contest


def change_contest(
    session: Session, contest: Contest, text: ContestText, actor: User, *, seen: str, now: datetime
) -> Mapping[str, Any]:
    """Write a contest anew; return what changed. `seen` is the fingerprint the editor began with.

    Raises:
        ContestArchivedError: it is over.
        ContestChangedError: somebody else saved it meanwhile.
        ContestTitleError, ContestTextError, ContestTimeError, ContestOrderError: see
            `create_contest`.
    """
    hold(session, contest)
    require_running(contest)
    if fingerprint(contest) != seen:
        raise ContestChangedError
    before = asdict(write_out(contest))
    _write(contest, text)
    after = asdict(write_out(contest))
    facts = {
        name: _say_change(name, before[name], after[name])
        for name in before
        if before[name] != after[name]
    }
    if facts:
        subject = _subject(contest)
        record_audit(session, actor.as_actor(), "contest.change", subject, facts, now=now)
    session.flush()
    return facts


def archive_contest(session: Session, contest: Contest, actor: User, *, now: datetime) -> None:
    """End a contest: it is read, and no problem comes into it; again changes nothing."""
    hold(session, contest)
    if contest.archived_at is None:
        contest.archived_at = now
        record_audit(session, actor.as_actor(), "contest.archive", _subject(contest), {}, now=now)
        session.flush()


def reopen_contest(session: Session, contest: Contest, actor: User, *, now: datetime) -> None:
    """Take a contest out of the archive; its problems stay in it. Again changes nothing."""
    hold(session, contest)
    if contest.archived_at is not None:
        contest.archived_at = None
        record_audit(session, actor.as_actor(), "contest.reopen", _subject(contest), {}, now=now)
        session.flush()


def require_running(contest: Contest) -> None:
    """Refuse what would change a contest that is over.

    Raises:
        ContestArchivedError: it is.
    """
    if contest.archived_at is not None:
        raise ContestArchivedError(slug=contest.slug)


def _write(contest: Contest, text: ContestText) -> None:
    titles = {"zh-Hans": _one_line(text.title_zh), "en": _one_line(text.title_en)}
    if not all(0 < len(title) <= LONGEST_TITLE for title in titles.values()):
        raise ContestTitleError(field="title_en" if titles["zh-Hans"] else "title_zh")
    contest.title = titles
    contest.description = _texts("description", text.description_zh, text.description_en)
    contest.terms = _texts("terms", text.terms_zh, text.terms_en)
    contest.areas = [area for area in dict.fromkeys(text.areas) if area in _AREAS]
    contest.approves_teams = text.approves_teams
    for name in TIMES:
        setattr(contest, name, _read_time(name, getattr(text, name)))
    for begin, end in _PERIODS:
        begins, ends = getattr(contest, begin), getattr(contest, end)
        if begins is not None and ends is not None and begins >= ends:
            raise ContestOrderError(field=end)


def _texts(name: str, chinese: str, english: str) -> dict[str, Any]:
    found = {"zh-Hans": chinese.strip(), "en": english.strip()}
    for short, value in zip(("zh", "en"), found.values(), strict=True):
        if len(value) > LONGEST_TEXT:
            raise ContestTextError(field=f"{name}_{short}", limit=LONGEST_TEXT)
    return {tag: value for tag, value in found.items() if value}


def _read_time(name: str, value: str) -> datetime | None:
    if not value.strip():
        return None
    try:
        return parse_time(value)
    except (ValueError, OverflowError) as error:
        raise ContestTimeError(field=name, value=value) from error


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _say_change(name: str, before: object, after: object) -> dict[str, object]:
    """Say what changed; of long texts their lengths, so that the log stays readable."""
    if name.startswith(("description", "terms")):
        return {"characters": {"from": len(str(before)), "to": len(str(after))}}
    return {"from": before, "to": after}


def _subject(contest: Contest) -> str:
    return f"contest:{contest.slug}"
