"""Look an image over by running it the way a submission runs: its recipe is not believed."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.recipes import IMAGES, Recipe
from sandbox.types import Limits, Run, Sandbox, SandboxError

_LIMITS = Limits(wall_s=600, memory_bytes=4 << 30, cpus=2)
_REPORT = "report.json"


@dataclass(frozen=True, slots=True)
class ImageReport:
    """What a look at an image found. `imports_ms` are start-up costs in milliseconds by module.

    `content` is the hash of all that lies in the image's own folders, times included: equal for
    two builds of one recipe on one base.
    """

    image: str
    digest: str
    python: str
    faults: tuple[str, ...]
    imports_ms: Mapping[str, int]
    content: str


def check_image(sandbox: Sandbox, recipe: Recipe) -> ImageReport:
    """Run an image's check in `sandbox`; raise SandboxError when it cannot be run to its end."""
    with tempfile.TemporaryDirectory(prefix="baijing-image-") as name:
        code, output = Path(name) / "code", Path(name) / "output"
        code.mkdir()
        output.mkdir()
        shutil.copy(IMAGES / "check.py", code / "main.py")
        shutil.copy(recipe.packages, code / "packages.json")
        run = Run(recipe.name, ("python", "main.py"), code, output, _LIMITS, collect=(_REPORT,))
        result = sandbox.execute(run)
        if result.verdict is not None:
            message = f"the check of {recipe.name} failed: {result.verdict}: {result.log[-500:]}"
            raise SandboxError(message)
        found = json.loads((output / _REPORT).read_text(encoding="utf-8"))
    return ImageReport(
        image=recipe.name,
        digest=result.image_digest,
        python=str(found["python"]),
        faults=tuple(map(str, found["faults"])),
        imports_ms={str(module): int(cost) for module, cost in found["imports_ms"].items()},
        content=str(found["content"]),
    )
