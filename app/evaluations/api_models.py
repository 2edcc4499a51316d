"""What the API says about a submission and how it stands."""

from collections.abc import Sequence

from pydantic import Field

from app.accounts.models import User
from app.core.api import Id, Input, Instant, Output, PageInput
from app.core.i18n import choose_text
from app.evaluations.models import Evaluation, State, Verdict
from app.evaluations.queries import visible_scores
from app.problems.models import Board
from app.submissions.models import Kind, Submission
from app.submissions.operations import NOTE_LENGTH
from app.teams.api_models import TeamOutput


class SubmissionForm(Input):
    """The fields next to the file."""

    kind: Kind
    note: str = Field(default="", max_length=NOTE_LENGTH, description="For the team itself.")
    board: Board = Field(
        default=Board.A, description="B only for problems with separate data, while B is open."
    )


class SubmissionQuery(PageInput):
    """How the list of submissions is narrowed."""

    problem: str = Field(default="", max_length=64, description="A problem's slug.")


class LogQuery(Input):
    """Where to go on reading a log."""

    offset: int = Field(default=0, ge=0, le=1 << 40, description="UTF-8 bytes from the beginning.")
    board: Board | None = Field(
        default=None,
        description="Of the run on another board; B's once it is revealed, to staff at any time.",
    )


class RunOutput(Output):
    """What a run of code used."""

    wall_s: float | None
    cpu_s: float | None
    peak_memory_bytes: int | None
    output_bytes: int | None
    gpus: int | None
    exit_code: int | None
    backend: str | None


class MessageOutput(Output):
    """One thing that was wrong with an answer or a run."""

    message: str
    line: int | None


class SubmissionItem(Output):
    """A submission and how it stands. Scores of B appear after the reveal."""

    id: Id
    problem: str
    kind: Kind
    board: Board
    state: State
    verdict: Verdict | None
    message: str | None = Field(description="Why it failed, in words; lines as in `messages`.")
    messages: list[MessageOutput]
    scores: dict[str, dict[str, float]] = Field(description="By board and leaderboard column.")
    team: TeamOutput | None = Field(description="Null for a baseline.")
    submitted_by: str | None
    filename: str
    size: int = Field(description="Bytes.")
    sha256: str
    note: str
    is_baseline: bool
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
        team=None if team is None else TeamOutput(id=str(team.id), name=team.name),
        submitted_by=None if user is None else user.name,
        filename=submission.filename,
        size=submission.size,
        sha256=submission.blob,
        note=submission.note,
        is_baseline=submission.is_baseline,
        retracted=submission.retracted_at is not None,
        queued_at=main.queued_at,
        started_at=main.started_at,
        finished_at=main.finished_at,
        run=_run(submission, main),
    )


def _message(entry: dict[str, object], locale: str) -> MessageOutput:
    texts = {key: value for key, value in entry.items() if isinstance(value, str)}
    line = entry.get("line")
    return MessageOutput(
        message=choose_text(texts, locale), line=line if isinstance(line, int) else None
    )


def _run(submission: Submission, evaluation: Evaluation) -> RunOutput | None:
    if submission.kind is not Kind.CODE or evaluation.wall_s is None:
        return None
    return RunOutput(
        wall_s=evaluation.wall_s,
        cpu_s=evaluation.cpu_s,
        peak_memory_bytes=evaluation.peak_memory_bytes,
        output_bytes=evaluation.output_bytes,
        gpus=evaluation.gpus,
        exit_code=evaluation.exit_code,
        backend=evaluation.backend,
    )
