"""Where the programs of a run lie: in our folders, or in those of the platform they are from."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.problems.checking import unpack_answer as unpack
from problems.bundles.layout import Layout, run_layout, scoring_layout, unpacks_answer
from problems.evaluation import SCORER_COMMAND, unpack_answer
from problems.spec import ProblemSpec


@dataclass(frozen=True, slots=True)
class Placed:
    """What a `sandbox.Run` says of its folders; `shared` are the same for many runs, `own` not."""

    command: tuple[str, ...]
    code: Path
    input: Path | None = None
    shared: Mapping[str, Path] = field(default_factory=dict)
    own: Mapping[str, Path] = field(default_factory=dict)
    output_at: str | None = None


def place_scorer(spec: ProblemSpec, pack: Path, folder: Path, answer: Path, truth: Path) -> Placed:
    """Return how a pack's scorer runs; what it needs of its own is put below `folder`.

    Raises:
        InvalidSubmission: the answer of an imported problem is an archive that cannot be unpacked.
    """
    code = folder / "scorer"
    code.mkdir(exist_ok=True)
    (code / "scorer.py").write_bytes((pack / str(spec.scoring.scorer)).read_bytes())
    if spec.bundle is None:
        return Placed(SCORER_COMMAND, code, shared={"/truth": truth}, own={"/answer": answer})
    if unpacks_answer(spec.bundle.format):
        unpacked = folder / "unpacked-answer"
        if not unpacked.is_dir():  # the board before this one may have done it
            unpack_answer(answer / spec.submission.file, unpacked, unpack)
        answer = unpacked
    return _placed(scoring_layout(spec.bundle.format, pack, answer, truth), pack, code)


def place_bundle_run(pack: Path, folder: Path, code: Path, source: Path) -> Placed:
    """Return how a team's code runs that the bundle's own program starts, from a new `folder`."""
    folder.mkdir()
    return _placed(run_layout(pack, code, source), pack, folder)


def _placed(layout: Layout, pack: Path, code: Path) -> Placed:
    for name in layout.extra:
        shutil.copyfile(pack / name, code / name)
    return Placed(
        layout.command,
        code,
        shared=layout.shared,
        own=layout.own,
        output_at=layout.output_at,
    )
