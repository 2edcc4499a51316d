"""What a team needs to try a submission on its own machine, all of it public."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import Field

from app.core.api import Output
from app.problems.models import Revision
from app.problems.storage import StoredFile
from problems.spec import ProblemSpec
from sandbox import SandboxError
from sandbox.recipes import find_recipe
from trial.public_data import INPUT, SCORER, TRUTH, below, sample_of


class TrialImageOutput(Output):
    """The image that code runs in."""

    name: str
    recipe: str | None = Field(
        description="SHA-256 of everything it is built from; null for a problem's own image."
    )


class TrialInputOutput(Output):
    """The input of a try: one of the two is empty."""

    files: dict[str, str] = Field(description="Paths of data files, by their path in the input.")
    archive: str | None = Field(description="The data file that is a zip of the input.")


class TrialKitOutput(Output):
    """What `baijing run` works with. Paths are those of the problem's data files."""

    revision: int
    specification: dict[str, Any] = Field(description="The problem's `problem.yaml`, as public.")
    image: TrialImageOutput
    input: TrialInputOutput
    truth: dict[str, str] = Field(
        description="The input's truth, by its path in the truth's folder; empty: not public."
    )
    scorer: str | None = Field(description="The pack's own scorer, where it is public.")
    sample: str | None = Field(description="An answer that has every key of a real one.")
    sample_has_keys: bool = Field(
        description="Whether a right answer to the input has the keys of the sample."
    )


def describe_kit(revision: Revision, files: Sequence[StoredFile]) -> TrialKitOutput:
    """Return what may be known of a revision for trying at home; `files` may be downloaded."""
    spec = ProblemSpec.model_validate(revision.spec)
    paths = [file.path for file in files]
    made_for_it = below(INPUT, paths)
    archive = "input-A.zip" if not spec.is_split_by_rows and "input-A.zip" in paths else None
    public = {path: path for path in paths if not path.startswith("input-")}
    sample = sample_of(spec.submission.file)
    return TrialKitOutput(
        revision=revision.number,
        specification=_public_part(revision.spec),
        image=_image(spec.resources.image),
        input=TrialInputOutput(
            files=dict(made_for_it or ({} if archive else public)),
            archive=None if made_for_it else archive,
        ),
        truth=dict(below(TRUTH, paths)),
        scorer=SCORER if SCORER in paths else None,
        sample=sample if sample in paths else None,
        sample_has_keys=not made_for_it and archive is not None,
    )


def _public_part(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is the organisers' own: recorded scores with their seed, the pool."""
    resources = {key: value for key, value in spec.get("resources", {}).items() if key != "pool"}
    bundle = spec.get("bundle")
    public = {key: value for key, value in spec.items() if key not in {"baseline", "bundle"}}
    public["resources"] = resources
    if bundle is not None:
        public["bundle"] = {"format": bundle["format"]}
    return public


@cache
def _image(name: str) -> TrialImageOutput:
    try:
        return TrialImageOutput(name=name, recipe=find_recipe(name).digest())
    except SandboxError:
        return TrialImageOutput(name=name, recipe=None)
