"""Large inputs, once per content: a named volume filled under a lock the engine itself keeps.

A container's name is unique in an engine, so creating one with a fixed name is a lock that works
between workers that share nothing but the engine's socket. A second, empty volume says "complete".
"""

import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from docker.errors import APIError, NotFound
from docker.types import Mount

from sandbox.docker import labels
from sandbox.docker.engine import (
    SLOW_CALL_TIMEOUT_S,
    Engine,
    engine_errors,
    remove_container,
    remove_volume,
)
from sandbox.trees import Entry, tree_bytes, tree_digest, tree_fingerprint, walk_tree, write_tar
from sandbox.types import MIB, SandboxError

CACHE_FROM_BYTES = 2 * MIB
"""Smaller trees are sent with each run: a cache entry costs as much as it saves."""

CACHE_LIMIT_BYTES = 20 << 30
"""What the cache may hold; beyond it the oldest entries not in use are removed."""

_IN_MEMORY_BYTES = 16 * MIB
_MOUNT = "/tree"
_ETC = "/etc"
_HOSTS = "127.0.0.1 localhost\n::1 localhost\n"
_CONFLICT = 409
_LOCK_POLL_S = 0.2
_COMPLETE = "-complete"


def send_tree(
    engine: Engine, container_id: str, root: Path, entries: tuple[Entry, ...], target: str
) -> None:
    """Put a tree into a container's volume at `target`, through the socket alone."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as spool:
        write_tar(root, entries, spool)
        spool.seek(0)
        with engine_errors(f"sending {root.name}"):
            api = engine.client(SLOW_CALL_TIMEOUT_S).api
            api.put_archive(container_id, target, spool)


class TreeCache:
    """Volumes that hold trees by content, shared by all runs of an installation's engine."""

    def __init__(self, engine: Engine, installation: str) -> None:
        self._engine = engine
        self._installation = installation
        self._digests: dict[str, str] = {}
        self._lock = threading.Lock()

    def volume(self, root: Path, entries: tuple[Entry, ...], image_id: str) -> str:
        """Return the name of a volume that holds the tree, filling it when it is new."""
        digest = self._digest(root, entries)
        name = f"baijing-tree-{digest[:40]}"
        if not self._exists(name + _COMPLETE):
            with self._filling(name, image_id, Mount(_MOUNT, name, no_copy=True)) as filler:
                if not self._exists(name + _COMPLETE):
                    self._make_room(tree_bytes(entries))
                    send_tree(self._engine, filler, root, entries, _MOUNT)
                    self._create(name + _COMPLETE, {labels.BYTES: str(tree_bytes(entries))})
        return name

    def etc_volume(self, image_id: str) -> str:
        """Return the name of a volume with the image's /etc and a hosts file that names localhost.

        An engine empties /etc/hosts in every container and writes it only where there is
        networking, which a run has not; mounting the whole folder is the way past that.
        """
        name = f"baijing-etc-{image_id.rpartition(':')[2][:40]}"
        if not self._exists(name + _COMPLETE):
            with self._filling(name, image_id, Mount(_ETC, name)) as filler:
                if not self._exists(name + _COMPLETE):
                    with tempfile.TemporaryDirectory() as folder:
                        (Path(folder) / "hosts").write_text(_HOSTS, encoding="ascii")
                        root = Path(folder)
                        send_tree(self._engine, filler, root, walk_tree(root), _ETC)
                    self._create(name + _COMPLETE, {})
        return name

    def _digest(self, root: Path, entries: tuple[Entry, ...]) -> str:
        fingerprint = tree_fingerprint(root, entries)
        with self._lock:
            known = self._digests.get(fingerprint)
        digest = known or tree_digest(root, entries)
        with self._lock:
            self._digests[fingerprint] = digest
        return digest

    def _exists(self, name: str) -> bool:
        with engine_errors("looking for a volume"):
            try:
                self._engine.client().api.inspect_volume(name)
            except NotFound:
                return False
        return True

    def _create(self, name: str, extra: Mapping[str, str]) -> None:
        with engine_errors("creating a volume"):
            self._engine.client().api.create_volume(
                name, labels={labels.CACHE: self._installation, **extra}
            )

    @contextmanager
    def _filling(self, name: str, image_id: str, mount: Mount) -> Iterator[str]:
        """Hold the lock on one tree: a container of that name, which is never started."""
        expires = int(time.time()) + 2 * SLOW_CALL_TIMEOUT_S
        values = {
            labels.INSTALLATION: self._installation,
            labels.OWNER: "",
            labels.EXPIRES: str(expires),
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
        api = self._engine.client().api
        with engine_errors("preparing an input volume"):
            self._create(name, {})
            try:
                created = api.create_container(
                    image_id,
                    ["true"],
                    name=f"{name}-filling",
                    labels=dict(values),
                    network_disabled=True,
                    host_config=api.create_host_config(mounts=[mount]),
                )
            except APIError as error:
                if error.status_code != _CONFLICT:
                    raise
                return None
        return str(created["Id"])

    def _make_room(self, needed: int) -> None:
        api = self._engine.client().api
        with engine_errors("listing cached inputs"):
            found = api.volumes(filters={"label": f"{labels.CACHE}={self._installation}"})
        complete = [
            volume for volume in found.get("Volumes") or [] if volume["Name"].endswith(_COMPLETE)
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
            remove_volume(self._engine, marker.removesuffix(_COMPLETE))
            remove_volume(self._engine, marker)
        except SandboxError:
            return 0
        return size
