"""The site under test: Redis, web, worker and scheduler as processes of their own."""

import os
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from app.accounts.models import Role
from app.accounts.operations import create_user
from app.core.clock import SystemClock
from app.submissions.models import Submission
from tests.recovery.installation import Installation, opened, wait_for

PASSWORD = "four calm herons wade"
JUDGE = "judge@example.org"
ORGANISER = "organiser@example.org"
MEMBER = "member@example.org"


@dataclass
class Site:
    """A running installation with the tiny problem published and its staff."""

    installation: Installation
    worker: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.installation.settings.port}"

    @contextmanager
    def worker_held(self) -> Iterator[None]:
        """Hold the worker, so that what is handed in is seen waiting."""
        os.killpg(self.worker, signal.SIGSTOP)
        while not self._can_write():  # it was stopped in the middle of a transaction
            os.killpg(self.worker, signal.SIGCONT)
            time.sleep(0.05)
            os.killpg(self.worker, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.worker, signal.SIGCONT)

    def _can_write(self) -> bool:
        file = self.installation.folder / "baijing.db"
        with closing(sqlite3.connect(file, timeout=1)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            connection.rollback()
        return True

    def count_teams(self) -> int:
        """How many teams have handed in."""
        with self.installation.platform.database.reading() as session:
            count = select(func.count(Submission.team_id.distinct()))
            return int(session.scalars(count).one())


@contextmanager
def open_site(folder: Path) -> Iterator[Site]:
    with opened(folder, "bubblewrap") as installation:
        # a machine under load must not make a healthy worker look dead
        installation.environment |= {"BAIJING_WEB_WORKERS": "1", "BAIJING_LEASE_SECONDS": "20"}
        installation.start_redis()
        installation.start("web")
        worker = installation.worker()
        installation.start("scheduler")
        installation.publish()
        _add_people(installation)
        try:
            wait_for(lambda: _listens(installation.settings.port), "the site answers", 60)
        except AssertionError as error:
            error.add_note(installation.logs())
            raise
        yield Site(installation, worker.pid)


def _add_people(installation: Installation) -> None:
    people = {
        JUDGE: ("评委", Role.JUDGE),
        ORGANISER: ("组织者", Role.ORGANISER),
        MEMBER: ("Anne-Marie O’Neill", Role.PARTICIPANT),
    }
    with installation.platform.database.transaction() as session:
        for email, (name, role) in people.items():
            create_user(
                session,
                email=email,
                name=name,
                role=role,
                password=PASSWORD,
                now=SystemClock().now(),
            )


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
