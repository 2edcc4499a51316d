"""What is asked of a trial, as the command line reads it."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from problems.spec import Kind, ProblemSpec

Backend = Literal["auto", "docker", "bubblewrap"]


class TrialRequest(BaseModel):
    """A submission and the public data that it is tried on; the folders are not written to.

    `input` and `truth` are folders, `scorer` and `sample` files. `keys_of_sample` says that a right
    answer to `input` has the sample's keys.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    spec: ProblemSpec
    kind: Kind
    submission: Path
    input: Path | None = None
    truth: Path | None = None
    scorer: Path | None = None
    sample: Path | None = None
    keys_of_sample: bool = False
    backend: Backend = "auto"
    state: Path
    locale: Literal["zh-Hans", "en"] = "en"
