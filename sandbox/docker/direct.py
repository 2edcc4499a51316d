"""The folders of a run where worker and engine see the same files: bound in, never copied.

Only for a worker that is root beside its engine. Whether that is so is tried, not assumed: a
worker in a container may have the same paths and see other files, or mount where no one looks.
"""

import os
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from docker.types import HostConfig, Mount
from typing_extensions import override

from sandbox import policy
from sandbox.collect import Caps, Collection, collect_directory
from sandbox.docker.cache import TreeCache
from sandbox.docker.engine import Engine, remove_container
from sandbox.docker.labels import RunLabels
from sandbox.docker.runclass import RunClass
from sandbox.docker.transport import EngineRefusalError
from sandbox.docker.workspace import Workspace, part_name, tmpfs_options
from sandbox.mounts import mount_tmpfs, unmount
from sandbox.processes import identity, is_running
from sandbox.recipes import IMAGE_PATH
from sandbox.trees import Entry, walk_tree
from sandbox.types import Limits, Run, SandboxError

_OWNER = "owner"
_MAKING_S = 60.0
_PROBE_LIMITS = Limits(wall_s=1, memory_bytes=1, output_bytes=1 << 16, output_files=8)
_READABLE_FILE, _READABLE_FOLDER = 0o004, 0o005


class DirectWorkspace(Workspace):
    """A folder of the host for one run: its own folders, and its output as a mount of its own."""

    def __init__(self, root: Path, cache: TreeCache, run_id: str) -> None:
        self._folder = root / run_id
        self._output = self._folder / "output"
        self._cache = cache

    @override
    def prepare(self, runs: RunClass, uid: int, labels: Mapping[str, str]) -> list[Mount]:
        del labels
        try:
            self._folder.mkdir(mode=0o700, parents=True)
            _adopt(self._folder)
            self._output.mkdir()
            mount_tmpfs(self._output, tmpfs_options(runs.limits, uid))
            for index in range(len(runs.own)):
                _make_folder(self._own(index))
        except OSError as error:
            message = f"cannot make the run's folders: {error}"
            raise SandboxError(message) from error
        shared = [self._share(target, Path(at), runs) for target, at in runs.shared.items()]
        own = [_bind(target, self._own(index)) for index, target in enumerate(runs.own)]
        output = [Mount(place, str(self._output), type="bind") for place in runs.output_places]
        return [*shared, *own, *output]

    @override
    def fill(self, runs: RunClass, folders: Mapping[str, Path]) -> None:
        for index, target in enumerate(runs.own):
            root = folders[target]
            for entry in walk_tree(root):
                _bring(root, entry, self._own(index) / entry.path)

    @override
    def collect(self, run: Run) -> Collection:
        try:
            return collect_directory(self._output, run.output, run.collect, Caps.of(run.limits))
        except OSError as error:
            message = f"cannot collect the output: {error}"
            raise SandboxError(message) from error

    @override
    def close(self) -> None:
        try:
            _remove(self._folder)
        except OSError as error:
            message = f"cannot remove the run's folders: {error}"
            raise SandboxError(message) from error

    def _own(self, index: int) -> Path:
        return self._folder / f"own{index}"

    def _share(self, target: str, folder: Path, runs: RunClass) -> Mount:
        """Bind a shared folder where every uid can read it; else a copy, made once, that can be."""
        if self._cache.remembers("readable", folder, lambda: _readable_by_all(folder)):
            return _bind(target, folder)
        return Mount(target, self._cache.volume(folder, runs.image_id), read_only=True)


def shares_files(engine: Engine, root: Path, image_id: str, marks: RunLabels) -> bool:
    """Tell whether the engine sees what this process mounts: a container is asked to read it.

    For an engine that does not map user ids.
    """
    if os.geteuid() != 0:
        return False
    uid = policy.draw_uid(mapped=False)
    folder = root / f"probe-{marks.run_id}"
    token = secrets.token_hex(16)
    try:
        folder.mkdir(mode=0o700, parents=True)
        _adopt(folder)
        (folder / "output").mkdir()
        mount_tmpfs(folder / "output", tmpfs_options(_PROBE_LIMITS, uid))
        (folder / "output" / "token").write_text(token, encoding="ascii")
        (folder / "output" / "token").chmod(0o644)
        return _read_inside(engine, folder / "output", image_id, uid, marks) == token
    except OSError:
        return False  # no permission to mount: a container without the capability
    finally:
        with suppress(OSError):
            _remove(folder)


def _read_inside(engine: Engine, folder: Path, image_id: str, uid: int, marks: RunLabels) -> str:
    api, name = engine.api, part_name(marks.run_id, "probe")
    host = HostConfig(
        version=api.version(),
        mounts=[Mount("/probe", str(folder), type="bind", read_only=True)],
        cap_drop=["ALL"],
        log_config={"type": "none", "config": {}},  # type: ignore[arg-type]
    )
    body = {
        "Image": image_id,
        "Entrypoint": [],  # nothing of what a problem's own image says
        "Env": [f"PATH={IMAGE_PATH}"],
        "Cmd": ["cat", "/probe/token"],
        "User": f"{uid}:{uid}",
        "Labels": dict(marks.values),
        "NetworkDisabled": True,
        "HostConfig": host,
    }
    try:
        container = api.create(name, body)
        with api.attach(container, stdin=False) as attached:
            api.start(container)
            return attached.read()[1].decode(errors="replace").strip()
    except (EngineRefusalError, OSError):
        return ""  # the engine does not have the folder
    finally:
        remove_container(engine, name)


def clear_folders(root: Path, keep: Callable[[str], bool]) -> None:
    """Remove the folders and mounts whose process is gone, but for those that `keep` names."""
    for folder in root.iterdir() if root.is_dir() else ():
        with suppress(OSError):
            if _is_deserted(folder) and not keep(folder.name):
                _remove(folder)


def _adopt(folder: Path) -> None:
    """Note that this process is the one to remove it all."""
    fresh = folder / f"{_OWNER}.{os.getpid()}"
    fresh.write_text(identity(), encoding="ascii")
    fresh.replace(folder / _OWNER)


def _remove(folder: Path) -> None:
    """Unmount and remove a run's folder; somebody else may be at it too."""
    unmount(folder / "output")
    while folder.is_dir():
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)


def _is_deserted(folder: Path) -> bool:
    try:
        owner = (folder / _OWNER).read_text(encoding="ascii")
    except OSError:  # it is being made or removed, unless that was long ago
        return time.time() - folder.stat().st_mtime > _MAKING_S
    return not is_running(owner)


def _bind(target: str, source: Path) -> Mount:
    return Mount(target, str(source), type="bind", read_only=True)


def _make_folder(path: Path) -> None:
    path.mkdir()
    path.chmod(0o755)  # whatever the umask is


def _bring(root: Path, entry: Entry, target: Path) -> None:
    """Link a file that every uid can read, else copy it; raise SandboxError."""
    source = root / entry.path
    try:
        if entry.is_directory:
            _make_folder(target)
            return
        if entry.status.st_mode & _READABLE_FILE:
            with suppress(OSError):  # another file system
                target.hardlink_to(source)
                return
        shutil.copyfile(source, target, follow_symlinks=False)
        target.chmod(0o755 if entry.status.st_mode & 0o111 else 0o644)
    except OSError as error:
        message = f"cannot bring {entry.path}: {error}"
        raise SandboxError(message) from error


def _readable_by_all(folder: Path) -> bool:
    if folder.stat().st_mode & _READABLE_FOLDER != _READABLE_FOLDER:
        return False
    return all(
        entry.status.st_mode & wanted == wanted
        for entry in walk_tree(folder)
        for wanted in (_READABLE_FOLDER if entry.is_directory else _READABLE_FILE,)
    )
