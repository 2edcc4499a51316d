"""`flask scheduler`: sweeps every few seconds and cleans up every hour."""

import logging
import signal
from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import TYPE_CHECKING, Final

from flask import Flask

from app.bulk.tending import tend_bulks
from app.core.blobs import LocalBlobs, collect_garbage
from app.core.platform import Platform
from app.evaluations.climbing import climb_due
from app.evaluations.sweeping import ClockWatch, sweep
from app.leaderboards.climbing import keep_todays_ranks
from app.notifications.postman import Postman, start_postman
from app.overall.jobs import ring_stale as ring_stale_overall
from app.problems.jobs import resend_publications
from app.rescoring.tending import tend_rescores
from app.settings import Settings
from app.similarity.jobs import ring_stale_comparisons
from app.statistics.jobs import ring_stale
from app.teams.telling import tell_ending_stages
from app.uploads.operations import sweep_uploads

if TYPE_CHECKING:
    from datetime import datetime

logger = logging.getLogger("baijing.scheduler")
_GRACE: Final = timedelta(days=1)
_CLEAN_EVERY: Final = timedelta(hours=1)
_PARTING: Final = 5.0
"""How many seconds a mail that is being sent has to end, so that it is not sent again."""


def run_scheduler(app: Flask, settings: Settings, port: Platform) -> None:
    """Sweep until told to stop; one sweep that fails is logged and the next one comes."""
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    lease = timedelta(seconds=settings.lease_seconds)
    watch = ClockWatch(lease)
    # a thread of its own: a slow mail server must not keep the sweep waiting
    sender = None if port.mailer is None else start_postman(app, port, stopping, _attempt)
    cleaned: datetime | None = None
    while not stopping.is_set():
        _attempt("sweep", lambda: _sweep(port, lease, watch))
        _attempt("ranks of the day", lambda: keep_todays_ranks(port))
        _attempt("overall boards", lambda: ring_stale_overall(port))
        _attempt("re-scores", lambda: tend_rescores(port))
        _attempt("acts on many submissions", lambda: tend_bulks(port))
        _attempt("ladders", lambda: climb_due(port))
        _attempt("stages", lambda: tell_ending_stages(port))
        if sender is None:
            _attempt("mail", Postman(port).go_round)
        now = port.clock.now()
        if cleaned is None or now - cleaned > _CLEAN_EVERY:
            _attempt("clean-up", lambda: clean_up(port))
            _attempt("old mails", Postman(port).forget)
            cleaned = now
        stopping.wait(settings.sweep_seconds)
    if sender is not None:
        sender.join(_PARTING)


def clean_up(port: Platform) -> int:
    """Forget expired uploads, delete blobs that nothing refers to; return how many blobs."""
    before = port.clock.now() - _GRACE
    with port.database.transaction() as session:
        sweep_uploads(session, now=port.clock.now())
    stale = port.blobs.sweep_incoming(before) if isinstance(port.blobs, LocalBlobs) else 0
    with port.database.reading() as session:
        return stale + collect_garbage(session, port.blobs, before=before)


def _sweep(port: Platform, lease: timedelta, watch: ClockWatch) -> None:
    resend_publications()
    ring_stale(port)
    ring_stale_comparisons(port)
    done = sweep(port, lease, watch)
    if done.put_back or done.queued_for_b:
        logger.warning("put back %s, queued for B %s", done.put_back, done.queued_for_b)


def _attempt(what: str, action: Callable[[], object]) -> None:
    try:
        action()
    except Exception:
        logger.exception("%s failed; trying again", what)
