"""What an untrusted program may use, as data: every limit and flag with its one reason.

Numbers that a problem sets are in `sandbox.types.Limits`; what is here no problem may loosen.
"""

import json
import math
import secrets
from dataclasses import dataclass
from pathlib import Path

from sandbox.types import MIB, Limits

CODE_DIR = "/code"
INPUT_DIR = "/input"
OUTPUT_DIR = "/output"
TMP_DIR = "/tmp"  # noqa: S108  the path inside the sandbox, not on this machine
HOSTNAME = "sandbox"

RESERVED_MOUNTS = frozenset(
    {CODE_DIR, INPUT_DIR, OUTPUT_DIR, TMP_DIR, "/", "/proc", "/sys", "/dev"}
)
"""Where `Run.mounts` may not go: the backend puts its own things there."""

UIDS = range(1_000_000_000, 1_500_000_000)
"""A uid of its own for every run: kernel limits per uid (inotify, pipes, keys) then starve nobody.
Never `nobody`, who may own a disk's reserved blocks and is the uid of other sandboxes."""

MAPPED_UIDS = range(20_000, 60_000)
"""The same where the engine maps user ids (rootless, userns-remap): only 65536 exist there."""

HOLDER_UID = 19_999
"""Who our own sleeping helper containers are: outside both ranges, owner of nothing."""

OUTPUT_SLACK_BYTES = 4 * MIB
"""The output file system is this much larger than the limit, so that going over the limit can be
seen afterwards (more bytes than allowed) instead of guessed from a full disk."""

OUTPUT_SLACK_FILES = 16
"""The same for inodes; the root directory takes one of them."""

TMP_FILES = 65_536
"""Inodes in /tmp: enough for unpacking a model or a wheel, far from filling kernel memory."""

SHM_BYTES = 64 * MIB
"""Shared memory: multiprocessing and joblib keep semaphores there, data loaders a little."""

OPEN_FILES = 1024
"""File descriptors per process: pipes hold kernel memory, and 1024 is what programs expect."""

DATA_SLACK_BYTES = 1 << 30
"""Private memory a process may reserve beyond twice the limit: libraries reserve far more than
they touch, and a program that only reserves harms nobody."""

ENGINE_TIMEOUT_S = 60
"""Any engine call that should be instant; an engine that takes longer is sick."""

KILL_TIMEOUT_S = 10
"""From SIGKILL until the run must be gone; beyond it the engine is sick and takes no more work."""


@dataclass(frozen=True, slots=True)
class Ulimit:
    """One resource limit (soft and hard alike), by the engine's name for it."""

    name: str
    value: int
    reason: str


def file_size_limit(limits: Limits) -> int:
    """Return the largest file a run may make, in bytes (sparse ones included)."""
    return max(limits.output_bytes + OUTPUT_SLACK_BYTES, limits.tmp_bytes)


def ulimits(limits: Limits) -> tuple[Ulimit, ...]:
    """Return the resource limits of every process of a run."""
    return (
        Ulimit("fsize", file_size_limit(limits), "a sparse file has any size at no cost"),
        Ulimit("nofile", OPEN_FILES, "pipes and sockets hold kernel memory"),
        Ulimit("core", 0, "a crash must not write its memory to the host's core handler"),
        Ulimit("msgqueue", 0, "POSIX queues hold kernel memory outside every other limit"),
        Ulimit("sigpending", 1024, "queued signals hold kernel memory"),
        Ulimit("nproc", limits.processes + 16, "holds where a pids cgroup does not (gVisor)"),
    )


def threads(limits: Limits) -> int:
    """Return how many threads numeric libraries should start: the cores granted, rounded up."""
    return max(1, math.ceil(limits.cpus))


def draw_uid(*, mapped: bool) -> int:
    """Return a user id for one run; unique by chance (one in 5e8), or nearly so where mapped."""
    pool = MAPPED_UIDS if mapped else UIDS
    return pool[secrets.randbelow(len(pool))]


CLONE_NAMESPACES = 0x7E020000
"""CLONE_NEW{CGROUP,UTS,IPC,USER,PID,NET,NS}: a run starts threads and processes, not namespaces."""

PERSONALITIES = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)
"""Linux, 32-bit ids, and asking: the others switch off address randomisation."""

SOCKET_FAMILIES = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: loopback servers work; vsock, raw and Bluetooth do not
open. AF_VSOCK matters: it reaches a virtual machine's host past a missing network."""

ENOSYS = 38


def seccomp_profile() -> str:
    """Return the system-call filter as the JSON the engine takes.

    An allow-list (`seccomp.json` says why for each group); what is not on it fails with EPERM.
    Only native system calls: the 32-bit entry's socketcall would slip past the socket filter.
    """
    groups = json.loads((Path(__file__).parent / "seccomp.json").read_text(encoding="utf-8"))
    names = sorted({name for group in groups["allow"] for name in group["names"]})
    rules: list[dict[str, object]] = [{"names": names, "action": "SCMP_ACT_ALLOW"}]
    rules += [_equal("socket", 0, family) for family in SOCKET_FAMILIES]
    rules += [_equal("socketpair", 0, 1)]
    rules += [_equal("personality", 0, value) for value in PERSONALITIES]
    rules.append(
        {
            "names": ["clone"],
            "action": "SCMP_ACT_ALLOW",
            "args": [
                {"index": 0, "value": CLONE_NAMESPACES, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}
            ],
        }
    )
    # clone3 hides its flags behind a pointer; "not implemented" makes the C library use clone
    rules.append({"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": ENOSYS})
    return json.dumps(
        {
            "defaultAction": "SCMP_ACT_ERRNO",
            "archMap": [
                {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": []},
                {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": []},
            ],
            "syscalls": rules,
        }
    )


def _equal(name: str, index: int, value: int) -> dict[str, object]:
    argument = {"index": index, "value": value, "op": "SCMP_CMP_EQ"}
    return {"names": [name], "action": "SCMP_ACT_ALLOW", "args": [argument]}
