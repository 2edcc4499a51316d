"""Problems, their revisions and data, their stages, and who accepted their rules."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.contests.models import Contest
from app.core.db import Base, BlobDigest, ByteCount
from app.problems.board_rules import BoardRules
from problems.spec import Area, Board, Difficulty
from scoring import Partition

__all__ = [
    "Area",
    "Board",
    "BoardData",
    "Difficulty",
    "Partition",
    "Problem",
    "PublicFile",
    "Publication",
    "PublicationState",
    "Revision",
    "RulesAcceptance",
    "Stage",
    "StageState",
    "TieRule",
]


class TieRule(StrEnum):
    """Who is first of two equal scores."""

    EARLIER = "earlier"
    SHARED = "shared"


class StageState(StrEnum):
    """Where a stage is; follows from the clock, so it is never stored."""

    UPCOMING = "upcoming"
    OPEN = "open"
    CLOSED = "closed"


class Problem(Base):
    """One problem of a contest. What organisers may change without a new revision stands here."""

    __tablename__ = "problem"
    __table_args__ = (
        CheckConstraint("submissions_per_day >= 0", name="submissions_per_day_not_negative"),
        CheckConstraint("team_size >= 1", name="team_size_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    contest_id: Mapped[int] = mapped_column(ForeignKey("contest.id"), index=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    revision_number: Mapped[int]
    """The revision in force."""
    area: Mapped[Area] = mapped_column(index=True)
    title: Mapped[dict[str, Any]]
    summary: Mapped[dict[str, Any]]
    search_text: Mapped[str] = mapped_column(Text)
    """Lower-case titles, summaries, tags and owner in all languages, Chinese as pinyin too."""
    title_pinyin: Mapped[str] = mapped_column(String(500), default="", server_default="")
    """The Chinese title as it sorts."""
    difficulty: Mapped[str | None] = mapped_column(String(32))
    """A `problems.spec.Difficulty`; empty where the author named none."""
    prize_yuan: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """All prizes together, before tax; 0 where there is none."""
    takes_predictions: Mapped[bool] = mapped_column(default=True)
    takes_code: Mapped[bool] = mapped_column(default=False)
    submissions_per_day: Mapped[int]
    team_size: Mapped[int]
    tie_rule: Mapped[TieRule] = mapped_column(default=TieRule.EARLIER)
    board_rules: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    """`BoardRules` as far as they differ from their defaults; read through `rules`."""
    least_revision: Mapped[int | None]
    """What was handed in for an older revision is scored by this one: the last re-score's."""
    b_revealed_at: Mapped[datetime | None]
    """When board B became visible to everybody; empty while it is hidden."""
    withdrawn_at: Mapped[datetime | None]
    """Set while the problem is not on the site: before it is published, or taken off again."""
    archived_at: Mapped[datetime | None]
    """Set once it is over for good: everybody reads it, nobody submits."""
    created_at: Mapped[datetime]

    contest: Mapped[Contest] = relationship()
    stages: Mapped[list["Stage"]] = relationship(order_by="Stage.key", back_populates="problem")

    @property
    def rules(self) -> BoardRules:
        """How its boards are made."""
        return BoardRules.model_validate(self.board_rules or {})

    def stage(self, board: Board) -> "Stage | None":
        """Return the stage of a board, or None where the problem has no such board."""
        return next((stage for stage in self.stages if stage.key is board), None)


class Revision(Base):
    """One published state of a problem's pack: immutable, submissions point to it."""

    __tablename__ = "revision"
    __table_args__ = (UniqueConstraint("problem_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"))
    number: Mapped[int]
    spec: Mapped[dict[str, Any]]
    """`problem.yaml` as validated (`problems.pack.ProblemSpec`, JSON mode)."""
    statements: Mapped[dict[str, Any]]
    """Markdown by language tag."""
    pack_blob: Mapped[str] = mapped_column(BlobDigest)
    """Zip of the pack without its data: statements, scorer, generator, baseline."""
    keys_blob: Mapped[str | None] = mapped_column(BlobDigest)
    """The keys an answer made for board A must hold; see `BoardData.keys_blob`."""
    cover_blob: Mapped[str | None] = mapped_column(BlobDigest)
    seed_commitment: Mapped[str | None] = mapped_column(String(64))
    """SHA-256 of seed and nonce, shown from the start; empty where the data was shipped."""
    sealed_seed: Mapped[str | None] = mapped_column(Text)
    """Seed and nonce, encrypted."""
    seed_is_public: Mapped[bool] = mapped_column(default=False)
    """The demo's fixed seed, or one revealed after the end."""
    is_staged: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Prepared for a re-score and not in force: nobody but staff knows of it."""
    created_at: Mapped[datetime]

    problem: Mapped[Problem] = relationship()
    files: Mapped[list["PublicFile"]] = relationship(order_by="PublicFile.path")
    boards: Mapped[list["BoardData"]] = relationship(order_by="BoardData.board")


class PublicFile(Base):
    """One file that teams download."""

    __tablename__ = "public_file"
    __table_args__ = (UniqueConstraint("revision_id", "path"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"))
    path: Mapped[str] = mapped_column(String(255))
    size: Mapped[ByteCount]
    digest: Mapped[str] = mapped_column(BlobDigest)
    preview: Mapped[dict[str, Any] | None]
    """What the data page shows of it (`previews.make_preview`); empty where there is none."""


class BoardData(Base):
    """What one board's runs and scorer see. `input` is the same for both boards of `rows`."""

    __tablename__ = "board_data"
    __table_args__ = (UniqueConstraint("revision_id", "board"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"))
    board: Mapped[Board]
    input_blob: Mapped[str | None] = mapped_column(BlobDigest)
    """Zip of the input folder; empty where code is not accepted and rows are split."""
    input_size: Mapped[ByteCount | None]
    truth_blob: Mapped[str] = mapped_column(BlobDigest)
    """Zip of the truth folder: only the scorer sees it."""
    keys_blob: Mapped[str | None] = mapped_column(BlobDigest)
    """The keys an answer made for this board must hold (with `rows`, those of both boards), for
    validation in the web process; empty for custom scorers."""


class Stage(Base):
    """When a board takes submissions. Open while `opens_at <= now < closes_at`."""

    __tablename__ = "stage"
    __table_args__ = (
        UniqueConstraint("problem_id", "key"),
        CheckConstraint(
            "opens_at IS NULL OR closes_at IS NULL OR opens_at < closes_at",
            name="opens_before_it_closes",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"))
    key: Mapped[Board]
    opens_at: Mapped[datetime | None]
    """Empty: not opened and no time set."""
    closes_at: Mapped[datetime | None]
    """Empty: open until closed by hand."""
    end_told: Mapped[datetime | None]
    """The end of which the teams have been told that it is near."""
    signed_off_at: Mapped[datetime | None]
    """Set while a judge's sign-off stands: nothing that moves a rank is done meanwhile."""

    problem: Mapped[Problem] = relationship(back_populates="stages")

    def state(self, now: datetime) -> StageState:
        """Return where the stage is at an instant."""
        if self.opens_at is None or now < self.opens_at:
            return StageState.UPCOMING
        if self.closes_at is not None and now >= self.closes_at:
            return StageState.CLOSED
        return StageState.OPEN


class RulesAcceptance(Base):
    """A person accepted the rules of one revision: asked before the first download."""

    __tablename__ = "rules_acceptance"
    __table_args__ = (UniqueConstraint("user_id", "problem_id", "revision_number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"))
    revision_number: Mapped[int]
    accepted_at: Mapped[datetime]


class PublicationState(StrEnum):
    """Where the publishing of an uploaded pack is."""

    QUEUED = "queued"
    CHECKING = "checking"
    PUBLISHED = "published"
    REFUSED = "refused"


class Publication(Base):
    """An organiser's uploaded pack on its way to becoming a revision; a worker checks it."""

    __tablename__ = "publication"
    __table_args__ = (Index(None, "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    pack_blob: Mapped[str] = mapped_column(BlobDigest)
    filename: Mapped[str] = mapped_column(String(255))
    state: Mapped[PublicationState] = mapped_column(default=PublicationState.QUEUED)
    lease_expires_at: Mapped[datetime | None]
    """Until then whoever was asked to act has time; afterwards the sweep asks again."""
    attempts: Mapped[int] = mapped_column(default=0)
    """Counts claims; a worker whose number has been passed may write nothing."""
    needs_no_pool: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Whether it is published even where no worker could run its submissions."""
    contest_slug: Mapped[str | None] = mapped_column(String(64))
    """The contest of a new problem; empty: the default one."""
    is_draft: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Whether a new problem stays off the site until an organiser publishes it there."""
    rescore_reason: Mapped[str | None] = mapped_column(Text)
    """Why it is to be staged for a re-score of `problem_slug`; empty: it is to be published."""
    steps: Mapped[list[Any]]
    """What has been done: `[{name, seconds, ok, messages: {locale: [text]}}]`."""
    problem_slug: Mapped[str | None] = mapped_column(String(64))
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
