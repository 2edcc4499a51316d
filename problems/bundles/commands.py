"""The command lines of a bundle's programs, as their own platform understands them."""

import shlex
from pathlib import Path
from typing import Final

from problems.bundles.nodes import Book
from problems.bundles.notes import Level
from problems.document import parse_document

__all__ = ["read_command"]

_NAMES: Final = ("metadata.yaml", "metadata.yml", "metadata")
_SCORING: Final = {
    "$input": "/app/input",
    "$output": "/app/output",
    "$program": "/app/program",
    "$ingestion_program": "/app/program",
    "$hidden": "/app/input/ref",
    "$shared": "/app/shared",
    "$submission_program": "/app/ingested_program",
    "$tmp": "/app/output",
    "$predictions": "/app/input/res",
}
_INGESTION: Final = {**_SCORING, "$input": "/app/input_data", "$predictions": "/app/output"}
_SIGNS: Final = ("&&", "||", ";", "|", ">", "<", "`", "$(")


def read_command(book: Book, program: Path, *, is_scoring: bool) -> tuple[str, ...]:
    """Return a program's command with the old `$` names replaced; () with an error noted.

    The command is run without a shell, as there; the replacements are done in their order.
    """
    where = book.files.name(program)
    found = next((program / name for name in _NAMES if (program / name).is_file()), None)
    if found is None:
        book.about(Level.ERROR, where, "no_metadata", path=where)
        return ()
    command = _command_of(book, found)
    for name, folder in (_SCORING if is_scoring else _INGESTION).items():
        command = command.replace(name, folder)
    try:
        words = tuple(shlex.split(command))
    except ValueError:
        book.about(Level.ERROR, book.files.name(found), "bad_command", value=command[:200])
        return ()
    if not words:
        book.about(Level.ERROR, book.files.name(found), "no_command", path=where)
    for sign in _SIGNS:
        if sign in command:
            shown = command[:200]
            book.about(Level.READ, book.files.name(found), "command_shell", value=shown, sign=sign)
            break
    return words


def _command_of(book: Book, path: Path) -> str:
    text = book.text_of(path)
    document, issues = parse_document(text, book.files.name(path))
    if document is not None and not issues and isinstance(document.data, dict):
        return str(document.data.get("command") or "").strip()
    # many old ones hold a colon or a quote that YAML minds: the line is plain enough to read
    for line in text.splitlines():
        if line.startswith("command:"):
            return line.removeprefix("command:").strip().strip("'\"")
    return ""
