"""Evaluate an assignment: run the code, score the answer. Touches no database.

Whatever the submission does wrong comes back as an `Outcome`; whatever we do wrong is an exception.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from app.core.platform import Platform
from app.evaluations.claims import Assignment
from app.evaluations.kept_logs import keep_log
from app.evaluations.models import State, Verdict
from app.evaluations.outcomes import Outcome
from app.evaluations.placement import Placed, place_bundle_run, place_scorer
from app.evaluations.workspace import cached_files, cached_folder
from app.problems.models import Board
from app.submissions.models import Kind
from problems.spec import Resources
from sandbox import LogSink, Run, RunResult, execute_ready
from sandbox.archive import ArchiveError, unpack_zip
from sandbox.entrypoint import find_command
from scoring import (
    InvalidScores,
    InvalidSubmission,
    Keys,
    Message,
    RunFacts,
    ScorerError,
    ScoreResult,
    TruthError,
    read_program_result,
    score_answer,
)
from scoring.program_result import RESULT_FILE
from scoring.usage import USAGE_FILE, read_tokens
from trial.archive_messages import ArchiveMessage
from trial.excerpts import read_excerpt
from trial.running import (
    SCORER_IMAGE,
    SCORER_LIMITS,
    add_reported,
    check_output,
    code_limits,
    measure_facts,
    size_of,
    wanted_files,
)
from trial.verdict_messages import DAMAGED_CODE, SCORER_FAULT, explain_run

DEBUG_S: Final = 60
"""How long a try run may take, where the problem gives no less."""

MOST_KEPT_BYTES: Final = 64 << 20
"""Larger answers of code runs are not kept."""

_ANSWER: Final = "answer"
_CODE: Final = "code"
_LOG_FILE: Final = "log"
logger = logging.getLogger("baijing.worker")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an evaluation works with: the ports, its folder, who to listen to and whom to tell."""

    platform: Platform
    folder: Path
    owner: str
    cancel: threading.Event
    log: LogSink
    announce_scoring: Callable[[RunResult], None]
    """Called once between the run and the scoring."""


def evaluate(assignment: Assignment, around: Surroundings) -> Outcome:
    """Run and score one assignment.

    Raises:
        SandboxError, OSError, BlobMissingError …: our fault; the evaluation is tried again.
    """
    outcome = _evaluate(assignment, around)
    return replace(
        outcome,
        answer_blob=_keep_answer(assignment, around, outcome),
        log=keep_log(around.platform.blobs, around.folder / _LOG_FILE),
        tokens=_find_tokens(assignment, around),
        excerpt=read_excerpt(around.folder / _CODE, outcome.run),
    )


def _find_tokens(assignment: Assignment, around: Surroundings) -> int | None:
    """Return what the run reported, so that a re-score knows it; None where that is nothing."""
    if not assignment.spec.scoring.needs_usage:
        return None
    try:
        return read_tokens(around.folder / _ANSWER / USAGE_FILE)
    except InvalidSubmission:
        return None


def _evaluate(assignment: Assignment, around: Surroundings) -> Outcome:
    answer = around.folder / _ANSWER
    answer.mkdir()
    run: RunResult | None = None
    if assignment.answer_blob is not None:
        file = answer / assignment.spec.submission.file
        around.platform.blobs.fetch(assignment.answer_blob, file)
    elif assignment.kind is Kind.CODE:
        code = _unpack_code(assignment, around)
        if isinstance(code, Outcome):
            return code
        run = _run_code(assignment, around, code, answer)
        if run.cancelled:
            return Outcome(State.CANCELLED, run=run)
        if run.verdict is not None:
            told = explain_run(run, assignment.spec)
            return Outcome(State.FAILED, Verdict(run.verdict.value), (told,), run=run)
        around.announce_scoring(run)
    else:
        file = answer / assignment.spec.submission.file
        around.platform.blobs.fetch(assignment.submission_blob, file)
    if assignment.is_debug:
        return _check_debug_answer(assignment, around, answer, run)
    return _score(assignment, around, answer, run)


def _keep_answer(assignment: Assignment, around: Surroundings, outcome: Outcome) -> str | None:
    """Store what a code run answered, unless it is large: a re-score then runs the code again."""
    if not assignment.has_run or assignment.is_debug or outcome.run is None:
        return assignment.answer_blob
    file = around.folder / _ANSWER / assignment.spec.submission.file
    if outcome.run.verdict is not None or outcome.run.cancelled or not file.is_file():
        return None
    if file.stat().st_size > MOST_KEPT_BYTES:
        return None
    with file.open("rb") as source:
        return around.platform.blobs.put(source).digest


def _check_debug_answer(
    assignment: Assignment, around: Surroundings, answer: Path, run: RunResult | None
) -> Outcome:
    """End a try run: the answer's form is checked as far as that goes, and nothing is scored."""
    try:
        notes = _check_answer(assignment, around, answer / assignment.spec.submission.file)
    except InvalidSubmission as error:
        return Outcome(State.FAILED, Verdict.INVALID_OUTPUT, error.messages, run=run)
    return Outcome(State.SCORED, messages=notes, run=run)


def _unpack_code(assignment: Assignment, around: Surroundings) -> Path | Outcome:
    archive, code = around.folder / "code.zip", around.folder / _CODE
    code.mkdir()
    around.platform.blobs.fetch(assignment.submission_blob, archive)
    try:
        unpack_zip(archive, code, strip_top=assignment.spec.bundle is None)
        if assignment.spec.bundle is None:
            find_command(code)
    except ArchiveError as error:  # checked at upload; a stricter version may have come since
        said = ArchiveMessage(error)
        message = Message.custom(said.render("zh-Hans"), said.render("en"))
        return Outcome(State.FAILED, Verdict.INVALID_OUTPUT, (DAMAGED_CODE, message))
    finally:
        archive.unlink(missing_ok=True)
    return code


def _run_code(assignment: Assignment, around: Surroundings, code: Path, answer: Path) -> RunResult:
    spec, resources = assignment.spec, assignment.spec.resources
    if assignment.is_debug:
        resources = debug_resources(resources)
    place = _place_code(assignment, around, code)
    run = Run(
        image=resources.image,
        command=place.command,
        code=place.code,
        input=place.input,
        output=answer,
        limits=code_limits(resources),
        collect=wanted_files(spec),
        shared=place.shared,
        mounts=place.own,
        output_at=place.output_at,
        env={"SEED": str(assignment.submission_id)},  # a re-run gets the same
        devices=assignment.devices,
        log_file=around.folder / _LOG_FILE,
        owner=around.owner,
    )
    sandbox = around.platform.sandbox()
    return execute_ready(sandbox, run, logger.info, log=around.log, cancel=around.cancel)


def _place_code(assignment: Assignment, around: Surroundings, code: Path) -> Placed:
    """Return where a team's code finds what, and what starts it."""
    source, platform = _input(assignment, around), around.platform
    if assignment.spec.bundle is None:
        return Placed(find_command(code), code, input=source)
    pack = cached_folder(platform.blobs, platform.cache, assignment.pack_blob)
    return place_bundle_run(pack, around.folder / "starter", code, source)


def debug_resources(resources: Resources) -> Resources:
    """Return what a try run may use: as much as any run, for a shorter time."""
    return resources.model_copy(update={"time": min(DEBUG_S, resources.time_s)})


def _input(assignment: Assignment, around: Surroundings) -> Path:
    platform = around.platform
    if assignment.input_blob is not None:
        return cached_folder(platform.blobs, platform.cache, assignment.input_blob)
    if assignment.public_files:
        return cached_files(platform.blobs, platform.cache, assignment.public_files)
    message = f"board {assignment.board} has no input"
    raise RuntimeError(message)


def _score(
    assignment: Assignment, around: Surroundings, answer: Path, run: RunResult | None
) -> Outcome:
    try:
        notes = _check_answer(assignment, around, answer / assignment.spec.submission.file)
        facts = _facts(assignment, around, run)
        results = {
            board: _score_board(assignment, around, answer, board, facts)
            for board in assignment.truths
        }
    except CancelledWhileScoringError:
        return Outcome(State.CANCELLED, run=run)
    except InvalidSubmission as error:
        return Outcome(State.FAILED, Verdict.INVALID_OUTPUT, error.messages, run=run)
    except InvalidScores as error:
        return Outcome(State.FAILED, Verdict.INVALID_SCORES, error.messages, run=run)
    except (ScorerError, TruthError) as error:
        told, detail = (SCORER_FAULT,), str(error)
        return Outcome(State.FAILED, Verdict.SCORER_ERROR, told, detail, run=run)
    return Outcome(State.SCORED, messages=notes, results=results, run=run)


def _check_answer(assignment: Assignment, around: Surroundings, file: Path) -> tuple[Message, ...]:
    """Hold an answer to its size, its columns and its keys; return what to tell of a good one."""
    keys = None
    if assignment.keys_blob is not None and assignment.spec.submission.table is not None:
        stored = around.folder / "keys"
        around.platform.blobs.fetch(assignment.keys_blob, stored)
        keys = Keys.read(stored)
    return check_output(file, assignment.spec, keys)


def _facts(assignment: Assignment, around: Surroundings, run: RunResult | None) -> RunFacts | None:
    """Return what the run used that made the answer: this one, or the one it is kept from.

    Raises `InvalidSubmission` where it should report its tokens and does not.
    """
    code = around.folder / _CODE
    if run is not None:
        answer = around.folder / _ANSWER
        return add_reported(measure_facts(run, code), answer, assignment.spec)
    if assignment.measured is None or not assignment.spec.scoring.timed:
        return None
    _unpack_code(assignment, around)
    return replace(assignment.measured, code_bytes=size_of(code))


def _score_board(
    assignment: Assignment,
    around: Surroundings,
    answer: Path,
    board: Board,
    facts: RunFacts | None,
) -> ScoreResult:
    platform, spec = around.platform, assignment.spec
    truth = cached_folder(platform.blobs, platform.cache, assignment.truths[board])
    if spec.scoring.scorer is not None:
        return _run_scorer(assignment, around, answer, truth, facts)
    if spec.submission.table is None:
        message = "built-in metrics need submission.table"
        raise ScorerError(message)
    file, table = answer / spec.submission.file, spec.submission.table
    return score_answer(file, truth, table, spec.scoring, facts)


def _run_scorer(
    assignment: Assignment,
    around: Surroundings,
    answer: Path,
    truth: Path,
    facts: RunFacts | None,
) -> ScoreResult:
    """Run the pack's own scorer in a sandbox of its own, without a trace of the team's code."""
    platform, spec = around.platform, assignment.spec
    pack = cached_folder(platform.blobs, platform.cache, assignment.pack_blob)
    place = place_scorer(spec, pack, around.folder, answer, truth)
    output = around.folder / f"scores-{truth.name[:16]}"
    output.mkdir()
    run = Run(
        image=SCORER_IMAGE,
        command=place.command,
        code=place.code,
        output=output,
        limits=SCORER_LIMITS,
        collect=(RESULT_FILE,),
        shared=place.shared,
        mounts=place.own,
        output_at=place.output_at,
        owner=around.owner,
    )
    result = platform.sandbox().execute(run, cancel=around.cancel)
    if result.cancelled:
        raise CancelledWhileScoringError
    if result.verdict is not None:
        message = f"{result.verdict}: {result.message}\n{result.log[-2000:]}"
        raise ScorerError(message)
    return read_program_result(output / RESULT_FILE, spec.scoring, facts)


class CancelledWhileScoringError(Exception):
    """A cancel arrived while the pack's scorer ran."""
