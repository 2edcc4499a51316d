"""Loads a problem pack and refuses a malformed one: each fault with file, line and key."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pydantic import ValidationError

from problems.bundles.layout import needed_files
from problems.document import Document, Place, dotted, parse_document
from problems.issues import PackError, PackIssue
from problems.spec import ProblemSpec
from problems.statements import HEADINGS, check_statement
from problems.validation import issues_of
from scoring.metrics.rules import find_misfits, has_losses

__all__ = [
    "Pack",
    "PackError",
    "PackIssue",
    "check_description",
    "find_boards",
    "find_packs",
    "load_pack",
]

DESCRIPTION: Final = "problem.yaml"
BOARDS: Final = ("A", "B")
MAX_TEXT_BYTES: Final = 1 << 20
_IGNORED: Final = frozenset({"__pycache__", ".git", ".DS_Store", ".ruff_cache", ".mypy_cache"})


@dataclass(frozen=True, slots=True)
class Pack:
    """A valid pack. `boards` are those its data, its recorded scores or the contract name.

    `digest` is the SHA-256 of its files' names and contents; generated data do not count.
    """

    directory: Path
    spec: ProblemSpec
    statements: Mapping[str, str]
    boards: tuple[str, ...]
    digest: str

    @property
    def has_generator(self) -> bool:
        """Whether the data are made by `generate.py` rather than shipped."""
        return (self.directory / "generate.py").is_file()

    @property
    def has_baseline(self) -> bool:
        """Whether the pack brings a program of its own to compare with."""
        return (self.directory / "baseline").is_dir()


def load_pack(directory: Path) -> Pack:
    """Load and validate the pack in a folder; raise `PackError` with every issue found.

    What only running the pack can show is for `problems.check`.
    """
    if not directory.is_dir():
        raise PackError(PackIssue(directory.name, 0, "", "no_folder"))
    issues: list[PackIssue] = list(_link_issues(directory))
    spec = _load_spec(directory, issues)
    statements = _load_statements(directory, issues)
    if spec is not None:
        issues.extend(_file_issues(directory, spec))
    if issues or spec is None:
        raise PackError(*sorted(issues, key=lambda issue: (issue.file, issue.line)))
    boards = find_boards(directory / "data") or _recorded_boards(spec)
    return Pack(directory, spec, MappingProxyType(statements), boards, _digest(directory))


def find_packs(root: Path) -> list[Path]:
    """List the folders below `root` that hold a pack, by name."""
    return sorted(path.parent for path in root.glob(f"*/{DESCRIPTION}"))


def find_boards(data: Path) -> tuple[str, ...]:
    """List the boards whose truth lies in a data folder."""
    return tuple(board for board in BOARDS if (data / board / "truth").is_dir())


def _recorded_boards(spec: ProblemSpec) -> tuple[str, ...]:
    scores = spec.baseline.scores if spec.baseline else {}
    return tuple(sorted(board.value for board in scores)) or BOARDS


def _load_spec(directory: Path, issues: list[PackIssue]) -> ProblemSpec | None:
    text = _read(directory / DESCRIPTION, issues)
    return None if text is None else check_description(text, issues)


def check_description(text: str, issues: list[PackIssue]) -> ProblemSpec | None:
    """Return what `problem.yaml` says, or None; what is wrong with it is added to `issues`."""
    document, found = parse_document(text, DESCRIPTION)
    issues.extend(found)
    if document is None or found:
        return None
    try:
        # JSON, because its strict mode takes a list for a tuple and nothing else for anything
        spec = ProblemSpec.model_validate_json(json.dumps(document.data), strict=True)
    except ValidationError as error:
        issues.extend(issues_of(error, document))
        return None
    issues.extend(_scoring_issues(spec, document))
    return spec


def _scoring_issues(spec: ProblemSpec, document: Document) -> Iterator[PackIssue]:
    table = spec.submission.table
    for index, column in enumerate(spec.scoring.columns):
        base: Place = ("scoring", "columns", index)
        if column.metric is None:
            continue
        if table is None:
            yield _issue(document, (*base, "metric"), "table_missing")
            continue
        for misfit in find_misfits(column, table):
            yield _issue(document, (*base, *misfit.place), misfit.code, misfit.params)
    primary = spec.scoring.primary
    if spec.scoring.stratum is not None and not has_losses(primary):
        params = {"name": primary.key}
        yield _issue(document, ("scoring", "stratum"), "stratum_needs_losses", params)


def _issue(
    document: Document, place: Place, code: str, params: Mapping[str, str | int] | None = None
) -> PackIssue:
    line, column = document.line_of(place), document.column_of(place)
    return PackIssue(document.file, line, dotted(place), code, params or {}, column)


def _load_statements(directory: Path, issues: list[PackIssue]) -> dict[str, str]:
    statements: dict[str, str] = {}
    for locale in HEADINGS:
        name = f"statement.{locale}.md"
        text = _read(directory / name, issues)
        if text is not None:
            statements[locale] = text
            issues.extend(check_statement(text, locale, name))
    return statements


def _file_issues(directory: Path, spec: ProblemSpec) -> Iterator[PackIssue]:
    if not (directory / "generate.py").is_file() and not (directory / "data").is_dir():
        yield PackIssue("generate.py", 0, "", "no_data")
    scorer = spec.scoring.scorer
    if scorer is not None and not (directory / scorer).is_file():
        yield PackIssue(scorer, 0, "", "missing_file")
    baseline = directory / "baseline"
    if spec.baseline is not None and not baseline.is_dir():
        yield PackIssue("baseline", 0, "", "missing_file")
    elif baseline.is_dir() and spec.bundle is None and not _has_entrypoint(baseline):
        yield PackIssue("baseline", 0, "", "no_entrypoint")
    for name in () if spec.bundle is None else needed_files(spec.bundle.format, spec.takes_code):
        if not (directory / name).exists():
            yield PackIssue(name, 0, "", "missing_file")


def _has_entrypoint(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("main.py", "run.sh"))


def _link_issues(directory: Path) -> Iterator[PackIssue]:
    for path in sorted(directory.rglob("*")):
        if path.is_symlink():
            yield PackIssue(path.relative_to(directory).as_posix(), 0, "", "link")


def _read(path: Path, issues: list[PackIssue]) -> str | None:
    if not path.is_file() or path.is_symlink():
        issues.append(PackIssue(path.name, 0, "", "missing_file"))
        return None
    if path.stat().st_size > MAX_TEXT_BYTES:
        issues.append(PackIssue(path.name, 0, "", "file_too_big", {"limit": MAX_TEXT_BYTES}))
        return None
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = bytes(error.object)[: error.start].count(b"\n") + 1
        issues.append(PackIssue(path.name, line, "", "not_utf8"))
        return None


def _digest(directory: Path) -> str:
    """Hash names and contents, file by file; data that `generate.py` makes are left out."""
    has_generator = (directory / "generate.py").is_file()
    total = hashlib.sha256()
    for path in sorted(directory.rglob("*"), key=lambda path: path.relative_to(directory).parts):
        parts = path.relative_to(directory).parts
        if not path.is_file() or _IGNORED & set(parts) or path.suffix == ".pyc":
            continue
        if has_generator and parts[0] == "data":
            continue
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{'/'.join(parts)}\0{content}\n".encode())
    return total.hexdigest()
