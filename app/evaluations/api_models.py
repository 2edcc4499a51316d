"""What the API says about a submission and how it stands."""

from collections.abc import Sequence
from dataclasses import asdict

from pydantic import Field

from app.accounts.models import User
from app.core.api import Id, Input, Instant, Output, PageInput
from app.core.i18n import choose_text
from app.evaluations.models import Evaluation, State, Verdict
from app.evaluations.queries import visible_scores
from app.evaluations.run_details import RunDetails, read_details
from app.problems.models import Board
from app.submissions.models import Kind, Submission
from app.submissions.operations import NOTE_LENGTH
from app.teams.api_models import TeamOutput
from sandbox.types import LimitKind


class SubmissionForm(Input):
    """The fields next to the file."""

    kind: Kind
    note: str = Field(default="", max_length=NOTE_LENGTH, description="For the team itself.")
    board: Board = Field(
        default=Board.A, description="B only for problems with separate data, while B is open."
    )


class HandInForm(Input):
    """What is said of an upload that has arrived."""

    note: str = Field(default="", max_length=NOTE_LENGTH, description="For the team itself.")
    board: Board = Field(
        default=Board.A, description="B only for problems with separate data, while B is open."
    )


class SubmissionQuery(PageInput):
    """How the list of submissions is narrowed."""

    problem: str = Field(default="", max_length=64, description="A problem's slug.")
    debug: bool = Field(default=False, description="Try runs instead of what counts.")


class DebugForm(Input):
    """The field next to the archive of a try run."""

    note: str = Field(default="", max_length=NOTE_LENGTH, description="For the team itself.")


class WholeLogQuery(Input):
    """Which run's log."""

    board: Board | None = Field(
        default=None,
        description="Of the run on another board; B's once it is revealed, to staff at any time.",
    )


class LogQuery(Input):
    """Where to go on reading a log."""

    offset: int = Field(default=0, ge=0, le=1 << 40, description="UTF-8 bytes from the beginning.")
    board: Board | None = Field(
        default=None,
        description="Of the run on another board; B's once it is revealed, to staff at any time.",
    )


class ExcessOutput(Output):
    """The limit a run hit, in seconds, bytes or counts as `kind` says."""

    kind: LimitKind
    used: float
    allowed: float
    after_s: float = Field(description="Seconds since the start of the run.")
    where: str = Field(description="The function that ran then, where it could be seen.")


class ErrorOutput(Output):
    """The exception that ended a program; `file` is empty where it is not in the archive."""

    type: str
    message: str
    file: str
    line: int
    function: str


class FileOutput(Output):
    """One thing the program left in /output, and why it was not taken, if it was not."""

    name: str
    bytes: int
    kept: bool
    reason: str


class RunOutput(Output):
    """What a run of code used, and how it ended."""

    wall_s: float | None
    cpu_s: float | None
    peak_memory_bytes: int | None
    output_bytes: int | None
    gpus: int | None
    exit_code: int | None
    backend: str | None
    signal: str | None = Field(description='What ended the program, such as "SIGSEGV".')
    excess: ExcessOutput | None
    error: ErrorOutput | None
    phases: dict[str, float] = Field(description="Seconds of each phase of the run.")
    files: list[FileOutput]
    files_more: int = Field(description="How many more there were than `files` lists.")
    log_bytes: int | None = Field(description="Length of the whole log, see `log.txt`.")


class MessageOutput(Output):
    """One thing that was wrong with an answer or a run."""

    message: str
    line: int | None


class LadderOutput(Output):
    """What the Ladder tells of a submission in the column that ranks."""

    score: float
    is_new: bool = Field(
        description="Whether it was clearly better than the last; else its score is told again."
    )


class SubmissionItem(Output):
    """A submission and how it stands. Scores of B appear after the reveal."""

    id: Id
    problem: str
    kind: Kind
    board: Board
    state: State
    verdict: Verdict | None
    message: str | None = Field(
        description="Why it failed, or a note on a good answer; as in `messages`."
    )
    messages: list[MessageOutput]
    scores: dict[str, dict[str, float]] = Field(
        description="By board and leaderboard column. Of an A that answers by the Ladder staff see "
        "what was found, everybody else what is told."
    )
    ladder: LadderOutput | None = Field(
        description="What board A tells where it answers by the Ladder; null where it does not, or "
        "an earlier submission has not ended."
    )
    team: TeamOutput | None = Field(description="Null for a baseline.")
    submitted_by: str | None
    filename: str
    size: int = Field(description="Bytes.")
    sha256: str
    note: str
    is_baseline: bool
    is_debug: bool = Field(description="A try run on public data: no score, no quota.")
    retracted: bool = Field(description="Taken off the boards by the organisers.")
    queued_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    run: RunOutput | None = Field(description="Null until code has run.")


class LogOutput(Output):
    """A piece of a log; ask again from `next_offset` until `done`."""

    text: str
    next_offset: int
    done: bool
    attempt: int = Field(
        description="Offsets count within one attempt: when it changes, begin at 0 again."
    )


def describe_submission(
    submission: Submission, evaluations: Sequence[Evaluation], actor: User, locale: str
) -> SubmissionItem:
    """Return what an actor may read of a submission.

    `evaluations` are its current ones; the one on the submission's own board says how it stands.
    """
    main = next(one for one in evaluations if one.board is submission.board)
    messages = [_message(entry, locale) for entry in main.messages]
    team, user = submission.team, submission.user
    return SubmissionItem(
        id=str(submission.id),
        problem=submission.problem.slug,
        kind=submission.kind,
        board=submission.board,
        state=main.state,
        verdict=main.verdict,
        message="\n".join(one.message for one in messages) or None,
        messages=messages,
        scores=visible_scores(evaluations, submission.problem, actor),
        ladder=_ladder(submission, main),
        team=None if team is None else TeamOutput(id=str(team.id), name=team.name),
        submitted_by=None if user is None else user.name,
        filename=submission.filename,
        size=submission.size,
        sha256=submission.blob,
        note=submission.note,
        is_baseline=submission.is_baseline,
        is_debug=submission.is_debug,
        retracted=submission.retracted_at is not None,
        queued_at=main.queued_at,
        started_at=main.started_at,
        finished_at=main.finished_at,
        run=_run(submission, main),
    )


def _ladder(submission: Submission, evaluation: Evaluation) -> LadderOutput | None:
    told = evaluation.told
    if told is None or not submission.problem.rules.has_ladder_on(evaluation.board):
        return None
    return LadderOutput(score=told.value, is_new=told.rung_id == evaluation.id)


def _message(entry: dict[str, object], locale: str) -> MessageOutput:
    texts = {key: value for key, value in entry.items() if isinstance(value, str)}
    line = entry.get("line")
    return MessageOutput(
        message=choose_text(texts, locale), line=line if isinstance(line, int) else None
    )


def _run(submission: Submission, evaluation: Evaluation) -> RunOutput | None:
    if submission.kind is not Kind.CODE or evaluation.wall_s is None:
        return None
    details = read_details(evaluation) or RunDetails(phases={})
    return RunOutput(
        wall_s=evaluation.wall_s,
        cpu_s=evaluation.cpu_s,
        peak_memory_bytes=evaluation.peak_memory_bytes,
        output_bytes=evaluation.output_bytes,
        gpus=evaluation.gpus,
        exit_code=evaluation.exit_code,
        backend=evaluation.backend,
        signal=details.signal,
        excess=None if details.excess is None else ExcessOutput(**asdict(details.excess)),
        error=None if details.error is None else ErrorOutput(**asdict(details.error)),
        phases=dict(details.phases),
        files=[FileOutput(**asdict(file)) for file in details.files],
        files_more=details.files_more,
        log_bytes=evaluation.log_bytes,
    )
