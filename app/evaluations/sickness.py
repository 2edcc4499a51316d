"""Whose fault a fault is: this host's, who then can run nothing, or this evaluation's alone."""

import errno
import logging
import tempfile
from pathlib import Path
from typing import Final

from app.core.platform import Platform
from sandbox import Sandbox, SandboxError, SandboxUnavailableError
from sandbox.choose import DEFAULT_IMAGE
from sandbox.probe import check_alive

logger = logging.getLogger("baijing.worker")
_DISK: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS})
_SPARE_BYTES: Final = 4 << 20
"""What must fit onto the worker's disk: less does not even hold a log."""


def find_cause(port: Platform, error: Exception) -> str | None:
    """Return why this host can run nothing, or None: the fault is this evaluation's own.

    An engine that says nothing and a full disk speak for themselves. Where the sandbox failed in
    some other way, a probe tells: a run that does nothing must end well.
    """
    if isinstance(error, SandboxUnavailableError):
        return str(error)
    if isinstance(error, OSError) and error.errno in _DISK:
        where = error.filename2 or error.filename or port.cache
        return f"the disk of this machine: {error.strerror} ({where})"
    if not isinstance(error, SandboxError):
        return None
    try:
        probe(port.sandbox(), port.cache)
    except (SandboxError, OSError) as found:
        return f"{error}; a probe: {found}"
    return None


def probe(sandbox: Sandbox, cache: Path) -> None:
    """Run the smallest program there is and write to the disk.

    Raises:
        SandboxError: the program did not run, or not as it should.
        OSError: the disk takes nothing.
    """
    with tempfile.TemporaryFile(dir=cache) as spare:
        spare.write(bytes(_SPARE_BYTES))
        spare.flush()
    check_alive(sandbox, DEFAULT_IMAGE)
