"""What an imported problem's programs find where: the folders of the platform they were made for.

The truth is mounted for the scoring program alone, which runs in a sandbox of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from problems.spec import BundleFormat

__all__ = [
    "CONFIG_FILE",
    "PROGRAMS",
    "RUN_FILE",
    "Layout",
    "needed_files",
    "run_layout",
    "scoring_layout",
    "unpacks_answer",
]

PROGRAMS: Final = "programs"
CONFIG_FILE: Final = "bundle.json"
RUN_FILE: Final = "run.py"
CHALLENGE: Final = "/app/challenge_data/challenge_1"
_RESULTS, _REFERENCE = "/app/input/res", "/app/input/ref"


@dataclass(frozen=True, slots=True)
class Layout:
    """One run: its command, what is the same for many runs (`shared`) and what is its own.

    `output_at` is where the program looks for `/output` too; `extra` are the files of the pack that
    must lie in /code.
    """

    command: tuple[str, ...]
    shared: Mapping[str, Path] = field(default_factory=dict)
    own: Mapping[str, Path] = field(default_factory=dict)
    output_at: str | None = None
    extra: tuple[str, ...] = (CONFIG_FILE,)


def needed_files(bundle: BundleFormat, takes_code: bool) -> tuple[str, ...]:  # noqa: FBT001 — a fact
    """Return what a pack of an imported problem must hold, relative to its folder."""
    if bundle is BundleFormat.EVALAI:
        return (CONFIG_FILE, f"{PROGRAMS}/evaluation/__init__.py")
    more = (RUN_FILE, f"{PROGRAMS}/ingestion") if takes_code else ()
    return (CONFIG_FILE, f"{PROGRAMS}/scoring", *more)


def unpacks_answer(bundle: BundleFormat) -> bool:
    """Say whether the answer is a zip whose content the scoring program sees."""
    return bundle is BundleFormat.CODABENCH


def scoring_layout(bundle: BundleFormat, pack: Path, answer: Path, truth: Path) -> Layout:
    """Return how the scorer of a pack runs; `answer` is unpacked already where it must be."""
    scorer = ("python", "-m", "scoring.program")
    if bundle is BundleFormat.EVALAI:
        return Layout(
            scorer,
            shared={"/truth": truth, CHALLENGE: pack / PROGRAMS / "evaluation"},
            own={"/answer": answer},
        )
    return Layout(
        (*scorer, _RESULTS, _REFERENCE),
        shared={"/app/program": pack / PROGRAMS / "scoring", _REFERENCE: truth},
        own={_RESULTS: answer},
        output_at="/app/output",
    )


def run_layout(pack: Path, code: Path, source: Path) -> Layout:
    """Return how a team's code is run by the bundle's ingestion program on the input `source`."""
    return Layout(
        ("python", RUN_FILE),
        shared={"/app/program": pack / PROGRAMS / "ingestion", "/app/input_data": source},
        own={"/app/ingested_program": code},
        output_at="/app/output",
        extra=(RUN_FILE, CONFIG_FILE),
    )
