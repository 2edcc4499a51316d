"""Mounting and unmounting by the system call itself: a process for each would cost more."""

import ctypes
import errno
import os
from pathlib import Path

_NOSUID, _NODEV, _NOEXEC = 2, 4, 8
_DETACH = 2
_NOT_MOUNTED = {errno.EINVAL, errno.ENOENT}


def mount_tmpfs(target: Path, options: str, *, executable: bool = False) -> None:
    """Mount a tmpfs that holds no devices and (unless told) runs no programs; raise OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    flags = ctypes.c_ulong(_NOSUID | _NODEV | (0 if executable else _NOEXEC))
    place = os.fsencode(target)
    if libc.mount(b"tmpfs", place, b"tmpfs", flags, options.encode("ascii")):
        _raise(target)


def unmount(target: Path) -> None:
    """Unmount what is mounted there, even while it is in use; nothing there is what was wanted."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.umount2(os.fsencode(target), _DETACH) and ctypes.get_errno() not in _NOT_MOUNTED:
        _raise(target)


def _raise(target: Path) -> None:
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number), str(target))
