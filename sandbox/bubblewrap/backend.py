"""One set of namespaces per run, made by bubblewrap and gone with it."""

import os
import platform
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox import policy
from sandbox.bubblewrap.cgroup import create_cgroup
from sandbox.bubblewrap.environments import ensure_environment, environment_directory
from sandbox.bubblewrap.launch import FILTER_DESCRIPTOR, STATUS_DESCRIPTOR, Launch
from sandbox.bubblewrap.layout import Layout, Stage, command_line, write_etc
from sandbox.bubblewrap.scratch import Scratch, open_scratch, reap
from sandbox.bubblewrap.tools import find_tools
from sandbox.collect import Caps, Collection, collect_directory
from sandbox.logs import LogCapture
from sandbox.recipes import find_recipe, scoring_source
from sandbox.results import Origin, Stopwatch, build_result, check_run
from sandbox.seccomp import filter_program
from sandbox.types import ImageMissingError, Limits, LogSink, Progress, Run, RunResult, SandboxError

if TYPE_CHECKING:
    from sandbox.bubblewrap.tools import Tools

_PROBE_S = 30
_PROBE_BYTES = 1 << 30


class BubblewrapSandbox:
    """Runs on this machine in namespaces of their own: for development.

    `state_dir` holds the images' environments and the runs' folders while they last.
    """

    def __init__(self, state_dir: Path, installation: str) -> None:
        self._state_dir = state_dir.resolve()
        self._installation = installation
        self._tools: Tools | None = None

    @property
    def name(self) -> str:
        """Return "bubblewrap"."""
        return "bubblewrap"

    def prepare(self, image: str, progress: Progress) -> str:
        """Build the image's environment where needed and see that namespaces work here."""
        if filter_program() is None:
            message = f"bubblewrap: the system calls of {platform.machine()} are not known here"
            raise SandboxError(message)
        recipe = find_recipe(image)
        self._tools = find_tools()
        ensure_environment(recipe, self._state_dir, progress)
        self._probe(image)
        return f"sha256:{recipe.digest()}"

    def execute(
        self, run: Run, *, log: LogSink | None = None, cancel: threading.Event | None = None
    ) -> RunResult:
        """Run to the end and report how it ended; raise SandboxError only if we failed."""
        check_run(run)
        if run.limits.gpus:
            message = "bubblewrap gives no GPUs: use Docker"
            raise SandboxError(message)
        watch = Stopwatch()
        capture = LogCapture(run.limits, log, run.log_file)
        uid = policy.draw_uid(mapped=False) if os.geteuid() == 0 else None
        collection = Collection()
        with ExitStack() as stack:
            scratch = stack.enter_context(open_scratch(self._runs(), run, uid))
            cgroup = create_cgroup(scratch.run_id, run.limits)
            if cgroup is not None:
                stack.callback(cgroup.remove)
            launch = Launch(self._arguments(run, scratch, uid), run, scratch, cgroup)
            watch.lap("prepare")
            observation = launch.observe(capture, cancel or threading.Event())
            watch.lap("run")
            if not observation.ending.cancelled:
                caps = Caps.of(run.limits)
                collection = collect_directory(scratch.output, run.output, run.collect, caps)
        watch.lap("collect")
        origin = Origin(self.name, f"sha256:{find_recipe(run.image).digest()}")
        return build_result(run, observation, collection, capture, origin, watch.phases)

    def reap(self, is_alive: Callable[[str], bool]) -> int:
        """Kill and remove the runs of dead workers, and those whose owner `is_alive` denies."""
        return reap(self._runs(), is_alive)

    def tend(self) -> None:
        """Do nothing: nothing waits warm here."""

    def close(self) -> None:
        """Do nothing: nothing waits warm here."""

    def _runs(self) -> Path:
        return self._state_dir / "runs" / self._installation

    def _arguments(self, run: Run, scratch: Scratch, uid: int | None) -> list[str]:
        recipe = find_recipe(run.image)
        directory = environment_directory(recipe, self._state_dir)
        if not directory.is_dir():
            message = f"the environment of image {run.image} is not built"
            raise ImageMissingError(message)
        etc = self._state_dir / "etc"
        write_etc(etc)
        layout = Layout(
            directory,
            scoring_source(),
            etc,
            scratch.trees,
            scratch.output,
            scratch.tmp,
            run.output_at,
        )
        if self._tools is None:
            self._tools = find_tools()
        known = filter_program() is not None
        stage = Stage(
            run.command, run.limits, uid, FILTER_DESCRIPTOR if known else None, STATUS_DESCRIPTOR
        )
        return command_line(self._tools, layout, stage)

    def _probe(self, image: str) -> None:
        """Raise SandboxError when this machine does not let us make namespaces, with its reason."""
        with tempfile.TemporaryDirectory() as name:
            code, output = Path(name) / "code", Path(name) / "output"
            code.mkdir()
            output.mkdir()
            (code / "main.py").write_text("import numpy\n", encoding="ascii")
            limits = Limits(wall_s=_PROBE_S, memory_bytes=_PROBE_BYTES)
            result = self.execute(Run(image, ("python", "main.py"), code, output, limits))
        if result.verdict is not None:
            message = f"bubblewrap does not work on this machine: {result.log.strip()[:300]}"
            raise SandboxError(message)
