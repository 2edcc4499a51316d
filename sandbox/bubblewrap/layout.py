"""The command line that puts a program into its namespaces: what it sees, and as whom it runs.

An ordinary user needs one stage. Root needs two, because root without capabilities is still root
to files: the first lays out the mounts (it can read what the run's own user cannot reach on this
machine), the second drops to the run's user and makes the namespaces as anybody would.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sandbox import policy
from sandbox.bubblewrap.tools import Tools
from sandbox.recipes import EXTRA_PACKAGES, VENV
from sandbox.types import Limits

INSIDE_UID = 1000
_TOOLS = "/opt/sandbox"
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_LINKER_CACHE = Path("/etc/ld.so.cache")

ETC: Mapping[str, str] = {
    **policy.ETC,
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "passwd": f"runner:x:{INSIDE_UID}:{INSIDE_UID}::{policy.TMP_DIR}:/bin/sh\n",
    "group": f"runner:x:{INSIDE_UID}:\n",
}
"""All of /etc a program sees besides what the dynamic linker needs: nothing of this machine's."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What a run sees: host folders by their place inside, and the one it may write to."""

    environment: Path
    scoring: Path | None
    etc: Path
    trees: Mapping[str, Path]
    output: Path
    tmp: Path | None = None
    output_at: str | None = None
    """Where the output is found too."""

    @property
    def output_places(self) -> tuple[str, ...]:
        """Return where the output is seen, the usual place first."""
        return (policy.OUTPUT_DIR, *(() if self.output_at is None else (self.output_at,)))


@dataclass(frozen=True, slots=True)
class Stage:
    """One run's command inside and its limits; `uid` is set when root drops to it."""

    command: tuple[str, ...]
    limits: Limits
    uid: int | None
    filter_descriptor: int | None
    status_descriptor: int


def command_line(tools: Tools, layout: Layout, stage: Stage) -> list[str]:
    """Return the whole argv for one run."""
    if stage.uid is None:
        return [
            str(tools.bwrap),
            *_isolation(stage),
            *_mounts(layout),
            *_own_mounts(stage.limits, layout.tmp),
            "--remount-ro",
            "/",
            "--",
            *_limited(tools, stage),
        ]
    return [
        str(tools.bwrap),
        "--die-with-parent",
        *_mounts(layout),
        *_tool_mounts(tools),
        *("--dev-bind", "/dev", "/dev", "--dev-bind", "/proc", "/proc"),
        "--",
        str(tools.setpriv),
        *(f"--reuid={stage.uid}", f"--regid={stage.uid}", "--clear-groups"),
        *("--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"),
        _inner_bwrap(tools),
        *_isolation(stage),
        *("--ro-bind", "/", "/"),
        *(word for place in layout.output_places for word in ("--bind", place, place)),
        *_own_mounts(stage.limits, None if layout.tmp is None else Path(policy.TMP_DIR)),
        "--",
        *_limited(tools, stage),
    ]


def _inner_bwrap(tools: Tools) -> str:
    if not tools.needed_inside:
        return str(tools.bwrap)
    return f"{_TOOLS}/{tools.bwrap.relative_to(tools.needed_inside[0].parent)}"


def _isolation(stage: Stage) -> Iterator[str]:
    yield from ("--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc")
    yield from ("--unshare-uts", "--unshare-cgroup-try", "--disable-userns")
    yield from ("--die-with-parent", "--new-session", "--cap-drop", "ALL")
    yield from ("--uid", str(INSIDE_UID), "--gid", str(INSIDE_UID))
    yield from ("--json-status-fd", str(stage.status_descriptor))
    if stage.filter_descriptor is not None:
        yield from ("--seccomp", str(stage.filter_descriptor))
    yield from ("--hostname", policy.HOSTNAME, "--chdir", policy.CODE_DIR)


def _mounts(layout: Layout) -> Iterator[str]:
    for path in _SYSTEM:
        if Path(path).is_symlink():
            yield from ("--symlink", str(Path(path).readlink()), path)
        elif Path(path).is_dir():
            yield from ("--ro-bind", path, path)
    yield from ("--ro-bind", str(layout.etc), "/etc")
    base = Path(sys.base_prefix)
    if not base.is_relative_to("/usr"):
        yield from _at(str(base), base)
    yield from _at(VENV, layout.environment)
    if layout.scoring is not None:
        yield from _at(f"{EXTRA_PACKAGES}/scoring", layout.scoring)
    for target, source in layout.trees.items():
        yield from _at(target, source)
    yield from _writable(layout)


def _writable(layout: Layout) -> Iterator[str]:
    """Bind what the program may write to."""
    for place in layout.output_places:
        yield from _at(place, layout.output, "--bind")
    if layout.tmp is None:
        yield from ("--dir", policy.TMP_DIR)
    else:
        yield from ("--bind", str(layout.tmp), policy.TMP_DIR)


def _at(target: str, source: Path, how: str = "--ro-bind") -> Iterator[str]:
    """Bind a folder, read-only unless told; what is above it is made readable to the user."""
    for ancestor in reversed(PurePosixPath(target).parents[:-1]):
        yield from ("--perms", "0755", "--dir", str(ancestor))
    yield from (how, str(source), target)


def _own_mounts(limits: Limits, tmp: Path | None) -> Iterator[str]:
    """Give the run its own /proc, /dev, /dev/shm and /tmp (`tmp`: one made with its limits).

    What of /proc tells of the machine is covered, files by one that cannot be opened.
    """
    yield from ("--proc", "/proc")
    for path in map(Path, policy.MASKED_PATHS):
        if path.is_relative_to("/proc") and path.is_dir():
            yield from ("--tmpfs", str(path), "--remount-ro", str(path))
        elif path.is_relative_to("/proc") and path.exists():
            yield from ("--ro-bind", "/dev/null", str(path))
    yield from ("--dev", "/dev")
    shm = ("--perms", "1777", "--size", str(policy.SHM_BYTES), "--tmpfs", "/dev/shm")  # noqa: S108
    yield from (*shm, "--remount-ro", "/dev")  # itself memory without a size
    if tmp is None:
        size = str(limits.tmp_bytes)
        yield from ("--perms", "1777", "--size", size, "--tmpfs", policy.TMP_DIR)
    else:
        yield from ("--bind", str(tmp), policy.TMP_DIR)


def _tool_mounts(tools: Tools) -> Iterator[str]:
    for folder in tools.needed_inside:
        yield from _at(f"{_TOOLS}/{folder.name}", folder)


def _limited(tools: Tools, stage: Stage) -> Iterator[str]:
    """Put the resource limits on the program itself, counted inside its own user namespace."""
    yield str(tools.prlimit)
    for limit in policy.ulimits(stage.limits):
        yield f"--{limit.name}={limit.value}:{limit.value}"
    # not the memory limit (that is the whole run's): it stops one process between two looks
    yield f"--data={2 * stage.limits.memory_bytes + policy.DATA_SLACK_BYTES}"
    yield "--"
    yield from stage.command


def write_etc(directory: Path) -> None:
    """Write the small /etc of all runs, with a copy of the dynamic linker's cache."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in ETC.items():
        (directory / name).write_text(text, encoding="ascii")
    if _LINKER_CACHE.is_file():
        (directory / _LINKER_CACHE.name).write_bytes(_LINKER_CACHE.read_bytes())
