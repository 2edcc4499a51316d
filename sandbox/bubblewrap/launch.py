"""Start bubblewrap for one run and watch it: the step between a command line and its ending."""

import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.bubblewrap.cgroup import RunCgroup
from sandbox.bubblewrap.monitor import Monitor, Watched
from sandbox.bubblewrap.scratch import Scratch
from sandbox.environment import environment
from sandbox.logs import LogCapture
from sandbox.recipes import IMAGE_PATH, VENV
from sandbox.results import Observation
from sandbox.seccomp import filter_program
from sandbox.types import Run, SandboxError
from sandbox.verdicts import Ending

STATUS_DESCRIPTOR = 8
FILTER_DESCRIPTOR = 9
_LAUNCH = (
    "filter=$1; status=$2; shift 2;"
    ' while [ "$1" != -- ]; do echo $$ > "$1" || exit 125; shift; done; shift;'
    ' exec "$@" 8> "$status" 9< "$filter"'
)
"""Join the control groups, open the status and the filter file, become bubblewrap."""

_STARTED = '"exit-code"'


@dataclass(frozen=True, slots=True)
class Launch:
    """One run about to start: bubblewrap's arguments and where its traces go."""

    arguments: list[str]
    run: Run
    scratch: Scratch
    cgroup: RunCgroup | None

    def observe(self, capture: LogCapture, cancel: threading.Event) -> Observation:
        """Start it, watch it to its end; raise SandboxError when it was bubblewrap that failed."""
        if cancel.is_set():
            return Observation(Ending(None, cancelled=True))
        with subprocess.Popen(  # noqa: S603  our own command line; no shell expands any of it
            self._command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_variables(self.run),  # unlike a command line, nobody else can read these
            start_new_session=True,
        ) as process:
            self.scratch.note_process(process.pid)
            watched = Watched(process, self.run.limits, self.scratch.output, self.cgroup)
            observation = Monitor(watched, capture).watch(cancel)
        self._check_started(observation.ending, capture)
        return observation

    def _command(self) -> list[str]:
        filter_file = self.scratch.directory / "filter"
        filter_file.write_bytes(filter_program() or b"")
        groups = [str(path) for path in self.cgroup.procs] if self.cgroup is not None else []
        files = [str(filter_file), str(self._status_file())]
        return ["/bin/sh", "-c", _LAUNCH, "sh", *files, *groups, "--", *self.arguments]

    def _status_file(self) -> Path:
        return self.scratch.directory / "status"

    def _check_started(self, ending: Ending, capture: LogCapture) -> None:
        """Bubblewrap notes an exit code only when the program was started and ended by itself."""
        status = self._status_file()
        text = status.read_text(encoding="ascii") if status.is_file() else ""
        if ending == Ending(ending.exit_code) and _STARTED not in text:
            message = f"bubblewrap failed: {capture.text()[0].strip()[:300]}"
            raise SandboxError(message)


def _variables(run: Run) -> Mapping[str, str]:
    return {**environment(run, path=IMAGE_PATH), "LD_LIBRARY_PATH": f"{VENV}/compat"}
