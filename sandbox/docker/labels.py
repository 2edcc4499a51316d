"""The labels by which containers and volumes are found again: whose they are and until when."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.types import Run

PREFIX = "org.baijing.sandbox"
INSTALLATION = f"{PREFIX}.installation"
OWNER = f"{PREFIX}.owner"
RUN = f"{PREFIX}.run"
EXPIRES = f"{PREFIX}.expires"
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
        }
        return cls(run_id, values)

    def name(self, part: str) -> str:
        """Return the engine-wide name of one part of the run."""
        return f"baijing-{self.run_id}-{part}"


def has_expired(values: Mapping[str, str]) -> bool:
    """Tell whether labelled things have outlived any run they could belong to."""
    expires = values.get(EXPIRES, "")
    return expires.isdigit() and int(expires) < time.time()
