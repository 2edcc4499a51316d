"""One throw-away container per run: prepared, watched, killed, verified gone, collected."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from sandbox import policy
from sandbox.collect import Collection
from sandbox.docker.engine import remove_container
from sandbox.docker.images import ImageStore
from sandbox.docker.labels import RunLabels
from sandbox.docker.pool import Pool
from sandbox.docker.program import ColdStart, Launch, Program
from sandbox.docker.reaper import reap
from sandbox.docker.retention import ImageUpkeep
from sandbox.docker.runclass import RunClass, own_folders
from sandbox.docker.slots import Slot
from sandbox.docker.waiting import (
    FreshStart,
    SlotLostError,
    WarmStart,
    check_slot,
    fresh_command,
)
from sandbox.docker.workshop import Command, Stage, Workshop, closing
from sandbox.environment import environment
from sandbox.logs import LogCapture
from sandbox.recipes import IMAGE_PATH
from sandbox.results import Observation, Origin, Stopwatch, build_result, check_run
from sandbox.types import LogSink, Progress, Run, RunResult
from sandbox.verdicts import Ending

logger = logging.getLogger("baijing.sandbox")


@dataclass(frozen=True, slots=True)
class _Order:
    """One call of `execute`, and what was found out for it."""

    run: Run
    runs: RunClass
    capture: LogCapture
    cancel: threading.Event
    phases: Stopwatch


class DockerSandbox:
    """Runs in containers of a Docker engine.

    `runtime` is the engine's runtime for untrusted containers (None: its default, "runsc": gVisor).
    `installation` keeps several installations on one engine apart. `warm` is how many containers
    at most may wait for runs of one kind; they are kept up by whoever calls `tend`. `by_socket`
    True or False settles how files get to the engine; None finds out.
    """

    def __init__(
        self,
        installation: str,
        *,
        runtime: str | None,
        images: ImageStore,
        warm: int = 0,
        by_socket: bool | None = None,
    ) -> None:
        self._engine = images.engine
        self._installation = installation
        self._images = images
        self._workshop = Workshop(
            images.engine, installation, runtime=runtime, state_dir=images.state_dir
        )
        self._workshop.by_socket = by_socket
        self._pool = Pool(self._workshop, images.state_dir, warm)
        self._upkeep = ImageUpkeep(images.engine)

    @property
    def name(self) -> str:
        """Return "docker"."""
        return "docker"

    def prepare(self, image: str, progress: Progress) -> str:
        """Build the image where this recipe's is not there yet; return its digest."""
        image_id = self._images.ensure(image, progress)
        self._workshop.find_out(image_id)
        return image_id

    def execute(
        self, run: Run, *, log: LogSink | None = None, cancel: threading.Event | None = None
    ) -> RunResult:
        """Run to the end and report how it ended; raise SandboxError only if we failed."""
        check_run(run)
        phases = Stopwatch()
        image_id = self._images.find(run.image)
        self._workshop.find_out(image_id)
        runs = RunClass.of(run, image_id)
        capture = LogCapture(run.limits, log, run.log_file)
        order = _Order(run, runs, capture, cancel or threading.Event(), phases)
        try:
            return self._serve(order)
        finally:
            capture.close()

    def warm_up(self, run: Run) -> str:
        """Make a container that waits for a run like this one, now; return its id."""
        image_id = self._images.find(run.image)
        self._workshop.find_out(image_id)
        return self._pool.add(RunClass.of(run, image_id))

    def waiting(self) -> list[Slot]:
        """Return the containers that wait."""
        return self._pool.waiting()

    def reap(self, is_alive: Callable[[str], bool]) -> int:
        """Remove what is left of this installation's runs whose owner or process is gone."""
        count = reap(self._engine, self._installation, is_alive)
        return count + self._pool.clear(is_alive)

    def tend(self) -> None:
        """Keep containers waiting for runs like those of late; raise SandboxError."""
        self._pool.tend()
        self._upkeep.tend(time.time())

    def close(self) -> None:
        """Remove the containers that wait, and let go of the engine until the next call."""
        try:
            self._pool.close()
        finally:
            self._engine.close()

    def _serve(self, order: _Order) -> RunResult:
        if order.cancel.is_set():
            never = Observation(Ending(None, cancelled=True))
            return self._report(order, never, Collection(), warm=False)
        if not order.run.devices:  # a waiting container would keep a device from everybody else
            while (slot := self._pool.claim(order.runs, order.run.owner)) is not None:
                try:
                    return self._serve_warm(order, slot)
                except SlotLostError as error:
                    logger.warning("a run begins anew, in a new container: %s", error)
                    self._pool.forget(slot)
        return self._serve_cold(order)

    def _serve_cold(self, order: _Order) -> RunResult:
        run = order.run
        marks = RunLabels.of(run, self._installation)
        env = environment(run, path=IMAGE_PATH)
        runner = fresh_command(run)
        command = Command(runner or run.command, env, run.devices, waits=runner is not None)
        launch = FreshStart(self._workshop, run.command, env) if runner else ColdStart()
        with closing(self._workshop.stage(marks.run_id)) as stage:
            container = self._workshop.make(stage, order.runs, marks, command)
            observation, collection = self._carry_out(order, stage, container, launch)
        return self._report(order, observation, collection, warm=False)

    def _serve_warm(self, order: _Order, slot: Slot) -> RunResult:
        env = environment(order.run, path=IMAGE_PATH)
        launch = WarmStart(order.run.command, env, slot.made.process)
        with closing(self._workshop.stage(slot.slot_id)) as stage:
            check_slot(self._workshop, slot)
            observation, collection = self._carry_out(order, stage, slot.made.container, launch)
        self._pool.forget(slot)
        return self._report(order, observation, collection, warm=True)

    def _carry_out(
        self, order: _Order, stage: Stage, container: str, launch: Launch
    ) -> tuple[Observation, Collection]:
        """Run the program of a container that is there, to its death; take what it left."""
        run = order.run
        stage.workspace.fill(order.runs, own_folders(run))
        order.phases.lap("prepare")
        program = Program(self._engine, container, run.limits, run.devices)
        observation = program.run(launch, order.capture, order.cancel, order.phases)
        order.phases.lap("run")
        # dead by the engine's own word: what is left of it can go while its output is read
        with ThreadPoolExecutor(1) as aside:
            removal = aside.submit(self._remove_dead, container)
            cancelled = observation.ending.cancelled
            collection = Collection() if cancelled else stage.workspace.collect(run)
            order.phases.lap("collect")
            removal.result()
        return observation, collection

    def _remove_dead(self, container: str) -> None:
        """Remove a container whose death the engine may not have noticed yet: let it, first."""
        self._engine.api.wait(container, policy.ENGINE_TIMEOUT_S)
        remove_container(self._engine, container)

    def _report(
        self, order: _Order, observation: Observation, collection: Collection, *, warm: bool
    ) -> RunResult:
        order.phases.lap("remove")
        origin = Origin(self.name, order.runs.image_id)
        result = build_result(
            order.run, observation, collection, order.capture, origin, order.phases.phases
        )
        return replace(result, warm=warm)
