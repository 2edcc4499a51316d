"""What participants may know of the images: their packages, without asking an engine."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.core.i18n import N_
from app.problems.models import Problem, Revision
from problems.spec import ProblemSpec
from sandbox import manifest
from sandbox.manifest import Manifest

WANTED: Final[Mapping[str, tuple[str, ...]]] = {
    N_("Tables, arrays and files"): (
        *("numpy", "pandas", "polars", "pyarrow", "openpyxl", "pyyaml", "joblib", "tqdm"),
        *("psutil", "pydantic", "threadpoolctl"),
    ),
    N_("Models and statistics"): (
        *("scipy", "scikit-learn", "lightgbm", "xgboost-cpu", "xgboost", "statsmodels"),
        *("onnxruntime", "onnxruntime-gpu", "torch", "torchvision"),
    ),
    N_("Images and signals"): (
        *("pillow", "opencv-python-headless", "scikit-image", "pywavelets"),
    ),
    N_("Planning, networks and simulation"): ("ortools", "networkx", "shapely", "simpy", "numba"),
    N_("Charts"): ("matplotlib", "zhplot"),
}
"""Packages that programs ask for by name, by what for; the rest is what these bring along."""


class ImageNotFoundError(NotFoundError):
    """No such image, or one of a problem's own, whose packages are not listed."""

    code = "image_not_found"
    message = N_("There is no such image.")


@cache
def find_manifest(name: str) -> Manifest | None:
    """Return what the image `name` has, or None where that is not known; read once."""
    return manifest.find_manifest(name)


def get_manifest(name: str) -> Manifest:
    """Return what an image has.

    Raises:
        ImageNotFoundError: no such image.
    """
    found = find_manifest(name)
    if found is None:
        raise ImageNotFoundError
    return found


def map_users(session: Session) -> Mapping[str, Sequence[str]]:
    """Return the slugs of the problems whose present revision runs in each image, by its name."""
    rows = session.execute(
        select(Problem.slug, Revision.spec)
        .join(Revision, Revision.problem_id == Problem.id)
        .where(Revision.number == Problem.revision_number)
        .order_by(Problem.slug)
    )
    users: dict[str, list[str]] = {}
    for slug, spec in rows:
        users.setdefault(ProblemSpec.model_validate(spec).resources.image, []).append(slug)
    return users
