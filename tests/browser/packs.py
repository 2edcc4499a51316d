"""The tiny pack under another name, zipped as an organiser would."""

import zipfile
from pathlib import Path

from tests.recovery.installation import TINY


def zip_pack(slug: str, folder: Path) -> Path:
    packed = folder / f"{slug}.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(TINY.rglob("*")):
            if not path.is_file() or "__pycache__" in path.parts:
                continue
            content = path.read_bytes()
            if path.name == "problem.yaml":
                content = content.replace(b"slug: tiny", f"slug: {slug}".encode())
            archive.writestr(path.relative_to(TINY).as_posix(), content)
    return packed
