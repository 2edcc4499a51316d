"""What keeps a worker's host in order while its jobs run: one process beside them, the keeper.

It buries the dead (gives back the claims of job processes that are gone, after ending what they
left running), removes what nobody owns, tends what waits warm, and nurses a sick host: a probe now
and then until one runs. It holds no state of its own, so it can be killed and started again.
"""

import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Final

from app.compute.health import find_sickness, mark_sick, mark_well
from app.compute.naming import owner_of, process_of
from app.core.platform import Platform
from app.core.processes import is_alive
from app.evaluations.errors import IllegalTransitionError
from app.evaluations.jobs import evaluate_next
from app.evaluations.models import Evaluation
from app.evaluations.recovery import Claim, Why, is_claimed, list_claims, put_back
from app.evaluations.sickness import probe
from app.evaluations.workspace import sweep_workspaces
from app.problems.publications import OWNER_PREFIX, is_run_alive
from sandbox import Sandbox, SandboxError, SandboxUnavailableError
from sandbox.choose import DEFAULT_IMAGE

logger = logging.getLogger("baijing.worker")
LOOK_EVERY: Final = 1.0
_TIDY_EVERY: Final = 5.0
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0
_HOSTS: Final = "hosts"


@contextmanager
def sign_in(platform: Platform, name: str) -> Iterator[None]:
    """Hold a lock that says that a worker lives; the kernel lets go of it when it dies.

    Its children inherit it, so that it is free when the last of them is gone.
    """
    path = _lock_path(platform, name)
    path.parent.mkdir(exist_ok=True)
    with _locked(path):
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock on a file that is still there: a keeper may have looked, and removed it."""
    while True:
        with path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                same = path.stat().st_ino == os.fstat(file.fileno()).st_ino
            except FileNotFoundError:
                continue
            if same:
                yield
                return


def list_dead(platform: Platform, but: str) -> list[str]:
    """Return the workers that died on this machine and have not been buried."""
    found = []
    for path in (platform.cache / _HOSTS).glob("*"):
        name = path.name
        if name == but:
            continue
        with path.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue  # somebody holds it
            found.append(name)
    return found


def _lock_path(platform: Platform, name: str) -> Path:
    return platform.cache / _HOSTS / name


@dataclass
class Backoff:
    """When to try again: after a second, then twice as long each time, a minute at most."""

    passed: Callable[[], float] = time.monotonic
    _pause: float = 0.0
    _due_at: float = 0.0

    def is_due(self) -> bool:
        """Tell whether it is time."""
        return self.passed() >= self._due_at

    def note_failure(self) -> None:
        """Wait longer than last time."""
        self._pause = min(_LONGEST_PAUSE, self._pause * 2) if self._pause else _FIRST_PAUSE
        self._due_at = self.passed() + self._pause

    def reset(self) -> None:
        """Begin anew."""
        self._pause = self._due_at = 0.0


@dataclass
class Keeper:
    """The upkeep of one worker's host."""

    platform: Platform
    name: str
    """The worker's: `host:pid:pool`."""
    stopping: Event = field(default_factory=Event)
    _sandbox: Sandbox | None = None
    _backoff: Backoff = field(default_factory=Backoff)
    _tidied_at: float = 0.0

    def run(self) -> None:
        """Keep the host in order until told to stop."""
        while not self.stopping.is_set():
            try:
                self.look()
            except Exception:
                logger.exception("upkeep failed; trying again")
            self.stopping.wait(LOOK_EVERY)

    def look(self) -> None:
        """Do all that is due now."""
        self.bury()
        with self.platform.database.reading() as session:
            sickness = find_sickness(session, self.name)
        if sickness is not None:
            self._nurse(sickness)
        elif time.monotonic() - self._tidied_at >= _TIDY_EVERY:
            self._tidied_at = time.monotonic()
            self._tidy()

    def bury(self) -> int:
        """Give back what is claimed by processes of this machine that are gone; return how many."""
        gone = [claim for claim in self._claims(self.name) if _is_dead(claim)]
        dead = {name: self._claims(name) for name in list_dead(self.platform, self.name)}
        gone += [claim for claims in dead.values() for claim in claims]
        if gone:
            self._end_runs(gone)
            for evaluation in gone:
                self._put_back(evaluation)
        for name, claims in dead.items():
            logger.warning("worker %s is dead; %s claims given back", name, len(claims))
            _lock_path(self.platform, name).unlink(missing_ok=True)
        return len(gone)

    def _claims(self, worker: str) -> list[Evaluation]:
        with self.platform.database.reading() as session:
            return list_claims(session, worker)

    def _end_runs(self, gone: list[Evaluation]) -> None:
        """End what the dead left running before anybody runs the same again."""
        owners = {owner_of(self.platform.installation, claim.id, claim.attempt) for claim in gone}
        try:
            self._open().reap(lambda owner: owner not in owners)
        except SandboxError as error:
            logger.warning("cannot end the runs of dead jobs: %s", error)

    def _put_back(self, evaluation: Evaluation) -> None:
        because = f"worker process {evaluation.worker} died"
        claim = Claim(evaluation.id, evaluation.attempt, self.name)
        try:
            with self.platform.database.transaction() as session:
                put_back(session, claim, Why.LOST, because, now=self.platform.clock.now())
        except IllegalTransitionError:
            return  # it had recorded its end before it died
        logger.warning("evaluation %s: %s; given back", evaluation.id, because)
        self.platform.queue.put(evaluation.pool, evaluate_next, evaluation.pool)

    def _tidy(self) -> None:
        """Remove what nobody owns, refill what waits warm; an engine that says nothing is ill."""
        sweep_workspaces(self.platform.cache)
        try:
            sandbox = self._open()
            count = sandbox.reap(self._owns)
            sandbox.tend()
        except SandboxUnavailableError as error:
            self._fall_sick(str(error))
            return
        except SandboxError as error:
            logger.warning("cannot look for abandoned runs: %s", error)
            return
        if count:
            logger.warning("removed %s abandoned runs", count)

    def _fall_sick(self, reason: str) -> None:
        with self.platform.database.transaction() as session:
            if mark_sick(session, self.name, reason, now=self.platform.clock.now()):
                logger.error("this host is sick, no work is taken: %s", reason)

    def _nurse(self, sickness: str) -> None:
        """See whether the host is well again: its image is there, and a probe runs."""
        if not self._backoff.is_due():
            return
        try:
            sandbox = self._open()
            sandbox.prepare(DEFAULT_IMAGE, logger.info)
            probe(sandbox, self.platform.cache)
        except (SandboxError, OSError) as error:
            self._backoff.note_failure()
            logger.warning("this host is still sick (%s): %s", sickness, error)
            return
        self._backoff.reset()
        with self.platform.database.transaction() as session:
            mark_well(session, self.name)
        logger.warning("this host is well again; it was: %s", sickness)

    def _open(self) -> Sandbox:
        if self._sandbox is None:
            self._sandbox = self.platform.sandbox()
        return self._sandbox

    def _owns(self, owner: str) -> bool:
        return owns(self.platform, owner)


def owns(platform: Platform, owner: str) -> bool:
    """Tell whether a run's claim lives; what we cannot read is not ours to kill."""
    installation, _, rest = owner.partition("/")
    name, _, attempt = rest.partition("/")
    if installation != platform.installation or not attempt.isdecimal():
        return True
    with platform.database.reading() as session:
        if name.startswith(OWNER_PREFIX):
            return is_run_alive(session, name, int(attempt), now=platform.clock.now())
        return not name.isdecimal() or is_claimed(session, int(name), int(attempt))


def _is_dead(evaluation: Evaluation) -> bool:
    pid = process_of(evaluation.worker or "")
    return pid is not None and pid != os.getpid() and not is_alive(pid)
