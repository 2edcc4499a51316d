"""Makes what a run needs before its program begins: its folders and its container."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from sandbox import policy
from sandbox.deaths import find_init
from sandbox.docker import labels
from sandbox.docker.cache import TreeCache, own_etc_mount
from sandbox.docker.direct import DirectWorkspace, clear_folders, shares_files
from sandbox.docker.engine import Engine, remove_container
from sandbox.docker.labels import RunLabels
from sandbox.docker.options import ProgramSpec
from sandbox.docker.program import create_container
from sandbox.docker.runclass import RunClass
from sandbox.docker.workspace import SocketWorkspace, Workspace, part_name
from sandbox.types import SandboxError

POOL = f"{labels.PREFIX}.pool"
_SHOWING_PROCESSES = frozenset({"runc", "crun", "io.containerd.runc.v2"})


@dataclass(frozen=True, slots=True)
class Stage:
    """One run's folders and the container beside them; all of it goes with `close`."""

    engine: Engine
    run_id: str
    workspace: Workspace

    def close(self) -> None:
        """Kill and remove the container, then its folders; raise SandboxError if anything stays."""
        try:
            remove_container(self.engine, part_name(self.run_id, "program"))
        finally:
            self.workspace.close()


@dataclass(frozen=True, slots=True)
class Command:
    """What a container is created to do. `waits` gives it an input to wait on."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    devices: tuple[str, ...] = ()
    waits: bool = False


class Workshop:
    """The way in which this worker and its engine share files, found out once.

    `by_socket` forces the way that needs the engine's socket alone.
    """

    def __init__(
        self, engine: Engine, installation: str, *, runtime: str | None, state_dir: Path
    ) -> None:
        self.engine = engine
        self.installation = installation
        self.runtime = runtime
        self.by_socket: bool | None = None
        self.pool = ""
        """The name of the pool whose waiting containers are made here; each carries it."""
        self._folders = state_dir.resolve() / "runs-docker"
        self._cache = TreeCache(engine, installation, state_dir.resolve() / "trees")
        self._maps_user_ids: bool | None = None
        self._shows_processes = False

    def find_out(self, image_id: str) -> None:
        """Find out how files get to the engine, unless it is known; raise SandboxError."""
        if self._maps_user_ids is None:
            self._maps_user_ids = self.engine.maps_user_ids()
            runtime = self.runtime or self.engine.default_runtime()
            self._shows_processes = runtime in _SHOWING_PROCESSES
        if self.by_socket is None:
            marks = RunLabels.passing(self.installation)
            self.by_socket = self._maps_user_ids or not shares_files(
                self.engine, self._folders, image_id, marks
            )

    def find_init(self, container: str) -> str:
        """Return the identity of a started container's first process, "" where it is not seen.

        A runtime with a kernel of its own shows another process in its place.
        """
        if not self._shows_processes:
            return ""
        return find_init(int(str(self.engine.api.state(container)["Pid"])), container)

    def stage(self, run_id: str) -> Stage:
        """Return the stage of a run, made or not: its id is all there is to know."""
        workspace: Workspace = (
            SocketWorkspace(self.engine, self._cache, run_id)
            if self.by_socket
            else DirectWorkspace(self._folders, self._cache, run_id)
        )
        return Stage(self.engine, run_id, workspace)

    def make(self, stage: Stage, runs: RunClass, marks: RunLabels, command: Command) -> str:
        """Make the folders and create the container; return its id. Raise SandboxError."""
        uid = policy.draw_uid(mapped=bool(self._maps_user_ids))
        mounts = stage.workspace.prepare(runs, uid, marks.values)
        etc = own_etc_mount() if command.devices else self._cache.etc_mount(runs.image_id)
        spec = ProgramSpec(
            image_id=runs.image_id,
            command=command.argv,
            name=part_name(stage.run_id, "program"),
            labels=marks.values,
            environment=command.environment,
            mounts=[*mounts, etc],
            limits=runs.limits,
            uid=uid,
            runtime=self.runtime,
            devices=command.devices,
        )
        container = create_container(self.engine, spec, waits=command.waits)
        if command.devices:
            self._cache.put_hosts(container)
        return container

    def list_pool(self, name: str) -> set[str]:
        """Return the run ids of all containers of a pool; raise SandboxError."""
        found = self.engine.api.list_containers(f"{POOL}={name}")
        marks = [cast("Mapping[str, str]", container["Labels"]) for container in found]
        return {each[labels.RUN] for each in marks if labels.RUN in each}

    def clear(self, is_kept: "frozenset[str]") -> None:
        """Remove the folders and mounts of processes that are gone and whose container is too."""
        clear_folders(
            self._folders,
            lambda run_id: (
                run_id in is_kept or self.engine.api.has_container(part_name(run_id, "program"))
            ),
        )


@contextmanager
def closing(stage: Stage) -> Iterator[Stage]:
    """Close a stage whatever happens; a failure to is raised unless there is another already."""
    try:
        yield stage
    except BaseException as error:
        try:
            stage.close()
        except SandboxError as second:
            error.add_note(f"and then: {second}")
        raise
    stage.close()
