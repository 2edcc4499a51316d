"""What an untrusted program may use, as data: every limit and flag with its one reason.

Numbers that a problem sets are in `sandbox.types.Limits`; what is here no problem may loosen.
System calls are in `sandbox.seccomp`.
"""

import math
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sandbox.types import MIB, Limits

CODE_DIR = "/code"
INPUT_DIR = "/input"
OUTPUT_DIR = "/output"
TMP_DIR = "/tmp"  # noqa: S108  the path inside the sandbox, not on this machine
HOSTNAME = "sandbox"

ETC: Mapping[str, str] = MappingProxyType(
    {
        "hosts": "127.0.0.1 localhost\n::1 localhost\n",
        "hostname": f"{HOSTNAME}\n",
        "resolv.conf": "",
        "machine-id": "",
    }
)
"""What every backend puts over an image's /etc: a base made on some machine may hold that machine's
name, resolver and id, and an engine fills these only where there is networking."""

MASKED_PATHS: Mapping[str, str] = MappingProxyType(
    {
        "/proc/acpi": "the engine's default",
        "/proc/asound": "the engine's default: the machine's sound cards",
        "/proc/interrupts": "the engine's default since 28: other programs' keystrokes by timing",
        "/proc/kcore": "the engine's default: the machine's memory",
        "/proc/keys": "the engine's default: keys of all namespaces",
        "/proc/latency_stats": "the engine's default",
        "/proc/sched_debug": "the engine's default: every process of the machine by name",
        "/proc/scsi": "the engine's default: commands to disks",
        "/proc/timer_list": "the engine's default: kernel addresses and process names",
        "/proc/timer_stats": "the engine's default",
        "/sys/devices/virtual/powercap": "the engine's default: secrets by power consumption",
        "/sys/firmware": "the engine's default",
        "/proc/cmdline": "how the machine was booted, at some hosts with its name and keys",
        "/proc/config.gz": "how the kernel was built",
        "/proc/diskstats": "what the neighbours read and write",
        "/proc/kallsyms": "where the kernel's functions are",
        "/proc/key-users": "which users there are on the machine",
        "/proc/partitions": "which disks the machine has",
        "/proc/swaps": "where the machine swaps to",
        "/proc/vmallocinfo": "where the kernel keeps what",
        "/sys/class/dmi": "the machine's model and serial number",
        "/sys/devices/virtual/dmi": "the same",
        "/sys/fs/pstore": "the last words of a crashed kernel",
        "/sys/kernel/debug": "the kernel's insides",
        "/sys/kernel/security": "which security modules the machine has",
        "/sys/kernel/tracing": "the kernel's insides",
    }
)
"""What of /proc and /sys is covered: the engine's own list, and more that tells of the machine."""

READONLY_PATHS = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
"""The engine's own list: giving a list of masked paths replaces both."""

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

GPU_SHM_SHARE = 2
"""A GPU run gets half of its memory there: PyTorch's data loaders hand batches over in it. What is
in it counts as the run's memory, so a larger one gives nothing away."""

OPEN_FILES = 1024
"""File descriptors per process: pipes hold kernel memory, and 1024 is what programs expect."""

LOCKED_BYTES = 64 << 10
"""Memory a process may lock: what a small key needs, and no more than any engine may grant (a
rootless one cannot give more than its user has)."""

GVISOR_RUNTIME = "runsc"
GVISOR_THREADS = 128
"""What gVisor's own kernel, a process of many threads, may add to a run's processes: its threads
are in the same control group, and with too few of them it does not start, or hangs at its start."""

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
        Ulimit("memlock", LOCKED_BYTES, "locked pages cannot be reclaimed from a run near its end"),
        Ulimit("nice", 0, "no process may go before the neighbours'"),
        Ulimit("rtprio", 0, "a real-time process is not interrupted by anybody's"),
        Ulimit("nproc", limits.processes + 16, "holds where a pids cgroup does not (gVisor)"),
    )


def shm_bytes(limits: Limits) -> int:
    """Return the size of a run's shared memory."""
    share = limits.memory_bytes // GPU_SHM_SHARE if limits.gpus else 0
    return max(SHM_BYTES, share)


def masked_paths() -> list[str]:
    """Return what is covered on this machine: `MASKED_PATHS`, and each processor's heat.

    How often a processor was throttled tells of the neighbours' work, as `/proc/interrupts` does;
    engines since 28 cover both.
    """
    heat = (f"/sys/devices/system/cpu/cpu{n}/thermal_throttle" for n in range(os.cpu_count() or 1))
    return [*MASKED_PATHS, *heat]


def pids(limits: Limits, runtime: str | None) -> int:
    """Return how many processes and threads a run's control group may have, ours included."""
    own = GVISOR_THREADS if runtime is not None and runtime.startswith(GVISOR_RUNTIME) else 0
    return limits.processes + 1 + own  # the init is one of them


def threads(limits: Limits) -> int:
    """Return how many threads numeric libraries should start: the cores granted, rounded up."""
    return max(1, math.ceil(limits.cpus))


def draw_uid(*, mapped: bool) -> int:
    """Return a user id for one run; unique by chance (one in 5e8), or nearly so where mapped."""
    pool = MAPPED_UIDS if mapped else UIDS
    return pool[secrets.randbelow(len(pool))]
