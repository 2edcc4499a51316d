"""Large inputs, once per content: a named volume filled under a lock the engine itself keeps.

A container's name is unique in an engine, so creating one with a fixed name is a lock that works
between workers that share nothing but the engine's socket. A second, empty volume says "complete".
"""

import contextlib
import hashlib
import http.client
import os
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from docker.types import HostConfig, Mount

from sandbox import policy
from sandbox.docker import labels
from sandbox.docker.api import SLOW_CALL_TIMEOUT_S
from sandbox.docker.engine import Engine, engine_errors, remove_container
from sandbox.docker.transport import EngineRefusalError
from sandbox.trees import Entry, tree_bytes, tree_digest, tree_fingerprint, walk_tree, write_tar
from sandbox.types import MIB, SandboxError

CACHE_LIMIT_BYTES = 20 << 30
"""What the cache may hold; beyond it the oldest entries not in use are removed."""

ETC_VOLUME = "baijing-etc-"
"""How the name of an image's /etc volume begins; its `short_id` comes next."""

ID_LENGTH = 40

_IN_MEMORY_BYTES = 16 * MIB
_MOUNT = "/tree"
_ETC = "/etc"
_ETC_DIGEST = hashlib.sha256(repr(sorted(policy.ETC.items())).encode()).hexdigest()[:8]
_LOCK_POLL_S = 0.2
_COMPLETE = "-complete"


def short_id(image_id: str) -> str:
    """Return the part of an image's id that the name of its /etc volume holds."""
    return image_id.rpartition(":")[2][:ID_LENGTH]


def send_tree(
    engine: Engine, container_id: str, root: Path, entries: tuple[Entry, ...], target: str
) -> None:
    """Put a tree into a container's volume at `target`, through the socket alone."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as spool:
        write_tar(root, entries, spool)
        spool.seek(0)
        engine.api.put_archive(container_id, target, cast("IO[bytes]", spool))


def own_etc_mount() -> Mount:
    """Return a mount of a copy of the image's /etc that goes with its container.

    For runs with GPUs: NVIDIA's hook makes a linker cache in it before the program starts, and two
    would disturb each other in a shared one. All in it is root's, so not the program's to change.
    """
    return Mount(_ETC, None)


class TreeCache:
    """Volumes that hold trees by content, shared by all runs of an installation's engine.

    What was found out about a tree is noted in `notes`, a folder: the process of the next run is
    another one, and reading gigabytes again to know their digest would cost it seconds.
    """

    def __init__(self, engine: Engine, installation: str, notes: Path) -> None:
        self._engine = engine
        self._installation = installation
        self._notes = notes

    def volume(self, root: Path, image_id: str) -> str:
        """Return the name of a volume that holds the tree, filling it when it is new."""
        entries = walk_tree(root)
        digest = self._digest(root, entries)
        name = f"baijing-tree-{digest[:40]}"
        if not self._exists(name + _COMPLETE):
            with self._filling(name, image_id, Mount(_MOUNT, name, no_copy=True)) as filler:
                if not self._exists(name + _COMPLETE):
                    self._make_room(tree_bytes(entries))
                    if entries:
                        send_tree(self._engine, filler, root, entries, _MOUNT)
                    self._create(name + _COMPLETE, {labels.BYTES: str(tree_bytes(entries))})
        return name

    def etc_mount(self, image_id: str) -> Mount:
        """Return a mount of the image's /etc with `policy.ETC` over it.

        An engine empties /etc/hosts in every container and writes it only where there is
        networking, which a run has not; mounting the whole folder is the way past that.
        """
        name = f"{ETC_VOLUME}{short_id(image_id)}-{_ETC_DIGEST}"
        if not self._exists(name + _COMPLETE):
            with self._filling(name, image_id, Mount(_ETC, name)) as filler:
                if not self._exists(name + _COMPLETE):
                    self.put_hosts(filler)
                    self._create(name + _COMPLETE, {})
        return Mount(_ETC, name, read_only=True)

    def put_hosts(self, container_id: str) -> None:
        """Put what is the same for all runs into a container whose /etc is a volume."""
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for name, text in policy.ETC.items():
                (root / name).write_text(text, encoding="ascii")
            send_tree(self._engine, container_id, root, walk_tree(root), _ETC)

    def remembers(self, fact: str, root: Path, find_out: Callable[[], bool]) -> bool:
        """Return a fact about a tree that never changes where it lies; it is found out once."""
        status = root.stat()
        place = f"{root.resolve()}\0{status.st_dev}-{status.st_ino}-{status.st_ctime_ns}"
        key = hashlib.sha256(os.fsencode(place)).hexdigest()
        return self._noted(f"{fact}-{key}", lambda: "yes" if find_out() else "no") == "yes"

    def _digest(self, root: Path, entries: tuple[Entry, ...]) -> str:
        name = f"digest-{tree_fingerprint(root, entries)}"
        return self._noted(name, lambda: tree_digest(root, entries))

    def _noted(self, name: str, find_out: Callable[[], str]) -> str:
        note = self._notes / name
        with contextlib.suppress(OSError):
            return note.read_text(encoding="ascii")
        found = find_out()
        self._notes.mkdir(parents=True, exist_ok=True)
        fresh = self._notes / f".{name}.{uuid.uuid4().hex}"
        fresh.write_text(found, encoding="ascii")
        fresh.replace(note)
        return found

    def _exists(self, name: str) -> bool:
        return self._engine.api.has_volume(name)

    def _create(self, name: str, extra: Mapping[str, str]) -> None:
        self._engine.api.create_volume(name, {labels.CACHE: self._installation, **extra}, {})

    @contextmanager
    def _filling(self, name: str, image_id: str, mount: Mount) -> Iterator[str]:
        """Hold the lock on one tree: a container of that name, which is never started."""
        expires = int(time.time()) + 2 * SLOW_CALL_TIMEOUT_S
        values = {
            labels.INSTALLATION: self._installation,
            labels.OWNER: "",
            labels.EXPIRES: str(expires),
            labels.PROCESS: labels.this_process(),
        }
        deadline = time.monotonic() + SLOW_CALL_TIMEOUT_S
        while (filler := self._try_lock(name, image_id, mount, values)) is None:
            if time.monotonic() > deadline:
                message = f"another worker has been filling {name} for too long"
                raise SandboxError(message)
            time.sleep(_LOCK_POLL_S)
        try:
            yield filler
        finally:
            remove_container(self._engine, filler)

    def _try_lock(
        self, name: str, image_id: str, mount: Mount, values: Mapping[str, str]
    ) -> str | None:
        self._create(name, {})
        host = HostConfig(version=self._engine.api.version(), mounts=[mount])
        body = {
            "Image": image_id,
            "Cmd": ["true"],
            "Labels": dict(values),
            "NetworkDisabled": True,
            "HostConfig": host,
        }
        try:
            return self._engine.api.create(f"{name}-filling", body)
        except EngineRefusalError as error:
            if error.status != http.client.CONFLICT:
                raise
            return None

    def _make_room(self, needed: int) -> None:
        api = self._engine.client().api
        with engine_errors("listing cached inputs"):
            found = api.volumes(filters={"label": f"{labels.CACHE}={self._installation}"})
        complete = [
            volume
            for volume in found.get("Volumes") or []
            if volume["Name"].endswith(_COMPLETE) and labels.BYTES in (volume["Labels"] or {})
        ]
        complete.sort(key=lambda volume: str(volume.get("CreatedAt", "")))
        total = needed + sum(int(volume["Labels"].get(labels.BYTES, 0)) for volume in complete)
        for volume in complete:
            if total <= CACHE_LIMIT_BYTES:
                return
            total -= self._forget(volume["Name"], int(volume["Labels"].get(labels.BYTES, 0)))

    def _forget(self, marker: str, size: int) -> int:
        """Remove one entry unless a run uses it; the tree first, so that no marker lies."""
        try:
            self._engine.api.remove_volume(marker.removesuffix(_COMPLETE))
            self._engine.api.remove_volume(marker)
        except EngineRefusalError:
            return 0
        return size
