"""The labels by which containers and volumes are found again: whose they are and until when."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sandbox.processes import identity, is_running
from sandbox.types import Run

PREFIX = "org.baijing.sandbox"
INSTALLATION = f"{PREFIX}.installation"
OWNER = f"{PREFIX}.owner"
RUN = f"{PREFIX}.run"
EXPIRES = f"{PREFIX}.expires"
PROCESS = f"{PREFIX}.process"
"""Who removes what is no claim's: it goes when this process has gone, where that can be seen."""

CACHE = f"{PREFIX}.cache"
BYTES = f"{PREFIX}.bytes"

_GRACE_S = 900
"""How long beyond its own time limit anything of a run may exist: sending inputs, collecting."""


@dataclass(frozen=True, slots=True)
class RunLabels:
    """What everything that belongs to one run carries."""

    run_id: str
    values: Mapping[str, str]

    @classmethod
    def of(cls, run: Run, installation: str) -> "RunLabels":
        """Return fresh labels for `run`."""
        run_id = uuid.uuid4().hex[:16]
        values = {
            INSTALLATION: installation,
            OWNER: run.owner,
            RUN: run_id,
            EXPIRES: str(int(time.time() + run.limits.wall_s + _GRACE_S)),
            PROCESS: this_process(),
        }
        return cls(run_id, values)

    @classmethod
    def for_slot(cls, slot_id: str, installation: str, seconds: float) -> "RunLabels":
        """Return the labels of a container that waits: nobody's yet, and gone after `seconds`."""
        expires = int(time.time() + seconds + _GRACE_S)
        values = {INSTALLATION: installation, OWNER: "", RUN: slot_id, EXPIRES: str(expires)}
        return cls(slot_id, values)

    @classmethod
    def passing(cls, installation: str) -> "RunLabels":
        """Return fresh labels for something of ours that is there for a moment."""
        made = cls.for_slot(uuid.uuid4().hex[:16], installation, 0)
        return cls(made.run_id, {**made.values, PROCESS: this_process()})


def this_process() -> str:
    """Return the name of this process among those of its machine and its process namespace."""
    return f"{neighbourhood()}.{identity()}"


def is_deserted(values: Mapping[str, str]) -> bool:
    """Tell whether nobody will remove what carries these labels and is no claim's.

    Its process is gone; or, where that was of another machine or container, it has outlived any
    run it could belong to.
    """
    place, _, process = values.get(PROCESS, "").rpartition(".")
    if process and place == neighbourhood():
        return not is_running(process)
    return has_expired(values)


def has_expired(values: Mapping[str, str]) -> bool:
    """Tell whether labelled things have outlived any run they could belong to."""
    expires = values.get(EXPIRES, "")
    return expires.isdigit() and int(expires) < time.time()


@cache
def neighbourhood() -> str:
    """Return what tells apart process ids that mean different processes: boot and namespace."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{boot}.{Path('/proc/self/ns/pid').stat().st_ino}"
