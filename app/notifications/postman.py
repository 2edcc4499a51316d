"""Sends what is due: a thread of the scheduler, so that a slow mail server holds nobody up.

Not a job of the workers: theirs may run for hours, and their hosts need not reach a mail server.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Final

from flask import Flask

from app.core.mail import Mailer, MailRefusedError, MailServerError
from app.core.platform import Platform
from app.notifications.mails import write_mail
from app.notifications.models import MailState
from app.notifications.outbox import (
    ClaimedMail,
    claim,
    finish,
    forget_sent,
    let_go,
    put_off,
    skip_mail,
    sort_mail,
)

logger = logging.getLogger("baijing.mail")
EVERY_S: Final = 3.0
_MOST_IN_A_ROUND: Final = 200
_FIRST_PAUSE: Final = timedelta(seconds=5)
_LONGEST_PAUSE: Final = timedelta(minutes=10)


@dataclass
class Postman:
    """Sorts what was told into mails and sends those that are due."""

    port: Platform
    _pause: timedelta = _FIRST_PAUSE
    _not_before: datetime | None = field(default=None)
    """While the mail server is away nobody knocks all the time."""

    def go_round(self) -> int:
        """Do what is due now; return how many mails were sent."""
        mailer = self.port.mailer
        if mailer is None:
            with self.port.database.transaction() as session:
                skip_mail(session)
            return 0
        self.sort()
        if self._not_before is not None and self.port.clock.now() < self._not_before:
            return 0
        return self._send(mailer)

    def forget(self) -> None:
        """Delete mails that ended long ago."""
        with self.port.database.transaction() as session:
            forget_sent(session, now=self.port.clock.now())

    def sort(self) -> None:
        """Decide for everything new whether and with which mail it goes."""
        looked_at = 1
        while looked_at:
            with self.port.database.transaction() as session:
                looked_at = sort_mail(session, now=self.port.clock.now())

    def _send(self, mailer: Mailer) -> int:
        """Send over one connection, opened when there is something to send."""
        claimed = self._claim()
        if claimed is None:
            return 0
        sent = 0
        try:
            with mailer.open() as line:
                while claimed is not None and sent < _MOST_IN_A_ROUND:
                    message = write_mail(
                        self.port, mailer, claimed.mail, claimed.items, now=self.port.clock.now()
                    )
                    try:
                        line.send(message)
                    except MailRefusedError as error:
                        self._put_off(claimed, error)
                    else:
                        self._finish(claimed, MailState.SENT)
                        sent += 1
                    claimed = self._claim()
        except MailServerError as error:
            self._server_is_away(claimed, error)
            return sent
        if claimed is not None:  # enough for one round
            self._let_go(claimed, "")
        self._pause, self._not_before = _FIRST_PAUSE, None
        return sent

    def _claim(self) -> ClaimedMail | None:
        """Take the next mail that has something to say and somebody to say it to."""
        while True:
            with self.port.database.transaction() as session:
                claimed = claim(session, now=self.port.clock.now())
            if claimed is None:
                return None
            person = claimed.mail.user
            if claimed.items and person.disabled_at is None and not person.is_demo:
                return claimed
            self._finish(claimed, MailState.DROPPED)

    def _finish(self, claimed: ClaimedMail, state: MailState) -> None:
        with self.port.database.transaction() as session:
            finish(session, claimed.mail, state, now=self.port.clock.now())

    def _put_off(self, claimed: ClaimedMail, error: MailRefusedError) -> None:
        logger.warning("mail %s is not taken: %s", claimed.mail.id, error)
        with self.port.database.transaction() as session:
            put_off(
                session,
                claimed.mail,
                str(error),
                for_good=error.for_good,
                now=self.port.clock.now(),
            )

    def _let_go(self, claimed: ClaimedMail, reason: str) -> None:
        with self.port.database.transaction() as session:
            let_go(session, claimed.mail, reason)

    def _server_is_away(self, claimed: ClaimedMail | None, error: MailServerError) -> None:
        logger.warning("no mail can be sent, trying again in %s: %s", self._pause, error)
        if claimed is not None:
            self._let_go(claimed, str(error))
        self._not_before = self.port.clock.now() + self._pause
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)


Attempt = Callable[[str, Callable[[], object]], None]
"""Does something, and logs where that fails."""


def start_postman(app: Flask, port: Platform, stopping: Event, attempt: Attempt) -> Thread:
    """Go round until told to stop; a round that fails is logged, and the next one comes."""
    postman = Postman(port)

    def deliver() -> None:
        with app.app_context():
            while not stopping.is_set():
                attempt("mail", postman.go_round)
                stopping.wait(EVERY_S)

    thread = Thread(target=deliver, name="postman", daemon=True)
    thread.start()
    return thread
