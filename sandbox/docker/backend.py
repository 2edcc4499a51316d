"""One throw-away container per run: prepared, watched, killed, verified gone, collected."""

import threading
from collections.abc import Callable

from sandbox import policy
from sandbox.collect import Collection
from sandbox.docker.cache import TreeCache
from sandbox.docker.images import ImageStore
from sandbox.docker.labels import RunLabels
from sandbox.docker.options import ProgramSpec
from sandbox.docker.program import Program
from sandbox.docker.reaper import reap
from sandbox.docker.workspace import Workspace
from sandbox.environment import environment
from sandbox.logs import LogCapture
from sandbox.recipes import IMAGE_PATH
from sandbox.results import Observation, Origin, Stopwatch, build_result, check_run
from sandbox.types import LogSink, Progress, Run, RunResult
from sandbox.verdicts import Ending


class DockerSandbox:
    """Runs in containers of a Docker engine, reached by its socket alone.

    `runtime` is the engine's runtime for untrusted containers (None: its default, "runsc": gVisor).
    `installation` keeps several installations on one engine apart.
    """

    def __init__(self, installation: str, *, runtime: str | None, images: ImageStore) -> None:
        self._engine = images.engine
        self._installation = installation
        self._runtime = runtime
        self._images = images
        self._cache = TreeCache(self._engine, installation)
        self._maps_user_ids: bool | None = None

    @property
    def name(self) -> str:
        """Return "docker"."""
        return "docker"

    def prepare(self, image: str, progress: Progress) -> str:
        """Build the image where this recipe's is not there yet; return its digest."""
        return self._images.ensure(image, progress)

    def execute(
        self, run: Run, *, log: LogSink | None = None, cancel: threading.Event | None = None
    ) -> RunResult:
        """Run to the end and report how it ended; raise SandboxError only if we failed."""
        check_run(run)
        watch = Stopwatch()
        image_id = self._images.find(run.image)
        marks = RunLabels.of(run, self._installation)
        capture = LogCapture(run.limits, log)
        uid = policy.draw_uid(mapped=self._mapped())
        with Workspace(self._engine, self._cache, image_id, run, marks) as workspace:
            workspace.prepare(uid)
            spec = ProgramSpec(
                image_id=image_id,
                command=run.command,
                name=marks.name("program"),
                labels=marks.values,
                environment=environment(run, path=IMAGE_PATH),
                mounts=workspace.mounts,
                limits=run.limits,
                uid=uid,
                runtime=self._runtime,
            )
            watch.lap("prepare")
            observation = self._run_program(spec, capture, cancel or threading.Event())
            watch.lap("run")
            cancelled = observation.ending.cancelled
            collection = Collection() if cancelled else workspace.collect()
        watch.lap("collect")
        origin = Origin(self.name, image_id)
        return build_result(run, observation, collection, capture, origin, watch.phases)

    def reap(self, is_alive: Callable[[str], bool]) -> int:
        """Remove the containers and volumes of this installation whose owner is gone."""
        return reap(self._engine, self._installation, is_alive)

    def tend(self) -> None:
        """Do nothing: nothing waits warm here."""

    def close(self) -> None:
        """Do nothing: nothing waits warm here."""

    def _run_program(
        self, spec: ProgramSpec, capture: LogCapture, cancel: threading.Event
    ) -> Observation:
        if cancel.is_set():
            return Observation(Ending(None, cancelled=True))
        program = Program(self._engine, spec)
        try:
            return program.run(capture, cancel)
        finally:
            program.remove()

    def _mapped(self) -> bool:
        if self._maps_user_ids is None:
            self._maps_user_ids = self._engine.maps_user_ids()
        return self._maps_user_ids
