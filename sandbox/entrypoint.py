"""What a code submission is started with: `main.py`, else `run.sh`, at its root."""

from pathlib import Path

from sandbox.archive import ArchiveCode, ArchiveError

PYTHON_ENTRY = "main.py"
SHELL_ENTRY = "run.sh"


def find_command(code: Path) -> tuple[str, ...]:
    """Return the argv that starts the submission in `code`; raise ArchiveError without one."""
    if _is_plain(code / PYTHON_ENTRY):
        return ("python", PYTHON_ENTRY)
    if _is_plain(code / SHELL_ENTRY):
        return ("bash", SHELL_ENTRY)
    raise ArchiveError(
        ArchiveCode.NO_ENTRYPOINT, "", {"expected": f"{PYTHON_ENTRY}, {SHELL_ENTRY}"}
    )


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
