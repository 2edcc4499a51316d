"""What a pack's life needs from outside: a way to run its code. The sandbox plugs in here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from problems.spec import Resources

__all__ = [
    "CheckTools",
    "ScriptOutcome",
    "ScriptResources",
    "ScriptRun",
    "ScriptRunner",
    "Unpack",
    "UnpackError",
    "unpack_nothing",
]


@dataclass(frozen=True, slots=True)
class ScriptResources:
    """What one run of a script may use: seconds and bytes."""

    image: str = "python-cpu"
    wall_s: float = 600.0
    memory_bytes: int = 4 << 30
    cpus: float = 1.0
    gpus: int = 0
    output_bytes: int = 4 << 30
    output_files: int = 100_000

    @classmethod
    def of(cls, resources: Resources) -> "ScriptResources":
        """Return what the pack grants a code submission."""
        return cls(
            image=resources.image,
            wall_s=float(resources.time),
            memory_bytes=resources.memory,
            cpus=float(resources.cpus),
            gpus=resources.gpus,
            output_bytes=resources.output,
            output_files=4096,
        )


@dataclass(frozen=True, slots=True)
class ScriptRun:
    """One run: `code` is read-only at /code, where `command` starts; `output` is an empty folder.

    `input` is read-only at /input, `mounts` at their own absolute paths. `output_at` is a second
    place where the program finds its output. `collect` names the files that must be there
    afterwards; None takes every plain file.
    """

    code: Path
    command: tuple[str, ...]
    output: Path
    resources: ScriptResources
    input: Path | None = None
    mounts: Mapping[str, Path] = field(default_factory=dict)
    output_at: str | None = None
    collect: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ScriptOutcome:
    """How a run ended: `verdict` is "" where it finished by itself, with status 0 and its files."""

    verdict: str
    message: str
    log: str
    wall_s: float

    @property
    def is_ok(self) -> bool:
        """Whether the script did what it should."""
        return not self.verdict


class ScriptRunner(Protocol):
    """Runs a pack's own code, in a sandbox wherever it matters."""

    def __call__(self, run: ScriptRun, /) -> ScriptOutcome:
        """Run to the end. What the script does wrong is an outcome, never an exception."""


class UnpackError(Exception):
    """An archive is refused, with the reason in both languages."""

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(english)
        self.chinese = chinese
        self.english = english


class Unpack(Protocol):
    """Unpacks an archive nobody trusts; the sandbox's unpacker plugs in here."""

    def __call__(self, archive: Path, destination: Path, /) -> None:
        """Fill the empty folder with plain files, paths as they are; raise `UnpackError`."""


def unpack_nothing(archive: Path, destination: Path, /) -> None:
    """Refuse every archive: for who never meets an imported problem."""
    del archive, destination
    raise UnpackError(chinese="此处不能解压", english="nothing is unpacked here")


@dataclass(frozen=True, slots=True)
class CheckTools:
    """What `check_pack` borrows. `find_command` says how a code folder is started.

    `gpus` is how many cards `runner` may give a run; a baseline that needs more is not run.
    `unpack` opens the answers of imported problems that are archives.
    """

    runner: ScriptRunner
    find_command: Callable[[Path], tuple[str, ...]]
    gpus: int = 0
    unpack: Unpack = unpack_nothing
