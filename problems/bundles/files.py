"""The files of an unpacked bundle: every path it names stays inside, every zip is unpacked once."""

from pathlib import Path, PurePosixPath
from typing import Final
from uuid import UUID

from problems.tools import Unpack, UnpackError

__all__ = ["Files", "PathRefusedError", "plain_files"]

MOST_TEXT: Final = 1 << 20
_LITTER: Final = frozenset({"__MACOSX", ".DS_Store", "Thumbs.db", "__pycache__", ".git"})


class PathRefusedError(Exception):
    """A path of a bundle cannot be used; `code` and `params` are those of a note."""

    def __init__(self, *, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


class Files:
    """What lies below `root`; what is unpacked goes below `scratch`."""

    def __init__(self, root: Path, scratch: Path, unpack: Unpack) -> None:
        self.root = root.resolve()
        self._scratch = scratch
        self._unpack = unpack
        self._unpacked: dict[Path, Path] = {}

    def folder(self, text: str) -> Path:
        """Return the folder of a path, or of the zip there; raise `PathRefusedError`."""
        path = self._inside(text)
        if path.is_dir():
            return path
        if path.suffix.lower() != ".zip":
            raise PathRefusedError(code="path_kind", path=text)
        return self._open(path, text)

    def file(self, text: str) -> Path:
        """Return the file of a path; raise `PathRefusedError`."""
        path = self._inside(text)
        if not path.is_file():
            raise PathRefusedError(code="path_not_file", path=text)
        return path

    def name(self, path: Path) -> str:
        """Return how a path is shown: relative to the root, or as the zip it came from."""
        for archive, folder in self._unpacked.items():
            if path.is_relative_to(folder):
                inner = path.relative_to(folder).as_posix().removeprefix(".")
                return f"{archive.relative_to(self.root).as_posix()}{'/' if inner else ''}{inner}"
        return path.relative_to(self.root).as_posix()

    def text(self, path: Path) -> str:
        """Read a small text; raise `PathRefusedError` where it is large or not UTF-8."""
        if path.stat().st_size > MOST_TEXT:
            raise PathRefusedError(code="too_big", limit=MOST_TEXT)
        try:
            return path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            raise PathRefusedError(code="not_utf8") from None

    def _inside(self, text: str) -> Path:
        """Resolve a path; absolute ones, `..` and links lead nowhere."""
        if _is_dataset_key(text):
            raise PathRefusedError(code="dataset_key", value=text)
        pure = PurePosixPath(text.replace("\\", "/"))
        if pure.is_absolute() or ".." in pure.parts or "\0" in text or ":" in text[:2]:
            raise PathRefusedError(code="path_outside", path=text[:200])
        try:
            path = (self.root / pure).resolve()
            exists = path.exists()
        except OSError:  # a name longer than any file's
            raise PathRefusedError(code="path_missing", path=text[:200]) from None
        if not path.is_relative_to(self.root):
            raise PathRefusedError(code="path_outside", path=text[:200])
        if not exists:
            raise PathRefusedError(code="path_missing", path=text[:200])
        return path

    def _open(self, archive: Path, text: str) -> Path:
        known = self._unpacked.get(archive)
        if known is not None:
            return known
        folder = self._scratch / f"zip{len(self._unpacked)}"
        folder.mkdir(parents=True)
        try:
            self._unpack(archive, folder)
        except UnpackError as error:
            raise PathRefusedError(
                code="bad_zip", path=text, zh=error.chinese, en=error.english
            ) from error
        self._unpacked[archive] = folder
        return folder


def plain_files(folder: Path) -> list[tuple[str, Path]]:
    """List the files below a folder by relative path, without what systems leave behind."""
    found = (
        (path.relative_to(folder), path) for path in sorted(folder.rglob("*")) if path.is_file()
    )
    return [
        (name.as_posix(), path)
        for name, path in found
        if not _LITTER & set(name.parts) and not name.name.startswith("._")
    ]


def _is_dataset_key(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
