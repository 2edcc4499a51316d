"""Open an unpacked bundle: find its description, choose the format, read it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from problems.bundles.codabench import read_codabench
from problems.bundles.codalab import read_codalab
from problems.bundles.evalai import read_evalai
from problems.bundles.files import Files, PathRefusedError
from problems.bundles.model import Competition
from problems.bundles.nodes import Book
from problems.bundles.notes import BundleError, Level, Note
from problems.document import parse_document
from problems.tools import Unpack

__all__ = ["OpenedBundle", "open_bundle"]

CODABENCH: Final = ("competition.yaml", "competition.yml")
EVALAI: Final = ("challenge_config.yaml", "challenge_config.yml")


@dataclass(frozen=True, slots=True)
class OpenedBundle:
    """What a bundle says, and everything there is to say about it."""

    competition: Competition
    notes: tuple[Note, ...]


def open_bundle(
    folder: Path, scratch: Path, unpack: Unpack, *, top: str | None = None
) -> OpenedBundle:
    """Read the bundle in a folder; zips inside it are unpacked below `scratch`.

    `top` is the folder that held everything in the archive, where it was stripped. Raises
    `BundleError` with every note where there is an error among them.
    """
    description = _find(folder)
    files = Files(folder, scratch, unpack)
    book = _open(description, files)
    if top is not None:
        book.about(Level.READ, description.name, "top_folder", name=top)
    competition = _read(book, description.name)
    if not competition.entries and not book.has_errors:
        book.about(Level.ERROR, description.name, "nothing_left")
    notes = tuple(book.notes)
    if book.has_errors:
        raise BundleError(*notes)
    return OpenedBundle(competition, notes)


def _find(folder: Path) -> Path:
    names = [name for name in (*CODABENCH, *EVALAI) if (folder / name).is_file()]
    if not names:
        # some of EvalAI's own examples call it otherwise, and say so nowhere
        raise BundleError(Note(Level.ERROR, "/", "no_description"))
    if len(names) > 1:
        raise BundleError(Note(Level.ERROR, "/", "two_descriptions", params=_names(names)))
    return folder / names[0]


def _names(names: list[str]) -> dict[str, str | int]:
    return {"names": ", ".join(names)}


def _open(description: Path, files: Files) -> Book:
    try:
        text = files.text(description)
    except PathRefusedError as error:
        raise BundleError(
            Note(Level.ERROR, description.name, error.code, params=error.params)
        ) from error
    document, issues = parse_document(text, description.name)
    if document is None or issues:
        raise BundleError(
            *(
                Note(
                    Level.ERROR,
                    issue.file,
                    "details",
                    issue.line,
                    1 if document is None else document.column_of(()),
                    issue.key,
                    {"zh": issue.words("zh"), "en": issue.words("en")},
                )
                for issue in issues
            )
        )
    return Book(document, files)


def _read(book: Book, name: str) -> Competition:
    if name in EVALAI:
        return read_evalai(book)
    root = book.root()
    version = root.text("version", "1")
    if version in {"2", "2.0"}:
        return read_codabench(book)
    if version in {"1", "1.0", "1.5", "1.8"}:
        if root.has("tasks"):
            book.note(Level.READ, (), "version_guessed")
            return read_codabench(book)
        return read_codalab(book)
    root.error("version", "version_unknown", value=version[:40])
    raise BundleError(*book.notes)
