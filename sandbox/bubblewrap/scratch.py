"""The folder of one run on this machine: its output, copies of what its user could not read.

A run holds a lock on its folder while its worker lives; the lock of a dead worker is free, and
that is how what it left behind is known.
"""

import fcntl
import json
import os
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox import policy
from sandbox.bubblewrap.cgroup import remove_cgroup
from sandbox.bubblewrap.processes import kill_tree, read_process
from sandbox.mounts import mount_tmpfs, unmount
from sandbox.trees import remove_tree, walk_tree
from sandbox.types import Limits, Run

_FACTS = "run.json"
_OUTPUT, _TMP = "output", "tmp"
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Scratch:
    """One run's folder: what is mounted where, and where the program writes."""

    run_id: str
    directory: Path
    owner: str
    trees: Mapping[str, Path]
    output: Path
    tmp: Path | None = None
    """What is mounted at /tmp, where it is ours to mount; None: bubblewrap makes one."""

    def note_process(self, pid: int) -> None:
        """Write down which process to kill, should this worker be told its owner is gone."""
        process = read_process(pid)
        facts = {"owner": self.owner, "pid": pid, "started": process.started if process else 0}
        (self.directory / _FACTS).write_text(json.dumps(facts), encoding="ascii")


@contextmanager
def open_scratch(runs: Path, run: Run, uid: int | None) -> Iterator[Scratch]:
    """Make the folder of a run and remove it afterwards.

    `uid` is the run's user when root starts it (None: our own); what it could not read is copied.
    """
    run_id = uuid.uuid4().hex[:16]
    directory = runs / run_id
    directory.mkdir(parents=True, mode=0o700)
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        output = directory / _OUTPUT
        output.mkdir(mode=0o700)
        tmp = None if uid is None else _mount(directory, run.limits, uid)
        trees = {
            target: tree if uid is None else _readable(tree, directory / f"tree{number}")
            for number, (target, tree) in enumerate(_trees(run).items())
        }
        yield Scratch(run_id, directory, run.owner, trees, output, tmp)
    finally:
        remove_scratch(directory)
        os.close(descriptor)


def _mount(directory: Path, limits: Limits, uid: int) -> Path | None:
    """Make /output and /tmp memory with a size and a number of files, owned by the run's user.

    Return what to show at /tmp. Where mounting is not allowed /output is a plain folder, and None
    is returned: bubblewrap makes a /tmp with a size alone.
    """
    output, tmp = directory / _OUTPUT, directory / _TMP
    tmp.mkdir(mode=0o700)
    size = limits.output_bytes + policy.OUTPUT_SLACK_BYTES
    inodes = limits.output_files + policy.OUTPUT_SLACK_FILES
    owner = f"uid={uid},gid={uid}"
    try:
        mount_tmpfs(output, f"size={size},nr_inodes={inodes},{owner},mode=0700")
        size = max(limits.tmp_bytes, _PAGE)  # none would mean half of the machine's memory
        options = f"size={size},nr_inodes={policy.TMP_FILES},{owner},mode=1777"
        mount_tmpfs(tmp, options, executable=True)
    except OSError:
        if output.is_mount():
            unmount(output)
        os.chown(output, uid, uid)
        return None
    return tmp


def _trees(run: Run) -> Mapping[str, Path]:
    trees = {policy.CODE_DIR: run.code.resolve()}
    if run.input is not None:
        trees[policy.INPUT_DIR] = run.input.resolve()
    more = {**run.shared, **run.mounts}
    return {**trees, **{target: path.resolve() for target, path in more.items()}}


def _readable(tree: Path, copy: Path) -> Path:
    """Return `tree` where any user may read it, else a copy that any user may."""
    entries = walk_tree(tree)
    statuses = [(entry.status.st_mode, entry.is_directory) for entry in entries]
    statuses.append((tree.stat().st_mode, True))
    if all(_is_open(mode, is_directory=is_directory) for mode, is_directory in statuses):
        return tree
    copy.mkdir()
    copy.chmod(0o755)
    for entry in entries:
        target = copy / entry.path
        if entry.is_directory:
            target.mkdir()
            target.chmod(0o755)
        else:
            shutil.copyfile(tree / entry.path, target)
            target.chmod(0o755 if entry.status.st_mode & 0o111 else 0o644)
    return copy


def _is_open(mode: int, *, is_directory: bool) -> bool:
    wanted = stat.S_IROTH | (stat.S_IXOTH if is_directory else 0)
    return mode & wanted == wanted


def remove_scratch(directory: Path) -> None:
    """Remove the folder of a run, and before it what is mounted there."""
    for name in (_OUTPUT, _TMP):
        if (directory / name).is_mount():
            unmount(directory / name)
    remove_tree(directory)


def reap(runs: Path, is_alive: Callable[[str], bool]) -> int:
    """Kill what runs for owners that are gone, remove what dead workers left; return how many."""
    count = 0
    for directory in sorted(runs.glob("*")) if runs.is_dir() else ():
        owner, pid = _facts(directory)
        abandoned = _is_abandoned(directory)
        if not abandoned and (not owner or is_alive(owner)):
            continue
        if pid is not None:
            kill_tree(pid, policy.KILL_TIMEOUT_S)
        if abandoned:
            remove_cgroup(directory.name)
            remove_scratch(directory)
        count += 1
    return count


def _facts(directory: Path) -> tuple[str, int | None]:
    """Return the owner and the living process of a run's folder."""
    try:
        facts = json.loads((directory / _FACTS).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return "", None
    process = read_process(facts["pid"])
    alive = process is not None and process.started == facts["started"]
    return str(facts["owner"]), facts["pid"] if alive else None


def _is_abandoned(directory: Path) -> bool:
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
