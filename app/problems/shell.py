"""What teams paste into a shell: plain text, quoted for the shell; the pages escape it."""

from collections.abc import Sequence
from shlex import quote

from flask import url_for

from app.problems.storage import StoredFile

_EXPORT = "export BAIJING_TOKEN=…"
_BEARER = '-H "Authorization: Bearer $BAIJING_TOKEN"'


def fetch_command(slug: str, file: StoredFile) -> str:
    """Return the command that brings a file, or the rest of it, unless it is there and right.

    Asked for what comes after the last byte, servers answer 416, which curl calls a failure.
    """
    url = url_for("problems_api.download", slug=slug, path=file.path, _external=True)
    return (
        f"echo {quote(f'{file.digest}  {file.path}')} | sha256sum -c --status 2>/dev/null ||\n"
        f"  curl -f -C - --create-dirs -o {quote(file.path)} \\\n  {_BEARER} \\\n  {quote(url)}\n"
    )


def fetch_commands(slug: str, files: Sequence[StoredFile]) -> str:
    """Return the commands that bring all files."""
    return "\n".join([_EXPORT, *(fetch_command(slug, file) for file in files)])


def check_command(files: Sequence[StoredFile]) -> str:
    """Return the command that checks all files that were brought."""
    lines = (f"{file.digest}  {file.path}" for file in files)
    return "\n".join(["sha256sum -c <<'END'", *lines, "END\n"])


def submit_command(slug: str, kind: str, file: str) -> str:
    """Return the command that hands in a file."""
    url = url_for("submissions_api.create", slug=slug, _external=True)
    return (
        f"{_EXPORT}\ncurl -f --progress-bar \\\n  {_BEARER} \\\n"
        f"  -F kind={kind} -F file=@{quote(file)} \\\n  {quote(url)}\n"
    )
