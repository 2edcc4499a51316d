"""What a run can see of the machine and of its own limits, as one JSON line after a mark.

Runs inside the sandbox, where it is `main.py`. SECRET_REVERSED is what must not be found anywhere,
written backwards so that it is not found here.
"""

import json
import os
import resource
import socket
from pathlib import Path

MARK = "survey: "
SEARCHED = ("/etc", "/code", "/input", "/run", "/tmp", "/home")
LARGEST = 1 << 20
STATUS = ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp")
NUMBERS = {
    "core": resource.RLIMIT_CORE,
    "fsize": resource.RLIMIT_FSIZE,
    "nofile": resource.RLIMIT_NOFILE,
    "nproc": resource.RLIMIT_NPROC,
    "memlock": resource.RLIMIT_MEMLOCK,
    "msgqueue": resource.RLIMIT_MSGQUEUE,
    "nice": resource.RLIMIT_NICE,
    "rtprio": resource.RLIMIT_RTPRIO,
    "sigpending": resource.RLIMIT_SIGPENDING,
}


def content(path: str) -> str:
    """What can be read there: at most the beginning, or names; nothing where nothing can."""
    try:
        if Path(path).is_dir():
            return " ".join(each.name for each in Path(path).iterdir())
        with Path(path).open("rb") as file:
            return file.read(LARGEST).decode(errors="replace")
    except OSError:
        return ""


def where_found(secret: str) -> list[str]:
    found = [name for name, value in os.environ.items() if secret in value]
    for process in Path("/proc").glob("[0-9]*"):
        places = [f"{process}/{name}" for name in ("environ", "cmdline", "comm", "mountinfo")]
        found += [place for place in places if secret in content(place)]
    for folder in SEARCHED:
        for root, _, names in os.walk(folder):
            found += [f"{root}/{name}" for name in names if secret in content(f"{root}/{name}")]
    return found


def mounts() -> list[list[str]]:
    return [line.split() for line in content("/proc/mounts").splitlines()]


def writable() -> list[str]:
    """What is mounted for writing, where this user may write."""
    points = [fields[1] for fields in mounts() if "rw" in fields[3].split(",")]
    return sorted({point for point in points if os.access(point, os.W_OK)})


def owner(target: str) -> str:
    """The user a mount was made for, by the machine's numbers, where it says so."""
    options = [fields[3].split(",") for fields in mounts() if fields[1] == target]
    found = [each.removeprefix("uid=") for each in options[-1] if each.startswith("uid=")]
    return found[0] if found else ""


def status(name: str) -> str:
    lines = content("/proc/self/status").splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith(name)), "")


def size(path: str) -> list[int]:
    facts = os.statvfs(path)
    return [facts.f_blocks * facts.f_frsize, facts.f_files]


secret = os.environ.pop("SECRET_REVERSED")[::-1]
print(
    MARK
    + json.dumps(
        {
            "secret": where_found(secret),
            "masked": {path: content(path)[:200] for path in json.loads(os.environ["MASKED"])},
            "limits": {name: resource.getrlimit(number) for name, number in NUMBERS.items()},
            "sizes": {path: size(path) for path in ("/tmp", "/output", "/dev/shm")},
            "writable": writable(),
            "targets": [fields[1] for fields in mounts()],
            "devices": sorted(content("/dev").split()),
            "interfaces": [name for _, name in socket.if_nameindex()],
            "etc": {name: content(f"/etc/{name}") for name in json.loads(os.environ["ETC"])},
            "names": [socket.gethostname(), os.uname().nodename],
            "user": [os.getuid(), os.geteuid(), os.getgid(), *os.getgroups()],
            "outer_user": owner("/tmp"),
            "status": {
                name: status(name) for name in ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp")
            },
            "cgroup": content("/proc/self/cgroup"),
        }
    )
)
