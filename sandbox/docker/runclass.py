"""What many runs have in common: all that must be known before a container can be made for one."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from sandbox import policy
from sandbox.environment import environment
from sandbox.recipes import IMAGE_PATH
from sandbox.types import Limits, Run

_EARLY: Final = (
    "BLIS_",
    "GOTO_",
    "JOBLIB_",
    "KMP_",
    "LANG",
    "LC_",
    "LD_",
    "LOKY_",
    "MALLOC_",
    "MKL_",
    "NPY_",
    "NUMEXPR_",
    "NUMPY_",
    "OMP_",
    "OPENBLAS_",
    "PANDAS_",
    "PATH",
    "PYTHON",
    "SCIPY_",
    "SKLEARN_",
    "TZ",
)
"""How variables begin that an interpreter or a library reads when it starts: part of the class."""


@dataclass(frozen=True, slots=True)
class RunClass:
    """Runs that the same waiting container could serve.

    `shared` maps targets to host folders (the input among them), `marks` tells those folders from
    later ones of the same name. `own` are the targets of what is each run's own, /code among them.
    `environment` is what the container is created with; the rest of a run's comes when it starts.
    `output_at` is where the output is found too, "" for nowhere else.
    """

    image: str
    image_id: str
    limits: Limits
    shared: Mapping[str, str]
    marks: tuple[str, ...]
    own: tuple[str, ...]
    environment: Mapping[str, str]
    output_at: str = ""

    @property
    def output_places(self) -> tuple[str, ...]:
        """Return where the output is seen, the usual place first."""
        return (policy.OUTPUT_DIR, *((self.output_at,) if self.output_at else ()))

    @classmethod
    def of(cls, run: Run, image_id: str) -> "RunClass":
        """Return the class of a run; raise OSError when a shared folder is not there."""
        shared = {target: str(path.resolve()) for target, path in run.shared.items()}
        if run.input is not None:
            shared[policy.INPUT_DIR] = str(run.input.resolve())
        early = {name: value for name, value in run.env.items() if name.startswith(_EARLY)}
        return cls(
            image=run.image,
            image_id=image_id,
            limits=run.limits,
            shared=shared,
            marks=tuple(_mark(Path(shared[target])) for target in sorted(shared)),
            own=(policy.CODE_DIR, *sorted(run.mounts)),
            environment=environment(replace(run, env=early), path=IMAGE_PATH),
            output_at=run.output_at or "",
        )

    @classmethod
    def from_json(cls, text: str) -> "RunClass":
        """Return what `to_json` wrote; raise ValueError, KeyError or TypeError for others."""
        facts = json.loads(text)
        return cls(
            image=facts["image"],
            image_id=facts["image_id"],
            limits=Limits(**facts["limits"]),
            shared=facts["shared"],
            marks=tuple(facts["marks"]),
            own=tuple(facts["own"]),
            environment=facts["environment"],
            output_at=facts["output_at"],
        )

    def to_json(self) -> str:
        """Return it as text: equal classes give equal texts."""
        facts = {
            "image": self.image,
            "image_id": self.image_id,
            "limits": asdict(self.limits),
            "shared": dict(self.shared),
            "marks": self.marks,
            "own": self.own,
            "environment": dict(self.environment),
            "output_at": self.output_at,
        }
        return json.dumps(facts, sort_keys=True)

    def key(self) -> str:
        """Return the name of the class: short, and different for any difference."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:24]


def own_folders(run: Run) -> Mapping[str, Path]:
    """Return the host folders of what is a run's own, by their targets."""
    return {policy.CODE_DIR: run.code, **run.mounts}


def _mark(folder: Path) -> str:
    status = folder.stat()
    return f"{status.st_dev}-{status.st_ino}-{status.st_mtime_ns}"
