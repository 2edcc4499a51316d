"""Lean against each wall; print what gave way, by wall, or nothing where it held."""

import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

PLACES = ("/", "/usr", "/etc", "/opt", "/code", "/proc/sys/kernel")
SIZED = ("/tmp", "/dev/shm")  # noqa: S108  the places are the question
UNSIZED = 64 << 30
METADATA = ("169.254.169.254", 80)
VIRTUAL_MACHINE = 40


def gives_way(act: Callable[[], object]) -> bool:
    """Tell whether something went through that must not."""
    try:
        act()
    except OSError:
        return False
    return True


def network() -> str:
    """Look for a way out other than to oneself."""
    names = [name for _, name in socket.if_nameindex() if name != "lo"]
    if gives_way(lambda: socket.create_connection(METADATA, 0.5)):
        return "an address was reached"
    return f"there is {', '.join(names)}" if names else ""


def virtual_machine_socket() -> str:
    """Try the way to a virtual machine's host, which needs no network."""
    opens = gives_way(lambda: socket.socket(VIRTUAL_MACHINE, socket.SOCK_STREAM).close())
    return "AF_VSOCK opens" if opens else ""


def read_only() -> str:
    """Try to leave a file where nothing of ours may be changed."""
    written = [place for place in PLACES if gives_way(Path(place, "probe").touch)]
    return f"files could be made in {', '.join(written)}" if written else ""


def user() -> str:
    """See who we are and whether we may become root."""
    if os.getuid() == 0:
        return "it runs as root"
    return "it may become root" if gives_way(lambda: os.setuid(0)) else ""


def sizes() -> str:
    """See that what lies in memory has an end."""
    facts = {place: os.statvfs(place) for place in SIZED if Path(place).is_dir()}
    huge = [place for place, each in facts.items() if each.f_blocks * each.f_frsize > UNSIZED]
    return f"{', '.join(huge)} without a size" if huge else ""


sys.stdout.write(
    json.dumps(
        {
            "network": network(),
            "sockets": virtual_machine_socket(),
            "read-only files": read_only(),
            "user": user(),
            "sizes": sizes(),
        }
    )
    + "\n"
)
