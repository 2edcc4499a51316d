"""The folders of one run, from before its container exists until after it is gone."""

import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from docker.types import HostConfig, Mount
from typing_extensions import override

from sandbox import policy
from sandbox.collect import Caps, Collection, collect_tar
from sandbox.docker.cache import TreeCache, send_tree
from sandbox.docker.engine import Engine, remove_container, remove_volume
from sandbox.docker.runclass import RunClass
from sandbox.recipes import IMAGE_PATH
from sandbox.trees import ChunkReader, walk_tree
from sandbox.types import Limits, Run, SandboxError

_STAGE = "/stage"
_HOLDER_MEMORY = 64 << 20


def part_name(run_id: str, part: str) -> str:
    """Return the engine-wide name of one part of a run ("program", "output")."""
    return f"baijing-{run_id}-{part}"


class Workspace(Protocol):
    """Where a run's own folders and its output lie, and how they get there and back.

    `prepare` needs no run, only its class, so that a container can wait for one; `fill` brings the
    run's own folders. Whatever was half done, `close` undoes it; all it needs is the run's id.
    """

    def prepare(self, runs: RunClass, uid: int, labels: Mapping[str, str]) -> list[Mount]:
        """Make the folders and return the mounts of the run's container; raise SandboxError."""

    def fill(self, runs: RunClass, folders: Mapping[str, Path]) -> None:
        """Bring the run's own folders, by target; raise SandboxError."""

    def collect(self, run: Run) -> Collection:
        """Copy what the dead run left in its output to `run.output`; count all of it."""

    def close(self) -> None:
        """Remove all of it; raise SandboxError when something stays."""


def tmpfs_options(limits: Limits, uid: int) -> str:
    """Return the options of the file system that a run's output is: sized, counted, the run's.

    Where the engine maps user ids the kernel would take ours for the machine's: there it is open
    to whoever it is mounted for, who is the run alone.
    """
    size = limits.output_bytes + policy.OUTPUT_SLACK_BYTES
    inodes = limits.output_files + policy.OUTPUT_SLACK_FILES
    owner = "mode=0777" if uid in policy.MAPPED_UIDS else f"uid={uid},gid={uid},mode=0700"
    return f"size={size},nr_inodes={inodes},{owner}"


class SocketWorkspace(Workspace):
    """Volumes owned by a trusted holder, so that only the engine's socket is needed.

    Host paths never reach the engine: a worker inside a container has other paths than its engine.
    The holder is a container of ours that sleeps. It keeps the output's tmpfs mounted after the
    untrusted container has died, so that what is in it can be read by nobody's leave but ours.
    """

    def __init__(self, engine: Engine, cache: TreeCache, run_id: str) -> None:
        self._engine = engine
        self._cache = cache
        self._run_id = run_id
        self._holder = part_name(run_id, "holder")
        self._output = part_name(run_id, "output")

    @override
    def prepare(self, runs: RunClass, uid: int, labels: Mapping[str, str]) -> list[Mount]:
        mounts = [
            Mount(target, self._cache.volume(Path(folder), runs.image_id), read_only=True)
            for target, folder in runs.shared.items()
        ]
        stages: list[Mount] = []
        for index, target in enumerate(runs.own):
            name = self._own(index)
            self._create_volume(name, labels, {})
            stages.append(Mount(f"{_STAGE}/{index}", name, no_copy=True))
            mounts.append(Mount(target, name, read_only=True, no_copy=True))
        options = f"{tmpfs_options(runs.limits, uid)},nosuid,nodev,noexec"
        tmpfs = {"type": "tmpfs", "device": "tmpfs", "o": options}
        self._create_volume(self._output, labels, tmpfs)
        output = [Mount(place, self._output, no_copy=True) for place in runs.output_places]
        self._start_holder(runs.image_id, labels, [*stages, output[0]])
        return [*mounts, *output]

    @override
    def fill(self, runs: RunClass, folders: Mapping[str, Path]) -> None:
        for index, target in enumerate(runs.own):
            root = folders[target]
            entries = walk_tree(root)
            if entries:
                send_tree(self._engine, self._holder, root, entries, f"{_STAGE}/{index}")

    @override
    def collect(self, run: Run) -> Collection:
        with self._engine.api.get_archive(self._holder, policy.OUTPUT_DIR) as chunks:
            try:
                caps = Caps.of(run.limits)
                return collect_tar(ChunkReader(chunks), run.output, run.collect, caps)
            except tarfile.TarError as error:
                message = f"the engine's archive of the output is damaged: {error}"
                raise SandboxError(message) from error

    @override
    def close(self) -> None:
        remove_container(self._engine, self._holder)
        remove_volume(self._engine, self._output)
        index = 0
        while self._engine.api.has_volume(self._own(index)):
            remove_volume(self._engine, self._own(index))
            index += 1

    def _own(self, index: int) -> str:
        return part_name(self._run_id, f"own{index}")

    def _create_volume(
        self, name: str, labels: Mapping[str, str], options: Mapping[str, str]
    ) -> None:
        self._engine.api.create_volume(name, labels, options)

    def _start_holder(self, image_id: str, labels: Mapping[str, str], mounts: list[Mount]) -> None:
        api = self._engine.api
        host = HostConfig(
            version=api.version(),
            mounts=mounts,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            mem_limit=_HOLDER_MEMORY,
            pids_limit=8,
            ipc_mode="none",
            log_config={"type": "none", "config": {}},  # type: ignore[arg-type]
        )
        body = {
            "Image": image_id,
            "Entrypoint": [],  # nothing of what a problem's own image says
            "Env": [f"PATH={IMAGE_PATH}"],
            "Cmd": ["sleep", "infinity"],
            "User": f"{policy.HOLDER_UID}:{policy.HOLDER_UID}",
            "Labels": dict(labels),
            "NetworkDisabled": True,
            "HostConfig": host,
        }
        api.create(self._holder, body)
        api.start(self._holder)
