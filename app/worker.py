"""`flask worker`: a parent that keeps N RQ workers alive, reports, and clears what the dead left.

The parent runs no job and its children share nothing with it, so a crash in one run never takes
the others along. Children die with the parent, their jobs die with them, containers are reaped.
"""

import logging
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from types import FrameType
from typing import Final

from flask import Flask

from app.compute.models import Worker as WorkerRow
from app.compute.operations import report_alive
from app.core.current import name_worker, platform, settings
from app.core.platform import Platform
from app.core.processes import await_gone, list_descendants
from app.core.redis import connect
from app.core.rq_worker import PoolWorker, die_with_parent
from app.evaluations.claims import is_claim_alive
from app.evaluations.operations import put_back_worker
from app.evaluations.workspace import sweep_workspaces
from app.problems.publications import OWNER_PREFIX, is_run_alive
from app.settings import Settings
from app.wiring import redis_url
from sandbox import Sandbox, SandboxError

logger = logging.getLogger("baijing.worker")
_REPORT_EVERY: Final = 5.0
_RESTART_PAUSE: Final = 1.0
_PATIENCE: Final = 5.0


@dataclass
class WorkerHost:
    """One `flask worker` process: its pool, its children, its sandbox."""

    settings: Settings
    platform: Platform
    pool: str
    concurrency: int
    make_app: Callable[[], Flask]
    children: set[int] = field(default_factory=set)
    stopping: Event = field(default_factory=Event)
    name: str = field(init=False)
    """What this host's claims are signed with."""

    def __post_init__(self) -> None:
        """Take the name before any fork."""
        self.name = f"{socket.gethostname()}:{os.getpid()}:{self.pool}"

    def run(self) -> None:
        """Work until told to stop; what runs then is put back into the queue."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        sandbox, reason = self._open_sandbox()
        sweep_workspaces(self.platform.cache)
        started = self.platform.clock.now()
        row = WorkerRow(
            name=self.name,
            pool=self.pool,
            sandbox=sandbox.name,
            sandbox_reason=reason[:500],
            started_at=started,
        )
        while not self.stopping.is_set():
            self._keep_children()
            self._report(row)
            self._reap(sandbox)
            self.stopping.wait(_REPORT_EVERY)
        self._end(sandbox)

    def _open_sandbox(self) -> tuple[Sandbox, str]:
        sandbox = self.platform.sandbox()
        digest = sandbox.prepare("python-cpu", logger.info)
        logger.info("pool %s: sandbox %s, image %s", self.pool, sandbox.name, digest[:19])
        return sandbox, f"{sandbox.name} {digest[:19]}"

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping.set()

    def _keep_children(self) -> None:
        while self.children:
            gone, _status = os.waitpid(-1, os.WNOHANG)
            if gone == 0:
                break
            self.children.discard(gone)
            logger.warning("worker process %s ended; starting another", gone)
            self.stopping.wait(_RESTART_PAUSE)
        while len(self.children) < self.concurrency and not self.stopping.is_set():
            self.children.add(_fork(lambda: _work(self.make_app(), self.pool, self.name)))

    def _report(self, row: WorkerRow) -> None:
        now = self.platform.clock.now()
        try:
            with self.platform.database.transaction() as session:
                report_alive(
                    session,
                    WorkerRow(
                        name=row.name,
                        pool=row.pool,
                        sandbox=row.sandbox,
                        sandbox_reason=row.sandbox_reason,
                        started_at=row.started_at,
                        seen_at=now,
                    ),
                    now=now,
                )
        except Exception:
            logger.exception("cannot report; trying again")

    def _reap(self, sandbox: Sandbox) -> None:
        try:
            count = sandbox.reap(self._owns)
        except SandboxError as error:
            logger.warning("cannot look for abandoned runs: %s", error)
            return
        if count:
            logger.warning("removed %s abandoned runs", count)

    def _owns(self, owner: str) -> bool:
        """Tell whether a run's claim lives; what we cannot read is not ours to kill."""
        installation, _, rest = owner.partition("/")
        name, _, attempt = rest.partition("/")
        if installation != self.platform.installation or not attempt.isdecimal():
            return True
        now = self.platform.clock.now()
        with self.platform.database.reading() as session:
            if name.startswith(OWNER_PREFIX):
                return is_run_alive(session, name, int(attempt), now=now)
            return is_claim_alive(session, int(name), int(attempt), now=now)

    def _end(self, sandbox: Sandbox) -> None:
        """End the children and their jobs, put their claims back, and remove their runs.

        A run may have minutes to go, so it is not waited for: it starts again, uncharged, as soon
        as a worker is back.
        """
        below = [pid for child in self.children for pid in list_descendants(child)]
        for child in self.children:
            os.kill(child, signal.SIGKILL)
        for child in self.children:
            os.waitpid(child, 0)
        # jobs and what they run die with their parents, but a moment later
        if not await_gone(below, timeout=_PATIENCE):
            logger.warning("processes of ended jobs are still there")
        with self.platform.database.transaction() as session:
            put_back_worker(session, self.name, now=self.platform.clock.now())
        self._reap(sandbox)
        sweep_workspaces(self.platform.cache)


def _fork(work: Callable[[], None]) -> int:
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        die_with_parent(parent)
        work()
        status = 0
    finally:
        os._exit(status)


def _work(app: Flask, pool: str, host: str) -> None:
    """Run one RQ worker on an application made after the fork: nothing is shared across it."""
    name_worker(app, host)
    with app.app_context():
        worker = PoolWorker(pool, connect(redis_url(settings())), _begin_job)
        worker.work(logging_level="WARNING")


def _begin_job() -> None:
    """Prepare a forked job: no inherited connections, and no word on the sandbox each time."""
    platform().database.forget_connections()
    logging.getLogger("baijing.sandbox").setLevel(logging.WARNING)
