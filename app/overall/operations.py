"""What organisers decide about overall boards, and the counting. Callers own the transaction."""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.contests.models import Contest
from app.core.audit import record_audit
from app.core.db import hold
from app.evaluations.standings import ensure_fresh
from app.leaderboards.combining import rank_by_captain
from app.leaderboards.queries import find_view
from app.overall.errors import OverallSlugTakenError, UnusableOverallError
from app.overall.models import NAME_LENGTH, Basis, OverallBoard, OverallProblem, OverallRow
from app.overall.queries import (
    digest_sources,
    digest_told,
    get_overall_by_id,
    list_counted,
    list_overall,
)
from app.problems.models import Problem
from scoring.aggregate import Combined, Method, RankedBoard, combine

FEWEST_PROBLEMS: Final = 2
MOST_PROBLEMS: Final = 40
LONGEST_TITLE: Final = 120
RING_AGAIN: Final = timedelta(minutes=1)
"""How often a board that goes on changing is counted again."""
_SLUG: Final = re.compile(rf"[a-z0-9-]{{3,{NAME_LENGTH}}}")
_BATCH: Final = 2_000


@dataclass(frozen=True, slots=True)
class Settings:
    """What organisers decide about an overall board."""

    slug: str
    title: Mapping[str, str]
    method: Method
    basis: Basis
    problems: Sequence[Problem]
    """In the order of the columns."""


@dataclass(frozen=True, slots=True)
class Result:
    """What was worked out, and from what."""

    settings_version: int
    told: str
    source: str
    rows: Sequence[dict[str, Any]]


def create_overall(
    session: Session, contest: Contest, actor: User, settings: Settings, *, now: datetime
) -> OverallBoard:
    """Make an overall board of a contest.

    Raises:
        UnusableOverallError: a setting is missing or out of bounds.
        OverallSlugTakenError: another has its address.
    """
    _check(settings, contest)
    overall = OverallBoard(
        contest=contest,
        slug=settings.slug,
        title=dict(settings.title),
        method=settings.method,
        basis=settings.basis,
        created_at=now,
        entries=_entries(settings.problems),
    )
    try:
        with session.begin_nested():
            session.add(overall)
    except IntegrityError as error:
        raise OverallSlugTakenError from error
    record_audit(
        session, actor.as_actor(), "overall.create", _subject(overall), _facts(overall), now=now
    )
    return overall


def change_overall(
    session: Session, overall: OverallBoard, actor: User, settings: Settings, *, now: datetime
) -> None:
    """Change what an overall board counts or how; its rows are shown again once counted anew.

    Raises:
        UnusableOverallError: a setting is missing or out of bounds.
        OverallSlugTakenError: another has its address.
    """
    _check(settings, overall.contest)
    hold(session, overall)
    before, kept = _facts(overall), overall.problems
    try:
        with session.begin_nested():
            overall.slug, overall.title = settings.slug, dict(settings.title)
            overall.method, overall.basis = settings.method, settings.basis
    except IntegrityError as error:
        raise OverallSlugTakenError from error
    if kept != list(settings.problems):
        overall.entries.clear()
        session.flush()
        overall.entries.extend(_entries(settings.problems))
    after = _facts(overall)
    if any(before[key] != after[key] for key in ("method", "basis", "problems")):
        overall.settings_version += 1
        overall.rung_at = None
    session.flush()
    if before != after:
        facts = {"from": before, "to": after}
        record_audit(session, actor.as_actor(), "overall.change", _subject(overall), facts, now=now)


def remove_overall(session: Session, overall: OverallBoard, actor: User, *, now: datetime) -> None:
    """Take an overall board off the site; what it was is in the audit log."""
    facts, subject = _facts(overall), _subject(overall)
    session.execute(delete(OverallRow).where(OverallRow.overall_id == overall.id))
    session.delete(overall)
    session.flush()
    record_audit(session, actor.as_actor(), "overall.remove", subject, facts, now=now)


def list_stale(session: Session, *, now: datetime) -> list[OverallBoard]:
    """Return the overall boards of which something changed and nobody was told lately."""
    due = [
        one
        for one in list_overall(session)
        if one.rung_at is None or one.rung_at <= now - RING_AGAIN
    ]
    sources = digest_sources(session, due, now=now) if due else {}
    return [one for one in due if one.source != sources[one.id]]


def freshen(session: Session, overall_id: int, *, now: datetime) -> None:
    """Make the boards that are counted anew where they were made by other rules."""
    overall = get_overall_by_id(session, overall_id)
    for one in list_counted(overall):
        if one.is_open:
            ensure_fresh(session, one.problem, now=now)


def work_out(session: Session, overall_id: int, *, now: datetime) -> Result | None:
    """Combine the boards as everybody sees them; reads alone, one query a board and a few.

    None where the rules of a board changed at this very moment: the next count has it.
    """
    overall = get_overall_by_id(session, overall_id)
    # before the boards are read: what changes meanwhile is counted next time
    source = digest_sources(session, [overall], now=now)[overall.id]
    names: dict[Hashable, str] = {}
    boards: list[RankedBoard] = []
    for one in list_counted(overall):
        if not one.is_open:
            continue
        view = find_view(session, one.problem, one.board, now=now)
        if view is None:
            return None
        boards.append(rank_by_captain(session, view, names))
    rows = _rows(combine(boards, overall.method), boards, names)
    return Result(overall.settings_version, digest_told(overall), source, rows)


def record(session: Session, overall_id: int, found: Result, *, now: datetime) -> bool:
    """Put what was worked out in place of what was there; False where settings changed since."""
    overall = get_overall_by_id(session, overall_id)
    hold(session, overall)
    if overall.settings_version != found.settings_version:
        return False
    session.execute(delete(OverallRow).where(OverallRow.overall_id == overall_id))
    for start in range(0, len(found.rows), _BATCH):
        batch = [{"overall_id": overall_id, **row} for row in found.rows[start : start + _BATCH]]
        session.execute(insert(OverallRow), batch)
    overall.told, overall.source, overall.size = found.told, found.source, len(found.rows)
    overall.counted_at = now
    return True


def list_problems_of(session: Session, contest: Contest) -> Sequence[Problem]:
    """Return the problems of a contest that may be counted, in the order they came."""
    return session.scalars(
        select(Problem).where(Problem.contest_id == contest.id).order_by(Problem.id)
    ).all()


def _rows(
    combined: Sequence[Combined], boards: Sequence[RankedBoard], names: Mapping[Hashable, str]
) -> list[dict[str, Any]]:
    rows = []
    for number, one in enumerate(combined, 1):
        places = [board.places.get(one.competitor) for board in boards]
        parts = [
            [value, None if place is None else place.rank]
            for value, place in zip(one.parts, places, strict=True)
        ]
        rows.append(
            {
                "number": number,
                "rank": one.rank,
                "captain_id": one.competitor,
                "name": names[one.competitor],
                "total": one.total,
                "parts": parts,
            }
        )
    return rows


def _entries(problems: Sequence[Problem]) -> list[OverallProblem]:
    return [OverallProblem(problem=one, position=place) for place, one in enumerate(problems)]


def _check(settings: Settings, contest: Contest) -> None:
    ours = all(one.contest_id == contest.id for one in settings.problems)
    enough = FEWEST_PROBLEMS <= len(settings.problems) <= MOST_PROBLEMS
    titled = settings.title and all(
        0 < len(text) <= LONGEST_TITLE for text in settings.title.values()
    )
    if not (ours and enough and titled and _SLUG.fullmatch(settings.slug)):
        raise UnusableOverallError


def _facts(overall: OverallBoard) -> dict[str, Any]:
    return {
        "slug": overall.slug,
        "title": overall.title,
        "method": overall.method.value,
        "basis": overall.basis.value,
        "problems": [one.slug for one in overall.problems],
    }


def _subject(overall: OverallBoard) -> str:
    return f"overall:{overall.slug}"
