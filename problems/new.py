"""Start a new pack: a small problem that passes the check from the first minute."""

import re
import shutil
from pathlib import Path
from typing import Final

from problems.examples import example_files

__all__ = ["PackExistsError", "create_pack"]

SCAFFOLD: Final = Path(__file__).parent / "scaffold"
TEMPLATE: Final = "problem.yaml.template"
_SLUG: Final = re.compile(r"[a-z0-9-]{3,64}")


class PackExistsError(Exception):
    """There is something at the new pack's place already."""


def create_pack(slug: str, parent: Path, metric: str | None = None) -> Path:
    """Write a pack to the folder `parent / slug` and return it.

    Without a metric it is a small problem with a generator and a baseline; with one, the metric's
    columns and parameters with data to replace. Raises `ValueError` for a slug or a metric that is
    none, `PackExistsError` where the folder exists.
    """
    if _SLUG.fullmatch(slug) is None:
        message = f"{slug!r} is not a slug: 3 to 64 of a-z, 0-9 and -"
        raise ValueError(message)
    directory = parent / slug
    if directory.exists():
        raise PackExistsError(directory)
    if metric is not None:
        for name, text in example_files(metric, slug).items():
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return directory
    for source in sorted(SCAFFOLD.rglob("*")):
        if not source.is_file() or "__pycache__" in source.parts:
            continue
        target = directory / source.relative_to(SCAFFOLD)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.name == TEMPLATE:
            text = source.read_text(encoding="utf-8").replace("{{slug}}", slug)
            target.with_name("problem.yaml").write_text(text, encoding="utf-8")
        else:
            shutil.copyfile(source, target)
    return directory
