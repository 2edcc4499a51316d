"""Score an answer of a pack, by built-in metrics or by the pack's own scorer in its sandbox."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from problems.bundles.layout import scoring_layout, unpacks_answer
from problems.pack import Pack, find_boards
from problems.tools import ScriptResources, ScriptRun, ScriptRunner, Unpack, UnpackError
from scoring.engine import score_answer, validate_answer
from scoring.errors import InvalidSubmission, ScorerError
from scoring.keys import Keys
from scoring.messages import Message
from scoring.program_result import RESULT_FILE, read_program_result
from scoring.types import ScoreResult

__all__ = [
    "SCORER_COMMAND",
    "SCORER_RESOURCES",
    "board_keys",
    "check_answer",
    "score_output",
    "unpack_answer",
]

SCORER_COMMAND: Final = ("python", "-m", "scoring.program")
SCORER_RESOURCES: Final = ScriptResources(
    wall_s=300.0, memory_bytes=2 << 30, output_bytes=16 << 20, output_files=16
)


def board_keys(pack: Pack, data: Path, board: str) -> Keys | None:
    """Return the keys an answer for a board must hold; None where the answer is no table.

    Where rows are split, that is the union over all boards. Raises `scoring.TruthError`.
    """
    table = pack.spec.submission.table
    if table is None or pack.spec.scoring.scorer is not None:
        return None
    boards = find_boards(data) if pack.spec.is_split_by_rows else (board,)
    return Keys.from_truths([data / name / "truth" for name in boards], table)


def check_answer(pack: Pack, answer: Path, keys: Keys | None) -> None:
    """Check an answer file without its truth; raise `scoring.InvalidSubmission`."""
    size, limit = answer.stat().st_size, pack.spec.submission.max_bytes
    if size > limit:
        raise InvalidSubmission(Message("too_large", {"size": size, "limit": limit}))
    spec = pack.spec
    if spec.submission.table is not None:
        validate_answer(
            answer, spec.submission.table, keys, spec.table_formats, spec.table_encodings
        )


def score_output(
    pack: Pack, output: Path, truth: Path, runner: ScriptRunner, unpack: Unpack
) -> ScoreResult:
    """Score the folder `output`, which holds the answer under its name, against a truth folder.

    Columns that show what a run used, and formulas over them, are left out: nothing ran here as it
    does on the platform. Raises `InvalidSubmission`, `InvalidScores`, `TruthError` or `ScorerError`
    of `scoring`.
    """
    scoring, table = pack.spec.scoring.without_run(), pack.spec.submission.table
    if scoring.scorer is None and table is not None:
        return score_answer(output / pack.spec.submission.file, truth, table, scoring)
    with TemporaryDirectory(prefix="scorer-") as scratch:
        result = Path(scratch) / "result"
        result.mkdir()
        outcome = runner(_scorer_run(pack, output, truth, result, unpack))
        if not outcome.is_ok:
            reason = f"{outcome.verdict}: {outcome.message}".strip(": ")
            raise ScorerError(Message("scorer_failed", {"reason": reason}))
        return read_program_result(result / RESULT_FILE, scoring)


def unpack_answer(archive: Path, destination: Path, unpack: Unpack) -> Path:
    """Unpack an answer that is an archive into a new folder; raise `InvalidSubmission`."""
    destination.mkdir()
    try:
        unpack(archive, destination)
    except UnpackError as error:
        raise InvalidSubmission(zh=error.chinese, en=error.english) from error
    return destination


def _scorer_run(pack: Pack, output: Path, truth: Path, result: Path, unpack: Unpack) -> ScriptRun:
    bundle = pack.spec.bundle
    run = ScriptRun(
        code=pack.directory,
        command=SCORER_COMMAND,
        output=result,
        resources=SCORER_RESOURCES,
        mounts={"/answer": output, "/truth": truth},
        collect=(RESULT_FILE,),
    )
    if bundle is None:
        return run
    answer = output
    if unpacks_answer(bundle.format):
        archive = output / pack.spec.submission.file
        answer = unpack_answer(archive, result.with_name("answer"), unpack)
    layout = scoring_layout(bundle.format, pack.directory, answer, truth)
    mounts = {**layout.shared, **layout.own}
    return replace(run, command=layout.command, mounts=mounts, output_at=layout.output_at)
