"""The volumes of one run, owned by a trusted holder, so that only the engine's socket is needed.

Host paths never reach the engine: a worker inside a container has other paths than its engine.
The holder is a container of ours that sleeps. It keeps the output's tmpfs mounted after the
untrusted container has died, so that what is in it can be read by nobody's leave but ours.
"""

import tarfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from docker.types import Mount

from sandbox import policy
from sandbox.collect import Caps, Collection, collect_tar
from sandbox.docker.cache import CACHE_FROM_BYTES, TreeCache, send_tree
from sandbox.docker.engine import (
    SLOW_CALL_TIMEOUT_S,
    Engine,
    engine_errors,
    remove_container,
    remove_volume,
)
from sandbox.docker.labels import RunLabels
from sandbox.trees import ChunkReader, tree_bytes, walk_tree
from sandbox.types import Run, SandboxError

if TYPE_CHECKING:
    from sandbox.trees import Entry

_STAGE = "/stage"
_HOLDER_MEMORY = 64 << 20


class Workspace:
    """The mounts of one run, from before its container exists until after it is gone."""

    def __init__(
        self, engine: Engine, cache: TreeCache, image_id: str, run: Run, marks: RunLabels
    ) -> None:
        self._engine = engine
        self._cache = cache
        self._image_id = image_id
        self._run = run
        self._marks = marks
        self._volumes: list[str] = []
        self._holder: str | None = None
        self.mounts: list[Mount] = []

    def __enter__(self) -> Self:
        """Return itself; `prepare` does the work, so that what it leaves half done is removed."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Remove the holder and the run's volumes; what an ill engine keeps is the reaper's."""
        if self._holder is not None:
            remove_container(self._engine, self._holder)
        for name in self._volumes:
            remove_volume(self._engine, name)

    def prepare(self, uid: int) -> None:
        """Create and fill the volumes and start the holder; `mounts` is complete afterwards."""
        staged: dict[str, tuple[Path, tuple[Entry, ...]]] = {}
        stages: list[Mount] = []
        for target, root in self._trees().items():
            entries = walk_tree(root)
            if tree_bytes(entries) >= CACHE_FROM_BYTES:
                name = self._cache.volume(root, entries, self._image_id)
            else:
                stage = f"{_STAGE}/{len(staged)}"
                name = self._create_volume(f"tree{len(staged)}", {})
                staged[stage] = (root, entries)
                stages.append(Mount(stage, name, no_copy=True))
            self.mounts.append(Mount(target, name, read_only=True, no_copy=True))
        etc = self._cache.etc_volume(self._image_id)
        self.mounts.append(Mount("/etc", etc, read_only=True))
        output = self._create_volume("output", self._output_options(uid))
        self.mounts.append(Mount(policy.OUTPUT_DIR, output, no_copy=True))
        self._start_holder([*stages, Mount(policy.OUTPUT_DIR, output, no_copy=True)])
        for stage, (root, entries) in staged.items():
            if entries:
                send_tree(self._engine, self._holder_id(), root, entries, stage)

    def collect(self) -> Collection:
        """Copy what the dead run left in its output to `run.output`; count all of it."""
        api = self._engine.client(SLOW_CALL_TIMEOUT_S).api
        with engine_errors("collecting the output"):
            chunks, _ = api.get_archive(self._holder_id(), policy.OUTPUT_DIR)
            caps = Caps.of(self._run.limits)
            stream = ChunkReader(iter(chunks))
            try:
                return collect_tar(stream, self._run.output, self._run.collect, caps)
            except tarfile.TarError as error:
                message = f"the engine's archive of the output is damaged: {error}"
                raise SandboxError(message) from error

    def _trees(self) -> Mapping[str, Path]:
        trees = {policy.CODE_DIR: self._run.code}
        if self._run.input is not None:
            trees[policy.INPUT_DIR] = self._run.input
        return {**trees, **self._run.shared, **self._run.mounts}

    def _output_options(self, uid: int) -> Mapping[str, str]:
        limits = self._run.limits
        size = limits.output_bytes + policy.OUTPUT_SLACK_BYTES
        inodes = limits.output_files + policy.OUTPUT_SLACK_FILES
        options = f"size={size},nr_inodes={inodes},uid={uid},gid={uid},mode=0700"
        return {"type": "tmpfs", "device": "tmpfs", "o": f"{options},nosuid,nodev,noexec"}

    def _create_volume(self, part: str, options: Mapping[str, str]) -> str:
        name = self._marks.name(part)
        self._volumes.append(name)
        with engine_errors("creating a volume"):
            self._engine.client().api.create_volume(
                name, driver="local", driver_opts=dict(options), labels=dict(self._marks.values)
            )
        return name

    def _start_holder(self, mounts: list[Mount]) -> None:
        api = self._engine.client().api
        with engine_errors("starting the holder"):
            created = api.create_container(
                self._image_id,
                ["sleep", "infinity"],
                name=self._marks.name("holder"),
                user=f"{policy.HOLDER_UID}:{policy.HOLDER_UID}",
                labels=dict(self._marks.values),
                network_disabled=True,
                host_config=api.create_host_config(
                    mounts=mounts,
                    cap_drop=["ALL"],
                    security_opt=["no-new-privileges"],
                    mem_limit=_HOLDER_MEMORY,
                    pids_limit=8,
                    ipc_mode="none",
                    log_config={"type": "none", "config": {}},  # type: ignore[arg-type]
                ),
            )
            self._holder = str(created["Id"])
            api.start(self._holder)

    def _holder_id(self) -> str:
        if self._holder is None:
            message = "the run's volumes are not prepared"
            raise SandboxError(message)
        return self._holder
