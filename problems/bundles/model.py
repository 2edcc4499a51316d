"""What every format is read into: a competition, and one entry for each problem it becomes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from problems.spec import BundleFormat

__all__ = [
    "Board",
    "Competition",
    "Counts",
    "Entry",
    "FileFormat",
    "Page",
    "PublicFolder",
    "ScoreColumn",
]


class FileFormat(StrEnum):
    """The formats that are read."""

    CODABENCH = "Codabench v2"
    CODALAB = "CodaLab v1.5"
    EVALAI = "EvalAI"


class Counts(StrEnum):
    """Which of a team's submissions counts; the words of the setting of that name."""

    BEST = "best"
    LAST = "last"
    CHOSEN = "chosen"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a competition in Markdown, its headings below ours."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class ScoreColumn:
    """A column of a board. `name` is what the program calls it, `key` what we do.

    `operation` and `operands` (our keys) make it of other columns: sum, avg, min or max.
    """

    name: str
    key: str
    title: str
    is_higher_better: bool
    decimals: int
    is_hidden: bool = False
    is_primary: bool = False
    operation: str = ""
    operands: tuple[str, ...] = ()

    @property
    def formula(self) -> str:
        """Return the column as a formula of ours; empty where a program fills it."""
        if not self.operation:
            return ""
        if self.operation in {"sum", "avg"}:
            total = " + ".join(self.operands)
            return total if self.operation == "sum" else f"({total}) / {len(self.operands)}"
        if len(self.operands) == 1:
            return self.operands[0]
        return f"{self.operation}({', '.join(self.operands)})"


@dataclass(frozen=True, slots=True)
class PublicFolder:
    """Files that teams download, below a name."""

    name: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Board:
    """What a board's answers are compared with: files by their names in the truth folder."""

    truth: Mapping[str, Path]
    split: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One phase and task (Codabench) or phase and its splits (EvalAI): one problem.

    `commands` are argument lists by program (`scoring`, `ingestion`); `programs` are their folders.
    """

    suffix: str
    name: str
    description: str
    format: BundleFormat
    columns: tuple[ScoreColumn, ...]
    programs: Mapping[str, Path]
    boards: Mapping[str, Board]
    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    per_day: int = 5
    time_s: int = 600
    input: Path | None = None
    public: tuple[PublicFolder, ...] = ()
    sample: Path | None = None
    answer_file: str = "submission.zip"
    phase_codename: str = ""
    known_splits: tuple[str, ...] = ()
    counts: Counts = Counts.CHOSEN
    is_board_hidden: bool = False
    is_shut: bool = False
    shows_errors: bool = True

    @property
    def takes_code(self) -> bool:
        """Whether teams hand in programs, which the bundle's own program starts."""
        return "ingestion" in self.programs


@dataclass(frozen=True, slots=True)
class Competition:
    """A bundle, read. `entries` is empty where nothing can be imported."""

    format: FileFormat
    title: str
    description: str
    pages: tuple[Page, ...]
    terms: str
    entries: tuple[Entry, ...]
