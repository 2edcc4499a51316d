"""Translation catalogues on disk: one per feature, compiled when the source has changed.

A compiled catalogue carries the time of the source it was made from, so a source written while it
was being read is compiled again.
"""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

APP: Final = Path(__file__).resolve().parent.parent
FEATURES: Final = tuple(
    sorted(path.parent for path in APP.glob("*/__init__.py") if path.parent.name != "core")
)
"""Every package of the application that may have texts. The kernel's are in the catalogue of ui."""
LANGUAGES: Final = ("zh_Hans",)
"""What is translated to; the source texts are English."""


def catalogue_path(feature: Path, language: str) -> Path:
    """Return where a feature keeps its texts in a language."""
    return feature / "translations" / language / "LC_MESSAGES" / "messages.po"


def translation_folders(features: Iterable[Path]) -> list[Path]:
    """Return the folders that have a catalogue."""
    return [feature / "translations" for feature in features if (feature / "translations").is_dir()]


def compile_stale(features: Iterable[Path]) -> int:
    """Compile each catalogue whose source is not the one compiled; return how many.

    Where the folder cannot be written, what was compiled when the image was built stays.

    Raises:
        OSError: it cannot be written and nothing was compiled before.
    """
    sources = [catalogue_path(feature, name) for feature in features for name in LANGUAGES]
    stale = [source for source in sources if source.exists() and _is_stale(source)]
    for source in stale:
        try:
            _compile(source)
        except OSError:
            if not source.with_suffix(".mo").exists():
                raise
    return len(stale)


def _is_stale(source: Path) -> bool:
    compiled = source.with_suffix(".mo")
    return not compiled.exists() or compiled.stat().st_mtime_ns != source.stat().st_mtime_ns


def _compile(source: Path) -> None:
    """Write aside and rename: several processes may start at once."""
    read_at = source.stat().st_mtime_ns
    with source.open("rb") as text:
        catalogue = read_po(text, locale=source.parent.parent.name)
    descriptor, name = tempfile.mkstemp(dir=source.parent, suffix=".tmp")
    with os.fdopen(descriptor, "wb") as target:
        write_mo(target, catalogue)
    Path(name).chmod(0o644)
    os.utime(name, ns=(read_at, read_at))
    Path(name).replace(source.with_suffix(".mo"))
