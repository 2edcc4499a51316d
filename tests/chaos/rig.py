"""An installation under load with workers on two kinds of sandbox, and means to kill any part.

The Docker engine is the rig's own, so that it can be killed too. Whatever dies is started again
after a moment, as an operator's supervisor would.
"""

import contextlib
import itertools
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from sqlalchemy import Select, select

from app.accounts.operations import create_user
from app.compute.naming import process_of
from app.core.clock import SystemClock
from app.evaluations.models import CLAIMED, FINISHED, Evaluation, EvaluationEvent, Score, State
from app.evaluations.operations import MOST_FAULTS
from app.evaluations.states import TRANSITIONS
from app.problems.models import Board
from app.submissions.models import QuotaSlot
from sandbox.docker.bases import LOCAL_BASE, PUBLIC_BASE
from sandbox.docker.images import image_tag
from sandbox.recipes import find_recipe
from tests.engines import (
    OwnEngine,
    descendants,
    is_alive,
    mounts_below,
    processes_naming,
)
from tests.recovery.installation import ANSWER, PERFECT, SHARED, Installation, opened, wait_for

HALF_RIGHT = "id,label\n" + "".join(f"r{number},ok\n" for number in range(1, 9))
ACCURACY = {PERFECT: 1.0, HALF_RIGHT: 0.5}
FULL = bool(os.environ.get("BAIJING_TEST_FULL"))
RESTART_S = 0.5
STOP_S = 120
QUOTA = 20


@dataclass
class Part:
    """One process of the installation that is always started again."""

    command: tuple[str, ...]
    environment: dict[str, str]
    process: "subprocess.Popen[bytes]"


@dataclass
class Rig:
    """The installation, its engine, its workers; `kill` takes one part of it down."""

    installation: Installation
    engine: OwnEngine
    random: Random
    parts: list[Part] = field(default_factory=list)
    expected: dict[int, float] = field(default_factory=dict)
    """The accuracy of each submission."""
    killed: Counter[str] = field(default_factory=Counter)
    stopping: threading.Event = field(default_factory=threading.Event)

    def begin(self, *, docker: int = 2, bubblewrap: int = 1, warm: int = 0) -> None:
        self.add("scheduler")
        for sandbox, concurrency in (("docker", docker), ("bubblewrap", bubblewrap)):
            if concurrency:
                environment = {"BAIJING_SANDBOX": sandbox, "BAIJING_SANDBOX_WARM": str(warm)}
                self.add("worker", "--concurrency", str(concurrency), **environment)
        threading.Thread(target=self._supervise, daemon=True).start()

    def add(self, *command: str, **environment: str) -> Part:
        part = Part(command, environment, self._start(command, environment))
        self.parts.append(part)
        return part

    def submit(self, seconds: float, *, code: bool, answer: str = PERFECT) -> int:
        """Hand in one answer, or a program that takes a while for it; teams take turns."""
        team = len(self.expected) // QUOTA
        email = f"team{team}@example.org"
        if len(self.expected) % QUOTA == 0:
            with self.installation.platform.database.transaction() as session:
                create_user(
                    session,
                    email=email,
                    name=f"队 {team}",
                    password="a long password of a team",
                    now=SystemClock().now(),
                )
        text = ANSWER.format(seconds=seconds, answer=answer)
        content = {"main.py": text} if code else answer.encode()
        submission = self.installation.submit(content, email=email)
        self.expected[submission] = ACCURACY[answer]
        return submission

    def submit_any(self) -> int:
        answer = self.random.choice((PERFECT, HALF_RIGHT))
        return self.submit(
            self.random.uniform(0.1, 1.5), code=self.random.random() < 0.7, answer=answer
        )

    def unfinished(self) -> list[Evaluation]:
        with self.installation.platform.database.reading() as session:
            return list(
                session.scalars(select(Evaluation).where(Evaluation.state.not_in(FINISHED)))
            )

    def claimed(self) -> list[Evaluation]:
        return [one for one in self.unfinished() if one.state in CLAIMED]

    def await_work(self, timeout: float = 20) -> None:
        """Wait until something runs, so that a kill hits something; not for ever."""
        with contextlib.suppress(AssertionError):
            wait_for(lambda: bool(self.claimed()), "something runs", timeout)

    def actors(self) -> dict[str, Callable[[], bool]]:
        """What can be killed; each says whether there was one."""
        return {
            "worker": self.kill_worker,
            "child": self.kill_child,
            "horse": self.kill_horse,
            "program": self.kill_program,
            "shim": self.kill_shim,
            "dockerd": self.kill_dockerd,
        }

    def kill_any(self) -> str | None:
        """Kill one of them, chosen at random among what is there at this moment."""
        actors = self.actors()
        names = sorted(actors)
        # these take seconds to come back, in which there is little else to kill
        weights = [1 if name in {"dockerd", "worker"} else 3 for name in names]
        name = self.random.choices(names, weights)[0]
        if not actors[name]():
            return None
        self.killed[name] += 1
        return name

    def kill_worker(self) -> bool:
        workers = [part for part in self.parts if part.command[0] == "worker"]
        return self._kill(part.process.pid for part in workers)

    def kill_child(self) -> bool:
        """An RQ worker, or the keeper."""
        workers = [part for part in self.parts if part.command[0] == "worker"]
        return self._kill(child for part in workers for child in _children(part.process.pid))

    def kill_horse(self) -> bool:
        return self._kill(process_of(one.worker or "") for one in self.claimed())

    def kill_program(self) -> bool:
        """A process of a submission, or the first process of its sandbox."""
        horses = [process_of(one.worker or "") for one in self.claimed()]
        inside = [pid for horse in horses if horse for pid in descendants(horse)]
        inside += [pid for shim in self.engine.shims() for pid in descendants(shim)]
        return not self._is_strained() and self._kill(inside)

    def kill_shim(self) -> bool:
        return not self._is_strained() and self._kill(self.engine.shims())

    def kill_dockerd(self) -> bool:
        if self._is_strained():
            return False
        self.engine.restart()
        return True

    def _is_strained(self) -> bool:
        """Whether something has been killed twice without a trace of by whom.

        The third time it would be taken to have killed itself, as it should be: so many kills fall
        on so few runs here as never in earnest.
        """
        return any(one.system_faults >= MOST_FAULTS - 1 for one in self.unfinished())

    def kill_keeper(self) -> bool:
        """The child of a worker that never has a child of its own but looks after the others."""
        workers = [part.process.pid for part in self.parts if part.command[0] == "worker"]
        # forked first, before any RQ worker
        return self._kill(min(_children(pid), default=None) for pid in workers)

    def _kill(self, pids: "Iterator[int | None] | list[int | None] | list[int]") -> bool:
        found = sorted(pid for pid in pids if pid and is_alive(pid))
        if not found:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.random.choice(found), signal.SIGKILL)
            return True
        return False

    def _supervise(self) -> None:
        while not self.stopping.wait(RESTART_S):
            for part in self.parts:
                if part.process.poll() is not None:
                    part.process = self._start(part.command, part.environment)

    def _start(
        self, command: tuple[str, ...], environment: dict[str, str]
    ) -> "subprocess.Popen[bytes]":
        return self.installation.start(*command, DOCKER_HOST=self.engine.url, **environment)

    def running_twice(self) -> list[str]:
        """The evaluations that run in two containers at this moment: there must be none."""
        name = self.installation.platform.installation
        label = f"label=org.baijing.sandbox.installation={name}"
        owner = '{{.Label "org.baijing.sandbox.owner"}}'
        owners = self.engine.cli("ps", "--filter", label, "--format", owner).split()
        running = Counter(owner.split("/")[1] for owner in owners)
        return [evaluation for evaluation, count in running.items() if count > 1]

    def await_end(self, timeout: float) -> None:
        try:
            wait_for(lambda: not self.unfinished(), "every submission has ended", timeout)
        except AssertionError as error:
            for one in self.unfinished():
                error.add_note(f"{one.id}: {one.state} attempt {one.attempt} {one.worker}")
            error.add_note(self.installation.logs())
            raise

    def stop(self) -> None:
        """End the workers and the scheduler in good order, once they are all back."""
        wait_for(lambda: not self._of_dead_runs(), "what dead runs left is removed", 60)
        self.stopping.set()
        time.sleep(2 * RESTART_S)
        for part in self.parts:
            part.process.send_signal(signal.SIGTERM)
        try:
            for part in self.parts:
                part.process.wait(STOP_S)
        except subprocess.TimeoutExpired as error:
            error.add_note(self.installation.logs())
            raise

    def check_results(self) -> None:
        """Every submission ended once and right, was charged once, and took legal steps."""
        with self.installation.platform.database.reading() as session:
            evaluations = list(session.scalars(select(Evaluation)))
            assert sorted(one.submission_id for one in evaluations) == sorted(self.expected)
            for one in evaluations:
                history = [
                    f"{event.at:%H:%M:%S} {event.state} {event.because}"
                    for event in session.scalars(_events_of(one.id))
                ]
                assert one.state is State.SCORED, (
                    f"{one.id}: {one.verdict}, exit status {one.exit_code} under {one.backend}, "
                    f"{one.messages} {history}"
                )
                self._check_history(one, list(session.scalars(_events_of(one.id))))
                found = list(session.scalars(select(Score).where(Score.evaluation_id == one.id)))
                accuracy = {row.board: row.value for row in found if row.key == "accuracy"}
                right = self.expected[one.submission_id]
                assert accuracy == {Board.A: right, Board.B: right}
                assert len(found) == 2 * len(accuracy)
            assert len(list(session.scalars(select(QuotaSlot.id)))) == len(self.expected)

    def _check_history(self, one: Evaluation, events: list[EvaluationEvent]) -> None:
        states = [event.state for event in events]
        assert states[0] is State.QUEUED
        for before, after in itertools.pairwise(states):
            assert after in TRANSITIONS[before], states
        assert sum(state in FINISHED for state in states) == 1
        claims = sum(event.because == "claimed" for event in events)
        assert claims == one.attempt

    def _of_dead_runs(self) -> list[str]:
        """What no run of the moment can need, as all have ended; a waiting one has none of it."""
        name = self.installation.platform.installation
        places = (SHARED / "runs" / name, self.installation.folder / "cache" / "work")
        return [path.name for place in places for path in place.glob("*")]

    def await_clean(self) -> None:
        """Nothing may be left; an engine takes a moment to end the shim of a removed container."""
        try:
            wait_for(lambda: self.leftovers() == {}, "nothing is left", 20)
        except AssertionError as error:
            error.add_note(f"{self.leftovers()}\n{self.installation.logs()}")
            raise

    def _shims(self) -> dict[int, list[str]]:
        """What each containerd-shim holds; one that holds nothing is an engine's that was killed.

        An engine killed while it makes a container may forget the shim: nothing of a run is in it,
        and nobody but containerd can tell it from one that is just beginning.
        """
        held = {shim: [_command(pid) for pid in descendants(shim)] for shim in self.engine.shims()}
        return {shim: what for shim, what in held.items() if what or not self.killed["dockerd"]}

    def leftovers(self) -> dict[str, object]:
        """What is still there of runs after all workers have ended; empty when it is clean."""
        name = self.installation.platform.installation
        label = f"label=org.baijing.sandbox.installation={name}"
        folder = self.installation.folder
        scratch = SHARED / "runs" / name
        found: dict[str, object] = {
            "containers": self.engine.cli("ps", "-aq", "--filter", label).split(),
            "volumes": self.engine.cli("volume", "ls", "-q", "--filter", label).split(),
            "shims": self._shims(),
            "mounts": [
                point
                for point in mounts_below(SHARED) + mounts_below(folder)
                if name in point or point.startswith(f"{folder}/cache/work")
            ],
            "scratch": [path.name for path in scratch.glob("*")] if scratch.is_dir() else [],
            "workspaces": [path.name for path in (folder / "cache" / "work").glob("*")],
            "hosts": [path.name for path in (folder / "cache" / "hosts").glob("*")],
            "processes": [command for _pid, command in processes_naming(scratch)],
        }
        return {what: left for what, left in found.items() if left}


def _events_of(evaluation_id: int) -> Select[EvaluationEvent]:
    return (
        select(EvaluationEvent)
        .where(EvaluationEvent.evaluation_id == evaluation_id)
        .order_by(EvaluationEvent.id)
    )


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def _children(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    with contextlib.suppress(OSError):
        return [int(child) for child in path.read_text().split()]
    return []


@contextmanager
def rigged(folder: Path, engine: OwnEngine, seed: int) -> Iterator[Rig]:
    """An installation with the tiny problem published, on an engine that has its image."""
    with opened(folder, "docker") as installation:
        installation.start_redis()
        installation.publish()
        rig = Rig(installation, engine, Random(seed))
        try:
            yield rig
        finally:
            rig.stopping.set()


def give_image(engine: OwnEngine) -> None:
    """Load the small base and make the image of the submissions of it.

    It has Python and little else, which is all that these submissions need.
    """
    engine.load(small_image())
    put_image(engine)


def put_image(engine: OwnEngine) -> None:
    """Make the image anew: of the base, but not the base itself."""
    container = engine.cli("create", small_image(), "true").strip()
    engine.cli("commit", "--change", "LABEL chaos=1", container, image_name())
    engine.cli("rm", container)


def image_name() -> str:
    return image_tag(find_recipe("python-cpu"))


def small_image() -> str:
    """The base of the images on the machine's engine."""
    for name in (LOCAL_BASE, PUBLIC_BASE):
        found = subprocess.run(
            ["docker", "image", "inspect", name], capture_output=True, check=False
        )
        if found.returncode == 0:
            return name
    message = "no base image here: python -m sandbox image build python-cpu"
    raise AssertionError(message)
