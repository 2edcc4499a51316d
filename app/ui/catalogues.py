"""Translation catalogues on disk: one per feature, compiled when the source has changed.

A compiled catalogue carries the time of the source it was made from, so a source written while it
was being read is compiled again.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from app.core.traditional import REVIEWED, to_traditional

APP: Final = Path(__file__).resolve().parent.parent
FEATURES: Final = tuple(
    sorted(path.parent for path in APP.glob("*/__init__.py") if path.parent.name != "core")
)
"""Every package of the application that may have texts. The kernel's are in the catalogue of ui."""
LANGUAGES: Final = ("zh_Hans",)
"""What is translated to; the source texts are English."""
DERIVED: Final = {"zh_Hans": "zh_Hant"}
"""What is made of a translation when it is compiled, and kept nowhere else."""


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
    stale = [
        (source, compiled)
        for feature in features
        for source, compiled in _pairs(feature)
        if source.exists() and _is_stale(source, compiled)
    ]
    for source, compiled in stale:
        try:
            _compile(source, compiled)
        except OSError:
            if not compiled.exists():
                raise
    return len(stale)


def _pairs(feature: Path) -> Iterator[tuple[Path, Path]]:
    for language in LANGUAGES:
        source = catalogue_path(feature, language)
        for name in (language, DERIVED[language]):
            yield source, catalogue_path(feature, name).with_suffix(".mo")


def _is_stale(source: Path, compiled: Path) -> bool:
    return not compiled.exists() or compiled.stat().st_mtime_ns != _changed_at(source, compiled)


def _changed_at(source: Path, compiled: Path) -> int:
    """Return when what a compiled catalogue is made of was changed, in nanoseconds."""
    changed = source.stat().st_mtime_ns
    is_derived = source.parent != compiled.parent
    return max(changed, REVIEWED.stat().st_mtime_ns) if is_derived else changed


def _compile(source: Path, compiled: Path) -> None:
    """Write aside and rename: several processes may start at once."""
    changed_at = _changed_at(source, compiled)
    with source.open("rb") as text:
        catalogue = read_po(text, locale=source.parent.parent.name)
    if source.parent != compiled.parent:
        _turn_traditional(catalogue)
    compiled.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=compiled.parent, suffix=".tmp")
    with os.fdopen(descriptor, "wb") as target:
        write_mo(target, catalogue)
    Path(name).chmod(0o644)
    os.utime(name, ns=(changed_at, changed_at))
    Path(name).replace(compiled)


def _turn_traditional(catalogue: Catalog) -> None:
    for message in catalogue:
        if message.id:
            forms = message.string
            message.string = (
                to_traditional(forms)
                if isinstance(forms, str)
                else tuple(to_traditional(form) for form in forms or ())
            )
