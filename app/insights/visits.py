"""Counts visits: in the memory of a web process, written down every few seconds.

What is counted is that a page was opened, not by whom: see `PageVisits`. A process that is killed
loses the seconds since it last wrote.
"""

from collections import Counter
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Final

from flask import Flask, Response, g, request
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.clock import beijing_day
from app.core.current import platform
from app.insights.models import PageVisits

EVERY: Final = timedelta(seconds=15)
PAGES: Final = frozenset(
    {
        "home.index",
        "problems.hall",
        "problems.show",
        "problems.data",
        "leaderboards.show",
        "discussions.index",
    }
)
"""The pages that are counted: those that everybody reads."""
_PROGRAMS: Final = ("bot", "spider", "crawl", "curl", "wget", "python", "monitor", "lighthouse")
Visit = tuple[date, str, str]


class Tally:
    """Visits that are not written down yet."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[Visit] = Counter()
        self._since: datetime | None = None

    def add(self, page: str, slug: str, now: datetime) -> Counter[Visit]:
        """Count one visit; return what has to be written down now, mostly nothing."""
        with self._lock:
            self._counts[beijing_day(now), page, slug] += 1
            if self._since is None:
                self._since = now
            if now - self._since < EVERY:
                return Counter()
            due, self._counts, self._since = self._counts, Counter(), None
            return due


def register_visits(app: Flask) -> None:
    """Count the visits of an application's pages."""
    tally = Tally()

    @app.after_request
    def _count(answer: Response) -> Response:
        if is_visit(answer):
            slug = (request.view_args or {}).get("slug", "")
            port = platform()
            due = tally.add(request.endpoint or "", slug, port.clock.now())
            if due:
                # after the answer is sent: nobody waits for a number
                answer.call_on_close(lambda: _write(due))
        return answer

    def _write(due: Counter[Visit]) -> None:
        with app.app_context(), platform().database.transaction() as session:
            write_visits(session, due)


def is_visit(answer: Response) -> bool:
    """Tell whether somebody opened a page: no program, no prefetch, no page that looks again.

    Whoever works for the contest is not counted either.
    """
    agent = request.headers.get("User-Agent", "").lower()
    return (
        request.method == "GET"
        and request.endpoint in PAGES
        and answer.status_code in {200, 304}
        and request.headers.get("Sec-Fetch-Dest", "document") == "document"
        and "prefetch" not in request.headers.get("Sec-Purpose", "")
        and not getattr(g.get("actor"), "is_staff", False)
        and bool(agent)
        and not any(name in agent for name in _PROGRAMS)
    )


def write_visits(session: Session, due: Counter[Visit]) -> None:
    """Add counts to what was counted before, by whichever process."""
    for (day, page, slug), count in sorted(due.items()):
        mine = (PageVisits.day == day, PageVisits.page == page, PageVisits.problem_slug == slug)
        more = update(PageVisits).where(*mine).values(count=PageVisits.count + count)
        if session.execute(more.returning(PageVisits.day)).first() is not None:
            continue
        row = PageVisits(day=day, page=page, problem_slug=slug, count=count)
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:  # another process was first on this day
            session.execute(more)
