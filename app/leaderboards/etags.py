"""What a board's page was made of, as an ETag: a reader who has the newest page is sent nothing.

Computed from the version of the board and of its statistics, the rules and who is looking; no row
of a board is read.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from flask import Response, request, session

from app.accounts.models import User
from app.core.clock import beijing_day
from app.leaderboards.queries import View
from app.leaderboards.reading import Opened
from app.statistics.queries import find_version
from app.ui.i18n import current_locale
from app.ui.themes import current_theme

_FLASHES: Final = "_flashes"
_CSRF: Final = "csrf_token"
_CSRF_LASTS: Final = timedelta(minutes=30)
"""The tokens in a page's forms run out after an hour; a page is never kept that long."""


def page_etag(opened: Opened, actor: User | None, now: datetime) -> str | None:
    """Return the ETag of a board's page; None where the page says something once only."""
    return etag_of_page(actor, now, _facts(opened, actor, now))


def etag_of_page(actor: User | None, now: datetime, facts: tuple[object, ...]) -> str | None:
    """Return the ETag of a page made of `facts` for whoever asks; None as above."""
    if session.get(_FLASHES):
        return None
    person: tuple[object, ...] = ()
    if actor is not None:
        kept_for = int(now.timestamp() // _CSRF_LASTS.total_seconds())
        person = (actor.name, session.get(_CSRF, ""), kept_for)
    return digest(facts, current_locale(), current_theme(), *person)


def api_etag(opened: Opened, actor: User, now: datetime) -> str:
    """Return the ETag of a board's answer to a program."""
    return digest(_facts(opened, actor, now))


def digest(*facts: object) -> str:
    """Return the ETag that stands for facts."""
    return sha256(repr(facts).encode()).hexdigest()[:32]


def not_modified(etag: str) -> Response | None:
    """Return an empty 304 where the client has what this ETag names."""
    if not request.if_none_match.contains(etag):
        return None
    answer = Response(status=304)
    answer.set_etag(etag)
    return answer


def _facts(opened: Opened, actor: User | None, now: datetime) -> tuple[object, ...]:
    problem, view = opened.problem, opened.view
    return (
        request.full_path,
        problem.revision_number,
        problem.title,
        problem.b_revealed_at,
        sorted(problem.board_rules.items()),
        problem.tie_rule,
        opened.rules.digest,
        opened.rules.frozen_since(now),
        beijing_day(now),  # what moved is told since the day began
        opened.sees_all,
        None if view is None else (view.version, view.stretch, view.until),
        find_version(opened.session, problem.id, opened.board) if _has_statistics(view) else None,
        opened.team_id,
        None if actor is None else (actor.id, actor.role),
        opened.is_old,
    )


def _has_statistics(view: View | None) -> bool:
    """Tell whether the answer has any; on a Ladder the time at which they change tells too much."""
    return view is not None and (view.is_raw or not view.has_ladder)
