"""`flask worker`: a parent that keeps N RQ workers and a keeper alive, and reports.

The parent runs no job and its children share nothing with it, so a crash in one run never takes
the others along. Children die with the parent, and their jobs with them; what they leave is buried
by the next keeper on the machine (`app.upkeep`).
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

from app.compute.health import find_sickness, mark_sick
from app.compute.models import Worker as WorkerRow
from app.compute.naming import claimant
from app.compute.reporting import report_host
from app.core.current import name_worker, platform, settings
from app.core.platform import Platform
from app.core.processes import await_gone, list_descendants
from app.core.redis import connect
from app.core.rq_worker import PoolWorker, die_with_parent
from app.evaluations.recovery import put_back_worker
from app.evaluations.workspace import sweep_workspaces
from app.settings import Settings
from app.upkeep import LOOK_EVERY, Keeper, owns, sign_in
from app.wiring import redis_url
from sandbox import SandboxError
from sandbox.choose import DEFAULT_IMAGE

logger = logging.getLogger("baijing.worker")
_REPORT_EVERY: Final = 5
_RESTART_PAUSE: Final = 1.0
_PATIENCE: Final = 5.0


@dataclass
class WorkerHost:
    """One `flask worker` process: its pool, its children, its keeper."""

    settings: Settings
    platform: Platform
    pool: str
    concurrency: int
    make_app: Callable[[], Flask]
    children: set[int] = field(default_factory=set)
    draining: set[int] = field(default_factory=set)
    """Children that were asked to leave once their job has ended: the host is sick."""
    keeper: int | None = None
    stopping: Event = field(default_factory=Event)
    name: str = field(init=False)
    """What this host is called; its jobs add their process to it."""

    def __post_init__(self) -> None:
        """Take the name before any fork."""
        self.name = f"{socket.gethostname()}:{os.getpid()}:{self.pool}"

    def run(self) -> None:
        """Work until told to stop; what runs then is put back into the queue."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        with sign_in(self.platform, self.name):
            sweep_workspaces(self.platform.cache)
            row = WorkerRow(
                name=self.name,
                pool=self.pool,
                sandbox="",
                sandbox_reason="",
                started_at=self.platform.clock.now(),
            )
            # before the sandbox is opened, which takes its time: the dead are buried meanwhile
            self._keep_keeper()
            turn = 0
            while not self.stopping.is_set():
                if turn % _REPORT_EVERY == 0:
                    self._report(row)
                self._keep_children()
                turn += 1
                self.stopping.wait(LOOK_EVERY)
            self._end()

    def _open_sandbox(self, row: WorkerRow) -> str | None:
        """Open the sandbox and note which; return why not: such a host is sick."""
        try:
            sandbox = self.platform.sandbox()
            digest = sandbox.prepare(DEFAULT_IMAGE, logger.info)
        except SandboxError as error:
            logger.exception("this host can run nothing yet")
            return str(error)
        row.sandbox, row.sandbox_reason = sandbox.name, f"{sandbox.name} {digest[:19]}"
        row.images = [{"name": DEFAULT_IMAGE, "digest": digest}]
        logger.info("pool %s: sandbox %s, image %s", self.pool, sandbox.name, digest[:19])
        return None

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping.set()

    def _keep_children(self) -> None:
        self._count_the_dead()
        self._keep_keeper()
        sick = self._is_sick()
        if sick:
            for child in self.children - self.draining:
                os.kill(child, signal.SIGTERM)  # it leaves at once, or when its job has ended
                self.draining.add(child)
        while not sick and len(self.children) < self.concurrency:
            self.children.add(_fork(lambda: _work(self.make_app(), self.pool, self.name)))

    def _keep_keeper(self) -> None:
        if self.keeper is None:
            self.keeper = _fork(lambda: _keep(self.make_app(), self.name))

    def _count_the_dead(self) -> None:
        while self.children or self.keeper is not None:
            gone, _status = os.waitpid(-1, os.WNOHANG)
            if gone == 0:
                return
            if gone not in self.draining:
                logger.warning("worker process %s ended; starting another", gone)
                self.stopping.wait(_RESTART_PAUSE)
            if gone == self.keeper:
                self.keeper = None
            self.children.discard(gone)
            self.draining.discard(gone)

    def _is_sick(self) -> bool:
        try:
            with self.platform.database.reading() as session:
                return find_sickness(session, self.name) is not None
        except Exception:
            logger.exception("cannot ask how this host is; nothing changes")
            return False

    def _report(self, row: WorkerRow) -> None:
        """Say that this host lives; where its sandbox was not to be had, try that again first."""
        sickness = None
        if not row.sandbox and not self._is_sick():
            sickness = self._open_sandbox(row)
        try:
            report_host(
                self.platform,
                WorkerRow(
                    name=row.name,
                    pool=row.pool,
                    sandbox=row.sandbox,
                    sandbox_reason=row.sandbox_reason,
                    started_at=row.started_at,
                    concurrency=self.concurrency,
                    runtime=self.settings.sandbox_runtime or None,
                    images=row.images,
                ),
            )
            if sickness is not None:
                with self.platform.database.transaction() as session:
                    mark_sick(session, self.name, sickness, now=self.platform.clock.now())
        except Exception:
            logger.exception("cannot report; trying again")

    def _end(self) -> None:
        """End the children and their jobs, put their claims back, and remove their runs.

        A run may have minutes to go, so it is not waited for: it starts again, uncharged, as soon
        as a worker is back.
        """
        ours = self.children | ({self.keeper} if self.keeper is not None else set())
        below = [pid for child in ours for pid in list_descendants(child)]
        for child in ours:
            os.kill(child, signal.SIGKILL)
        for child in ours:
            os.waitpid(child, 0)
        # jobs and what they run die with their parents, but a moment later
        if not await_gone(below, timeout=_PATIENCE):
            logger.warning("processes of ended jobs are still there")
        with self.platform.database.transaction() as session:
            put_back_worker(session, self.name, now=self.platform.clock.now())
        try:
            sandbox = self.platform.sandbox()
            sandbox.reap(lambda owner: owns(self.platform, owner))
            sandbox.close()
        except SandboxError as error:
            logger.warning("what is left is for the next worker to remove: %s", error)
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


def _keep(app: Flask, name: str) -> None:
    """Run the keeper on an application made after the fork: nothing is shared across it."""
    with app.app_context():
        Keeper(platform(), name).run()


def _work(app: Flask, pool: str, host: str) -> None:
    """Run one RQ worker on an application made after the fork: nothing is shared across it."""
    with app.app_context():
        try:
            platform().sandbox()  # opened once here instead of in every job
        except SandboxError as error:
            logger.warning("jobs will have to open the sandbox: %s", error)
        worker = PoolWorker(pool, connect(redis_url(settings())), lambda: _begin_job(app, host))
        worker.work(logging_level="WARNING")


def _begin_job(app: Flask, host: str) -> None:
    """Prepare a forked job: no inherited connections, and no word on the sandbox each time."""
    name_worker(app, claimant(host, os.getpid()))
    platform().database.forget_connections()
    logging.getLogger("baijing.sandbox").setLevel(logging.WARNING)
