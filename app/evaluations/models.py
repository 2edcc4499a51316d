"""Evaluations, their scores, their logs and their history."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base, BlobDigest, ByteCount
from app.problems.models import Board
from app.submissions.models import Submission


class State(StrEnum):
    """Where an evaluation is in its life. The edges are in `states`."""

    QUEUED = "queued"
    RUNNING = "running"
    SCORING = "scoring"
    SCORED = "scored"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINISHED: Final = frozenset({State.SCORED, State.FAILED, State.CANCELLED})
CLAIMED: Final = frozenset({State.RUNNING, State.SCORING})


class Verdict(StrEnum):
    """Why an evaluation failed."""

    INVALID_OUTPUT = "invalid_output"
    MISSING_OUTPUT = "missing_output"
    RUNTIME_ERROR = "runtime_error"
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"
    PROCESS_LIMIT = "process_limit"
    INVALID_SCORES = "invalid_scores"
    SCORER_ERROR = "scorer_error"
    SYSTEM_ERROR = "system_error"


class Evaluation(Base):
    """One attempt to judge a submission. A re-run is a new evaluation; the old one stays.

    A claim is a lease: `attempt` counts claims and fences the results of a worker that lost its
    lease, `lease_expires_at` is moved on by the worker's heartbeat.
    """

    __tablename__ = "evaluation"
    __table_args__ = (
        UniqueConstraint("submission_id", "board", "number"),
        CheckConstraint("(state = 'failed') = (verdict IS NOT NULL)", name="verdict_iff_failed"),
        CheckConstraint(
            "(state IN ('scored', 'failed', 'cancelled')) = (finished_at IS NOT NULL)",
            name="finished_at_iff_finished",
        ),
        CheckConstraint(
            "(state IN ('running', 'scoring')) = (lease_expires_at IS NOT NULL)",
            name="lease_iff_claimed",
        ),
        Index(None, "state", "pool"),
        Index(None, "submission_id", "is_current"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    board: Mapped[Board]
    """The input it runs on. With `rows` this is A and the one answer is scored on both boards."""
    number: Mapped[int]
    """Counts the evaluations of a submission and board from 1."""
    is_current: Mapped[bool] = mapped_column(default=True)
    """The one that counts; an older one was replaced by a re-run or a re-score."""
    is_shadow: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Made by a re-score that is not published: counts nowhere, and only staff know of it."""
    revision_number: Mapped[int | None]
    """The revision it is scored by, noted at the claim; a shadow's is chosen when it is made."""
    pool: Mapped[str] = mapped_column(String(32))
    state: Mapped[State] = mapped_column(default=State.QUEUED)
    verdict: Mapped[Verdict | None]
    messages: Mapped[list[Any]]
    """What the team reads: why it failed, or notes. `[{locale: text, "line": n}]`, at most 22."""
    staff_message: Mapped[str] = mapped_column(Text, default="")
    """Detail for organisers only: a scorer's traceback, an engine's error."""
    attempt: Mapped[int] = mapped_column(default=0)
    system_faults: Mapped[int] = mapped_column(default=0)
    """How often our side broke; the third time ends it as `system_error`."""
    worker: Mapped[str | None] = mapped_column(String(128))
    lease_expires_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    queued_at: Mapped[datetime]
    not_before: Mapped[datetime | None]
    """A retry after our fault waits until then."""
    started_at: Mapped[datetime | None]
    scoring_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    exit_code: Mapped[int | None]
    wall_s: Mapped[float | None]
    cpu_s: Mapped[float | None]
    peak_memory_bytes: Mapped[ByteCount | None]
    output_bytes: Mapped[ByteCount | None]
    gpus: Mapped[int | None]
    devices: Mapped[list[Any] | None]
    """The uuids of the GPUs it was given; while it runs nobody else gets them."""
    gpu_uses: Mapped[list[Any] | None]
    """What they did: `sandbox.GpuUse` as `[{uuid, model, peak_memory_bytes, …}]`."""
    backend: Mapped[str | None] = mapped_column(String(32))
    image_digest: Mapped[str | None] = mapped_column(String(128))
    run_details: Mapped[dict[str, Any] | None]
    """What explains the run: excess, error, files, samples, phases (`run_details.RunDetails`)."""
    log_blob: Mapped[str | None] = mapped_column(BlobDigest)
    """The whole log as gzipped clean text, where the pieces in `LogChunk` leave something out."""
    log_bytes: Mapped[ByteCount | None]
    """How long the whole log is, as clean text."""
    answer_blob: Mapped[str | None] = mapped_column(BlobDigest)
    """What a code run answered, kept so that a re-score need not run the code again."""
    reuses_id: Mapped[int | None]
    """The evaluation whose run made the answer and wrote the log, where it is another."""
    losses_blob: Mapped[str | None] = mapped_column(BlobDigest)
    """Per-item losses of every board as npz: later statistics need them."""
    cases: Mapped[dict[str, Any] | None]
    """Per-case details by board: `{A: [{id, …}]}`."""
    pictures: Mapped[dict[str, Any] | None]
    """Where the answer is wrong, by board (`scoring.mistakes`): it tells of the truth."""

    submission: Mapped[Submission] = relationship()
    scores: Mapped[list["Score"]] = relationship(back_populates="evaluation")
    told: Mapped["ToldScore | None"] = relationship()


class Score(Base):
    """One number of one evaluation: finite, always."""

    __tablename__ = "score"
    __table_args__ = (Index(None, "board", "key", "value"),)

    evaluation_id: Mapped[int] = mapped_column(ForeignKey("evaluation.id"), primary_key=True)
    board: Mapped[Board] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """The leaderboard column."""
    value: Mapped[float]

    evaluation: Mapped[Evaluation] = relationship(back_populates="scores")


class ToldScore(Base):
    """What board A tells of one evaluation where it answers by the Ladder: see `ladder`."""

    __tablename__ = "told_score"

    evaluation_id: Mapped[int] = mapped_column(ForeignKey("evaluation.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64))
    """The leaderboard column: the one that ranks."""
    value: Mapped[float]
    loss: Mapped[float]
    """The value as the Ladder has it: lower is better."""
    rung_id: Mapped[int]
    """The evaluation whose score this is: itself, or the last that was clearly better."""
    after_id: Mapped[int | None]
    """The team's evaluation before; empty where it is the first."""
    rule: Mapped[str] = mapped_column(String(200))
    """By which Ladder, of which column: what was told by another is worked out anew."""


class LadderDue(Base):
    """A team whose submissions have to climb: something of them was scored, ended or taken away."""

    __tablename__ = "ladder_due"
    __table_args__ = (UniqueConstraint("problem_id", "team_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    """Empty for the organisers' own: the baselines."""


class EvaluationEvent(Base):
    """One step in the life of an evaluation. Append-only."""

    __tablename__ = "evaluation_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    evaluation_id: Mapped[int] = mapped_column(ForeignKey("evaluation.id"), index=True)
    state: Mapped[State]
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(128))
    """A worker's name, a person's name, or `sweep`."""
    because: Mapped[str] = mapped_column(String(500))


class LogChunk(Base):
    """A piece of a run's log. `start` counts UTF-8 bytes from the start of the attempt's log."""

    __tablename__ = "log_chunk"
    __table_args__ = (UniqueConstraint("evaluation_id", "attempt", "start"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    evaluation_id: Mapped[int] = mapped_column(ForeignKey("evaluation.id"))
    attempt: Mapped[int]
    start: Mapped[int]
    size: Mapped[ByteCount]
    text: Mapped[str] = mapped_column(Text)
