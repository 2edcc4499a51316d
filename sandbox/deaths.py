"""A process's death and exit status from the kernel itself, for processes that are nobody's child.

An engine reports the end of a container some thirty milliseconds after it. Where the container's
first process can be seen from here, the kernel tells at once; with it the whole process namespace
is gone. The status is told since Linux 6.15 (PIDFD_GET_INFO); before that, the engine is asked.
"""

import fcntl
import os
import select
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sandbox.processes import identity

_GET_INFO = 0xC040FF0B  # _IOWR(PIDFS_IOCTL_MAGIC, 11, struct pidfd_info of 64 bytes)
_LONGEST_S = 2_000_000  # what a C int holds in milliseconds
_SIZE, _EXIT, _CODE_AT = 64, 1 << 3, 60


class Death:
    """The death of one process, awaited."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def wait(self, seconds: float) -> int | None:
        """Return the exit status (128 and a signal's number for a signal) once it is dead.

        None when it lives on after so long, or the kernel does not tell.
        """
        poll = select.poll()
        poll.register(self._descriptor, select.POLLHUP)
        most = int(min(seconds, _LONGEST_S) * 1000)
        if not any(event & select.POLLHUP for _, event in poll.poll(most)):
            return None
        facts = bytearray(_SIZE)
        struct.pack_into("Q", facts, 0, _EXIT)
        try:
            fcntl.ioctl(self._descriptor, _GET_INFO, facts)
        except OSError:
            return None
        if not struct.unpack_from("Q", facts, 0)[0] & _EXIT:
            return None
        code = int(struct.unpack_from("i", facts, _CODE_AT)[0])
        return 128 + (code & 0x7F) if code & 0x7F else code >> 8


@contextmanager
def awaiting(process: str) -> Iterator[Death | None]:
    """Watch the process of this `identity`; None where it cannot be watched."""
    pid = process.partition("-")[0]
    descriptor = -1
    with suppress(OSError, AttributeError):
        if pid.isdecimal():
            descriptor = os.pidfd_open(int(pid))
    try:
        # the name is looked at after the descriptor is open: then it cannot become another's
        yield Death(descriptor) if descriptor >= 0 and identity(int(pid)) == process else None
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def find_init(pid: int, container: str) -> str:
    """Return the identity of a container's first process where it is visible from here, else ""."""
    with suppress(OSError):
        if container in Path(f"/proc/{pid}/cgroup").read_text(encoding="ascii"):
            return identity(pid)
    return ""
